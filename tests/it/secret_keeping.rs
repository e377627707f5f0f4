//! The secret store from `secrets set` to the server: which key opens it, what a change touches, what every command
//! refuses, and that no program, file or object on the way holds a value.

use std::path::{Path, PathBuf};

use lmsgen::secret::decrypt;
use lmsgen::sops::Identities;

use crate::support::canary::{CANARY, assert_without};
use crate::support::fleet::{Fleet, Run, repository};
use crate::support::git_server::GitServer;

const STACK: &str = "templates/t/stack.toml";
const DB: &str = "secrets/dev/C1/db.yaml";
const MAIL: &str = "secrets/dev/environment/mail.yaml";

const DECLARED: &str = "\
phases = [\"app\"]

[params.level]
type = \"string\"
default = \"info\"
description = \"how much is logged\"

[secrets.db.password]
generate = \"alphanumeric\"
length = 24

[secrets.db.salt]
generate = \"hex\"
bytes = 16

[secrets.db.token]
provided = \"token of the payment account\"

[environment-secrets.mail.user]
generate = \"alphanumeric\"

[environment-secrets.mail.password]
provided = \"password of the mail relay\"
";

const TEMPLATE: &str = "\
apiVersion: v1
kind: ConfigMap
metadata: {name: one-{{ client.slug }}, namespace: {{ environment.namespace }}}
data:
  level: \"{{ params.level }}\"
  db: \"{{ secret_name(name='db') }} {{ secret_revision(name='db') }}\"
";

fn fleet() -> Fleet {
    Fleet::tiny(&[(STACK, DECLARED), ("templates/t/app/one.yaml", TEMPLATE)])
}

/// Makes the fleet a clone of an empty repository that a server has.
fn served(fleet: &Fleet) -> GitServer {
    let server = GitServer::start();
    fleet.git(&["init", "-q", "--initial-branch=main"]);
    fleet.git(&["remote", "add", "origin", &server.url()]);
    server
}

/// The key that opens what [`fleet`] writes.
fn key() -> PathBuf {
    repository().join("tests/keys/demo.agekey")
}

/// A key that opens nothing of it.
fn other_key() -> PathBuf {
    repository().join("tests/fixtures/secret/worthless.agekey")
}

const OTHER_RECIPIENT: &str = "age1233yjzgl4a8cq58aa5kueqp29pdvrq0z77fhkthpkgfkf8uwmsaspqewgr";

/// A run that reads `value` and has the right key.
fn set(fleet: &Fleet, target: &[&str; 3], value: &str) -> Run {
    set_without_key(fleet, target, value).env("SOPS_AGE_KEY_FILE", key())
}

fn set_without_key(fleet: &Fleet, target: &[&str; 3], value: &str) -> Run {
    fleet.prepare(&[&["secrets", "set"], &target[..]].concat()).input(value)
}

const TOKEN: [&str; 3] = ["dev/C1", "db", "token"];
const RELAY: [&str; 3] = ["dev", "mail", "password"];

/// Keys and values of a store file, opened with a key file.
#[track_caller]
fn values(fleet: &Fleet, path: &str, key_file: &Path) -> Vec<(String, String)> {
    let mut identities = Identities::new();
    identities.add("the test", &std::fs::read_to_string(key_file).unwrap()).unwrap();
    let text = |bytes: &[u8]| String::from_utf8(bytes.to_vec()).unwrap();
    let opened = decrypt(fleet.read(path).as_bytes(), &identities).unwrap();
    opened.into_iter().map(|(key, value)| (key, text(value.expose()))).collect()
}

#[track_caller]
fn value(fleet: &Fleet, path: &str, key_name: &str) -> String {
    let all = values(fleet, path, &key());
    all.into_iter().find(|(key, _)| key == key_name).expect("the key is in the file").1
}

/// Lines of a text that another does not have, without what they say behind the colon.
fn changed_lines(old: &str, new: &str) -> Vec<String> {
    assert_eq!(old.lines().count(), new.lines().count());
    let changed = old.lines().zip(new.lines()).filter(|(old, new)| old != new);
    changed.map(|(_, new)| new.split(':').next().unwrap().trim().to_owned()).collect()
}

