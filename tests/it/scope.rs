//! `validate --scope clients --base REV`: a merge request that claims to change only clients, in real repositories.

#![allow(clippy::disallowed_methods, reason = "tests make links and modes")]

use std::os::unix::fs::{PermissionsExt as _, symlink};

use crate::support::fleet::{Fleet, Ran};

const TEMPLATES: [(&str, &str); 2] = [
    ("templates/t/stack.toml", "client-id = '^[A-Za-z][0-9]+$'\nphases = [\"app\"]\n"),
    (
        "templates/t/app/config.yaml",
        "apiVersion: v1\nkind: ConfigMap\nmetadata:\n  name: c-{{ client.slug }}\n  namespace: {{ environment.namespace }}\n",
    ),
];
const CLIENT: &str = "name = \"Two\"\n\n[environments.dev]\n";

/// A fleet with everything committed on `main`, and the branch `mr` checked out.
fn fleet() -> Fleet {
    let fleet = Fleet::tiny(&TEMPLATES);
    fleet.write(".gitlab-ci.yml", "verify: {script: [lmsgen validate]}\n");
    fleet.write(".gitignore", "/target/\n");
    fleet.commit_all();
    fleet.git(&["switch", "-q", "-c", "mr"]);
    fleet
}

fn check(fleet: &Fleet) -> Ran {
    fleet.run(&["validate", "--scope", "clients", "--base", "main"])
}

#[test]
fn clients_may_come_change_and_go() {
    let fleet = fleet();
    check(&fleet).exits(0);
    fleet.write("clients/C2.toml", CLIENT);
    check(&fleet).exits(0);
    fleet.git(&["add", "-A"]);
    check(&fleet).exits(0);
    fleet.commit_all();
    check(&fleet).exits(0);
    fleet.edit("clients/C2.toml", "Two", "Three");
    fleet.git(&["mv", "clients/C1.toml", "clients/C3.toml"]);
    fleet.commit_all();
    check(&fleet).exits(0);
    // Other files of the machine are no part of the fleet, and none of the merge request.
    fleet.write("report.json", "{}");
    fleet.write("target/x", "x");
    check(&fleet).exits(0);
    // What comes to the branch it goes into is not the merge request's doing.
    fleet.git(&["switch", "-q", "main"]);
    fleet.write("templates/t/app/other.yaml", "x: 1\n");
    fleet.git(&["add", "templates"]);
    fleet.git(&["commit", "-q", "-m", "other"]);
    fleet.git(&["switch", "-q", "mr"]);
    check(&fleet).exits(0);
}

type Change = fn(&Fleet);

/// What a merge request does besides changing a client, and what is said.
const REFUSED: [(&str, Change, &str); 24] = [
    ("template", |f| f.edit("templates/t/app/config.yaml", "c-", "d-"), "`templates/t/app/config.yaml` is changed"),
    ("new template", |f| f.write("templates/t/app/x.yaml", "{# optional #}"), "`templates/t/app/x.yaml` is added"),
    ("environment", |f| f.edit("environments/dev.toml", "1.35", "1.34"), "`environments/dev.toml` is changed"),
    ("gone environment", |f| f.remove("environments/dev.toml"), "`environments/dev.toml` is removed"),
    ("secret", |f| f.write("secrets/dev/C1/notes.md", "x\n"), "`publish` writes it after the merge"),
    ("rendered", |f| f.write("rendered/dev/C1/app/x.yaml", "x: 1\n"), "`publish` writes it after the merge"),
    ("CI", |f| f.write(".gitlab-ci.yml", "x: {script: [id]}\n"), "`.gitlab-ci.yml` is changed"),
    ("attributes", |f| f.write(".gitattributes", "* filter=x\n"), "`.gitattributes` is added"),
    ("attributes of clients", |f| f.write("clients/.gitattributes", "* -diff\n"), "`clients/.gitattributes` is added"),
    ("modules", |f| f.write(".gitmodules", "[submodule \"x\"]\npath = x\nurl = y\n"), "`.gitmodules` is added"),
    (
        "configuration",
        |f| f.write("lmsgen.toml", "stack = \"t\"\n\n[git]\nmax-deleted = 9\n"),
        "`lmsgen.toml` is changed",
    ),
    ("recipients", |f| f.write(".sops.yaml", "creation_rules: []\n"), "`.sops.yaml` is added"),
    ("ignored files", |f| f.write(".gitignore", "*\n"), "`.gitignore` is changed"),
    ("sub-folder", |f| f.write("clients/a/C2.toml", CLIENT), "`clients/a/C2.toml` is added"),
    ("other folder", |f| f.write("Clients/C2.toml", CLIENT), "`Clients/C2.toml` is added"),
    ("other ending", |f| f.write("clients/C2.TOML", CLIENT), "`clients/C2.TOML` is added"),
    ("hidden", |f| f.write("clients/.C2.toml", CLIENT), "`clients/.C2.toml` is not named like a client"),
    (
        "case twin",
        |f| f.write("clients/c1.toml", CLIENT),
        "`clients/c1.toml` differs from `clients/C1.toml` by case only",
    ),
    (
        "renamed out",
        |f| drop(f.git(&["mv", "clients/C1.toml", "templates/t/app/C1.toml"])),
        "`templates/t/app/C1.toml` is added",
    ),
    ("control characters", |f| f.write("clients/\u{1b}[2J.toml", CLIENT), "`clients/\\u{1b}[2J.toml` is not named"),
    ("program", |f| mode(f, 0o755), "`clients/C1.toml` can be executed: mode 100755"),
    ("link to a client", |f| link(f, "C1.toml"), "`clients/C9.toml` is a symbolic link"),
    ("link away", |f| link(f, "/etc/passwd"), "`clients/C9.toml` is a symbolic link"),
    ("folder that is a link", folder_link, "`clients` is added"),
];

