//! The terminal: the only file that prints, and the only one that knows whether anybody is looking.
//!
//! stdout carries the result, stderr everything else. Decides nothing else: what is said comes from `report`.

use std::io::{self, IsTerminal, Write};
use std::sync::OnceLock;
use std::time::{Duration, Instant};

use indicatif::{ProgressBar, ProgressDrawTarget, ProgressStyle};
use lmsgen::report::{Page, Paint};
use lmsgen::sops::Plaintext;

use super::environment::is_ci;
use super::exit::Exit;

/// `--color`.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, clap::ValueEnum)]
pub enum Color {
    /// In a terminal, unless `NO_COLOR` is set; everywhere if `FORCE_COLOR` or `CLICOLOR_FORCE` is set.
    #[default]
    Auto,
    /// Always.
    Always,
    /// Never.
    Never,
}

/// `-q` and `-v`.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord)]
pub enum Verbosity {
    /// The result and errors only.
    Quiet,
    /// What was done.
    #[default]
    Normal,
    /// How it was done as well.
    Verbose,
}

/// Writes to the terminal.
#[derive(Debug)]
pub struct Ui {
    verbosity: Verbosity,
    out: Paint,
    err: Paint,
    width: usize,
}

/// Lines are laid out for no more columns than this: longer ones are hard to read.
const WIDEST: usize = 160;

/// Columns where nobody tells: what a file or a CI log is laid out for.
const UNKNOWN_WIDTH: usize = 120;

/// A progress bar appears when work takes longer than this.
const PATIENCE: Duration = Duration::from_millis(300);

impl Ui {
    /// Looks at the terminal and the environment once.
    #[must_use]
    pub fn new(color: Color, verbosity: Verbosity) -> Self {
        Self {
            verbosity,
            out: paint(color, anstream::AutoStream::choice(&io::stdout())),
            err: paint(color, anstream::AutoStream::choice(&io::stderr())),
            width: width(),
        }
    }

    /// How results are laid out.
    #[must_use]
    pub fn page(&self) -> Page {
        Page { width: self.width, paint: self.out, now: now(), limit: self.limit(20) }
    }

    /// How messages are laid out.
    #[must_use]
    pub fn message_page(&self) -> Page {
        Page { paint: self.err, limit: self.limit(50), ..self.page() }
    }

    /// `true` if only results and errors are wanted.
    #[must_use]
    pub const fn is_quiet(&self) -> bool {
        matches!(self.verbosity, Verbosity::Quiet)
    }

    /// With `-v` nothing is cut short.
    const fn limit(&self, most: usize) -> Option<usize> {
        match self.verbosity {
            Verbosity::Verbose => None,
            Verbosity::Normal | Verbosity::Quiet => Some(most),
        }
    }

    /// Writes a result, whole lines, to stdout.
    ///
    /// # Errors
    /// The exit to end with: quietly as by SIGPIPE when the reader went away, [`Exit::Io`] after a message otherwise.
    pub fn print(&self, text: &str) -> Result<(), Exit> {
        let mut out = io::stdout().lock();
        let written = out.write_all(text.as_bytes()).and_then(|()| out.flush());
        written.map_err(|error| self.unwritten(&error))
    }

    /// Writes a result in place of the last one, on a terminal; below it elsewhere.
    ///
    /// # Errors
    /// As [`Ui::print`].
    pub fn redraw(&self, text: &str) -> Result<(), Exit> {
        let start = if io::stdout().is_terminal() { "\u{1b}[2J\u{1b}[H" } else { "" };
        let end = if io::stdout().is_terminal() { "" } else { "\n" };
        self.print(&format!("{start}{text}{end}"))
    }

    /// Writes a secret value to stdout, every byte as it is; on a terminal ends the line as well.
    ///
    /// # Errors
    /// As [`Ui::print`]; [`Exit::Usage`] for control characters on a terminal, which would obey them.
    pub fn print_value(&self, value: &Plaintext) -> Result<(), Exit> {
        let bytes = value.expose();
        if !io::stdout().is_terminal() {
            return self.print_bytes(bytes);
        }
        let is_shown = |c: char| !c.is_control() || matches!(c, '\n' | '\t');
        if !std::str::from_utf8(bytes).is_ok_and(|text| text.chars().all(is_shown)) {
            self.complain("error: the value holds control characters\n  = help: write it into a file or a pipe");
            return Err(Exit::Usage);
        }
        self.print_bytes(bytes)?;
        if bytes.ends_with(b"\n") { Ok(()) } else { self.print_bytes(b"\n") }
    }

    /// Writes bytes to stdout past its buffer, which would keep a copy.
    ///
    /// # Errors
    /// As [`Ui::print`].
    pub fn print_bytes(&self, bytes: &[u8]) -> Result<(), Exit> {
        let mut rest = bytes;
        while !rest.is_empty() {
            let written = rustix::io::retry_on_intr(|| rustix::io::write(rustix::stdio::stdout(), rest));
            let n = written.map_err(|errno| self.unwritten(&errno.into()))?;
            rest = &rest[n..];
        }
        Ok(())
    }

