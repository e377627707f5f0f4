//! Private age keys through the program: where they come from, which are refused and how, and when somebody is asked.
//! Tests are named after the rows K01 to K17 that they hold.

use std::io::Write as _;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::time::Duration;

use age::secrecy::SecretString;
use lmsgen::sops::new_key;

use crate::support::fleet::{Fleet, Ran, Run, repository};
use crate::support::terminal::{answered, on_terminal, shell_on_terminal, without_terminal};

const SESSION: &str = "secrets/asia/corner/session.yaml";
const SHOW: [&str; 5] = ["secrets", "show", "asia/corner", "session", "key"];

fn demo() -> PathBuf {
    repository().join("tests/keys/demo.agekey")
}

fn file(fleet: &Fleet, name: &str, bytes: impl AsRef<[u8]>) -> PathBuf {
    let path = fleet.home().join(name);
    std::fs::write(&path, bytes).unwrap();
    path
}

fn show_with(fleet: &Fleet, path: &Path) -> Ran {
    fleet.prepare(&[&SHOW[..], &["--age-key-file", path.to_str().unwrap()]].concat()).go()
}

/// A key file that a passphrase protects, as `age -p` makes it.
fn protected(text: &str, passphrase: &str, armor: bool) -> Vec<u8> {
    use age::armor::{ArmoredWriter, Format};
    let mut recipient = age::scrypt::Recipient::new(SecretString::from(passphrase));
    recipient.set_work_factor(4);
    let encryptor = age::Encryptor::with_recipients(std::iter::once(&recipient as _)).unwrap();
    let format = if armor { Format::AsciiArmor } else { Format::Binary };
    let mut writer = encryptor.wrap_output(ArmoredWriter::wrap_output(Vec::new(), format).unwrap()).unwrap();
    writer.write_all(text.as_bytes()).unwrap();
    writer.finish().unwrap().finish().unwrap()
}

#[test]
fn k01_no_key_is_needed_to_render_and_check() {
    let fleet = Fleet::shops();
    for args in [&["validate"][..], &["render"], &["render", "--locked"], &["secrets", "status"]] {
        fleet.run(args).exits(0);
    }
    // A protected key file is no reason to ask.
    let path = file(&fleet, "key.age", protected("x", "secret", false));
    without_terminal(fleet.prepare(&["render"]).env("SOPS_AGE_KEY_FILE", &path)).exits(0);
}

#[test]
fn k03_the_key_of_another_place_opens_nothing() {
    let fleet = Fleet::shops();
    let path = file(&fleet, "other", new_key("2026-01-01T00:00:00Z").text.as_bytes());
    let ran = show_with(&fleet, &path).exits(4).prints_nothing();
    ran.says("no identity opens the file: it has the recipient age1r0q3;").says("(1 key)").says(SESSION);
}

#[test]
fn k04_key_files_that_are_none_say_why() {
    let fleet = Fleet::shops();
    let key = std::fs::read_to_string(demo()).unwrap();
    let recipient = "age1r0q3yj86kfp5cggd8t7fdw6jxcpzlyfd7eg3s5znrsmkmxfuzduqepwqx6";
    let missing = fleet.home().join("missing");
    show_with(&fleet, &missing).exits(4).prints_nothing().says("no such file");
    for (name, bytes, said) in [
        ("empty", "", "holds no key"),
        ("comments", "# nothing\n\n", "holds no key"),
        ("public", recipient, "line 1 holds a public key"),
        ("plugin", "# x\nAGE-PLUGIN-YUBIKEY-1QQQ\n", "line 2 holds the key of an age plugin"),
        ("pq", "AGE-SECRET-KEY-PQ-1QQQQ\n", "line 1 holds a post-quantum key"),
        ("ssh", "-----BEGIN OPENSSH PRIVATE KEY-----\nx\n", "holds an SSH key"),
        ("typo", "AGE-SECRET-KEY-1QQQ\n", "line 1 is no age private key"),
    ] {
        let ran = show_with(&fleet, &file(&fleet, name, bytes)).exits(4).prints_nothing().says(said);
        assert!(!ran.err.contains("QQQ"), "{}", ran.err);
    }
    show_with(&fleet, &file(&fleet, "binary", b"\xff\xfe\x00")).exits(4).says("is no text");
    for (name, text) in [
        ("bom", format!("\u{feff}{key}")),
        ("crlf", key.replace('\n', "\r\n")),
        ("both", format!("\u{feff}{}", key.replace('\n', "\r\n"))),
    ] {
        assert_eq!(show_with(&fleet, &file(&fleet, name, text)).exits(0).out.len(), 64);
    }
    let locked = file(&fleet, "locked", protected(&key, "open sesame", true));
    let args = [&SHOW[..], &["--age-key-file", locked.to_str().unwrap()]].concat();
    let ran = without_terminal(fleet.prepare(&args)).exits(4).prints_nothing();
    ran.says("protected by a passphrase, and there is no terminal to ask for it").says("SOPS_AGE_KEY");
}

