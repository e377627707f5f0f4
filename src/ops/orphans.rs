//! Files in the store that no declared Secret is: what is left of clients that are gone, what is not encrypted, and notes.

use std::collections::{BTreeMap, HashSet};

use crate::diagnostic::{Class, Code, Diagnostic, Sink, SourceMap, Span};
use crate::fleet::{Fleet, is_ignored, is_note};
use crate::names::RelPath;
use crate::secret::StoreFile;

use super::Error;
use super::store::Wanted;
use super::store_files::{STORE, StoreFiles};

/// A file of the store that belongs to nothing.
pub const ORPHAN: Code = Code::new("LMS440", Class::Secret);
/// A file of the store that is not encrypted, and would be published with it.
const IN_THE_CLEAR: Code = Code::new("LMS443", Class::Secret);

/// Files of the store that no declared Secret of any instance is: encrypted ones a folder at a time, others each. Returns
/// what stands in the clear in the store: notes, and comments in such files.
pub fn orphans(
    files: StoreFiles<'_>,
    fleet: &Fleet,
    wanted: &[Wanted<'_>],
    sources: &mut SourceMap,
    sink: &mut Sink,
) -> Result<Vec<(RelPath, String)>, Error> {
    let mut texts = Vec::new();
    let stored = |one: &&Wanted<'_>| fleet.environments[one.place.environment].form.stored().is_some();
    let known: HashSet<&str> = wanted.iter().filter(stored).map(|one| one.path.as_str()).collect();
    let mut folders: BTreeMap<String, Vec<String>> = BTreeMap::new();
    for text in files.paths().into_iter().filter(|path| !known.contains(*path)) {
        let Ok(path) = RelPath::new(text) else { continue };
        if is_ignored(&path) {
            continue;
        }
        let Some(bytes) = files.read(&path)? else { continue };
        if is_note(&path) {
            texts.push((path, String::from_utf8_lossy(&bytes).into_owned()));
            continue;
        }
        let Ok(file) = StoreFile::parse(&bytes) else {
            // Its text may be a secret: the map gets none of it.
            let file = sources.add(text, "");
            let message = format!("`{path}` is no encrypted Secret, and everything in `{STORE}/` is published");
            let fault = Diagnostic::error(IN_THE_CLEAR, message).at(Span::file_start(file), "");
            sink.push(fault.help("move it out of the fleet; `.gitignore` does not keep it back"));
            continue;
        };
        texts.extend(file.clear_text().map(|clear| (path.clone(), clear)));
        let (folder, name) = text.rsplit_once('/').unwrap_or(("", text));
        folders.entry(folder.to_owned()).or_default().push(name.to_owned());
    }
    for (folder, names) in folders {
        let file = sources.add(format!("{folder}/{}", names[0]), "");
        let what = if names.len() == 1 { "file belongs" } else { "files belong" };
        let message =
            format!("{} {what} to no client, environment or declared Secret: {}", names.len(), names.join(", "));
        let all = if names.len() == 1 { format!("{folder}/{}", names[0]) } else { format!("-r {folder}") };
        let is_external = fleet
            .environments
            .iter()
            .any(|one| one.form.stored().is_none() && folder.split('/').nth(1) == Some(one.name.as_str()));
        let has_others = known.iter().any(|path| path.rsplit_once('/').is_some_and(|(of, _)| of == folder));
        let help = if is_external {
            format!(
                "their environment keeps its values elsewhere (`form = \"external\"`): put these there (`sops decrypt {folder}/{}`), \
                 then `git rm {all}`",
                names[0]
            )
        } else if has_others {
            format!(
                "other files there are in use; if these are gone for good: `git rm {}`",
                names.iter().map(|name| format!("{folder}/{name}")).collect::<Vec<_>>().join(" ")
            )
        } else {
            format!("when nobody needs the values any more, `git rm {all}`; data in databases is not touched by that")
        };
        sink.push(Diagnostic::warning(ORPHAN, message).at(Span::file_start(file), "").help(help));
    }
    Ok(texts)
}
