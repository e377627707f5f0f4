//! A root in a temporary folder, trees to put there, and what the disk holds.

use lmsgen::diagnostic::{Diagnostic, Sink};
use lmsgen::files::{Error, Hook, Root};
use lmsgen::names::RelPath;
use lmsgen::tree::{Counts, Folder, Scope, Tree, apply, plan};
use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::sync::Arc;

pub struct Disk {
    dir: tempfile::TempDir,
    hook: Option<Hook>,
}

/// Path below the root -> content; folders end with `/`, links and others say what they are.
pub type Snapshot = BTreeMap<String, String>;

pub fn rel(path: &str) -> RelPath {
    RelPath::new(path).unwrap()
}

/// A tree of `rendered/<folder>` with files of the given name and content.
pub fn tree<S: AsRef<str>>(files: &[(S, S)]) -> Tree {
    let mut folders: BTreeMap<String, Vec<_>> = BTreeMap::new();
    for (path, content) in files {
        let (folder, name) = path.as_ref().rsplit_once('/').unwrap();
        folders.entry(folder.into()).or_default().push((name.into(), Arc::from(content.as_ref().as_bytes())));
    }
    let folder = |(path, files): (String, _)| Folder::new(rel(&format!("rendered/{path}")), files).unwrap();
    Tree::new(folders.into_iter().map(folder).collect())
}

/// What the disk holds once `tree` is there, `rendered` and nothing else.
pub fn snapshot_of(tree: &Tree) -> Snapshot {
    let mut all = Snapshot::new();
    for folder in tree.folders() {
        let parents = std::iter::successors(Some(folder.path.clone()), RelPath::parent);
        all.extend(parents.map(|path| (format!("{path}/"), String::new())));
        for (name, bytes) in &folder.files {
            all.insert(format!("{}/{name}", folder.path), String::from_utf8_lossy(bytes).into());
        }
    }
    all
}

impl Disk {
    pub fn new() -> Self {
        Self { dir: tempfile::tempdir().unwrap(), hook: None }
    }

    /// In memory where there is such a place: tests that run hundreds of times need not wait for a disk.
    pub fn quick() -> Self {
        let dir = tempfile::tempdir_in("/dev/shm").or_else(|_| tempfile::tempdir());
        Self { dir: dir.unwrap(), hook: None }
    }

    pub fn with_hook(self, hook: Hook) -> Self {
        Self { hook: Some(hook), ..self }
    }

    pub fn without_hook(self) -> Self {
        Self { hook: None, ..self }
    }

    pub fn path(&self, path: &str) -> PathBuf {
        self.dir.path().join(path)
    }

    pub fn root(&self) -> Root {
        let root = Root::open(self.dir.path()).unwrap();
        match &self.hook {
            Some(hook) => root.with_hook(hook.clone()),
            None => root,
        }
    }

    pub fn put(&self, path: &str, content: &str) {
        std::fs::create_dir_all(self.path(path).parent().unwrap()).unwrap();
        std::fs::write(self.path(path), content).unwrap();
    }

    pub fn remove(&self, path: &str) {
        std::fs::remove_file(self.path(path)).unwrap();
    }

    /// Plans and applies, as `render` does.
    pub fn render(&self, tree: &Tree, scope: &Scope) -> Result<(Counts, Vec<Diagnostic>), Error> {
        let root = self.root();
        let lock = root.lock()?;
        let mut sink = Sink::default();
        let plan = plan(&root, &rel("rendered"), tree, scope, &mut sink)?;
        if !sink.has_errors() {
            apply(&lock, &plan)?;
        }
        Ok((plan.counts(), sink.as_slice().to_vec()))
    }

    /// Renders everything without any fault or foreign file.
    pub fn render_all(&self, tree: &Tree) -> Counts {
        let (counts, found) = self.render(tree, &Scope::All).unwrap();
        assert!(found.is_empty(), "{found:#?}");
        counts
    }

    /// Renders everything and returns the codes and messages found.
    pub fn faults(&self, tree: &Tree) -> Vec<String> {
        let (_, found) = self.render(tree, &Scope::All).unwrap();
        found.iter().map(|d| format!("{} {}", d.code, d.message)).collect()
    }

    /// All below the root but `.lmsgen`.
    pub fn snapshot(&self) -> Snapshot {
        let mut all = Snapshot::new();
        walk(self.dir.path(), "", &mut all);
        all.retain(|path, _| !path.starts_with(".lmsgen"));
        all
    }

    /// What lmsgen's own folder holds.
    pub fn state(&self) -> Vec<String> {
        let mut all = Snapshot::new();
        walk(self.dir.path(), "", &mut all);
        all.into_keys()
            .filter_map(|path| path.strip_prefix(".lmsgen/").map(str::to_owned))
            .filter(|p| !p.is_empty())
            .collect()
    }
}

fn walk(folder: &Path, prefix: &str, all: &mut Snapshot) {
    for entry in std::fs::read_dir(folder).unwrap() {
        let entry = entry.unwrap();
        let path = format!("{prefix}{}", entry.file_name().to_string_lossy());
        let kind = entry.file_type().unwrap();
        if kind.is_dir() {
            all.insert(format!("{path}/"), String::new());
            walk(&entry.path(), &format!("{path}/"), all);
        } else if kind.is_file() {
            all.insert(path, String::from_utf8_lossy(&std::fs::read(entry.path()).unwrap()).into());
        } else if kind.is_symlink() {
            let to = std::fs::read_link(entry.path()).unwrap();
            all.insert(path, format!("-> {}", to.display()));
        } else {
            all.insert(path, "special".into());
        }
    }
}
