//! Values in the hands of a person: shown, edited in memory, taken over from what already runs.

use std::path::PathBuf;
use std::process::{Command, Stdio};

use base64::Engine as _;

use crate::support::fleet::{Fleet, Ran, Run, repository};
use crate::support::terminal::{answered, without_terminal};

const PLACE: [&str; 2] = ["asia/bolt-and-co", "payments"];
const PAYMENTS: &str = "secrets/asia/bolt-and-co/payments.yaml";

/// An RSA key that is too short to be made by lmsgen.
fn short_rsa_key() -> String {
    use rsa::pkcs8::EncodePrivateKey as _;
    let mut random = getrandom::rand_core::UnwrapErr(getrandom::SysRng);
    let key = rsa::RsaPrivateKey::new(&mut random, 1024).unwrap();
    key.to_pkcs8_pem(rsa::pkcs8::LineEnding::LF).unwrap().to_string()
}

fn with_key(run: Run) -> Run {
    run.env("SOPS_AGE_KEY_FILE", repository().join("tests/keys/demo.agekey"))
}

fn go(fleet: &Fleet, command: &str, more: &[&str]) -> Ran {
    with_key(fleet.prepare(&[&["secrets", command], &PLACE[..], more].concat())).go()
}

fn set(fleet: &Fleet, value: &str) {
    let path = fleet.home().join("value");
    std::fs::write(&path, value).unwrap();
    go(fleet, "set", &["api-key", "--file", path.to_str().unwrap()]).exits(0);
}

fn shown(fleet: &Fleet) -> String {
    go(fleet, "show", &["api-key"]).exits(0).out
}

/// An editor: a shell script that is given the file as `$1`.
fn editor(fleet: &Fleet, script: &str) -> PathBuf {
    let path = fleet.home().join("editor");
    std::fs::write(&path, format!("#!/bin/sh\nset -e\n{script}\n")).unwrap();
    std::fs::set_permissions(&path, std::os::unix::fs::PermissionsExt::from_mode(0o755)).unwrap();
    path
}

fn edit(fleet: &Fleet, script: &str) -> Ran {
    let editor = editor(fleet, script);
    let args = [&["secrets", "edit"], &PLACE[..]].concat();
    with_key(fleet.prepare(&args)).env("EDITOR", editor).go()
}

/// Folders that edits of this user left in memory.
fn leftovers() -> Vec<String> {
    let names =
        std::fs::read_dir("/dev/shm").unwrap().flatten().map(|one| one.file_name().to_string_lossy().into_owned());
    names.filter(|name| name.starts_with("lmsgen-edit-")).collect()
}

#[test]
fn a_value_is_shown_as_it_is() {
    let fleet = Fleet::shops();
    for value in ["x", " a\n\n", "two\r\nlines\t", "é\u{1b}[31m"] {
        set(&fleet, value);
        assert_eq!(shown(&fleet), value);
    }
    assert_eq!(go(&fleet, "show", &[]).exits(0).out, "é\u{1b}[31m", "it has one key only");
    let args = ["secrets", "show", "asia/corner", "session"];
    with_key(fleet.prepare(&args)).go().exits(2).prints_nothing().says("has several keys: `key`, `key-id`");
    go(&fleet, "show", &["api-kye"]).exits(2).prints_nothing().says("did you mean `api-key`?");
    let ci = |value: &str| with_key(fleet.prepare(&["secrets", "show", PLACE[0], PLACE[1]])).env("CI", value).go();
    ci("true").exits(8).prints_nothing();
    ci("1").exits(8).prints_nothing();
    ci("false").exits(0);
    ci("0").exits(0);
    ci("").exits(0);
    fleet.remove(PAYMENTS);
    go(&fleet, "show", &[]).exits(4).says("the store has no file");
}