/// Runs that are refused alike and write nothing.
#[track_caller]
fn refused(fleet: &Fleet, commands: &[&[&str]], exit: i32, said: &[&str]) {
    let before = fleet.snapshot();
    for args in commands {
        let ran = fleet.run(args).exits(exit);
        for text in said {
            assert!(ran.all().contains(text), "{args:?} does not say `{text}`:\n{}", ran.all());
        }
    }
    before.assert_same(&fleet.snapshot());
}

#[test]
fn a_new_file_is_made_whole_and_needs_no_key() {
    let fleet = fleet();
    let ran = set_without_key(&fleet, &TOKEN, "one two\n").go().exits(0).prints_nothing();
    assert_eq!(
        ran.err,
        "Set dev/C1 db token in secrets/dev/C1/db.yaml, revision 1; generated 2 values along with it\n\
         Next: lmsgen render\n"
    );
    let made = values(&fleet, DB, &key());
    let keys: Vec<(&str, usize)> = made.iter().map(|(key, value)| (key.as_str(), value.len())).collect();
    assert_eq!(keys, [("password", 24), ("salt", 32), ("token", 7)]);
    assert_eq!(value(&fleet, DB, "token"), "one two", "one line break at the end is the terminal's");

    // A place without client is the environment; of several line breaks only the last is left out.
    set_without_key(&fleet, &RELAY, "a\r\nb\n\n").go().exits(0).says(&format!("in {MAIL}, revision 1; generated 1 "));
    assert_eq!(value(&fleet, MAIL, "password"), "a\r\nb\n");
    fleet.run(&["render", "--locked"]).exits(0);
}

#[test]
fn an_existing_file_is_changed_where_it_must() {
    let fleet = fleet();
    fleet.run(&["secrets", "generate"]).exits(0);
    let (before, made) = (fleet.read(DB), values(&fleet, DB, &key()));
    set(&fleet, &TOKEN, "first").go().exits(0).says("revision 2\n");
    assert_eq!(value(&fleet, DB, "token"), "first");
    assert_eq!(values(&fleet, DB, &key())[..2], made);
    let first = fleet.read(DB);
    let kept = before.lines().filter(|line| line.starts_with("  password: ") || line.starts_with("  salt: "));
    assert!(kept.clone().count() == 2 && kept.clone().all(|line| first.contains(line)), "{first}");

    set(&fleet, &TOKEN, "second").go().exits(0).says("revision 3\n");
    let second = fleet.read(DB);
    let mut changed = changed_lines(&first, &second);
    changed.retain(|key| key != "lastmodified");
    assert_eq!(changed, ["lmsgen.dev/revision", "token", "mac"]);

    // The same value again writes nothing, not even the same bytes.
    let path = fleet.root().join(DB);
    let times = |path: &Path| path.metadata().unwrap().modified().unwrap();
    let (snapshot, time) = (fleet.snapshot(), times(&path));
    let ran = set(&fleet, &TOKEN, "second\n").go().exits(0);
    assert_eq!(ran.err, "dev/C1 db token has this value already; nothing was written\n");
    snapshot.assert_same(&fleet.snapshot());
    assert_eq!(times(&path), time);
}

#[test]
fn a_key_is_found_where_sops_looks_for_it() {
    let fleet = fleet();
    fleet.run(&["secrets", "generate"]).exits(0);
    let text = std::fs::read_to_string(key()).unwrap();
    let key_file = key();
    let named = [&["secrets", "set"], &TOKEN[..], &["--age-key-file", key_file.to_str().unwrap()]].concat();
    fleet.prepare(&named).input("1").go().exits(0);
    set_without_key(&fleet, &TOKEN, "2").env("SOPS_AGE_KEY", &text).go().exits(0);
    set(&fleet, &TOKEN, "3").go().exits(0);
    for (folder, name) in [(fleet.home().join(".config"), "HOME"), (fleet.home().join("xdg"), "XDG_CONFIG_HOME")] {
        let file = folder.join("sops/age/keys.txt");
        std::fs::create_dir_all(file.parent().unwrap()).unwrap();
        std::fs::write(&file, &text).unwrap();
        let value = if name == "HOME" { fleet.home() } else { folder };
        set_without_key(&fleet, &TOKEN, name).env(name, value).go().exits(0);
        std::fs::remove_file(file).unwrap();
    }
    assert_eq!(value(&fleet, DB, "token"), "XDG_CONFIG_HOME");

    // What a pipeline passes for variables that it does not have is as good as nothing.
    let empty = |run: Run| run.env("SOPS_AGE_KEY", "").env("SOPS_AGE_KEY_FILE", "");
    empty(fleet.prepare(&["render"])).go().exits(0);
    empty(set_without_key(&fleet, &TOKEN, "x"))
        .go()
        .exits(4)
        .says("tried SOPS_AGE_KEY (empty), SOPS_AGE_KEY_FILE (empty)");
}

