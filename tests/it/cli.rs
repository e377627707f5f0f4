//! The program as a program: help, usage errors, streams, colour, formats, selections.

use std::io::Read as _;
use std::process::Stdio;

use serde_json::Value;

use crate::support::fleet::{Fleet, lmsgen};

/// The repository's fleet, read only; nothing below needs a commit.
fn demo() -> Fleet {
    Fleet::of_repository(&[".sops.yaml", "lmsgen.toml", "environments", "clients", "templates", "secrets", "rendered"])
}

/// A fleet with a fault in each of two files.
fn broken() -> Fleet {
    let fleet = demo();
    fleet.edit("clients/C1.toml", "name = ", "nmae = ");
    fleet.edit("environments/lms-dev.toml", "kubernetes = \"1.35\"", "kubernetes = 1.35");
    fleet
}

/// Every command and its sub-commands, read from the help itself.
fn commands(fleet: &Fleet, prefix: &[String], all: &mut Vec<Vec<String>>) {
    all.push(prefix.to_vec());
    let mut args: Vec<&str> = prefix.iter().map(String::as_str).collect();
    args.push("--help");
    let help = fleet.run(&args).exits(0).out;
    let Some((_, list)) = help.split_once("\nCommands:\n") else { return };
    for line in list.lines().take_while(|line| !line.trim().is_empty()) {
        let is_entry = line.starts_with("  ") && !line.starts_with("   ");
        let name = line.split_whitespace().next().unwrap();
        if is_entry && name != "help" {
            commands(fleet, &[prefix, &[name.to_owned()]].concat(), all);
        }
    }
}

#[test]
fn every_command_has_help_that_reads_well() {
    let fleet = Fleet::empty();
    let mut all = Vec::new();
    commands(&fleet, &[], &mut all);
    let shown: Vec<String> = all.iter().map(|command| command.join(" ")).collect();
    for known in ["client new", "client list", "render", "validate", "diff", "publish", "explain", "secrets set"] {
        assert!(shown.iter().any(|command| command == known), "{known} is not in {shown:?}");
    }
    for command in &all {
        for flag in ["--help", "-h"] {
            let args: Vec<&str> = command.iter().map(String::as_str).chain([flag]).collect();
            let ran = fleet.run(&args).exits(0);
            assert_eq!(ran.err, "", "{args:?}");
            let usage = format!("Usage: lmsgen {}", command.join(" "));
            assert!(ran.out.contains(usage.trim_end()), "{args:?}: {}", ran.out);
            assert!(ran.out.lines().all(|line| line.chars().count() <= 100), "{args:?} is wide:\n{}", ran.out);
            assert!(!ran.out.contains('\u{1b}'), "{args:?}");
        }
        let undocumented = fleet.run(&command.iter().map(String::as_str).chain(["-h"]).collect::<Vec<_>>()).out;
        for line in undocumented.lines().filter(|line| line.trim_start().starts_with("--")) {
            assert!(line.trim().contains("  "), "{command:?}: no help for `{line}`");
        }
    }
    fleet.run(&["--version"]).exits(0).prints(env!("CARGO_PKG_VERSION"));
    fleet.run(&["help", "render"]).exits(0).prints("Usage: lmsgen render");
}

#[test]
fn a_wrong_command_line_exits_2_and_says_what_is_meant() {
    let fleet = demo();
    let before = fleet.snapshot();
    for (args, said) in [
        (&["rendr"][..], "'render'"),
        (&["render", "--lokced"], "'--locked'"),
        (&["client", "new", "C9"], "--name"),
        (&["client", "new", "C9", "--name", "x"], "--env"),
        (&["secrets", "set", "lms-dev/C1"], "<SECRET>"),
        (&["diff", "-o", "xml"], "json"),
        (&["diff", "--stat", "--unified"], "cannot be used with"),
        (&["render", "-q", "-v"], "cannot be used with"),
        (&["render", "--color", "blue"], "always"),
        (&["client", "new", "C9", "--name", "x", "-e", "lms-dev", "-l", "tier"], "KEY=VALUE"),
        (&["client", "new", "C9", "--name", "x", "-e", "lms-dev", "--phone", "1"], "--contact"),
    ] {
        fleet.run(args).exits(2).prints_nothing().says(said);
    }
    let ran = fleet.run(&[]).exits(2).prints_nothing();
    assert!(ran.err.contains("Usage: lmsgen"), "{}", ran.err);
    before.assert_same(&fleet.snapshot());
}

