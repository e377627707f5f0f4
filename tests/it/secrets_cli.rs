//! Secrets through the program: set, generated once, refused when they are not what they must be, and never shown.

use std::collections::BTreeMap;
use std::path::Path;

use base64::Engine as _;
use lmsgen::secret::decrypt;
use lmsgen::sops::{Identities, Rule, encrypt_document, parse_recipient};

use crate::support::canary::assert_without;
use crate::support::fleet::{Fleet, Ran, repository};

const DEMO: &str = "age1r0q3yj86kfp5cggd8t7fdw6jxcpzlyfd7eg3s5znrsmkmxfuzduqepwqx6";
const OTHER: &str = "age1233yjzgl4a8cq58aa5kueqp29pdvrq0z77fhkthpkgfkf8uwmsaspqewgr";
const SESSION: &str = "secrets/asia/corner/session.yaml";
const PAYMENTS: &str = "secrets/asia/bolt-and-co/payments.yaml";

/// What is planted as a value and must be found nowhere.
const CANARY: &str = "correct-horse-battery-staple";

fn demo_key() -> String {
    repository().join("tests/keys/demo.agekey").to_str().unwrap().to_owned()
}

fn other_key() -> String {
    repository().join("tests/fixtures/secret/worthless.agekey").to_str().unwrap().to_owned()
}

fn set(fleet: &Fleet, place: &str, secret: &str, key: &str, value: impl AsRef<[u8]>) -> Ran {
    fleet.prepare(&["secrets", "set", place, secret, key]).input(value).go()
}

/// The values of a store file, opened with a key file.
fn opened(fleet: &Fleet, path: &str, key: &str) -> BTreeMap<String, Vec<u8>> {
    let mut identities = Identities::new();
    identities.add("the test", &std::fs::read_to_string(key).unwrap()).unwrap();
    let values = decrypt(fleet.read(path).as_bytes(), &identities).unwrap_or_else(|error| panic!("{path}: {error}"));
    values.into_iter().map(|(key, value)| (key, value.expose().to_vec())).collect()
}

#[track_caller]
fn assert_no_canary(what: &str, bytes: &[u8]) {
    assert_without(&[CANARY], what, bytes);
}

/// No file below a folder, Git's own and unpacked objects included, holds the value.
#[track_caller]
fn assert_nowhere(folder: &Path) {
    for entry in std::fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        if path.is_dir() {
            assert_nowhere(&path);
        } else {
            assert_no_canary(&path.display().to_string(), &std::fs::read(&path).unwrap());
        }
    }
}

#[test]
fn a_value_goes_from_stdin_into_the_store_and_nowhere_else() {
    let fleet = Fleet::shops();
    fleet.commit_all();
    let place = ["bolt-and-co", "payments", "api-key"];
    let ran = set(&fleet, "asia/bolt-and-co", "payments", "api-key", format!("{CANARY}\n")).exits(0).prints_nothing();
    assert_eq!(ran.err, format!("Set asia/{} in {PAYMENTS}, revision 1\nNext: lmsgen render\n", place.join(" ")));
    // One newline at the end is the terminal's, not the value's.
    assert_eq!(opened(&fleet, PAYMENTS, &demo_key())["api-key"], CANARY.as_bytes());
    assert_no_canary("the message", ran.all().as_bytes());
    let stored = fleet.read(PAYMENTS);

    for args in [
        &["render", "-v"][..],
        &["validate", "-v"],
        &["diff", "-v", "--objects"],
        &["diff", "--unified"],
        &["diff", "-o", "json"],
        &["validate", "-o", "json"],
        &["explain", "bolt-and-co", "title"],
    ] {
        let ran = fleet.run(args).exits(0);
        assert_no_canary(&args.join(" "), ran.all().as_bytes());
    }
    assert_eq!(
        fleet.read("rendered/asia/bolt-and-co/storage/secret-payments-bolt-and-co.yaml"),
        stored,
        "byte for byte"
    );
    fleet.commit_all();
    assert_nowhere(&fleet.root());
    let objects = fleet.git(&["cat-file", "--batch-all-objects", "--batch", "--unordered"]);
    assert_no_canary("Git's objects", objects.as_bytes());
    assert!(objects.contains("ENC[AES256_GCM,"), "they hold what is encrypted");
}

