//! `lmsgen secrets import`.

use std::path::{Path, PathBuf};

use clap::{ArgGroup, Args};
use zeroize::Zeroizing;

use lmsgen::files::Root;
use lmsgen::ops::{self, SecretRef};
use lmsgen::report::counted;
use lmsgen::secret::{ManifestError, StoreFile, decrypt, is_sealed, plain_values, sealed_values};
use lmsgen::sops::{Identities, Plaintext};

use crate::cli::clock;
use crate::cli::exit::Exit;
use crate::cli::identities::Keys;
use crate::cli::outside::{MAX_VALUE, into_text, read_any};
use crate::cli::show::{failed, outcome};
use crate::cli::typed_value::named_file;
use crate::cli::ui::Ui;

/// A list of Secrets may hold many.
const MAX_MANIFEST: usize = 16 << 20;

/// Take over values that are in use already, from files or from a Kubernetes Secret.
///
/// A Secret that has no file yet gets its other generated values at the same time and needs no private key; an existing
/// file is changed in one write and needs one. Digests (`sha256-of`) are made; one that is given must match.
#[derive(Debug, Args)]
// The line that clap writes is wider than a terminal may be.
#[command(
    override_usage = "lmsgen secrets import [OPTIONS] <PLACE> <SECRET> <--from-file KEY=PATH|--from-manifest FILE>"
)]
#[command(group = ArgGroup::new("source").required(true).args(["from_file", "from_manifest"]))]
pub struct Import {
    /// The instance, or the environment for a Secret of its own: `lms-dev/C42`, `lms-dev`
    place: String,
    /// The Secret's name in the stack
    secret: String,
    /// A key's value from a file, every byte of it; may be repeated
    #[arg(long, value_name = "KEY=PATH")]
    from_file: Vec<String>,
    /// The values of a Secret in YAML or JSON, as `kubectl get secret -o yaml` prints it, or encrypted by `sops`
    #[arg(long, value_name = "FILE")]
    from_manifest: Option<PathBuf>,
    /// Which Secret, if the manifest holds several
    #[arg(long, requires = "from_manifest")]
    name: Option<String>,
    /// A key that the stack calls differently; may be repeated
    #[arg(long, value_name = "OLD=NEW")]
    map: Vec<String>,
    /// A key to leave out; may be repeated
    #[arg(long, value_name = "KEY")]
    ignore: Vec<String>,
    #[command(flatten)]
    keys: Keys,
}

/// Both sides of every `=`. Not read by clap, which repeats what it refuses, and somebody may have put a value here.
fn pairs(texts: &[String], option: &str, ui: &Ui) -> Result<Vec<(String, String)>, Exit> {
    let pair = |text: &String| match text.split_once('=') {
        Some((left, right)) if !left.is_empty() && !right.is_empty() => Ok((left.to_owned(), right.to_owned())),
        _ => {
            ui.complain(&format!("error: `{option}` needs two names with `=` between them"));
            Err(Exit::Usage)
        }
    };
    texts.iter().map(pair).collect()
}

/// What is imported.
struct Source {
    values: Vec<(String, Plaintext)>,
    /// Files that hold the values in the clear.
    plain: Vec<String>,
    /// The place that a store file says.
    place: Option<String>,
}

pub fn run(command: Import, root: &Root, ui: &Ui) -> Result<Exit, Exit> {
    let files = pairs(&command.from_file, "--from-file", ui)?;
    let renamed = pairs(&command.map, "--map", ui)?;
    let identities = command.keys.load(root, ui)?;
    let source = match &command.from_manifest {
        Some(path) => from_manifest(path, command.name.as_deref(), &identities, ui)?,
        None => from_files(&files, ui)?,
    };
    let import = ops::Import { values: source.values, renamed, ignored: command.ignore };
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
    if let Some(other) = source.place.filter(|other| *other != which.place_of_file()) {
        ui.complain(&format!(
            "warning: these are the values of {}: two places share them now\n  = help: give {place} its own with `lmsgen \
             secrets rotate` or `lmsgen secrets set`",
            other.trim_matches('/')
        ));
    }
    if !source.plain.is_empty() {
        ui.say(&format!("Now remove what holds the values in the clear: {}", source.plain.join(", ")));
    }
    if done.changed {
        ui.say("Next: lmsgen render");
    }
    Ok(Exit::Done)
}

fn from_files(files: &[(String, String)], ui: &Ui) -> Result<Source, Exit> {
    let mut values = Vec::new();
    for (key, path) in files {
        let is_key = ops::could_be_key(key);
        let what =
            if is_key { format!("the file for key `{key}`") } else { "the file that `--from-file` names".to_owned() };
        values.push((key.clone(), Plaintext::from(read(Path::new(path), MAX_VALUE, &what, ui)?)));
    }
    Ok(Source { values, plain: files.iter().map(|(_, path)| path.clone()).collect(), place: None })
}

fn from_manifest(path: &Path, name: Option<&str>, identities: &Identities, ui: &Ui) -> Result<Source, Exit> {
    let refuse = |why: &dyn std::fmt::Display, exit| {
        ui.complain(&format!("error: {}: {why}", path.display()));
        exit
    };
    let bytes = read(path, MAX_MANIFEST, "the manifest", ui)?;
    let text = into_text(bytes).map_err(|_| refuse(&"is no text", Exit::Input))?;
    if !is_sealed(&text) {
        let values = plain_values(&text, name).map_err(|error| refuse(&error, Exit::Input))?;
        return Ok(Source { values, plain: vec![path.display().to_string()], place: None });
    }
    // A file of the store, else any that `sops` wrote.
    let stored = StoreFile::parse(text.as_bytes()).ok();
    if let (Some(file), Some(name)) = (&stored, name)
        && file.name() != name
    {
        return Err(refuse(&ManifestError::NoSecret(Some(name.to_owned())), Exit::Input));
    }
    let place = stored.and_then(|file| file.place().map(str::to_owned));
    let values = decrypt(text.as_bytes(), identities).or_else(|store_error| {
        sealed_values(&text, name, identities).map_err(|error| match error {
            ManifestError::NoSecret(None) => refuse(&store_error, Exit::Secrets),
            ManifestError::NoSecret(_) => refuse(&error, Exit::Input),
            error => refuse(&error, Exit::Secrets),
        })
    })?;
    Ok(Source { values, plain: Vec::new(), place })
}

fn read(path: &Path, limit: usize, what: &str, ui: &Ui) -> Result<Zeroizing<Vec<u8>>, Exit> {
    read_any(path, limit).map_err(|error| {
        ui.complain(&format!("error: {}: {error}", named_file(path, what)));
        Exit::Io
    })
}
