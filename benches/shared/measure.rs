//! What every benchmark needs: runs programs and measures them (wall time, peak memory, sizes of folders), and prints.

#![expect(clippy::disallowed_methods, clippy::disallowed_types, reason = "a benchmark starts programs and times them")]

use std::ffi::OsStr;
use std::fmt;
use std::io::Write;
use std::path::Path;
use std::process::{Command, Stdio};
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::{Duration, Instant};

use super::Result;

/// How often a running program is asked for its peak memory. The peak never falls, so only what it allocates in its
/// last moments can be missed.
const EVERY: Duration = Duration::from_millis(4);

/// One run of a program.
pub struct Ran {
    /// From before its start to its end, in milliseconds.
    pub millis: f64,
    /// The most memory it had resident, in MB (10^6 bytes).
    pub peak: u64,
}

/// `program` in `folder`, with nothing in its environment that could change what it does.
pub fn command(program: impl AsRef<OsStr>, folder: &Path, arguments: &[&str]) -> Command {
    let mut command = Command::new(program);
    command.current_dir(folder).args(arguments).stdin(Stdio::null()).stdout(Stdio::null());
    command.env("GIT_CONFIG_NOSYSTEM", "1").env("GIT_CONFIG_GLOBAL", "/dev/null");
    for who in ["AUTHOR", "COMMITTER"] {
        command.env(format!("GIT_{who}_NAME"), "Bench").env(format!("GIT_{who}_EMAIL"), "bench@example.org");
    }
    command
}

/// Runs a command to its end, which must be a good one. What other programs wrote is on the disk before it starts.
pub fn run(mut command: Command) -> Result<Ran> {
    rustix::fs::sync();
    let start = Instant::now();
    let mut child = command.spawn().map_err(|error| format!("{command:?}: {error}"))?;
    let status = format!("/proc/{}/status", child.id());
    let done = AtomicBool::new(false);
    let (ended, millis, peak) = std::thread::scope(|scope| {
        let watch = scope.spawn(|| {
            let mut peak = 0;
            while !done.load(Ordering::Relaxed) {
                peak = peak_of(&status).unwrap_or(peak);
                std::thread::sleep(EVERY);
            }
            peak
        });
        let ended = child.wait();
        let millis = start.elapsed().as_secs_f64() * 1000.0;
        done.store(true, Ordering::Relaxed);
        (ended, millis, watch.join().unwrap_or_default())
    });
    if !ended?.success() {
        return Err(format!("{command:?} failed").into());
    }
    Ok(Ran { millis, peak })
}

/// `VmHWM` of a running process in MB; `None` once it is gone.
fn peak_of(status: &str) -> Option<u64> {
    let text = std::fs::read_to_string(status).ok()?;
    let kib: u64 =
        text.lines().find_map(|line| line.strip_prefix("VmHWM:"))?.split_whitespace().next()?.parse().ok()?;
    Some(kib * 1024 / 1_000_000)
}

/// `cp -r`.
pub fn copy(from: &Path, to: &Path) -> Result<Ran> {
    let mut command = command("cp", Path::new("/"), &["-r"]);
    command.arg(from).arg(to);
    run(command)
}

/// What `git --version` prints.
pub fn git_version() -> Result<String> {
    let output = Command::new("git").arg("--version").output()?;
    Ok(String::from_utf8(output.stdout)?.trim().to_owned())
}

/// Files and bytes below a folder.
#[derive(Clone, Copy, Default)]
pub struct Size {
    files: u64,
    bytes: u64,
}

impl Size {
    /// Of a file or of everything below a folder.
    pub fn of(path: &Path) -> Result<Self> {
        let data = path.symlink_metadata()?;
        if !data.is_dir() {
            return Ok(Self { files: 1, bytes: data.len() });
        }
        let mut size = Self::default();
        for entry in std::fs::read_dir(path)? {
            size = size.and(Self::of(&entry?.path())?);
        }
        Ok(size)
    }

    /// Both together.
    pub fn and(self, other: Self) -> Self {
        Self { files: self.files + other.files, bytes: self.bytes + other.bytes }
    }
}

impl fmt::Display for Size {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} files, {} bytes", self.files, self.bytes)
    }
}

/// The middle of `values`; of an even number, the higher of the two.
pub fn median(values: impl Iterator<Item = f64>) -> f64 {
    let mut values: Vec<f64> = values.collect();
    values.sort_by(f64::total_cmp);
    values[values.len() / 2]
}

/// Prints a line of results.
pub fn say(line: &str) -> Result<()> {
    Ok(writeln!(std::io::stdout(), "{line}")?)
}

/// A count as a number to divide by.
pub fn count(number: usize) -> f64 {
    f64::from(u32::try_from(number).unwrap_or(u32::MAX))
}