/// What `sops` knows and lmsgen does not stands beside the key that opens, in one file or in another.
#[test]
fn keys_of_other_kinds_are_left_out() {
    let fleet = Fleet::shops();
    let key = std::fs::read_to_string(demo()).unwrap();
    let ssh = "-----BEGIN OPENSSH PRIVATE KEY-----\nb3BlbnNzaA==\n-----END OPENSSH PRIVATE KEY-----\n";
    for other in ["AGE-PLUGIN-YUBIKEY-1QQQ\n", "AGE-SECRET-KEY-PQ-1QQQ\n", "AGE-SECRET-KEY-1QQQ\n", ssh] {
        for text in [format!("{other}{key}"), format!("{key}{other}")] {
            assert_eq!(show_with(&fleet, &file(&fleet, "mixed", text)).exits(0).out.len(), 64, "{other}");
        }
        let only = file(&fleet, "only", other);
        fleet.prepare(&SHOW).env("SOPS_AGE_KEY", &key).env("SOPS_AGE_KEY_FILE", &only).go().exits(0);
        for args in [
            &["secrets", "generate"][..],
            &["secrets", "rewrap", "--dry-run"],
            &["secrets", "generate", "--age-key-file", only.to_str().unwrap()],
            &["render"],
        ] {
            fleet.prepare(args).env("SOPS_AGE_KEY_FILE", &only).go().exits(0);
        }
    }
    // They are named where nothing opens.
    let strange = format!("AGE-PLUGIN-YUBIKEY-1QQQ\n{}", *new_key("2026-01-01T00:00:00Z").text);
    let ran = show_with(&fleet, &file(&fleet, "strange", strange)).exits(4).prints_nothing();
    ran.says("LMS410").says("(1 key; left out: line 1 holds the key of an age plugin");
}

#[test]
fn a_passphrase_is_asked_for_once_without_echo_and_only_if_it_is_needed() {
    let fleet = Fleet::shops();
    let key = std::fs::read_to_string(demo()).unwrap();
    for armor in [false, true] {
        let locked = file(&fleet, "locked", protected(&key, "open sesame", armor));
        // `set` shows nothing of the value.
        let args = ["secrets", "set", "asia/corner", "session", "key", "--file", "lmsgen.toml", "--age-key-file"];
        let args = [&args[..], &[locked.to_str().unwrap()]].concat();
        let (shown, code) = on_terminal(fleet.prepare(&args), "open sesame\n");
        assert_eq!(code, 0, "{shown}");
        assert_eq!(shown.matches("Passphrase of ").count(), 1, "{shown}");
        assert!(!shown.contains("open sesame"), "{shown}");
        // Two slips are no reason to begin again, a third one is.
        let (shown, code) = answered(fleet.prepare(&args), &["wrong\n", "wronger\n", "open sesame\n"]);
        assert_eq!(code, 0, "{shown}");
        assert_eq!(shown.matches("That does not open it. Passphrase of ").count(), 2, "{shown}");
        let (shown, code) = answered(fleet.prepare(&args), &["wrong\n"; 3]);
        assert_eq!(code, 4, "{shown}");
        assert_eq!(shown.matches("Passphrase of ").count(), 3, "{shown}");
        assert!(shown.contains("is protected by another passphrase") && !shown.contains("wrong"), "{shown}");
        let demo = demo();
        let both = [&args[..], &["--age-key-file", demo.to_str().unwrap()]].concat();
        without_terminal(fleet.prepare(&both)).exits(0);
    }
}

/// The run on a terminal, where `signal` comes while it waits at a prompt: whether the terminal afterwards shows what is
/// typed, and the exit code that the shell sees.
fn killed_at_prompt(fleet: &Fleet, run: Run, signal: &str) -> (bool, String) {
    let pid = fleet.home().join("pid");
    let line = format!(
        "rm -f {0}; (until [ -s {0} ]; do sleep 0.1; done; sleep 1; kill -{signal} $(cat {0})) & sh -c 'echo $$ > {0}; exec \"$@\"' sh LMSGEN; echo \"code $?\"; stty -a",
        pid.display()
    );
    let (shown, _) = shell_on_terminal(run, &line, &[]);
    let code = shown.split("code ").nth(1).and_then(|rest| rest.split_whitespace().next()).unwrap_or_default();
    (shown.contains(" echo ") && shown.contains(" icanon "), code.to_owned())
}

