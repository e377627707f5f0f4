//! What servers, lines and other publishers do: refusals, races, lies, cuts.

use std::sync::Arc;
use std::thread;

use lmsgen::git::{Error, Exit, SourcePolicy, Verdict};

use super::fleet::{Failure, Fleet, Toy, apply, render, sources};
use crate::support::git_server::{GitServer, git};
use crate::support::proxy::{Cut, Proxy};

/// Another clone of the fleet, where somebody else works.
fn colleague(server: &GitServer) -> Fleet {
    Fleet::clone_of(&server.url())
}

#[test]
fn a_refusal_shows_what_the_server_says_and_changes_nothing() {
    let (server, fleet) = Fleet::published();
    server.hook("pre-receive", "printf '\\033[31mno merge request\\033[0m for https://x:tok@host/\\n' >&2; exit 1");
    fleet.write("clients/C3.toml", "name = \"three\"\n");
    let before = (server.tip("main"), fleet.git(&["rev-parse", "HEAD"]), fleet.git(&["status", "--porcelain"]));
    let error = fleet.fails();
    let text = error.to_string();
    assert!(matches!(error, Error::Refused { .. }), "{text}");
    assert!(text.contains("[remote rejected] (pre-receive hook declined)"), "{text}");
    assert!(text.contains("remote: no merge request for https://***@host/"), "{text}");
    assert_eq!(error.exit(), Exit::Git);
    assert_eq!(before, (server.tip("main"), fleet.git(&["rev-parse", "HEAD"]), fleet.git(&["status", "--porcelain"])));

    server.unhook("pre-receive");
    assert_eq!(fleet.publish().unwrap().verdict, Verdict::Pushed);
    assert_eq!(server.count(), 2);
    fleet.assert_clean();
}

#[test]
fn a_server_that_says_yes_and_drops_the_commit_is_not_believed() {
    let (server, fleet) = Fleet::published();
    server.hook("post-receive", "read old new ref; git update-ref $ref $old");
    fleet.write("clients/C3.toml", "name = \"three\"\n");
    let head = fleet.git(&["rev-parse", "HEAD"]);
    let error = fleet.fails();
    assert!(matches!(error, Error::NotMoved { .. }), "{error}");
    assert_eq!(error.exit(), Exit::Git);
    assert_eq!(fleet.git(&["rev-parse", "HEAD"]), head);
    server.unhook("post-receive");
    assert_eq!(fleet.publish().unwrap().verdict, Verdict::Pushed);
    fleet.assert_clean();
}

#[test]
fn what_the_server_says_on_success_is_passed_on() {
    let (server, mut fleet) = Fleet::published();
    server.git(&["config", "receive.advertisePushOptions", "true"]);
    server.hook("post-receive", "echo \"option: $GIT_PUSH_OPTION_0\" >&2");
    fleet.options.push_options = vec!["ci.skip".into()];
    fleet.write("clients/C3.toml", "name = \"three\"\n");
    let text = fleet.publish().unwrap().server_text;
    assert!(text.contains("remote: option: ci.skip\n"), "{text}");
}

#[test]
fn sources_are_merged_with_upstream_and_rendered_again() {
    let (server, fleet) = Fleet::published();
    let other = colleague(&server);
    other.write("clients/C2.toml", "name = \"TWO\"\n");
    other.write("clients/C4.toml", "name = \"four\"\n");
    other.write("README.md", "hello\n");
    other.git(&["add", "."]);
    other.git(&["commit", "-qm", "readme"]);
    other.publish().unwrap();

    fleet.write("clients/C1.toml", "name = \"ONE\"\n");
    let mut toy = Toy::new(&fleet.root());
    let published = fleet.publish_as(&mut toy).unwrap();
    assert_eq!(published.verdict, Verdict::Pushed);
    let merged: Vec<&str> = published.merged.iter().map(lmsgen::names::RelPath::as_str).collect();
    assert_eq!(merged, ["clients/C2.toml", "clients/C4.toml", "secrets/dev/C4/token.yaml"]);
    assert_eq!((toy.renders, server.count()), (1, 4));
    assert_eq!(
        toy.proposals,
        ["publish 2 files\n\nChanged clients/C1.toml\nChanged rendered/dev/C1/app/configmap-quote.yaml"]
    );
    // Everything is here as well: sources, output, and what is not the fleet's.
    assert_eq!(fleet.read("clients/C4.toml"), "name = \"four\"\n");
    assert_eq!(fleet.read("rendered/dev/C4/app/configmap-quote.yaml"), "name = \"four\"\n");
    assert_eq!(fleet.read("README.md"), "hello\n");
    assert_eq!(fleet.read("secrets/dev/C4/token.yaml"), other.read("secrets/dev/C4/token.yaml"));
    assert_eq!(fleet.git(&["rev-parse", "HEAD", "origin/main"]), format!("{0}\n{0}", server.tip("main")));
    fleet.assert_clean();
}

