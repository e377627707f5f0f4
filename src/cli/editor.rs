//! The editor of the person at the terminal, on a file in memory.

use std::io;
use std::path::Path;
use std::process::{Child, ExitStatus};
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::sync::{Arc, LazyLock};
use std::time::Duration;

use rustix::process::{Pid, Signal, kill_process};
use signal_hook::{SigId, flag, low_level};

use super::child::{command, split};
use super::environment::variable;
use super::exit::Exit;
use super::memory_file::MemoryFile;

/// What Vim must not do: keep text in files elsewhere, or do what a value says. `-n` is no swap file, `-i NONE` no memory of
/// registers. It is told before it reads the file, and again after it read settings of the person's own.
const VIM: [&str; 7] = [
    "-n",
    "-i",
    "NONE",
    "--cmd",
    "set nomodeline nobackup nowritebackup noundofile noswapfile viminfo=",
    "-c",
    "set nomodeline nobackup nowritebackup noundofile noswapfile viminfo=",
];

/// How often the editor is looked at.
const PACE: Duration = Duration::from_millis(30);

/// Looks at the editor until it is ended by force, after a signal.
const PATIENCE: usize = 60;

const HUP: usize = 1;
const INT: usize = 2;
const TERM: usize = 15;

/// Why there is no edited text.
#[derive(Debug, thiserror::Error)]
pub enum EditorError {
    /// None was found.
    #[error("there is no editor: set $VISUAL or $EDITOR")]
    None,
    /// Its command line is broken.
    #[error("${0} is no command line: a quote is not closed, or it is no text")]
    Split(&'static str),
    /// It does not start, or cannot be waited for.
    #[error("the editor `{0}` cannot be run: {1}")]
    Run(String, io::Error),
    /// It says that the text shall not be taken.
    #[error("the editor `{0}` failed; nothing was written")]
    Failed(String),
    /// The program was told to end.
    #[error("ended by signal {0}")]
    Signal(u8),
}

/// A program with its arguments.
pub struct Editor {
    words: Vec<String>,
    /// Variables that it does not get.
    withheld: Vec<String>,
}

impl Editor {
    /// `$VISUAL`, `$EDITOR`, or the first that is there of `vim`, `nano` and `vi`; it gets no variable that is `withheld`.
    ///
    /// # Errors
    /// There is none, or what is set is no command line.
    pub fn find(withheld: Vec<String>) -> Result<Self, EditorError> {
        Ok(Self { words: Self::words()?, withheld })
    }

    fn words() -> Result<Vec<String>, EditorError> {
        for name in ["VISUAL", "EDITOR"] {
            if let Some(line) = variable(name) {
                return line.to_str().and_then(split).ok_or(EditorError::Split(name));
            }
        }
        let found = ["vim", "nano", "vi"].into_iter().find(|name| in_path(name).is_some());
        found.map(|name| vec![name.to_owned()]).ok_or(EditorError::None)
    }