#[test]
fn an_edit_changes_what_was_changed() {
    let fleet = Fleet::shops();
    set(&fleet, "first");
    let before = fleet.snapshot();
    edit(&fleet, "true").exits(0).says("Nothing changed; nothing was written");
    before.assert_same(&fleet.snapshot());
    edit(&fleet, "test -f \"$1\"; sed -i 's/^api-key: first/api-key: second/' \"$1\"")
        .exits(0)
        .says("Changed asia/bolt-and-co payments");
    assert_eq!(shown(&fleet), "second");
    // Any value survives being looked at.
    for value in ["a\r\nb", " x ", "l1\nl2\n", "l1\nl2\n\n", "\ttab", "null", "a: b #c"] {
        set(&fleet, value);
        let before = fleet.snapshot();
        edit(&fleet, "true").exits(0).says("Nothing changed");
        before.assert_same(&fleet.snapshot());
    }
    edit(&fleet, "printf 'api-key: |\\n  one\\n  two\\n' > \"$1\"").exits(0);
    assert_eq!(shown(&fleet), "one\ntwo\n");
}

#[test]
fn an_edit_that_cannot_be_taken_writes_nothing_and_leaves_nothing() {
    let fleet = Fleet::shops();
    set(&fleet, "hunter2");
    let before = fleet.snapshot();
    for (script, exit, said) in [
        ("exit 1", 5, "failed; nothing was written"),
        ("kill -9 $$", 5, "failed; nothing was written"),
        ("echo 'api-kee: x' >> \"$1\"", 3, "line 5: is no key that can be edited here; did you mean `api-key`?"),
        ("echo 'S3cretPastedLine_hunter: y' >> \"$1\"", 3, "line 5: is no key that can be edited here"),
        ("echo 'hunter4:y' >> \"$1\"", 3, "line 5: a space is missing after the first `:`"),
        ("echo > \"$1\"", 3, "`api-key` is gone"),
        ("echo hunter3 >> \"$1\"", 3, "is neither `key: value` nor a comment"),
        ("rm \"$1\"", 5, "what the editor left"),
        ("printf 'api-key: \\377' > \"$1\"", 3, "not UTF-8"),
    ] {
        let runs = edit_without_terminal(&fleet, script).exits(exit).says(said);
        assert!(!runs.all().contains("hunter"), "{}", runs.all());
        before.assert_same(&fleet.snapshot());
    }
    edit(&fleet, "stat -c '%a %n' \"$1\" \"$(dirname \"$1\")\" >&2; env >&2; exit 1")
        .exits(5)
        .says("600 /")
        .says("700 /");
    let args = [&["secrets", "edit"], &PLACE[..]].concat();
    with_key(fleet.prepare(&args)).env("CI", "true").go().exits(8);
    with_key(fleet.prepare(&args)).env("EDITOR", "'x").go().exits(2).says("$EDITOR is no command line");
    with_key(fleet.prepare(&args)).env("EDITOR", "no-such-editor").go().exits(5).says("cannot be run");
    before.assert_same(&fleet.snapshot());
}

fn edit_without_terminal(fleet: &Fleet, script: &str) -> Ran {
    let editor = editor(fleet, script);
    without_terminal(with_key(fleet.prepare(&[&["secrets", "edit"], &PLACE[..]].concat())).env("EDITOR", editor))
}

#[test]
fn a_signal_ends_the_editor_and_removes_the_file() {
    let fleet = Fleet::shops();
    set(&fleet, "hunter2");
    let (seen, args) = (fleet.home().join("seen"), [&["secrets", "edit"], &PLACE[..]].concat());
    let editor = editor(&fleet, &format!("echo \"$1\" > {0}.tmp; mv {0}.tmp {0}; sleep 20", seen.display()));
    for (signal, code) in [("TERM", Some(143)), ("HUP", Some(129)), ("KILL", None)] {
        let run = with_key(fleet.prepare(&args)).env("EDITOR", &editor).into_command();
        let mut run = run;
        let mut child = run.stdin(Stdio::null()).stdout(Stdio::null()).stderr(Stdio::null()).spawn().unwrap();
        while !seen.exists() {
            std::thread::sleep(std::time::Duration::from_millis(20));
        }
        let path = PathBuf::from(std::fs::read_to_string(&seen).unwrap().trim());
        assert!(path.exists() && path.starts_with("/dev/shm"), "{}", path.display());
        // Other commands leave alone what is being edited.
        fleet.run(&["secrets", "status"]).exits(0);
        assert!(path.exists());
        Command::new("kill").args([&format!("-{signal}"), &child.id().to_string()]).status().unwrap();
        assert_eq!(child.wait().unwrap().code(), code, "{signal}");
        std::fs::remove_file(&seen).unwrap();
        if signal == "KILL" {
            // What nobody could remove, the next command on secrets does.
            fleet.run(&["secrets", "status"]).exits(0);
        }
        assert!(!path.exists(), "{signal}");
        let folder = path.parent().unwrap().file_name().unwrap().to_string_lossy().into_owned();
        assert!(!leftovers().contains(&folder), "{signal}");
    }
    assert_eq!(shown(&fleet), "hunter2");
}