#[test]
fn without_the_right_key_the_message_says_what_was_tried_and_who_has_one() {
    let fleet = fleet();
    fleet.run(&["secrets", "generate"]).exits(0);
    let before = fleet.snapshot();
    let home = fleet.home();
    let none = format!(
        "error[LMS410]: no identity opens the file: it has the recipient age1r0q3; tried SOPS_AGE_KEY (not set), \
         SOPS_AGE_KEY_FILE (not set), {}/.config/sops/age/keys.txt (no such file)\n",
        home.display()
    );
    for (target, path) in [(&TOKEN, DB), (&RELAY, MAIL)] {
        let ran = set_without_key(&fleet, target, CANARY).go().exits(4).prints_nothing();
        let ran = ran
            .says(&none)
            .says(path)
            .says("name the key file of one of these recipients with `--age-key-file` or SOPS_AGE_KEY_FILE");
        assert_without(&[CANARY], "stderr", ran.err.as_bytes());

        let wrong = set_without_key(&fleet, target, CANARY).env("SOPS_AGE_KEY_FILE", other_key()).go().exits(4);
        wrong.says("age1r0q3").says(&format!("SOPS_AGE_KEY_FILE {} (1 key)", other_key().display()));
        let text = std::fs::read_to_string(other_key()).unwrap();
        let wrong = set_without_key(&fleet, target, CANARY).env("SOPS_AGE_KEY", &text).go().exits(4);
        let private = text.lines().last().unwrap();
        assert_without(&[CANARY, private], "stderr", wrong.says("SOPS_AGE_KEY (1 key)").err.as_bytes());
    }
    before.assert_same(&fleet.snapshot());
}

#[test]
fn a_value_on_the_command_line_is_refused_and_not_repeated() {
    let fleet = fleet();
    let before = fleet.snapshot();
    let (option, short) = (format!("--value={CANARY}"), format!("-p{CANARY}"));
    for args in [&[CANARY][..], &["--value", CANARY], &[&option], &[&short], &["--", CANARY], &[CANARY, "-v"]] {
        let ran = fleet.run(&[&["secrets", "set"], &TOKEN[..], args].concat()).exits(2).prints_nothing();
        assert_without(&[CANARY], "stderr", ran.says("not taken from the command line").err.as_bytes());
    }
    let assigned = format!("{}={CANARY}", TOKEN[2]);
    let ran = fleet.run(&["secrets", "set", TOKEN[0], TOKEN[1], &assigned]).exits(2).prints_nothing();
    assert_without(&[CANARY], "stderr", ran.says("not taken from the command line").err.as_bytes());
    before.assert_same(&fleet.snapshot());
}

#[test]
fn a_pattern_is_no_place_of_one_value() {
    let fleet = fleet();
    fleet.write("clients/C2.toml", "name = \"Two\"\n\n[environments.dev]\n");
    let before = fleet.snapshot();
    // The first of several would be an accident.
    for command in ["show", "edit"] {
        let run = |place: &str, secret: &str| fleet.run(&["secrets", command, place, secret]);
        run("dev/C*", "db").exits(2).says("`dev/C*` is a pattern");
        run("d?v", "mail").exits(2).says("`d?v` is a pattern");
    }
    before.assert_same(&fleet.snapshot());
}

/// Every file below a folder, Git's and the lock's too.
fn every_file(folder: &Path, found: &mut Vec<PathBuf>) {
    for entry in std::fs::read_dir(folder).unwrap() {
        let entry = entry.unwrap();
        if entry.file_type().unwrap().is_dir() { every_file(&entry.path(), found) } else { found.push(entry.path()) }
    }
}

