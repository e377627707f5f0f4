//! Where files lie in a fleet: what each path is, and which paths are nothing.

use crate::diagnostic::{Class, Code, Diagnostic, Span};
use crate::document::quoted;
use crate::names::{ClientId, EnvName, NameError, RelPath, StackName};

const STRAY: Code = Code::new("LMS125", Class::Input);
const IGNORED: Code = Code::new("LMS126", Class::Input);
/// A client, environment or stack has a name it may not have.
pub(super) const BAD_NAME: Code = Code::new("LMS127", Class::Input);

/// Folders of a stack that are no phases.
pub(super) const ENVIRONMENT_FOLDER: &str = "environment";
pub(super) const COMPONENTS_FOLDER: &str = "components";

/// What a path is.
#[derive(Debug)]
pub(super) enum Place {
    /// `lmsgen.toml`.
    Config,
    /// `environments/<name>.toml`.
    Environment(EnvName),
    /// `clients/<id>.toml`.
    Client(ClientId),
    /// `templates/<stack>/stack.toml`.
    Stack(StackName),
    /// `templates/<stack>/<folder>/<file>.yaml`.
    Template {
        /// The stack.
        stack: StackName,
        /// A phase, `environment`, `components` or `deprovision`.
        folder: String,
    },
    /// `schemas/<name>.yaml`: definitions of custom resources.
    Definition,
    /// Notes and Git's own files: nothing to say about them.
    Nothing,
    /// Left by an editor or hidden: named in a warning, never read.
    Ignored,
    /// Something a person may take for a part of the fleet, and it is none.
    Wrong(Wrong),
}

/// Why a path cannot stay.
#[derive(Debug)]
pub(super) enum Wrong {
    /// The name breaks a rule.
    Name(&'static str, NameError),
    /// It does not belong there; with what to do.
    Stray(&'static str),
    /// It lies in a folder that is none of the fleet's.
    Below,
}

/// Says what `path` is.
pub(super) fn place(path: &RelPath) -> Place {
    let text = path.as_str();
    if text == "lmsgen.toml" {
        return Place::Config;
    }
    let name = path.file_name();
    if matches!(name, ".gitkeep" | ".gitignore" | ".gitattributes") || extension(name) == Some("md") {
        return Place::Nothing;
    }
    let is_left_over = name.ends_with('~')
        || name.starts_with('#')
        || matches!(extension(name), Some("bak" | "orig" | "rej" | "swp" | "tmp"));
    if is_left_over || text.split('/').any(|part| part.starts_with('.')) {
        return Place::Ignored;
    }
    let parts: Vec<&str> = text.split('/').collect();
    match parts[..] {
        ["schemas", _] if matches!(extension(name), Some("yaml" | "yml")) => Place::Definition,
        ["schemas", ..] => Place::Nothing,
        ["environments", file] => match stem(file) {
            Ok(stem) => match EnvName::new(stem) {
                Ok(name) => Place::Environment(name),
                Err(fault) => Place::Wrong(Wrong::Name("environment", fault)),
            },
            Err(wrong) => Place::Wrong(wrong),
        },
        ["clients", file] => match stem(file) {
            Ok(stem) => match ClientId::new(stem) {
                Ok(id) => Place::Client(id),
                Err(fault) => Place::Wrong(Wrong::Name("client", fault)),
            },
            Err(wrong) => Place::Wrong(wrong),
        },
        ["environments" | "clients", ..] => Place::Wrong(Wrong::Below),
        ["templates", stack, ref rest @ ..] => in_stack(stack, rest),
        _ => Place::Wrong(Wrong::Stray("remove it")),
    }
}

/// `true` for what an editor has left and what is hidden: nobody's source, so never read and never published.
#[must_use]
pub fn is_ignored(path: &RelPath) -> bool {
    matches!(place(path), Place::Ignored)
}

/// `true` for notes and Git's own files, which may stand in any folder of a fleet.
#[must_use]
pub fn is_note(path: &RelPath) -> bool {
    matches!(place(path), Place::Nothing)
}

fn extension(file: &str) -> Option<&str> {
    file.rsplit_once('.').map(|(_, extension)| extension)
}

fn stem(file: &str) -> Result<&str, Wrong> {
    match file.rsplit_once('.') {
        Some((stem, "toml")) => Ok(stem),
        Some((_, other)) if other.eq_ignore_ascii_case("toml") => {
            Err(Wrong::Stray("rename it: it must end in `.toml`"))
        }
        _ => Err(Wrong::Stray("only files that end in `.toml` belong here; remove or rename it")),
    }
}

fn in_stack(stack: &str, rest: &[&str]) -> Place {
    if rest.is_empty() {
        return Place::Wrong(Wrong::Stray("a stack is a folder with a `stack.toml`; remove it"));
    }
    let name = match StackName::new(stack) {
        Ok(name) => name,
        Err(fault) => return Place::Wrong(Wrong::Name("stack", fault)),
    };
    match rest {
        ["stack.toml"] => Place::Stack(name),
        [folder, file] if extension(file) == Some("yaml") => Place::Template { stack: name, folder: (*folder).into() },
        [_, file] if extension(file) == Some("yml") => {
            Place::Wrong(Wrong::Stray("rename it: templates end in `.yaml`"))
        }
        [_, _] => Place::Wrong(Wrong::Stray("only templates, which end in `.yaml`, belong here; remove it")),
        _ => Place::Wrong(Wrong::Stray(
            "templates lie in `environment`, `components`, `deprovision` or a folder named like a phase",
        )),
    }
}

impl Wrong {
    /// The fault about `path`, whose source is at `span`.
    pub(super) fn fault(self, path: &RelPath, span: Span) -> Diagnostic {
        match self {
            Self::Name(what, rule) => {
                let part = if what == "stack" { path.as_str().split('/').nth(1) } else { Some(path.file_name()) };
                let name = part.map(|part| part.strip_suffix(".toml").unwrap_or(part)).unwrap_or_default();
                Diagnostic::error(BAD_NAME, format!("{what} name {} {rule}", quoted(name))).at(span, "")
            }
            Self::Below => Diagnostic::error(STRAY, format!("{} does not belong here", quoted(path.as_str())))
                .at(span, "")
                .help("move up what is the fleet's: files of sub-folders are not read"),
            Self::Stray(help) => Diagnostic::error(STRAY, format!("{} does not belong here", quoted(path.as_str())))
                .at(span, "")
                .help(help),
        }
    }
}

/// The warning about a file that is not read.
pub(super) fn ignored(path: &RelPath, span: Span) -> Diagnostic {
    Diagnostic::warning(IGNORED, format!("{} is ignored", quoted(path.as_str())))
        .at(span, "")
        .help("remove it, or rename it if it is a part of the fleet")
}
