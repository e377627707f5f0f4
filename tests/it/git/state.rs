//! States of a clone: those that publishing refuses, and those it must not be led astray by.

#![expect(clippy::disallowed_methods, reason = "tests write files")]

use lmsgen::git::{Error, Exit, Repository, SignOff, Signing, Verdict};

use super::fleet::Fleet;

/// Publishes a change, and expects problems with these messages, in this class.
fn refused(fleet: &Fleet, exit: Exit, messages: &[&str]) {
    fleet.write("clients/C3.toml", "name = \"three\"\n");
    let head = fleet.git(&["rev-parse", "HEAD"]);
    let error = fleet.fails();
    let Error::Problems(problems) = &error else { panic!("{error:?}") };
    let found: Vec<&str> = problems.iter().map(|problem| problem.message.as_str()).collect();
    assert_eq!(found, messages);
    assert_eq!(error.exit(), exit);
    assert!(problems.iter().all(|problem| problem.help.is_some()));
    assert_eq!(fleet.git(&["rev-parse", "HEAD"]), head);
}

#[test]
fn folders_that_are_no_work_tree() {
    let folder = tempfile::tempdir().unwrap();
    let open = |name: &str| Repository::open(&folder.path().join(name)).err().expect("a fault");
    let init = |args: &[&str]| crate::support::git_server::git(folder.path(), args);
    std::fs::create_dir(folder.path().join("plain")).unwrap();
    init(&["init", "-q", "--bare", "bare"]);
    init(&["init", "-q", "--object-format=sha256", "sha256"]);
    init(&["init", "-q", "partial"]);
    init(&["-C", "partial", "config", "core.repositoryFormatVersion", "1"]);
    init(&["-C", "partial", "config", "extensions.partialClone", "origin"]);
    init(&["init", "-q", "reftable"]);
    init(&["-C", "reftable", "config", "core.repositoryFormatVersion", "1"]);
    init(&["-C", "reftable", "config", "extensions.refStorage", "reftable"]);

    assert!(matches!(open("plain"), Error::NotARepository(_)));
    assert!(matches!(open("bare"), Error::Bare(_)));
    for (name, extension) in [
        ("sha256", "extensions.objectFormat"),
        ("partial", "extensions.partialClone"),
        ("reftable", "extensions.refStorage"),
    ] {
        let error = open(name);
        assert!(
            matches!(&error, Error::Extension { extension: found } if found.eq_ignore_ascii_case(extension)),
            "{error}"
        );
        assert_eq!(error.exit(), Exit::Git);
    }
    assert!(matches!(open("missing"), Error::Io { .. }));
    assert!(matches!(open("bare/objects"), Error::Bare(_)));
    init(&["init", "-q", "good"]);
    assert!(matches!(open("good/.git"), Error::NotARepository(_)));
}

#[test]
fn a_detached_head() {
    let (_server, fleet) = Fleet::published();
    fleet.git(&["switch", "-q", "--detach"]);
    refused(&fleet, Exit::Git, &["HEAD is detached: no branch would hold the commit"]);
}

#[test]
fn another_branch_than_the_configured_one() {
    let (_server, mut fleet) = Fleet::published();
    fleet.git(&["switch", "-qc", "mine"]);
    fleet.options.branch = Some("main".into());
    refused(&fleet, Exit::Git, &["branch `mine` is checked out; this fleet is published from `main`"]);
}

#[test]
fn operations_in_progress() {
    let (_server, fleet) = Fleet::published();
    fleet.write("notes.txt", "base\n");
    fleet.git(&["add", "."]);
    fleet.git(&["commit", "-qm", "base"]);
    fleet.git(&["switch", "-qc", "other"]);
    fleet.write("notes.txt", "other\n");
    fleet.git(&["commit", "-qam", "other"]);
    fleet.git(&["switch", "-q", "main"]);
    fleet.write("notes.txt", "main\n");
    fleet.git(&["commit", "-qam", "main"]);
    for (start, message, end) in [
        ("merge other", "a merge is in progress", "merge --abort"),
        ("rebase other", "a rebase is in progress", "rebase --abort"),
        ("cherry-pick other", "a cherry-pick is in progress", "cherry-pick --abort"),
        ("revert --no-commit HEAD~1", "a revert is in progress", "revert --abort"),
        ("bisect start", "a bisection is in progress", "bisect reset"),
    ] {
        fleet.git_may_fail(&start.split(' ').collect::<Vec<_>>());
        refused(&fleet, Exit::Git, &[message]);
        fleet.git(&end.split(' ').collect::<Vec<_>>());
    }
}

#[test]
fn locks_are_named_and_kept() {
    let (_server, fleet) = Fleet::published();
    let lock = fleet.top().join(".git/index.lock");
    std::fs::write(&lock, "").unwrap();
    std::fs::write(fleet.top().join(".git/refs/heads/main.lock"), "").unwrap();
    let error = fleet.fails();
    assert_eq!(error.exit(), Exit::Busy);
    let text = error.to_string();
    assert!(text.contains("index.lock` exists since 20") && text.contains("refs/heads/main.lock"), "{text}");
    assert!(lock.exists());
    assert!(error.help().unwrap().contains("remove"));
}