#[test]
fn upstream_s_other_files_come_along_and_the_changed_ones_here_stay() {
    let (server, fleet) = Fleet::published();
    let other = colleague(&server);
    other.write("README.md", "hello\n");
    other.write("docs/a.md", "a\n");
    other.write("rendered/dev/C1/app/FOREIGN", "theirs\n");
    other.git(&["add", "."]);
    other.git(&["commit", "-qm", "docs"]);
    other.git(&["push", "-q"]);
    fleet.write("mine.txt", "mine\n");
    fleet.git(&["add", "mine.txt"]);
    fleet.write("clients/C3.toml", "name = \"three\"\n");

    // Stopped after upstream's files were taken, before anything else: the next run completes it.
    let mut toy = Toy::new(&fleet.root());
    toy.broken = true;
    assert!(matches!(fleet.publish_as(&mut toy), Err(Failure::Refused(_))));
    assert_eq!(server.count(), 3);
    let published = fleet.publish().unwrap();
    assert_eq!((published.verdict, server.count()), (Verdict::UpToDate, 3));
    assert_eq!(fleet.read("README.md") + &fleet.read("docs/a.md"), "hello\na\n");
    assert_eq!(fleet.read("rendered/dev/C1/app/FOREIGN"), "theirs\n");
    assert_eq!(fleet.git(&["status", "--porcelain"]), "A  mine.txt");

    // And back: files that upstream removes go.
    other.git(&["pull", "-q"]);
    other.git(&["rm", "-q", "README.md", "rendered/dev/C1/app/FOREIGN"]);
    other.git(&["commit", "-qm", "less"]);
    other.git(&["push", "-q"]);
    fleet.publish().unwrap();
    assert!(!fleet.root().join("README.md").exists() && !fleet.root().join("rendered/dev/C1/app/FOREIGN").exists());
    assert_eq!(fleet.git(&["status", "--porcelain"]), "A  mine.txt");
}

#[test]
fn a_clone_without_commits_of_a_remote_that_has_some() {
    let server = GitServer::start();
    let late = colleague(&server);
    let first = colleague(&server);
    first.write("lmsgen.toml", "stack = \"lms\"\n");
    first.write("clients/C1.toml", "name = \"one\"\n");
    first.write("README.md", "hello\n");
    first.git(&["add", "README.md"]);
    first.git(&["commit", "-qm", "readme"]);
    first.publish().unwrap();
    late.write("lmsgen.toml", "stack = \"lms\"\n");
    late.write("clients/C2.toml", "name = \"two\"\n");
    assert_eq!(late.publish().unwrap().verdict, Verdict::Pushed);
    assert_eq!(server.count(), 3);
    assert_eq!(late.read("README.md") + &late.read("clients/C1.toml"), "hello\nname = \"one\"\n");
    late.assert_clean();
}

#[test]
fn a_commit_made_here_meanwhile_is_not_overwritten() {
    let (server, fleet) = Fleet::published();
    fleet.write("clients/C3.toml", "name = \"three\"\n");
    let mut toy = Toy::new(&fleet.root());
    let top = fleet.top().to_owned();
    toy.meanwhile = Some(Box::new(move |_| {
        git(&top, &["commit", "-q", "--allow-empty", "-m", "meanwhile"]);
    }));
    match fleet.publish_as(&mut toy) {
        Err(Failure::Git(error)) => {
            assert!(matches!(error, Error::LocalMoved { .. }), "{error}");
            assert_eq!(error.exit(), Exit::Busy);
        }
        other => panic!("{other:?}"),
    }
    assert_eq!(server.count(), 2);
    assert_eq!(fleet.git(&["log", "-1", "--format=%s"]), "meanwhile");
}

