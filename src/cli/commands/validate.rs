//! `lmsgen validate`.

use clap::{Args, ValueEnum};

use lmsgen::files::Root;
use lmsgen::names::Date;
use lmsgen::ops;
use lmsgen::report::{count, counted, diagnostics_json};

use crate::cli::app::Select;
use crate::cli::clock::Watch;
use crate::cli::exit::Exit;
use crate::cli::show::{failed, outcome};
use crate::cli::ui::Ui;

/// Say everything that is wrong, at once; write nothing.
///
/// Reads every file, renders in memory and checks the result. Needs no key, no cluster and no network. `lmsgen rules CODE`
/// explains a message.
///
/// `--scope clients --base REV` is for merge requests of people who may change clients and nothing else: whatever differs
/// from where HEAD left REV must be a regular file `clients/<id>.toml` that was added, changed or removed. Anything else,
/// committed or not, ends with exit code 8: templates, environments, CI files, modes, links, submodules, and also `secrets/`
/// and `rendered/`, which `publish` writes after the merge.
#[derive(Debug, Args)]
pub struct Validate {
    #[command(flatten)]
    select: Select,
    /// What the merge request claims to change: anything else fails
    #[arg(long, value_enum, requires = "base", value_name = "SCOPE")]
    scope: Option<Scope>,
    /// The branch that the merge request goes into, such as `origin/main`
    #[arg(long, requires = "scope", value_name = "REV")]
    base: Option<String>,
    /// The day that `expires` of `[[allow]]` is held against [default: nothing expires]
    #[arg(long, value_name = "YYYY-MM-DD")]
    today: Option<Date>,
    /// How to say it
    #[arg(short, long, value_enum, default_value_t)]
    output: Format,
}

#[derive(Clone, Copy, Debug, Default, ValueEnum)]
enum Format {
    #[default]
    Text,
    Json,
}

#[derive(Clone, Copy, Debug, ValueEnum)]
enum Scope {
    /// Files `clients/<id>.toml`
    Clients,
}

pub fn run(command: Validate, root: &Root, ui: &Ui) -> Result<Exit, Exit> {
    let watch = Watch::start();
    let outside = match (command.scope, &command.base) {
        (Some(Scope::Clients), Some(base)) => ops::outside_clients(root, base).map_err(|error| failed(ui, &error))?,
        _ => Vec::new(),
    };
    let checked =
        ops::validate(root, &command.select.into(), command.today).map_err(|error| failed(ui, &error))?.after(outside);
    if let Format::Json = command.output {
        ui.print(&diagnostics_json(&checked.found, &checked.sources))?;
        return Ok(Exit::of(&checked.found));
    }
    let sums = format!(" in {}, {}", counted(checked.n_instances, "instance"), objects(checked.n_objects));
    // Warnings end with a line that counts the same.
    let sums = if checked.found.is_empty() { sums } else { String::new() };
    outcome(ui, checked)?;
    ui.say(&format!("No errors{sums} ({})", watch.shown()));
    Ok(Exit::Done)
}

fn objects(n: usize) -> String {
    format!("{} object{}", count(n), if n == 1 { "" } else { "s" })
}
