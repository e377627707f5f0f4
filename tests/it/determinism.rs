//! The same inputs give the same bytes: at any number of threads, in any locale and time zone, from any folder, however
//! the files came to be.

use std::path::Path;

use crate::support::fleet::{Fleet, Run, Snapshot, copy, lmsgen, repository};

const SOURCES: [&str; 5] = ["lmsgen.toml", "environments", "clients", "templates", "secrets"];

/// The repository's fleet and the shops, without output.
fn fleets() -> [Fleet; 2] {
    [Fleet::of_repository(&SOURCES), Fleet::shops()]
}

fn rendered(fleet: &Fleet, prepare: impl Fn(Run) -> Run) -> Snapshot {
    let folder = fleet.root().join("rendered");
    if folder.exists() {
        std::fs::remove_dir_all(&folder).unwrap();
    }
    prepare(fleet.prepare(&["render", "--locked"])).go().exits(0);
    Snapshot::of(&folder)
}

#[test]
fn threads_locale_and_time_zone_change_nothing() {
    let expected =
        [Snapshot::of(&repository().join("rendered")), Snapshot::of(&repository().join("tests/cases/shop/out"))];
    for (fleet, expected) in fleets().iter().zip(expected) {
        for (name, value) in [
            ("RAYON_NUM_THREADS", "1"),
            ("RAYON_NUM_THREADS", "2"),
            ("RAYON_NUM_THREADS", "4"),
            ("LC_ALL", "tr_TR.UTF-8"),
            ("LC_ALL", "C"),
            ("LANG", "ru_RU.KOI8-R"),
            ("TZ", "Pacific/Kiritimati"),
            ("TZ", "America/St_Johns"),
            ("TMPDIR", "/nonexistent"),
            ("SOURCE_DATE_EPOCH", "0"),
        ] {
            let found = rendered(fleet, |run| run.env(name, value));
            assert!(expected.differences(&found).is_empty(), "{name}={value}: {:?}", expected.differences(&found));
        }
    }
}

#[test]
fn the_folder_it_runs_in_changes_nothing() {
    for fleet in fleets() {
        let expected = rendered(&fleet, |run| run);
        for below in ["clients", "templates"] {
            let found = rendered(&fleet, |run| run.within(&fleet.root().join(below)));
            expected.assert_same(&found);
        }
        std::fs::remove_dir_all(fleet.root().join("rendered")).unwrap();
        let root = fleet.root();
        lmsgen(Path::new("/"), &fleet.home(), &["-C", root.to_str().unwrap(), "render", "--locked"]).go().exits(0);
        expected.assert_same(&Snapshot::of(&root.join("rendered")));
    }
}

/// A folder lists its files in the order of their creation, or in no order at all.
#[test]
fn the_order_of_creation_changes_nothing() {
    for fleet in fleets() {
        let expected = rendered(&fleet, |run| run);
        let files: Vec<String> = fleet
            .snapshot()
            .0
            .keys()
            .filter(|path| !path.starts_with("rendered") && !path.ends_with('/'))
            .cloned()
            .collect();
        for seed in 0..3_u64 {
            let shuffled = Fleet::empty();
            for path in shuffle(&files, seed) {
                copy(&fleet.root().join(&path), &shuffled.root().join(&path));
            }
            expected.assert_same(&rendered(&shuffled, |run| run));
        }
    }
}

/// Files in another order for every seed.
fn shuffle(files: &[String], seed: u64) -> Vec<String> {
    let mut files = files.to_vec();
    let mut state = seed.wrapping_mul(0x9E37_79B9_7F4A_7C15) | 1;
    for at in (1..files.len()).rev() {
        state = state.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        files.swap(at, usize::try_from(state >> 33).unwrap() % (at + 1));
    }
    files
}

/// Rendering parts one after another gives what rendering everything gives.
#[test]
fn parts_add_up_to_the_whole() {
    for fleet in fleets() {
        let expected = rendered(&fleet, |run| run);
        std::fs::remove_dir_all(fleet.root().join("rendered")).unwrap();
        let list = fleet.run(&["client", "list"]).exits(0).out;
        for line in list.lines().rev() {
            fleet.run(&["render", "--locked", line.split_whitespace().next().unwrap()]).exits(0);
        }
        expected.assert_same(&Snapshot::of(&fleet.root().join("rendered")));
    }
}

/// What `validate` and `diff` say is in the same order every time.
#[test]
fn messages_come_in_one_order() {
    let fleet = Fleet::of_repository(&SOURCES);
    for id in ["C1", "C42", "C70", "C1000"] {
        let path = format!("clients/{id}.toml");
        let text = fleet.read(&path);
        fleet.write(&path, format!("nmae = \"x\"\n{text}"));
    }
    fleet.edit("environments/lms-dev.toml", "kubernetes = \"1.35\"", "kubernetes = \"new\"");
    let said = |threads: &str| {
        let ran = fleet.prepare(&["validate", "-v"]).env("RAYON_NUM_THREADS", threads).go().exits(3);
        (ran.out.clone(), ran.err_untimed().to_owned())
    };
    let first = said("1");
    for threads in ["1", "2", "4", "4"] {
        assert_eq!(said(threads), first);
    }
}
