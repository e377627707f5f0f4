//! Store files that were made from those of another place. The text of a file's place can be changed by anybody, and only
//! its MAC tells; but ciphertext that two files have in common was copied, which needs no private key to see.

use std::collections::HashMap;

use crate::diagnostic::{Diagnostic, SourceMap, Span};
use crate::names::RelPath;
use crate::secret::COPIED;

/// One fault for each of `files` that has ciphertext of another one. `files`: their paths, and the hashes of all that no two
/// of them may have in common.
pub fn copies<'f>(
    files: impl IntoIterator<Item = (&'f RelPath, &'f [u64])>,
    sources: &mut SourceMap,
) -> Vec<Diagnostic> {
    let mut owners: HashMap<u64, &RelPath> = HashMap::new();
    let mut found = Vec::new();
    for (path, marks) in files {
        let mut other = None;
        for mark in marks {
            let owner = *owners.entry(*mark).or_insert(path);
            if owner != path {
                other = Some(owner);
            }
        }
        if let Some(other) = other {
            let (here, there) = (sources.add(path.as_str(), ""), sources.add(other.as_str(), ""));
            let message = format!("this file and `{other}` have ciphertext in common: one was made from the other");
            let help = "a store file is not copied: restore what was written over with `git checkout -- FILE`; where there was no file before, remove the copy, run `lmsgen render`, and set the values";
            let fault = Diagnostic::error(COPIED, message).at(Span::file_start(here), "").help(help);
            found.push(fault.also(Span::file_start(there), ""));
        }
    }
    found
}