#[test]
fn a_value_is_nowhere_but_encrypted() {
    const OTHER: &str = "Canary-of-the-relay?7&8+9";
    let fleet = fleet();
    let server = served(&fleet);
    // What the program starts, it starts through this.
    let (bin, log) = (fleet.home().join("bin"), fleet.home().join("log"));
    let script = format!(
        "#!/bin/sh\nprintf '%s\\n' \"$@\" >> {log}\nenv >> {log}\nexec {git} \"$@\"\n",
        log = log.display(),
        git = real_git().display()
    );
    std::fs::create_dir(&bin).unwrap();
    std::fs::write(bin.join("git"), script).unwrap();
    std::fs::set_permissions(bin.join("git"), std::os::unix::fs::PermissionsExt::from_mode(0o755)).unwrap();
    let path = format!("{}:{}", bin.display(), std::env::var("PATH").unwrap());

    let mut said = String::new();
    let mut go = |run: Run, exit: i32| said.push_str(&run.env("PATH", &path).go().exits(exit).all());
    let run = |args: &[&str]| fleet.prepare(args).env("SOPS_AGE_KEY_FILE", key());
    go(set(&fleet, &TOKEN, CANARY), 0);
    go(set(&fleet, &RELAY, OTHER), 0);
    go(set(&fleet, &TOKEN, CANARY), 0);
    go(set_without_key(&fleet, &TOKEN, CANARY), 4);
    for args in [&["validate", "-v"][..], &["validate", "-o", "json"], &["render", "-v"], &["diff", "--unified"]] {
        go(run(args), 0);
    }
    go(run(&["publish", "-v"]), 0);
    go(set(&fleet, &TOKEN, &format!("{CANARY}{OTHER}")), 0);
    go(run(&["diff", "-v"]), 0);
    go(run(&["diff", "-o", "json"]), 0);
    go(run(&["publish"]), 0);
    assert_eq!(value(&fleet, DB, "token"), format!("{CANARY}{OTHER}"), "the values are there at all");

    let planted = [CANARY, OTHER];
    assert_without(&planted, "the output", said.as_bytes());
    assert!(std::fs::read_to_string(&log).unwrap().contains("push"), "Git was started by the program");
    let mut files = Vec::new();
    every_file(fleet.root().parent().unwrap(), &mut files);
    assert!(files.contains(&log) && files.iter().any(|path| path.ends_with(".git/HEAD")));
    for path in files {
        assert_without(&planted, &path.display().to_string(), &std::fs::read(&path).unwrap_or_default());
    }
    let objects = ["cat-file", "--batch-all-objects", "--batch"];
    for (name, objects) in [("the clone", fleet.git(&objects)), ("the server", server.git(&objects))] {
        assert!(objects.contains("kind: Secret"), "{name} holds the store");
        assert_without(&planted, name, objects.as_bytes());
    }
}

fn real_git() -> PathBuf {
    let path = std::env::var_os("PATH").unwrap();
    std::env::split_paths(&path).map(|folder| folder.join("git")).find(|git| git.is_file()).unwrap()
}

#[test]
fn secrets_are_generated_once() {
    let fleet = fleet();
    let _server = served(&fleet);
    set_without_key(&fleet, &TOKEN, "t").go().exits(0);
    set_without_key(&fleet, &RELAY, "p").go().exits(0);
    fleet.run(&["render"]).exits(0);
    let store = fleet.snapshot().below("secrets/");
    let unchanged = || store.assert_same(&fleet.snapshot().below("secrets/"));
    fleet.run(&["render"]).exits(0).says("Nothing to write");
    unchanged();
    fleet.run(&["publish"]).exits(0);
    unchanged();
    fleet.edit("clients/C1.toml", "\n[env", "params.level = \"debug\"\n\n[env");
    fleet.run(&["publish"]).exits(0).prints("0 created, 1 changed");
    fleet.run(&["publish"]).exits(0).prints("Nothing to publish");
    unchanged();
    // Another client makes its own and leaves these alone; so does losing the output.
    fleet.write("clients/C2.toml", "name = \"Two\"\n\n[environments.dev]\n");
    std::fs::remove_dir_all(fleet.root().join("rendered")).unwrap();
    fleet.run(&["render"]).exits(0).says("Generated 2 secrets for dev/C2\n");
    let now = fleet.snapshot();
    assert_eq!(store.differences(&now.below("secrets/")), ["secrets/dev/C2/", "secrets/dev/C2/db.yaml"]);
    // The output holds the store's bytes.
    assert_eq!(fleet.read(DB), fleet.read("rendered/dev/C1/app/secret-db-c1.yaml"));
}

