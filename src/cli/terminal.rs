//! Asking the person at the terminal, whatever standard input and output are: passphrases and values without echo, and
//! questions to be answered with yes or no.

use std::io;

use rustix::event::{PollFd, PollFlags, Timespec, poll};
use rustix::fd::OwnedFd;
use rustix::fs::{CWD, Mode, OFlags, openat};
use rustix::io::Errno;
use rustix::termios::{
    LocalModes, OptionalActions, QueueSelector, SpecialCodeIndex, Termios, tcflush, tcgetattr, tcsetattr,
};
use zeroize::Zeroizing;

use super::editor::Signals;
use super::exit::Exit;
use super::ui::Ui;

/// Longer lines are not typed; they are pasted by mistake, or belong into a pipe.
const LONGEST_LINE: usize = 64 << 10;

const AT_ONCE: Timespec = Timespec { tv_sec: 0, tv_nsec: 0 };

/// How often signals are looked at: one that comes just before the wait does not end it.
const PACE: Timespec = Timespec { tv_sec: 0, tv_nsec: 100_000_000 };

/// A paste comes in pieces; there is no more of it after a pause like this.
const PAUSE: Timespec = Timespec { tv_sec: 0, tv_nsec: 20_000_000 };

/// The most pieces that are thrown away.
const MOST_PIECES: usize = 100;

const INT: u8 = 2;

/// The terminal that controls the process.
pub struct Terminal(OwnedFd);

/// Why there is no answer.
#[derive(Debug, thiserror::Error)]
pub enum NoAnswer {
    /// Ctrl-C, or a signal that ends the program.
    #[error("interrupted")]
    Interrupted(u8),
    /// Ctrl-D, or the terminal went away.
    #[error("nothing was typed")]
    Closed,
    /// Not UTF-8, or too long.
    #[error("what was typed is no text of at most 64 KiB")]
    NotText,
    /// There was more behind the end of the line.
    #[error("several lines were pasted")]
    SeveralLines,
    /// The system refused.
    #[error("the terminal cannot be read: {0}")]
    System(io::Error),
}

impl From<Errno> for NoAnswer {
    fn from(errno: Errno) -> Self {
        // A handler ran: whoever installed it wants the program to end.
        if errno == Errno::INTR { Self::Interrupted(INT) } else { Self::System(errno.into()) }
    }
}

impl NoAnswer {
    /// Says it, and how to end.
    pub fn exit(&self, ui: &Ui) -> Exit {
        if let Self::Interrupted(number) = self {
            return Exit::Signal(*number);
        }
        ui.complain(&format!("error: {self}"));
        Exit::Usage
    }
}

impl Terminal {
    /// Opens it; `None` if the process has none, as in a pipeline.
    pub fn open() -> Option<Self> {
        let flags = OFlags::RDWR | OFlags::NOCTTY | OFlags::CLOEXEC;
        openat(CWD, "/dev/tty", flags, Mode::empty()).ok().map(Self)
    }

    /// Asks for a line that is not shown. Whatever ends the wait, the terminal is then as it was before.
    ///
    /// # Errors
    /// [`NoAnswer`].
    pub fn ask_hidden(&self, prompt: &str) -> Result<Zeroizing<String>, NoAnswer> {
        let signals = Signals::install().map_err(NoAnswer::System)?;
        let quiet = Quiet::new(self)?;
        self.write(prompt)?;
        let line = self.hidden_line(&signals);
        if line.is_err() {
            self.discard();
        }
        let end = self.write("\n");
        drop(quiet);
        // A terminal that went away says so by a signal, too.
        if let Some(number) = signals.number() {
            return Err(NoAnswer::Interrupted(number));
        }
        end.and(line)
    }

    /// Asks a question; only `y` and `yes` mean yes.
    ///
    /// # Errors
    /// [`NoAnswer`].
    pub fn confirm(&self, question: &str) -> Result<bool, NoAnswer> {
        self.write(&format!("{question} [y/N] "))?;
        let mut line = Vec::new();
        while let Some(byte) = self.byte()? {
            match byte {
                b'\n' => break,
                _ if line.len() < 16 => line.push(byte),
                _ => {}
            }
        }
        let answer = line.trim_ascii();
        Ok(answer.eq_ignore_ascii_case(b"y") || answer.eq_ignore_ascii_case(b"yes"))
    }

