//! The record of ownership: a folder's `kustomization.yaml`, which lists the files lmsgen wrote there.
//!
//! Written for Kustomize, read back strictly: a record that is not exactly as lmsgen writes it gives no right to delete.

use super::Folder;
use crate::names::RelPath;
use std::sync::Arc;

/// The name of the record in each folder.
pub const RECORD: &str = "kustomization.yaml";

/// Its first line. A `kustomization.yaml` without it is somebody else's.
const MARKER: &str = "# Written by lmsgen; lists the files it owns. Do not edit.";
/// How every marker starts, also those of versions to come.
const ANY_MARKER: &str = "# Written by lmsgen";
const HEAD: [&str; 2] = ["apiVersion: kustomize.config.k8s.io/v1beta1", "kind: Kustomization"];

/// Why a folder cannot be made of some files.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum FolderError {
    /// Not letters, digits, `.`, `_` and `-`, starting with a letter or digit, 255 characters at most.
    #[error("`{0}` cannot be the name of an output file")]
    Name(String),
    /// A name that is there already; names must differ by more than case.
    #[error("two output files are called `{0}`")]
    Twice(String),
}

impl Folder {
    /// A folder of `files` (name and bytes, in any order) and the `kustomization.yaml` that lists them.
    ///
    /// # Errors
    /// The first name that cannot be one, or that two files share.
    pub fn new(path: RelPath, files: Vec<(String, Arc<[u8]>)>) -> Result<Self, FolderError> {
        Self::with_folders(path, files, &[])
    }

    /// As [`Folder::new`], with folders of other owners that Kustomize takes in: `../../../C42/app`. They are listed first and
    /// are not owned.
    ///
    /// # Errors
    /// As [`Folder::new`]; a folder that is not so written is refused like a name.
    pub fn with_folders(
        path: RelPath,
        mut files: Vec<(String, Arc<[u8]>)>,
        folders: &[String],
    ) -> Result<Self, FolderError> {
        if let Some(folder) = folders.iter().find(|folder| !is_folder_of_others(folder)) {
            return Err(FolderError::Name(folder.escape_debug().to_string()));
        }
        if let Some((name, _)) = files.iter().find(|(name, _)| !is_file_name(name)) {
            return Err(FolderError::Name(name.escape_debug().to_string()));
        }
        let mut folded: Vec<_> = files.iter().map(|(name, _)| (name.to_ascii_lowercase(), name)).collect();
        folded.sort_unstable();
        if let Some(pair) = folded.windows(2).find(|pair| pair[0].0 == pair[1].0) {
            return Err(FolderError::Twice(pair[1].1.clone()));
        }
        files.sort_by(|a, b| a.0.cmp(&b.0));
        let listed = folders.iter().map(String::as_str).chain(files.iter().map(|(name, _)| name.as_str()));
        let record = kustomization(listed);
        let at = files.partition_point(|(name, _)| name.as_str() < RECORD);
        files.insert(at, (RECORD.to_owned(), record.into()));
        Ok(Self { path, files })
    }
}

/// The `kustomization.yaml` of a folder that holds `names`, in that order.
pub fn kustomization<'a>(names: impl Iterator<Item = &'a str>) -> Vec<u8> {
    let mut text = format!("{MARKER}\n{}\n{}\n", HEAD[0], HEAD[1]);
    let mut names = names.peekable();
    text.push_str(if names.peek().is_some() { "resources:\n" } else { "resources: []\n" });
    for name in names {
        text.push_str("  - ");
        text.push_str(name);
        text.push('\n');
    }
    text.into_bytes()
}

/// The names that a folder's `kustomization.yaml` lists, if lmsgen wrote it; else `None`.
pub fn recorded_names(bytes: &[u8]) -> Option<Vec<String>> {
    match Record::parse(bytes) {
        Record::Owned(names) => Some(names),
        Record::Foreign | Record::Broken(_) => None,
    }
}

/// What a `kustomization.yaml` on disk says.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Record {
    /// Ours: the names it lists.
    Owned(Vec<String>),
    /// Somebody else's.
    Foreign,
    /// Ours by its first line, but not as this version writes it: the line (from 1) that is not.
    Broken(usize),
}

impl Record {
    pub(super) fn parse(bytes: &[u8]) -> Self {
        if !bytes.starts_with(ANY_MARKER.as_bytes()) {
            return Self::Foreign;
        }
        let Ok(text) = std::str::from_utf8(bytes) else { return Self::Broken(1) };
        // `lines` takes CRLF too: Git may have converted the file, and it means the same.
        let mut lines = text.lines().zip(1..);
        for wanted in [MARKER, HEAD[0], HEAD[1]] {
            match lines.next() {
                Some((line, _)) if line == wanted => {}
                Some((_, n)) => return Self::Broken(n),
                None => return Self::Broken(text.lines().count()),
            }
        }
        match lines.next() {
            Some(("resources: []", n)) => match lines.next() {
                None => Self::Owned(Vec::new()),
                Some(_) => Self::Broken(n + 1),
            },
            Some(("resources:", _)) => {
                let mut names = Vec::new();
                for (line, n) in lines {
                    match line.strip_prefix("  - ") {
                        Some(name) if is_file_name(name) && name != RECORD => names.push(name.to_owned()),
                        Some(folder) if is_folder_of_others(folder) => {}
                        _ => return Self::Broken(n),
                    }
                }
                Self::Owned(names)
            }
            Some((_, n)) => Self::Broken(n),
            None => Self::Broken(4),
        }
    }
}

