//! What stands in the way, and what must never be touched.

use super::disk::{Disk, Snapshot, rel, snapshot_of, tree};
use lmsgen::diagnostic::Class;
use lmsgen::files::{Error, Op};
use lmsgen::tree::{Scope, Tree, kustomization};
use rustix::io::Errno;
use std::os::unix::ffi::OsStrExt;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

fn old() -> Tree {
    tree(&[("e/C1/app/a.yaml", "1"), ("e/C1/app/b.yaml", "2"), ("e/C2/app/a.yaml", "3")])
}

/// Changes, creates and deletes at once: whatever is in the way, none of it may happen.
fn new() -> Tree {
    tree(&[("e/C1/app/a.yaml", "1!"), ("e/C1/app/c.yaml", "4"), ("e/C3/app/a.yaml", "5")])
}

/// Renders and expects one guard error with this text, and no byte changed.
fn refused(disk: &Disk, code: &str, message: &str) {
    let before = disk.snapshot();
    let (_, found) = disk.render(&new(), &Scope::All).unwrap();
    let errors: Vec<_> = found.iter().filter(|d| d.is_error()).collect();
    assert_eq!(errors.len(), 1, "{found:#?}");
    assert_eq!((errors[0].code.id, errors[0].message.as_str()), (code, message));
    assert_eq!(errors[0].code.class, Class::Guard);
    assert!(errors[0].help.is_some());
    assert_eq!(disk.snapshot(), before);
    assert_eq!(disk.state(), [".gitignore", "lock"]);
}

#[test]
fn symbolic_links_are_refused_at_every_level() {
    for path in ["rendered", "rendered/e", "rendered/e/C1", "rendered/e/C1/app", "rendered/e/C1/app/a.yaml"] {
        let disk = Disk::new();
        disk.render_all(&old());
        std::fs::rename(disk.path(path), disk.path("outside")).unwrap();
        std::os::unix::fs::symlink(disk.path("outside"), disk.path(path)).unwrap();
        refused(&disk, "LMS302", &format!("`{path}` is a symbolic link"));
        // Also when it is only on the way to what was selected.
        let scope = Scope::Folders(vec![rel("rendered/e/C1/app")]);
        let before = disk.snapshot();
        let (_, found) = disk.render(&tree(&[("e/C1/app/a.yaml", "x")]), &scope).unwrap();
        assert!(found.iter().any(|d| d.is_error() && d.code.id == "LMS302"), "{path}: {found:#?}");
        assert_eq!(disk.snapshot(), before);
    }
}

#[test]
fn links_and_special_files_are_refused_wherever_they_are() {
    let disk = Disk::new();
    disk.render_all(&old());
    let path = "rendered/e/C1/app/zz";
    std::os::unix::fs::symlink("nowhere", disk.path(path)).unwrap();
    refused(&disk, "LMS302", &format!("`{path}` is a symbolic link"));
    disk.remove(path);

    disk.put("rendered/notes/deep/x.txt", "mine");
    std::os::unix::fs::symlink("x.txt", disk.path("rendered/notes/deep/y")).unwrap();
    refused(&disk, "LMS302", "`rendered/notes/deep/y` is a symbolic link");
    disk.remove("rendered/notes/deep/y");

    // Opening a FIFO to read would wait for a writer for ever.
    for path in ["rendered/e/C1/app/a.yaml", "rendered/e/C1/app/kustomization.yaml", "rendered/e/C2/app/x"] {
        let file = disk.path(path);
        let bytes = std::fs::read(&file).ok();
        let _ = std::fs::remove_file(&file);
        assert!(std::process::Command::new("mkfifo").arg(&file).status().unwrap().success());
        let before = disk.snapshot();
        let (_, found) = disk.render(&new(), &Scope::All).unwrap();
        let wanted = format!("`{path}` is a special file");
        assert!(found.iter().any(|d| d.is_error() && d.message == wanted), "{found:#?}");
        assert_eq!(disk.snapshot(), before);
        std::fs::remove_file(&file).unwrap();
        if let Some(bytes) = bytes {
            std::fs::write(&file, bytes).unwrap();
        }
    }
}