    fn hidden_line(&self, signals: &Signals) -> Result<Zeroizing<String>, NoAnswer> {
        let mut line = Zeroizing::new(Vec::with_capacity(LONGEST_LINE));
        loop {
            self.wait(signals)?;
            match self.byte()? {
                Some(3) => return Err(NoAnswer::Interrupted(INT)),
                None | Some(4) if line.is_empty() => return Err(NoAnswer::Closed),
                None | Some(4 | b'\n' | b'\r') => break,
                Some(8 | 127) => erase(&mut line),
                // Ctrl-U
                Some(21) => line.clear(),
                Some(byte) if line.len() < LONGEST_LINE => line.push(byte),
                Some(_) => return Err(NoAnswer::NotText),
            }
        }
        // The rest would be a command to the shell.
        if self.has_more(&AT_ONCE) {
            return Err(NoAnswer::SeveralLines);
        }
        super::outside::into_text(line).map_err(|_| NoAnswer::NotText)
    }

    /// Waits until there is something to read.
    fn wait(&self, signals: &Signals) -> Result<(), NoAnswer> {
        loop {
            if let Some(number) = signals.number() {
                return Err(NoAnswer::Interrupted(number));
            }
            match poll(&mut [PollFd::new(&self.0, PollFlags::IN)], Some(&PACE)) {
                Ok(0) | Err(Errno::INTR) => {}
                Ok(_) => return Ok(()),
                Err(errno) => return Err(errno.into()),
            }
        }
    }

    fn has_more(&self, within: &Timespec) -> bool {
        let mut fds = [PollFd::new(&self.0, PollFlags::IN)];
        poll(&mut fds, Some(within)).is_ok() && fds[0].revents().contains(PollFlags::IN)
    }

    /// Throws away what is still to be read: the shell would show and execute it.
    fn discard(&self) {
        for _ in 0..MOST_PIECES {
            if !self.has_more(&PAUSE) || tcflush(&self.0, QueueSelector::IFlush).is_err() {
                break;
            }
        }
    }

    /// The next byte; `None` at the end.
    fn byte(&self) -> Result<Option<u8>, NoAnswer> {
        // A read would go on after a signal, this does not.
        poll(&mut [PollFd::new(&self.0, PollFlags::IN)], None)?;
        let mut byte = [0];
        Ok((rustix::io::read(&self.0, &mut byte)? > 0).then_some(byte[0]))
    }

    fn write(&self, text: &str) -> Result<(), NoAnswer> {
        let mut rest = text.as_bytes();
        while !rest.is_empty() {
            let n = rustix::io::write(&self.0, rest)?;
            rest = &rest[n..];
        }
        Ok(())
    }
}

/// Takes the last character back.
fn erase(line: &mut Vec<u8>) {
    while line.pop().is_some_and(|byte| byte & 0xc0 == 0x80) {}
}

/// The terminal without echo, line by line editing and keys that send signals: those are told apart here, so that the
/// terminal is never left without echo.
struct Quiet<'t>(&'t Terminal, Termios);

impl<'t> Quiet<'t> {
    fn new(terminal: &'t Terminal) -> Result<Self, NoAnswer> {
        let before = tcgetattr(&terminal.0)?;
        let mut quiet = before.clone();
        quiet.local_modes.remove(LocalModes::ECHO | LocalModes::ECHONL | LocalModes::ICANON | LocalModes::ISIG);
        quiet.special_codes[SpecialCodeIndex::VMIN] = 1;
        quiet.special_codes[SpecialCodeIndex::VTIME] = 0;
        tcsetattr(&terminal.0, OptionalActions::Now, &quiet)?;
        Ok(Self(terminal, before))
    }
}

impl Drop for Quiet<'_> {
    fn drop(&mut self) {
        // Nothing better can be done.
        let _ = tcsetattr(&self.0.0, OptionalActions::Now, &self.1);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_whole_character_is_taken_back() {
        let mut line = "aПя".as_bytes().to_vec();
        erase(&mut line);
        assert_eq!(line, "aП".as_bytes());
        erase(&mut line);
        erase(&mut line);
        erase(&mut line);
        assert!(line.is_empty());
    }
}