/// Plain scalars of YAML 1.1 and 1.2 with the endings in use, that no file system and no shell reads otherwise.
fn is_file_name(name: &str) -> bool {
    name.len() <= 255
        && name.starts_with(|c: char| c.is_ascii_alphanumeric())
        && name.bytes().all(|b| b.is_ascii_alphanumeric() || matches!(b, b'.' | b'_' | b'-'))
}

/// A folder of an instance's phase as a folder of `delivery/` names it: it gives no right to delete.
fn is_folder_of_others(text: &str) -> bool {
    let parts: Option<Vec<&str>> = text.strip_prefix("../../../").map(|rest| rest.split('/').collect());
    parts.is_some_and(|parts| parts.len() == 2 && parts.iter().all(|part| is_file_name(part)))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn names(names: &[&str]) -> Vec<String> {
        names.iter().map(|&name| name.to_owned()).collect()
    }

    #[test]
    fn what_is_written_is_read_back() {
        for list in [&[][..], &["a.yaml"], &["configmap-x.yaml", "job-y.1.yaml"]] {
            let bytes = kustomization(list.iter().copied());
            assert_eq!(Record::parse(&bytes), Record::Owned(names(list)));
            let crlf = String::from_utf8(bytes).unwrap().replace('\n', "\r\n");
            assert_eq!(Record::parse(crlf.as_bytes()), Record::Owned(names(list)));
        }
    }

    #[test]
    fn a_record_that_is_not_as_written_gives_no_rights() {
        let good = String::from_utf8(kustomization(["a.yaml"].into_iter())).unwrap();
        let with = |name: &str| good.replace("a.yaml", name);
        for (text, line) in [
            (with("../../x"), 5),
            (with("../../../x"), 5),
            (with("../../../x/../y"), 5),
            (with("../../../../x/y"), 5),
            (with("a/b.yaml"), 5),
            (with(".."), 5),
            (with("\"a.yaml\""), 5),
            (with("https://example/x.yaml"), 5),
            (with("kustomization.yaml"), 5),
            (with(""), 5),
            (with("a.yaml # b"), 5),
            (with("a\0b.yaml"), 5),
            (good.replace("v1beta1", "v1"), 2),
            (good.replace("resources", "components"), 4),
            (good.replace("resources:", "resources: []"), 5),
            (good.clone() + "namePrefix: x\n", 6),
            (good.clone() + "\n", 6),
            (good.replace("Do not edit.", "Version 2."), 1),
            (format!("{MARKER}\n"), 1),
            (good.lines().take(3).collect::<Vec<_>>().join("\n"), 4),
            (good.replace("kind", "<<<<<<< HEAD\nkind"), 3),
        ] {
            assert_eq!(Record::parse(text.as_bytes()), Record::Broken(line), "{text}");
        }
        let mut not_text = good.into_bytes();
        not_text.push(0xff);
        assert_eq!(Record::parse(&not_text), Record::Broken(1));
    }

    #[test]
    fn folders_of_others_are_listed_and_not_owned() {
        let path = RelPath::new("rendered/lms-dev/delivery/flux/lms-app").unwrap();
        let listed = vec!["../../../C1/app".to_owned(), "../../../C42/app".to_owned()];
        let folder = Folder::with_folders(path.clone(), Vec::new(), &listed).unwrap();
        assert!(folder.files[0].1.ends_with(b"  - ../../../C1/app\n  - ../../../C42/app\n"));
        assert_eq!(Record::parse(&folder.files[0].1), Record::Owned(Vec::new()));
        assert!(Folder::with_folders(path, Vec::new(), &["../C1".into()]).is_err());
    }

    #[test]
    fn a_kustomization_without_the_marker_is_somebody_elses() {
        for text in ["", "resources: []\n", "\n# Written by lmsgen; lists the files it owns. Do not edit.\n"] {
            assert_eq!(Record::parse(text.as_bytes()), Record::Foreign);
        }
    }

    #[test]
    fn a_folder_lists_its_files() {
        let path = RelPath::new("rendered/lms-dev/C7/app").unwrap();
        let folder =
            Folder::new(path.clone(), vec![("z.yaml".into(), [1].into()), ("a.yaml".into(), [2].into())]).unwrap();
        let found: Vec<_> = folder.files.iter().map(|(name, _)| name.as_str()).collect();
        assert_eq!(found, ["a.yaml", RECORD, "z.yaml"]);
        assert_eq!(*folder.files[1].1, *kustomization(["a.yaml", "z.yaml"].into_iter()));

        let refused = |names: &[&str]| {
            let files = names.iter().map(|&name| (name.to_owned(), Arc::default())).collect();
            Folder::new(path.clone(), files).unwrap_err()
        };
        assert_eq!(refused(&["a/b"]), FolderError::Name("a/b".into()));
        assert_eq!(refused(&[".a"]), FolderError::Name(".a".into()));
        assert_eq!(refused(&["a\n"]), FolderError::Name("a\\n".into()));
        assert_eq!(refused(&["a.yaml", "A.yaml"]), FolderError::Twice("a.yaml".into()));
    }
}
