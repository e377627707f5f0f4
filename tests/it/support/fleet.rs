//! A fleet in a folder of its own, and the program run in it as a person would: nothing of the machine's configuration
//! reaches it.

use std::collections::BTreeMap;
use std::ffi::OsStr;
use std::io::Write as _;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use super::git_server::{VARIABLES, git};

/// The repository of lmsgen itself, which is a fleet.
pub fn repository() -> PathBuf {
    PathBuf::from(env!("CARGO_MANIFEST_DIR"))
}

/// After this a run is ended.
const LONGEST: std::time::Duration = std::time::Duration::from_mins(2);

/// How a run of the program ended.
#[derive(Clone, Debug)]
pub struct Ran {
    pub code: i32,
    pub out: String,
    pub err: String,
}

impl Ran {
    /// Expects an exit code.
    #[track_caller]
    pub fn exits(self, code: i32) -> Self {
        assert_eq!(self.code, code, "stdout:\n{}\nstderr:\n{}", self.out, self.err);
        self
    }

    /// Expects a piece of stderr.
    #[track_caller]
    pub fn says(self, text: &str) -> Self {
        assert!(self.err.contains(text), "no `{text}` in stderr:\n{}", self.err);
        self
    }

    /// Expects a piece of stdout.
    #[track_caller]
    pub fn prints(self, text: &str) -> Self {
        assert!(self.out.contains(text), "no `{text}` in stdout:\n{}", self.out);
        self
    }

    /// Expects an empty stdout.
    #[track_caller]
    pub fn prints_nothing(self) -> Self {
        assert_eq!(self.out, "");
        self
    }

    /// Its stderr without a last line's end that says how long it took: ` (0.3 s)`.
    pub fn err_untimed(&self) -> &str {
        let err = self.err.trim_end();
        let is_time = |text: &str| text.ends_with(" s)") || text.ends_with(" ms)");
        err.rsplit_once(" (").filter(|(_, end)| is_time(end)).map_or(err, |(before, _)| before)
    }

    /// Everything it wrote.
    pub fn all(&self) -> String {
        format!("{}{}", self.out, self.err)
    }
}

/// A run of the program that is being prepared.
pub struct Run {
    command: Command,
    input: Vec<u8>,
}

impl Run {
    pub fn env(mut self, name: &str, value: impl AsRef<OsStr>) -> Self {
        self.command.env(name, value);
        self
    }

    pub fn input(mut self, bytes: impl AsRef<[u8]>) -> Self {
        self.input = bytes.as_ref().to_vec();
        self
    }

    /// Starts in another folder than the fleet's.
    pub fn within(mut self, folder: &Path) -> Self {
        self.command.current_dir(folder);
        self
    }

    /// Ends the run when it has computed for `seconds`, so that it [exits](Ran::exits) with nothing that is expected. What
    /// else the machine does is not counted.
    pub fn computes_at_most(self, seconds: u32) -> Self {
        let mut command = Command::new("sh");
        command.args(["-c", &format!("ulimit -t {seconds}; exec \"$0\" \"$@\"")]);
        command.arg(self.command.get_program()).args(self.command.get_args()).env_clear();
        command.envs(self.command.get_envs().filter_map(|(name, value)| Some((name, value?))));
        command.current_dir(self.command.get_current_dir().expect("the fleet's folder"));
        Self { command, ..self }
    }

    /// The command, for those who start it themselves.
    pub fn into_command(self) -> Command {
        self.command
    }

    pub fn go(mut self) -> Ran {
        let piped = || Stdio::piped();
        let mut child = self.command.stdin(piped()).stdout(piped()).stderr(piped()).spawn().expect("lmsgen starts");
        // A program that ends before it has read everything closes the pipe.
        let _ = child.stdin.take().expect("a pipe").write_all(&self.input);
        let id = child.id();
        let (ended, wait) = std::sync::mpsc::channel::<()>();
        // Nothing takes this long, unless it never ends.
        let guard = std::thread::spawn(move || {
            if wait.recv_timeout(LONGEST) == Err(std::sync::mpsc::RecvTimeoutError::Timeout) {
                let _ = Command::new("kill").args(["-KILL", &id.to_string()]).status();
            }
        });
        let output = child.wait_with_output().expect("lmsgen ends");
        drop(ended);
        guard.join().expect("the guard ends");
        let text = |bytes: Vec<u8>| String::from_utf8(bytes).expect("lmsgen writes UTF-8");
        let code = output.status.code().unwrap_or(-1);
        Ran { code, out: text(output.stdout), err: text(output.stderr) }
    }
}

