//! A toy fleet: each `clients/<id>.toml` renders to one folder that quotes it, next to a secret generated once.

#![expect(clippy::disallowed_methods, reason = "tests write files")]

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicU32, Ordering};

use lmsgen::git::{Error, Files, Landed, Options, Proposal, Published, Rendered, Repository, Workspace};
use lmsgen::names::RelPath;
use lmsgen::tree::{Folder, Tree};

use crate::support::git_server::{GitServer, VARIABLES, git, run};

/// No two secrets are the same.
static GENERATED: AtomicU32 = AtomicU32::new(0);

/// A clone with a fleet in it.
pub struct Fleet {
    folder: tempfile::TempDir,
    /// The fleet's folder in the clone.
    pub below: &'static str,
    pub options: Options,
    /// Without a name and address in the environment.
    pub anonymous: bool,
}

impl Fleet {
    /// A clone of `url` with the fleet at its top.
    pub fn clone_of(url: &str) -> Self {
        Self::clone_below(url, "")
    }

    pub fn clone_below(url: &str, below: &'static str) -> Self {
        let folder = tempfile::tempdir().unwrap();
        git(folder.path(), &["clone", "-q", url, "."]);
        std::fs::create_dir_all(folder.path().join(below)).unwrap();
        Self { folder, below, options: Options::default(), anonymous: false }
    }

    /// The work tree `below` a folder.
    pub fn at(folder: tempfile::TempDir, below: &'static str) -> Self {
        Self { folder, below, options: Options::default(), anonymous: false }
    }

    /// A clone of the last commit only.
    pub fn shallow_clone_of(url: &str) -> Self {
        let folder = tempfile::tempdir().unwrap();
        git(folder.path(), &["clone", "-q", "--depth=1", url, "."]);
        Self::at(folder, "")
    }

    /// A server with two clients published, and a clone.
    pub fn published() -> (GitServer, Self) {
        let server = GitServer::start();
        let fleet = Self::clone_of(&server.url());
        fleet.write("lmsgen.toml", "stack = \"lms\"\n");
        fleet.write("clients/C1.toml", "name = \"one\"\n");
        fleet.write("clients/C2.toml", "name = \"two\"\n");
        fleet.publish().unwrap();
        (server, fleet)
    }

    pub fn root(&self) -> PathBuf {
        self.folder.path().join(self.below)
    }

    pub fn top(&self) -> &Path {
        self.folder.path()
    }

    pub fn write(&self, path: &str, text: impl AsRef<[u8]>) {
        write(&self.root().join(path), text.as_ref());
    }

    pub fn remove(&self, path: &str) {
        std::fs::remove_file(self.root().join(path)).unwrap();
    }

    pub fn read(&self, path: &str) -> String {
        String::from_utf8(std::fs::read(self.root().join(path)).unwrap()).unwrap()
    }

    pub fn git(&self, args: &[&str]) -> String {
        git(self.top(), args)
    }

    /// Runs `git`, which may well fail.
    pub fn git_may_fail(&self, args: &[&str]) {
        let folder = self.top().to_str().unwrap();
        run("git", &[&["-C", folder], args].concat());
    }

    pub fn repository(&self) -> Repository {
        let repository = Repository::open(&self.root()).unwrap();
        let set = VARIABLES.iter().filter(|(name, _)| !self.anonymous || name.starts_with("GIT_CONFIG"));
        set.fold(repository, |repository, (name, value)| repository.with_variable(name, value))
    }

    pub fn publish(&self) -> Result<Published, Failure> {
        self.publish_as(&mut Toy::new(&self.root()))
    }

    pub fn publish_as(&self, toy: &mut Toy) -> Result<Published, Failure> {
        self.repository().publish(toy, sources(&self.root()), &self.options)
    }

    /// Publishes, and expects a fault of Git.
    pub fn fails(&self) -> Error {
        match self.publish() {
            Err(Failure::Git(error)) => error,
            other => panic!("{other:?}"),
        }
    }

    /// Nothing is changed, staged or damaged.
    pub fn assert_clean(&self) {
        assert_eq!(self.git(&["status", "--porcelain"]), "");
        self.git(&["fsck", "--strict", "--no-dangling"]);
    }
}