#[test]
fn a_clone_that_is_only_behind_is_brought_forward_without_a_commit() {
    let (server, fleet) = Fleet::published();
    let other = colleague(&server);
    other.write("clients/C4.toml", "name = \"four\"\n");
    other.remove("clients/C2.toml");
    other.remove("secrets/dev/C2/token.yaml");
    other.publish().unwrap();
    let published = fleet.publish().unwrap();
    assert_eq!(published.verdict, Verdict::UpToDate);
    assert_eq!(server.count(), 2);
    assert_eq!(fleet.git(&["rev-parse", "HEAD"]), server.tip("main"));
    assert!(!fleet.root().join("clients/C2.toml").exists());
    fleet.assert_clean();
}

#[test]
fn the_same_file_changed_on_both_sides_is_for_a_person() {
    let (server, fleet) = Fleet::published();
    let other = colleague(&server);
    other.write("clients/C1.toml", "name = \"theirs\"\n");
    other.publish().unwrap();
    fleet.write("clients/C1.toml", "name = \"mine\"\n");
    fleet.write("clients/C3.toml", "name = \"three\"\n");
    let before = fleet.git(&["status", "--porcelain"]);
    let error = fleet.fails();
    assert_eq!(error.exit(), Exit::Busy);
    assert_eq!(error.to_string(), "`clients/C1.toml` is changed both here and on `origin`");
    assert_eq!(fleet.git(&["status", "--porcelain"]), before);
    assert_eq!(fleet.read("clients/C1.toml"), "name = \"mine\"\n");
    assert_eq!(server.count(), 2);
}

#[test]
fn the_way_out_of_a_conflict_works_with_output_that_was_rendered() {
    const OUTPUT: &str = "rendered/dev/C1/app/configmap-quote.yaml";
    let (server, fleet) = Fleet::published();
    let other = colleague(&server);
    other.write("clients/C1.toml", "name = \"theirs\"\n");
    other.publish().unwrap();
    fleet.write("clients/C1.toml", "name = \"mine\"\n");
    apply(&fleet.root(), &render(&sources(&fleet.root())).tree);
    let help = fleet.fails().help().unwrap();
    let steps = [
        "`git add -A`",
        "`git commit -m wip`",
        "`git pull --rebase origin main`",
        "settle the named files",
        "publish again",
    ];
    let places: Vec<_> = steps.iter().map(|step| help.find(step).expect(step)).collect();
    assert!(places.is_sorted(), "{help}");

    fleet.git(&["add", "-A"]);
    fleet.git(&["commit", "-qm", "wip"]);
    fleet.git_may_fail(&["pull", "-q", "--rebase", "origin", "main"]);
    assert_eq!(fleet.git(&["diff", "--name-only", "--diff-filter=U"]), format!("clients/C1.toml\n{OUTPUT}"));
    fleet.write("clients/C1.toml", "name = \"both\"\n");
    fleet.git(&["checkout", "-q", "--ours", OUTPUT]);
    fleet.git(&["add", "clients", "rendered"]);
    fleet.git(&["-c", "core.editor=true", "rebase", "--continue"]);
    assert_eq!(fleet.publish().unwrap().verdict, Verdict::Pushed);
    assert_eq!(server.git(&["show", &format!("main:{OUTPUT}")]), "name = \"both\"");
    assert_eq!(server.count(), 4);
    fleet.assert_clean();
}

#[test]
fn the_same_change_on_both_sides_is_no_conflict() {
    let (server, fleet) = Fleet::published();
    let other = colleague(&server);
    for clone in [&other, &fleet] {
        clone.write("clients/C1.toml", "name = \"same\"\n");
        clone.write("clients/C3.toml", "name = \"three\"\n");
    }
    other.publish().unwrap();
    let published = fleet.publish().unwrap();
    assert_eq!(published.verdict, Verdict::UpToDate);
    assert_eq!(server.count(), 2);
    assert_eq!(fleet.read("secrets/dev/C3/token.yaml"), other.read("secrets/dev/C3/token.yaml"));
    fleet.assert_clean();
}

#[test]
fn what_was_published_from_here_and_changed_since_is_no_conflict() {
    let (server, fleet) = Fleet::published();
    fleet.write("clients/C1.toml", "name = \"mine\"\n");
    let mut toy = Toy::new(&fleet.root());
    toy.broken = true;
    assert!(matches!(fleet.publish_as(&mut toy), Err(Failure::Refused(_))));
    // The push arrived, this clone does not know; then a colleague changes the same file again.
    let other = colleague(&server);
    other.write("clients/C1.toml", "name = \"theirs\"\n");
    other.publish().unwrap();
    assert_eq!(fleet.publish().unwrap().verdict, Verdict::UpToDate);
    assert_eq!(fleet.read("clients/C1.toml"), "name = \"theirs\"\n");
    fleet.assert_clean();
}