#[test]
fn values_are_imported_from_files_and_manifests() {
    let fleet = Fleet::shops();
    let file = |name: &str, text: &str| {
        let path = fleet.home().join(name);
        std::fs::write(&path, text).unwrap();
        path.to_str().unwrap().to_owned()
    };
    let old = file("old", "from a file\n");
    let import = |more: &[&str]| go(&fleet, "import", more);
    let ran = import(&["--from-file", &format!("api-key={old}")]).exits(0);
    ran.says("Imported asia/bolt-and-co payments")
        .says(&format!("Now remove what holds the values in the clear: {old}"));
    assert_eq!(shown(&fleet), "from a file\n");
    import(&["--from-file", &format!("api-key={old}")]).exits(0).says("nothing was written");

    let data = base64::engine::general_purpose::STANDARD.encode("from a cluster");
    let manifest = format!(
        "apiVersion: v1\nitems:\n- apiVersion: v1\n  kind: Secret\n  metadata:\n    name: a\n  data:\n    API_KEY: {data}\n    rest: eA==\n- \
         apiVersion: v1\n  kind: Secret\n  metadata:\n    name: b\n  stringData:\n    api-key: other\nkind: List\n"
    );
    let manifest = file("list.yaml", &manifest);
    let from = ["--from-manifest", &manifest];
    let run = |more: &[&str]| import(&[&from[..], more].concat());
    let before = fleet.snapshot();
    run(&[]).exits(3).says("holds several Secrets: `a`, `b`; choose one with `--name`");
    run(&["--name", "c"]).exits(3).says("holds no Secret `c`");
    let refused = run(&["--name", "a"]).exits(2);
    refused.says("has no key `API_KEY`").says("did you mean `api-key`?").says("--map API_KEY=KEY");
    run(&["--name", "a", "--map", "API_KEY=api-key"]).exits(2).says("has no key `rest`");
    before.assert_same(&fleet.snapshot());
    run(&["--name", "a", "--map", "API_KEY=api-key", "--ignore", "rest"]).exits(0);
    assert_eq!(shown(&fleet), "from a cluster");
    run(&["--name", "b"]).exits(0);
    assert_eq!(shown(&fleet), "other");

    // A new file is complete and needs no key; a digest that is given must be right.
    fleet.remove(PAYMENTS);
    let ran = fleet.run(&["secrets", "import", PLACE[0], PLACE[1], "--from-file", &format!("api-key={old}")]).exits(0);
    ran.says("revision 1");
    let (key, id) = (file("key", "abc"), file("id", "wrong"));
    let session = |digest: &str| {
        let args = [
            "secrets",
            "import",
            "asia/corner",
            "session",
            "--from-file",
            &format!("key={key}"),
            "--from-file",
            &format!("key-id={digest}"),
        ];
        with_key(fleet.prepare(&args)).go()
    };
    session(&id).exits(3).says("the value of `key-id` is not the SHA-256 of `key`");
    let right = file("right", "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad");
    session(&right).exits(0);
    let binary = fleet.home().join("binary");
    std::fs::write(&binary, b"\xff\xfe").unwrap();
    import(&["--from-file", &format!("api-key={}", binary.display())]).exits(3).says("is not text (UTF-8)");
    import(&["--from-file", "api-key=/no/such/file"]).exits(5).says("the file for key `api-key`: no such file");
}