#[derive(Debug)]
pub enum Failure {
    Git(Error),
    Refused(&'static str),
}

impl From<Error> for Failure {
    fn from(error: Error) -> Self {
        Self::Git(error)
    }
}

/// The toy's idea of a fleet.
pub struct Toy {
    root: PathBuf,
    /// How often it rendered.
    pub renders: usize,
    /// The messages of proposed commits.
    pub proposals: Vec<String>,
    /// Called before each proposal is answered, to interfere.
    pub meanwhile: Option<Box<dyn FnMut(u32)>>,
    /// Refuse to write.
    pub broken: bool,
}

impl Toy {
    pub fn new(root: &Path) -> Self {
        Self { root: root.into(), renders: 0, proposals: Vec::new(), meanwhile: None, broken: false }
    }
}

impl Workspace for Toy {
    type Error = Failure;

    fn render(&mut self, sources: &Files) -> Result<Rendered, Failure> {
        self.renders += 1;
        Ok(render(sources))
    }

    fn approve(&mut self, proposal: &Proposal<'_>) -> Result<String, Failure> {
        if let Some(meanwhile) = &mut self.meanwhile {
            meanwhile(proposal.attempt);
        }
        let paths: Vec<String> = proposal.changes.iter().map(|one| format!("{:?} {}", one.kind, one.path)).collect();
        let message = format!("publish {} files\n\n{}", paths.len(), paths.join("\n"));
        self.proposals.push(message.clone());
        Ok(message)
    }

    fn write(&mut self, landed: &Landed<'_>) -> Result<(), Failure> {
        if self.broken {
            return Err(Failure::Refused("disk full"));
        }
        for one in landed.sources {
            let path = self.root.join(one.path.as_str());
            assert_eq!(std::fs::read(&path).ok().as_deref(), one.expected.as_deref(), "{}", one.path);
            match &one.new {
                Some(data) => write(&path, data),
                None => std::fs::remove_file(&path).unwrap(),
            }
        }
        apply(&self.root, landed.tree);
        Ok(())
    }
}

/// What sources render to.
pub fn render(sources: &Files) -> Rendered {
    let mut generated = Files::new();
    let mut folders = Vec::new();
    for (path, data) in sources {
        let Some(id) = path.as_str().strip_prefix("clients/").and_then(|name| name.strip_suffix(".toml")) else {
            continue;
        };
        let secret = RelPath::new(&format!("secrets/dev/{id}/token.yaml")).unwrap();
        let value = sources.get(&secret).cloned().unwrap_or_else(|| {
            let value: std::sync::Arc<[u8]> =
                format!("secret {}\n", GENERATED.fetch_add(1, Ordering::Relaxed)).into_bytes().into();
            generated.insert(secret, value.clone());
            value
        });
        let files = vec![("configmap-quote.yaml".to_owned(), data.clone()), ("secret-token.yaml".to_owned(), value)];
        let path = RelPath::new(&format!("rendered/dev/{id}/app")).unwrap();
        folders.push(Folder::new(path, files).unwrap());
    }
    Rendered { tree: Tree::new(folders), generated }
}

/// Every file below the source roots.
pub fn sources(root: &Path) -> Files {
    let mut files = Files::new();
    for top in Repository::SOURCES {
        walk(&root.join(top), top, &mut files);
    }
    files
}

fn walk(path: &Path, name: &str, files: &mut Files) {
    if path.is_file() {
        files.insert(RelPath::new(name).unwrap(), std::fs::read(path).unwrap().into());
    } else if path.is_dir() {
        for entry in std::fs::read_dir(path).unwrap() {
            let entry = entry.unwrap();
            walk(&entry.path(), &format!("{name}/{}", entry.file_name().to_str().unwrap()), files);
        }
    }
}

/// Puts `tree` on disk in place of whatever stood below `rendered/`, leaving files that did not change.
pub fn apply(root: &Path, tree: &Tree) {
    let mut wanted = BTreeMap::new();
    for folder in tree.folders() {
        for (name, data) in &folder.files {
            wanted.insert(format!("{}/{name}", folder.path), data);
        }
    }
    let mut there = Files::new();
    walk(&root.join("rendered"), "rendered", &mut there);
    for path in there.keys().filter(|path| !wanted.contains_key(path.as_str()) && path.file_name() != "FOREIGN") {
        std::fs::remove_file(root.join(path.as_str())).unwrap();
    }
    for (path, data) in wanted {
        if there.get(&RelPath::new(&path).unwrap()) != Some(data) {
            write(&root.join(path), data);
        }
    }
}

pub fn write(path: &Path, data: &[u8]) {
    std::fs::create_dir_all(path.parent().unwrap()).unwrap();
    std::fs::write(path, data).unwrap();
}
