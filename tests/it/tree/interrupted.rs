//! Runs that end at any point: killed, out of space, denied.

use super::disk::{Disk, Snapshot, rel, snapshot_of, tree};
use lmsgen::files::{Hook, Op};
use lmsgen::tree::{RECORD, Scope, Tree, recorded_names};
use rustix::io::Errno;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex};

fn old() -> Tree {
    tree(&[
        ("e/C1/app/a.yaml", "1"),
        ("e/C1/app/b.yaml", "2"),
        ("e/C1/provision/p.yaml", "same"),
        ("e/C2/app/a.yaml", "3"),
        ("e/C2/provision/p.yaml", "4"),
        ("e/C4/app/a.yaml", "5"),
        ("f/C1/app/a.yaml", "6"),
    ])
}

/// An update, a file more and one less in a folder, a folder more and one less, a new client, two that are gone (one of
/// them the last of its environment) and a new environment.
fn new() -> Tree {
    tree(&[
        ("e/C1/app/a.yaml", "1!"),
        ("e/C1/app/c.yaml", "new"),
        ("e/C1/extra/x.yaml", "new"),
        ("e/C1/provision/p.yaml", "same"),
        ("e/C2/app/a.yaml", "3"),
        ("e/C3/app/a.yaml", "new"),
        ("e/C3/provision/p.yaml", "new"),
        ("g/C1/app/a.yaml", "new"),
    ])
}

const FOREIGN: [(&str, &str); 2] = [("rendered/e/C1/app/notes.txt", "mine"), ("rendered/e/C4/app/notes.txt", "mine")];

fn old_disk() -> Disk {
    let disk = Disk::quick();
    disk.render_all(&old());
    for (path, content) in FOREIGN {
        disk.put(path, content);
    }
    disk
}

fn with_foreign(tree: &Tree) -> Snapshot {
    let mut wanted = snapshot_of(tree);
    for (path, content) in FOREIGN {
        let parents = std::iter::successors(rel(path).parent(), lmsgen::names::RelPath::parent);
        wanted.extend(parents.map(|path| (format!("{path}/"), String::new())));
        wanted.insert(path.into(), content.into());
    }
    wanted
}

/// No file holds anything but its old or its new bytes, what is the same in both was there all the time, and a record of a
/// folder that stays never lists what is not there.
fn assert_between(found: &Snapshot) {
    let (old, new) = (with_foreign(&old()), with_foreign(&new()));
    for (path, content) in found {
        assert!(old.get(path) == Some(content) || new.get(path) == Some(content), "{path}: {content:?}");
    }
    for (path, content) in &old {
        assert!(new.get(path) != Some(content) || found.contains_key(path), "{path} is gone");
    }
    for (path, record) in found.iter().filter(|(path, _)| path.ends_with(RECORD) && new.contains_key(*path)) {
        for name in recorded_names(record.as_bytes()).unwrap() {
            assert!(found.contains_key(&path.replace(RECORD, &name)), "{path} lists {name}");
        }
    }
}

/// Refuses every call that changes the disk from number `from` (0-based) on: what a kill at that call leaves.
fn frozen(from: usize) -> (Hook, Arc<AtomicUsize>) {
    let calls = Arc::new(AtomicUsize::new(0));
    let counter = calls.clone();
    let hook: Hook = Arc::new(move |op: Op, _: &str| {
        if !op.changes() {
            return Ok(());
        }
        if counter.fetch_add(1, Ordering::SeqCst) >= from { Err(Errno::IO) } else { Ok(()) }
    });
    (hook, calls)
}

/// The number of calls that change the disk in the run from old to new.
fn n_calls() -> usize {
    let (hook, calls) = frozen(usize::MAX);
    let disk = old_disk().with_hook(hook);
    disk.render(&new(), &Scope::All).unwrap();
    let n = calls.load(Ordering::SeqCst);
    assert!(n > 50, "{n}");
    n
}

#[test]
fn a_run_that_stops_at_any_call_is_completed_by_the_next() {
    for from in 0..n_calls() {
        let (hook, _) = frozen(from);
        let disk = old_disk().with_hook(hook);
        let _ = disk.render(&new(), &Scope::All);
        let disk = disk.without_hook();
        assert_between(&disk.snapshot());
        let (_, found) = disk.render(&new(), &Scope::All).unwrap();
        assert!(found.iter().all(|d| d.code.id == "LMS300"), "call {from}: {found:#?}");
        assert_eq!(found.len(), 2, "call {from}: {found:#?}");
        assert_eq!(disk.snapshot(), with_foreign(&new()), "call {from}");
        assert_eq!(disk.state(), [".gitignore", "lock"], "call {from}");
    }
}

#[test]
fn a_stopped_run_may_be_followed_by_another_tree_or_by_a_selection() {
    for from in 0..n_calls() {
        let next = if from % 2 == 0 { old() } else { tree::<&str>(&[("e/C1/app/z.yaml", "third")]) };
        let (hook, _) = frozen(from);
        let disk = old_disk().with_hook(hook);
        let _ = disk.render(&new(), &Scope::All);
        let disk = disk.without_hook();
        // What is out of scope must not lose what the killed run had in hand.
        let part = Scope::Folders(vec![rel("rendered/e/C3")]);
        let (_, found) = disk.render(&tree(&[("e/C3/app/a.yaml", "selected")]), &part).unwrap();
        assert!(found.is_empty(), "call {from}: {found:#?}");

        let (_, found) = disk.render(&next, &Scope::All).unwrap();
        assert_eq!(found.len(), 2, "call {from}: {found:#?}");
        assert_eq!(disk.snapshot(), with_foreign(&next), "call {from}");
        assert_eq!(disk.state(), [".gitignore", "lock"], "call {from}");
    }
}