#[test]
fn foreign_files_are_reported_and_kept() {
    let disk = Disk::new();
    disk.render_all(&old());
    disk.put("rendered/README.md", "mine");
    disk.put("rendered/e/C1/app/x.yaml", "mine");
    disk.put("rendered/e/C1/app/y.yaml", "mine");
    disk.put("rendered/e/notes/deep/one.txt", "mine");
    disk.put("rendered/e/notes/two.txt", "mine");
    disk.put("rendered/e/other/kustomization.yaml", "resources: [x.yaml]\n");
    disk.put("rendered/e/other/x.yaml", "mine");
    std::fs::create_dir_all(disk.path("rendered/e/empty/er")).unwrap();
    let odd = disk.path("rendered/e").join(std::ffi::OsStr::from_bytes(b"odd\xff\x1b[31m"));
    std::fs::write(&odd, "mine").unwrap();
    let foreign: Snapshot = {
        let ours = snapshot_of(&old());
        disk.snapshot().into_iter().filter(|(path, _)| !ours.contains_key(path)).collect()
    };
    for tree in [new(), old(), tree::<&str>(&[])] {
        let found = disk.faults(&tree);
        assert_eq!(
            found,
            [
                "LMS300 `rendered/README.md` was not written by lmsgen",
                "LMS300 `rendered/e` holds 3 entries that lmsgen did not write: `notes/`, `odd\u{fffd}\\u{1b}[31m`, `other/`",
                "LMS300 `rendered/e/C1/app` holds 2 entries that lmsgen did not write: `x.yaml`, `y.yaml`",
            ]
        );
        let mut wanted = snapshot_of(&tree);
        wanted.extend(foreign.clone());
        wanted.extend(
            ["rendered/", "rendered/e/", "rendered/e/C1/", "rendered/e/C1/app/"].map(|p| (p.into(), String::new())),
        );
        assert_eq!(disk.snapshot(), wanted);
    }
}

#[test]
fn a_foreign_file_in_the_way_stops_the_run_unless_it_is_the_same() {
    let disk = Disk::new();
    disk.render_all(&old());
    disk.put("rendered/e/C1/app/c.yaml", "mine");
    refused(&disk, "LMS301", "`rendered/e/C1/app/c.yaml` was not written by lmsgen and stands where it must write");
    disk.put("rendered/e/C1/app/c.yaml", "4");
    disk.render_all(&new());
    assert_eq!(disk.snapshot(), snapshot_of(&new()));
    // From then on it is owned.
    disk.render_all(&tree(&[("e/C1/app/a.yaml", "1!")]));
    assert!(!disk.path("rendered/e/C1/app/c.yaml").exists());
}

#[test]
fn folders_and_records_in_the_way_stop_the_run() {
    let in_the_way = |path: &str| format!("`{path}` was not written by lmsgen and stands where it must write");
    let disk = Disk::new();
    disk.render_all(&old());
    std::fs::create_dir(disk.path("rendered/e/C1/app/c.yaml")).unwrap();
    refused(&disk, "LMS301", &in_the_way("rendered/e/C1/app/c.yaml"));
    std::fs::remove_dir(disk.path("rendered/e/C1/app/c.yaml")).unwrap();

    disk.put("rendered/e/C3", "a file where a folder must be");
    refused(&disk, "LMS301", &in_the_way("rendered/e/C3"));
    disk.remove("rendered/e/C3");

    disk.put("rendered/e/C3/app/kustomization.yaml", "resources: []\n");
    refused(&disk, "LMS301", &in_the_way("rendered/e/C3/app/kustomization.yaml"));
}

