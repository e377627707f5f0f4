//! Encrypting, decrypting and verifying store files, ours and those of the real `sops`.
//!
//! Nothing is written on either side: `sops` prints to nobody, ours stays in memory. What is encrypted is in memory, what is
//! decrypted is read from the disk, as by `sops`. Values are worthless: they were made for this run.

#![expect(clippy::disallowed_methods, reason = "a benchmark works on its own files")]

use std::path::{Path, PathBuf};
use std::process::Stdio;
use std::sync::Arc;

use lmsgen::secret::{SecretSpec, StoredSecret, decrypt, encrypt};
use lmsgen::sops::{Identities, parse_recipient};
use rayon::prelude::*;

use super::measure::{command, run};
use super::{IDENTITY, LMSGEN, Result, count, has_command, timed};

/// What is measured, in this order.
pub const NAMES: [&str; 3] = ["encrypt", "decrypt", "verify"];
const NOW: &str = "2026-11-20T00:00:00Z";

/// The program to compare with; `None` if there is none.
pub fn sops_program() -> Option<PathBuf> {
    let judges = Path::new(env!("CARGO_MANIFEST_DIR")).join("target/judges/bin/sops");
    let named = std::env::var_os("SOPS").map(PathBuf::from);
    let candidates = named.into_iter().chain([judges, PathBuf::from("sops")]);
    candidates.into_iter().find(|program| version(program).is_ok())
}

/// What `sops --version` prints.
pub fn version(sops: &Path) -> Result<String> {
    let mut command = command(sops, Path::new("/"), &["--version", "--disable-version-check"]);
    let output = command.stdout(Stdio::piped()).stderr(Stdio::null()).output()?;
    let text = String::from_utf8(output.stdout)?;
    Ok(text.lines().next().filter(|_| output.status.success()).ok_or("sops --version failed")?.to_owned())
}

/// The store of a fleet.
pub struct Store {
    folder: PathBuf,
    /// Its files.
    pub files: Vec<PathBuf>,
    /// Bytes in them.
    pub bytes: u64,
    identities: Identities,
    recipient: String,
}

impl Store {
    /// Of the fleet in `folder/fleet`.
    pub fn open(folder: &Path) -> Result<Self> {
        let mut identities = Identities::new();
        identities.add("the benchmark", &std::fs::read_to_string(IDENTITY)?)?;
        let recipient = identities.recipients().next().ok_or("no identity")?.to_owned();
        let mut files = Vec::new();
        collect(&folder.join("fleet/secrets"), &mut files)?;
        files.sort();
        let bytes = files.iter().map(|path| Ok(path.metadata()?.len())).sum::<Result<u64>>()?;
        // sops looks for rules in the folders above, and this repository has some that are not for these files.
        let rules = format!("creation_rules:\n  - encrypted_regex: ^(data|stringData)$\n    age: {recipient}\n");
        std::fs::write(folder.join(".sops.yaml"), rules)?;
        Ok(Self { folder: folder.to_owned(), files, bytes, identities, recipient })
    }

    /// Measures everything once: milliseconds for all files of ours and of theirs; `None` for a command we do not have.
    pub fn round(&self, sops: &Path, sample: usize) -> Result<[Option<(f64, f64)>; NAMES.len()]> {
        let step = self.files.len() / sample;
        let sample: Vec<&PathBuf> = self.files.iter().step_by(step).take(sample).collect();
        let all = |millis: f64| millis / count(sample.len()) * count(self.files.len());
        let plain = self.folder.join("plain");
        std::fs::create_dir_all(&plain)?;

        let ours = self.encrypt()?;
        let names = (0..sample.len()).map(|at| plain.join(format!("{at}.yaml"))).collect::<Vec<_>>();
        for (from, to) in sample.iter().zip(&names) {
            self.sops(sops, &["decrypt".as_ref(), "--output".as_ref(), to, from])?;
        }
        let theirs =
            timed(|| names.iter().try_for_each(|path| self.sops(sops, &[Path::new("encrypt"), path.as_path()])))?;
        let encrypted = (ours, all(theirs));

        let ours = timed(|| Ok(self.files.par_iter().try_for_each(|path| self.decrypt(path))?))?;
        let theirs =
            all(timed(|| sample.iter().try_for_each(|path| self.sops(sops, &[Path::new("decrypt"), path.as_path()])))?);
        let verified = if has_command("verify")? {
            let verify = ["-q", "secrets", "verify", "--age-key-file", IDENTITY];
            Some((run(command(LMSGEN, &self.folder.join("fleet"), &verify))?.millis, theirs))
        } else {
            None
        };
        Ok([Some(encrypted), Some((ours, theirs)), verified])
    }

    /// Milliseconds for all files, from their values.
    fn encrypt(&self) -> Result<f64> {
        let specs = self.files.par_iter().map(|path| self.spec(path).map_err(|error| error.to_string()));
        let specs = specs.collect::<std::result::Result<Vec<_>, _>>()?;
        let recipients = [parse_recipient(&self.recipient)?];
        let one = |spec: &SecretSpec| encrypt(spec, &recipients, NOW).map(drop).map_err(|error| error.to_string());
        timed(|| Ok(specs.par_iter().try_for_each(one)?))
    }

    fn decrypt(&self, path: &Path) -> std::result::Result<(), String> {
        let bytes = std::fs::read(path).map_err(|error| error.to_string())?;
        decrypt(&bytes, &self.identities).map(drop).map_err(|error| error.to_string())
    }

    /// What must be encrypted to make a file again.
    fn spec(&self, path: &Path) -> Result<SecretSpec> {
        let bytes: Arc<[u8]> = std::fs::read(path)?.into();
        let stored = StoredSecret::parse(&bytes).map_err(|_| format!("{} is no store file", path.display()))?;
        let values = decrypt(&bytes, &self.identities)?;
        let StoredSecret { form, place, public, object_name: name, namespace, labels, revision, .. } = stored;
        Ok(SecretSpec { form, place: place.unwrap_or_default(), name, namespace, public, labels, values, revision })
    }

    fn sops(&self, sops: &Path, arguments: &[&Path]) -> Result<()> {
        let mut command = command(sops, &self.folder, &[]);
        let status = command.args(arguments).env("SOPS_AGE_KEY_FILE", IDENTITY).status()?;
        if status.success() { Ok(()) } else { Err("sops failed".into()) }
    }
}

fn collect(folder: &Path, files: &mut Vec<PathBuf>) -> Result<()> {
    for entry in std::fs::read_dir(folder)? {
        let path = entry?.path();
        if path.is_dir() {
            collect(&path, files)?;
        } else {
            files.push(path);
        }
    }
    Ok(())
}
