//! `lmsgen explain`.

use clap::Args;

use lmsgen::files::Root;
use lmsgen::fleet::{Explanation, Selection};
use lmsgen::ops;
use lmsgen::params::Layer;
use lmsgen::report::{self, Setting, explain_text};

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
        let shown = shown(&answer.explanation, answer.read_by.clone(), &|span| sources.place(span));
        text.push_str(&explain_text(&shown, &ui.page()));
    }
    ui.print(&text)?;
    Ok(Exit::Done)
}

fn shown(
    explanation: &Explanation,
    read_by: Vec<String>,
    place: &dyn Fn(lmsgen::diagnostic::Span) -> String,
) -> report::Explanation {
    let setting = |step: &lmsgen::params::Step| Setting {
        value: step.value.as_ref().map(ToString::to_string),
        place: place(step.origin.span),
        layer: layer_name(step.origin.layer).to_owned(),
    };
    report::Explanation {
        key: explanation.path.clone(),
        settings: explanation.steps.iter().map(setting).collect(),
        shape: explanation.shape.clone(),
        description: explanation.description.clone(),
        has_default: explanation.steps.iter().any(|step| step.origin.layer == Layer::Stack),
        read_by,
    }
}

const fn layer_name(layer: Layer) -> &'static str {
    match layer {
        Layer::Stack => "default of the stack",
        Layer::Fleet => "fleet",
        Layer::Environment => "environment",
        Layer::Client => "client",
        Layer::ClientInEnvironment => "client in environment",
    }
}