#[test]
fn a_hostile_record_deletes_nothing() {
    let good = String::from_utf8(kustomization(["a.yaml", "b.yaml"].into_iter())).unwrap();
    // In a folder that stays and in one that goes.
    for folder in ["rendered/e/C1/app", "rendered/e/C2/app"] {
        for (record, line) in [
            (good.replace("b.yaml", "../../../../outside"), 6),
            (good.replace("b.yaml", "/etc/passwd"), 6),
            (good.replace("b.yaml", "sub/b.yaml"), 6),
            (good.replace("  - b.yaml", "<<<<<<< HEAD"), 6),
            (good.replace("Do not edit.", "Format 2."), 1),
            (good[..40].to_owned(), 1),
            (good.clone() + "\0", 7),
        ] {
            let disk = Disk::new();
            disk.render_all(&old());
            disk.put("outside", "kept");
            disk.put(&format!("{folder}/kustomization.yaml"), &record);
            let text = format!(
                "`{folder}/kustomization.yaml` is not as this lmsgen writes it (line {line}), so nothing says which files are its own"
            );
            let before = disk.snapshot();
            let (_, found) = disk.render(&new(), &Scope::All).unwrap();
            assert!(found.iter().any(|d| d.code.id == "LMS304" && d.message == text && d.is_error()), "{found:#?}");
            assert_eq!(disk.snapshot(), before);
        }
    }
}

#[test]
fn a_lost_record_makes_files_foreign() {
    let disk = Disk::new();
    disk.render_all(&old());
    disk.remove("rendered/e/C1/app/kustomization.yaml");
    disk.remove("rendered/e/C2/app/kustomization.yaml");
    // Equal files are taken over, the others are nobody's.
    let same = tree(&[("e/C1/app/a.yaml", "1")]);
    assert_eq!(
        disk.faults(&same),
        [
            "LMS300 `rendered/e/C2/` was not written by lmsgen",
            "LMS300 `rendered/e/C1/app/b.yaml` was not written by lmsgen",
        ]
    );
    assert!(disk.path("rendered/e/C2/app/a.yaml").exists());
}

#[test]
fn files_of_git_are_refused() {
    for path in
        ["rendered/.gitattributes", "rendered/e/C1/.gitmodules", "rendered/e/C2/app/.git", "rendered/notes/.git"]
    {
        let disk = Disk::new();
        disk.render_all(&old());
        disk.put(path, "x");
        refused(&disk, "LMS303", &format!("`{path}` would change what Git does with the output"));
        disk.remove(path);
        disk.put(&format!("{path}/HEAD"), "x");
        refused(&disk, "LMS303", &format!("`{path}` would change what Git does with the output"));
    }
}

#[test]
fn a_journal_that_says_nothing_sensible_is_refused() {
    for text in ["", "lmsgen journal 2\nend\n", "lmsgen journal 1\nclients/C1.toml\nend\n"] {
        let disk = Disk::new();
        disk.render_all(&old());
        disk.put(".lmsgen/journal", text);
        let before = disk.snapshot();
        assert_eq!(disk.faults(&new()), ["LMS305 `.lmsgen/journal` cannot be relied on"]);
        assert_eq!(disk.snapshot(), before);
        disk.remove(".lmsgen/journal");
        disk.render_all(&new());
    }
}

#[test]
fn a_folder_that_cannot_be_read_stops_the_run() {
    for denied in ["rendered", "rendered/e/C1/app", "rendered/e/C1/app/a.yaml", "rendered/e/C2/app/kustomization.yaml"]
    {
        let disk = Disk::new();
        disk.render_all(&old());
        let before = disk.snapshot();
        let disk = disk.with_hook(Arc::new(move |op, path| {
            let hit = path == denied && matches!(op, Op::Open | Op::List);
            if hit { Err(Errno::ACCESS) } else { Ok(()) }
        }));
        let error = disk.render(&new(), &Scope::All).unwrap_err();
        let text = error.to_string();
        assert!(text.contains(&format!("`{denied}`")) && text.contains("Permission denied"), "{text}");
        assert_eq!(disk.snapshot(), before);
        assert_eq!(disk.state(), [".gitignore", "lock"]);
    }
}

#[test]
fn deep_folders_are_reported_not_followed() {
    let disk = Disk::new();
    disk.render_all(&old());
    disk.put(&format!("rendered/{}x", "d/".repeat(500)), "mine");
    assert_eq!(disk.faults(&old()), ["LMS300 `rendered/d/` was not written by lmsgen"]);
}