#[test]
fn setting_in_an_existing_file_needs_one_of_its_keys() {
    let fleet = Fleet::shops();
    let before = fleet.snapshot();
    let args = ["secrets", "set", "asia/corner", "session", "key"];
    let run = |variables: &[(&str, &str)], more: &[&str]| {
        let all = [&args[..], more].concat();
        variables.iter().fold(fleet.prepare(&all), |run, (name, value)| run.env(name, value)).input(CANARY).go()
    };
    let none = run(&[], &[]).exits(4).says("error[LMS410]: no identity opens the file: it has the recipient age1r0q3");
    let none = none.says("SOPS_AGE_KEY (not set), SOPS_AGE_KEY_FILE (not set), ").says("(no such file)");
    none.says(&format!("--> {SESSION}:1:1\n")).says("= help: name the key file of one of these recipients");
    let other = std::fs::read_to_string(other_key()).unwrap();
    run(&[], &["--age-key-file", &other_key()])
        .exits(4)
        .says("LMS410")
        .says(&format!("--age-key-file {} (1 key)", other_key()));
    let wrong = run(&[("SOPS_AGE_KEY", &other)], &[]).exits(4).says("LMS410").says("SOPS_AGE_KEY (1 key)");
    assert!(!wrong.err.contains("AGE-SECRET-KEY"), "{}", wrong.err);
    before.assert_same(&fleet.snapshot());

    // Key files that are none, each with its own reason.
    let folder = fleet.home();
    let file = |name: &str, bytes: &[u8]| {
        let path = folder.join(name);
        std::fs::write(&path, bytes).unwrap();
        path.to_str().unwrap().to_owned()
    };
    let pasted = file("public", DEMO.as_bytes());
    for (path, said) in [
        (folder.join("absent").to_str().unwrap(), "cannot be read"),
        (folder.to_str().unwrap(), "must be a regular file"),
        ("/dev/zero", "must be a regular file"),
        (&*file("empty", b""), ""),
        (&*file("comments", b"# nothing\n"), ""),
        (&*pasted, ""),
        (&*file("binary", b"\xff\xfe\x00"), ""),
        (&*file("large", &vec![b'#'; (1 << 20) + 1]), "1 MiB"),
    ] {
        let ran = run(&[], &["--age-key-file", path]).exits(4).says(said);
        assert!(ran.err.starts_with("error"), "{path}: {}", ran.err);
        assert_no_canary(path, ran.all().as_bytes());
    }
    before.assert_same(&fleet.snapshot());

    // The key of one of the recipients, from wherever sops would take it.
    let demo = std::fs::read_to_string(demo_key()).unwrap();
    std::fs::create_dir_all(folder.join(".config/sops/age")).unwrap();
    for turn in 0..5 {
        let value = format!("{CANARY}-{turn}");
        let prepared = fleet.prepare(&args).input(&value);
        let prepared = match turn {
            0 => prepared.env("SOPS_AGE_KEY", &demo),
            1 => prepared.env("SOPS_AGE_KEY_FILE", demo_key()),
            2 => fleet.prepare(&[&args[..], &["--age-key-file", &demo_key()]].concat()).input(&value),
            3 => prepared.env("SOPS_AGE_KEY", demo.replace('\n', "\r\n")),
            _ => {
                std::fs::write(folder.join(".config/sops/age/keys.txt"), format!("{other}\n{demo}")).unwrap();
                prepared
            }
        };
        let ran = prepared.go().exits(0);
        ran.says(&format!("Set asia/corner session key in {SESSION}, revision {}", turn + 2));
        assert_eq!(opened(&fleet, SESSION, &demo_key())["key"], value.as_bytes());
    }
    // The same value again changes no byte.
    let before = fleet.snapshot();
    let ran = fleet.prepare(&args).input(format!("{CANARY}-4")).go().exits(0);
    ran.says("has this value already; nothing was written");
    before.assert_same(&fleet.snapshot());
    // K08: a command is never executed to get a key.
    let trap = folder.join("pwned");
    let run = fleet.prepare(&args).env("SOPS_AGE_KEY_CMD", format!("touch {}", trap.display())).input("x");
    run.go();
    assert!(!trap.exists());
}

