//! Runs of the program on a terminal of their own, and without any, wherever the tests run.

use std::io::Write as _;
use std::process::{Command, Stdio};
use std::time::Duration;

use super::fleet::{Ran, Run};

/// The run in a session of its own: there is nobody to ask.
pub fn without_terminal(run: Run) -> Ran {
    let inner = run.into_command();
    let mut command = Command::new("setsid");
    command.arg("-w").arg(inner.get_program()).args(inner.get_args()).env_clear();
    command.envs(inner.get_envs().filter_map(|(name, value)| Some((name, value?))));
    let output = command.current_dir(inner.get_current_dir().unwrap()).stdin(Stdio::null()).output().unwrap();
    let text = |bytes: Vec<u8>| String::from_utf8(bytes).unwrap();
    Ran { code: output.status.code().unwrap_or(-1), out: text(output.stdout), err: text(output.stderr) }
}

/// The run on a terminal of its own, where `typed` is typed; what the terminal shows, and the exit code.
pub fn on_terminal(run: Run, typed: &str) -> (String, i32) {
    shell_on_terminal(run, "LMSGEN", &[typed])
}

/// The run on a terminal, where each of `typed` is typed some time after the one before: as an answer of its own.
pub fn answered(run: Run, typed: &[&str]) -> (String, i32) {
    shell_on_terminal(run, "LMSGEN", typed)
}

/// A line of the shell's in which `LMSGEN` stands for the run, on a terminal.
pub fn shell_on_terminal(run: Run, line: &str, typed: &[&str]) -> (String, i32) {
    let inner = run.into_command();
    let words: Vec<String> = std::iter::once(inner.get_program())
        .chain(inner.get_args())
        .map(|word| format!("'{}'", word.to_str().unwrap()))
        .collect();
    let mut command = Command::new("script");
    command.args(["-qec", &line.replace("LMSGEN", &words.join(" ")), "/dev/null"]).env_clear();
    command.envs(inner.get_envs().filter_map(|(name, value)| Some((name, value?)))).env("SHELL", "/bin/sh");
    command.current_dir(inner.get_current_dir().unwrap());
    let piped = || Stdio::piped();
    let mut child = command.stdin(piped()).stdout(piped()).stderr(piped()).spawn().unwrap();
    let mut stdin = child.stdin.take().unwrap();
    for typed in typed {
        // Typed after the question: before it, the terminal still shows what is typed.
        std::thread::sleep(Duration::from_millis(1500));
        stdin.write_all(typed.as_bytes()).unwrap();
    }
    std::thread::sleep(Duration::from_millis(1500));
    drop(stdin);
    let output = child.wait_with_output().unwrap();
    (String::from_utf8_lossy(&output.stdout).into_owned(), output.status.code().unwrap_or(-1))
}
