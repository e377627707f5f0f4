//! Private age keys from where `sops` looks for them. No program is executed to get one unless a flag allows it, and nobody
//! is asked for a passphrase before a private key is needed.

use std::path::{Path, PathBuf};

use clap::Args;
use zeroize::Zeroizing;

use lmsgen::files::Root;
use lmsgen::sops::{Asked, Identities, IdentityError, MAX_KEY_FILE, is_protected, open_protected};

use super::child;
use super::cluster::token_variables_at;
use super::editor;
use super::environment::{is_ci, variable};
use super::exit::Exit;
use super::outside::{ReadError, into_text, read_regular};
use super::terminal::{NoAnswer, Terminal};
use super::ui::Ui;

/// Where private keys come from.
#[derive(Debug, Default, Args)]
pub struct Keys {
    /// Private key, where one is needed; may be repeated [default: where sops looks for it]
    ///
    /// Without this: `SOPS_AGE_KEY` (the key itself), then `SOPS_AGE_KEY_FILE`, then `sops/age/keys.txt` in `$XDG_CONFIG_HOME` or
    /// ~/.config; the first key that opens a file is taken. With it, none of those. The passphrase of a protected key file
    /// is asked for on the terminal, when no other key opens the file.
    #[arg(long, value_name = "FILE")]
    age_key_file: Vec<PathBuf>,
    /// Allow `SOPS_AGE_KEY_CMD` to be executed when no other key opens a file
    #[arg(long)]
    age_key_cmd: bool,
}

impl Keys {
    /// Collects the identities: from `--age-key-file`, else from `SOPS_AGE_KEY`, `SOPS_AGE_KEY_FILE` and sops' default file.
    ///
    /// Most commands need a key for some files only, or for none. So a source that gives no key is noted, and told where no
    /// key opens a file; but a file that was named and cannot be read ends the run.
    ///
    /// # Errors
    /// [`Exit::Secrets`] after a message.
    pub fn load(&self, root: &Root, ui: &Ui) -> Result<Identities, Exit> {
        let mut identities = Identities::new();
        for path in &self.age_key_file {
            let source = format!("--age-key-file {}", path.display());
            add_file(&mut identities, &source, path, ui).map_err(|error| match error {
                ReadError::Missing => refuse(ui, &source, "cannot be read: no such file"),
                error => refuse(ui, &source, &why(&error)),
            })?;
        }
        if self.age_key_file.is_empty() {
            add_environment(&mut identities, ui);
        }
        self.add_command(&mut identities, root, ui)?;
        Ok(identities)
    }

    fn add_command(&self, identities: &mut Identities, root: &Root, ui: &Ui) -> Result<(), Exit> {
        const NAME: &str = "SOPS_AGE_KEY_CMD";
        let Some(line) = variable(NAME) else {
            if self.age_key_cmd {
                identities.note(NAME, "not set");
            }
            return Ok(());
        };
        if !self.age_key_cmd {
            identities.note(NAME, "not executed without `--age-key-cmd`");
            ui.detail("warning: SOPS_AGE_KEY_CMD is set and not executed; `--age-key-cmd` allows it");
            return Ok(());
        }
        let Some(words) = line.to_str().and_then(child::split) else {
            return Err(refuse(ui, NAME, "is no command line: a quote is not closed, or it is no text"));
        };
        let withheld = token_variables_at(root);
        identities
            .add_late(NAME, Asked::ForEachRecipient, move |recipient| child::key_from(&words, &withheld, recipient));
        Ok(())
    }
}

fn add_environment(identities: &mut Identities, ui: &Ui) {
    const KEY: &str = "SOPS_AGE_KEY";
    const FILE: &str = "SOPS_AGE_KEY_FILE";
    // What a pipeline passes for a variable that it does not have is empty.
    let absent = |name| if super::environment::is_set(name) { "empty" } else { "not set" };
    match variable(KEY) {
        Some(text) => match text.into_string().map(Zeroizing::new) {
            Ok(text) => add(identities, KEY, &text, ui),
            Err(_) => leave_out(identities, KEY, "is no text, so no age key", ui),
        },
        None => identities.note(KEY, absent(KEY)),
    }
    match variable(FILE) {
        Some(path) => {
            let path = Path::new(&path);
            add_file_if_any(identities, &format!("{FILE} {}", path.display()), path, ui);
        }
        None => identities.note(FILE, absent(FILE)),
    }
    match default_file() {
        Some(path) => add_file_if_any(identities, &path.display().to_string(), &path, ui),
        None => identities.note("sops' default key file", "no home folder"),
    }
}