#[test]
fn targets_and_values_that_are_none() {
    let fleet = Fleet::shops();
    let before = fleet.snapshot();
    for (args, said) in [
        (["asia/conrer", "session", "key"], "did you mean `corner`?"),
        (["asai/corner", "session", "key"], "there are `asia`, `europe`"),
        (["europe/corner", "session", "key"], "client `corner` runs in `asia`"),
        (["asia/corner", "sesion", "key"], "there is `payments`, `session`"),
        (["asia/corner", "session", "kye"], "the stack declares `key`, `key-id`"),
        (["asia/corner", "mail", "password"], "has no Secret `mail`"),
        (["asia", "session", "key"], "has no Secret `session`; there is `mail`"),
    ] {
        let ran = set(&fleet, args[0], args[1], args[2], CANARY).exits(2).prints_nothing().says(said);
        assert_no_canary("the message", ran.all().as_bytes());
    }
    set(&fleet, "asia/bolt-and-co", "payments", "api-key", "").exits(2).says("the value is empty");
    set(&fleet, "asia/bolt-and-co", "payments", "api-key", "\n").exits(2).says("the value is empty");
    set(&fleet, "asia/bolt-and-co", "payments", "api-key", b"a\xff").exits(2).says("the value is not text (UTF-8)");
    let large = "x".repeat((1 << 20) + 1);
    set(&fleet, "asia/bolt-and-co", "payments", "api-key", &large).exits(2).says("larger than 1 MiB");
    // A value never comes from an argument.
    fleet.run(&["secrets", "set", "asia/bolt-and-co", "payments", "api-key", CANARY]).exits(2);
    before.assert_same(&fleet.snapshot());
}

/// S28: values that YAML, shells and line ends would change.
#[test]
fn any_value_arrives_as_it_is() {
    let fleet = Fleet::shops();
    let key = demo_key();
    for value in [
        " edge spaces ",
        "two\nlines\n\n",
        "crlf\r\nend",
        "tab\tand \u{7f}",
        "ENC[AES256_GCM,data:x,iv:y,tag:z,type:str]",
        "---\nkind: Secret",
        "{{ params.title }} $(VAR) ${x} `id`",
        "null",
        "0777",
        "Пароль 🔑 \u{feff}",
    ] {
        let args = ["secrets", "set", "asia/bolt-and-co", "payments", "api-key", "--age-key-file", &key];
        fleet.prepare(&args).input(format!("{value}\n")).go().exits(0);
        assert_eq!(opened(&fleet, PAYMENTS, &key)["api-key"], value.as_bytes(), "{value:?}");
        fleet.run(&["validate"]).exits(0);
    }
    // Files of sops hold text; what is none must be encoded by whoever reads it.
    let before = fleet.snapshot();
    let args = ["secrets", "set", "asia/bolt-and-co", "payments", "api-key", "--age-key-file", &key];
    fleet.prepare(&args).input(b"\xff\x00\xfe").go().exits(2).says("is not text (UTF-8)");
    before.assert_same(&fleet.snapshot());
}

