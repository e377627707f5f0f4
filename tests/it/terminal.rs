//! What the program does with its streams: results, messages, colour, closed pipes and full disks.

use std::fs;
use std::process::{Command, Output, Stdio};

/// The program on a fleet with one fault, in an environment that says nothing of terminals.
fn lmsgen(fleet: &tempfile::TempDir, arguments: &[&str]) -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_lmsgen"));
    command.current_dir(fleet.path()).args(arguments).stdin(Stdio::null());
    for name in ["NO_COLOR", "FORCE_COLOR", "CLICOLOR", "CLICOLOR_FORCE", "CI", "TERM"] {
        command.env_remove(name);
    }
    command
}

fn faulty() -> tempfile::TempDir {
    let fleet = tempfile::tempdir().unwrap();
    fs::write(fleet.path().join("lmsgen.toml"), "bogus = 1\n").unwrap();
    fleet
}

fn text(bytes: &[u8]) -> String {
    String::from_utf8(bytes.to_vec()).unwrap()
}

#[test]
fn messages_go_to_stderr_and_results_to_stdout() {
    let fleet = faulty();
    let Output { status, stdout, stderr } = lmsgen(&fleet, &["validate"]).output().unwrap();
    assert_eq!(status.code(), Some(3));
    assert!(stdout.is_empty(), "{}", text(&stdout));
    assert!(
        text(&stderr).starts_with("error[LMS103]: unknown key `bogus`\n --> lmsgen.toml:1:1\n"),
        "{}",
        text(&stderr)
    );

    let Output { status, stdout, stderr } = lmsgen(&fleet, &["validate", "-o", "json"]).output().unwrap();
    assert_eq!(status.code(), Some(3));
    let json: serde_json::Value = serde_json::from_slice(&stdout).unwrap();
    assert_eq!((&json["format"], &json["errors"]), (&"lmsgen.diagnostics/v1".into(), &1.into()));
    assert!(stderr.is_empty(), "{}", text(&stderr));
}

#[test]
fn colour_is_for_terminals_and_for_those_who_ask() {
    let fleet = faulty();
    let coloured = |arguments: &[&str], variables: &[(&str, &str)]| {
        let output = lmsgen(&fleet, arguments).envs(variables.iter().copied()).output().unwrap();
        text(&output.stderr).contains('\u{1b}')
    };
    assert!(!coloured(&["validate"], &[]));
    assert!(coloured(&["validate", "--color", "always"], &[("NO_COLOR", "1")]));
    assert!(coloured(&["validate"], &[("FORCE_COLOR", "1")]));
    assert!(coloured(&["validate"], &[("CLICOLOR_FORCE", "1")]));
    assert!(!coloured(&["validate"], &[("FORCE_COLOR", "1"), ("NO_COLOR", "1")]));
    assert!(!coloured(&["validate", "--color", "never"], &[("FORCE_COLOR", "1")]));
}

#[test]
fn a_reader_that_went_away_ends_the_program_quietly() {
    let fleet = faulty();
    let (reader, writer) = std::io::pipe().unwrap();
    drop(reader);
    let output = lmsgen(&fleet, &["validate", "-o", "json"]).stdout(writer).stderr(Stdio::piped()).output().unwrap();
    assert_eq!(output.status.code(), Some(141));
    assert!(output.stderr.is_empty(), "{}", text(&output.stderr));
}

#[cfg(target_os = "linux")]
#[test]
fn a_full_disk_is_an_error_with_a_message() {
    let fleet = faulty();
    let full = fs::OpenOptions::new().write(true).open("/dev/full").unwrap();
    let output = lmsgen(&fleet, &["validate", "-o", "json"]).stdout(full).stderr(Stdio::piped()).output().unwrap();
    assert_eq!(output.status.code(), Some(5));
    assert!(text(&output.stderr).starts_with("error: cannot write to stdout: "), "{}", text(&output.stderr));
}

#[test]
fn a_wrong_command_line_is_no_difference() {
    let fleet = faulty();
    let output = lmsgen(&fleet, &["diff", "--exit-code", "--no-such-flag"]).output().unwrap();
    assert_eq!(output.status.code(), Some(2));
    assert!(output.stdout.is_empty() && !output.stderr.is_empty());
}
