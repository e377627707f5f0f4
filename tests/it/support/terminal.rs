//! Runs of the program on a terminal of their own, and without any, wherever the tests run.

use std::io::{Read, Write as _};
use std::process::{Child, Command, Stdio};
use std::sync::{Arc, Mutex};
use std::thread::sleep;
use std::time::{Duration, Instant};

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

/// The run on a terminal, where each of `typed` is typed at the next question: as an answer of its own.
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
    let mut stdout = child.stdout.take().unwrap();
    let shown = Arc::new(Mutex::new(Vec::new()));
    let reader = {
        let shown = Arc::clone(&shown);
        std::thread::spawn(move || {
            let mut piece = [0; 4096];
            while let Ok(n @ 1..) = stdout.read(&mut piece) {
                shown.lock().unwrap().extend_from_slice(&piece[..n]);
            }
        })
    };
    for typed in typed {
        // Before the question, the terminal would show what is typed.
        wait_for_question(&mut child, &shown);
        stdin.write_all(typed.as_bytes()).unwrap();
    }
    // Nothing typed is the end of input.
    let patience = if typed.last() == Some(&"") { SETTLED } else { LONGEST };
    wait_until(patience, || child.try_wait().unwrap().is_some());
    drop(stdin);
    let code = child.wait().unwrap().code().unwrap_or(-1);
    reader.join().unwrap();
    let shown = shown.lock().unwrap();
    (String::from_utf8_lossy(&shown).into_owned(), code)
}

/// A question that stands for this long is waited at.
const SETTLED: Duration = Duration::from_millis(400);

/// After this a question does not come any more.
const LONGEST: Duration = Duration::from_mins(1);

/// Returns when the last line is new and stays without an end, or when the program has ended.
fn wait_for_question(child: &mut Child, shown: &Mutex<Vec<u8>>) {
    let before = shown.lock().unwrap().len();
    let (mut length, mut since) = (before, Instant::now());
    wait_until(LONGEST, || {
        let shown = shown.lock().unwrap();
        if shown.len() != length {
            (length, since) = (shown.len(), Instant::now());
        }
        let is_question = length > before && shown.last().is_some_and(|&byte| byte != b'\n');
        is_question && since.elapsed() >= SETTLED || child.try_wait().unwrap().is_some()
    });
}

fn wait_until(patience: Duration, mut holds: impl FnMut() -> bool) {
    let start = Instant::now();
    while !holds() && start.elapsed() < patience {
        sleep(Duration::from_millis(20));
    }
}
