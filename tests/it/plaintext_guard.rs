//! Plaintext in what would be committed stops `validate`, `render` and `publish`, which say where and never what.

use crate::support::canary::assert_without;
use crate::support::fleet::{Fleet, Ran, repository};

/// What is planted.
const VALUE: &str = "Zw9-kestrel-41";

const STACK: &str =
    "phases = [\"app\"]\n\n[params.level]\ntype = \"string\"\ndefault = \"info\"\ndescription = \"level\"\n";
const TEMPLATE: &str = "apiVersion: v1\nkind: ConfigMap\nmetadata: {name: one-{{ client.slug }}, namespace: {{ environment.namespace }}}\n\
                        data:\n  LEVEL: \"{{ params.level }}\"\n";

fn tiny(stack: &str, template: &str) -> Fleet {
    Fleet::tiny(&[("templates/t/stack.toml", stack), ("templates/t/app/one.yaml", template)])
}

/// Every command and format, and what each says; none may show the value.
#[track_caller]
fn refused(fleet: &Fleet, said: &[&str]) {
    if !fleet.has(".git") {
        fleet.commit_all();
        let remote = fleet.home().join("remote.git");
        fleet.git(&["init", "-q", "--bare", remote.to_str().unwrap()]);
        fleet.git(&["remote", "add", "origin", remote.to_str().unwrap()]);
    }
    let before = fleet.snapshot();
    for args in [
        &["validate"][..],
        &["validate", "-v"],
        &["render"],
        &["render", "-v"],
        &["diff"],
        &["publish", "--no-push"],
        &["publish", "--dry-run", "-v"],
    ] {
        let mut ran = fleet.run(args).exits(4).prints_nothing();
        assert_hidden(&ran);
        for text in said {
            ran = ran.says(text);
        }
    }
    let json = fleet.run(&["validate", "-o", "json"]).exits(4);
    assert_hidden(&json);
    assert!(json.out.contains("\"class\": \"secret\""), "{}", json.out);
    before.assert_same(&fleet.snapshot());
}

#[track_caller]
fn assert_hidden(ran: &Ran) {
    assert_without(&[VALUE], "what the program says", ran.all().as_bytes());
    assert!(!ran.all().contains("kestrel"), "{}", ran.all());
}

#[test]
fn a_value_under_a_secret_name_in_a_client_s_file() {
    let stack = format!(
        "{STACK}\n[params.db.password]\ntype = \"string\"\npattern = '[a-z]+'\ndefault = \"abc\"\ndescription = \"x\"\n"
    );
    let template =
        format!("{TEMPLATE}  DB: \"{{{{ params.db.password }}}}\"\n  DB_PASSWORD: \"{{{{ params.db.password }}}}\"\n");
    let fleet = tiny(&stack, &template);
    fleet
        .write("clients/C1.toml", format!("name = \"Один\"\n\n[environments.dev]\nparams.db.password = \"{VALUE}\"\n"));
    let place = "error[LMS454]: a secret value stands in the clear under `params.db.password`";
    refused(&fleet, &[place, "clients/C1.toml:4:23", "lmsgen secrets set"]);
    // A fault about the value does not repeat it, and a value is reported where it is set, not where it is used.
    let ran = fleet.run(&["validate"]).exits(4);
    assert!(!ran.err.contains("LMS17") && !ran.err.contains("templates/t/app"), "{}", ran.err);
    let fleet = tiny(&stack.replace("[a-z]+", ".+"), &template);
    fleet
        .write("clients/C1.toml", format!("name = \"Один\"\n\n[environments.dev]\nparams.db.password = \"{VALUE}\"\n"));
    let ran = fleet.run(&["validate"]).exits(4);
    assert_eq!(ran.err.matches("error[LMS").count(), 1, "{}", ran.err);
}

#[test]
fn other_places_of_sources() {
    for (path, text, said) in [
        ("environments/dev.toml", format!("\n[params]\nlevel = \"postgres://u:{VALUE}@h/x\"\n"), "error[LMS452]"),
        ("lmsgen.toml", format!("\n[params]\nlevel = \"x?token={VALUE}\"\n"), "error[LMS454]"),
        ("templates/t/app/one.yaml", format!("  API_TOKEN: {VALUE}\n"), "error[LMS454]"),
        ("templates/t/app/one.yaml", format!("  DSN: postgres://u:{VALUE}@h\n"), "error[LMS452]"),
        ("templates/t/README.md", format!("log in with https://root:{VALUE}@h/\n"), "error[LMS452]"),
        ("secrets/README.md", format!("password: \"{VALUE}\"\n"), "error[LMS454]"),
        ("secrets/dev/C1/README.md", format!("# C1\n\nPGPASSWORD={VALUE}\n"), "error[LMS454]"),
        ("secrets/dev/C1/README.md", format!("**Password:** `{VALUE}`\n"), "error[LMS454]"),
        ("clients/.gitattributes", format!("# https://root:{VALUE}@h/\n"), "error[LMS452]"),
    ] {
        let fleet = tiny(STACK, TEMPLATE);
        let before = if fleet.has(path) { fleet.read(path) } else { String::new() };
        fleet.write(path, format!("{before}{text}"));
        refused(&fleet, &[said, path]);
    }
}