/// What was meant as a value and stands for the name of a file or a key is not repeated.
#[test]
fn a_value_in_place_of_a_file_or_a_key_is_not_repeated() {
    let fleet = Fleet::shops();
    set(&fleet, "old");
    let before = fleet.snapshot();
    let long = format!("api-key={}hunter2", "x".repeat(5000));
    let near = fleet.home().join("hunter2.txt");
    let near = near.to_str().unwrap();
    for (command, args, exit, said) in [
        ("import", &["--from-file", "api-key=S3cret-hunter2"][..], 5, "the file for key `api-key`: no such file"),
        ("import", &["--from-file", "api-key=Vgb/hunter2+xyz=="], 5, "the file for key `api-key`: no such file"),
        ("import", &["--from-file", "hunter2$=x"], 5, "the file that `--from-file` names: no such file"),
        ("import", &["--from-file", &long], 5, "the file for key `api-key`: cannot be read"),
        ("import", &["--from-file", "hunter2"], 2, "`--from-file` needs two names with `=` between them"),
        ("import", &["--from-file", "api-key=lmsgen.toml", "--map", "hunter2"], 2, "`--map` needs two names"),
        ("import", &["--from-file", "api-key=lmsgen.toml", "--ignore", "a=hunter2"], 2, "there is no key of that name"),
        ("import", &["--from-file", "hunter2$=lmsgen.toml"], 2, "has no key of that name"),
        ("import", &["--from-manifest", "hunter2"], 5, "the manifest: no such file"),
        ("set", &["api-key", "--file", "hunter2"], 5, "the file that `--file` names: no such file"),
        ("set", &["api-key=hunter2"], 2, "a value is not taken from the command line"),
        ("set", &["hunter2$"], 2, "has no key of that name; the stack declares `api-key`"),
        ("show", &["api-key=hunter2"], 2, "has no key of that name; it has `api-key`"),
        ("rotate", &["api-key=hunter2"], 2, "has no key of that name; the stack declares `api-key`"),
    ] {
        let ran = go(&fleet, command, args).exits(exit).prints_nothing().says(said);
        assert!(!ran.all().contains("hunter2"), "{command} {args:?}: {}", ran.all());
    }
    // What is meant as a file is named.
    go(&fleet, "import", &["--from-file", &format!("api-key={near}")]).exits(5).says(near);
    go(&fleet, "import", &["--from-file", "api-key=absent.pem"]).exits(5).says("absent.pem: no such file");
    before.assert_same(&fleet.snapshot());
}

/// A store file is a source like others, but encrypted, and somebody's.
#[test]
fn a_store_file_is_imported_by_its_name_and_not_taken_for_plaintext() {
    let fleet = Fleet::shops();
    let import = |place: &str, more: &[&str]| {
        let args = ["secrets", "import", place, "session", "--ignore", "key-id"];
        let args = [&args[..], &["--from-manifest", "secrets/asia/corner/session.yaml"], more].concat();
        with_key(fleet.prepare(&args)).go()
    };
    let before = fleet.snapshot();
    import("asia/bolt-and-co", &["--name", "nosuch"]).exits(3).says("holds no Secret `nosuch`");
    before.assert_same(&fleet.snapshot());
    let ran = import("asia/bolt-and-co", &["--name", "corner-session"]).exits(0);
    let ran =
        ran.says("Imported asia/bolt-and-co session").says("warning: these are the values of asia/corner/session");
    assert!(!ran.err.contains("in the clear"), "{}", ran.err);
    let ran = import("asia/corner", &[]).exits(0).says("nothing was written");
    assert!(!ran.err.contains("warning") && !ran.err.contains("in the clear"), "{}", ran.err);
}

