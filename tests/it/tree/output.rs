//! What plan and apply do when nothing is in their way.

use super::disk::{Disk, rel, snapshot_of, tree};
use lmsgen::diagnostic::Sink;
use lmsgen::tree::{Change, Counts, Scope, plan};
use std::os::unix::fs::{MetadataExt, PermissionsExt};

fn small() -> lmsgen::tree::Tree {
    tree(&[
        ("lms-dev/C7/app/configmap-a.yaml", "a\n"),
        ("lms-dev/C7/provision/job-b.yaml", "b\n"),
        ("lms-dev/environment/namespace-n.yaml", "n\n"),
        ("lms-prod/C7/app/configmap-a.yaml", "prod\n"),
    ])
}

#[test]
fn the_first_render_writes_all_and_the_second_nothing() {
    let disk = Disk::new();
    let tree = small();
    assert_eq!(disk.render_all(&tree), Counts { created: 8, ..Counts::default() });
    assert_eq!(disk.snapshot(), snapshot_of(&tree));
    assert_eq!(disk.state(), [".gitignore", "lock"]);
    let modes = |path: &str| std::fs::metadata(disk.path(path)).unwrap().permissions().mode() & 0o777;
    assert_eq!((modes("rendered/lms-dev"), modes("rendered/lms-dev/C7/app/configmap-a.yaml")), (0o755, 0o644));

    let stamps = |path: &str| {
        let meta = std::fs::metadata(disk.path(path)).unwrap();
        (meta.ino(), meta.mtime_nsec(), meta.ctime_nsec())
    };
    let paths: Vec<_> = disk.snapshot().into_keys().collect();
    let before: Vec<_> = paths.iter().map(|path| stamps(path)).collect();
    assert_eq!(disk.render_all(&tree), Counts { unchanged: 8, ..Counts::default() });
    assert_eq!(before, paths.iter().map(|path| stamps(path)).collect::<Vec<_>>());
}

#[test]
fn only_what_differs_is_touched() {
    let disk = Disk::new();
    disk.render_all(&small());
    let inode = |path: &str| std::fs::metadata(disk.path(path)).unwrap().ino();
    let kept = "rendered/lms-dev/C7/provision/job-b.yaml";
    let changed = "rendered/lms-dev/C7/app/configmap-a.yaml";
    let before = (inode(kept), inode(changed), inode("rendered/lms-dev/C7/app"));

    let new = tree(&[
        ("lms-dev/C7/app/configmap-a.yaml", "a2\n"),
        ("lms-dev/C7/app/service-s.yaml", "s\n"),
        ("lms-dev/C7/provision/job-b.yaml", "b\n"),
        ("lms-dev/environment/namespace-n.yaml", "n\n"),
        ("lms-prod/C7/app/configmap-a.yaml", "prod\n"),
    ]);
    // The record changes too.
    assert_eq!(disk.render_all(&new), Counts { created: 1, updated: 2, unchanged: 6, deleted: 0 });
    assert_eq!(disk.snapshot(), snapshot_of(&new));
    assert_eq!(before.0, inode(kept));
    assert_ne!(before.1, inode(changed));
    assert_eq!(before.2, inode("rendered/lms-dev/C7/app"));
}

#[test]
fn what_is_rendered_no_longer_goes_with_its_empty_folders() {
    let disk = Disk::new();
    disk.render_all(&small());
    disk.put("rendered/lms-dev/C7/app/notes.txt", "mine");
    let new = tree(&[("lms-dev/C7/app/configmap-z.yaml", "z\n"), ("lms-dev/environment/namespace-n.yaml", "n\n")]);
    let (counts, found) = disk.render(&new, &Scope::All).unwrap();
    assert_eq!(counts, Counts { created: 1, updated: 1, deleted: 5, unchanged: 2 });
    assert_eq!(found.len(), 1);
    assert_eq!(found[0].message, "`rendered/lms-dev/C7/app/notes.txt` was not written by lmsgen");
    let mut wanted = snapshot_of(&new);
    wanted.insert("rendered/lms-dev/C7/app/notes.txt".into(), "mine".into());
    assert_eq!(disk.snapshot(), wanted);
    assert_eq!(disk.state(), [".gitignore", "lock"]);

    // The last owned file goes; what is foreign keeps its folder.
    let (_, found) = disk.render(&tree::<&str>(&[]), &Scope::All).unwrap();
    assert_eq!(found.len(), 1);
    let left: Vec<_> = disk.snapshot().into_keys().collect();
    let kept = ["rendered/", "rendered/lms-dev/", "rendered/lms-dev/C7/", "rendered/lms-dev/C7/app/"];
    assert_eq!(left[..4], kept);
    assert_eq!(left[4..], ["rendered/lms-dev/C7/app/notes.txt"]);
}