#[test]
fn a_failing_call_is_told_and_leaves_nothing_behind() {
    for from in 0..n_calls() {
        let errno = [Errno::NOSPC, Errno::ACCESS, Errno::XDEV, Errno::ROFS][from % 4];
        let (calls, failed) = (AtomicUsize::new(0), Arc::new(Mutex::new(None)));
        let tell = failed.clone();
        let disk = old_disk().with_hook(Arc::new(move |op, _| {
            if op.changes() && calls.fetch_add(1, Ordering::SeqCst) == from {
                *tell.lock().unwrap() = Some(op);
                return Err(errno);
            }
            Ok(())
        }));
        if let Err(error) = disk.render(&new(), &Scope::All) {
            let reason = match errno {
                Errno::XDEV => "it lies on another file system than `.lmsgen`".to_owned(),
                _ => std::io::Error::from(errno).to_string(),
            };
            assert!(error.to_string().contains(&reason), "{error}");
            assert!(!error.to_string().contains("tmp-"), "{error}");
        }
        assert_between(&disk.snapshot());
        // Only what could not be removed may stay.
        if !matches!(*failed.lock().unwrap(), Some(Op::Unlink | Op::RemoveDir)) {
            assert!(disk.state().iter().all(|name| !name.starts_with("tmp-")), "call {from}: {:?}", disk.state());
        }
        let disk = disk.without_hook();
        disk.render(&new(), &Scope::All).unwrap();
        assert_eq!(disk.snapshot(), with_foreign(&new()), "call {from}");
        assert_eq!(disk.state(), [".gitignore", "lock"], "call {from}");
    }
}

#[test]
fn a_full_disk_is_found_out_before_anything_changes() {
    let disk = old_disk();
    let before = disk.snapshot();
    let disk = disk.with_hook(Arc::new(|op, path| {
        if op == Op::Write && path.ends_with("e/C1/app/kustomization.yaml") { Err(Errno::NOSPC) } else { Ok(()) }
    }));
    let error = disk.render(&new(), &Scope::All).unwrap_err();
    assert_eq!(
        error.to_string(),
        "cannot write `rendered/e/C1/app/kustomization.yaml`: No space left on device (os error 28)"
    );
    assert_eq!(disk.snapshot(), before);
    assert_eq!(disk.state(), [".gitignore", "lock"]);
}

#[test]
fn the_first_render_is_complete_or_not_there() {
    for from in 0.. {
        let (hook, calls) = frozen(from);
        let disk = Disk::quick().with_hook(hook);
        let _ = disk.render(&new(), &Scope::All);
        let found = disk.snapshot();
        assert!(found.is_empty() || found == snapshot_of(&new()), "call {from}: {found:#?}");
        let disk = disk.without_hook();
        disk.render_all(&new());
        assert_eq!(disk.snapshot(), snapshot_of(&new()));
        if calls.load(Ordering::SeqCst) <= from {
            break;
        }
    }
}

const DIR: &str = "LMSGEN_TEST_DIR";
const KILL_AT: &str = "LMSGEN_TEST_KILL_AT";

/// Not a test of its own: the process that is killed.
#[test]
fn child_that_is_killed() {
    let (Ok(dir), Ok(at)) = (std::env::var(DIR), std::env::var(KILL_AT)) else { return };
    let at: usize = at.parse().unwrap();
    let calls = AtomicUsize::new(0);
    let root = lmsgen::files::Root::open(dir.as_ref()).unwrap().with_hook(Arc::new(move |op, _| {
        if op.changes() && calls.fetch_add(1, Ordering::SeqCst) == at {
            let _ = rustix::process::kill_process(rustix::process::getpid(), rustix::process::Signal::KILL);
            loop {
                std::thread::park();
            }
        }
        Ok(())
    }));
    let lock = root.lock().unwrap();
    let (tree, scope) = (new(), Scope::All);
    let plan = lmsgen::tree::plan(&root, &rel("rendered"), &tree, &scope, &mut lmsgen::diagnostic::Sink::default());
    lmsgen::tree::apply(&lock, &plan.unwrap()).unwrap();
}

#[test]
fn a_process_killed_at_any_call_is_followed_by_one_that_completes() {
    for at in 0..n_calls() {
        let disk = old_disk();
        let status = std::process::Command::new(std::env::current_exe().unwrap())
            .args(["--exact", "tree::interrupted::child_that_is_killed"])
            .env(DIR, disk.path(""))
            .env(KILL_AT, at.to_string())
            .stdout(std::process::Stdio::null())
            .status()
            .unwrap();
        assert_eq!(std::os::unix::process::ExitStatusExt::signal(&status), Some(9), "call {at}");
        assert_between(&disk.snapshot());
        let (_, found) = disk.render(&new(), &Scope::All).unwrap();
        assert_eq!(found.len(), 2, "call {at}: {found:#?}");
        assert_eq!(disk.snapshot(), with_foreign(&new()), "call {at}");
        assert_eq!(disk.state(), [".gitignore", "lock"], "call {at}");
    }
}
