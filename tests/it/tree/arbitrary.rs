//! Whatever was there and whatever is wanted: after a run the disk holds the tree and what is foreign, no more.

use super::disk::{Disk, Snapshot, rel, snapshot_of, tree};
use lmsgen::files::Hook;
use lmsgen::names::RelPath;
use lmsgen::tree::{Scope, Tree};
use proptest::prelude::*;
use rustix::io::Errno;
use std::collections::BTreeMap;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

fn folders() -> impl Strategy<Value = String> {
    prop_oneof![
        "[ef]/(C1|C2|C-1)/(app|provision)",
        "[ef]/environment",
        "[ef]/delivery/(x|y)",
        // A folder of files above other folders.
        "[ef]/C1",
    ]
}

fn files(names: &'static str) -> impl Strategy<Value = BTreeMap<String, String>> {
    let path = (folders(), names).prop_map(|(folder, name)| format!("{folder}/{name}"));
    proptest::collection::btree_map(path, "[a-c]{0,2}", 0..24)
}

fn trees() -> impl Strategy<Value = Tree> {
    files("[a-d][.]yaml").prop_map(|files| tree(&files.into_iter().collect::<Vec<_>>()))
}

/// The tree, the foreign files, and the folders of both.
fn wanted(tree: &Tree, foreign: &BTreeMap<String, String>) -> Snapshot {
    let mut all = snapshot_of(tree);
    for (path, content) in foreign {
        let path = rel(&format!("rendered/{path}"));
        let parents = std::iter::successors(path.parent(), RelPath::parent);
        all.extend(parents.map(|path| (format!("{path}/"), String::new())));
        all.insert(path.to_string(), content.clone());
    }
    all
}

/// `rendered` itself stays when all in it has gone.
fn found(disk: &Disk, wanted: &Snapshot) -> Snapshot {
    let mut found = disk.snapshot();
    if wanted.is_empty() {
        found.remove("rendered/");
    }
    found
}

fn only_foreign(found: &[lmsgen::diagnostic::Diagnostic]) -> bool {
    found.iter().all(|d| d.code.id == "LMS300")
}

/// Lets `left` changes of the disk through, then none.
fn frozen_after(left: usize) -> Hook {
    let calls = AtomicUsize::new(0);
    Arc::new(move |op, _| {
        let stop = op.changes() && calls.fetch_add(1, Ordering::SeqCst) >= left;
        if stop { Err(Errno::IO) } else { Ok(()) }
    })
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 64, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn the_disk_becomes_the_tree(old in trees(), new in trees(), foreign in files("note[0-3]")) {
        let disk = Disk::quick();
        disk.render_all(&old);
        for (path, content) in &foreign {
            disk.put(&format!("rendered/{path}"), content);
        }
        let (counts, faults) = disk.render(&new, &Scope::All).unwrap();
        prop_assert!(only_foreign(&faults), "{faults:#?}");
        prop_assert_eq!(counts.created + counts.updated + counts.unchanged, new.n_files());
        let wanted = wanted(&new, &foreign);
        prop_assert_eq!(found(&disk, &wanted), wanted);
        let (counts, _) = disk.render(&new, &Scope::All).unwrap();
        prop_assert_eq!(counts.unchanged, new.n_files());
        prop_assert_eq!(counts.created + counts.updated + counts.deleted, 0);
    }

    #[test]
    fn runs_may_stop_again_and_again(
        trees in proptest::collection::vec((trees(), 0..120_usize), 1..4),
        last in trees(),
        foreign in files("note[0-3]"),
    ) {
        let mut disk = Disk::quick();
        disk.root().lock().unwrap();
        for (path, content) in &foreign {
            disk.put(&format!("rendered/{path}"), content);
        }
        for (tree, left) in &trees {
            disk = disk.with_hook(frozen_after(*left));
            let _ = disk.render(tree, &Scope::All);
            disk = disk.without_hook();
        }
        let (_, faults) = disk.render(&last, &Scope::All).unwrap();
        prop_assert!(only_foreign(&faults), "{faults:#?}");
        let wanted = wanted(&last, &foreign);
        prop_assert_eq!(found(&disk, &wanted), wanted);
        prop_assert_eq!(disk.state(), [".gitignore", "lock"]);
    }

    #[test]
    fn a_selection_changes_nothing_else(old in trees(), new in trees(), stop in 0..80_usize) {
        let disk = Disk::quick();
        disk.render_all(&old);
        let scope = Scope::Folders(vec![rel("rendered/e/C1"), rel("rendered/f/environment")]);
        let part = Tree::new(new.folders().iter().filter(|f| scope.contains(&f.path)).cloned().collect());
        let rest = Tree::new(old.folders().iter().filter(|f| !scope.contains(&f.path)).cloned().collect());
        let disk = disk.with_hook(frozen_after(stop));
        let _ = disk.render(&part, &scope);
        let disk = disk.without_hook();
        let (_, faults) = disk.render(&part, &scope).unwrap();
        prop_assert!(faults.is_empty(), "{faults:#?}");
        let mut wanted = snapshot_of(&part);
        wanted.extend(snapshot_of(&rest));
        prop_assert_eq!(found(&disk, &wanted), wanted);
    }
}
