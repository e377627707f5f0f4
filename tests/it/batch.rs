//! Several files replaced as one, whenever the run ends: all are old, or the next run makes all of them new.

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use lmsgen::files::{Error, Hook, Op, Replacement, Root};
use lmsgen::names::RelPath;
use rustix::io::Errno;

const FILES: [&str; 5] = ["s/a/1.yaml", "s/a/2.yaml", "s/b/1.yaml", "s/b/deep/1.yaml", "s/new/1.yaml"];

fn rel(path: &str) -> RelPath {
    RelPath::new(path).unwrap()
}

fn fresh() -> tempfile::TempDir {
    let folder = tempfile::tempdir().unwrap();
    for path in &FILES[..4] {
        let path = folder.path().join(path);
        std::fs::create_dir_all(path.parent().unwrap()).unwrap();
        std::fs::write(path, "old").unwrap();
    }
    folder
}

/// The content of each file, and what lies in the state folder.
fn seen(folder: &tempfile::TempDir) -> (Vec<Option<String>>, Vec<String>) {
    let content = FILES.iter().map(|path| std::fs::read_to_string(folder.path().join(path)).ok()).collect();
    let entries = std::fs::read_dir(folder.path().join(".lmsgen")).into_iter().flatten();
    let mut state: Vec<String> = entries.map(|entry| entry.unwrap().file_name().into_string().unwrap()).collect();
    state.sort();
    (content, state)
}

fn replace(root: &Root) -> Result<(), Error> {
    let lock = root.lock()?;
    lock.finish(&rel("s"))?;
    let paths = FILES.map(rel);
    let file = |(at, path)| Replacement { path, before: (at < 4).then_some(&b"old"[..]), bytes: b"new" };
    lock.replace_all(&rel("s"), &paths.iter().enumerate().map(file).collect::<Vec<_>>())
}

/// Fails every call that changes the disk from number `from` on, or only that one.
fn failing(from: usize, only_one: bool, errno: Errno) -> (Hook, Arc<AtomicUsize>) {
    let calls = Arc::new(AtomicUsize::new(0));
    let counter = calls.clone();
    let hook: Hook = Arc::new(move |op: Op, _: &str| {
        let n = if op.changes() { counter.fetch_add(1, Ordering::SeqCst) } else { return Ok(()) };
        if n == from || (n > from && !only_one) { Err(errno) } else { Ok(()) }
    });
    (hook, calls)
}

/// S33, K16: each step of a batch fails once; the judge `faults` does it with system calls of the whole program.
#[test]
fn all_are_old_or_the_next_run_makes_all_new() {
    let old: Vec<_> = (0..5).map(|at| (at < 4).then(|| "old".to_owned())).collect();
    let new = vec![Some("new".to_owned()); 5];
    let folder = fresh();
    let (hook, calls) = failing(usize::MAX, false, Errno::IO);
    replace(&Root::open(folder.path()).unwrap().with_hook(hook)).unwrap();
    assert_eq!(seen(&folder), (new.clone(), vec![".gitignore".to_owned(), "lock".to_owned()]));
    let n = calls.load(Ordering::SeqCst);
    assert!(n > 25, "{n}");
    let mut finished = 0;
    for (from, only_one, errno) in
        (0..n).flat_map(|from| [(from, false, Errno::IO), (from, true, Errno::NOSPC), (from, true, Errno::IO)])
    {
        let folder = fresh();
        let (hook, _) = failing(from, only_one, errno);
        let failed = replace(&Root::open(folder.path()).unwrap().with_hook(hook)).is_err();
        let (before, _) = seen(&folder);
        for (found, old) in before.iter().zip(&old) {
            assert!(found == old || found.as_deref() == Some("new"), "call {from}: {found:?}");
        }
        // The next run that takes the lock.
        let root = Root::open(folder.path()).unwrap();
        root.lock().unwrap().finish(&rel("s")).unwrap();
        let (after, state) = seen(&folder);
        assert!(after == old || after == new, "call {from}: {after:?}");
        assert!(failed || after == new, "call {from}: success was reported");
        assert_eq!(state, [".gitignore", "lock"], "call {from}");
        finished += usize::from(before != new && after == new);
    }
    assert!(finished > 5, "no run was finished by the next: {finished}");
}

#[test]
fn staged_files_of_somebody_else_are_refused() {
    for list in ["0 - clients/C1.toml\nend\n", "0 - .git/hooks/pre-commit\nend\n", "nonsense"] {
        let folder = fresh();
        let batch = folder.path().join(".lmsgen/batch");
        std::fs::create_dir_all(&batch).unwrap();
        std::fs::write(batch.join("0"), "planted").unwrap();
        std::fs::write(batch.join("list"), list).unwrap();
        let root = Root::open(folder.path()).unwrap();
        let error = root.lock().unwrap().finish(&rel("s")).unwrap_err();
        assert_eq!(error.to_string(), "`.lmsgen/batch` was not made by lmsgen");
        assert!(!folder.path().join("clients/C1.toml").exists() && !folder.path().join(".git").exists());
    }
}

/// What came after the killed run is newer than what it staged.
#[test]
fn a_file_that_was_changed_since_is_not_written_over() {
    let folder = fresh();
    let n = {
        let (hook, calls) = failing(usize::MAX, false, Errno::IO);
        replace(&Root::open(fresh().path()).unwrap().with_hook(hook)).unwrap();
        calls.load(Ordering::SeqCst)
    };
    // Killed at the latest call that leaves a file old.
    let from = (0..n).rev().find(|from| {
        let folder = fresh();
        let (hook, _) = failing(*from, false, Errno::IO);
        let _ = replace(&Root::open(folder.path()).unwrap().with_hook(hook));
        seen(&folder).0.iter().any(|content| content.as_deref() != Some("new"))
    });
    let (hook, _) = failing(from.unwrap(), false, Errno::IO);
    replace(&Root::open(folder.path()).unwrap().with_hook(hook)).unwrap_err();
    let old = FILES.iter().zip(seen(&folder).0).find(|(_, content)| content.as_deref() != Some("new")).unwrap().0;
    std::fs::create_dir_all(folder.path().join(old).parent().unwrap()).unwrap();
    std::fs::write(folder.path().join(old), "newer").unwrap();
    let before = seen(&folder);
    let root = Root::open(folder.path()).unwrap();
    let error = root.lock().unwrap().finish(&rel("s")).unwrap_err();
    assert!(error.to_string().contains("remove the folder `.lmsgen/batch`"), "{error}");
    assert_eq!(seen(&folder), before);
}

/// What the caller has read is what may be replaced.
#[test]
fn a_file_that_was_changed_since_it_was_read_is_not_written_over() {
    let folder = fresh();
    std::fs::write(folder.path().join(FILES[1]), "newer").unwrap();
    let before = seen(&folder).0;
    let error = replace(&Root::open(folder.path()).unwrap()).unwrap_err();
    assert!(matches!(&error, Error::Raced { path } if path == FILES[1]), "{error}");
    assert_eq!(seen(&folder), (before, vec![".gitignore".to_owned(), "lock".to_owned()]));
    assert!(!folder.path().join("s/new").exists());
}