fn recipients(fleet: &Fleet, recipients: &[&str]) {
    let text = fleet.read("environments/dev.toml");
    let kept: Vec<&str> = text.lines().filter(|line| !line.starts_with("secrets.recipients")).collect();
    let list = format!("\nsecrets.recipients = {recipients:?}\n");
    fleet.write("environments/dev.toml", kept.join("\n") + &list);
}

#[test]
fn other_recipients_are_named_by_what_to_add_and_remove() {
    let fleet = fleet();
    fleet.run(&["render"]).exits(0);
    let demo = "age1r0q3yj86kfp5cggd8t7fdw6jxcpzlyfd7eg3s5znrsmkmxfuzduqepwqx6";
    let commands = [&["validate"][..], &["render"], &["render", "--locked"], &["secrets", "generate"]];
    recipients(&fleet, &[demo, OTHER_RECIPIENT]);
    refused(&fleet, &commands, 4, &["error[LMS412]", DB, MAIL, "age1233y to be added", "lmsgen secrets rewrap"]);
    recipients(&fleet, &[OTHER_RECIPIENT]);
    let said = ["error[LMS412]", "age1233y to be added; age1r0q3 to be removed", "still knows the values: rotate them"];
    refused(&fleet, &commands, 4, &said);
    let before = fleet.snapshot();
    let ran = set(&fleet, &TOKEN, CANARY).go().exits(4).says("age1233y to be added; age1r0q3 to be removed");
    assert_without(&[CANARY], "stderr", ran.err.as_bytes());
    before.assert_same(&fleet.snapshot());
    // Their order says nothing.
    recipients(&fleet, &[demo]);
    fleet.run(&["validate"]).exits(0);
}

#[test]
fn what_a_place_can_do_without_is_a_note() {
    let fleet = fleet();
    let server = served(&fleet);
    set(&fleet, &RELAY, "p").go().exits(0);
    fleet.run(&["publish"]).exits(4).says("error[LMS442]").says("run `lmsgen secrets set dev/C1 db token`");
    assert_eq!(server.tip("main"), "");
    fleet.edit(STACK, "payment account\"\n", "payment account\"\noptional = true\n");
    let ran = fleet.run(&["render"]).exits(0).says("dev/C1 db token");
    assert!(!ran.err.contains("warning"), "{}", ran.err);
    fleet.run(&["publish"]).exits(0);
    assert_ne!(server.tip("main"), "");
}

/// Gives the fleet every value and publishes it.
fn published(fleet: &Fleet) -> GitServer {
    let server = served(fleet);
    fleet.run(&["secrets", "generate"]).exits(0);
    for path in fleet.snapshot().below("secrets/").0.keys() {
        let place = path.trim_start_matches("secrets/");
        if let Some(environment) = place.strip_suffix("/environment/mail.yaml") {
            set(fleet, &[environment, "mail", "password"], "p").go().exits(0);
        } else if let Some(instance) = place.strip_suffix("/db.yaml") {
            set(fleet, &[instance, "db", "token"], "t").go().exits(0);
        }
    }
    fleet.run(&["publish"]).exits(0);
    server
}

/// What reads the store, in text and in JSON, at length and in short.
const READERS: [&[&str]; 7] = [
    &["validate"],
    &["validate", "-v"],
    &["validate", "-o", "json"],
    &["render"],
    &["render", "-v", "--color", "always"],
    &["render", "--locked"],
    &["secrets", "generate"],
];

/// Every reader refuses the store as it is, says `code` about the file of `place`, repeats no canary and writes nothing.
#[track_caller]
fn store_refused(fleet: &Fleet, place: &str, code: &str) {
    let before = fleet.snapshot();
    for args in READERS.iter().copied().chain([&["publish"][..], &["diff"]]) {
        let ran = fleet.prepare(args).env("SOPS_AGE_KEY_FILE", key()).go().exits(4);
        assert!(ran.all().contains(code), "{args:?} does not say {code}:\n{}", ran.all());
        assert!(ran.all().contains(&format!("secrets/{place}/db.yaml")), "{args:?}:\n{}", ran.all());
        assert_without(&[CANARY, "needle", "7f3a"], &format!("{args:?}"), ran.all().as_bytes());
    }
    let ran = set(fleet, &[place, "db", "token"], "x").go().exits(4);
    assert_without(&[CANARY, "needle", "7f3a"], "secrets set", ran.all().as_bytes());
    before.assert_same(&fleet.snapshot());
}