#[test]
fn json_of_sops_in_one_line_is_imported() {
    use lmsgen::sops::{Rule, encrypt_document, parse_recipient};
    let fleet = Fleet::shops();
    let key = std::fs::read_to_string(repository().join("tests/keys/demo.agekey")).unwrap();
    let public = key.lines().find_map(|line| line.strip_prefix("# public key: ")).unwrap();
    let plain = "kind: Secret\nmetadata: {name: x}\nstringData:\n  api-key: from JSON\n";
    let recipients = [parse_recipient(public).unwrap()];
    let text = encrypt_document(plain, &Rule::default(), false, &recipients, "2026-01-02T03:04:05Z").unwrap();
    let value: serde_json::Value = serde_norway::from_str(&text).unwrap();
    let path = fleet.home().join("one-line.json");
    std::fs::write(&path, value.to_string()).unwrap();
    let ran = go(&fleet, "import", &["--from-manifest", path.to_str().unwrap()]).exits(0);
    assert!(!ran.err.contains("in the clear"), "{}", ran.err);
    assert_eq!(shown(&fleet), "from JSON");
}

#[test]
fn a_file_of_sops_is_imported_whatever_its_rule_but_not_with_more_in_it() {
    use lmsgen::sops::{Rule, encrypt_document, parse_recipient};
    let fleet = Fleet::shops();
    set(&fleet, "old");
    let key = std::fs::read_to_string(repository().join("tests/keys/demo.agekey")).unwrap();
    let public = key.lines().find_map(|line| line.strip_prefix("# public key: ")).unwrap();
    let recipients = [parse_recipient(public).unwrap()];
    let path = fleet.home().join("foreign.yaml");
    let import = |plain: &str, change: &dyn Fn(String) -> String| {
        let rule = Rule::EncryptedCommentRegex("of the shop".into());
        let text = encrypt_document(plain, &rule, true, &recipients, "2026-01-02T03:04:05Z").unwrap();
        std::fs::write(&path, change(text)).unwrap();
        go(&fleet, "import", &["--from-manifest", path.to_str().unwrap()])
    };
    let plain = "kind: Secret\nmetadata: {name: x}\n# of the shop\nstringData:\n  api-key: from sops\n";
    let before = fleet.snapshot();
    for (more, why) in [
        ("---\nkind: Secret\n", "holds 2 documents under one block of SOPS"),
        ("  other: 5\n", "the value of `other` is no text"),
        ("  other: {a: b}\n", "the value of `other` is no text"),
    ] {
        let ran = import(&format!("{plain}{more}"), &|text| text).exits(4).says(why);
        assert!(!ran.all().contains("from sops"), "{}", ran.all());
    }
    import(plain, &|text| text.replace("kind: Secret", "kind: Secret\nkind: Secret")).exits(4).says("occurs twice");
    import(plain, &|text| text.replace("api-key:", "other-key:")).exits(4).says("was changed or moved");
    before.assert_same(&fleet.snapshot());
    import(plain, &|text| text).exits(0).says("Imported asia/bolt-and-co payments");
    assert_eq!(shown(&fleet), "from sops");
    let written = std::fs::read_to_string(fleet.root().join(PAYMENTS)).unwrap();
    assert!(written.contains("encrypted_regex: ^(data|stringData)$") && !written.contains("of the shop"), "{written}");
}

