//! The ordinary course of publishing, and other people's work beside it.

use lmsgen::git::{Destination, Error, Exit, SourcePolicy, Verdict};

use super::fleet::{Failure, Fleet, Toy, apply, render, sources};
use crate::support::git_server::GitServer;

#[test]
fn a_new_fleet_goes_to_an_empty_remote() {
    let server = GitServer::start();
    let fleet = Fleet::clone_of(&server.url());
    fleet.write("lmsgen.toml", "stack = \"lms\"\n");
    fleet.write("clients/C1.toml", "name = \"ООО «Ромашка»\"\n");
    fleet.write("notes.txt", "not the fleet's");
    let published = fleet.publish().unwrap();

    assert_eq!(published.verdict, Verdict::Pushed);
    assert_eq!(published.commit.unwrap().id(), server.tip("main"));
    assert_eq!(published.branch, "main");
    assert_eq!(published.address, Some(server.url()));
    assert_eq!(fleet.git(&["rev-parse", "HEAD", "origin/main"]), format!("{0}\n{0}", server.tip("main")));
    assert_eq!(fleet.git(&["status", "--porcelain"]), "?? notes.txt");
    assert_eq!(
        server.git(&["ls-tree", "-r", "--name-only", "main"]),
        "clients/C1.toml\nlmsgen.toml\nrendered/dev/C1/app/configmap-quote.yaml\nrendered/dev/C1/app/kustomization.yaml\n\
         rendered/dev/C1/app/secret-token.yaml\nsecrets/dev/C1/token.yaml"
    );
    assert_eq!(
        server.git(&["log", "-1", "--format=%an <%ae> %ad|%cn <%ce>|%s", "main"]),
        "Анна Ivanova <anna@example.com> Fri Jan 2 03:04:05 2026 +0300|Build Bot <bot@example.com>|publish 6 files"
    );
    // The secret that was generated is on disk, too.
    assert_eq!(fleet.read("secrets/dev/C1/token.yaml"), server.git(&["show", "main:secrets/dev/C1/token.yaml"]) + "\n");
    fleet.git(&["fsck", "--strict", "--no-dangling"]);
}

#[test]
fn publishing_again_makes_no_commit() {
    let (server, fleet) = Fleet::published();
    fleet.assert_clean();
    let published = fleet.publish().unwrap();
    assert_eq!(published.verdict, Verdict::UpToDate);
    assert_eq!(published.commit.unwrap().id(), server.tip("main"));
    assert!(published.changes.is_empty());
    assert_eq!(server.count(), 1);
    fleet.assert_clean();
}

#[test]
fn a_change_and_a_removal_are_one_commit() {
    let (server, fleet) = Fleet::published();
    fleet.write("clients/C1.toml", "name = \"ONE\"\n");
    fleet.remove("clients/C2.toml");
    let published = fleet.publish().unwrap();
    let changes: Vec<String> = published.changes.iter().map(|one| format!("{:?} {}", one.kind, one.path)).collect();
    assert_eq!(
        changes,
        [
            "Changed clients/C1.toml",
            "Deleted clients/C2.toml",
            "Changed rendered/dev/C1/app/configmap-quote.yaml",
            "Deleted rendered/dev/C2/app/configmap-quote.yaml",
            "Deleted rendered/dev/C2/app/kustomization.yaml",
            "Deleted rendered/dev/C2/app/secret-token.yaml",
        ]
    );
    assert_eq!(server.count(), 2);
    assert_eq!(published.commit.unwrap().id(), server.tip("main"));
    fleet.assert_clean();
}

#[test]
fn a_proposal_changes_nothing() {
    let (server, mut fleet) = Fleet::published();
    fleet.options.destination = Destination::Nowhere;
    fleet.write("clients/C3.toml", "name = \"three\"\n");
    let before = (server.tip("main"), fleet.git(&["rev-parse", "HEAD"]), fleet.git(&["status", "--porcelain"]));
    let published = fleet.publish().unwrap();
    assert_eq!((published.verdict, published.commit), (Verdict::Proposed, None));
    assert_eq!(published.changes.len(), 5);
    assert_eq!(before, (server.tip("main"), fleet.git(&["rev-parse", "HEAD"]), fleet.git(&["status", "--porcelain"])));
}

#[test]
fn without_a_remote_the_commit_stays_here_and_is_pushed_later() {
    let (server, mut fleet) = Fleet::published();
    fleet.options.destination = Destination::Local;
    fleet.write("clients/C3.toml", "name = \"three\"\n");
    assert_eq!(fleet.publish().unwrap().verdict, Verdict::Committed);
    assert_eq!(server.count(), 1);
    fleet.assert_clean();

    fleet.options.destination = Destination::Remote;
    assert_eq!(fleet.publish().unwrap().verdict, Verdict::Pushed);
    assert_eq!(server.count(), 2);
    assert_eq!(server.tip("main"), fleet.git(&["rev-parse", "HEAD"]));
}

#[test]
fn a_fleet_in_a_sub_folder_keeps_to_it() {
    let server = GitServer::start();
    let fleet = Fleet::clone_below(&server.url(), "infra/lms");
    fleet.write("clients/C1.toml", "name = \"one\"\n");
    fleet.write("../../README.md", "hello\n");
    fleet.git(&["add", "README.md"]);
    fleet.publish().unwrap();
    assert_eq!(
        server.git(&["ls-tree", "-r", "--name-only", "main"]),
        "infra/lms/clients/C1.toml\ninfra/lms/rendered/dev/C1/app/configmap-quote.yaml\n\
         infra/lms/rendered/dev/C1/app/kustomization.yaml\ninfra/lms/rendered/dev/C1/app/secret-token.yaml\n\
         infra/lms/secrets/dev/C1/token.yaml"
    );
    assert_eq!(fleet.git(&["status", "--porcelain"]), "A  README.md");
}

