//! `lmsgen rules`.

use clap::{Args, ValueEnum};

use lmsgen::document::{did_you_mean, quoted};
use lmsgen::report::{rule_text, rules_json, rules_text};
use lmsgen::rules::{all, find};

use crate::cli::exit::Exit;
use crate::cli::ui::Ui;

/// List what is checked, or explain the code of a message.
///
/// With a code: why it is a fault, an example, what to do, and whether and by what it can be allowed. Needs no fleet.
#[derive(Debug, Args)]
pub struct Rules {
    /// The code of a message, such as `LMS133`
    #[arg(value_name = "CODE")]
    code: Option<String>,
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

pub fn run(command: &Rules, ui: &Ui) -> Result<Exit, Exit> {
    let Some(code) = &command.code else {
        ui.print(&match command.output {
            Format::Text => rules_text(all()),
            Format::Json => rules_json(all()),
        })?;
        return Ok(Exit::Done);
    };
    let Some(rule) = find(code) else {
        let near = did_you_mean(code, all().iter().map(|rule| rule.id));
        let help = near.unwrap_or_else(|| "`lmsgen rules` lists them".into());
        ui.complain(&format!("error: there is no rule {}\n  = help: {help}", quoted(code)));
        return Err(Exit::Usage);
    };
    ui.print(&match command.output {
        Format::Text => rule_text(rule),
        Format::Json => rules_json(std::slice::from_ref(rule)),
    })?;
    Ok(Exit::Done)
}