    /// Runs it on a file until it ends.
    ///
    /// # Errors
    /// [`EditorError`].
    pub fn edit(&self, file: &MemoryFile, signals: &Signals) -> Result<(), EditorError> {
        let mut words = self.words.clone();
        let name = words[0].clone();
        if starts_vim(&words) {
            words.extend(VIM.map(str::to_owned));
        }
        let mut command = command(&words, &self.withheld).ok_or(EditorError::None)?;
        // What it writes beside the file goes with it; nvi alone reads the second, and keeps a copy in /var/tmp otherwise.
        command.arg(file.path()).env("TMPDIR", file.folder());
        command.env("NEXINIT", format!("set recdir={}", file.folder().display()));
        let run = |error| EditorError::Run(name.clone(), error);
        let mut child = command.spawn().map_err(run)?;
        let status = signals.wait(&mut child).map_err(run)?;
        if let Some(number) = signals.ending(status) {
            return Err(EditorError::Signal(number));
        }
        if status.success() { Ok(()) } else { Err(EditorError::Failed(name)) }
    }
}

fn in_path(name: &str) -> Option<std::path::PathBuf> {
    let path = variable("PATH")?;
    std::env::split_paths(&path).map(|folder| folder.join(name)).find(|program| program.is_file())
}

/// `true` if Vim is what the words start, also by way of another program: `env vim`.
fn starts_vim(words: &[String]) -> bool {
    // `emacsclient -a vim` takes the flags for its own, and `-n` for leave to return at once.
    let is_emacs = words.first().is_some_and(|word| word.rsplit('/').next().is_some_and(|n| n.starts_with("emacs")));
    !is_emacs && words.iter().any(|word| is_vim(word))
}

/// `true` for Vim and its kin, under whatever name they are started.
fn is_vim(program: &str) -> bool {
    let by_name = |path: &Path| {
        let name = path.file_name().map(|name| name.to_string_lossy().into_owned()).unwrap_or_default();
        name.starts_with("vim") || name.starts_with("nvim")
    };
    let found = if program.contains('/') { Some(program.into()) } else { in_path(program) };
    let Some(found) = found.filter(|path| path.is_file()) else { return false };
    by_name(Path::new(program)) || found.canonicalize().is_ok_and(|path| by_name(&path))
}

/// Whether a signal ends the program, as it does while nobody notes it: a handler that is there once is never taken away,
/// so it does by itself what the system does without one.
static IS_FATAL: LazyLock<io::Result<Arc<AtomicBool>>> = LazyLock::new(|| {
    let is_fatal = Arc::new(AtomicBool::new(true));
    for number in [HUP, INT, TERM] {
        flag::register_conditional_default(signal(number), Arc::clone(&is_fatal))?;
    }
    Ok(is_fatal)
});

fn signal(number: usize) -> i32 {
    i32::try_from(number).unwrap_or_default()
}

/// Signals that would end the program: noted until this is dropped, so that it can remove its file or put the terminal in
/// order first.
pub struct Signals {
    last: Arc<AtomicUsize>,
    actions: Vec<SigId>,
    /// `false` within other `Signals`, which go on.
    was_fatal: bool,
}

impl Signals {
    /// From now on.
    ///
    /// # Errors
    /// The system refuses.
    pub fn install() -> io::Result<Self> {
        let is_fatal = IS_FATAL.as_ref().map_err(|error| io::Error::from(error.kind()))?;
        let was_fatal = is_fatal.swap(false, Ordering::SeqCst);
        let mut signals = Self { last: Arc::new(AtomicUsize::new(0)), actions: Vec::new(), was_fatal };
        for number in [HUP, INT, TERM] {
            signals.actions.push(flag::register_usize(signal(number), Arc::clone(&signals.last), number)?);
        }
        Ok(signals)
    }

    /// How the program ends, if it was told to.
    pub fn exit(&self) -> Option<Exit> {
        self.number().map(Exit::Signal)
    }

    /// The last one.
    pub fn number(&self) -> Option<u8> {
        u8::try_from(self.last.load(Ordering::SeqCst)).ok().filter(|&number| number > 0)
    }

    /// Waits for a child. Ctrl-C is the editor's own, which gets it from the terminal; the other signals end it.
    fn wait(&self, child: &mut Child) -> io::Result<ExitStatus> {
        let mut n_waits = 0;
        loop {
            if let Some(status) = child.try_wait()? {
                return Ok(status);
            }
            if matches!(self.last.load(Ordering::SeqCst), HUP | TERM) {
                if n_waits == 0
                    && let Some(pid) = i32::try_from(child.id()).ok().and_then(Pid::from_raw)
                {
                    let _ = kill_process(pid, Signal::TERM);
                }
                n_waits += 1;
                if n_waits > PATIENCE {
                    child.kill()?;
                }
            }
            std::thread::sleep(PACE);
        }
    }

    /// The signal that ends the program, after a child that ended with `status`.
    fn ending(&self, status: ExitStatus) -> Option<u8> {
        let number = self.number()?;
        // An editor that went on after Ctrl-C was used with it.
        let is_used = usize::from(number) == INT && status.success();
        if is_used {
            self.last.store(0, Ordering::SeqCst);
        }
        (!is_used).then_some(number)
    }
}

impl Drop for Signals {
    fn drop(&mut self) {
        if let Ok(is_fatal) = &*IS_FATAL {
            is_fatal.store(self.was_fatal, Ordering::SeqCst);
        }
        for action in self.actions.drain(..) {
            low_level::unregister(action);
        }
    }
}

/// Does to the program what a signal does that was noted while the terminal was not to be left as it was.
///
/// Returns only if somebody else notes it, as around an editor.
pub fn raise(number: u8) {
    // The system takes every number that was a signal.
    let _ = low_level::raise(i32::from(number));
}