/// A run of the program in `folder`, with `home` as home.
pub fn lmsgen(folder: &Path, home: &Path, args: &[&str]) -> Run {
    let mut command = Command::new(env!("CARGO_BIN_EXE_lmsgen"));
    command.args(args).current_dir(folder).env_clear().envs(VARIABLES).env("HOME", home).env("LC_ALL", "C");
    command.env("PATH", std::env::var_os("PATH").unwrap_or_default());
    Run { command, input: Vec::new() }
}

/// The environment of [`Fleet::tiny`]; its recipient is the demo key's.
pub const TINY_ENVIRONMENT: &str = "\
namespace = \"dev\"
kubernetes = \"1.35\"
secrets.recipients = [\"age1r0q3yj86kfp5cggd8t7fdw6jxcpzlyfd7eg3s5znrsmkmxfuzduqepwqx6\"]
";

/// A fleet in a temporary folder.
pub struct Fleet {
    folder: tempfile::TempDir,
}

impl Fleet {
    /// An empty folder.
    pub fn empty() -> Self {
        let folder = tempfile::tempdir().expect("a temporary folder");
        std::fs::create_dir(folder.path().join("fleet")).expect("a folder");
        std::fs::create_dir(folder.path().join("home")).expect("a folder");
        Self { folder }
    }

    /// Parts of the repository's own fleet.
    pub fn of_repository(parts: &[&str]) -> Self {
        let fleet = Self::empty();
        for part in parts {
            copy(&repository().join(part), &fleet.root().join(part));
        }
        fleet
    }

    /// A copy of everything below a folder of the repository.
    pub fn copy_of(folder: &str) -> Self {
        let fleet = Self::empty();
        copy(&repository().join(folder), &fleet.root());
        fleet
    }

    /// The fleet of the second stack: shops.
    pub fn shops() -> Self {
        Self::copy_of("tests/fixtures/shop-stack")
    }

    /// A fleet whose only stack is made of `files`, with one environment and one client, `C1`.
    pub fn tiny(files: &[(&str, &str)]) -> Self {
        let fleet = Self::empty();
        fleet.write("lmsgen.toml", "stack = \"t\"\n");
        fleet.write("environments/dev.toml", TINY_ENVIRONMENT);
        fleet.write("clients/C1.toml", "name = \"One\"\n\n[environments.dev]\n");
        for (path, text) in files {
            fleet.write(path, text);
        }
        fleet
    }

    /// The same files in a folder of its own.
    pub fn copied(&self) -> Self {
        let fleet = Self::empty();
        copy(&self.root(), &fleet.root());
        fleet
    }

    pub fn root(&self) -> PathBuf {
        self.folder.path().join("fleet")
    }

    pub fn home(&self) -> PathBuf {
        self.folder.path().join("home")
    }

    /// Runs `lmsgen` in the fleet's folder.
    pub fn run(&self, args: &[&str]) -> Ran {
        self.prepare(args).go()
    }

    /// Prepares a run in the fleet's folder.
    pub fn prepare(&self, args: &[&str]) -> Run {
        lmsgen(&self.root(), &self.home(), args)
    }

    pub fn write(&self, path: &str, bytes: impl AsRef<[u8]>) {
        let path = self.root().join(path);
        std::fs::create_dir_all(path.parent().expect("a folder")).expect("a folder");
        std::fs::write(path, bytes).expect("a file");
    }

    #[track_caller]
    pub fn read(&self, path: &str) -> String {
        std::fs::read_to_string(self.root().join(path)).unwrap_or_else(|error| panic!("{path}: {error}"))
    }

    pub fn has(&self, path: &str) -> bool {
        self.root().join(path).exists()
    }

    pub fn remove(&self, path: &str) {
        std::fs::remove_file(self.root().join(path)).expect("a file");
    }

    /// Replaces `from`, which must be there, in a file.
    #[track_caller]
    pub fn edit(&self, path: &str, from: &str, to: &str) {
        let text = self.read(path);
        assert!(text.contains(from), "no `{from}` in {path}");
        self.write(path, text.replacen(from, to, 1));
    }

    pub fn git(&self, args: &[&str]) -> String {
        git(&self.root(), args)
    }

    /// Makes it a repository with everything committed.
    pub fn commit_all(&self) {
        if !self.has(".git") {
            self.git(&["init", "-q", "--initial-branch=main"]);
        }
        self.git(&["add", "-A"]);
        self.git(&["commit", "-q", "-m", "state"]);
    }

    /// Every file but Git's and the lock.
    pub fn snapshot(&self) -> Snapshot {
        Snapshot::of(&self.root())
    }
}

/// What is in a folder: paths, and for files their bytes.
#[derive(Clone, PartialEq, Eq)]
pub struct Snapshot(pub BTreeMap<String, Vec<u8>>);

impl Snapshot {
    pub fn of(folder: &Path) -> Self {
        let mut files = BTreeMap::new();
        walk(folder, "", &mut files);
        Self(files)
    }

    /// Paths that differ, were added or removed.
    pub fn differences(&self, other: &Self) -> Vec<String> {
        let mut paths: Vec<String> = self.0.keys().chain(other.0.keys()).cloned().collect();
        paths.sort();
        paths.dedup();
        paths.retain(|path| self.0.get(path) != other.0.get(path));
        paths
    }

    #[track_caller]
    pub fn assert_same(&self, other: &Self) {
        let differences = self.differences(other);
        assert!(differences.is_empty(), "changed: {differences:?}");
    }

    /// Only what lies below a path.
    pub fn below(&self, path: &str) -> Self {
        let inside = self.0.iter().filter(|(known, _)| known.starts_with(path));
        Self(inside.map(|(path, bytes)| (path.clone(), bytes.clone())).collect())
    }
}

fn walk(folder: &Path, name: &str, files: &mut BTreeMap<String, Vec<u8>>) {
    for entry in std::fs::read_dir(folder).expect("a folder") {
        let entry = entry.expect("an entry");
        let path = format!("{name}{}", entry.file_name().to_string_lossy());
        // The lock's folder holds nothing of the fleet; Git's is compared by its own means.
        if matches!(path.as_str(), ".git" | ".lmsgen") {
            continue;
        }
        let kind = entry.file_type().expect("a kind");
        if kind.is_dir() {
            walk(&entry.path(), &format!("{path}/"), files);
            files.insert(format!("{path}/"), Vec::new());
        } else if kind.is_symlink() {
            let target = std::fs::read_link(entry.path()).expect("a link");
            files.insert(path, target.to_string_lossy().into_owned().into_bytes());
        } else {
            files.insert(path, std::fs::read(entry.path()).unwrap_or_default());
        }
    }
}

/// The strings of the hostile corpus: what readers of YAML take for something else, and what breaks templates.
pub fn hostile_strings() -> Vec<String> {
    let text = std::fs::read_to_string(repository().join("tests/judges/hostile.json")).expect("the corpus");
    let strings: Vec<String> = serde_json::from_str(&text).expect("a list of strings");
    assert_eq!(strings.len(), 155);
    strings
}

/// `true` for strings that no file of a fleet may hold: control characters, characters that reorder text or hide.
pub fn is_refused(text: &str) -> bool {
    text.chars().any(|c| {
        c.is_control() && !matches!(c, '\n' | '\t')
            || matches!(c, '\u{202a}'..='\u{202e}' | '\u{2066}'..='\u{2069}' | '\u{200b}' | '\u{feff}')
    })
}

/// A string in TOML, with escapes for whatever needs them.
pub fn toml_string(text: &str) -> String {
    let mut out = String::from("\"");
    for c in text.chars() {
        match c {
            '"' | '\\' => out.extend(['\\', c]),
            c if c.is_control() => out.push_str(&format!("\\u{:04X}", u32::from(c))),
            c => out.push(c),
        }
    }
    out.push('"');
    out
}

/// Copies a file or a folder with everything below it.
pub fn copy(from: &Path, to: &Path) {
    if from.is_dir() {
        std::fs::create_dir_all(to).expect("a folder");
        for entry in std::fs::read_dir(from).expect("a folder") {
            let entry = entry.expect("an entry");
            copy(&entry.path(), &to.join(entry.file_name()));
        }
    } else {
        std::fs::create_dir_all(to.parent().expect("a folder")).expect("a folder");
        std::fs::copy(from, to).unwrap_or_else(|error| panic!("{}: {error}", from.display()));
    }
}
