//! `-o FORMAT[=PATH]`: reports of what was found, several at once, for every command that only looks.

use std::path::{Path, PathBuf};
use std::str::FromStr;

use clap::Args;
use lmsgen::files::Root;
use lmsgen::git::Repository;
use lmsgen::ops::Checked;
use lmsgen::report::{Format, Page, Paint, Report, Scope};
use lmsgen::rules;

use super::exit::Exit;
use super::report_file::{ReportFile, WriteError};
use super::ui::Ui;

/// Columns of a text in a file.
const FILE_WIDTH: usize = 120;

/// The option.
#[derive(Clone, Debug, Args)]
pub struct Reports {
    /// How to say it, and where: text, json, sarif, junit, gitlab, github or markdown, to stdout or to a file; may be given
    /// several times
    #[arg(short, long, value_name = "FORMAT[=PATH]")]
    output: Vec<Target>,
}

/// One report.
#[derive(Clone, Debug, PartialEq, Eq)]
struct Target {
    format: Format,
    /// `None` for stdout.
    path: Option<PathBuf>,
}

impl FromStr for Target {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        let (name, path) = match text.split_once('=') {
            Some((name, path)) => (name, Some(path)),
            None => (text, None),
        };
        let format: Format = name.parse().map_err(|error: lmsgen::report::NoSuchFormat| error.to_string())?;
        match path {
            Some("") => Err(format!("there is no path after `=`; `{format}` alone goes to stdout")),
            Some("-") | None => Ok(Self { format, path: None }),
            Some(path) => Ok(Self { format, path: Some(path.into()) }),
        }
    }
}

/// Places of reports that were looked at before the work begins, so that long work is not lost.
pub struct Planned {
    stdout: Option<Format>,
    files: Vec<(Format, ReportFile)>,
}

impl Reports {
    /// Looks at where the reports go.
    ///
    /// # Errors
    /// The exit code, after a message.
    pub fn plan(&self, ui: &Ui) -> Result<Planned, Exit> {
        let usage = |why: String| {
            ui.complain(&format!("error: {why}"));
            Exit::Usage
        };
        let mut stdout = None;
        let mut files: Vec<(Format, ReportFile)> = Vec::new();
        let mut paths: Vec<&Path> = Vec::new();
        for Target { format, path } in &self.output {
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
        Ok(Planned { stdout, files })
    }
}

/// What was said, and whether there is something left to say.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Said {
    /// A report went to stdout; nothing more is wanted.
    OnStdout,
    /// Reports went to files only; the terminal still wants to know.
    InFiles,
}

impl Planned {
    /// Writes the reports, files first.
    ///
    /// # Errors
    /// The exit code, after a message, when one was not written; the others were.
    pub fn write<T>(&self, checked: &Checked<T>, prefix: &str, ui: &Ui) -> Result<Said, Exit> {
        let scope = Scope { instances: checked.n_instances, objects: checked.n_objects, millis: None };
        let page = ui.page();
        let in_file = Page { width: FILE_WIDTH, paint: Paint::Plain, ..page };
        let report = |page| Report {
            found: &checked.found,
            sources: &checked.sources,
            scope,
            prefix,
            title: |code| rules::find(code).map(|rule| rule.title),
            page,
        };
        let mut failed = None;
        for (format, file) in &self.files {
            if let Err(error) = file.write(report(&in_file).write(*format).as_bytes()) {
                failed = Some(refused(&error, ui));
            }
        }
        if let Some(format) = self.stdout {
            ui.print(&report(&page).write(format))?;
        }
        match failed {
            Some(exit) => Err(Exit::of(&checked.found).worst(exit)),
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

/// What comes before a fleet's paths so that they begin at its repository's top, as GitLab and GitHub want them.
pub fn prefix_of(root: &Root) -> String {
    Repository::open(root.path()).map_or_else(|_| String::new(), |repository| repository.fleet_prefix())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_format_and_a_path() {
        let target = |format, path: Option<&str>| Target { format, path: path.map(Into::into) };
        assert_eq!("json".parse(), Ok(target(Format::Json, None)));
        assert_eq!("json=-".parse(), Ok(target(Format::Json, None)));
        assert_eq!("junit=a=b.xml".parse(), Ok(target(Format::Junit, Some("a=b.xml"))));
        assert!("json=".parse::<Target>().unwrap_err().contains("no path"));
        assert!("xml=a".parse::<Target>().unwrap_err().contains("text, json, sarif, junit, gitlab, github, markdown"));
    }
}
