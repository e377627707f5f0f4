//! Handles, staged writes and the lock against a real file system.

use lmsgen::files::{Durability, Entry, Error, Kind, Op, Root};
use lmsgen::names::RelPath;
use rustix::io::Errno;
use std::io::{BufRead, BufReader};
use std::os::unix::ffi::OsStrExt;
use std::os::unix::fs::{PermissionsExt, symlink};
use std::process::{Command, Stdio};
use std::sync::Arc;

fn rel(path: &str) -> RelPath {
    RelPath::new(path).unwrap()
}

fn root() -> (tempfile::TempDir, Root) {
    let dir = tempfile::tempdir().unwrap();
    let root = Root::open(dir.path()).unwrap();
    (dir, root)
}

#[test]
fn reading_tells_what_is_there() {
    let (dir, root) = root();
    let at = |path: &str| dir.path().join(path);
    std::fs::create_dir_all(at("a/b")).unwrap();
    std::fs::write(at("a/file"), "12345").unwrap();
    std::fs::write(at("empty"), "").unwrap();
    symlink("file", at("a/link")).unwrap();
    symlink("a", at("link")).unwrap();
    assert!(Command::new("mkfifo").arg(at("fifo")).status().unwrap().success());
    let _socket = std::os::unix::net::UnixListener::bind(at("socket")).unwrap();

    let read = |path: &str, limit| root.read(&rel(path), limit);
    assert_eq!(read("a/file", 5).unwrap().unwrap(), b"12345");
    assert_eq!(read("empty", 0).unwrap().unwrap(), b"");
    for missing in ["x", "a/x", "x/file", "a/b/c/d"] {
        assert_eq!(read(missing, 5).unwrap(), None, "{missing}");
        assert_eq!(root.list(&rel(missing)).unwrap(), None, "{missing}");
    }
    assert_eq!(read("a/file", 4).unwrap_err().to_string(), "`a/file` is larger than 4 bytes");
    for (path, text) in [
        ("a", "`a` is a folder, not a file"),
        ("a/link", "`a/link` is a symbolic link, not a file"),
        ("link/file", "`link` is a symbolic link, not a folder"),
        ("a/file/x", "`a/file` is a file, not a folder"),
        ("fifo", "`fifo` is a special file, not a file"),
        ("socket", "`socket` is a special file, not a file"),
    ] {
        assert_eq!(read(path, 5).unwrap_err().to_string(), text);
    }
    assert_eq!(root.list(&rel("link")).unwrap_err().to_string(), "`link` is a symbolic link, not a folder");

    std::fs::write(at("a").join(std::ffi::OsStr::from_bytes(b"\xff\n")), "").unwrap();
    let entries = root.list(&rel("a")).unwrap().unwrap();
    let found: Vec<_> = entries.iter().map(|e| (e.shown(), e.kind)).collect();
    let wanted = [("b", Kind::Folder), ("file", Kind::File), ("link", Kind::Symlink), ("\u{fffd}\\n", Kind::File)];
    assert_eq!(found, wanted.map(|(name, kind)| (name.to_owned(), kind)));
    assert_eq!(entries[3].name(), None);
}

#[test]
fn comparing_is_exact() {
    let (dir, root) = root();
    let long = vec![7; 100_000];
    std::fs::write(dir.path().join("file"), &long).unwrap();
    let top = root.top().unwrap();
    assert_eq!(top.holds("file", &long).unwrap(), Some(true));
    assert_eq!(top.holds("file", &long[1..]).unwrap(), Some(false));
    let mut other = long.clone();
    other[99_999] = 8;
    assert_eq!(top.holds("file", &other).unwrap(), Some(false));
    assert_eq!(top.holds("absent", b"").unwrap(), None);
    std::fs::set_permissions(dir.path().join("file"), PermissionsExt::from_mode(0o744)).unwrap();
    assert_eq!(top.holds("file", &long).unwrap(), Some(false));
}

#[test]
fn names_never_lead_out_of_a_folder() {
    let (_dir, root) = root();
    let top = root.top().unwrap();
    for name in ["", ".", "..", "a/b", "/etc", "a\0b"] {
        assert!(matches!(top.sub(name), Err(Error::Name { .. })), "{name:?}");
        assert!(matches!(top.read(name, 1), Err(Error::Name { .. })), "{name:?}");
        assert!(matches!(top.remove(name), Err(Error::Name { .. })), "{name:?}");
        assert!(matches!(top.put(name, b"", Durability::Cached), Err(Error::Name { .. })), "{name:?}");
    }
}

