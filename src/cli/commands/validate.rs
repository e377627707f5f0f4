//! `lmsgen validate`.

use std::cell::Cell;
use std::path::{Path, PathBuf};

use clap::{Args, ValueEnum};

use lmsgen::checks::Lens;
use lmsgen::files::Root;
use lmsgen::kubernetes::Release;
use lmsgen::names::Date;
use lmsgen::ops::{self, FileTarget, Input, Rules};
use lmsgen::report::{Scope as Looked, nothing_text};
use lmsgen::schema::Schemas;

use crate::cli::app::Select;
use crate::cli::clock::Watch;
use crate::cli::dumps::all;
use crate::cli::exit::Exit;
use crate::cli::reports::{Reports, Said, prefix_of};
use crate::cli::show::{failed, outcome_after};
use crate::cli::ui::Ui;

/// Say everything that is wrong, at once; write nothing.
///
/// Reads every file, renders in memory and checks the result as the API server would, and more. Needs no key, no
/// cluster and no network. Files and folders (`rendered.yaml`, `other/`, `-` for stdin) in place of clients may be any
/// Kubernetes YAML. `lmsgen rules CODE` explains a message.
///
/// `--scope clients --base REV` is for merge requests of people who may change clients and nothing else: whatever differs
/// from where HEAD left REV must be a regular file `clients/<id>.toml` that was added, changed or removed. Anything else,
/// committed or not, ends with exit code 8: templates, environments, CI files, modes, links, submodules, and also `secrets/`
/// and `rendered/`, which `publish` writes after the merge.
#[derive(Debug, Args)]
pub struct Validate {
    #[command(flatten)]
    select: Select,
    /// Judge files for this Kubernetes release (`1.35`) [default: the newest that is known]; a fleet's environments say theirs
    #[arg(long, value_name = "1.N", value_parser = release)]
    kubernetes: Option<Release>,
    /// Judge files by these rules only
    #[arg(long, value_enum, value_name = "RULES")]
    only: Option<Only>,
    /// What the merge request claims to change: anything else fails
    #[arg(long, value_enum, requires = "base", value_name = "SCOPE")]
    scope: Option<Scope>,
    /// The branch that the merge request goes into, such as `origin/main`
    #[arg(long, requires = "scope", value_name = "REV")]
    base: Option<String>,
    /// The day that `expires` of `[[allow]]` is held against [default: nothing expires]
    #[arg(long, value_name = "YYYY-MM-DD")]
    today: Option<Date>,
    #[command(flatten)]
    reports: Reports,
}

#[derive(Clone, Copy, Debug, ValueEnum)]
enum Only {
    /// What the API server would reject
    Server,
}

#[derive(Clone, Copy, Debug, ValueEnum)]
enum Scope {
    /// Files `clients/<id>.toml`
    Clients,
}

impl Validate {
    /// The files and folders that were named in place of clients; `None` when the command is about a fleet.
    #[must_use]
    pub fn files(&self) -> Option<Vec<PathBuf>> {
        let named: Vec<PathBuf> = self.select.names().iter().filter(|name| is_path(name)).map(PathBuf::from).collect();
        (!named.is_empty() || self.kubernetes.is_some() || self.only.is_some()).then_some(named)
    }

    /// Judges files; needs no fleet.
    pub fn run_files(&self, paths: Vec<PathBuf>, ui: &Ui) -> Result<Exit, Exit> {
        let usage = |text: &str| {
            ui.complain(&format!("error: {text}"));
            Err(Exit::Usage)
        };
        if paths.is_empty() {
            return usage("--kubernetes and --only are for files: name some");
        }
        if paths.len() < self.select.names().len() || self.select.has_filters() {
            return usage("name files or clients, not both; a client's file is checked with the whole fleet");
        }
        if self.scope.is_some() || self.today.is_some() {
            return usage("--scope and --today are for a fleet, not for files");
        }
        if let Some(path) = self.reports.paths().find(|path| is_among(path, &paths)) {
            let path = path.display();
            return usage(&format!(
                "a report would replace {path}, which is one of the files to look at\n  = help: name another file"
            ));
        }
        let lens = Lens::new(self.kubernetes.unwrap_or(Release::NEWEST));
        let rules = if self.only.is_some() { Rules::Server } else { Rules::All };
        self.show(
            || {
                let inputs = paths.into_iter().map(|path| input(path, ui)).collect::<Result<_, _>>()?;
                let target = FileTarget { inputs, lens, rules };
                ops::validate_files(&target).map_err(|error| failed(ui, &error))
            },
            "",
            ui,
        )
    }

