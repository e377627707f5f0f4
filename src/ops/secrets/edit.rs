//! `secrets edit`: the values of a Secret as a text, and what a person made of it.

use std::fmt::Write;

use zeroize::Zeroizing;

use crate::document::did_you_mean;
use crate::files::Root;
use crate::fleet::SecretSource;
use crate::ops::prepare::Checked;
use crate::ops::{Error, store_files};
use crate::secret::{Generator, TextFault, decrypt, editable, from_editable};
use crate::sops::{Identities, Plaintext};

use super::SecretRef;
use super::set::{SetOutcome, refuse_gone, value_faults, write};
use super::target::{Found, on_secret};

/// A Secret that is being edited.
pub struct Editing {
    which: SecretRef,
    /// The text to edit.
    pub text: Zeroizing<String>,
    /// What it says.
    shown: Vec<(String, Plaintext)>,
}

/// What came of an edited text.
#[derive(Debug)]
pub enum EditOutcome {
    /// It says what it said before.
    Unchanged,
    /// It cannot be taken as it is.
    Refused(Vec<TextFault>),
    /// Somebody else changed the same values meanwhile.
    Overtaken(Vec<TextFault>),
    /// It was written.
    Written(SetOutcome),
}

/// Opens a Secret for editing. One that has no file yet needs no private key.
///
/// # Errors
/// A Secret that the fleet does not declare, or a file that cannot be opened.
pub fn open_for_edit(root: &Root, which: &SecretRef, identities: &Identities) -> Result<Checked<Editing>, Error> {
    on_secret(root, which, |found| {
        if found.existing.is_none() {
            refuse_gone(root, &found.one.path)?;
        }
        let all = values(found, identities)?;
        let (mut shown, mut left_out) = (Vec::new(), Vec::new());
        for (key, value) in all {
            let is_shown = is_editable(found, &key) && std::str::from_utf8(value.expose()).is_ok();
            if is_shown { shown.push((key, value)) } else { left_out.push(key) }
        }
        let lines: Vec<(&str, &Plaintext)> = shown.iter().map(|(key, value)| (key.as_str(), value)).collect();
        let text = editable(&head(found, which, &shown, &left_out), &lines);
        Ok(Editing { which: which.clone(), text, shown })
    })
}

/// Writes what a person made of the text. A file that changed meanwhile keeps what this edit does not touch.
///
/// # Errors
/// A file that cannot be opened or written.
pub fn apply_edit(
    root: &Root,
    editing: &Editing,
    text: &str,
    (identities, now): (&Identities, &str),
) -> Result<Checked<EditOutcome>, Error> {
    let lock = store_files::lock(root)?;
    let done = on_secret(root, &editing.which, |found| {
        let edited = match from_editable(text) {
            Ok(edited) => edited,
            Err(faults) => return Ok(EditOutcome::Refused(faults)),
        };
        let faults = faults_of(found, editing, text, &edited);
        if !faults.is_empty() {
            return Ok(EditOutcome::Refused(faults));
        }
        let shown = |key: &str| editing.shown.iter().find(|(known, _)| known == key).map(|(_, value)| value);
        let changed: Vec<(String, Plaintext)> =
            edited.into_iter().filter(|(key, value)| shown(key) != Some(value)).collect();
        if changed.is_empty() {
            return Ok(EditOutcome::Unchanged);
        }
        let faults = value_faults(found.one.decl, &changed);
        if !faults.is_empty() {
            let faults = faults.into_iter().map(|message| TextFault { line: 0, message });
            return Ok(EditOutcome::Refused(faults.collect()));
        }
        let current = values(found, identities)?;
        let now_in_file = |key: &str| current.iter().find(|(known, _)| known == key).map(|(_, value)| value);
        let overtaken: Vec<TextFault> = changed
            .iter()
            .filter(|(key, _)| now_in_file(key) != shown(key))
            .map(|(key, _)| TextFault { line: line_of(text, key), message: overtaken(key) })
            .collect();
        if !overtaken.is_empty() {
            return Ok(EditOutcome::Overtaken(overtaken));
        }
        write(root, found, changed, (identities, now)).map(EditOutcome::Written)
    });
    drop(lock);
    done
}

