//! `lmsgen secrets import`.

use std::path::{Path, PathBuf};

use clap::Args;
use zeroize::Zeroizing;

use lmsgen::files::Root;
use lmsgen::ops::{self, SecretRef};
use lmsgen::report::counted;
use lmsgen::secret::{ManifestError, decrypt, is_sealed, plain_values, sealed_values};
use lmsgen::sops::{Identities, Plaintext};

use crate::cli::clock;
use crate::cli::exit::Exit;
use crate::cli::identities::Keys;
use crate::cli::outside::{MAX_VALUE, into_text, read_any};
use crate::cli::show::{failed, outcome};
use crate::cli::ui::Ui;

/// A list of Secrets may hold many.
const MAX_MANIFEST: usize = 16 << 20;

/// Take over values that are in use already, from files or from a Kubernetes Secret.
///
/// A Secret that has no file yet gets its other generated values at the same time and needs no private key; an existing
/// file is changed in one write and needs one. Digests (`sha256-of`) are made; one that is given must match.
#[derive(Debug, Args)]
pub struct Import {
    /// The instance, or the environment for a Secret of its own: `lms-dev/C42`, `lms-dev`
    place: String,
    /// The Secret's name in the stack
    secret: String,
    /// A key's value from a file, every byte of it; may be repeated
    #[arg(long, value_name = "KEY=PATH", value_parser = pair, required_unless_present = "from_manifest")]
    from_file: Vec<(String, String)>,
    /// The values of a Secret in YAML or JSON, as `kubectl get secret -o yaml` prints it, or encrypted by `sops`
    #[arg(long, value_name = "FILE", conflicts_with = "from_file")]
    from_manifest: Option<PathBuf>,
    /// Which Secret, if the manifest holds several
    #[arg(long, requires = "from_manifest")]
    name: Option<String>,
    /// A key that the stack calls differently; may be repeated
    #[arg(long, value_name = "OLD=NEW", value_parser = pair)]
    map: Vec<(String, String)>,
    /// A key to leave out; may be repeated
    #[arg(long, value_name = "KEY")]
    ignore: Vec<String>,
    #[command(flatten)]
    keys: Keys,
}

fn pair(text: &str) -> Result<(String, String), String> {
    match text.split_once('=') {
        Some((left, right)) if !left.is_empty() && !right.is_empty() => Ok((left.to_owned(), right.to_owned())),
        // Not repeated: somebody may have put a value here.
        _ => Err("two names with `=` between them are needed".to_owned()),
    }
}

pub fn run(command: Import, root: &Root, ui: &Ui) -> Result<Exit, Exit> {
    let identities = command.keys.load(root, ui)?;
    let values = match &command.from_manifest {
        Some(path) => from_manifest(path, command.name.as_deref(), &identities, ui)?,
        None => from_files(&command.from_file, ui)?,
    };
    let import = ops::Import { values, renamed: command.map, ignored: command.ignore };
    let which = SecretRef { place: command.place, name: command.secret };
    let done = ops::import_secret(root, &which, import, (&identities, &clock::now()));
    let done = outcome(ui, done.map_err(|error| failed(ui, &error))?)?;
    let SecretRef { place, name } = &which;
    if done.changed {
        let along = match done.n_generated {
            0 => String::new(),
            n => format!("; generated {} along with it", counted(n, "value")),
        };
        ui.say(&format!("Imported {place} {name} into {}, revision {}{along}", done.path, done.revision));
    } else {
        ui.say(&format!("{place} {name} has these values already; nothing was written"));
    }
    let mut plain: Vec<String> = command.from_file.into_iter().map(|(_, path)| path).collect();
    plain.extend(command.from_manifest.map(|path| path.display().to_string()));
    ui.say(&format!("Now remove what holds the values in the clear: {}", plain.join(", ")));
    Ok(Exit::Done)
}

fn from_files(files: &[(String, String)], ui: &Ui) -> Result<Vec<(String, Plaintext)>, Exit> {
    let mut values = Vec::new();
    for (key, path) in files {
        values.push((key.clone(), Plaintext::from(read(Path::new(path), MAX_VALUE, ui)?)));
    }
    Ok(values)
}

fn from_manifest(
    path: &Path,
    name: Option<&str>,
    identities: &Identities,
    ui: &Ui,
) -> Result<Vec<(String, Plaintext)>, Exit> {
    let refuse = |why: &dyn std::fmt::Display, exit| {
        ui.complain(&format!("error: {}: {why}", path.display()));
        exit
    };
    let text = into_text(read(path, MAX_MANIFEST, ui)?).map_err(|_| refuse(&"is no text", Exit::Input))?;
    if is_sealed(&text) {
        // A file of the store, else any that `sops` wrote.
        return decrypt(text.as_bytes(), identities).or_else(|store_error| {
            sealed_values(&text, name, identities).map_err(|error| match error {
                ManifestError::NoSecret(None) => refuse(&store_error, Exit::Secrets),
                error => refuse(&error, Exit::Secrets),
            })
        });
    }
    plain_values(&text, name).map_err(|error| refuse(&error, Exit::Input))
}

fn read(path: &Path, limit: usize, ui: &Ui) -> Result<Zeroizing<Vec<u8>>, Exit> {
    read_any(path, limit).map_err(|error| {
        ui.complain(&format!("error: {}: {error}", path.display()));
        Exit::Io
    })
}