/// Marks that mean nothing in quotes make no reference of a password.
#[test]
fn values_that_start_with_a_mark() {
    for mark in ["@", "!", "*", "&", "<", "{", "$e", "/", "`"] {
        let fleet = tiny(STACK, &format!("{TEMPLATE}  DB_PASSWORD: '{mark}{VALUE}9xQ2vT7'\n"));
        let ran = fleet.run(&["validate"]).exits(4).says("error[LMS454]").says("templates/t/app/one.yaml");
        assert_hidden(&ran);
    }
}

/// SOPS lets comments stand outside of the values, and files of the store are published as they are.
#[test]
fn comments_in_files_of_the_store() {
    const STORED: &str = "secrets/dev/C1/db.yaml";
    const COPY: &str = "rendered/dev/C1/app/secret-db-c1.yaml";
    let stack = format!("{STACK}\n[secrets.db.password]\ngenerate = \"alphanumeric\"\n");
    let fleet = tiny(&stack, TEMPLATE);
    fleet.run(&["render"]).exits(0);
    let stored = fleet.read(STORED);
    let with = |comment: &str| format!("# {comment}\n{stored}");
    // What says nothing secret may stand there.
    for comment in ["made for C1", "password: generated", "the password is changed once a year"] {
        fleet.write(STORED, with(comment));
        fleet.run(&["render"]).exits(0);
        fleet.run(&["validate"]).exits(0);
        fleet.run(&["secrets", "scan"]).exits(0).says("Nothing in the clear in ");
    }
    assert!(fleet.has(COPY), "{:?}", fleet.snapshot().0.keys());
    for (text, said, place) in [
        (with(&format!("admin password = \"{VALUE}\"")), "error[LMS454]", "1:21"),
        (with(&format!("admin password = {VALUE}")), "error[LMS454]", "1:20"),
        (with(&format!("https://root:{VALUE}@h/")), "error[LMS452]", "1:16"),
        (format!("{stored}# password: {VALUE}\n"), "error[LMS454]", ":13"),
        (stored.replacen("\nkind", &format!(" # password: {VALUE}\nkind"), 1), "error[LMS454]", "1:28"),
    ] {
        fleet.write(STORED, &text);
        refused(&fleet, &[said, STORED, place]);
        let ran = fleet.run(&["secrets", "scan"]).exits(4).says(said).says(STORED);
        assert_hidden(&ran);
        // A copy in the output is found where it is.
        fleet.write(STORED, &stored);
        fleet.write(COPY, &text);
        let ran = fleet.run(&["secrets", "scan"]).exits(4).says(said).says(COPY);
        assert_hidden(&ran);
        fleet.write(COPY, &stored);
    }
    fleet.write(STORED, with(&format!("admin password = \"{VALUE}\"")));
    let allow = "\n[[allow]]\ncode = \"LMS454\"\npath = \"secrets/**\"\nreason = \"an example that opens nothing\"\n";
    fleet.write("lmsgen.toml", format!("{}{allow}", fleet.read("lmsgen.toml")));
    fleet.run(&["render"]).exits(0);
    fleet.run(&["secrets", "scan"]).exits(0).says("Nothing in the clear in ");
    let ran = fleet.run(&["validate"]).exits(0);
    assert!(!ran.err.contains("LMS461"), "{}", ran.err);
    // The same in a file of nobody: what is left of a client is published, too.
    fleet.write("lmsgen.toml", "stack = \"t\"\n");
    fleet.write("secrets/dev/C9/db.yaml", fleet.read(STORED));
    fleet.write(STORED, &stored);
    let ran = fleet.run(&["validate"]).exits(4).says("error[LMS454]").says("secrets/dev/C9/db.yaml:1:21");
    assert_hidden(&ran);
}

/// What is too large to be looked at is not published.
#[test]
fn files_that_are_too_large() {
    for (path, size) in [
        ("secrets/README.md", (5 << 20) + 1),
        ("secrets/dev/C1/x.yaml", (5 << 20) + 1),
        ("clients/README.md", (1 << 20) + 1),
        ("schemas/x.bin", (1 << 20) + 1),
    ] {
        let fleet = tiny(STACK, TEMPLATE);
        fleet.commit_all();
        fleet.write(path, vec![b'x'; size]);
        let ran = fleet.run(&["publish", "--no-push"]);
        assert!(!path.starts_with("secrets/") || ran.code != 0, "{path}: {}", ran.err);
        let listed = fleet.git(&["ls-tree", "-r", "--name-only", "HEAD"]);
        assert!(!listed.contains(path), "{listed}");
    }
}