    fn unwritten(&self, error: &io::Error) -> Exit {
        if error.kind() == io::ErrorKind::BrokenPipe {
            return Exit::Signal(13);
        }
        self.complain(&format!("error: cannot write to stdout: {error}"));
        Exit::Io
    }

    /// Says what was done; silent with `-q`.
    pub fn say(&self, text: &str) {
        if self.verbosity >= Verbosity::Normal {
            write_message(text);
        }
    }

    /// Says how it was done; silent without `-v`.
    pub fn detail(&self, text: &str) {
        if self.verbosity >= Verbosity::Verbose {
            write_message(text);
        }
    }

    /// Says what is wrong; never silent.
    #[expect(clippy::unused_self, reason = "messages go through the Ui, whatever they need of it")]
    pub fn complain(&self, text: &str) {
        write_message(text);
    }

    /// Counts `total` steps of `doing` ("Rendering") on a bar that appears after 300 ms, on a terminal only. Dropping it
    /// clears the line; drop it before saying anything.
    #[must_use]
    pub fn progress(&self, doing: &str, total: usize) -> Progress {
        let wanted = self.verbosity >= Verbosity::Normal && io::stderr().is_terminal() && !is_ci();
        Progress::new(doing, total, wanted)
    }
}

/// A progress bar; may be advanced from several threads.
#[derive(Debug)]
pub struct Progress {
    bar: ProgressBar,
    wanted: bool,
    started: Instant,
    shown: OnceLock<()>,
}

impl Progress {
    #[expect(clippy::disallowed_methods, reason = "the bar appears by the clock")]
    fn new(doing: &str, total: usize, wanted: bool) -> Self {
        let bar = ProgressBar::with_draw_target(Some(total as u64), ProgressDrawTarget::hidden());
        if let Ok(style) = ProgressStyle::with_template("{msg} {human_pos} of {human_len} {wide_bar}") {
            bar.set_style(style);
        }
        bar.set_message(doing.to_owned());
        Self { bar, wanted, started: Instant::now(), shown: OnceLock::new() }
    }

    /// Counts `steps` more.
    pub fn advance(&self, steps: usize) {
        self.bar.inc(steps as u64);
        if self.wanted && self.started.elapsed() >= PATIENCE {
            self.shown.get_or_init(|| self.bar.set_draw_target(ProgressDrawTarget::stderr_with_hz(10)));
        }
    }
}

impl Drop for Progress {
    fn drop(&mut self) {
        self.bar.finish_and_clear();
    }
}

/// A message ends its line. When stderr cannot be written, there is nobody left to tell.
fn write_message(text: &str) {
    let mut err = io::stderr().lock();
    let end = if text.is_empty() || text.ends_with('\n') { "" } else { "\n" };
    let _ = write!(err, "{text}{end}");
}

/// `auto` is what [`anstream`] makes of `NO_COLOR`, `CLICOLOR`, `CLICOLOR_FORCE`, `TERM` and the stream; it does not know
/// `FORCE_COLOR`, which CI systems set.
fn paint(color: Color, auto: anstream::ColorChoice) -> Paint {
    let ansi = match color {
        Color::Always => true,
        Color::Never => false,
        Color::Auto => auto != anstream::ColorChoice::Never || (is_set("FORCE_COLOR") && !is_set("NO_COLOR")),
    };
    if ansi { Paint::Ansi } else { Paint::Plain }
}

/// `true` for a variable that is neither empty nor `0`. (`NO_COLOR=0` is set, by its specification, but nobody who writes
/// it together with `FORCE_COLOR` means that.)
#[expect(clippy::disallowed_methods, reason = "cli reads the environment")]
fn is_set(name: &str) -> bool {
    std::env::var_os(name).is_some_and(|value| !value.is_empty() && value != "0")
}

fn width() -> usize {
    let columns = terminal_size::terminal_size_of(io::stdout())
        .or_else(|| terminal_size::terminal_size_of(io::stderr()))
        .map(|(terminal_size::Width(columns), _)| usize::from(columns));
    columns.filter(|&columns| columns > 0).unwrap_or(UNKNOWN_WIDTH).clamp(40, WIDEST)
}

#[expect(clippy::disallowed_methods, reason = "cli reads the clock")]
fn now() -> i64 {
    let since = std::time::SystemTime::now().duration_since(std::time::UNIX_EPOCH);
    since.map_or(0, |since| i64::try_from(since.as_secs()).unwrap_or(i64::MAX))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_flag_beats_the_terminal() {
        assert_eq!(paint(Color::Always, anstream::ColorChoice::Never), Paint::Ansi);
        assert_eq!(paint(Color::Never, anstream::ColorChoice::Always), Paint::Plain);
        assert_eq!(paint(Color::Auto, anstream::ColorChoice::Always), Paint::Ansi);
    }

    #[test]
    fn verbosity_is_ordered() {
        assert!(Verbosity::Quiet < Verbosity::Normal && Verbosity::Normal < Verbosity::Verbose);
    }

    #[test]
    fn a_bar_counts_from_several_threads() {
        let progress = Progress::new("Rendering", 100, false);
        std::thread::scope(|scope| {
            for _ in 0..4 {
                scope.spawn(|| (0..25).for_each(|_| progress.advance(1)));
            }
        });
        assert_eq!(progress.bar.position(), 100);
    }
}