#[test]
fn a_selection_leaves_the_others_alone() {
    let disk = Disk::new();
    let old = tree(&[("e/C1/app/a.yaml", "1"), ("e/C2/app/a.yaml", "2"), ("e/C3/app/a.yaml", "3")]);
    disk.render_all(&old);
    // Others are not read: neither a stale file nor a fault there is this run's business.
    disk.put("rendered/e/C2/app/a.yaml", "edited");
    std::os::unix::fs::symlink("/", disk.path("rendered/e/C2/link")).unwrap();
    let scope =
        Scope::Folders(vec![rel("rendered/e/C1"), rel("rendered/e/C3"), rel("rendered/e/C9"), rel("rendered/f/C1")]);
    let new =
        tree(&[("e/C1/app/a.yaml", "1"), ("e/C1/app/b.yaml", "new"), ("e/C9/app/a.yaml", "9"), ("f/C1/x/a.yaml", "f")]);
    let (counts, found) = disk.render(&new, &scope).unwrap();
    assert!(found.is_empty(), "{found:#?}");
    assert_eq!(counts, Counts { created: 5, updated: 1, deleted: 2, unchanged: 1 });
    let mut wanted = snapshot_of(&new);
    wanted.extend(snapshot_of(&tree(&[("e/C2/app/a.yaml", "edited")])));
    wanted.insert("rendered/e/C2/link".into(), "-> /".into());
    assert_eq!(disk.snapshot(), wanted);
}

#[test]
fn a_selection_of_a_fleet_that_was_never_rendered() {
    let disk = Disk::new();
    let part = tree(&[("e/C1/app/a.yaml", "1"), ("e/C2/app/a.yaml", "2")]);
    let scope = Scope::Folders(vec![rel("rendered/e/C1"), rel("rendered/e/C2"), rel("rendered/e/C3")]);
    disk.render(&part, &scope).unwrap();
    assert_eq!(disk.snapshot(), snapshot_of(&part));
}

#[test]
fn a_plan_names_every_change() {
    let disk = Disk::new();
    disk.render_all(&tree(&[("e/C1/app/a.yaml", "1"), ("e/C1/app/b.yaml", "2"), ("e/C2/app/a.yaml", "2")]));
    let new = tree(&[("e/C1/app/a.yaml", "!"), ("e/C3/app/a.yaml", "3")]);
    let mut sink = Sink::default();
    let scope = Scope::All;
    let root = disk.root();
    let plan = plan(&root, &rel("rendered"), &new, &scope, &mut sink).unwrap();
    let changes: Vec<_> = plan.changes().into_iter().map(|(path, change)| (path.to_string(), change)).collect();
    let wanted = [
        ("rendered/e/C1/app/a.yaml", Change::Update),
        ("rendered/e/C1/app/b.yaml", Change::Delete),
        ("rendered/e/C1/app/kustomization.yaml", Change::Update),
        ("rendered/e/C2/app/a.yaml", Change::Delete),
        ("rendered/e/C2/app/kustomization.yaml", Change::Delete),
        ("rendered/e/C3/app/a.yaml", Change::Create),
        ("rendered/e/C3/app/kustomization.yaml", Change::Create),
    ];
    assert_eq!(changes, wanted.map(|(path, change)| (path.to_owned(), change)));
    assert_eq!(plan.counts(), Counts { created: 2, updated: 2, deleted: 3, unchanged: 0 });
    assert!(!plan.is_done());
}

#[test]
fn an_edited_file_is_restored() {
    let disk = Disk::new();
    let tree = small();
    disk.render_all(&tree);
    let path = "rendered/lms-dev/C7/app/configmap-a.yaml";
    disk.put(path, "A\n");
    assert_eq!(disk.render_all(&tree).updated, 1);
    std::fs::set_permissions(disk.path(path), PermissionsExt::from_mode(0o755)).unwrap();
    assert_eq!(disk.render_all(&tree).updated, 1);
    disk.remove(path);
    assert_eq!(disk.render_all(&tree).created, 1);
    // Another name for the same bytes keeps them.
    std::fs::hard_link(disk.path(path), disk.path("elsewhere")).unwrap();
    std::fs::write(disk.path("elsewhere"), "edited").unwrap();
    assert_eq!(disk.render_all(&tree).updated, 1);
    assert_eq!(std::fs::read(disk.path("elsewhere")).unwrap(), b"edited");
    disk.remove("elsewhere");
    assert_eq!(disk.snapshot(), snapshot_of(&tree));
}