#[test]
fn an_index_lock_that_appears_while_publishing() {
    let (server, fleet) = Fleet::published();
    let lock = fleet.top().join(".git/index.lock");
    let mut toy = super::fleet::Toy::new(&fleet.root());
    let made = lock.clone();
    toy.meanwhile = Some(Box::new(move |_| std::fs::write(&made, "").unwrap()));
    fleet.write("clients/C3.toml", "name = \"three\"\n");
    match fleet.publish_as(&mut toy) {
        Err(super::fleet::Failure::Git(error)) => {
            assert!(matches!(error, Error::Locked { .. }), "{error}");
            assert_eq!(error.exit(), Exit::Busy);
        }
        other => panic!("{other:?}"),
    }
    std::fs::remove_file(&lock).unwrap();
    assert_eq!(fleet.publish().unwrap().verdict, Verdict::UpToDate);
    assert_eq!(server.count(), 2);
    fleet.assert_clean();
}

#[test]
fn attributes_and_submodules_in_the_fleet() {
    let (_server, fleet) = Fleet::published();
    fleet.write("rendered/.gitattributes", "* text\n");
    refused(
        &fleet,
        Exit::Guard,
        &["`rendered/.gitattributes` could change rendered files on their way into a work tree"],
    );
    fleet.git(&["add", "-f", "rendered/.gitattributes"]);
    refused(
        &fleet,
        Exit::Guard,
        &["`rendered/.gitattributes` could change rendered files on their way into a work tree"],
    );
    fleet.git(&["rm", "-qf", "rendered/.gitattributes"]);

    let head = fleet.git(&["rev-parse", "HEAD"]);
    fleet.git(&["update-index", "--add", "--cacheinfo", &format!("160000,{head},clients/sub")]);
    refused(&fleet, Exit::Guard, &["`clients/sub` is a submodule"]);
    fleet.git(&["update-index", "--force-remove", "clients/sub"]);

    fleet.git(&["init", "-q", "rendered"]);
    refused(&fleet, Exit::Guard, &["`rendered` is a Git repository of its own"]);
}

#[test]
fn everything_that_is_wrong_at_once() {
    let (_server, mut fleet) = Fleet::published();
    fleet.git(&["switch", "-qc", "mine"]);
    fleet.options.branch = Some("main".into());
    fleet.write("rendered/.gitattributes", "* text\n");
    refused(
        &fleet,
        Exit::Guard,
        &[
            "branch `mine` is checked out; this fleet is published from `main`",
            "`rendered/.gitattributes` could change rendered files on their way into a work tree",
        ],
    );
}

#[test]
fn bytes_are_committed_as_they_are() {
    let (server, fleet) = Fleet::published();
    fleet.git(&["config", "core.autocrlf", "true"]);
    fleet.git(&["config", "filter.x.clean", "tr a-z A-Z"]);
    let publish_with = |attributes: &str, name: &str| {
        fleet.write(".gitattributes", attributes);
        fleet.git(&["add", ".gitattributes"]);
        fleet.git(&["commit", "-qm", "attributes"]);
        let text = format!("name = \"{name}\"\n# $Id: x $");
        fleet.write("clients/C3.toml", format!("{text}\n"));
        fleet.publish().unwrap();
        for path in ["clients/C3.toml", "rendered/dev/C3/app/configmap-quote.yaml"] {
            assert_eq!(server.git(&["cat-file", "blob", &format!("main:{path}")]), text);
        }
    };
    publish_with("* text eol=crlf\n", "three");
    fleet.assert_clean();
    publish_with("*.yaml ident working-tree-encoding=UTF-16\n*.toml filter=x\n", "THREE");
}

#[test]
fn a_checkout_with_crlf_is_not_a_change() {
    let (server, fleet) = Fleet::published();
    fleet.git(&["config", "core.autocrlf", "true"]);
    fleet.write("clients/C1.toml", "name = \"one\"\r\n");
    let published = fleet.publish().unwrap();
    assert_eq!((published.verdict, server.count()), (Verdict::UpToDate, 1));
    assert_eq!(fleet.read("clients/C1.toml"), "name = \"one\"\r\n");
}

#[test]
fn ignored_output_is_committed_all_the_same() {
    let (server, fleet) = Fleet::published();
    fleet.write(".gitignore", "rendered/\n*.toml\n");
    fleet.git(&["add", ".gitignore"]);
    fleet.git(&["commit", "-qm", "ignore"]);
    fleet.write("clients/C3.toml", "name = \"three\"\n");
    fleet.publish().unwrap();
    assert_eq!(server.git(&["cat-file", "blob", "main:rendered/dev/C3/app/configmap-quote.yaml"]), "name = \"three\"");
    fleet.assert_clean();
}

