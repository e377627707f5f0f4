//! `lmsgen explain`.

use clap::Args;

use lmsgen::files::Root;
use lmsgen::fleet::Selection;
use lmsgen::ops;
use lmsgen::report::explain_text;

use crate::cli::exit::Exit;
use crate::cli::show::{failed, outcome};
use crate::cli::ui::Ui;

/// Show where a parameter's value comes from: which layer set it, and what it overrides.
#[derive(Debug, Args)]
pub struct Explain {
    /// The client
    client: String,
    /// The parameter: `image.tag`
    parameter: String,
    /// In this environment [default: every one the client runs in]
    #[arg(short, long = "env", value_name = "ENV")]
    env: Vec<String>,
}

pub fn run(command: Explain, root: &Root, ui: &Ui) -> Result<Exit, Exit> {
    let selection = Selection { clients: vec![command.client], environments: command.env, labels: Vec::new() };
    let checked = ops::explain(root, &selection, &command.parameter).map_err(|error| failed(ui, &error))?;
    let sources = checked.sources.clone();
    let answers = outcome(ui, checked)?;
    let mut text = String::new();
    for answer in &answers {
        if answers.len() > 1 {
            text.push_str(&format!("{}{}:\n", if text.is_empty() { "" } else { "\n" }, answer.instance));
        }
        text.push_str(&explain_text(&answer.explanation, &answer.read_by, &sources, &ui.page()));
    }
    ui.print(&text)?;
    Ok(Exit::Done)
}
