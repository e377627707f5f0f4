//! `lmsgen render`.

use clap::Args;

use lmsgen::files::Root;
use lmsgen::names::Date;
use lmsgen::ops::{self, RenderOptions, RenderOutcome};
use lmsgen::report::counted;

use crate::cli::app::Select;
use crate::cli::clock::{self, Watch};
use crate::cli::exit::Exit;
use crate::cli::identities::Keys;
use crate::cli::show::{Bar, failed, outcome};
use crate::cli::ui::Ui;

/// Write the manifests, and generate secrets that are missing.
///
/// Nothing is written when anything is wrong. Files that are right already are not touched; files that lmsgen did not
/// write are reported and never deleted.
#[derive(Debug, Args)]
pub struct Render {
    #[command(flatten)]
    select: Select,
    /// Refuse to generate secrets: everything must be in the store already
    #[arg(long)]
    locked: bool,
    /// The day that `expires` of `[[allow]]` is held against [default: nothing expires]
    #[arg(long, value_name = "YYYY-MM-DD")]
    today: Option<Date>,
    #[command(flatten)]
    keys: Keys,
}

pub fn run(command: Render, root: &Root, ui: &Ui) -> Result<Exit, Exit> {
    let watch = Watch::start();
    let identities = command.keys.load(root, ui)?;
    let bar = Bar::new(ui);
    let options = RenderOptions {
        selection: command.select.into(),
        locked: command.locked,
        today: command.today,
        now: clock::now(),
        identities: &identities,
        watch: &bar,
    };
    let checked = ops::render(root, &options).map_err(|error| failed(ui, &error))?;
    let done = outcome(ui, checked)?;
    ui.say(&told(&done, &watch));
    if let Some(line) = optional(&done) {
        if done.generated.is_empty() { ui.detail(&line) } else { ui.say(&line) }
    }
    for place in &done.changed_instances {
        ui.detail(&format!("  {place}"));
    }
    Ok(Exit::Done)
}

fn told(done: &RenderOutcome, watch: &Watch) -> String {
    let mut lines = Vec::new();
    if !done.generated.is_empty() {
        let total: usize = done.generated.iter().map(|(_, n)| n).sum();
        lines.push(format!("Generated {} for {}", counted(total, "secret"), places(&done.generated)));
    }
    let written = done.counts.created + done.counts.updated;
    let mut line = if written == 0 && done.counts.deleted == 0 {
        format!("Nothing to write: all {} are up to date", counted(done.counts.unchanged, "file"))
    } else {
        let mut line = format!("Wrote {}", counted(written, "file"));
        if done.counts.deleted > 0 {
            line.push_str(&format!(", deleted {}", done.counts.deleted));
        }
        line.push_str(&format!(
            " for {}; {} unchanged",
            counted(done.changed_instances.len(), "place"),
            done.counts.unchanged
        ));
        line
    };
    line.push_str(&format!(" ({})", watch.shown()));
    lines.push(line);
    lines.join("\n")
}

/// What may still be given; said when secrets were made, later only with `-v`.
fn optional(done: &RenderOutcome) -> Option<String> {
    let (place, name, key) = done.optional.first()?;
    let more = if done.optional.len() == 1 { String::new() } else { format!(" and {} more", done.optional.len() - 1) };
    Some(format!("Optional, without a value: {place} {name} {key}{more}   -> lmsgen secrets set {place} {name} {key}"))
}

/// `lms-dev/C7`, or a count when there are many.
fn places(generated: &[(String, usize)]) -> String {
    if generated.len() <= 3 {
        generated.iter().map(|(place, _)| place.as_str()).collect::<Vec<_>>().join(", ")
    } else {
        counted(generated.len(), "place")
    }
}
