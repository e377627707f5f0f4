//! `lmsgen env`.

use clap::Subcommand;

use lmsgen::files::Root;
use lmsgen::ops;
use lmsgen::report::counted;

use crate::cli::exit::Exit;
use crate::cli::show::{failed, outcome};
use crate::cli::ui::Ui;

#[derive(Debug, Subcommand)]
pub enum Env {
    /// List environments
    List,
}

pub fn run(command: &Env, root: &Root, ui: &Ui) -> Result<Exit, Exit> {
    let Env::List = command;
    let checked = ops::environments(root).map_err(|error| failed(ui, &error))?;
    let lines = outcome(ui, checked)?;
    let width = lines.iter().map(|line| line.name.len()).max().unwrap_or(0);
    let mut text = String::new();
    for line in &lines {
        let clients = counted(line.n_instances, "client");
        text.push_str(&format!(
            "{:width$}  namespace {}, Kubernetes {}, {clients}\n",
            line.name, line.namespace, line.kubernetes
        ));
    }
    ui.print(&text)?;
    Ok(Exit::Done)
}