#[test]
fn the_remote_moves_between_look_and_push() {
    let (server, fleet) = Fleet::published();
    let server = Arc::new(server);
    fleet.write("clients/C3.toml", "name = \"three\"\n");
    let mut toy = Toy::new(&fleet.root());
    let their_server = Arc::clone(&server);
    toy.meanwhile = Some(Box::new(move |attempt| {
        if attempt <= 2 {
            let other = colleague(&their_server);
            other.write(&format!("clients/D{attempt}.toml"), "name = \"meanwhile\"\n");
            other.publish().unwrap();
        }
    }));
    let published = fleet.publish_as(&mut toy).unwrap();
    assert_eq!((published.verdict, published.attempts, toy.renders), (Verdict::Pushed, 3, 3));
    assert_eq!(server.count(), 4);
    // Generated once, though rendered three times.
    let secret = server.git(&["log", "--format=%H", "main", "--", "secrets/dev/C3/token.yaml"]);
    assert_eq!(secret.lines().count(), 1);
    fleet.assert_clean();
}

#[test]
fn everybody_else_is_always_faster() {
    let (server, mut fleet) = Fleet::published();
    fleet.options.attempts = 2;
    let server = Arc::new(server);
    fleet.write("clients/C3.toml", "name = \"three\"\n");
    let mut toy = Toy::new(&fleet.root());
    let their_server = Arc::clone(&server);
    toy.meanwhile = Some(Box::new(move |attempt| {
        let other = colleague(&their_server);
        other.write(&format!("clients/D{attempt}.toml"), "name = \"meanwhile\"\n");
        other.publish().unwrap();
    }));
    match fleet.publish_as(&mut toy) {
        Err(Failure::Git(error)) => {
            assert!(matches!(error, Error::Raced { attempts: 2, .. }), "{error}");
            assert_eq!(error.exit(), Exit::Busy);
        }
        other => panic!("{other:?}"),
    }
    assert_eq!(fleet.git(&["status", "--porcelain"]), "?? clients/C3.toml");
}

#[test]
fn a_lock_that_stays_on_the_server_is_a_refusal_in_the_end() {
    let (server, mut fleet) = Fleet::published();
    fleet.options.attempts = 2;
    std::fs::write(server.repository().join("refs/heads/main.lock"), "").unwrap();
    fleet.write("clients/C3.toml", "name = \"three\"\n");
    let error = fleet.fails();
    assert!(matches!(error, Error::Refused { .. }), "{error:?}");
    assert_eq!((error.exit(), server.count()), (Exit::Git, 1));
}

#[test]
fn secrets_generated_by_two_at_once_are_those_that_arrived_first() {
    let (server, fleet) = Fleet::published();
    let server = Arc::new(server);
    fleet.write("clients/C3.toml", "name = \"three\"\n");
    let mut toy = Toy::new(&fleet.root());
    let their_server = Arc::clone(&server);
    toy.meanwhile = Some(Box::new(move |attempt| {
        if attempt == 1 {
            let other = colleague(&their_server);
            other.write("clients/C3.toml", "name = \"three\"\n");
            other.publish().unwrap();
        }
    }));
    let published = fleet.publish_as(&mut toy).unwrap();
    assert_eq!(published.verdict, Verdict::UpToDate);
    assert_eq!(fleet.read("secrets/dev/C3/token.yaml"), fleet.read("rendered/dev/C3/app/secret-token.yaml"));
    assert_eq!(server.count(), 2);
    fleet.assert_clean();
}

#[test]
fn a_file_outside_the_fleet_that_changed_here_and_upstream_stops_before_the_push() {
    let (server, fleet) = Fleet::published();
    let other = colleague(&server);
    other.write("README.md", "theirs\n");
    other.git(&["add", "."]);
    other.git(&["commit", "-qm", "readme"]);
    other.git(&["push", "-q"]);
    fleet.write("README.md", "mine\n");
    fleet.write("clients/C3.toml", "name = \"three\"\n");
    let tip = server.tip("main");
    let error = fleet.fails();
    assert!(matches!(error, Error::WouldOverwrite { .. }), "{error}");
    assert!(error.to_string().contains("README.md"), "{error}");
    assert_eq!((server.tip("main"), fleet.read("README.md")), (tip, "mine\n".into()));
}