#[test]
fn what_only_rendering_puts_together() {
    let stack = format!("{STACK}\n[params.marker]\ntype = \"string\"\ndefault = \"\"\ndescription = \"x\"\n");
    let template = format!("{TEMPLATE}  URL: postgres://u:{{{{ params.marker }}}}@h/x\n");
    let fleet = tiny(&stack, &template);
    fleet.write("clients/C1.toml", format!("name = \"One\"\nparams.marker = \"{VALUE}\"\n\n[environments.dev]\n"));
    fleet.write("clients/C2.toml", format!("name = \"Two\"\nparams.marker = \"{VALUE}2\"\n\n[environments.dev]\n"));
    let said = "a password in a URL stands in the clear, in the ConfigMap that is rendered here";
    refused(&fleet, &[said, "templates/t/app/one.yaml", "dev/C1", "dev/C2"]);
    let ran = fleet.run(&["validate"]).exits(4);
    assert_eq!(ran.err.matches("error[LMS").count(), 1, "once for all clients:\n{}", ran.err);
}

#[test]
fn secrets_that_templates_write() {
    let secret =
        format!("apiVersion: v1\nkind: Secret\nmetadata: {{name: x, namespace: dev}}\nstringData:\n  pin: {VALUE}\n");
    refused(&tiny(STACK, &format!("{TEMPLATE}---\n{secret}")), &["error[LMS234]", "error[LMS453]", "key `pin`"]);
    let operator = format!(
        "apiVersion: isindir.github.com/v1alpha3\nkind: SopsSecret\nmetadata: {{name: x, namespace: dev}}\nspec:\n  \
         secretTemplates:\n    - name: y\n      stringData:\n        pin: {VALUE}\n"
    );
    refused(&tiny(STACK, &format!("{TEMPLATE}---\n{operator}")), &["error[LMS453]", "key `pin`"]);
}

#[test]
fn what_is_allowed_with_a_reason() {
    let template = format!("{TEMPLATE}  API_TOKEN: {VALUE}\n");
    let fleet = tiny(STACK, &template);
    let allow = "stack = \"t\"\n\n[[allow]]\ncode = \"LMS454\"\npath = \"templates/**/*.yaml\"\nkey = \"API_TOKEN\"\n\
                 reason = \"an example that opens nothing\"\n";
    fleet.write("lmsgen.toml", allow);
    fleet.run(&["validate"]).exits(0);
    fleet.run(&["render"]).exits(0);
    fleet.run(&["secrets", "scan"]).exits(0).says("Nothing in the clear in ");
    // It allows nothing else.
    for (from, to) in [("LMS454", "LMS452"), ("API_TOKEN", "TOKEN"), ("**/*.yaml", "x/*.yaml")] {
        fleet.write("lmsgen.toml", allow.replace(from, to));
        let ran = fleet.run(&["validate"]).exits(4).says("error[LMS454]");
        assert_hidden(&ran);
    }
    // An entry that is of no use any more.
    fleet.write("lmsgen.toml", allow);
    fleet.write("templates/t/app/one.yaml", TEMPLATE);
    let ran = fleet.run(&["validate"]).exits(0).says("warning[LMS461]: this allows nothing: no LMS454 in ");
    ran.says("lmsgen.toml:3:1").says("remove the entry");
    fleet.run(&["validate", "C1"]).exits(0);

    for (from, to, said) in [
        ("reason = \"an example that opens nothing\"", "", "`allow.reason` is missing"),
        ("an example that opens nothing", "ok", "error[LMS460]: the reason says too little"),
        ("LMS454", "LMS999", "error[LMS460]: `LMS999` is no code that can be allowed"),
        ("LMS454", "LMS123", "error[LMS460]: `LMS123` cannot be allowed"),
        ("templates/**", "../**", "error[LMS460]: path `../**/*.yaml` matches no file"),
        ("key =", "keyy =", "did you mean `key`?"),
    ] {
        fleet.write("lmsgen.toml", allow.replace(from, to));
        fleet.run(&["validate"]).exits(3).says(said);
    }
}

#[test]
fn fleets_without_plaintext_raise_nothing() {
    for fleet in [
        Fleet::of_repository(&["lmsgen.toml", "clients", "environments", "templates", "secrets", "rendered"]),
        Fleet::shops(),
    ] {
        let ran = fleet.run(&["validate"]).exits(0);
        assert!(!ran.err.contains("LMS45"), "{}", ran.err);
        fleet.run(&["render"]).exits(0);
        fleet.run(&["secrets", "scan"]).exits(0).says("Nothing in the clear in ");
    }
    let own = lmsgen::guard::Guard::default();
    for path in ["README.md", "ARCHITECTURE.md", "CHANGELOG.md"] {
        let text = std::fs::read_to_string(repository().join(path)).unwrap();
        assert_eq!(own.scan(&text, lmsgen::guard::TextKind::of(path)), [], "{path}");
    }
}