fn values(found: &Found<'_>, identities: &Identities) -> Result<Vec<(String, Plaintext)>, Error> {
    let Some(bytes) = &found.existing else { return Ok(Vec::new()) };
    decrypt(bytes, identities).map_err(|source| found.secret_error(source))
}

/// Declared, and no digest of another key.
fn is_editable(found: &Found<'_>, key: &str) -> bool {
    let decl = found.one.decl.keys.iter().find(|one| one.key == key);
    decl.is_some_and(|one| !matches!(one.source, SecretSource::Generate(Generator::Sha256Of { .. })))
}

/// Keys that may not be there, are gone, or have no value.
fn faults_of(found: &Found<'_>, editing: &Editing, text: &str, edited: &[(String, Plaintext)]) -> Vec<TextFault> {
    let mut faults = Vec::new();
    let mut fault = |line: usize, message: String| faults.push(TextFault { line, message });
    for (key, value) in edited {
        let line = line_of(text, key);
        if !is_editable(found, key) {
            // Not repeated: it may be a line of a value that was pasted.
            let known = found.one.decl.keys.iter().map(|one| one.key.as_str()).filter(|key| is_editable(found, key));
            let nearest = did_you_mean(key, known).map_or_else(String::new, |text| format!("; {text}"));
            fault(line, format!("is no key that can be edited here{nearest}"));
        } else if value.is_empty() {
            fault(line, format!("the value of `{key}` is empty, and SOPS does not protect empty values"));
        }
    }
    for (key, _) in editing.shown.iter().filter(|(key, _)| !edited.iter().any(|(known, _)| known == key)) {
        fault(0, format!("`{key}` is gone; a key is not removed here, but with `sops unset {} ...`", found.one.path));
    }
    faults
}

/// The line that a key begins, from 1: lines of values are indented.
fn line_of(text: &str, key: &str) -> usize {
    let is_its = |line: &str| line.strip_prefix(key).is_some_and(|rest| rest.starts_with(':'));
    let text = text.strip_prefix('\u{feff}').unwrap_or(text);
    text.lines().position(is_its).map_or(0, |at| at + 1)
}

fn overtaken(key: &str) -> String {
    format!(
        "`{key}` was changed by somebody else meanwhile: look at its new value with `lmsgen secrets show`, then leave it as it \
         was here or begin again"
    )
}

/// Comments that say what the text is.
fn head(found: &Found<'_>, which: &SecretRef, shown: &[(String, Plaintext)], left_out: &[String]) -> String {
    let mut head = format!(
        "# The values of Secret `{}` of {}, for {}.\n\
         # This file is in memory, and gone when this is done. Every value is text; `|` begins a block of lines.\n\
         # Save and close to encrypt what changed; close without a change to leave all as it is.\n",
        which.name, which.place, found.one.path
    );
    let mut line = |text: std::fmt::Arguments<'_>| {
        writeln!(head, "# {text}").expect("writing to a String does not fail");
    };
    if !left_out.is_empty() {
        line(format_args!(
            "Left out, and kept: {} (digests, keys that are not declared, values that are no text).",
            left_out.join(", ")
        ));
    }
    for key in found.one.decl.keys.iter().filter(|one| is_editable(found, &one.key)) {
        if shown.iter().any(|(known, _)| *known == key.key) {
            continue;
        }
        match &key.source {
            SecretSource::Provided { description, .. } => {
                line(format_args!("Without a value ({}):", description.replace(char::is_control, " ")));
                line(format_args!("{}: \"\"", key.key));
            }
            SecretSource::Generate(_) if found.existing.is_none() => {
                line(format_args!("{} is generated unless it is given.", key.key));
            }
            SecretSource::Generate(_) => line(format_args!("{} has no value yet.", key.key)),
        }
    }
    head
}