#[test]
fn where_there_is_no_fleet_every_command_says_so() {
    let empty = Fleet::empty();
    for args in [&["validate"][..], &["render"], &["diff"], &["publish"], &["client", "list"], &["env", "list"]] {
        let ran = empty.run(args).exits(2).prints_nothing();
        ran.says("error: there is no lmsgen.toml here or in a folder above\n").says("= help: ").says("-C");
    }
    empty.run(&["-C", "nowhere", "render"]).exits(2).says("there is no lmsgen.toml in nowhere");
    assert_eq!(std::fs::read_dir(empty.root()).unwrap().count(), 0, "nothing was written");
}

#[test]
fn the_fleet_is_found_from_below_and_by_name() {
    let fleet = demo();
    let at = |folder: &str, args: &[&str]| fleet.prepare(args).within(&fleet.root().join(folder)).go();
    let here = at("", &["client", "list"]).exits(0).out;
    assert!(here.contains("C42") && here.lines().count() >= 4, "{here}");
    assert_eq!(at("templates/lms/app", &["client", "list"]).exits(0).out, here);
    let root = fleet.root();
    let named = lmsgen(&fleet.home(), &fleet.home(), &["-C", root.to_str().unwrap(), "client", "list"]).go();
    assert_eq!(named.exits(0).out, here);
    assert_eq!(at("clients", &["--fleet", "..", "client", "list"]).exits(0).out, here);
}

#[test]
fn a_selection_without_match_is_an_error_with_what_is_near() {
    let fleet = demo();
    fleet.commit_all();
    let before = fleet.snapshot();
    for command in
        [&["validate"][..], &["render"], &["diff"], &["client", "list"], &["client", "show"], &["secrets", "generate"]]
    {
        let run = |more: &[&str]| fleet.run(&[command, more].concat()).exits(2).prints_nothing();
        run(&["C43"]).says("no client matches `C43`; did you mean `C42`?");
        run(&["c42"]).says("did you mean `C42`?");
        run(&["X*"]).says("no client matches `X*`");
        run(&["-e", "lms-stage"]).says("no environment matches `lms-stage`; there are `lms-dev`, `lms-prod`");
        run(&["-l", "teir=gold"]).says("no client matches `teir=gold`");
        run(&["-l", "gold"]).says("write `key=value`");
        // Each part matches something, all of them together nothing.
        run(&["C1", "-e", "lms-prod"]).says("client `C1` runs in `lms-dev`");
    }
    fleet.run(&["explain", "C43", "image.tag"]).exits(2).prints_nothing().says("did you mean `C42`?");
    fleet.run(&["explain", "C42", "image.tga"]).exits(2).prints_nothing().says("did you mean `image.tag`?");
    fleet.run(&["explain", "C42", "image.tag", "-e", "nope"]).exits(2).prints_nothing();
    before.assert_same(&fleet.snapshot());
}

#[test]
fn selections_are_the_same_everywhere() {
    let fleet = demo();
    let ids = |args: &[&str]| -> Vec<String> {
        let out = fleet.run(&[&["client", "list"], args].concat()).exits(0).out;
        out.lines().filter_map(|line| Some(line.split_whitespace().next()?.to_owned())).collect()
    };
    assert_eq!(ids(&["C42"]), ["C42"]);
    assert_eq!(ids(&["C1", "C42"]), ["C1", "C42"]);
    assert_eq!(ids(&["C1*"]), ["C1", "C1000"]);
    assert_eq!(ids(&["lms-prod/*"]), ids(&["-e", "lms-prod"]));
    assert!(!ids(&["-e", "lms-prod"]).contains(&"C1".to_owned()));
}

