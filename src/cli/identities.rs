//! Private age keys from where `sops` looks for them. No command is executed to get one.

use std::io::Read as _;
use std::path::{Path, PathBuf};

use clap::Args;

use lmsgen::sops::Identities;

use super::exit::Exit;
use super::ui::Ui;

/// A key file is a few hundred bytes; anything much larger is something else.
const MAX_KEY_FILE: u64 = 1 << 20;

/// Where private keys come from.
#[derive(Debug, Default, Args)]
pub struct Keys {
    /// Private key, where one is needed [default: where sops looks for it]
    #[arg(long, value_name = "FILE")]
    age_key_file: Option<PathBuf>,
}

impl Keys {
    /// Collects the identities.
    ///
    /// # Errors
    /// [`Exit::Secrets`] after a message.
    pub fn load(&self, ui: &Ui) -> Result<Identities, Exit> {
        load(self.age_key_file.as_deref(), ui)
    }
}

/// Collects identities from `--age-key-file`, `SOPS_AGE_KEY`, `SOPS_AGE_KEY_FILE` and sops' default file.
///
/// A source that does not exist is noted for later messages; one that is there but wrong ends the run.
///
/// # Errors
/// [`Exit::Secrets`] after a message.
#[expect(clippy::disallowed_methods, reason = "the command line reads the environment")]
fn load(named: Option<&Path>, ui: &Ui) -> Result<Identities, Exit> {
    let mut identities = Identities::new();
    if let Some(path) = named {
        add_file(&mut identities, "--age-key-file", path, Missing::IsFault, ui)?;
        return Ok(identities);
    }
    match std::env::var("SOPS_AGE_KEY") {
        // What a pipeline passes for a variable that it does not have.
        Ok(text) if text.is_empty() => identities.note("SOPS_AGE_KEY", "empty"),
        Ok(text) => {
            let text = zeroize::Zeroizing::new(text);
            add(&mut identities, "SOPS_AGE_KEY", &text, ui)?;
        }
        Err(_) => identities.note("SOPS_AGE_KEY", "not set"),
    }
    match std::env::var_os("SOPS_AGE_KEY_FILE") {
        Some(path) if path.is_empty() => identities.note("SOPS_AGE_KEY_FILE", "empty"),
        Some(path) => add_file(&mut identities, "SOPS_AGE_KEY_FILE", Path::new(&path), Missing::IsFault, ui)?,
        None => identities.note("SOPS_AGE_KEY_FILE", "not set"),
    }
    match default_file() {
        Some(path) => add_file(&mut identities, "", &path, Missing::IsFine, ui)?,
        None => identities.note("sops' default key file", "no home folder"),
    }
    if std::env::var_os("SOPS_AGE_KEY_CMD").is_some() {
        identities.note("SOPS_AGE_KEY_CMD", "not executed by lmsgen");
    }
    Ok(identities)
}

/// Where sops keeps keys on this system.
#[expect(clippy::disallowed_methods, reason = "the command line reads the environment")]
fn default_file() -> Option<PathBuf> {
    let folder = |name: &str| std::env::var_os(name).filter(|value| !value.is_empty()).map(PathBuf::from);
    let config = folder("XDG_CONFIG_HOME").or_else(|| {
        let home = folder("HOME")?;
        Some(home.join(if cfg!(target_os = "macos") { "Library/Application Support" } else { ".config" }))
    })?;
    Some(config.join("sops/age/keys.txt"))
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum Missing {
    IsFine,
    IsFault,
}

#[expect(clippy::disallowed_types, reason = "key files lie outside of the fleet")]
fn add_file(identities: &mut Identities, named_by: &str, path: &Path, missing: Missing, ui: &Ui) -> Result<(), Exit> {
    let source = &*format!("{named_by} {}", path.display());
    let source = source.trim_start();
    let refuse = |why: String| {
        ui.complain(&format!("error: {source}: {why}"));
        Exit::Secrets
    };
    let metadata = match path.metadata() {
        Ok(metadata) => metadata,
        Err(error) if missing == Missing::IsFine && error.kind() == std::io::ErrorKind::NotFound => {
            identities.note(source, "no such file");
            return Ok(());
        }
        Err(error) => return Err(refuse(format!("cannot be read: {error}"))),
    };
    // Opening a pipe would wait for ever.
    if !metadata.is_file() || metadata.len() > MAX_KEY_FILE {
        return Err(refuse("is no key file: it must be a regular file of at most 1 MiB".into()));
    }
    let mut text = zeroize::Zeroizing::new(String::new());
    std::fs::File::open(path)
        .and_then(|file| file.take(MAX_KEY_FILE).read_to_string(&mut text))
        .map_err(|error| refuse(format!("cannot be read: {error}")))?;
    add(identities, source, &text, ui)
}

fn add(identities: &mut Identities, source: &str, text: &str, ui: &Ui) -> Result<(), Exit> {
    identities.add(source, text).map_err(|error| {
        ui.complain(&format!("error: {source}: {error}"));
        Exit::Secrets
    })
}
