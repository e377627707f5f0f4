//! `FORMAT[=PATH]`: where reports go, several at once. The places are looked at before the work begins.

use std::fmt::Display;
use std::path::{Path, PathBuf};
use std::str::FromStr;

use lmsgen::report::{Page, Paint};

use super::exit::Exit;
use super::report_file::{ReportFile, WriteError};
use super::ui::Ui;

/// Columns of a text in a file.
const FILE_WIDTH: usize = 120;

/// One report.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Target<F> {
    format: F,
    /// `None` for stdout.
    path: Option<PathBuf>,
}

impl<F> Target<F> {
    /// The file it goes to; `None` for stdout.
    pub fn path(&self) -> Option<&Path> {
        self.path.as_deref()
    }
}

impl<F: FromStr<Err: Display> + Display> FromStr for Target<F> {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        let (name, path) = match text.split_once('=') {
            Some((name, path)) => (name, Some(path)),
            None => (text, None),
        };
        let format: F = name.parse().map_err(|error: F::Err| error.to_string())?;
        match path {
            Some("") => Err(format!("there is no path after `=`; `{format}` alone goes to stdout")),
            Some("-") | None => Ok(Self { format, path: None }),
            Some(path) => Ok(Self { format, path: Some(path.into()) }),
        }
    }
}

/// Places of reports that were looked at before the work begins, so that long work is not lost.
pub struct Planned<F> {
    stdout: Option<F>,
    files: Vec<(F, ReportFile)>,
}

/// What was said, and whether there is something left to say.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Said {
    /// A report went to stdout; nothing more is wanted.
    OnStdout,
    /// Reports went to files only; the terminal still wants to know.
    InFiles,
}

impl<F: Copy + Display> Planned<F> {
    /// Looks at where the reports go.
    ///
    /// # Errors
    /// The exit code, after a message.
    pub fn new(targets: &[Target<F>], ui: &Ui) -> Result<Self, Exit> {
        let usage = |why: String| {
            ui.complain(&format!("error: {why}"));
            Exit::Usage
        };
        let mut stdout = None;
        let mut files: Vec<(F, ReportFile)> = Vec::new();
        let mut paths: Vec<&Path> = Vec::new();
        for Target { format, path } in targets {
            let Some(path) = path else {
                if let Some(other) = stdout.replace(*format) {
                    let why = format!("two reports cannot go to stdout: {other} and {format}");
                    return Err(usage(format!("{why}\n  = help: name a file for one of them: -o {format}=PATH")));
                }
                continue;
            };
            if paths.contains(&path.as_path()) {
                return Err(usage(format!("two reports cannot go to one file: {}", path.display())));
            }
            files.push((*format, ReportFile::at(path).map_err(|error| refused(&error, ui))?));
            paths.push(path);
        }
        Ok(Self { stdout, files })
    }

    /// Writes the reports, files first.
    ///
    /// # Errors
    /// The exit code, after a message, when one was not written; the others were. For a file, the worse of that and `found`, what
    /// the reports are about.
    pub fn write(&self, text: impl Fn(F, &Page) -> String, found: Exit, ui: &Ui) -> Result<Said, Exit> {
        let page = ui.page();
        let in_file = Page { width: FILE_WIDTH, paint: Paint::Plain, ..page };
        let mut failed = None;
        for (format, file) in &self.files {
            if let Err(error) = file.write(text(*format, &in_file).as_bytes()) {
                failed = Some(refused(&error, ui));
            }
        }
        if let Some(format) = self.stdout {
            ui.print(&text(format, &page))?;
        }
        match failed {
            Some(exit) => Err(found.worst(exit)),
            None if self.stdout.is_some() => Ok(Said::OnStdout),
            None => Ok(Said::InFiles),
        }
    }
}

fn refused(error: &WriteError, ui: &Ui) -> Exit {
    let (exit, help) = match error {
        WriteError::Fleet(_) => {
            (Exit::Guard, "name a file outside of clients, environments, templates, secrets and rendered")
        }
        WriteError::Special(_) => (Exit::Usage, "name a file; without `=PATH` a report goes to stdout"),
        WriteError::NoFolder(_) => (Exit::Io, "make the folder first"),
        WriteError::System { .. } => (Exit::Io, "name another file"),
    };
    ui.complain(&format!("error: {error}\n  = help: {help}"));
    exit
}

#[cfg(test)]
mod tests {
    use super::*;
    use lmsgen::report::Format;

    #[test]
    fn a_format_and_a_path() {
        let target = |format, path: Option<&str>| Target { format, path: path.map(Into::into) };
        assert_eq!("json".parse(), Ok(target(Format::Json, None)));
        assert_eq!("json=-".parse(), Ok(target(Format::Json, None)));
        assert_eq!("junit=a=b.xml".parse(), Ok(target(Format::Junit, Some("a=b.xml"))));
        assert!("json=".parse::<Target<Format>>().unwrap_err().contains("no path"));
        let error = "xml=a".parse::<Target<Format>>().unwrap_err();
        assert!(error.contains("text, json, sarif, junit, gitlab, github, markdown"));
    }
}
