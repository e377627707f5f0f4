//! `[[allow]]`: what may stay, where, for how long and why; what it can never lift.

use crate::support::fleet::{Fleet, TINY_ENVIRONMENT};

const CONFIG: &str = "stack = \"t\"\n";

/// Three instances that take a host and an image which the environments do not allow.
fn fleet() -> Fleet {
    let ingress = "\
apiVersion: networking.k8s.io/v1
kind: Ingress
metadata:
  name: i-{{ client.slug }}
  namespace: {{ environment.namespace }}
spec:
  rules:
    - host: other.example
      http:
        paths:
          - path: /{{ client.slug }}
            pathType: Prefix
            backend: {service: {name: s, port: {number: 80}}}
";
    let fleet =
        Fleet::tiny(&[("templates/t/stack.toml", "phases = [\"app\"]\n"), ("templates/t/app/ingress.yaml", ingress)]);
    let policy = "policy.hosts = [\"own.example\"]\nexternal.services = [\"s\"]\n";
    fleet.write("environments/dev.toml", format!("{TINY_ENVIRONMENT}{policy}"));
    fleet.write("environments/prod.toml", format!("{}{policy}", TINY_ENVIRONMENT.replace("\"dev\"", "\"prod\"")));
    fleet.write("clients/C1.toml", "name = \"One\"\n\n[environments.dev]\n[environments.prod]\n");
    fleet.write("clients/C2.toml", "name = \"Two\"\n\n[environments.dev]\n");
    fleet
}

fn allow(fleet: &Fleet, entry: &str) {
    fleet.write("lmsgen.toml", format!("{CONFIG}\n[[allow]]\n{entry}\nreason = \"an example that may stay\"\n"));
}

#[test]
fn a_policy_is_waived_by_place_and_instance() {
    let fleet = fleet();
    fleet.run(&["validate"]).exits(3).says("error[LMS241]");
    fleet.run(&["render"]).exits(3);
    // By the template's file: everywhere.
    allow(&fleet, "code = \"LMS241\"\npath = \"templates/t/app/*.yaml\"");
    fleet.run(&["validate"]).exits(0).says("No errors");
    fleet.run(&["render"]).exits(0);
    assert!(fleet.has("rendered/prod/C1/app/ingress-i-c1.yaml"));
    // By instances: the others still have it.
    allow(&fleet, "code = \"LMS241\"\ninstances = [\"dev/*\"]");
    let ran = fleet.run(&["validate"]).exits(3).says("prod/C1");
    assert!(!ran.err.contains("dev/C"), "{}", ran.err);
    fleet.run(&["render"]).exits(3);
    fleet.run(&["validate", "-e", "dev"]).exits(0);
    allow(&fleet, "code = \"LMS241\"\ninstances = [\"dev/*\", \"prod/C1\"]");
    fleet.run(&["validate"]).exits(0);
    // By both, which must both be right.
    allow(&fleet, "code = \"LMS241\"\npath = \"templates/x/**\"\ninstances = [\"*/*\"]");
    fleet.run(&["validate"]).exits(3);
    // Two entries share the work.
    let one = "[[allow]]\ncode = \"LMS241\"\ninstances = [\"dev/C?\"]\nreason = \"an example that may stay\"\n";
    fleet.write("lmsgen.toml", format!("{CONFIG}{one}{}", one.replace("dev/C?", "prod/*")));
    fleet.run(&["validate"]).exits(0).says("No errors");
}

#[test]
fn warnings_of_loading_are_waived_too() {
    let fleet = fleet();
    allow(&fleet, "code = \"LMS241\"\npath = \"templates/**\"");
    fleet.write("clients/C3.toml", "name = \"Three\"\n");
    fleet.run(&["validate"]).exits(0).says("warning[LMS131]");
    let more = "\n[[allow]]\ncode = \"LMS131\"\npath = \"clients/C3.toml\"\nreason = \"starts in the spring\"\n";
    fleet.write("lmsgen.toml", format!("{}{more}", fleet.read("lmsgen.toml")));
    let ran = fleet.run(&["validate"]).exits(0);
    assert!(!ran.err.contains("warning"), "{}", ran.err);
}

#[test]
fn what_allows_nothing_is_said() {
    let fleet = fleet();
    fleet.edit("templates/t/app/ingress.yaml", "other.example", "own.example");
    allow(&fleet, "code = \"LMS241\"\ninstances = [\"dev/*\"]");
    fleet.run(&["validate"]).exits(0).says("warning[LMS461]: this allows nothing: no LMS241 in `dev/*`");
    allow(&fleet, "code = \"LMS240\"\npath = \"templates/**\"\ninstances = [\"dev/*\"]");
    fleet.run(&["validate"]).exits(0).says("no LMS240 in `templates/**`, `dev/*`");
    // Of a part of the fleet nobody can tell.
    let ran = fleet.run(&["validate", "C2"]).exits(0);
    assert!(!ran.err.contains("LMS461"), "{}", ran.err);
}