#[test]
fn modes_are_kept() {
    let (server, fleet) = Fleet::published();
    fleet.git(&["update-index", "--chmod=+x", "clients/C1.toml"]);
    fleet.git(&["commit", "-qm", "mode"]);
    fleet.git(&["checkout", "-q", "--", "clients"]);
    fleet.write("clients/C1.toml", "name = \"ONE\"\n");
    fleet.publish().unwrap();
    assert!(server.git(&["ls-tree", "main", "clients/C1.toml"]).starts_with("100755 "));
    fleet.assert_clean();
    fleet.write("templates/tool.sh", "#!/bin/sh\n");
    let path = fleet.root().join("templates/tool.sh");
    std::fs::set_permissions(&path, std::os::unix::fs::PermissionsExt::from_mode(0o755)).unwrap();
    fleet.publish().unwrap();
    assert!(server.git(&["ls-tree", "main", "templates/tool.sh"]).starts_with("100755 "));
    fleet.assert_clean();
}

#[test]
fn a_sparse_checkout_that_hides_clients() {
    let (server, fleet) = Fleet::published();
    fleet.git(&["update-index", "--skip-worktree", "clients/C2.toml"]);
    fleet.remove("clients/C2.toml");
    let error = fleet.fails();
    assert!(matches!(error, Error::Hidden { .. }), "{error}");
    assert_eq!(error.exit(), Exit::Guard);
    assert_eq!(server.count(), 1);
}

#[test]
fn a_linked_work_tree() {
    let (server, fleet) = Fleet::published();
    // A linked work tree has its own HEAD and index, and shares branches and objects.
    let other = tempfile::tempdir().unwrap();
    let path = other.path().join("linked");
    fleet.git(&["worktree", "add", "-q", "-b", "linked", path.to_str().unwrap()]);
    let linked = Fleet::at(other, "linked");
    linked.write("clients/C3.toml", "name = \"three\"\n");
    assert_eq!(linked.publish().unwrap().branch, "linked");
    assert_eq!(server.tip("linked"), fleet.git(&["rev-parse", "linked"]));
    fleet.assert_clean();
}

#[test]
fn nobody_to_commit_as() {
    let (_server, mut fleet) = Fleet::published();
    fleet.write("clients/C3.toml", "name = \"three\"\n");
    fleet.anonymous = true;
    let error = fleet.fails();
    assert!(matches!(error, Error::NoIdentity), "{error}");
    assert!(error.help().unwrap().contains("user.email"));
    fleet.git(&["config", "user.name", "Config"]);
    fleet.git(&["config", "user.email", "config@example.com"]);
    fleet.publish().unwrap();
    assert_eq!(
        fleet.git(&["log", "-1", "--format=%an %ae %cn %ce"]),
        "Config config@example.com Config config@example.com"
    );
}

#[test]
fn authors_and_sign_offs() {
    let (_server, mut fleet) = Fleet::published();
    fleet.write("clients/C3.toml", "name = \"three\"\n");
    fleet.options.author = Some("nobody".into());
    assert!(matches!(fleet.fails(), Error::BadAuthor(_)));
    fleet.options.author = Some("Пётр <petr@example.com>".into());
    fleet.options.sign_off = SignOff::Add;
    fleet.publish().unwrap();
    assert_eq!(fleet.git(&["log", "-1", "--format=%an <%ae>, %cn"]), "Пётр <petr@example.com>, Build Bot");
    let body = fleet.git(&["log", "-1", "--format=%B"]);
    assert!(body.trim_end().ends_with("\n\nSigned-off-by: Build Bot <bot@example.com>"), "{body}");
}

#[test]
fn signatures_are_made_by_git() {
    let (_server, mut fleet) = Fleet::published();
    fleet.write("clients/C3.toml", "name = \"three\"\n");
    let key = fleet.top().join(".git/key");
    let made =
        crate::support::git_server::run("ssh-keygen", &["-q", "-t", "ed25519", "-N", "", "-f", key.to_str().unwrap()]);
    if !made {
        return; // Needs OpenSSH, which the README does not ask for.
    }
    fleet.git(&["config", "gpg.format", "ssh"]);
    fleet.options.signing = Signing::Key(key.to_str().unwrap().into());
    fleet.publish().unwrap();
    let commit = fleet.git(&["cat-file", "commit", "HEAD"]);
    assert!(commit.contains("gpgsig -----BEGIN SSH SIGNATURE-----"), "{commit}");
    assert!(commit.contains("\nauthor Анна Ivanova <anna@example.com> 1767312245 +0300\n"), "{commit}");
    fleet.assert_clean();

    fleet.write("clients/C3.toml", "name = \"THREE\"\n");
    fleet.options.signing = Signing::Key("/nowhere".into());
    assert!(matches!(fleet.fails(), Error::Program { .. }));
}

#[test]
fn hooks_and_settings_that_do_not_apply_are_noted() {
    let (_server, fleet) = Fleet::published();
    fleet.git(&["config", "commit.gpgsign", "true"]);
    super::fleet::write(&fleet.top().join(".git/hooks/pre-commit"), b"#!/bin/sh\nexit 1\n");
    fleet.write("clients/C3.toml", "name = \"three\"\n");
    let notes = fleet.publish().unwrap().notes;
    assert_eq!(notes.len(), 2, "{notes:?}");
    assert!(notes[0].contains("commit.gpgsign") && notes[1].contains("pre-commit"), "{notes:?}");
}
