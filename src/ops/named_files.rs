//! Files and folders that somebody named on the command line, inside the fleet or not. Reads no file.

use std::path::{Path, PathBuf};

use rayon::prelude::*;

use crate::files::{self, Kind, Root};
use crate::names::RelPath;

use super::Error;

/// Deeper folders are left out: nobody writes them by hand.
const MAX_DEPTH: usize = 64;

/// Regular files at or below a path.
pub struct NamedFiles {
    /// The folder that was opened.
    pub root: Root,
    /// Its path as it was typed.
    pub folder: PathBuf,
    /// A folder was named.
    pub is_folder: bool,
    /// Files in it.
    pub list: Vec<RelPath>,
    /// What else is there that is no folder: links, special files, names that are no text; as it is shown.
    pub passed: Vec<String>,
    /// What to show before their paths.
    pub shown: String,
}

impl NamedFiles {
    /// Lists the file or folder at `path`; only the last step of it must not be a link.
    ///
    /// # Errors
    /// Nothing there, or something that is neither a regular file nor a folder.
    pub fn find(path: &Path) -> Result<Self, Error> {
        let usage = |why: &str| Error::Usage(format!("{}: {why}", path.display()));
        let (folder, name) = if path.is_dir() && !path.is_symlink() {
            (path, None)
        } else {
            let name = path.file_name().ok_or_else(|| usage("is no file or folder"))?;
            let parent = path.parent().filter(|parent| !parent.as_os_str().is_empty());
            (parent.unwrap_or(Path::new(".")), Some(name.to_str().ok_or_else(|| usage("has a name that is no text"))?))
        };
        let root = Root::open(folder)?;
        let is_folder = name.is_none();
        let (mut list, mut passed) = (Vec::new(), Vec::new());
        match name {
            Some(name) => {
                let name = RelPath::new(name).map_err(|error| usage(&error.to_string()))?;
                match root.kind(&name)? {
                    Some(Kind::File) => list.push(name),
                    Some(_) => return Err(usage("is no regular file or folder; links are not followed")),
                    None => return Err(usage("is not there")),
                }
            }
            None => (list, passed) = below(&root.top()?, 0)?,
        }
        let shown = if folder == Path::new(".") { String::new() } else { format!("{}/", folder.display()) };
        let shown = shown.trim_start_matches("./").replace("//", "/");
        Ok(Self { root, folder: folder.to_path_buf(), is_folder, list, passed, shown })
    }
}

/// Regular files below a folder, those of a folder before those of its folders; Git's own and lmsgen's are none of the
/// fleet's. Beside them, what else is there and is no folder, as it is shown. `depth`: how deep the folder lies.
pub(super) fn below(dir: &files::Dir<'_>, depth: usize) -> Result<(Vec<RelPath>, Vec<String>), Error> {
    let entries = dir.list()?;
    let is_passed = |entry: &&files::Entry| entry.name().is_none() || !matches!(entry.kind, Kind::File | Kind::Folder);
    let mut passed: Vec<String> = entries.iter().filter(is_passed).map(|entry| dir.path_of(&entry.shown())).collect();
    let named = |kind: Kind| entries.iter().filter(move |entry| entry.kind == kind).filter_map(files::Entry::name);
    let mut list: Vec<RelPath> = named(Kind::File).filter_map(|name| RelPath::new(&dir.path_of(name)).ok()).collect();
    let is_looked_into = |name: &&str| depth < MAX_DEPTH && !matches!(*name, ".git" | files::STATE);
    let folders: Vec<&str> = named(Kind::Folder).filter(is_looked_into).collect();
    let look = |name: &&str| match dir.sub(name)? {
        Some(folder) => below(&folder, depth + 1),
        None => Ok(Default::default()),
    };
    let deeper: Vec<(Vec<RelPath>, Vec<String>)> = folders.par_iter().map(look).collect::<Result<_, _>>()?;
    for (mut more, mut more_passed) in deeper {
        list.append(&mut more);
        passed.append(&mut more_passed);
    }
    Ok((list, passed))
}