#[test]
fn a_file_that_is_changed_while_the_push_runs_is_kept() {
    let (server, fleet) = Fleet::published();
    let other = colleague(&server);
    other.write("README.md", "theirs\n");
    other.git(&["add", "."]);
    other.git(&["commit", "-qm", "readme"]);
    other.git(&["push", "-q"]);
    fleet.write("clients/C3.toml", "name = \"three\"\n");
    // Made by the server's hook: after the check, before this clone follows.
    let readme = fleet.root().join("README.md");
    server.hook("post-receive", &format!("echo mine > '{}'", readme.display()));
    let error = fleet.fails();
    assert!(matches!(error, Error::Behind { .. }), "{error}");
    assert_eq!((error.exit(), fleet.read("README.md")), (Exit::Busy, "mine\n".into()));
    server.unhook("post-receive");
    fleet.remove("README.md");
    assert_eq!(fleet.publish().unwrap().verdict, Verdict::UpToDate);
    assert_eq!((server.count(), fleet.read("README.md")), (3, "theirs\n".into()));
    fleet.assert_clean();
}

#[test]
fn commits_that_were_not_pushed_and_a_remote_that_moved_need_a_rebase() {
    let (server, fleet) = Fleet::published();
    let other = colleague(&server);
    other.write("clients/C4.toml", "name = \"four\"\n");
    other.publish().unwrap();
    fleet.write("notes.txt", "mine\n");
    fleet.git(&["add", "."]);
    fleet.git(&["commit", "-qm", "mine"]);
    let error = fleet.fails();
    assert_eq!(error.to_string(), "`main` has 1 unpushed commit, and `origin` has 1 that it lacks");
    assert_eq!(
        (error.exit(), error.help().as_deref()),
        (Exit::Git, Some("run `git pull --rebase origin main`, then publish again"))
    );
    fleet.git(&["pull", "-q", "--rebase"]);
    fleet.write("clients/C3.toml", "name = \"three\"\n");
    assert_eq!(fleet.publish().unwrap().verdict, Verdict::Pushed);
    assert_eq!(server.count(), 4);
}

#[test]
fn history_that_was_rewritten_needs_a_person() {
    let (server, fleet) = Fleet::published();
    fleet.write("clients/C3.toml", "name = \"three\"\n");
    fleet.publish().unwrap();
    server.git(&["update-ref", "refs/heads/main", "main~1"]);
    let other = colleague(&server);
    other.write("clients/C4.toml", "name = \"four\"\n");
    other.publish().unwrap();
    let error = fleet.fails();
    assert!(matches!(error, Error::Rewritten { .. }), "{error}");
    assert_eq!(error.exit(), Exit::Guard);
    // Looking at it did not make it pass: the tracking branch is where it was.
    assert!(matches!(fleet.fails(), Error::Rewritten { .. }));
}

#[test]
fn a_branch_that_was_deleted_on_the_remote_is_not_made_again() {
    let (server, fleet) = Fleet::published();
    server.git(&["branch", "trunk", "main"]);
    server.git(&["update-ref", "-d", "refs/heads/main"]);
    let error = fleet.fails();
    assert!(matches!(error, Error::BranchGone { .. }), "{error}");
    assert_eq!(server.tip("main"), "");
}

#[test]
fn a_remote_that_moved_to_an_empty_repository_gets_everything() {
    let (old, fleet) = Fleet::published();
    let new = GitServer::start();
    fleet.git(&["remote", "set-url", "origin", &new.url()]);
    // Nothing but commits that the old one has; then one of its own.
    assert_eq!(fleet.publish().unwrap().verdict, Verdict::Pushed);
    assert_eq!(new.tip("main"), old.tip("main"));
    let newer = GitServer::start();
    fleet.git(&["remote", "set-url", "origin", &newer.url()]);
    fleet.write("clients/C3.toml", "name = \"three\"\n");
    assert_eq!(fleet.publish().unwrap().verdict, Verdict::Pushed);
    assert_eq!((old.count(), new.count(), newer.count()), (1, 1, 2));
    assert_eq!(newer.tip("main"), fleet.git(&["rev-parse", "origin/main"]));
    fleet.assert_clean();
}