#[test]
fn an_entry_expires_on_the_day_that_is_given() {
    let fleet = fleet();
    allow(&fleet, "code = \"LMS241\"\npath = \"templates/**\"\nexpires = 2027-03-01");
    fleet.run(&["validate"]).exits(0);
    fleet.run(&["validate", "--today", "2027-03-01"]).exits(0);
    let expired = "warning[LMS462]: this expired: 2027-03-01 was the last day on which it allowed LMS241";
    fleet.run(&["validate", "--today", "2027-03-02"]).exits(3).says("error[LMS241]").says(expired);
    fleet.run(&["render", "--today", "2027-03-02"]).exits(3).says("error[LMS241]").says(expired);
    fleet.commit_all();
    fleet.git(&["init", "-q", "--bare", "--initial-branch=main", "../remote.git"]);
    fleet.git(&["remote", "add", "origin", "../remote.git"]);
    fleet.git(&["push", "-q", "origin", "main"]);
    fleet.run(&["publish", "--dry-run", "--today", "2027-03-02"]).exits(3).says("error[LMS241]").says(expired);
    fleet.run(&["render", "--today", "2027-03-01"]).exits(0);
    // When what it allowed is gone the entry is the only thing to say.
    fleet.edit("templates/t/app/ingress.yaml", "other.example", "own.example");
    let ran = fleet.run(&["validate", "--today", "2028-01-01"]).exits(0).says(expired);
    assert!(!ran.err.contains("LMS461"), "{}", ran.err);
    for bad in ["2027-02-29", "tomorrow", "2027-3-1", ""] {
        fleet.run(&["validate", "--today", bad]).exits(2).says("write a day as `2027-03-01`");
    }
}

#[test]
fn a_waiver_for_plaintext_expires_as_well() {
    let fleet = fleet();
    fleet.edit("templates/t/app/ingress.yaml", "other.example", "own.example");
    fleet.edit("clients/C2.toml", "\n", "\n# token: glpat-Zx9Qw8Er7Ty6Ui5Op4As\n");
    fleet.run(&["validate"]).exits(4).says("error[LMS451]");
    allow(&fleet, "code = \"LMS451\"\npath = \"clients/C2.toml\"\nexpires = 2027-03-01");
    fleet.run(&["validate"]).exits(0);
    fleet.run(&["validate", "--today", "2027-03-02"]).exits(4).says("error[LMS451]").says("warning[LMS462]");
}

#[test]
fn entries_that_cannot_be_used() {
    let fleet = fleet();
    for (entry, said) in [
        ("code = \"LMS133\"\npath = \"environments/*\"", "`LMS133` cannot be allowed"),
        ("code = \"LMS231\"\ninstances = [\"dev/*\"]", "`LMS231` cannot be allowed"),
        ("code = \"LMS233\"\ninstances = [\"dev/*\"]", "`lmsgen rules LMS233` says how"),
        ("code = \"LMS640\"\npath = \"**\"", "`LMS640` cannot be allowed"),
        ("code = \"lms241\"\npath = \"**\"", "`lms241` is no code that can be allowed"),
        ("code = \"LMS241\"", "this would allow `LMS241` everywhere"),
        ("code = \"LMS241\"\ninstances = []", "this would allow `LMS241` everywhere"),
        ("code = \"LMS241\"\npath = \"/etc\"", "path `/etc` matches no file"),
        ("code = \"LMS241\"\ninstances = [\"a/b/c\"]", "`a/b/c` matches no instance"),
        ("code = \"LMS241\"\ninstances = [\"dev/\"]", "`dev/` matches no instance"),
        ("code = \"LMS241\"\ninstances = \"dev/*\"", "`allow.instances`: expected list, found string"),
        ("code = \"LMS241\"\npath = \"**\"\nkey = \"x\"", "`LMS241` cannot be allowed by `key`"),
        ("code = \"LMS131\"\ninstances = [\"dev/*\"]", "`LMS131` cannot be allowed by `instances`"),
        ("code = \"LMS454\"\npath = \"**\"\ninstances = [\"dev/*\"]", "`LMS454` cannot be allowed by `instances`"),
        (
            "code = \"LMS241\"\npath = \"**\"\nexpires = \"2027-03-01\"",
            "`allow.expires`: expected date (2027-03-01, without quotes), found string",
        ),
        ("code = \"LMS241\"\npath = \"**\"\nexpires = 2027-03-01T10:00:00Z", "`allow.expires`: expected date"),
        ("code = \"LMS241\"\npath = \"**\"\nuntil = 2027-03-01", "unknown key `until`"),
    ] {
        allow(&fleet, entry);
        let ran = fleet.run(&["validate"]);
        assert!(ran.code == 3 && ran.err.contains(said), "{entry}: no `{said}` in\n{}", ran.err);
    }
}