/// Where sops keeps keys on this system.
fn default_file() -> Option<PathBuf> {
    let folder = |name: &str| variable(name).map(PathBuf::from);
    let config = folder("XDG_CONFIG_HOME").or_else(|| {
        let home = folder("HOME")?;
        Some(home.join(if cfg!(target_os = "macos") { "Library/Application Support" } else { ".config" }))
    })?;
    Some(config.join("sops/age/keys.txt"))
}

/// A file where sops looks, which need not be there.
fn add_file_if_any(identities: &mut Identities, source: &str, path: &Path, ui: &Ui) {
    match add_file(identities, source, path, ui) {
        Ok(()) => {}
        Err(error @ ReadError::Missing) => identities.note(source, &why(&error)),
        Err(error) => leave_out(identities, source, &why(&error), ui),
    }
}

/// Why a key file is not read.
fn why(error: &ReadError) -> String {
    match error {
        ReadError::Special | ReadError::TooLarge(_) => {
            "is no key file: it must be a regular file of at most 1 MiB".to_owned()
        }
        error => error.to_string(),
    }
}

/// Adds what is in a key file.
///
/// # Errors
/// It cannot be read.
fn add_file(identities: &mut Identities, source: &str, path: &Path, ui: &Ui) -> Result<(), ReadError> {
    let bytes = read_regular(path, MAX_KEY_FILE)?;
    if is_protected(&bytes) {
        let path = path.to_owned();
        identities.add_late(source, Asked::Once, move |_| unlock(&path, &bytes));
        return Ok(());
    }
    match into_text(bytes) {
        Ok(text) => add(identities, source, &text, ui),
        Err(_) => leave_out(identities, source, "is no text, so no age key file", ui),
    }
    Ok(())
}

/// How often a passphrase is asked for: a slip of the hand is no reason to begin again.
const TRIES: usize = 3;

/// Asks for the passphrase of a key file.
fn unlock(path: &Path, bytes: &[u8]) -> Result<Zeroizing<String>, String> {
    let terminal = if is_ci() { None } else { Terminal::open() };
    let Some(terminal) = terminal else {
        return Err("protected by a passphrase, and there is no terminal to ask for it; pass the key itself in \
                    SOPS_AGE_KEY, from where the pipeline keeps its secrets"
            .to_owned());
    };
    let mut prompt = format!("Passphrase of {}: ", path.display());
    for tries_left in (0..TRIES).rev() {
        let passphrase = terminal.ask_hidden(&prompt).map_err(|error| {
            // It is not for this key alone: the run ends, and does not go on to say that no key opens the file.
            if let NoAnswer::Interrupted(number) = error {
                editor::raise(number);
            }
            format!("no passphrase: {error}")
        })?;
        match open_protected(bytes, &passphrase) {
            Err(IdentityError::WrongPassphrase) if tries_left > 0 => {
                prompt = format!("That does not open it. Passphrase of {}: ", path.display());
            }
            done => return done.map_err(|error| error.to_string()),
        }
    }
    Err(IdentityError::WrongPassphrase.to_string())
}

/// Adds the keys of a text; what is none is noted.
fn add(identities: &mut Identities, source: &str, text: &str, ui: &Ui) {
    if let Err(error) = identities.add(source, text) {
        ui.detail(&format!("warning: {source}: {error}"));
    }
}

/// Notes a source that gives no key.
fn leave_out(identities: &mut Identities, source: &str, why: &str, ui: &Ui) {
    identities.note(source, why);
    ui.detail(&format!("warning: {source}: {why}"));
}

fn refuse(ui: &Ui, source: &str, why: &str) -> Exit {
    ui.complain(&format!("error: {source}: {why}"));
    Exit::Secrets
}