/// S27: what is missing is listed and made, what is there is never made anew.
#[test]
fn values_are_generated_once() {
    let fleet = Fleet::shops();
    std::fs::remove_dir_all(fleet.root().join("secrets")).unwrap();
    let locked = fleet.run(&["render", "--locked"]).exits(4).prints_nothing();
    assert_eq!(
        locked.err.matches("error[LMS441]").count(),
        2,
        "one for each Secret, not for each client:\n{}",
        locked.err
    );
    let locked = locked.says("Secret `session` is not generated yet").says("Secret `mail` is not generated yet");
    locked.says("asia/corner").says("europe/bolt-and-co").says("without `--locked`");
    assert!(!fleet.has("rendered") && !fleet.has("secrets"));

    fleet.run(&["secrets", "generate", "corner"]).exits(0).says("Generated 3 secrets in 2 files\n");
    let some = fleet.snapshot();
    assert!(fleet.has(SESSION) && !fleet.has("secrets/europe") && !fleet.has("rendered"));
    fleet.run(&["render"]).exits(0).says("Generated ");
    let all = fleet.snapshot();
    assert!(some.differences(&all).iter().all(|path| !some.0.contains_key(path)), "nothing that was there changed");
    fleet.run(&["secrets", "generate"]).exits(0).says("Nothing to generate: the store is complete");

    // Again, without the output, with other parameters: not a byte of the store changes.
    std::fs::remove_dir_all(fleet.root().join("rendered")).unwrap();
    fleet.edit("clients/corner.toml", "name = \"Corner\"", "name = \"Corner & Son\"\nparams.title = \"x\"");
    fleet.run(&["render"]).exits(0);
    all.below("secrets/").assert_same(&fleet.snapshot().below("secrets/"));
    fleet.run(&["render", "--locked"]).exits(0);

    let session = opened(&fleet, SESSION, &demo_key());
    assert_eq!(session["key"].len(), 64);
    assert!(session["key"].iter().all(u8::is_ascii_hexdigit));
    assert_eq!(session["key-id"].len(), 64, "a SHA-256");
    let mail = opened(&fleet, "secrets/asia/environment/mail.yaml", &demo_key());
    assert_eq!(mail["password"].len(), 24);
    let elsewhere = opened(&fleet, "secrets/europe/environment/mail.yaml", &demo_key());
    assert_ne!(mail, elsewhere);
}

/// A key that the stack declares later is added to the file, which needs a private key; the rest keeps its bytes.
#[test]
fn a_key_that_is_declared_later() {
    let fleet = Fleet::shops();
    let stack = fleet.read("templates/shop/stack.toml");
    fleet.write(
        "templates/shop/stack.toml",
        format!("{stack}\n[secrets.session.salt]\ngenerate = \"hex\"\nbytes = 16\n"),
    );
    let before = fleet.snapshot();
    fleet.run(&["render"]).exits(4).says("no identity opens the file").says("/session.yaml");
    before.assert_same(&fleet.snapshot());
    let old = opened(&fleet, SESSION, &demo_key());
    fleet.run(&["render", "--age-key-file", &demo_key()]).exits(0).says("Generated 3 secrets");
    let new = opened(&fleet, SESSION, &demo_key());
    assert_eq!(new.len(), old.len() + 1);
    assert!(old.iter().all(|(key, value)| new[key] == *value));
}

/// Whatever is added to a file ends its lines as the others do.
#[test]
fn a_file_with_crlf_keeps_its_line_ends() {
    let fleet = Fleet::shops();
    let stack = fleet.read("templates/shop/stack.toml");
    fleet.write(
        "templates/shop/stack.toml",
        format!("{stack}\n[secrets.session.salt]\ngenerate = \"hex\"\nbytes = 16\n"),
    );
    let stored = fleet.read(SESSION);
    let head = stored.split_once("  annotations:").unwrap().0;
    let values = opened(&fleet, SESSION, &demo_key());
    let line = |key: &str| format!("  {key}: \"{}\"\n", String::from_utf8_lossy(&values[key]));
    let plain = format!("{head}type: Opaque\nstringData:\n{}{}", line("key"), line("key-id"));
    let rule = Rule::EncryptedRegex("^(data|stringData)$".into());
    let recipients = [parse_recipient(DEMO).unwrap()];
    let by_sops = encrypt_document(&plain, &rule, false, &recipients, "2026-01-02T03:04:05Z").unwrap();
    for text in [stored.clone(), by_sops] {
        fleet.write(SESSION, text.replace('\n', "\r\n"));
        let args = ["secrets", "set", "asia/corner", "session", "salt", "--age-key-file", &demo_key()];
        fleet.prepare(&args).input("x").go().exits(0);
        let written = fleet.read(SESSION);
        assert!(written.contains("\r\n  salt: ENC[") && written.contains("\r\n    lmsgen.dev/place: "), "{written}");
        assert!(written.contains("\r\n    app.kubernetes.io/instance: "), "{written}");
        assert_eq!(written.matches('\n').count(), written.matches("\r\n").count(), "{written:?}");
        assert_eq!(opened(&fleet, SESSION, &demo_key())["salt"], b"x");
    }
}

