//! Values that were typed where they must not be: on the command line, instead of a key or of the name of a file. No message
//! repeats them, since whoever reads the log of a pipeline would.

use std::path::Path;

use super::exit::Exit;
use super::ui::Ui;

/// `true` if one of the words is a key with its value, as other programs take it.
pub fn is_assigned<'a>(words: impl IntoIterator<Item = &'a str>) -> bool {
    words.into_iter().any(|word| word.contains('='))
}

/// Says that a value does not stand on the command line; a slip with an option looks the same, and is not repeated either.
pub fn refuse(ui: &Ui) -> Exit {
    ui.complain(
        "error: a value is not taken from the command line, where the shell's history and the list of processes show it\n  \
         = help: pipe it in, or type it at the prompt; if what was typed now is one, it is known to others\n  \
         = help: or was it an option that there is not? The environment is part of the place, as in `lms-dev/C42`; see `lmsgen secrets set --help`",
    );
    Exit::Usage
}

/// A file as messages name it: by its path, or by `what` it is where the path may be a value. A path that is meant has a folder
/// that is there, and a separator or an extension.
pub fn named_file(path: &Path, what: &str) -> String {
    let parent = path.parent().filter(|parent| !parent.as_os_str().is_empty());
    let is_meant = match parent {
        Some(parent) => parent.is_dir(),
        None => path.extension().is_some(),
    };
    if path.exists() || is_meant { path.display().to_string() } else { what.to_owned() }
}