#[test]
fn what_others_changed_or_staged_stays_and_is_named() {
    let (server, fleet) = Fleet::published();
    for name in ["staged.txt", "dirty.txt", "both.txt"] {
        fleet.write(name, "1\n");
    }
    fleet.git(&["add", "."]);
    fleet.git(&["commit", "-qm", "files"]);
    fleet.write("staged.txt", "2\n");
    fleet.write("both.txt", "2\n");
    fleet.write("new.txt", "2\n");
    fleet.git(&["add", "."]);
    fleet.write("both.txt", "3\n");
    fleet.write("dirty.txt", "2\n");
    fleet.write("untracked.txt", "2\n");
    let before = fleet.git(&["status", "--porcelain"]);
    assert_eq!(before, "MM both.txt\n M dirty.txt\nA  new.txt\nM  staged.txt\n?? untracked.txt");

    fleet.write("clients/C1.toml", "name = \"ONE\"\n");
    let published = fleet.publish().unwrap();
    assert_eq!(published.left_alone, ["both.txt", "dirty.txt", "new.txt", "staged.txt"]);
    assert_eq!(fleet.git(&["status", "--porcelain"]), before);
    assert_eq!(server.git(&["show", "main:dirty.txt", "main:staged.txt", "main:both.txt"]), "1\n1\n1");
    assert_eq!(fleet.git(&["show", ":both.txt"]), "2");
}

#[test]
fn files_in_the_output_that_lmsgen_did_not_write_stay() {
    let (server, fleet) = Fleet::published();
    fleet.write("rendered/dev/C1/app/FOREIGN", "mine\n");
    fleet.write("rendered/dev/C2/app/FOREIGN", "mine\n");
    fleet.git(&["add", "rendered"]);
    fleet.git(&["commit", "-qm", "foreign"]);
    fleet.remove("clients/C2.toml");
    fleet.publish().unwrap();
    assert_eq!(
        server.git(&["ls-tree", "-r", "--name-only", "main", "rendered"]),
        "rendered/dev/C1/app/FOREIGN\nrendered/dev/C1/app/configmap-quote.yaml\nrendered/dev/C1/app/kustomization.yaml\n\
         rendered/dev/C1/app/secret-token.yaml\nrendered/dev/C2/app/FOREIGN"
    );
    fleet.assert_clean();
}

#[test]
fn staged_sources_follow_what_is_published() {
    let (server, fleet) = Fleet::published();
    fleet.write("clients/C1.toml", "name = \"staged\"\n");
    fleet.write("clients/C9.toml", "name = \"staged, then removed\"\n");
    fleet.git(&["add", "."]);
    fleet.write("clients/C1.toml", "name = \"one\"\n");
    fleet.remove("clients/C9.toml");
    let published = fleet.publish().unwrap();
    assert_eq!(published.verdict, Verdict::UpToDate);
    assert_eq!(server.count(), 1);
    fleet.assert_clean();
}

#[test]
fn uncommitted_sources_can_be_refused_but_secrets_are_still_generated() {
    let (server, mut fleet) = Fleet::published();
    fleet.options.sources = SourcePolicy::Refuse;
    fleet.write("clients/C3.toml", "name = \"three\"\n");
    let error = fleet.fails();
    assert!(matches!(&error, Error::UncommittedSources { paths } if paths[0].as_str() == "clients/C3.toml"), "{error}");
    assert_eq!(error.exit(), Exit::Guard);

    fleet.git(&["add", "clients"]);
    fleet.git(&["commit", "-qm", "add C3"]);
    assert_eq!(fleet.publish().unwrap().verdict, Verdict::Pushed);
    assert_eq!(server.count(), 3);
    fleet.assert_clean();
}

#[test]
fn what_the_workspace_refuses_is_not_published() {
    let (server, fleet) = Fleet::published();
    fleet.write("clients/C3.toml", "name = \"three\"\n");
    let mut toy = Toy::new(&fleet.root());
    toy.broken = true;
    let result = fleet.publish_as(&mut toy);
    assert!(matches!(result, Err(Failure::Refused("disk full"))), "{result:?}");
    // The remote has it, the clone does not; the next run completes the clone.
    assert_eq!(server.count(), 2);
    let published = fleet.publish().unwrap();
    assert_eq!(published.verdict, Verdict::UpToDate);
    assert_eq!(server.count(), 2);
    assert_eq!(fleet.git(&["rev-parse", "HEAD"]), server.tip("main"));
    fleet.assert_clean();
}

#[test]
fn commits_made_by_hand_are_pushed_without_another_one() {
    let (server, fleet) = Fleet::published();
    fleet.write("clients/C1.toml", "name = \"ONE\"\n");
    apply(&fleet.root(), &render(&sources(&fleet.root())).tree);
    fleet.git(&["commit", "-qam", "wip"]);
    let mut toy = Toy::new(&fleet.root());
    let published = fleet.publish_as(&mut toy).unwrap();
    assert_eq!((published.verdict, published.is_push_only()), (Verdict::Pushed, true));
    assert_eq!((published.commit.unwrap().id(), toy.proposals.len()), (server.tip("main"), 0));
    assert_eq!(server.count(), 2);

    // With something left to commit it is an ordinary publication.
    fleet.write("clients/C1.toml", "name = \"EINS\"\n");
    fleet.git(&["commit", "-qam", "wip"]);
    assert!(!fleet.publish().unwrap().is_push_only());
    assert_eq!(server.count(), 4);
    fleet.assert_clean();
}
