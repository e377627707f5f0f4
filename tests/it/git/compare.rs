//! Comparing a rendering with a revision, without a checkout.

use lmsgen::git::Error;
use lmsgen::names::RelPath;
use lmsgen::tree::{FileChange, Folder, Tree};

use super::fleet::{Fleet, render, sources};

fn path(text: &str) -> RelPath {
    RelPath::new(text).unwrap()
}

fn shown(changes: &[FileChange]) -> Vec<String> {
    changes.iter().map(|change| format!("{change:?}")).collect()
}

#[test]
fn a_rendering_against_revisions() {
    let (_server, fleet) = Fleet::published();
    fleet.write("clients/C1.toml", "name = \"ONE\"\n");
    fleet.remove("clients/C2.toml");
    fleet.write("clients/C3.toml", "name = \"three\"\n");
    let tree = render(&sources(&fleet.root())).tree;
    let repository = fleet.repository();
    let head = repository.head().unwrap();
    let all = [path("rendered")];
    let changes = repository.changed_files(head.as_ref(), &tree, &all).unwrap();
    assert_eq!(
        shown(&changes),
        [
            "changed rendered/dev/C1/app/configmap-quote.yaml",
            "deleted rendered/dev/C2/app/configmap-quote.yaml",
            "deleted rendered/dev/C2/app/kustomization.yaml",
            "deleted rendered/dev/C2/app/secret-token.yaml",
            "created rendered/dev/C3/app/configmap-quote.yaml",
            "created rendered/dev/C3/app/kustomization.yaml",
            "created rendered/dev/C3/app/secret-token.yaml",
        ]
    );
    assert_eq!(changes[0].old.as_deref(), Some(b"name = \"one\"\n".as_slice()));
    assert_eq!(changes[0].new.as_deref(), Some(b"name = \"ONE\"\n".as_slice()));
    assert_eq!(changes[1].new, None);

    // A selection: nothing outside of it counts, as rendered or as missing.
    let some = [path("rendered/dev/C1")];
    assert_eq!(shown(&repository.changed_files(head.as_ref(), &tree, &some).unwrap()), shown(&changes[..1]));
    // Nothing committed yet: everything is new.
    assert_eq!(repository.changed_files(None, &tree, &all).unwrap().len(), tree.n_files());
    // The working tree and the index do not count.
    fleet.publish().unwrap();
    let head = repository.head().unwrap();
    assert_eq!(repository.changed_files(head.as_ref(), &tree, &all).unwrap().len(), 1, "only C3's own secret");
    let before = repository.resolve("HEAD~1").unwrap();
    assert_eq!(shown(&repository.changed_files(Some(&before), &tree, &all).unwrap()), shown(&changes));
}

#[test]
fn revisions_have_a_headline() {
    let (server, fleet) = Fleet::published();
    let repository = fleet.repository();
    for name in ["HEAD", "main", "origin/main", &server.tip("main")[..8]] {
        let revision = repository.resolve(name).unwrap();
        assert_eq!(revision.id(), server.tip("main"));
        assert_eq!(revision.short(), server.tip("main")[..7]);
        assert_eq!((revision.author.as_str(), revision.summary.as_str()), ("Анна Ivanova", "publish 11 files"));
        assert_eq!((revision.time, revision.offset), (1_767_312_246, 180));
    }
    for name in ["nothing", "HEAD^{tree}", "HEAD:clients", ""] {
        assert!(matches!(repository.resolve(name), Err(Error::UnknownRevision(_))), "{name}");
    }
}

#[test]
fn a_file_where_a_folder_was() {
    let (server, fleet) = Fleet::published();
    let repository = fleet.repository();
    let head = repository.head().unwrap();
    let folder = |at: &str, name: &str| Folder { path: path(at), files: vec![(name.into(), b"x\n".as_slice().into())] };
    let tree = Tree::new(vec![folder("rendered/dev/C1", "app")]);
    let changes = repository.changed_files(head.as_ref(), &tree, &[path("rendered/dev/C1")]).unwrap();
    assert_eq!(changes.len(), 4, "{changes:?}");
    assert_eq!(shown(&changes)[0], "created rendered/dev/C1/app");
    drop(server);
}

#[test]
fn many_folders_and_many_changes() {
    let (_server, fleet) = Fleet::published();
    for n in 0..700 {
        fleet.write(&format!("clients/M{n}.toml"), format!("name = \"{n}\"\n"));
    }
    fleet.publish().unwrap();
    fleet.assert_clean();
    for n in 0..700 {
        fleet.write(&format!("clients/M{n}.toml"), format!("name = \"changed {n}\"\n"));
    }
    let tree = render(&sources(&fleet.root())).tree;
    let repository = fleet.repository();
    let changes = repository.changed_files(repository.head().unwrap().as_ref(), &tree, &[path("rendered")]).unwrap();
    assert_eq!(changes.len(), 700);
    for change in &changes {
        let (old, new) = (change.old.as_ref().unwrap(), change.new.as_ref().unwrap());
        let text = |data: &[u8]| String::from_utf8(data.to_vec()).unwrap();
        assert_eq!(text(old).replace("name = \"", "name = \"changed "), text(new), "{}", change.path);
    }
}
