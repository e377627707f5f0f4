//! What keeps the secret store from being lost: files that are gone are not made anew, and a fault elsewhere blames none.

use crate::support::fleet::Fleet;

const FILES: [(&str, &str); 2] = [
    (
        "templates/t/stack.toml",
        "phases = [\"app\"]\n\n[params.level]\ntype = \"string\"\ndefault = \"info\"\ndescription = \"level\"\n\n\
         [secrets.db.password]\ngenerate = \"alphanumeric\"\n",
    ),
    (
        "templates/t/app/one.yaml",
        "apiVersion: v1\nkind: ConfigMap\nmetadata: {name: one-{{ client.slug }}, namespace: {{ environment.namespace }}}\n\
         data: {level: \"{{ params.level }}\"}\n",
    ),
];

const STORED: &str = "secrets/dev/C1/db.yaml";

fn committed() -> Fleet {
    let fleet = Fleet::tiny(&FILES);
    fleet.run(&["render"]).exits(0);
    fleet.commit_all();
    fleet
}

#[test]
fn a_committed_file_that_is_gone_is_not_made_anew() {
    let fleet = committed();
    let before = fleet.read(STORED);
    fleet.remove(STORED);
    for args in [&["render"][..], &["secrets", "generate"], &["publish", "--no-push"]] {
        fleet.run(args).exits(8).says(STORED).says("git checkout -- secrets/dev/C1/db.yaml");
        assert!(!fleet.has(STORED), "{args:?}");
    }
    // Nor is it said to go away.
    let diff = fleet.run(&["diff"]).exits(0);
    assert!(!diff.out.contains("Secret"), "{}", diff.out);

    fleet.git(&["checkout", "--", STORED]);
    assert_eq!(fleet.read(STORED), before);
    fleet.run(&["render"]).exits(0).says("Nothing to write");

    // A deletion that was committed is meant.
    fleet.git(&["rm", "-q", STORED]);
    fleet.git(&["commit", "-qm", "new values"]);
    fleet.run(&["render"]).exits(0).says("Generated 1 secret");
    assert_ne!(fleet.read(STORED), before);
}

#[test]
fn a_fault_elsewhere_never_advises_to_remove_a_secret() {
    for (path, from, to) in [
        ("clients/C1.toml", "name = \"One\"", "name = \"One"),
        ("clients/C1.toml", "environments.dev", "environments.devv"),
        ("environments/dev.toml", "recipients", "recipient"),
        ("templates/t/stack.toml", "alphanumeric", "alphanum"),
        ("lmsgen.toml", "\"t\"", "\"tt\""),
    ] {
        let fleet = committed();
        fleet.edit(path, from, to);
        let ran = fleet.run(&["validate"]).exits(3);
        for advice in ["git rm", "sops", "LMS4"] {
            assert!(!ran.err.contains(advice), "{path}: {from} -> {to}:\n{}", ran.err);
        }
    }
}