#[test]
fn a_new_branch_is_made_on_the_remote() {
    let (server, fleet) = Fleet::published();
    fleet.git(&["switch", "-qc", "feature/x"]);
    fleet.write("clients/C3.toml", "name = \"three\"\n");
    assert_eq!(fleet.publish().unwrap().branch, "feature/x");
    assert_eq!(server.tip("feature/x"), fleet.git(&["rev-parse", "HEAD"]));
    assert_eq!(server.count(), 1);
}

#[test]
fn a_shallow_clone_publishes_and_merges() {
    let (server, fleet) = Fleet::published();
    fleet.write("clients/C3.toml", "name = \"three\"\n");
    fleet.publish().unwrap();
    let shallow = Fleet::shallow_clone_of(&server.url());
    fleet.write("clients/C4.toml", "name = \"four\"\n");
    fleet.publish().unwrap();
    shallow.write("clients/C5.toml", "name = \"five\"\n");
    assert_eq!(shallow.publish().unwrap().verdict, Verdict::Pushed);
    assert_eq!(server.count(), 4);
    assert_eq!(shallow.git(&["status", "--porcelain"]), "");
}

#[test]
fn a_shallow_clone_that_cannot_tell_says_so() {
    let (server, fleet) = Fleet::published();
    fleet.write("clients/C3.toml", "name = \"three\"\n");
    fleet.publish().unwrap();
    let shallow = Fleet::shallow_clone_of(&server.url());
    // The remote goes back and elsewhere: what connects the two lies behind the shallow boundary.
    server.git(&["update-ref", "refs/heads/main", "main~1"]);
    let other = colleague(&server);
    other.write("clients/C4.toml", "name = \"four\"\n");
    other.publish().unwrap();
    let error = shallow.fails();
    assert!(matches!(error, Error::Shallow { .. }), "{error}");
    assert!(error.help().unwrap().contains("git fetch --unshallow"));
}

#[test]
fn an_unreachable_remote_is_named_without_credentials() {
    let (_server, fleet) = Fleet::published();
    fleet.git(&["remote", "set-url", "origin", "git://user:hunter2@127.0.0.1:1/fleet.git"]);
    let error = fleet.fails();
    assert_eq!(error.exit(), Exit::Git);
    assert!(!format!("{error} {error:?}").contains("hunter2"), "{error:?}");
    let text = error.to_string();
    assert!(text.starts_with("cannot read remote `origin` at `git://***@127.0.0.1:1/fleet.git`:\n"), "{text}");
    let help = "nothing was changed; check the network and the address in `git remote -v`, then publish again";
    assert_eq!(error.help().as_deref(), Some(help));
    fleet.git(&["remote", "remove", "origin"]);
    assert!(matches!(fleet.fails(), Error::NoRemote(_)));
}

#[test]
fn what_is_pushed_to_is_what_is_read_back() {
    let (server, fleet) = Fleet::published();
    let mirror = GitServer::start();
    // Fetching from a mirror that lags, pushing to the original.
    fleet.git(&["remote", "set-url", "origin", &mirror.url()]);
    fleet.git(&["remote", "set-url", "--push", "origin", &server.url()]);
    fleet.write("clients/C3.toml", "name = \"three\"\n");
    let published = fleet.publish().unwrap();
    assert_eq!((published.verdict, published.address), (Verdict::Pushed, Some(server.url())));
    assert_eq!((server.count(), mirror.tip("main").as_str()), (2, ""));

    fleet.git(&["remote", "set-url", "--push", "--add", "origin", &mirror.url()]);
    assert!(matches!(fleet.fails(), Error::ManyAddresses { count: 2, .. }));
}

/// Cuts a push at many places; whatever happens, the remote is old or new, and the next run converges.
fn cut_everywhere(cut: fn(usize) -> Cut, places: impl Iterator<Item = usize>) {
    let (server, fleet) = Fleet::published();
    let proxy = Proxy::to(server.port());
    fleet.git(&["remote", "set-url", "origin", &proxy.url()]);
    let mut failures = 0;
    for (n, place) in places.enumerate() {
        let before = server.tip("main");
        // Incompressible, so that the pack is long enough to be cut.
        let noise: Vec<String> = (0..200).map(|k| format!("{:x}", (n * 7919 + k * 104_729) * 2_654_435_761)).collect();
        let noise = noise.concat();
        fleet.write("clients/C1.toml", format!("name = \"cut {n} {noise}\"\n"));
        let count = server.count();
        proxy.set(cut(place));
        let result = fleet.publish();
        proxy.set(Cut::Nowhere);
        let after = server.tip("main");
        match result {
            Ok(published) => assert_eq!(published.commit.unwrap().id(), after, "cut after {place}"),
            Err(Failure::Git(error)) => {
                assert_eq!(error.exit(), Exit::Git, "cut after {place}: {error}");
                assert!(after == before || server.count() == count + 1, "cut after {place}");
                failures += 1;
            }
            Err(other) => panic!("{other:?}"),
        }
        let published = fleet.publish().unwrap();
        assert_eq!(server.count(), count + 1, "cut after {place}: one commit, not two");
        assert_eq!(published.commit.unwrap().id(), server.tip("main"));
        fleet.assert_clean();
    }
    assert!(failures > 0, "nothing was cut");
}

