//! Too much of everything: an answer within seconds of computing, its exit code, and nothing written.

use crate::support::fleet::{Fleet, Ran, hostile_strings, is_refused};

/// Runs `render`, which must be quick and write nothing.
#[track_caller]
fn refused(fleet: &Fleet, exit: i32) -> Ran {
    let before = fleet.snapshot();
    let ran = fleet.prepare(&["render"]).computes_at_most(10).go().exits(exit).prints_nothing();
    assert!(ran.err.len() < 100_000, "{} bytes", ran.err.len());
    before.assert_same(&fleet.snapshot());
    ran
}

/// X01, E16: refused before it is read.
#[test]
fn a_file_of_a_hundred_megabytes() {
    for path in ["clients/corner.toml", "environments/asia.toml", "templates/shop/stack.toml", "lmsgen.toml"] {
        let fleet = Fleet::shops();
        let file = std::fs::OpenOptions::new().write(true).open(fleet.root().join(path)).unwrap();
        file.set_len(100 << 20).unwrap();
        let ran = fleet.prepare(&["validate"]).computes_at_most(10).go();
        assert!(matches!(ran.code, 3 | 9), "{path}: {}", ran.err);
        assert!(ran.err.contains(path) && ran.err.contains("LMS121"), "{}", ran.err);
    }
}

/// One file of a merge request does not take minutes.
#[test]
fn store_files_of_many_keys_and_findings() {
    let fleet = Fleet::shops();
    let path = "secrets/asia/corner/session.yaml";
    fleet.run(&["secrets", "generate"]).exits(0);
    let sound = fleet.read(path);
    let (head, rest) = sound.split_once("stringData:\n").unwrap();
    let keys = (0..100_000).map(|n| format!("  k{n:06}: \"\"\n")).collect::<Vec<_>>().concat();
    let line = format!("# {}\n", "password=hunter2x ".repeat(100_000));
    for text in
        [format!("{head}stringData:\n{rest}").replace("sops:\n", &format!("{keys}sops:\n")), format!("{line}{sound}")]
    {
        fleet.write(path, text);
        let ran = fleet.prepare(&["validate", "-q"]).computes_at_most(20).go();
        assert!(matches!(ran.code, 3 | 4), "{}: {}", ran.code, &ran.err[..ran.err.floor_char_boundary(2000)]);
    }
}

/// C29: many faults are counted, not all shown.
#[test]
fn ten_thousand_unknown_keys() {
    let fleet = Fleet::shops();
    let keys = (0..10_000).map(|n| format!("unknown{n} = 1\n")).collect::<Vec<_>>().concat();
    fleet.write("clients/corner.toml", format!("name = \"Corner\"\n{keys}\n[environments.asia]\n"));
    let ran = refused(&fleet, 3).says("more");
    assert!(ran.err.matches("error[").count() <= 30, "{}", ran.err.matches("error[").count());
}

#[test]
fn depth() {
    let fleet = Fleet::shops();
    for text in [
        format!("params.settings = {}1{}\n", "[".repeat(10_000), "]".repeat(10_000)),
        format!("params.settings = {}1{}\n", "{a=".repeat(10_000), "}".repeat(10_000)),
        format!("params.settings.{}a = 1\n", "a.".repeat(10_000)),
        format!("[{}a]\n", "a.".repeat(10_000)),
    ] {
        fleet.write("clients/corner.toml", format!("name = \"Corner\"\n{text}\n[environments.asia]\n"));
        let before = fleet.snapshot();
        let ran = fleet.run(&["render"]);
        assert!(matches!(ran.code, 3 | 9), "{}: {}", ran.code, ran.err.chars().take(2000).collect::<String>());
        before.assert_same(&fleet.snapshot());
    }
}

/// X05: one client of many objects; X12: little input, much output.
#[test]
fn one_client_of_too_much() {
    let fleet = Fleet::shops();
    let client = |lines: &str| format!("name = \"Corner\"\n{lines}\n\n[environments.asia]\n");
    let texts = vec!["\"x\""; 1500].join(", ");
    fleet.write("clients/corner.toml", client(&format!("params.echo = [{texts}]")));
    refused(&fleet, 9).says("error[LMS243]").says("1500 objects").says("asia/corner");

    let long = format!("\"{}\"", "x".repeat(4000));
    fleet.write("clients/corner.toml", client(&format!("params.echo = [{}]", vec![&*long; 200].join(", "))));
    refused(&fleet, 9).says("error[LMS213]").says("echo.yaml");
}

