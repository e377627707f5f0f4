//! Generated secrets through the program: every generator, the public half of a key in a template, and a run that is
//! killed and goes on.

use std::collections::{BTreeMap, HashSet};
use std::path::Path;
use std::process::Stdio;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::{Duration, Instant};

use base64::Engine as _;
use lmsgen::files::{Op, Root};
use lmsgen::fleet::Selection;
use lmsgen::ops::{Error, GenerateOutcome, Watch, generate_secrets};
use lmsgen::secret::{decrypt, public_half};
use lmsgen::sops::{Identities, Plaintext};
use rustix::io::Errno;

use crate::support::fleet::{Fleet, Snapshot, repository};

const STACK: &str = "templates/t/stack.toml";
const ONE: &str = "templates/t/app/one.yaml";
const KEYS: &str = "secrets/dev/C1/keys.yaml";

const DECLARED: &str = "\
phases = [\"app\"]

[secrets.keys]
signing = { generate = \"rsa-2048\", public = true }
old = { generate = \"rsa-3072\", format = \"pkcs1\" }
id = { generate = \"uuid\" }
token = { generate = \"base64\", bytes = 48 }
short = { generate = \"base64\" }
seed = { generate = \"hex\" }
password = { generate = \"alphanumeric\", length = 256 }
digest = { sha256-of = \"signing\" }
";

/// A template that prints the public half of a key; the call is on line 5.
fn template(call: &str) -> String {
    format!(
        "apiVersion: v1\nkind: ConfigMap\nmetadata: {{name: one-{{{{ client.slug }}}}, namespace: {{{{ environment.namespace }}}}}}\ndata:\n  key: {{{{ {call} }}}}\n"
    )
}

fn fleet(call: &str) -> Fleet {
    Fleet::tiny(&[(STACK, DECLARED), (ONE, &template(call))])
}

/// The values in a store file, by the demo fleet's key.
fn opened(bytes: &[u8]) -> BTreeMap<String, Plaintext> {
    let mut identities = Identities::new();
    let key = std::fs::read_to_string(repository().join("tests/keys/demo.agekey")).unwrap();
    identities.add("the test", &key).unwrap();
    decrypt(bytes, &identities).unwrap_or_else(|error| panic!("{error}")).into_iter().collect()
}

fn text(values: &BTreeMap<String, Plaintext>, key: &str) -> String {
    String::from_utf8(values[key].expose().to_vec()).unwrap()
}

#[test]
fn every_generator_makes_what_it_says() {
    let fleet = fleet("secret_name(name=\"keys\")");
    fleet.run(&["secrets", "generate"]).exits(0).says("Generated 8 secrets in 1 file");
    let values = opened(fleet.read(KEYS).as_bytes());
    assert!(text(&values, "signing").starts_with("-----BEGIN PRIVATE KEY-----\n"));
    assert!(text(&values, "old").starts_with("-----BEGIN RSA PRIVATE KEY-----\n"));
    assert!(public_half(&values["signing"]).is_ok() && public_half(&values["old"]).is_ok());
    assert_eq!(text(&values, "id").len(), 36);
    assert_eq!(base64::prelude::BASE64_STANDARD.decode(text(&values, "token")).unwrap().len(), 48);
    assert_eq!(base64::prelude::BASE64_STANDARD.decode(text(&values, "short")).unwrap().len(), 32);
    assert_eq!(text(&values, "seed").len(), 128);
    assert_eq!(text(&values, "password").len(), 256);
    assert_eq!(text(&values, "digest").len(), 64);
    let before = fleet.snapshot();
    fleet.run(&["secrets", "generate"]).exits(0).says("Nothing to generate");
    before.assert_same(&fleet.snapshot());
}

/// A template may show the public half of a key, and what it shows is that of the key.
#[test]
fn the_public_half_of_a_key_is_for_templates() {
    let fleet = fleet("public_key(name=\"keys\", key=\"signing\")");
    let before = fleet.snapshot();
    let said = "the store has no public half of key `signing` of Secret `keys` yet; run `lmsgen secrets generate`, or \
                `lmsgen secrets bind` where the key is there already";
    for command in [&["validate"][..], &["render", "--locked"]] {
        let ran = fleet.run(command).exits(4).says("error[LMS214]").says(said);
        ran.says(&format!("--> {ONE}:5:11\n"));
    }
    before.assert_same(&fleet.snapshot());

    let shown = |fleet: &Fleet| {
        let file = fleet.read("rendered/dev/C1/app/configmap-one-c1.yaml");
        let object: serde_norway::Value = serde_norway::from_str(&file).unwrap();
        object["data"]["key"].as_str().unwrap().to_owned()
    };
    let half = |fleet: &Fleet| public_half(&opened(fleet.read(KEYS).as_bytes())["signing"]).unwrap();
    fleet.run(&["render"]).exits(0);
    assert!(shown(&fleet).starts_with("-----BEGIN PUBLIC KEY-----\n"));
    assert_eq!(shown(&fleet), half(&fleet));
    let after = fleet.snapshot();
    fleet.run(&["render", "--locked"]).exits(0);
    after.assert_same(&fleet.snapshot());

    // `secrets generate` alone is enough, and needs no rendering to succeed before.
    let old = half(&fleet);
    fleet.remove(KEYS);
    fleet.run(&["secrets", "generate"]).exits(0).says("Generated 8 secrets in 1 file");
    fleet.run(&["validate"]).exits(0);
    fleet.run(&["render", "--locked"]).exits(0);
    assert_eq!(shown(&fleet), half(&fleet));
    assert_ne!(half(&fleet), old);

    // A value that has no public half is refused before it is written.
    fleet.remove(KEYS);
    let before = fleet.snapshot();
    let set = fleet.prepare(&["secrets", "set", "dev/C1", "keys", "signing"]).input("no key").go().exits(3);
    set.says("the value of `signing` is no RSA private key in PEM, as the stack declares it");
    before.assert_same(&fleet.snapshot());
}

#[test]
fn a_public_half_that_there_is_not() {
    for (call, said) in [
        ("public_key(name=\"keys\", key=\"old\")", "is not declared with `public = true` in stack.toml; `signing` is"),
        ("public_key(name=\"keys\", key=\"sining\")", "this Secret has no key `sining`; the stack declares `digest`, "),
        ("public_key(name=\"kyes\", key=\"signing\")", "the stack declares no Secret `kyes` for this place"),
        ("public_key(name=\"keys\")", "key"),
    ] {
        let fleet = fleet(call);
        let before = fleet.snapshot();
        let ran = fleet.run(&["render"]).exits(3).says("error[LMS211]").says(said);
        ran.says(&format!("--> {ONE}:5:"));
        before.assert_same(&fleet.snapshot());
    }
}

const MANY: &str = "\
phases = [\"app\"]

[secrets.db.password]
generate = \"alphanumeric\"

[secrets.keys]
signing = { generate = \"rsa-2048\", public = true }
seed = { generate = \"hex\" }
";
const CLIENTS: usize = 60;

/// A fleet of so many clients.
fn many(clients: usize) -> Fleet {
    let fleet = Fleet::tiny(&[(STACK, MANY), (ONE, &template("public_key(name=\"keys\", key=\"signing\")"))]);
    for n in 2..=clients {
        fleet.write(&format!("clients/C{n}.toml"), format!("name = \"{n}\"\n\n[environments.dev]\n"));
    }
    fleet
}

/// Files of the store that are there now.
fn n_files(folder: &Path) -> usize {
    let Ok(entries) = std::fs::read_dir(folder) else { return 0 };
    let n = |entry: std::io::Result<std::fs::DirEntry>| {
        let path = entry.unwrap().path();
        if path.is_dir() { n_files(&path) } else { 1 }
    };
    entries.map(n).sum()
}

/// Whoever kills a run finds every file whole or not at all; the next run makes the others and touches none of them.
#[test]
fn a_killed_run_goes_on_where_it_was() {
    let fleet = many(CLIENTS);
    let all = 2 * CLIENTS;
    let mut command = fleet.prepare(&["secrets", "generate"]).into_command();
    let mut child = command.stdin(Stdio::null()).stdout(Stdio::null()).stderr(Stdio::null()).spawn().unwrap();
    let store = fleet.root().join("secrets");
    let start = Instant::now();
    while n_files(&store) < 10 {
        assert!(
            start.elapsed() < Duration::from_mins(1) && child.try_wait().unwrap().is_none(),
            "no file, or too fast"
        );
        std::thread::sleep(Duration::from_millis(2));
    }
    child.kill().unwrap();
    child.wait().unwrap();

    let first = Snapshot::of(&store);
    let files = |store: &Snapshot| store.0.keys().filter(|path| !path.ends_with('/')).count();
    assert!((10..all).contains(&files(&first)), "killed in the middle: {}", files(&first));
    let mut seen = HashSet::new();
    let mut check = |store: &Snapshot| {
        seen.clear();
        for (path, bytes) in store.0.iter().filter(|(path, _)| !path.ends_with('/')) {
            let values = opened(bytes);
            let keys: Vec<&str> = values.keys().map(String::as_str).collect();
            assert_eq!(
                keys,
                if path.ends_with("db.yaml") { &["password"][..] } else { &["seed", "signing"] },
                "{path}"
            );
            for key in values.keys() {
                assert!(seen.insert(text(&values, key)), "{path}: {key} was made twice");
            }
        }
    };
    check(&first);

    let left = all - files(&first);
    fleet.run(&["secrets", "generate"]).exits(0).says(&format!(" in {left} file"));
    let second = Snapshot::of(&store);
    assert_eq!(files(&second), all);
    assert!(first.0.iter().all(|(path, bytes)| second.0[path] == *bytes), "what was there stays as it was");
    check(&second);
    assert!(!fleet.has("rendered"));
    let left: Vec<_> =
        std::fs::read_dir(fleet.root().join(".lmsgen")).unwrap().map(|e| e.unwrap().file_name()).collect();
    assert!(left.iter().all(|name| !name.to_string_lossy().starts_with("tmp-")), "{left:?}");
    fleet.run(&["validate"]).exits(0);
}

struct Unwatched;

impl Watch for Unwatched {
    fn begin(&self, _: &str, _: usize) {}
    fn advance(&self, _: usize) {}
}

/// Runs `secrets generate` in this process; `hook` sees every system call.
fn generate_with(
    fleet: &Fleet,
    hook: impl Fn(Op, &str) -> Result<(), Errno> + Send + Sync + 'static,
) -> Result<GenerateOutcome, Error> {
    let root = Root::open(&fleet.root()).unwrap().with_hook(Arc::new(hook));
    let keys = (&Identities::new(), "2026-01-02T03:04:05Z");
    generate_secrets(&root, &Selection::default(), keys, &Unwatched).map(|checked| checked.outcome.unwrap())
}

#[test]
fn a_full_disk_ends_the_run_with_what_was_made() {
    let fleet = many(20);
    let store = fleet.root().join("secrets");
    let (written, begun) = (AtomicUsize::new(0), Arc::new(AtomicUsize::new(0)));
    let counter = Arc::clone(&begun);
    let full = generate_with(&fleet, move |op, path| {
        if op != Op::Write || !path.starts_with("secrets/") {
            return Ok(());
        }
        counter.fetch_add(1, Ordering::Relaxed);
        if written.fetch_add(1, Ordering::Relaxed) < 5 { Ok(()) } else { Err(Errno::NOSPC) }
    });
    assert!(matches!(full, Err(Error::Files(_))), "{full:?}");
    assert_eq!(n_files(&store), 5);
    // Only what other threads had in hand was tried after that.
    let most = 5 + std::thread::available_parallelism().unwrap().get();
    assert!(begun.load(Ordering::Relaxed) <= most, "{begun:?}");

    // What may not be on the disk is not said to be there; it is there for the next run all the same.
    let broken =
        generate_with(&fleet, |op, path| if op == Op::Sync && path.is_empty() { Err(Errno::IO) } else { Ok(()) });
    assert!(matches!(broken, Err(Error::Files(_))), "{broken:?}");
    assert_eq!(n_files(&store), 40);
    assert_eq!(generate_with(&fleet, |_, _| Ok(())).unwrap(), GenerateOutcome::default());
    fleet.run(&["validate"]).exits(0);
}
