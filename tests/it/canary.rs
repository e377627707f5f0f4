//! Every command of the program, also where it fails, on a fleet with a known value in every secret: neither what it prints,
//! nor a file, nor what a child is given holds one in any dress. A command without a case here fails the test.

use std::collections::BTreeSet;
use std::io::Read as _;
use std::path::{Path, PathBuf};

use base64::prelude::{BASE64_STANDARD, Engine as _};

use crate::support::canary::{CANARY, assert_without};
use crate::support::fleet::{Fleet, Run, repository};

/// What a person types, and how it ends when a private key is at hand.
type Case<'a> = (i32, Vec<&'a str>);

/// Everything that a person can type, by the words of the command. What fails on purpose is here too: the code says that it
/// fails at what it is meant to fail at.
fn cases<'a>(planted: &'a str, [manifest, leak, dump]: [&'a str; 3]) -> Vec<Case<'a>> {
    const S: &str = "secrets";
    let place = ["asia/bolt-and-co", "payments"];
    vec![
        (0, vec!["client", "list"]),
        (0, vec!["client", "show", "bolt-and-co"]),
        (0, vec!["client", "new", "fresh", "--name", "Fresh", "--env", "asia"]),
        (0, vec!["env", "list"]),
        (0, vec!["validate"]),
        (0, vec!["rules", "LMS400"]),
        (0, vec!["validate", "-o", "json"]),
        (0, vec!["render"]),
        (2, vec!["render", "--no-such-flag"]),
        (0, vec!["diff", "--unified"]),
        (0, vec!["diff", "-o", "json"]),
        (0, vec!["publish", "--no-push"]),
        (0, vec!["explain", "bolt-and-co", "title"]),
        (2, vec!["status"]),
        (3, vec!["status", "--from", "-"]),
        (0, vec!["status", "-e", "asia", "--from", dump, "-o", "json"]),
        (0, vec![S, "status"]),
        (0, vec![S, "status", "-o", "json"]),
        (0, vec![S, "set", place[0], place[1], "api-key"]),
        (0, vec![S, "set", place[0], place[1], "api-key", "--file", planted]),
        (2, vec![S, "set", place[0], place[1], "nothing", "--file", planted]),
        (2, vec![S, "set", "asia/nobody", place[1], "api-key", "--file", planted]),
        (2, vec![S, "show", place[0], place[1], "nothing"]),
        (2, vec![S, "show", place[0], "nothing"]),
        (3, vec![S, "edit", place[0], place[1]]),
        (3, vec![S, "import", place[0], place[1], "--from-file", "api-key=/dev/null"]),
        (3, vec![S, "import", place[0], place[1], "--from-manifest", planted]),
        (0, vec![S, "import", place[0], place[1], "--from-manifest", manifest]),
        (4, vec![S, "scan", leak]),
        (4, vec![S, "scan", leak, "-o", "json"]),
        (5, vec![S, "keygen", "/dev/null/no"]),
        (0, vec![S, "rotate", "asia/corner", "session", "--dry-run"]),
        (2, vec![S, "rotate", "asia/*", "payments"]),
        (0, vec![S, "rewrap", "--dry-run", "--rekey"]),
        (0, vec![S, "rewrap", "--rekey", "-e", "europe"]),
        (0, vec![S, "bind"]),
        (0, vec![S, "verify"]),
        (0, vec![S, "verify", "-o", "json"]),
        (0, vec![S, "convert"]),
        (0, vec![S, "generate"]),
        (0, vec!["manifests"]),
        (0, vec!["apply-plan", "-e", "asia"]),
        (0, vec!["ci", "gitlab"]),
        (2, vec!["import", "--from", manifest]),
        (2, vec!["import", "--from", planted, "--write"]),
        (2, vec!["manifests", "--decrypt", "--phase", "nope"]),
        (0, DECRYPT.to_vec()),
    ]
}

/// What it decrypts is asked for: stdout holds it, and nothing else does.
const DECRYPT: [&str; 4] = ["manifests", "--decrypt", "-e", "asia"];

/// The program's commands as its help lists them, `secrets set`.
fn commands(fleet: &Fleet, above: &[&str], found: &mut BTreeSet<String>) {
    let help = fleet.run(&[above, &["--help"]].concat()).exits(0).out;
    let Some(list) = help.split("\nCommands:\n").nth(1) else {
        found.insert(above.join(" "));
        return;
    };
    let names = list.lines().take_while(|line| !line.is_empty()).filter(|line| !line.starts_with("   "));
    for name in names.filter_map(|line| line.split_whitespace().next()).filter(|name| *name != "help") {
        commands(fleet, &[above, &[name]].concat(), found);
    }
}

fn executable(path: &Path, text: &str) {
    std::fs::write(path, text).unwrap();
    std::fs::set_permissions(path, std::os::unix::fs::PermissionsExt::from_mode(0o755)).unwrap();
}

fn planted() -> (Fleet, PathBuf) {
    let fleet = Fleet::shops();
    let plain = fleet.root().parent().unwrap().join("planted");
    std::fs::write(&plain, CANARY).unwrap();
    for (place, secret, key) in [
        ("asia/bolt-and-co", "payments", "api-key"),
        ("asia/bolt-and-co", "session", "key"),
        ("asia/corner", "session", "key"),
        ("asia", "mail", "password"),
        ("europe/bolt-and-co", "session", "key"),
        ("europe", "mail", "password"),
    ] {
        let run = fleet.prepare(&["secrets", "set", place, secret, key, "--file", plain.to_str().unwrap()]);
        run.env("SOPS_AGE_KEY_FILE", key_file()).go().exits(0);
    }
    fleet.run(&["render"]).exits(0);
    fleet.commit_all();
    (fleet, plain)
}

/// A Secret's manifest and a file for the scan to find something in, with the value in the clear.
fn in_the_clear(folder: &Path) -> [PathBuf; 3] {
    let [manifest, leak, dump] = ["manifest.yaml", "leak.toml", "dump.json"].map(|name| folder.join(name));
    let secret = "apiVersion: v1\nkind: Secret\nmetadata:\n  name: old\nstringData:\n";
    std::fs::write(&manifest, format!("{secret}  api-key: '{CANARY}'\n")).unwrap();
    std::fs::write(&leak, format!("password = \"{CANARY}\"\n")).unwrap();
    // A cluster's answer holds values in many places.
    let metadata = serde_json::json!({ "name": "old", "namespace": "shops-asia", "labels": { "app.kubernetes.io/managed-by": "lmsgen" },
        "annotations": { "kubectl.kubernetes.io/last-applied-configuration": CANARY } });
    let container =
        serde_json::json!({ "name": "a", "image": "b", "args": [CANARY], "env": [{ "name": "A", "value": CANARY }] });
    let items = serde_json::json!([
        { "apiVersion": "v1", "kind": "Secret", "metadata": metadata, "data": { "a": BASE64_STANDARD.encode(CANARY) } },
        { "apiVersion": "v1", "kind": "Pod", "metadata": metadata, "spec": { "containers": [container] } },
    ]);
    std::fs::write(&dump, serde_json::json!({ "kind": "List", "items": items }).to_string()).unwrap();
    [manifest, leak, dump]
}

fn key_file() -> PathBuf {
    repository().join("tests/keys/demo.agekey")
}

#[track_caller]
fn assert_files_without(texts: &[&str], folder: &Path) -> usize {
    let mut n_files = 0;
    for entry in std::fs::read_dir(folder).unwrap().flatten() {
        let path = entry.path();
        if entry.file_type().unwrap().is_dir() {
            n_files += assert_files_without(texts, &path);
            continue;
        }
        let bytes = std::fs::read(&path).unwrap_or_default();
        assert_without(texts, &path.display().to_string(), &bytes);
        // Git's loose objects are packed.
        let mut inflated = Vec::new();
        if flate2::read::ZlibDecoder::new(&*bytes).read_to_end(&mut inflated).is_ok() {
            assert_without(texts, &path.display().to_string(), &inflated);
        }
        n_files += 1;
    }
    n_files
}

#[test]
fn no_command_lets_a_value_out() {
    let (fleet, plain) = planted();
    let texts = [CANARY];
    // What is started is started through these, which write down what they are given.
    let (bin, log, tmp) = (fleet.home().join("bin"), fleet.home().join("log"), fleet.home().join("tmp"));
    std::fs::create_dir(&bin).unwrap();
    std::fs::create_dir(&tmp).unwrap();
    let record = format!("printf '%s\\n' \"$0\" \"$@\" >> {0}; env >> {0}", log.display());
    let path = std::env::var("PATH").unwrap();
    let git = std::env::split_paths(&path).map(|folder| folder.join("git")).find(|git| git.is_file()).unwrap();
    executable(&bin.join("git"), &format!("#!/bin/sh\n{record}\nexec {} \"$@\"\n", git.display()));
    executable(&bin.join("editor"), &format!("#!/bin/sh\n{record}\necho 'unknown: x' >> \"$1\"\n"));

    let private = std::fs::read_to_string(key_file()).unwrap();
    let private_line = private.lines().last().unwrap().to_owned();
    let texts_and_key = [CANARY, &private_line];
    let prepare = |args: &[&str]| -> Run {
        let run =
            fleet.prepare(args).env("PATH", format!("{}:{path}", bin.display())).env("EDITOR", bin.join("editor"));
        run.env("TMPDIR", &tmp).env("RUST_BACKTRACE", "full")
    };
    let clear = in_the_clear(plain.parent().unwrap());
    let cases = cases(plain.to_str().unwrap(), clear.each_ref().map(|path| path.to_str().unwrap()));
    let mut wrong = Vec::new();
    for (code, case) in &cases {
        for with_key in [true, false] {
            let args = [case, &["-vvv"][..]].concat();
            let run = prepare(&args).input(CANARY);
            let mut ran = if with_key { run.env("SOPS_AGE_KEY", &private) } else { run }.go();
            let is_expected = if with_key { ran.code == *code } else { (0..=9).contains(&ran.code) };
            if *case == DECRYPT && with_key {
                assert!(ran.out.contains(&BASE64_STANDARD.encode(CANARY)), "the values are there at all");
                ran.out.clear();
            }
            assert_without(&texts_and_key, &format!("{args:?}"), ran.all().as_bytes());
            if !is_expected {
                wrong.push(format!("{args:?}: {}, not {code}\n{}", ran.code, ran.all()));
            }
            let one_line: String = ran.all().chars().filter(|c| !c.is_whitespace()).collect();
            assert_without(&texts_and_key, &format!("{args:?}, lines joined"), one_line.as_bytes());
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
    // What shall show values does: to stdout only.
    let shown =
        prepare(&["secrets", "show", "asia/corner", "session", "key", "-vvv"]).env("SOPS_AGE_KEY", &private).go();
    assert_eq!(shown.out, CANARY, "the values are there at all");
    assert_without(&texts_and_key, "stderr of show", shown.err.as_bytes());
    let log_text = std::fs::read_to_string(&log).unwrap();
    assert!(log_text.contains("/editor\n"), "the editor was started through the record");

    assert!(assert_files_without(&texts_and_key, &fleet.root()) > 20);
    assert!(assert_files_without(&texts_and_key, &fleet.home()) > 0);
    let objects = fleet.git(&["cat-file", "--batch-all-objects", "--batch", "--unordered"]);
    assert_without(&texts, "Git's objects", objects.as_bytes());

    let mut all = BTreeSet::new();
    commands(&fleet, &[], &mut all);
    let known = |command: &String| {
        let words: Vec<&str> = command.split(' ').collect();
        cases.iter().any(|(_, case)| case.starts_with(&words))
    };
    let forgotten: Vec<&String> = all.iter().filter(|command| !known(command)).collect();
    assert!(all.len() > 15 && forgotten.is_empty(), "without a case: {forgotten:?} of {all:?}");
}