#[test]
fn a_push_cut_on_the_way_to_the_server() {
    cut_everywhere(Cut::PushTo, [0, 50, 250, 700, 1500].into_iter());
}

#[test]
fn a_push_cut_on_the_way_back() {
    cut_everywhere(Cut::PushFrom, [0, 60, 260, 320].into_iter());
}

#[test]
fn a_push_whose_reply_and_every_later_word_is_lost() {
    cut_everywhere(Cut::PushFromThenAll, [0, 270, 320].into_iter());
}

#[test]
fn no_line_at_all() {
    let (server, fleet) = Fleet::published();
    let proxy = Proxy::to(server.port());
    fleet.git(&["remote", "set-url", "origin", &proxy.url()]);
    proxy.set(Cut::All);
    let error = fleet.fails();
    assert!(matches!(error, Error::Unreachable { .. }), "{error}");
    assert_eq!(error.exit(), Exit::Git);
}

#[test]
fn racing_publishers_lose_nothing_and_repeat_nothing() {
    const PUBLISHERS: usize = 3;
    const ROUNDS: usize = 4;
    let (server, _fleet) = Fleet::published();
    let url = server.url();
    let workers: Vec<_> = (0..PUBLISHERS)
        .map(|worker| {
            let url = url.clone();
            thread::spawn(move || {
                let mut fleet = Fleet::clone_of(&url);
                fleet.options.attempts = 30;
                fleet.options.jitter_seed = worker as u64;
                for round in 0..ROUNDS {
                    fleet.write(&format!("clients/W{worker}-{round}.toml"), format!("name = \"{worker} {round}\"\n"));
                    let published = fleet.publish().unwrap();
                    assert_eq!(published.verdict, Verdict::Pushed);
                }
                fleet.assert_clean();
            })
        })
        .collect();
    for worker in workers {
        worker.join().unwrap();
    }
    let files = server.git(&["ls-tree", "-r", "--name-only", "main", "clients", "rendered"]);
    for worker in 0..PUBLISHERS {
        for round in 0..ROUNDS {
            assert!(files.contains(&format!("clients/W{worker}-{round}.toml\n")), "{worker} {round} is lost");
            assert!(files.contains(&format!("rendered/dev/W{worker}-{round}/app/secret-token.yaml")));
        }
    }
    // One commit a publication, each on top of the one before: none lost, none twice.
    assert_eq!(server.count(), 1 + PUBLISHERS * ROUNDS);
    assert_eq!(server.git(&["rev-list", "--merges", "--count", "main"]), "0");
    let log = server.git(&["log", "--format=", "--name-only", "--diff-filter=A", "main", "--", "clients"]);
    assert_eq!(log.lines().filter(|line| !line.is_empty()).count(), 2 + PUBLISHERS * ROUNDS);
    server.git(&["fsck", "--strict"]);
}

#[test]
fn pipelines_that_refuse_uncommitted_sources_still_merge() {
    let (server, mut fleet) = Fleet::published();
    fleet.options.sources = SourcePolicy::Refuse;
    let other = colleague(&server);
    other.write("clients/C4.toml", "name = \"four\"\n");
    // A merge request brings sources only; the pipeline renders.
    other.git(&["add", "clients"]);
    other.git(&["commit", "-qm", "add C4"]);
    other.git(&["push", "-q"]);
    let published = fleet.publish().unwrap();
    assert_eq!(published.verdict, Verdict::Pushed);
    assert_eq!(server.git(&["show", "main:rendered/dev/C4/app/configmap-quote.yaml"]), "name = \"four\"");
    fleet.assert_clean();
}
