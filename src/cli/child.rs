//! Programs that the command line starts: the editor, and the one that prints a private key. (Git is started by the library.)

#![expect(clippy::disallowed_types, reason = "the editor and the key command are the command line's to start")]

use std::process::{Command, Stdio};

use zeroize::Zeroizing;

use lmsgen::sops::MAX_KEY_FILE;

use super::outside::{into_text, read_all};

/// Variables that hold private keys, or make them: no child gets them.
const REMOVED: [&str; 2] = ["SOPS_AGE_KEY", "SOPS_AGE_KEY_CMD"];

/// A command line split as a shell does, without running one; `None` if a quote is not closed or nothing is in it.
pub fn split(line: &str) -> Option<Vec<String>> {
    shlex::split(line).filter(|words| words.first().is_some_and(|word| !word.is_empty()))
}

/// A program to be started with its arguments, without private keys and the variables `withheld` in its environment.
pub fn command(words: &[String], withheld: &[String]) -> Option<Command> {
    let (program, args) = words.split_first()?;
    let mut command = Command::new(program);
    command.args(args);
    for name in REMOVED.into_iter().chain(withheld.iter().map(String::as_str)) {
        command.env_remove(name);
    }
    Some(command)
}

/// What a key command prints; it is told which recipient a key is wanted for, as `sops` does, and gets no variable that is
/// `withheld`.
///
/// # Errors
/// What to say of it; never what it printed.
pub fn key_from(words: &[String], withheld: &[String], recipient: &str) -> Result<Zeroizing<String>, String> {
    let mut command = command(words, withheld).ok_or("is empty")?;
    command.env("SOPS_AGE_RECIPIENT", recipient).stdin(Stdio::null()).stdout(Stdio::piped());
    let mut child = command.spawn().map_err(|error| format!("cannot be started: {error}"))?;
    let printed = child.stdout.take().map(|out| read_all(out, MAX_KEY_FILE));
    if !matches!(printed, Some(Ok(_))) {
        // It may go on printing for ever.
        let _ = child.kill();
    }
    let status = child.wait().map_err(|error| format!("cannot be waited for: {error}"))?;
    let printed = printed.ok_or("printed nothing")?.map_err(|error| format!("what it prints {error}"))?;
    if !status.success() {
        return Err(match status.code() {
            Some(code) => format!("failed with exit code {code}"),
            None => "was stopped by a signal".to_owned(),
        });
    }
    into_text(printed).map_err(|_| "prints no text".to_owned())
}