#[test]
fn what_is_declared_as_an_rsa_key_must_be_one_however_it_comes() {
    let fleet = Fleet::of_repository(&["lmsgen.toml", "environments", "clients", "templates", "secrets", "rendered"]);
    let path = fleet.home().join("pem");
    std::fs::write(&path, "-----BEGIN PRIVATE KEY-----\nAAAA\n-----END PRIVATE KEY-----\n").unwrap();
    let from = format!("rsa_key={}", path.display());
    let why = "the value of `rsa_key` is no RSA private key in PEM, as the stack declares it";
    let before = fleet.snapshot();
    let place = ["lms-dev/C1", "rsa-secret"];
    let args = ["secrets", "import", place[0], place[1], "--from-file", &from];
    with_key(fleet.prepare(&args)).go().exits(3).says(why);
    let args = ["secrets", "set", place[0], place[1], "rsa_key", "--file", path.to_str().unwrap()];
    with_key(fleet.prepare(&args)).go().exits(3).says(why);
    let editor = editor(
        &fleet,
        "echo 'rsa_key: AAAA' > \"$1.new\"; grep -v '^rsa_key\\|^ ' \"$1\" >> \"$1.new\"; cat \"$1.new\" > \"$1\"",
    );
    let args = ["secrets", "edit", place[0], place[1]];
    let ran = without_terminal(with_key(fleet.prepare(&args)).env("EDITOR", editor)).exits(3).says(why);
    assert!(!ran.says("nothing was written").err.contains("AAAA"));
    // A short key is named by what it is and what it should be.
    std::fs::write(&path, short_rsa_key()).unwrap();
    let args = ["secrets", "import", place[0], place[1], "--from-file", &from];
    let short = "the value of `rsa_key` is an RSA key of 1024 bits, and the stack declares 2048";
    with_key(fleet.prepare(&args)).go().exits(3).says(short);
    before.assert_same(&fleet.snapshot());
    // Another good one is taken.
    let of_another = with_key(fleet.prepare(&["secrets", "show", "lms-dev/C70", place[1], "rsa_key"])).go().exits(0);
    std::fs::write(&path, of_another.out).unwrap();
    let args = ["secrets", "set", place[0], place[1], "rsa_key", "--file", path.to_str().unwrap()];
    with_key(fleet.prepare(&args)).go().exits(0).says("Set lms-dev/C1 rsa-secret rsa_key");
}

/// What was typed is not lost by a value that cannot be taken.
#[test]
fn a_wrong_value_is_edited_again_with_the_text_that_was_typed() {
    let fleet = Fleet::of_repository(&["lmsgen.toml", "environments", "clients", "templates", "secrets", "rendered"]);
    let (log, before) = (fleet.home().join("log"), fleet.snapshot());
    // The first time it breaks the key; then it is opened again, and left as it is.
    let script = format!(
        "echo \"$1\" > {0}.path; cat \"$1\" >> {0}; echo END >> {0}; [ -e {0}.2 ] || echo 'rsa_key: typed' > \"$1\"; touch {0}.2",
        log.display()
    );
    let run = || {
        let run = with_key(fleet.prepare(&["secrets", "edit", "lms-dev/C1", "rsa-secret"]));
        run.env("EDITOR", editor(&fleet, &script))
    };
    let (shown, code) = answered(run(), &["y\n", "n\n"]);
    assert_eq!(code, 3, "{shown}");
    assert!(shown.contains("is no RSA private key") && shown.contains("Edit again?"), "{shown}");
    let seen = std::fs::read_to_string(&log).unwrap();
    assert_eq!(seen.split("END\n").nth(1).unwrap(), "rsa_key: typed\n", "{seen}");
    before.assert_same(&fleet.snapshot());
    let path = std::fs::read_to_string(log.with_extension("path")).unwrap();
    assert!(path.starts_with("/dev/shm/") && !std::path::Path::new(path.trim()).exists(), "{path}");
}

/// Somebody else sets the value while it is edited: theirs stays, and what was typed is there to be edited again.
#[test]
fn a_value_that_was_changed_meanwhile_is_not_overwritten() {
    let fleet = Fleet::shops();
    set(&fleet, "first");
    let mark = fleet.home().join("mark");
    let script = format!(
        "if [ -e {mark} ]; then grep -q '^api-key: typed' \"$1\"; sed -i 's/^api-key: typed/api-key: first/' \"$1\"; else touch {mark}\n\
         printf theirs | {program} secrets set {place} {secret} api-key >&2\nsed -i 's/^api-key: first/api-key: typed/' \"$1\"; fi",
        mark = mark.display(),
        program = env!("CARGO_BIN_EXE_lmsgen"),
        place = PLACE[0],
        secret = PLACE[1],
    );
    let ran = edit_without_terminal(&fleet, &script).exits(7).says("nothing was written");
    let ran = ran.says("`api-key` was changed by somebody else meanwhile");
    assert!(!ran.all().contains("typed") && !ran.all().contains("theirs"), "{}", ran.all());
    assert_eq!(shown(&fleet), "theirs");
    set(&fleet, "first");
    std::fs::remove_file(&mark).unwrap();
    let args = [&["secrets", "edit"], &PLACE[..]].concat();
    let run = with_key(fleet.prepare(&args)).env("EDITOR", editor(&fleet, &script));
    let (said, code) = answered(run, &["y\n"]);
    assert!(code == 0 && said.contains("Edit again?") && said.contains("Nothing changed"), "{code} {said}");
    assert_eq!(shown(&fleet), "theirs");
}