fn mode(fleet: &Fleet, mode: u32) {
    let permissions = std::fs::Permissions::from_mode(mode);
    std::fs::set_permissions(fleet.root().join("clients/C1.toml"), permissions).unwrap();
}

fn link(fleet: &Fleet, target: &str) {
    symlink(target, fleet.root().join("clients/C9.toml")).unwrap();
}

fn folder_link(fleet: &Fleet) {
    std::fs::rename(fleet.root().join("clients"), fleet.root().join("elsewhere")).unwrap();
    symlink("elsewhere", fleet.root().join("clients")).unwrap();
}

#[test]
fn anything_else_is_refused_committed_or_not() {
    for (what, change, said) in REFUSED {
        let fleet = fleet();
        fleet.write("clients/C2.toml", CLIENT);
        change(&fleet);
        let refused = |when: &str| {
            let ran = check(&fleet);
            assert!(ran.err.contains("error[LMS64"), "{what}, {when}: {}", ran.err);
            assert_eq!(ran.code, 8, "{what}, {when}: {}", ran.err);
            let said = if when == "committed" { said } else { said.split(" is ").next().unwrap() };
            assert!(ran.err.contains(said), "{what}, {when}: no `{said}` in {}", ran.err);
            assert!(!ran.err.contains("passwd"), "{what}: {}", ran.err);
        };
        // Git does not know new files yet.
        let is_untracked_elsewhere =
            matches!(what, "attributes" | "modules" | "other folder" | "folder that is a link");
        if !is_untracked_elsewhere {
            refused("changed");
        }
        fleet.git(&["add", "-A"]);
        refused("staged");
        fleet.git(&["commit", "-q", "-m", "mr"]);
        refused("committed");
    }
}

#[test]
fn a_submodule_is_refused() {
    let fleet = fleet();
    let head = fleet.git(&["rev-parse", "HEAD"]);
    fleet.git(&["update-index", "--add", "--cacheinfo", &format!("160000,{head},clients/C5.toml")]);
    check(&fleet).exits(8).says("`clients/C5.toml` is a repository of its own");
    fleet.git(&["commit", "-q", "-m", "submodule"]);
    check(&fleet).exits(8).says("`clients/C5.toml` is a repository of its own");
}

#[test]
fn a_change_that_the_work_tree_hides_counts() {
    let fleet = fleet();
    fleet.write("templates/t/app/config.yaml", "x: 1\n");
    fleet.commit_all();
    let old = fleet.git(&["show", "main:templates/t/app/config.yaml"]);
    fleet.write("templates/t/app/config.yaml", format!("{old}\n"));
    check(&fleet).exits(8).says("`templates/t/app/config.yaml` is changed, and is no file");
    fleet.git(&["add", "-A"]);
    check(&fleet).exits(8).says("`templates/t/app/config.yaml` is changed, and is no file");
}

#[test]
fn every_path_is_listed_beside_the_fleet_s_own_faults() {
    let fleet = fleet();
    fleet.write("clients/C2.toml", "nam = \"Two\"\n\n[environments.dev]\n");
    fleet.write(".gitattributes", "x\n");
    fleet.write("environments/x.txt", "x\n");
    fleet.commit_all();
    let ran = check(&fleet).exits(8).says("`.gitattributes` is added").says("`environments/x.txt` is added");
    ran.says("did you mean `name`?");
    let ran = fleet.run(&["validate", "--scope", "clients", "--base", "main", "-o", "json"]).exits(8);
    ran.prints("\"code\": \"LMS640\"").prints("\"class\": \"guard\"").prints("\"path\": \".gitattributes\"");
    // Reports for a merge request show each at its file.
    let ran = fleet.run(&["validate", "--scope", "clients", "--base", "main", "-o", "gitlab"]).exits(8);
    ran.prints("\"path\": \"environments/x.txt\"");
    let ran = fleet.run(&["validate", "--scope", "clients", "--base", "main", "-o", "github"]).exits(8);
    ran.prints("file=.gitattributes");
}