#[test]
fn several_recipients_and_changed_ones() {
    let fleet = Fleet::shops();
    std::fs::remove_dir_all(fleet.root().join("secrets/asia")).unwrap();
    fleet.edit("environments/asia.toml", &format!("[\"{DEMO}\"]"), &format!("[\"{DEMO}\", \"{OTHER}\"]"));
    fleet.run(&["render"]).exits(0);
    assert_eq!(opened(&fleet, SESSION, &demo_key()), opened(&fleet, SESSION, &other_key()));
    fleet.run(&["render", "--locked"]).exits(0);

    // One is gone, one is new: every file is named, nothing is written.
    for recipients in [format!("[\"{DEMO}\"]"), format!("[\"{OTHER}\"]")] {
        let both = format!("[\"{DEMO}\", \"{OTHER}\"]");
        fleet.edit("environments/asia.toml", &both, &recipients);
        let before = fleet.snapshot();
        for command in ["validate", "render"] {
            let ran = fleet.run(&[command, "-v"]).exits(4).prints_nothing().says("error[LMS412]").says(SESSION);
            ran.says("secrets/asia/environment/mail.yaml").says("secrets/asia/bolt-and-co/session.yaml");
        }
        before.assert_same(&fleet.snapshot());
        fleet.edit("environments/asia.toml", &recipients, &both);
    }
    fleet.run(&["validate"]).exits(0);
}

/// S01 and its kin: whatever a file of the store holds in the clear is not repeated.
#[test]
fn plaintext_in_the_store_is_refused_and_not_shown() {
    let sealed = Fleet::shops().read(SESSION);
    let encrypted = sealed.lines().find(|line| line.trim_start().starts_with("key: ENC[")).unwrap();
    let plain = format!(
        "apiVersion: v1\nkind: Secret\nmetadata:\n  name: corner-session\n  namespace: shops-asia\nstringData:\n  key: {CANARY}\n  key-id: {CANARY}\n"
    );
    let encoded = base64::engine::general_purpose::STANDARD.encode(CANARY);
    let bodies = [
        plain.clone(),
        plain.replace("stringData:", "data:").replace(CANARY, &encoded),
        plain.replace("kind: Secret", "kind: [Secret"),
        format!("{plain}sops: {{}}\n"),
        format!("{CANARY}\n"),
        format!("key: |\n  {CANARY}\n"),
        sealed.replace(encrypted, &format!("  key: {CANARY}")),
        sealed.replace(encrypted, &format!("  key: \"{CANARY}\" # {CANARY}")),
        sealed.replace(encrypted, &format!("  key: |\n    {CANARY}\n    {CANARY}")),
        sealed.replace(encrypted, &format!("{encrypted}\n  extra: {CANARY}")),
        sealed.replace("metadata:", &format!("metadata:\n  annotations: {{last-applied: '{{\"key\":\"{CANARY}\"}}'}}")),
        format!("{sealed}---\n{plain}"),
        sealed.replace(encrypted, &format!("  key: ENC[AES256_GCM,data:{CANARY},iv:a,tag:b,type:str]")),
    ];
    for body in bodies {
        assert_ne!(body, sealed);
        let fleet = Fleet::shops();
        fleet.write(SESSION, &body);
        let before = fleet.snapshot();
        for args in [
            &["validate"][..],
            &["validate", "-v", "--color", "always"],
            &["validate", "-o", "json"],
            &["render"],
            &["render", "-v"],
            &["secrets", "set", "asia/corner", "session", "key", "--age-key-file", &demo_key()],
        ] {
            let ran = fleet.prepare(args).env("RUST_BACKTRACE", "full").input("x").go();
            assert_eq!(ran.code, 4, "{args:?}:\n{body}\n{}", ran.all());
            assert!(ran.all().contains(SESSION), "{args:?}: {}", ran.all());
            assert_no_canary(&format!("{args:?} of\n{body}"), ran.all().as_bytes());
            assert_no_canary(&format!("{args:?} of\n{body}"), without_breaks(&ran.all()).as_bytes());
        }
        before.assert_same(&fleet.snapshot());
    }
}