/// The editor and the key command get no token of a cluster, whichever environment declares it.
#[test]
fn programs_get_no_token_of_a_cluster() {
    let fleet = Fleet::shops();
    set(&fleet, "first");
    for (environment, variable) in [("asia", "ASIA_TOKEN"), ("europe", "EUROPE_TOKEN")] {
        let path = format!("environments/{environment}.toml");
        let text = fleet.read(&path);
        let cluster = format!("[cluster]\nurl = \"https://c.example\"\ntoken = {{ env = \"{variable}\" }}\n");
        fleet.write(&path, format!("{text}\n{cluster}"));
    }
    let log = fleet.home().join("log");
    let started = |args: &[&str], run: &dyn Fn(Run) -> Run| {
        let run = run(fleet.prepare(args)).env("ASIA_TOKEN", "hunter2").env("EUROPE_TOKEN", "hunter3");
        run.env("NO_TOKEN", "kept").go().exits(0);
        let environment = std::fs::read_to_string(&log).unwrap();
        assert!(environment.contains("NO_TOKEN=kept") && !environment.contains("hunter"), "{environment}");
        assert!(!environment.contains("ASIA_TOKEN") && !environment.contains("EUROPE_TOKEN"), "{environment}");
        std::fs::remove_file(&log).unwrap();
        environment
    };
    let script = editor(&fleet, &format!("env > {}", log.display()));
    let environment = started(&["secrets", "edit", PLACE[0], PLACE[1]], &|run| with_key(run).env("EDITOR", &script));
    // Where nvi would keep a copy is the folder that goes with the file.
    let folder = environment.lines().find_map(|line| line.strip_prefix("TMPDIR=")).unwrap();
    assert!(environment.lines().any(|line| line == format!("NEXINIT=set recdir={folder}")), "{environment}");
    let key = repository().join("tests/keys/demo.agekey");
    let script = editor(&fleet, &format!("env > {}; cat {}", log.display(), key.display()));
    let show = ["secrets", "show", PLACE[0], PLACE[1], "--age-key-cmd"];
    started(&show, &|run| run.env("SOPS_AGE_KEY_CMD", &script));
}

#[test]
fn vim_is_told_to_keep_nothing_elsewhere_however_it_is_started() {
    let fleet = Fleet::shops();
    set(&fleet, "first");
    let bin = fleet.home().join("bin");
    std::fs::create_dir(&bin).unwrap();
    let log = fleet.home().join("log");
    for name in ["vim", "nano", "emacsclient"] {
        std::fs::rename(editor(&fleet, &format!("printf '<%s>' \"$@\" > {}", log.display())), bin.join(name)).unwrap();
    }
    let path = format!("{}:{}", bin.display(), std::env::var("PATH").unwrap());
    let flags = "<-n><-i><NONE><--cmd><set nomodeline nobackup nowritebackup noundofile noswapfile viminfo=>";
    for (line, is_vim) in
        [("vim", true), ("env vim", true), ("env X=y vim -f", true), ("nano", false), ("emacsclient -a vim", false)]
    {
        let args = [&["secrets", "edit"], &PLACE[..]].concat();
        with_key(fleet.prepare(&args)).env("PATH", &path).env("EDITOR", line).go().exits(0);
        let given = std::fs::read_to_string(&log).unwrap();
        assert_eq!(given.contains(flags), is_vim, "{line}: {given}");
        assert!(given.ends_with("/payments.yaml>"), "the file comes last: {given}");
    }
}
