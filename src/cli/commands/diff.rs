//! `lmsgen diff`.

use clap::Args;

use lmsgen::diff::unified;
use lmsgen::files::Root;
use lmsgen::ops;
use lmsgen::report::{
    Base, DiffFormat, DiffView, Page, counted, diff_gitlab, diff_json, diff_markdown, diff_text, unified_text,
};

use crate::cli::app::Select;
use crate::cli::exit::Exit;
use crate::cli::show::{failed, outcome};
use crate::cli::targets::{Planned, Said, Target};
use crate::cli::ui::Ui;

/// Show what would change against the last commit.
///
/// Renders in memory and compares objects, not lines; the same change in many instances is shown once. Secret values
/// are never shown. Reads no file below `rendered/` and needs no key.
#[derive(Debug, Args)]
#[expect(clippy::struct_excessive_bools, reason = "each is a flag of its own on the command line")]
pub struct Diff {
    #[command(flatten)]
    select: Select,
    /// Compare with this commit, branch or tag [default: HEAD]
    #[arg(long, value_name = "REV")]
    base: Option<String>,
    /// Show every object and field of every group
    #[arg(long, conflicts_with_all = ["stat", "unified"])]
    objects: bool,
    /// Show counts only
    #[arg(long, conflicts_with = "unified")]
    stat: bool,
    /// Show files as a unified text diff
    #[arg(long)]
    unified: bool,
    /// Exit with 1 when there are differences
    #[arg(long)]
    exit_code: bool,
    /// How to say it, and where: text, json, markdown (a note in a merge request) or gitlab (three counts for
    /// `artifacts:reports:terraform`), to stdout or to a file; may be given several times
    #[arg(short, long, value_name = "FORMAT[=PATH]")]
    output: Vec<Target<DiffFormat>>,
}

pub fn run(command: Diff, root: &Root, ui: &Ui) -> Result<Exit, Exit> {
    let reports = Planned::new(&command.output, ui)?;
    let view = match (command.objects, command.stat) {
        (true, _) => DiffView::Objects,
        (_, true) => DiffView::Stat,
        _ => DiffView::Groups,
    };
    let checked =
        ops::diff(root, &command.select.into(), command.base.as_deref()).map_err(|error| failed(ui, &error))?;
    let done = outcome(ui, checked)?;
    let base = done.base.as_ref().map(Base::from);
    let text = |format, page: &Page| match format {
        DiffFormat::Json => diff_json(&done.report, base.as_ref()),
        DiffFormat::Markdown => diff_markdown(&done.report, base.as_ref(), page),
        DiffFormat::Gitlab => diff_gitlab(&done.report),
        DiffFormat::Text if command.unified => unified_text(&unified(&done.changes), page),
        DiffFormat::Text => diff_text(&done.report, base.as_ref(), view, page),
    };
    if reports.write(text, Exit::Done, ui)? == Said::InFiles {
        ui.print(&text(DiffFormat::Text, &ui.page()))?;
    }
    if !done.to_generate.is_empty() {
        let total: usize = done.to_generate.iter().map(|(_, n)| n).sum();
        let places: Vec<&str> = done.to_generate.iter().take(3).map(|(place, _)| place.as_str()).collect();
        let more = if done.to_generate.len() > 3 {
            format!(" and {} more", done.to_generate.len() - 3)
        } else {
            String::new()
        };
        ui.say(&format!("The next render generates {} for {}{more}", counted(total, "secret"), places.join(", ")));
    }
    Ok(if command.exit_code && !done.report.is_empty() { Exit::Differences } else { Exit::Done })
}
