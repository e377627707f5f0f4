//! Sources as they lie on a disk: links, special files, strange names, sizes.

use std::fs;
use std::os::unix::ffi::OsStrExt;
use std::os::unix::fs::symlink;
use std::path::Path;
use std::sync::Arc;

use lmsgen::diagnostic::Class;
use lmsgen::files::{Op, Root};
use lmsgen::fleet::{Loaded, Sources, load};
use rustix::fs::{CWD, FileType, Mode, mknodat};
use rustix::io::Errno;

use super::{BASE, said};

fn base_on_disk() -> tempfile::TempDir {
    let folder = tempfile::tempdir().unwrap();
    for (name, text) in BASE {
        put(folder.path(), name, text);
    }
    folder
}

fn put(root: &Path, name: &str, text: &str) {
    let path = root.join(name);
    fs::create_dir_all(path.parent().unwrap()).unwrap();
    fs::write(path, text).unwrap();
}

fn loaded(root: &Path) -> Loaded {
    load(&Sources::from_disk(&Root::open(root).unwrap()).unwrap())
}

fn found(root: &Path) -> String {
    let loaded = loaded(root);
    said(loaded.found.into_sorted(&loaded.sources), &loaded.sources)
}

#[test]
fn the_disk_and_memory_give_one_fleet() {
    let folder = base_on_disk();
    put(folder.path(), "secrets/dev/C1/app.yaml", "not: read");
    put(folder.path(), "rendered/dev/C1/main/x.yaml", "not: read");
    let from_disk = Sources::from_disk(&Root::open(folder.path()).unwrap()).unwrap();
    assert_eq!(from_disk, super::sources(&[]));
    assert_eq!(found(folder.path()), "");
}

#[test]
fn links_and_special_files_are_refused_without_a_word_about_where_they_lead() {
    let folder = base_on_disk();
    let clients = folder.path().join("clients");
    symlink("/etc/passwd", clients.join("C2.toml")).unwrap();
    symlink("../environments/dev.toml", clients.join("C3.toml")).unwrap();
    symlink("/nowhere-secret", clients.join("C4.toml")).unwrap();
    symlink("C5.toml", clients.join("C5.toml")).unwrap();
    mknodat(CWD, clients.join("C6.toml"), FileType::Fifo, Mode::RUSR, 0).unwrap();
    symlink("/etc", folder.path().join("templates/linked")).unwrap();
    let said = found(folder.path());
    for name in ["clients/C2.toml", "clients/C3.toml", "clients/C4.toml", "clients/C5.toml", "clients/C6.toml"] {
        assert!(said.contains(&format!("error LMS120 {name}:1:1 `{name}` is not a regular file")), "{said}");
    }
    assert!(said.contains("templates/linked"), "{said}");
    assert!(!said.contains("passwd") && !said.contains("secret") && !said.contains("/etc"), "{said}");
}

#[test]
fn a_folder_of_the_fleet_that_is_a_link_is_not_entered() {
    let folder = base_on_disk();
    fs::rename(folder.path().join("clients"), folder.path().join("elsewhere")).unwrap();
    symlink("elsewhere", folder.path().join("clients")).unwrap();
    let loaded = loaded(folder.path());
    assert!(loaded.found.has_errors());
    assert!(loaded.fleet.unwrap().clients.is_empty());
}

#[test]
fn names_that_are_no_text_are_reported() {
    let folder = base_on_disk();
    fs::write(folder.path().join("clients").join(std::ffi::OsStr::from_bytes(b"C\xff.toml")), "").unwrap();
    fs::write(folder.path().join("clients/C\u{1b}[2J.toml"), "").unwrap();
    let said = found(folder.path());
    assert_eq!(said.matches("error LMS124 - ").count(), 2, "{said}");
    assert!(!said.contains('\u{1b}'), "{said:?}");
}

#[test]
fn a_file_over_the_limit_is_not_read() {
    let folder = base_on_disk();
    fs::write(folder.path().join("clients/C1.toml"), vec![b'#'; (1 << 20) + 1]).unwrap();
    let loaded = loaded(folder.path());
    assert!(loaded.found.has_class(Class::Limit));
    fs::write(folder.path().join("clients/C1.toml"), vec![b'#'; 1 << 20]).unwrap();
    assert!(!self::loaded(folder.path()).found.has_class(Class::Limit), "the limit itself is allowed");
}