/// X08: little memory and little stack.
#[cfg(target_os = "linux")]
#[test]
fn little_memory() {
    let fleet = Fleet::shops();
    let deep = format!("name = \"C\"\nparams.settings = {}1{}\n", "[".repeat(30), "]".repeat(30));
    fleet.write("clients/corner.toml", format!("{deep}\n[environments.asia]\n"));
    let program = env!("CARGO_BIN_EXE_lmsgen");
    let run = |limits: &str, command: &str| {
        let script = format!("{limits}; exec \"$0\" {command}");
        let output = std::process::Command::new("sh")
            .args(["-c", &script, program])
            .current_dir(fleet.root())
            .env("RAYON_NUM_THREADS", "2")
            .stdin(std::process::Stdio::null())
            .output()
            .unwrap();
        output.status.code()
    };
    let before = fleet.snapshot();
    let code = run("ulimit -v 262144; ulimit -s 256", "validate -q");
    assert!(code.is_some_and(|code| code == 3 || code == 9), "{code:?}");
    before.assert_same(&fleet.snapshot());
    fleet.write("clients/corner.toml", "name = \"C\"\n\n[environments.asia]\n");
    assert_eq!(run("ulimit -v 524288; ulimit -s 512", "render -q"), Some(0));
}

/// U08, U11 and their kin through the command that writes names into files.
#[test]
fn names_of_new_clients() {
    let fleet = Fleet::shops();
    // With `=`, so that a name may start with `-`.
    let run = |name: &str| {
        let (name, contact) = (format!("--name={name}"), format!("--contact={name}"));
        fleet.run(&["client", "new", "novel", &name, "-e", "asia", &contact])
    };
    let names = hostile_strings().into_iter().filter(|name| !name.contains('\0'));
    for name in names {
        let ran = run(&name);
        if is_refused(&name) || name.trim().is_empty() {
            assert_eq!(ran.code, 3, "{name:?}: {}", ran.err);
            assert!(!ran.all().chars().any(|c| is_refused(&c.to_string())), "{name:?}: {}", ran.all());
            assert!(!fleet.has("clients/novel.toml"), "{name:?}");
        } else {
            assert_eq!(ran.code, 0, "{name:?}: {}", ran.err);
            let list = fleet.run(&["client", "list", "novel"]).exits(0).out;
            assert_eq!(list.lines().count(), 1, "{name:?}: {list}");
            fleet.remove("clients/novel.toml");
        }
    }
    run(&"e\u{301}".repeat(1000)).exits(3).says("2000 characters (3000 bytes)");
    // Ids, environments and clients that are there already.
    let before = fleet.snapshot();
    let create = |id: &str, environment: &str| fleet.run(&["client", "new", id, "--name", "x", "-e", environment]);
    create("novel", "asai").exits(3).prints_nothing().says("unknown environment `asai`").says("did you mean `asia`?");
    create("CORNER", "asia").exits(2).says("`CORNER` exists already: clients/corner.toml");
    for id in ["../x", "a/b", ".", "..", "a b", "-rf", "é", "a\u{200b}b", "x\n"] {
        let ran = create(id, "asia").exits(2).prints_nothing();
        assert!(ran.err.starts_with("error: "), "{}", ran.err);
    }
    for id in ["asia", "environment", "kube-system", "default", "UPPER"] {
        let ran = create(id, "asia");
        assert!(matches!(ran.code, 2 | 3), "{id}: {}", ran.err);
    }
    before.assert_same(&fleet.snapshot());
}

/// U03: keys that only their bytes tell apart.
#[test]
fn keys_that_look_the_same() {
    let fleet = Fleet::shops();
    let line = "params.settings = { \"\u{e9}\" = 1, \"e\u{301}\" = 2 }";
    fleet.write("clients/corner.toml", format!("name = \"Corner\"\n{line}\n\n[environments.asia]\n"));
    refused(&fleet, 3).says("error[LMS112]").says("--> clients/corner.toml:2:");
}

/// C32: a fleet without clients is more often a mistake than a wish.
#[test]
fn a_fleet_without_clients() {
    let fleet = Fleet::shops();
    fleet.run(&["render"]).exits(0);
    for client in ["corner", "bolt-and-co"] {
        fleet.remove(&format!("clients/{client}.toml"));
    }
    refused(&fleet, 8).says("rendering it would delete everything");
    std::fs::remove_dir(fleet.root().join("clients")).unwrap();
    refused(&fleet, 8);
}