#[test]
fn whatever_ends_a_prompt_the_terminal_is_as_before_and_nothing_is_written() {
    let fleet = Fleet::shops();
    let key = std::fs::read_to_string(demo()).unwrap();
    let locked = file(&fleet, "locked", protected(&key, "open sesame", true));
    let set = ["secrets", "set", "asia/corner", "session", "key", "--age-key-file"];
    let value = || fleet.prepare(&[&set[..], &[demo().to_str().unwrap()]].concat());
    let passphrase = || fleet.prepare(&[&set[..], &[locked.to_str().unwrap(), "--file", "lmsgen.toml"]].concat());
    let before = fleet.snapshot();
    for (signal, code) in [("TERM", "143"), ("HUP", "129"), ("INT", "130")] {
        assert_eq!(killed_at_prompt(&fleet, value(), signal), (true, code.to_owned()), "{signal}");
        assert_eq!(killed_at_prompt(&fleet, passphrase(), signal), (true, code.to_owned()), "{signal}");
    }
    for run in [value(), passphrase()] {
        let (shown, code) = on_terminal(run, "half\u{3}");
        assert_eq!(code, 130, "{shown}");
        assert!(!shown.contains("half") && !shown.contains("error"), "{shown}");
    }
    before.assert_same(&fleet.snapshot());
}

#[test]
fn several_pasted_lines_are_no_value_and_not_left_to_the_shell() {
    let fleet = Fleet::shops();
    let demo = demo();
    let args = ["secrets", "set", "asia/corner", "session", "key", "--age-key-file", demo.to_str().unwrap()];
    let before = fleet.snapshot();
    for pasted in ["first\nsecond\n", "first\r\nsecond", "first\n\n"] {
        let (shown, code) = on_terminal(fleet.prepare(&args), pasted);
        assert_eq!(code, 2, "{shown}");
        assert!(shown.contains("several lines were pasted: use --file or a pipe"), "{shown}");
        assert!(!shown.contains("first") && !shown.contains("second"), "{shown}");
    }
    before.assert_same(&fleet.snapshot());
    // What reads the terminal next gets nothing of it.
    let line = "LMSGEN; printf 'next? '; read -r next; echo \"next: <$next>\"";
    let (shown, _) = shell_on_terminal(fleet.prepare(&args), line, &["first\nsecond\n", "\n"]);
    assert!(shown.contains("next: <>"), "{shown}");
    let (shown, code) = on_terminal(fleet.prepare(&args), "first\n");
    assert_eq!(code, 0, "{shown}");
}

#[test]
fn k05_sources_have_an_order_and_are_named() {
    let fleet = Fleet::shops();
    let other = new_key("2026-01-01T00:00:00Z").text;
    let text = std::fs::read_to_string(demo()).unwrap();
    let other_file = file(&fleet, "other", other.as_bytes());
    // Whichever of the two opens the file is taken.
    let run =
        |key: &str, path: &Path| fleet.prepare(&SHOW).env("SOPS_AGE_KEY", key).env("SOPS_AGE_KEY_FILE", path).go();
    run(&text, &other_file).exits(0);
    run(&other, &demo()).exits(0);
    let ran = run(&other, &other_file).exits(4);
    assert!(!ran.err.contains("AGE-SECRET-KEY"), "{}", ran.err);
    ran.says("SOPS_AGE_KEY (1 key)").says(&format!("SOPS_AGE_KEY_FILE {} (1 key)", other_file.display()));
    // A key that is named is the only one that counts.
    let args = [&SHOW[..], &["--age-key-file", other_file.to_str().unwrap()]].concat();
    let ran = fleet.prepare(&args).env("SOPS_AGE_KEY", &text).go().exits(4);
    assert!(!ran.err.contains("SOPS_AGE_KEY ("), "{}", ran.err);
    let demo = demo();
    fleet.run(&[&args[..], &["--age-key-file", demo.to_str().unwrap()]].concat()).exits(0);
}