/// A terminal may break a value over lines.
fn without_breaks(text: &str) -> String {
    text.chars().filter(|c| !c.is_whitespace()).collect()
}

/// S23: a file that belongs to another place is refused wherever it is copied to.
#[test]
fn a_file_of_another_place_is_refused() {
    let fleet = Fleet::shops();
    let europe = fleet.read("secrets/europe/bolt-and-co/session.yaml");
    let of_bolt = fleet.read("secrets/asia/bolt-and-co/session.yaml");
    for (path, text) in [(SESSION, &of_bolt), ("secrets/asia/bolt-and-co/session.yaml", &europe)] {
        let own = fleet.read(path);
        fleet.write(path, text);
        let before = fleet.snapshot();
        fleet.run(&["render"]).exits(4).prints_nothing().says(path);
        before.assert_same(&fleet.snapshot());
        fleet.write(path, own);
    }
    fleet.run(&["render"]).exits(0);
}

/// A private key pasted where a public one belongs is never repeated.
#[test]
fn a_private_key_in_the_fleet_is_not_shown() {
    let text = std::fs::read_to_string(other_key()).unwrap();
    let secret = text.lines().last().unwrap();
    let body = secret.strip_prefix("AGE-SECRET-KEY-").unwrap();
    let fleet = Fleet::shops();
    fleet.edit("environments/asia.toml", DEMO, secret);
    fleet.edit("clients/corner.toml", "name = \"Corner\"", &format!("name = \"{secret}\""));
    let before = fleet.snapshot();
    for args in [&["validate"][..], &["validate", "-v"], &["validate", "-o", "json"], &["render"], &["client", "list"]]
    {
        let ran = fleet.run(args);
        assert!(matches!(ran.code, 3 | 4), "{args:?}: {}", ran.all());
        assert!(!ran.all().contains(body) && !ran.all().contains(&body[..12]), "{args:?}: {}", ran.all());
    }
    before.assert_same(&fleet.snapshot());
}

/// What only a person can give: a warning until it is published.
#[test]
fn a_value_that_a_person_must_give() {
    let fleet = Fleet::of_repository(&["lmsgen.toml", "environments", "clients", "templates", "secrets", "rendered"]);
    let path = "secrets/lms-dev/environment/pg-admin.yaml";
    fleet.remove(path);
    let command = "run `lmsgen secrets set lms-dev pg-admin password`";
    fleet.run(&["validate"]).exits(0).says("warning[LMS442]").says(command);
    fleet.run(&["render"]).exits(0).says("warning[LMS442]").says(command);
    assert!(!fleet.has("rendered/lms-dev/environment/secret-pg-admin.yaml"), "no Secret without its value");
    fleet.run(&["render", "--locked"]).exits(4).says("error[LMS442]").says(command);
    fleet.commit_all();
    let before = (fleet.snapshot(), fleet.git(&["rev-parse", "HEAD"]));
    fleet.run(&["publish", "--no-push"]).exits(4).prints_nothing().says("error[LMS442]").says(command);
    assert!(before == (fleet.snapshot(), fleet.git(&["rev-parse", "HEAD"])));
    set(&fleet, "lms-dev", "pg-admin", "password", CANARY).exits(0);
    fleet.run(&["publish", "--no-push"]).exits(0);
    assert_eq!(fleet.git(&["status", "--porcelain"]), "");
    let objects = fleet.git(&["cat-file", "--batch-all-objects", "--batch", "--unordered"]);
    assert_no_canary("Git's objects", objects.as_bytes());
}