/// S01: refused by every reader.
#[test]
fn plaintext_is_refused_by_every_command_that_reads_the_store() {
    let fleet = fleet();
    let _server = published(&fleet);
    let sound = fleet.read(DB);
    let head = "apiVersion: v1\nkind: Secret\nmetadata: {name: db-c1, namespace: dev}\n";
    for body in
        [format!("stringData:\n  token: '{CANARY}'\n"), format!("stringData:\n  token: \"{CANARY}\n\t- : {CANARY}\n")]
    {
        fleet.write(DB, format!("{head}{body}"));
        store_refused(&fleet, "dev/C1", "LMS40");
    }
    // In a file that SOPS encrypted otherwise.
    let token = sound.lines().find(|line| line.starts_with("  salt: ")).unwrap();
    fleet.write(DB, sound.replace(token, &format!("  salt: '{CANARY}'")));
    store_refused(&fleet, "dev/C1", "LMS403");
    fleet.write(DB, sound);
    fleet.run(&["validate"]).exits(0);
}

/// S08, S23 through the program.
#[test]
fn truncated_and_copied_store_files_are_refused() {
    let fleet = fleet();
    fleet.write("clients/C2.toml", "name = \"Two\"\n\n[environments.dev]\n");
    let prod = fleet.read("environments/dev.toml").replace("\"dev\"", "\"prod\"");
    fleet.write("environments/prod.toml", prod);
    fleet.write("clients/C3.toml", "name = \"Three\"\n\n[environments.prod]\n");
    let _server = published(&fleet);
    let sound = fleet.read(DB);
    for length in [0, 1, sound.len() / 3, sound.len() / 2, sound.len() - 20] {
        fleet.write(DB, &sound[..length]);
        store_refused(&fleet, "dev/C1", "LMS40");
    }
    fleet.write(DB, &sound);
    let own = fleet.read("secrets/dev/C2/db.yaml");
    fleet.write("secrets/dev/C2/db.yaml", &sound);
    store_refused(&fleet, "dev/C2", "LMS413");
    fleet.write("secrets/dev/C2/db.yaml", own);
    // Another environment has another namespace and the same names.
    let mail = fleet.read("secrets/prod/environment/mail.yaml");
    fleet.write("secrets/prod/environment/mail.yaml", fleet.read(MAIL));
    let said = ["error[LMS413]", "the Secret `dev/mail`, not `prod/mail`", "secrets/prod/environment/mail.yaml"];
    refused(&fleet, &[&["validate"], &["render"], &["secrets", "generate"], &["diff"]], 4, &said);
    fleet.write("secrets/prod/environment/mail.yaml", mail);
    fleet.run(&["validate"]).exits(0);
}

#[test]
fn what_is_no_key_file_is_refused_at_once() {
    let fleet = fleet();
    fleet.run(&["secrets", "generate"]).exits(0);
    let before = fleet.snapshot();
    let at = |name: &str| fleet.home().join(name);
    let fifo = std::process::Command::new("mkfifo").arg(at("fifo")).status().unwrap();
    assert!(fifo.success());
    std::fs::write(at("empty"), "").unwrap();
    std::fs::write(at("comments"), "# nothing\n\n").unwrap();
    std::fs::write(at("public"), format!("{OTHER_RECIPIENT}\n")).unwrap();
    std::fs::write(at("large"), vec![b'x'; 2 << 20]).unwrap();
    std::fs::write(at("binary"), b"\xff\xfe\0\0").unwrap();
    std::fs::write(at("text"), format!("{CANARY}\n")).unwrap();
    std::fs::create_dir(at("folder")).unwrap();
    // `true` for what ends a run that names the file and needs no key: it cannot be read.
    for (file, said, ends) in [
        (at("fifo"), "is no key file", true),
        (PathBuf::from("/dev/zero"), "is no key file", true),
        (PathBuf::from("/dev/null"), "is no key file", true),
        (at("folder"), "is no key file", true),
        (at("large"), "at most 1 MiB", true),
        (at("missing"), "no such file", true),
        (at("empty"), "holds no key", false),
        (at("comments"), "holds no key", false),
        (at("public"), "line 1 holds a public key", false),
        (at("binary"), "is no text, so no age key file", false),
        (at("text"), "line 1 is no age private key", false),
    ] {
        let flag = ["secrets", "generate", "-v", "--age-key-file", file.to_str().unwrap()];
        let named = fleet.prepare(&[&["secrets", "set"], &TOKEN[..], &flag[3..]].concat()).input("x");
        let variable = || set_without_key(&fleet, &TOKEN, "x").env("SOPS_AGE_KEY_FILE", &file);
        let listed = format!("SOPS_AGE_KEY_FILE {} (", file.display());
        let quiet = fleet.prepare(&flag[..2]).env("SOPS_AGE_KEY_FILE", &file).go().exits(0);
        assert!(!quiet.err.contains("key file"), "{}", quiet.err);
        for (run, source, exit) in [
            (fleet.prepare(&flag), flag[3], if ends { 4 } else { 0 }),
            (named, flag[3], 4),
            (variable(), "SOPS_AGE_KEY_FILE", 4),
        ] {
            // It takes some milliseconds; what waits for a pipe or reads a device takes for ever.
            let ran = run
                .computes_at_most(5)
                .go()
                .exits(exit)
                .prints_nothing()
                .says(said)
                .says(&format!("{source} {}", file.display()));
            assert_eq!(ran.err.contains(&listed), source == "SOPS_AGE_KEY_FILE", "{}", ran.err);
            assert_without(&[CANARY], "stderr", ran.err.as_bytes());
        }
    }
    let pasted = set_without_key(&fleet, &TOKEN, "x").env("SOPS_AGE_KEY", OTHER_RECIPIENT).go().exits(4);
    pasted.says("SOPS_AGE_KEY (line 1 holds a public key");
    before.assert_same(&fleet.snapshot());
}