#[test]
fn k07_what_is_no_regular_file_is_refused_at_once() {
    let fleet = Fleet::shops();
    let fifo = fleet.home().join("fifo");
    assert!(Command::new("mkfifo").arg(&fifo).status().unwrap().success());
    let large = fleet.home().join("large");
    std::fs::File::create(&large).unwrap().set_len(10 << 30).unwrap();
    for path in [&fifo, Path::new("/dev/zero"), &large, &fleet.home()] {
        for by_flag in [true, false] {
            let ran = if by_flag {
                show_with(&fleet, path)
            } else {
                fleet.prepare(&SHOW).env("SOPS_AGE_KEY_FILE", path).computes_at_most(5).go()
            };
            ran.exits(4).prints_nothing().says("it must be a regular file of at most 1 MiB");
        }
    }
}

fn script(fleet: &Fleet, name: &str, text: &str) -> PathBuf {
    let path = file(fleet, name, format!("#!/bin/sh\n{text}\n"));
    std::fs::set_permissions(&path, std::os::unix::fs::PermissionsExt::from_mode(0o755)).unwrap();
    path
}

#[test]
fn k08_a_key_command_is_executed_only_when_it_is_allowed() {
    let fleet = Fleet::shops();
    let log = fleet.home().join("log");
    let text = format!("env > {}; cat {}", log.display(), demo().display());
    let program = script(&fleet, "key-command", &text);
    let run = |args: &[&str], line: &str| {
        let all = [&SHOW[..], args].concat();
        fleet.prepare(&all).env("SOPS_AGE_KEY_CMD", line).env("SOPS_AGE_KEY", &*new_key("x").text).go()
    };
    let line = format!("'{}' \"an argument\"", program.display());
    run(&[], &line).exits(4).says("SOPS_AGE_KEY_CMD (not executed without `--age-key-cmd`)");
    run(&["-v"], &line).exits(4).says("warning: SOPS_AGE_KEY_CMD is set and not executed");
    assert!(!log.exists(), "it was executed");
    assert_eq!(run(&["--age-key-cmd"], &line).exits(0).out.len(), 64);
    let environment = std::fs::read_to_string(&log).unwrap();
    assert!(environment.contains("SOPS_AGE_RECIPIENT=age1r0q3"), "{environment}");
    assert!(!environment.contains("AGE-SECRET-KEY") && !environment.contains("SOPS_AGE_KEY_CMD"), "{environment}");
    // No shell reads it.
    let marker = fleet.home().join("marker");
    run(&["--age-key-cmd"], &format!("true; touch {}", marker.display())).exits(4);
    run(&["--age-key-cmd"], &format!("echo $(touch {})", marker.display())).exits(4);
    assert!(!marker.exists());
    let failing = script(&fleet, "failing", "exit 3");
    run(&["--age-key-cmd"], failing.to_str().unwrap()).exits(4).says("SOPS_AGE_KEY_CMD (failed with exit code 3)");
    run(&["--age-key-cmd"], "yes").exits(4).says("larger than 1 MiB");
    run(&["--age-key-cmd"], "'open").exits(4).says("a quote is not closed");
}

#[cfg(target_os = "linux")]
#[test]
fn k17_nothing_is_dumped() {
    let fleet = Fleet::shops();
    let locked = file(&fleet, "locked", protected("x", "y", false));
    let args = [&SHOW[..], &["--age-key-file", locked.to_str().unwrap()]].concat();
    let inner = fleet.prepare(&args).into_command();
    let words: Vec<_> =
        std::iter::once(inner.get_program()).chain(inner.get_args()).map(|w| w.to_str().unwrap()).collect();
    let pid_file = fleet.home().join("pid");
    let line = format!("ulimit -c unlimited; echo $$ > {}; exec {}", pid_file.display(), words.join(" "));
    let mut command = Command::new("script");
    command.args(["-qec", &line, "/dev/null"]).env("SHELL", "/bin/sh").current_dir(fleet.home());
    command.env("HOME", fleet.home()).env_remove("CI").stdin(Stdio::piped()).stdout(Stdio::null());
    command.arg("-c").arg(format!("cd {} && {line}", fleet.root().display()));
    let mut child = command.spawn().unwrap();
    let limits = || {
        let pid = std::fs::read_to_string(&pid_file).ok()?;
        let limits = std::fs::read_to_string(format!("/proc/{}/limits", pid.trim())).ok()?;
        let core = limits.lines().find(|line| line.starts_with("Max core file size"))?;
        Some((pid, core.split_whitespace().skip(4).take(2).collect::<Vec<_>>() == ["0", "0"]))
    };
    // The shell begins without a limit, and the program sets one at its start.
    let mut looks = (0..3000).map_while(|_| {
        std::thread::sleep(Duration::from_millis(20));
        child.try_wait().unwrap().is_none().then(limits)
    });
    let (pid, _) = looks.by_ref().flatten().find(|(_, is_off)| *is_off).expect("no dump of what holds keys");
    assert!(Command::new("kill").args(["-ABRT", pid.trim()]).status().unwrap().success());
    drop(child.stdin.take());
    child.wait().unwrap();
    for folder in [fleet.home(), fleet.root()] {
        let cores = std::fs::read_dir(folder)
            .unwrap()
            .flatten()
            .filter(|one| one.file_name().to_string_lossy().starts_with("core"));
        assert_eq!(cores.count(), 0);
    }
}