#[test]
fn stdout_carries_the_result_and_json_carries_its_format() {
    let fleet = demo();
    fleet.commit_all();
    fleet.edit("clients/C1.toml", "[environments.lms-dev]", "[environments.lms-dev]\nparams.replicas = 2");
    let json = |fleet: &Fleet, args: &[&str], code: i32| -> Value {
        let out = fleet.run(args).exits(code).out;
        serde_json::from_str(&out).unwrap_or_else(|error| panic!("{args:?}: {error}:\n{out}"))
    };
    assert_eq!(json(&fleet, &["diff", "-o", "json"], 0)["format"], "lmsgen.diff/v1");
    assert_eq!(json(&fleet, &["diff", "-o", "json", "--exit-code"], 1)["changed"], true);
    let found = json(&fleet, &["validate", "-o", "json"], 0);
    assert_eq!(found["format"], "lmsgen.diagnostics/v1");

    let broken = broken();
    let found = json(&broken, &["validate", "-o", "json"], 3);
    let list = found["diagnostics"].as_array().expect("diagnostics");
    assert!(list.len() >= 2, "{found}");
    for one in list {
        assert!(one["code"].as_str().is_some_and(|code| code.starts_with("LMS")), "{one}");
        assert!(one["message"].is_string() && one["severity"].is_string(), "{one}");
    }
    assert!(found.to_string().contains("did you mean `name`?"), "{found}");
    let text = broken.run(&["validate"]).exits(3).prints_nothing();
    text.says("--> clients/C1.toml:").says("--> environments/lms-dev.toml:");
}

#[test]
fn colour_is_asked_for_or_a_terminal_s() {
    let fleet = broken();
    let run = |args: &[&str], variables: &[(&str, &str)]| {
        let run = variables.iter().fold(fleet.prepare(args), |run, (name, value)| run.env(name, value));
        run.go().exits(3).err_untimed().to_owned()
    };
    let escapes = |text: &str| text.contains('\u{1b}');
    assert!(!escapes(&run(&["validate"], &[])), "no terminal");
    assert!(escapes(&run(&["validate", "--color", "always"], &[])));
    assert!(escapes(&run(&["validate", "--color", "always"], &[("NO_COLOR", "1")])), "the flag wins");
    assert!(!escapes(&run(&["validate"], &[("NO_COLOR", "1"), ("FORCE_COLOR", "1")])));
    assert!(escapes(&run(&["validate"], &[("FORCE_COLOR", "1")])));
    assert!(escapes(&run(&["validate"], &[("CLICOLOR_FORCE", "1")])));
    assert!(!escapes(&run(&["validate", "--color", "never"], &[("FORCE_COLOR", "1")])));
    assert!(!escapes(&run(&["validate"], &[("TERM", "dumb"), ("COLUMNS", "1")])));

    // Colour adds and never carries: the text is the same without it.
    let plain = run(&["validate"], &[]);
    let coloured = run(&["validate", "--color", "always"], &[]);
    assert_eq!(without_escapes(&coloured), plain);

    let right = demo();
    right.commit_all();
    right.edit("clients/C1.toml", "[environments.lms-dev]", "[environments.lms-dev]\nparams.replicas = 2");
    assert!(escapes(&right.run(&["diff", "--color", "always"]).exits(0).out));
    assert!(!escapes(&right.run(&["diff", "--color", "always", "-o", "json"]).exits(0).out), "JSON has no colour");
}

fn without_escapes(text: &str) -> String {
    let mut out = String::new();
    let mut rest = text;
    while let Some((before, after)) = rest.split_once("\u{1b}[") {
        out.push_str(before);
        rest = after.split_once('m').map_or("", |(_, rest)| rest);
    }
    out + rest
}