#[test]
fn writing_is_in_one_step_and_makes_folders() {
    let (dir, root) = root();
    let path = rel("secrets/lms-dev/C7/a.yaml");
    for durability in [Durability::Cached, Durability::Durable] {
        root.write(&path, b"one", durability).unwrap();
        assert_eq!(root.read(&path, 10).unwrap().unwrap(), b"one");
    }
    let error = root.create_new(&path, b"two", Durability::Durable).unwrap_err();
    assert_eq!(error.to_string(), "`secrets/lms-dev/C7/a.yaml` is there already");
    root.create_new(&rel("clients/C7.toml"), b"new", Durability::Durable).unwrap();
    assert_eq!(root.read(&rel("clients/C7.toml"), 10).unwrap().unwrap(), b"new");

    // A link there is neither followed nor replaced.
    symlink("/etc/hostname", dir.path().join("link")).unwrap();
    let error = root.write(&rel("link"), b"x", Durability::Cached).unwrap_err();
    assert_eq!(error.to_string(), "`link` is a symbolic link, not a file");
    assert!(matches!(root.create_new(&rel("link"), b"x", Durability::Cached), Err(Error::Exists { .. })));
    assert!(matches!(root.write(&rel("secrets/lms-dev"), b"x", Durability::Cached), Err(Error::Kind { .. })));
    symlink("secrets", dir.path().join("way")).unwrap();
    assert!(matches!(root.write(&rel("way/x"), b"x", Durability::Cached), Err(Error::Kind { .. })));

    assert!(root.remove(&path).unwrap());
    assert!(!root.remove(&path).unwrap());
    assert!(root.remove_empty_dir(&rel("secrets/lms-dev/C7")).unwrap());
    assert!(!root.remove_empty_dir(&rel("secrets")).unwrap());
    let mut state: Vec<_> = root.list(&rel(".lmsgen")).unwrap().unwrap().iter().map(Entry::shown).collect();
    state.sort();
    assert_eq!(state, [".gitignore"]);
}

#[test]
fn a_write_that_fails_leaves_the_old_file_and_nothing_else() {
    for failing in [Op::Create, Op::Write, Op::Sync, Op::Rename] {
        for errno in [Errno::NOSPC, Errno::ROFS, Errno::ACCESS, Errno::IO] {
            let (dir, root) = root();
            root.write(&rel("a/file"), b"old", Durability::Cached).unwrap();
            let hook = Arc::new(move |op, _: &str| if op == failing { Err(errno) } else { Ok(()) });
            let root = Root::open(dir.path()).unwrap().with_hook(hook);
            let error = root.write(&rel("a/file"), b"new", Durability::Durable).unwrap_err().to_string();
            let reason = std::io::Error::from(errno).to_string();
            assert!(error.starts_with("cannot ") && error.ends_with(&format!("`a/file`: {reason}")), "{error}");
            assert_eq!(root.read(&rel("a/file"), 10).unwrap().unwrap(), b"old");
            assert_eq!(root.list(&rel(".lmsgen")).unwrap().unwrap().len(), 1);
        }
    }
}

#[test]
fn the_root_is_found_and_made() {
    let dir = tempfile::tempdir().unwrap();
    let deep = dir.path().join("fleet/a/b");
    std::fs::create_dir_all(&deep).unwrap();
    assert!(Root::find(&deep, "marker-of-this-test").unwrap().is_none());
    std::fs::write(dir.path().join("fleet/marker-of-this-test"), "").unwrap();
    let found = Root::find(&deep, "marker-of-this-test").unwrap().unwrap();
    assert_eq!(found.path(), dir.path().join("fleet"));
    assert!(Root::open(&dir.path().join("missing")).is_err());
    let made = Root::create(&dir.path().join("new/fleet")).unwrap();
    assert!(made.top().unwrap().list().unwrap().is_empty());
    assert!(Root::create(&dir.path().join("fleet/marker-of-this-test")).is_err());
}

const DIR: &str = "LMSGEN_TEST_LOCK_DIR";

/// Not a test of its own: the process that holds the lock until it is killed.
#[test]
fn child_that_holds_the_lock() {
    let Ok(dir) = std::env::var(DIR) else { return };
    let root = Root::open(dir.as_ref()).unwrap();
    let _lock = root.lock().unwrap();
    root.write(&rel(".lmsgen/tmp-1234-0/deep/staged"), b"left over", Durability::Cached).unwrap();
    root.write(&rel(".lmsgen/tmp-1234-1"), b"left over", Durability::Cached).unwrap();
    std::fs::write(format!("{dir}/ready"), "").unwrap();
    let mut line = String::new();
    BufReader::new(std::io::stdin()).read_line(&mut line).unwrap();
}

#[test]
fn two_processes_exclude_each_other_until_one_is_killed() {
    let (dir, root) = root();
    let mut child = Command::new(std::env::current_exe().unwrap())
        .args(["--exact", "files::child_that_holds_the_lock", "--nocapture"])
        .env(DIR, dir.path())
        .stdin(Stdio::piped())
        .stdout(Stdio::null())
        .spawn()
        .unwrap();
    for _ in 0..2000 {
        if dir.path().join("ready").exists() {
            break;
        }
        std::thread::sleep(std::time::Duration::from_millis(5));
    }
    let error = root.lock().unwrap_err();
    assert!(matches!(error, Error::Busy { .. }));
    assert_eq!(
        error.to_string(),
        format!(
            "another lmsgen (process {}) is writing to this fleet; wait until it ends, then run this again",
            child.id()
        )
    );
    child.kill().unwrap();
    child.wait().unwrap();
    let lock = root.lock().unwrap();
    let names: Vec<_> = root.list(&rel(".lmsgen")).unwrap().unwrap().iter().map(Entry::shown).collect();
    assert_eq!(names, [".gitignore", "lock"]);
    assert!(matches!(root.lock(), Err(Error::Busy { .. })));
    drop(lock);
    root.lock().unwrap();
}

#[test]
fn a_state_folder_that_leads_elsewhere_is_refused() {
    let (dir, root) = root();
    let outside = tempfile::tempdir().unwrap();
    symlink(outside.path(), dir.path().join(".lmsgen")).unwrap();
    assert_eq!(root.lock().unwrap_err().to_string(), "`.lmsgen` is a symbolic link, not a folder");
    assert!(root.write(&rel("x"), b"", Durability::Cached).is_err());
    assert_eq!(outside.path().read_dir().unwrap().count(), 0);
}