#[test]
fn keygen_makes_a_key_that_opens_what_is_encrypted_to_it() {
    let fleet = Fleet::shops();
    let path = fleet.home().join("new.txt");
    let outside = crate::support::fleet::lmsgen(&fleet.home(), &fleet.home(), &["secrets", "keygen", "new.txt"]).go();
    let ran = outside.exits(0).prints("Public key: age1").prints("Add it to `recipients` under `[secrets]`");
    let text = std::fs::read_to_string(&path).unwrap();
    let recipient = text.lines().nth(1).unwrap().strip_prefix("# public key: ").unwrap();
    assert!(ran.out.contains(recipient) && text.starts_with("# created: 2") && text.lines().count() == 3);
    assert!(!ran.all().contains("AGE-SECRET-KEY"), "{}", ran.all());
    let mode = std::os::unix::fs::PermissionsExt::mode(&std::fs::metadata(&path).unwrap().permissions());
    assert_eq!(mode & 0o777, 0o600);
    fleet.run(&["secrets", "keygen", path.to_str().unwrap()]).exits(5).says("never written over another file");
    assert_eq!(std::fs::read_to_string(&path).unwrap(), text);

    std::fs::remove_dir_all(fleet.root().join("secrets")).unwrap();
    fleet.edit("environments/asia.toml", "age1r0q3yj86kfp5cggd8t7fdw6jxcpzlyfd7eg3s5znrsmkmxfuzduqepwqx6", recipient);
    fleet.run(&["secrets", "generate"]).exits(0);
    assert_eq!(show_with(&fleet, &path).exits(0).out.len(), 64);
}

#[test]
fn keygen_puts_no_key_where_it_would_be_committed() {
    let fleet = Fleet::shops();
    for path in ["key.txt", "secrets/key.txt", "clients/key.txt"] {
        fleet.run(&["secrets", "keygen", path]).exits(8).prints_nothing().says("is in the fleet's folder");
        assert!(!fleet.has(path));
    }
    fleet.write(".gitignore", "*.txt\n");
    fleet.commit_all();
    fleet.run(&["secrets", "keygen", "secrets/key.txt"]).exits(8);
    fleet.run(&["secrets", "keygen", "-o", "key.txt"]).exits(0);
    assert!(fleet.has("key.txt"));
    assert!(fleet.run(&["secrets", "keygen", "-"]).exits(0).out.contains("\nAGE-SECRET-KEY-1"));
    fleet.prepare(&["secrets", "keygen", "-"]).env("CI", "true").go().exits(8).prints_nothing();
}

#[test]
fn children_get_no_private_key() {
    let fleet = Fleet::shops();
    fleet.commit_all();
    let log = fleet.home().join("git-log");
    let hook = script(&fleet, "hook", &format!("env >> {}", log.display()));
    std::fs::create_dir_all(fleet.root().join(".git/hooks")).unwrap();
    std::fs::copy(hook, fleet.root().join(".git/hooks/pre-push")).unwrap();
    let server = crate::support::git_server::GitServer::start();
    fleet.git(&["remote", "add", "origin", &server.url()]);
    fleet.write("clients/corner.toml", fleet.read("clients/corner.toml") + "\n");
    let text = std::fs::read_to_string(demo()).unwrap();
    let run = fleet.prepare(&["publish"]).env("SOPS_AGE_KEY", &text).env("SOPS_AGE_KEY_CMD", "cat key");
    run.go().exits(0);
    let environment = std::fs::read_to_string(&log).unwrap();
    assert!(environment.contains("PATH="));
    assert!(!environment.contains("SOPS_AGE_KEY") && !environment.contains("AGE-SECRET-KEY"), "{environment}");
}