#[test]
fn a_fleet_in_a_sub_folder_owns_only_its_clients() {
    let fleet = Fleet::empty();
    let tiny = Fleet::tiny(&TEMPLATES);
    crate::support::fleet::copy(&tiny.root(), &fleet.root().join("fleet"));
    fleet.commit_all();
    fleet.git(&["switch", "-q", "-c", "mr"]);
    let check = || fleet.run(&["-C", "fleet", "validate", "--scope", "clients", "--base", "main"]);
    fleet.write("fleet/clients/C2.toml", CLIENT);
    fleet.commit_all();
    check().exits(0);
    fleet.write("clients/C2.toml", CLIENT);
    fleet.commit_all();
    check().exits(8).says("`clients/C2.toml` is added");
}

#[test]
fn without_a_base_nothing_passes() {
    let fleet = fleet();
    fleet.run(&["validate", "--scope", "clients"]).exits(2).says("--base");
    fleet.run(&["validate", "--base", "main"]).exits(2).says("--scope");
    let with = |base: &str| fleet.run(&["validate", "--scope", "clients", "--base", base]);
    with("origin/main").exits(6).says("`origin/main` names no commit of this repository");
    with("").exits(6);
    // Who may push tags can give one the name of the branch: Git itself would take the tag.
    fleet.git(&["update-ref", "refs/remotes/origin/main", "main"]);
    with("origin/main").exits(0);
    fleet.write("templates/t/app/config.yaml", "x: 1\n");
    fleet.commit_all();
    fleet.git(&["tag", "origin/main", "HEAD"]);
    with("origin/main").exits(8).says("can mean `refs/tags/origin/main` and `refs/remotes/origin/main`");
    with("origin/main~0").exits(8).says("write the one that is meant in full: `refs/remotes/origin/main`");
    with("refs/remotes/origin/main").exits(8).says("`templates/t/app/config.yaml` is changed");
    let id = fleet.git(&["rev-parse", "main"]);
    with(&id).exits(8).says("`templates/t/app/config.yaml` is changed");
    fleet.git(&["tag", &id[..8], "HEAD"]);
    with(&id[..8]).exits(8).says("can mean");
    // Other short ways to name what Git would look for later.
    let described = format!("main-0-g{}", &id[..8]);
    fleet.git(&["tag", &described, "HEAD"]);
    with(&described).exits(8).says("can mean");
    fleet.git(&["tag", "-d", "origin/main"]);
    fleet.git(&["symbolic-ref", "refs/remotes/origin/HEAD", "refs/remotes/origin/main"]);
    with("origin").exits(8).says("`templates/t/app/config.yaml` is changed");
    fleet.git(&["tag", "origin", "HEAD"]);
    with("origin").exits(8).says("can mean `refs/tags/origin` and `refs/remotes/origin/HEAD`");
    // What is written in full cannot be made to mean something else.
    fleet.git(&["update-ref", "refs/heads/refs/remotes/origin/main", "HEAD"]);
    with("refs/remotes/origin/main").exits(8).says("`templates/t/app/config.yaml` is changed");
    fleet.git(&["update-ref", "-d", "refs/heads/refs/remotes/origin/main"]);
    // Histories that have nothing in common, or too much.
    fleet.git(&["checkout", "-q", "--orphan", "alone"]);
    with("main").exits(6).says("HEAD and `main` have no commit in common");
    fleet.git(&["commit", "-q", "-m", "alone"]);
    with("main").exits(6).says("HEAD and `main` have no commit in common");
}

#[test]
fn branches_merged_both_ways_have_no_one_base() {
    let fleet = fleet();
    let commit = |path: &str| {
        fleet.write(path, CLIENT);
        fleet.commit_all();
    };
    commit("clients/C2.toml");
    let ours = fleet.git(&["rev-parse", "HEAD"]);
    fleet.git(&["switch", "-q", "main"]);
    commit("clients/C3.toml");
    let theirs = fleet.git(&["rev-parse", "HEAD"]);
    fleet.git(&["merge", "-q", "--no-ff", "-m", "m", &ours]);
    fleet.git(&["switch", "-q", "mr"]);
    fleet.git(&["merge", "-q", "--no-ff", "-m", "m", &theirs]);
    check(&fleet).exits(6).says("2 commits could be where they parted").says("git rebase main");
}

#[test]
fn a_shallow_clone_and_no_repository_do_not_pass() {
    let fleet = fleet();
    fleet.write("clients/C2.toml", CLIENT);
    fleet.commit_all();
    let clone = fleet.root().with_file_name("clone");
    let url = format!("file://{}", fleet.root().display());
    fleet.git(&["clone", "-q", "--depth=1", "--no-single-branch", &url, clone.to_str().unwrap()]);
    let check = || fleet.prepare(&["validate", "--scope", "clients", "--base", "origin/main"]).within(&clone).go();
    check().exits(6).says("this is a shallow clone").says("git fetch --unshallow");
    crate::support::git_server::git(&clone, &["fetch", "-q", "--unshallow"]);
    check().exits(0);

    let fleet = Fleet::tiny(&TEMPLATES);
    fleet.run(&["validate", "--scope", "clients", "--base", "main"]).exits(6).says("not inside a Git repository");
}