    fn show<T>(
        &self,
        work: impl FnOnce() -> Result<ops::Checked<T>, Exit>,
        prefix: &str,
        ui: &Ui,
    ) -> Result<Exit, Exit> {
        let watch = Watch::start();
        let reports = self.reports.plan(ui)?;
        let checked = work()?;
        if reports.write(&checked, prefix, ui)? == Said::OnStdout {
            return Ok(Exit::of(&checked.found));
        }
        let millis = Some(watch.millis());
        let looked = Looked { instances: checked.n_instances, objects: checked.n_objects, millis };
        // Warnings end with a line that counts the same.
        let is_clean = checked.found.is_empty();
        outcome_after(ui, checked, millis)?;
        if is_clean {
            ui.say(&nothing_text(looked));
        }
        Ok(Exit::Done)
    }
}

pub fn run(command: &Validate, root: &Root, ui: &Ui) -> Result<Exit, Exit> {
    let is_outside = Cell::new(false);
    let work = || {
        let outside = match (command.scope, &command.base) {
            (Some(Scope::Clients), Some(base)) => {
                ops::outside_clients(root, base).map_err(|error| failed(ui, &error))?
            }
            _ => Vec::new(),
        };
        is_outside.set(!outside.is_empty());
        let selection = command.select.clone().into();
        let checked = match ops::validate(root, &selection, command.today) {
            Ok(checked) => checked,
            // What else is wrong does not hide what is outside.
            Err(error) if is_outside.get() => {
                failed(ui, &error);
                ops::Checked::default()
            }
            Err(error) => return Err(failed(ui, &error)),
        };
        Ok(checked.after(outside))
    };
    match command.show(work, &prefix_of(root), ui) {
        // Whatever else is wrong: a pipeline can tell that the merge request is not what it claims to be.
        _ if is_outside.get() => Err(Exit::Guard),
        done => done,
    }
}

/// `true` for what is written as a path of manifests rather than as a client's id.
fn is_path(name: &str) -> bool {
    let ends = [".yaml", ".yml", ".json", "/"].iter().any(|end| name.ends_with(end));
    let starts = ["./", "../", "/"].iter().any(|start| name.starts_with(start));
    ends || starts || matches!(name, "." | ".." | "-")
}

/// A file, a folder, or all of stdin.
fn input(path: PathBuf, ui: &Ui) -> Result<Input, Exit> {
    if path.as_os_str() != "-" {
        return Ok(Input::Path(path));
    }
    all(rustix::stdio::stdin(), ops::MAX_FILE).map(Input::Stdin).map_err(|error| {
        ui.complain(&format!("error: stdin: {error}"));
        if error.kind() == std::io::ErrorKind::FileTooLarge { Exit::Limit } else { Exit::Io }
    })
}

/// `true` if the file at `report` is one of those named, or a manifest below a folder that is.
fn is_among(report: &Path, named: &[PathBuf]) -> bool {
    let Ok(report) = report.canonicalize() else { return false };
    let is_manifest = report.extension().is_some_and(|end| ["yaml", "yml", "json"].iter().any(|known| end == *known));
    let mut named = named.iter().filter_map(|path| path.canonicalize().ok());
    named.any(|path| path == report || is_manifest && report.starts_with(path))
}

fn release(text: &str) -> Result<Release, String> {
    let minor = text.strip_prefix("1.").and_then(|minor| minor.parse().ok());
    let release = minor.map(Release).ok_or("write a release as `1.35`")?;
    if Schemas::MINORS.iter().any(|known| known.to_string() == text) {
        return Ok(release);
    }
    let known = Schemas::MINORS.map(|minor| minor.to_string());
    Err(format!("there are schemas of {} only", known.join(", ")))
}
