//! `lmsgen secrets keygen`.

use std::io::IsTerminal;
use std::path::{Path, PathBuf};

use clap::Args;
use rustix::fs::{CWD, Mode, OFlags, fchmod, fsync, openat};

use lmsgen::files::Root;
use lmsgen::git::Repository;
use lmsgen::sops::{NewKey, new_key};

use crate::cli::clock;
use crate::cli::environment::is_ci;
use crate::cli::exit::Exit;
use crate::cli::ui::Ui;

/// Make a new private key (an age identity) and write it to a file that only you can read.
///
/// Works outside of a fleet, too. The file is the one that `age-keygen` makes: `age` and `sops` read it.
#[derive(Debug, Args)]
pub struct Keygen {
    /// The new file; `-` for stdout, which must be no terminal
    #[arg(value_name = "FILE", required_unless_present = "output", conflicts_with = "output")]
    file: Option<PathBuf>,
    /// The same, as `age-keygen` has it
    #[arg(short, long, value_name = "FILE")]
    output: Option<PathBuf>,
}

pub fn run(command: Keygen, ui: &Ui) -> Result<Exit, Exit> {
    let path = command.file.or(command.output).unwrap_or_default();
    let to_stdout = path.as_os_str() == "-";
    if to_stdout && (std::io::stdout().is_terminal() || is_ci()) {
        return Err(guard(ui, "a private key is not written where it is shown or kept in a log", "name a file"));
    }
    if !to_stdout {
        refuse_in_fleet(&path, ui)?;
    }
    let NewKey { recipient, text } = new_key(&clock::now());
    if to_stdout {
        ui.print_bytes(text.as_bytes())?;
    } else {
        write(&path, text.as_bytes()).map_err(|error| {
            let help = if error == rustix::io::Errno::EXIST {
                "\n  = help: a private key is never written over another file; name a new one"
            } else {
                ""
            };
            let why = std::io::Error::from(error);
            ui.complain(&format!("error: cannot write {}: {why}{help}", path.display()));
            Exit::Io
        })?;
        ui.say(&format!("Wrote a private key to {}; keep a copy where only its owner gets it", path.display()));
    }
    let line = format!(
        "Public key: {recipient}\nAdd it to `recipients` under `[secrets]` of environments/ENV.toml: \"{recipient}\""
    );
    if to_stdout {
        ui.say(&line);
    } else {
        ui.print(&format!("{line}\n"))?;
    }
    Ok(Exit::Done)
}

/// Refuses a place in a fleet unless Git ignores it and `publish` does not commit it all the same.
fn refuse_in_fleet(path: &Path, ui: &Ui) -> Result<(), Exit> {
    let parent = path.parent().filter(|parent| !parent.as_os_str().is_empty()).unwrap_or(Path::new("."));
    // A folder that is not there is said when the file is written.
    let Ok(parent) = parent.canonicalize() else { return Ok(()) };
    let Ok(Some(root)) = Root::find(&parent, "lmsgen.toml") else { return Ok(()) };
    let path = parent.join(path.file_name().unwrap_or_default());
    let below = path.strip_prefix(root.path()).unwrap_or(&path);
    let first = below.components().next().map(|part| part.as_os_str().to_string_lossy().into_owned());
    let is_published = first.is_some_and(|first| Repository::SOURCES.contains(&&*first) || first == Repository::OUTPUT);
    let is_ignored = Repository::open(root.path()).is_ok_and(|repository| repository.ignores(&path));
    if is_ignored && !is_published {
        return Ok(());
    }
    let why = format!("{} is in the fleet's folder, and would be committed", path.display());
    Err(guard(ui, &why, "keep private keys elsewhere, for example in ~/.config/sops/age/keys.txt"))
}

fn guard(ui: &Ui, why: &str, help: &str) -> Exit {
    ui.complain(&format!("error: {why}\n  = help: {help}"));
    Exit::Guard
}

fn write(path: &Path, bytes: &[u8]) -> rustix::io::Result<()> {
    let flags = OFlags::WRONLY | OFlags::CREATE | OFlags::EXCL | OFlags::NOFOLLOW | OFlags::CLOEXEC;
    let mode = Mode::RUSR | Mode::WUSR;
    let file = openat(CWD, path, flags, mode)?;
    fchmod(&file, mode)?;
    let mut rest = bytes;
    while !rest.is_empty() {
        let n = rustix::io::write(&file, rest)?;
        rest = &rest[n..];
    }
    fsync(&file)
}