#[test]
fn a_command_for_a_key_is_never_executed() {
    let fleet = fleet();
    fleet.run(&["secrets", "generate"]).exits(0);
    let mark = fleet.home().join("mark");
    let command = format!("sh -c 'touch {}; cat {}'", mark.display(), key().display());
    let with = |run: Run| run.env("SOPS_AGE_KEY_CMD", &command);
    with(set_without_key(&fleet, &TOKEN, "x"))
        .go()
        .exits(4)
        .says("SOPS_AGE_KEY_CMD (not executed without `--age-key-cmd`)");
    with(set(&fleet, &TOKEN, "x")).go().exits(0);
    for args in [&["render"][..], &["validate"], &["secrets", "generate"]] {
        with(fleet.prepare(args)).go().exits(0);
    }
    assert!(!mark.exists());
}

#[test]
fn a_key_added_to_the_stack_extends_files_for_whoever_has_a_key() {
    let fleet = fleet();
    set_without_key(&fleet, &TOKEN, "kept").go().exits(0);
    set_without_key(&fleet, &RELAY, "relay").go().exits(0);
    fleet.run(&["render"]).exits(0);
    let old = values(&fleet, DB, &key());
    fleet.write(STACK, format!("{DECLARED}\n[secrets.db.pepper]\ngenerate = \"hex\"\nbytes = 16\n"));
    // Validating needs no key; making the value does.
    fleet.run(&["validate"]).exits(0);
    let tried = "tried SOPS_AGE_KEY (not set), SOPS_AGE_KEY_FILE (not set)";
    let commands = [&["render"][..], &["secrets", "generate"]];
    refused(&fleet, &commands, 4, &[DB, "no identity opens the file: it has the recipient age1r0q3", tried]);
    refused(&fleet, &[&["render", "--locked"]], 4, &["LMS441"]);

    let before = fleet.read(DB);
    let ran = fleet.prepare(&["render"]).env("SOPS_AGE_KEY_FILE", key()).go().exits(0);
    ran.says("Generated 1 secret for dev/C1\n");
    let new = values(&fleet, DB, &key());
    assert_eq!(new[..3], old);
    assert!(new.len() == 4 && new[3].0 == "pepper" && new[3].1.len() == 32, "{}", new.len());
    let after = fleet.read(DB);
    for line in before.lines().filter(|line| line.contains("ENC[") && !line.contains(" mac: ")) {
        assert!(after.contains(line), "unchanged values keep their ciphertext: {line}");
    }
    assert!(after.contains("lmsgen.dev/revision: \"2\""), "{after}");
    fleet.run(&["render", "--locked"]).exits(0);
    let store = fleet.snapshot();
    fleet.run(&["render"]).exits(0).says("Nothing to write");
    store.assert_same(&fleet.snapshot());
}