#[test]
fn a_file_that_cannot_be_read_is_named() {
    let folder = base_on_disk();
    let refuse = |_: Op, path: &str| if path == "clients/C1.toml" { Err(Errno::ACCESS) } else { Ok(()) };
    let root = Root::open(folder.path()).unwrap().with_hook(Arc::new(refuse));
    let fault = Sources::from_disk(&root).unwrap_err().to_string();
    assert!(fault.starts_with("cannot read `clients/C1.toml`: "), "{fault}");
}

/// What is removed while it is read was never there; what becomes a link is refused.
#[test]
fn files_that_change_while_they_are_read() {
    let folder = base_on_disk();
    let clients = folder.path().join("clients");
    put(folder.path(), "clients/C2.toml", "name = \"Two\"\n[environments.dev]\n");
    let change = move |op: Op, path: &str| {
        if op == Op::Open && path == "clients/C1.toml" {
            let _ = fs::remove_file(clients.join("C1.toml"));
        }
        if op == Op::Open && path == "clients/C2.toml" {
            let _ = fs::remove_file(clients.join("C2.toml"));
            let _ = symlink("/etc/passwd", clients.join("C2.toml"));
        }
        Ok(())
    };
    let root = Root::open(folder.path()).unwrap().with_hook(Arc::new(change));
    let loaded = load(&Sources::from_disk(&root).unwrap());
    let said = said(loaded.found.into_sorted(&loaded.sources), &loaded.sources);
    assert!(said.contains("`clients/C2.toml` is not a regular file") && !said.contains("C1"), "{said}");
}

#[test]
fn very_deep_folders_end_somewhere() {
    let folder = base_on_disk();
    let mut deep = folder.path().join("templates");
    for _ in 0..200 {
        deep.push("d");
    }
    fs::create_dir_all(&deep).unwrap();
    fs::write(deep.join("x.yaml"), "").unwrap();
    let said = found(folder.path());
    assert!(said.contains("LMS124"), "{said}");
}

#[test]
fn ten_thousand_unknown_keys_are_a_thousand_faults_and_a_count() {
    let folder = base_on_disk();
    let keys = (0..10_000).map(|n| format!("unknown-{n} = 1")).collect::<Vec<_>>().join("\n");
    put(folder.path(), "clients/C1.toml", &format!("name = \"One\"\n{keys}\n[environments.dev]\n"));
    let said = found(folder.path());
    assert_eq!(said.matches("error LMS103 ").count(), 1_001, "{said}");
    assert!(said.contains("and 9,000 more like these"), "{said}");
}

#[test]
fn one_hundred_thousand_clients_are_too_many() {
    let client = |n: usize| {
        let path = lmsgen::names::RelPath::new(&format!("clients/C{}.toml", n + 1)).unwrap();
        (path, lmsgen::fleet::Content::File(b"name = \"x\"\n[environments.dev]\n".as_slice().into()))
    };
    let mut sources = super::sources(&[]);
    for (path, content) in (0..100_000).map(client) {
        sources.insert(path, content);
    }
    let loaded = load(&sources);
    assert!(loaded.fleet.is_none() && loaded.found.has_class(Class::Limit));
    let said = said(loaded.found.into_sorted(&loaded.sources), &loaded.sources);
    assert!(said.contains("100,000 clients: a fleet has fewer than 100,000"), "{said}");
}

/// Editors and sorting differ; the result does not.
#[test]
fn the_order_of_files_and_the_number_of_threads_do_not_matter() {
    let client = |n: usize| {
        let path = lmsgen::names::RelPath::new(&format!("clients/C{}.toml", n + 1)).unwrap();
        let text = format!("nmae = 1\nname = \"{n}\"\nparams.replicas = {n}\n[environments.dev]\n");
        (path, lmsgen::fleet::Content::File(text.into_bytes().into()))
    };
    let describe = |order: &mut dyn Iterator<Item = usize>, threads: usize| {
        let mut sources = super::sources(&[]);
        for n in order {
            let (path, content) = client(n);
            sources.insert(path, content);
        }
        let pool = rayon::ThreadPoolBuilder::new().num_threads(threads).build().unwrap();
        let loaded = pool.install(|| load(&sources));
        let instances = format!("{:?}", loaded.fleet.unwrap().instances);
        (said(loaded.found.into_sorted(&loaded.sources), &loaded.sources), instances)
    };
    assert_eq!(describe(&mut (0..200), 1), describe(&mut (0..200).rev(), 4));
}
