//! Store files that someone changed, and values that are awkward, through the program: what it refuses, with which exit code,
//! and that it repeats nothing.

use std::path::PathBuf;

use lmsgen::secret::decrypt;
use lmsgen::sops::Identities;

use crate::support::canary::assert_without;
use crate::support::fleet::{Fleet, Run, hostile_strings, repository};

const DEMO: &str = "age1r0q3yj86kfp5cggd8t7fdw6jxcpzlyfd7eg3s5znrsmkmxfuzduqepwqx6";
const OTHER: &str = "age1233yjzgl4a8cq58aa5kueqp29pdvrq0z77fhkthpkgfkf8uwmsaspqewgr";
const DB: &str = "secrets/dev/C1/db.yaml";
const CANARY: &str = "Canary+7f3a/9c&needle";

const DECLARED: &str = "\
phases = [\"app\"]

[secrets.db.password]
generate = \"alphanumeric\"

[secrets.db.token]
provided = \"token of the payment account\"
optional = true
";

const TEMPLATE: &str = "\
apiVersion: v1
kind: ConfigMap
metadata: {name: one-{{ client.slug }}, namespace: {{ environment.namespace }}}
data: {db: \"{{ secret_name(name='db') }}\"}
";

fn key(path: &str) -> PathBuf {
    repository().join(path)
}

fn demo() -> PathBuf {
    key("tests/keys/demo.agekey")
}

fn other() -> PathBuf {
    key("tests/fixtures/secret/worthless.agekey")
}

fn keyed(fleet: &Fleet, key: &PathBuf, args: &[&str]) -> Run {
    fleet.prepare(args).env("SOPS_AGE_KEY_FILE", key)
}

fn set(fleet: &Fleet, value: impl AsRef<[u8]>) -> Run {
    keyed(fleet, &demo(), &["secrets", "set", "dev/C1", "db", "token"]).input(value)
}

fn fleet() -> Fleet {
    let fleet = Fleet::tiny(&[
        ("templates/t/stack.toml", DECLARED),
        ("templates/t/app/one.yaml", TEMPLATE),
        ("clients/C2.toml", "name = \"Two\"\n[environments.dev]\n"),
    ]);
    fleet.run(&["render"]).exits(0);
    set(&fleet, CANARY).go().exits(0);
    fleet
}

/// The token, opened with a key file.
fn token(fleet: &Fleet, key: &PathBuf) -> Option<Vec<u8>> {
    let mut identities = Identities::new();
    identities.add("a key", &std::fs::read_to_string(key).unwrap()).unwrap();
    let values = decrypt(fleet.read(DB).as_bytes(), &identities).ok()?;
    values.into_iter().find(|(key, _)| key == "token").map(|(_, value)| value.expose().to_vec())
}

/// K15: one recipient's wrap is damaged. Everybody else works on; `verify` with both keys says whose it is.
#[test]
fn a_damaged_wrap_locks_out_nobody_else() {
    let fleet = fleet();
    let text = fleet.read("environments/dev.toml");
    fleet.write("environments/dev.toml", text.replace(&format!("[\"{DEMO}\"]"), &format!("[\"{DEMO}\", \"{OTHER}\"]")));
    keyed(&fleet, &demo(), &["secrets", "rewrap"]).go().exits(0);
    let both = [demo(), other()].map(|path| std::fs::read_to_string(path).unwrap()).join("\n");
    let verify = || fleet.prepare(&["secrets", "verify"]).env("SOPS_AGE_KEY", &both).go();
    verify().exits(0);
    // Recipients stand in order, so the first wrap is that of `age1233…`.
    let sound = fleet.read(DB);
    let armor = sound.find("-----BEGIN AGE").unwrap()..sound.find(OTHER).unwrap();
    let armor = armor.start..armor.start + sound[armor].find("\n        -----END").unwrap();
    // The 8th letter from the end; age's random grease makes the last line as short as four.
    let letters = sound[armor.clone()].char_indices().filter(|(_, letter)| !letter.is_whitespace());
    let last = armor.start + letters.rev().nth(7).unwrap().0;
    let swapped = if sound.as_bytes()[last] == b'A' { 'B' } else { 'A' };
    fleet.write(DB, format!("{}{swapped}{}", &sound[..last], &sound[last + 1..]));
    fleet.run(&["validate"]).exits(0);
    let found = verify().exits(1).says("LMS446").says(DB).says("age1233y").says("rewrap --rekey");
    assert_eq!(found.err.matches("LMS446").count(), 1, "{}", found.err);
    assert_eq!(token(&fleet, &demo()).as_deref(), Some(CANARY.as_bytes()));
    assert_eq!(token(&fleet, &other()), None);
    keyed(&fleet, &demo(), &["secrets", "verify"]).go().exits(0);
    keyed(&fleet, &other(), &["secrets", "verify"]).go().exits(4).says("is damaged");
    keyed(&fleet, &demo(), &["secrets", "rewrap", "--rekey", "C1"]).go().exits(0);
    verify().exits(0);
    assert_eq!(token(&fleet, &other()).as_deref(), Some(CANARY.as_bytes()));
}

/// S28: every string of the hostile corpus, and one of a megabyte.
#[test]
fn hostile_values_arrive_as_they_are() {
    let fleet = fleet();
    let mut values = hostile_strings();
    values.retain(|value| !value.is_empty());
    // The newline that is added is the terminal's.
    values.push("x".repeat((1 << 20) - 1));
    for value in values {
        set(&fleet, format!("{value}\n")).go().exits(0);
        let found = token(&fleet, &demo()).unwrap();
        assert!(found == value.as_bytes(), "{:?} came back changed", value.chars().take(40).collect::<String>());
    }
    fleet.run(&["validate"]).exits(0);
}

/// What a change is, the text that it replaces, and what with.
type Change = (&'static str, &'static str, &'static str);

/// S35: at length, with a backtrace, and in JSON, a changed file is refused with the same exit code, and nothing is repeated.
/// S03, S16, S19, S20, S21 through the program.
#[test]
fn a_changed_file_is_refused_alike_however_much_is_said() {
    let fleet = fleet();
    let sound = fleet.read(DB);
    let changes: [Change; 9] = [
        ("S03", "  mac: ", "  mac_: "),
        ("S13", "  password: ENC[", "  password: \"\" #"),
        ("S16", "type:str]", "type:bytes]"),
        ("S17", "type:str]\n", "type:str]=\n"),
        ("S19", "  password: ENC", "  password:\n    - ENC"),
        ("S20", "  name: db-c1\n  namespace: dev", "  name: db-c\n  namespace: 1dev"),
        ("S21", "^(data|stringData)$", "^$"),
        ("S21", "  version: ", "  mac_only_encrypted: true\n  version: "),
        ("S21", "  version: ", "  shamir_threshold: 2\n  version: "),
    ];
    for (row, from, to) in changes {
        assert!(sound.contains(from), "{row}: {from}");
        fleet.write(DB, sound.replacen(from, to, 1));
        let before = fleet.snapshot();
        for args in [
            &["validate"][..],
            &["validate", "-v"],
            &["validate", "-o", "json"],
            &["render"],
            &["secrets", "verify"],
            &["secrets", "verify", "-v"],
            &["secrets", "verify", "-o", "json"],
            &["secrets", "rotate", "dev/*", "db"],
            &["secrets", "rewrap", "--rekey"],
            &["secrets", "bind"],
        ] {
            let ran = keyed(&fleet, &demo(), args).env("RUST_BACKTRACE", "full").go();
            assert_eq!(ran.code, 4, "{row}, {args:?}: {}", ran.all());
            assert!(ran.all().contains(DB), "{row}, {args:?}: {}", ran.all());
            assert_without(&[CANARY], &format!("{row}, {args:?}"), ran.all().as_bytes());
        }
        before.assert_same(&fleet.snapshot());
    }
}

/// S05, S09, S11, S12: what nobody sees without a key is refused by every command that has one, and nothing is written.
#[test]
fn what_the_mac_holds_is_refused_by_every_command_with_a_key() {
    let fleet = fleet();
    let sound = fleet.read(DB);
    let line = |key: &str| sound.lines().find(|line| line.starts_with(key)).unwrap();
    let (password, token) = (line("  password: "), line("  token: "));
    let other = fleet.read("secrets/dev/C2/db.yaml");
    let foreign = other.lines().find(|line| line.starts_with("  mac: ")).unwrap();
    let text = |line: &str| line.split_once(": ").unwrap().1.to_owned();
    let swapped = sound.replace(&text(password), "PASSWORD").replace(&text(token), &text(password));
    let swapped = swapped.replace("PASSWORD", &text(token));
    for (row, mutant) in [
        ("S05", sound.replace(line("  mac: "), foreign)),
        ("S09", swapped),
        ("S11", sound.replace(&format!("{password}\n{token}"), &format!("{token}\n{password}"))),
        ("S12", sound.replace(&format!("{token}\n"), "")),
    ] {
        assert_ne!(mutant, sound, "{row}");
        fleet.write(DB, mutant);
        let before = fleet.snapshot();
        for args in [
            &["secrets", "verify"][..],
            &["secrets", "verify", "-o", "json"],
            &["secrets", "rotate", "dev/C1", "db"],
            &["secrets", "rewrap", "--rekey"],
            &["secrets", "set", "dev/C1", "db", "token"],
        ] {
            let ran = keyed(&fleet, &demo(), args).input("x").go();
            assert_eq!(ran.code, 4, "{row}, {args:?}: {}", ran.all());
            assert!(ran.all().contains("LMS411"), "{row}, {args:?}: {}", ran.all());
            assert_without(&[CANARY], &format!("{row}, {args:?}"), ran.all().as_bytes());
        }
        before.assert_same(&fleet.snapshot());
    }
}