#[test]
fn quiet_says_nothing_but_results_and_errors() {
    let fleet = demo();
    fleet.commit_all();
    fleet.edit("clients/C1.toml", "[environments.lms-dev]", "[environments.lms-dev]\nparams.replicas = 2");
    assert_eq!(fleet.run(&["validate", "-q"]).exits(0).all(), "");
    let diff = fleet.run(&["diff", "-q"]).exits(0);
    assert!(diff.out.contains("replicas 1 -> 2") && diff.err.is_empty(), "{}", diff.all());
    assert_eq!(fleet.run(&["render", "-q"]).exits(0).all(), "");
    fleet.run(&["render", "-v", "--color", "never"]).exits(0).says("Nothing to write: all ");
    fleet.write("clients/notes~", "");
    assert_eq!(fleet.run(&["validate", "-q"]).exits(0).all(), "", "warnings are neither");
    fleet.run(&["validate"]).exits(0).says("warning[LMS126]");
    broken().run(&["validate", "-q"]).exits(3).says("error[LMS105]");
}

/// O17: nobody reads any more.
#[test]
fn a_closed_pipe_ends_the_program_quietly() {
    let fleet = demo();
    fleet.commit_all();
    fleet.edit("environments/lms-dev.toml", "image.tag = \"dev\"", "image.tag = \"1.4.2\"");
    for args in [
        &["diff"][..],
        &["diff", "--unified"],
        &["diff", "-o", "json"],
        &["validate", "-o", "json"],
        &["explain", "C42", "image.tag"],
        &["client", "list"],
        &["--help"],
        &["--version"],
    ] {
        let (reader, writer) = std::io::pipe().unwrap();
        drop(reader);
        let mut command = fleet.prepare(args).into_command();
        let output = command.stdin(Stdio::null()).stdout(writer).stderr(Stdio::piped()).output().unwrap();
        let code = output.status.code();
        assert!(matches!(code, Some(0 | 141)), "{args:?}: {code:?}");
        assert_eq!(String::from_utf8_lossy(&output.stderr), "", "{args:?}");
    }
    // A reader that goes away after the first bytes.
    let (mut reader, writer) = std::io::pipe().unwrap();
    let mut command = fleet.prepare(&["diff", "--unified"]).into_command();
    let child = command.stdin(Stdio::null()).stdout(writer).stderr(Stdio::piped()).spawn().unwrap();
    drop(command);
    reader.read_exact(&mut [0; 1]).unwrap();
    drop(reader);
    let output = child.wait_with_output().unwrap();
    assert!(matches!(output.status.code(), Some(0 | 141)), "{output:?}");
    assert_eq!(String::from_utf8_lossy(&output.stderr), "");
    // Messages have no reader either.
    let (reader, writer) = std::io::pipe().unwrap();
    drop(reader);
    let mut command = broken().prepare(&["validate"]).into_command();
    let status = command.stdin(Stdio::null()).stdout(Stdio::null()).stderr(writer).status();
    assert!(status.is_err() || status.unwrap().code() != Some(101));
}

#[test]
fn a_full_disk_behind_stdout_is_no_success() {
    if !std::path::Path::new("/dev/full").exists() {
        return;
    }
    let fleet = demo();
    let full = std::fs::OpenOptions::new().write(true).open("/dev/full").unwrap();
    let mut command = fleet.prepare(&["client", "list"]).into_command();
    let output = command.stdin(Stdio::null()).stdout(full).stderr(Stdio::piped()).output().unwrap();
    assert_eq!(output.status.code(), Some(5));
    assert!(String::from_utf8_lossy(&output.stderr).contains("cannot write to stdout"));
}

#[test]
fn commands_that_need_git_say_so_where_there_is_none() {
    let fleet = demo();
    let before = fleet.snapshot();
    for command in ["diff", "publish"] {
        let ran = fleet.run(&[command]).exits(6).prints_nothing();
        assert!(ran.err.starts_with("error: ") && ran.err.contains("Git repository"), "{}", ran.err);
    }
    // Rendering needs none.
    fleet.run(&["render"]).exits(0);
    before.assert_same(&fleet.snapshot());
}