#[test]
fn names_as_long_as_a_file_system_takes_them_work() {
    let disk = Disk::new();
    let name = format!("e/C1/app/{}.yaml", "n".repeat(250));
    let long = tree(&[(name.as_str(), "1"), ("e/C1/app/a.yaml", "1")]);
    disk.render_all(&tree(&[("e/C1/app/a.yaml", "1")]));
    disk.render_all(&long);
    assert_eq!(disk.snapshot(), snapshot_of(&long));
    let over = lmsgen::tree::Folder::new(rel("rendered/e"), vec![("n".repeat(256), Arc::default())]);
    assert!(over.is_err());
}

/// Somebody swaps a folder for a link to elsewhere, again and again, while lmsgen writes through it.
#[test]
fn a_folder_swapped_for_a_link_leads_nowhere() {
    let disk = Disk::new();
    disk.render_all(&old());
    std::fs::create_dir_all(disk.path("outside/app")).unwrap();
    for file in ["a.yaml", "b.yaml", "kustomization.yaml"] {
        disk.put(&format!("outside/app/{file}"), "kept");
    }
    let outside =
        |disk: &Disk| disk.snapshot().into_iter().filter(|(path, _)| path.starts_with("outside/")).collect::<Vec<_>>();
    let before = outside(&disk);
    let (client, aside, away) = (disk.path("rendered/e/C1"), disk.path("aside"), disk.path("outside"));
    let done = AtomicBool::new(false);
    std::thread::scope(|threads| {
        threads.spawn(|| {
            while !done.load(Ordering::Relaxed) {
                std::fs::rename(&client, &aside).unwrap();
                if std::os::unix::fs::symlink(&away, &client).is_ok() {
                    std::fs::remove_file(&client).unwrap();
                }
                if std::fs::rename(&aside, &client).is_err() {
                    // lmsgen has made the folder anew meanwhile.
                    std::fs::remove_dir_all(&aside).unwrap();
                }
            }
        });
        for round in 0..200 {
            let content = round.to_string();
            let tree = tree(&[("e/C1/app/a.yaml", content.as_str()), ("e/C2/app/a.yaml", &content)]);
            match disk.render(&tree, &Scope::All) {
                Ok(_) | Err(Error::Raced { .. } | Error::System { .. } | Error::Kind { .. }) => {}
                Err(other) => panic!("{other}"),
            }
        }
        done.store(true, Ordering::Relaxed);
    });
    assert_eq!(outside(&disk), before);
}

/// What somebody else puts there between plan and apply is not overwritten.
#[test]
fn a_file_or_folder_that_appears_meanwhile_is_kept() {
    for (path, planted) in [
        ("rendered/e/C1/app/c.yaml", "rendered/e/C1/app/c.yaml"),
        ("rendered/e/C3", "rendered/e/C3/app/mine.yaml"),
        ("rendered/e/C3", "rendered/e/C3"),
    ] {
        let disk = Disk::new();
        disk.render_all(&old());
        let target = disk.path(planted);
        let disk = disk.with_hook(Arc::new(move |op, at| {
            if op == Op::Rename && at == path {
                std::fs::create_dir_all(target.parent().unwrap()).unwrap();
                std::fs::write(&target, "mine").unwrap();
            }
            Ok(())
        }));
        let error = disk.render(&new(), &Scope::All).unwrap_err();
        let text = format!("`{path}` was changed by somebody else while lmsgen was writing; run this again");
        assert_eq!(error.to_string(), text);
        assert_eq!(std::fs::read(disk.path(planted)).unwrap(), b"mine");
        assert!(disk.state().iter().all(|name| !name.starts_with("tmp-")));
        // Nor by the run after that.
        let disk = disk.without_hook();
        disk.render(&new(), &Scope::All).unwrap();
        assert_eq!(std::fs::read(disk.path(planted)).unwrap(), b"mine");
    }
}
