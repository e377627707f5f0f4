//! `lmsgen client`.

use clap::{Args, Subcommand};

use lmsgen::files::Root;
use lmsgen::fleet::{Contact, NewClient, State};
use lmsgen::ops::{self, ClientLine};

use crate::cli::app::Select;
use crate::cli::exit::Exit;
use crate::cli::show::{failed, outcome};
use crate::cli::ui::Ui;

#[derive(Debug, Subcommand)]
pub enum Client {
    /// Write the file of a new client
    New(New),
    /// List clients
    List(Select),
    /// Show what a client's own file sets
    Show(Select),
}

impl Client {
    /// `true` if it writes a file of the fleet.
    pub const fn writes(&self) -> bool {
        matches!(self, Self::New(_))
    }
}

#[derive(Debug, Args)]
pub struct New {
    /// The client's id: the name of its file
    id: String,
    /// The organisation's name
    #[arg(long)]
    name: String,
    /// Environments it runs in
    #[arg(short, long = "env", value_name = "ENV", required = true)]
    env: Vec<String>,
    /// The stack [default: the fleet's]
    #[arg(long)]
    stack: Option<String>,
    /// A label
    #[arg(short, long = "label", value_name = "KEY=VALUE", value_parser = pair)]
    labels: Vec<(String, String)>,
    /// The person to talk to
    #[arg(long, value_name = "PERSON")]
    contact: Option<String>,
    /// The person's phone number
    #[arg(long, requires = "contact")]
    phone: Vec<String>,
    /// The person's mail address
    #[arg(long, requires = "contact")]
    email: Vec<String>,
}

fn pair(text: &str) -> Result<(String, String), String> {
    let (key, value) = text.split_once('=').ok_or("write KEY=VALUE")?;
    Ok((key.to_owned(), value.to_owned()))
}

pub fn run(command: Client, root: &Root, ui: &Ui) -> Result<Exit, Exit> {
    match command {
        Client::New(new) => create(new, root, ui),
        Client::List(select) => list(select, root, ui),
        Client::Show(select) => show(select, root, ui),
    }
}

fn create(new: New, root: &Root, ui: &Ui) -> Result<Exit, Exit> {
    let contacts = new.contact.map(|person| Contact { person, phones: new.phone, emails: new.email });
    let client = NewClient {
        name: new.name,
        stack: new.stack,
        labels: new.labels,
        contacts: contacts.into_iter().collect(),
        environments: new.env,
    };
    let checked = ops::new_client(root, &new.id, &client).map_err(|error| failed(ui, &error))?;
    let done = outcome(ui, checked)?;
    ui.print(&format!("Created {}\n", done.path))?;
    match done.needs.as_slice() {
        [] => ui.say("Next: lmsgen render"),
        [(place, name, key, what)] => {
            ui.say(&format!("Next: lmsgen render   (1 value is yours to set: {what})"));
            ui.say(&format!("      lmsgen secrets set {place} {name} {key}"));
        }
        several => {
            ui.say(&format!("Next: lmsgen render   ({} values are yours to set)", several.len()));
            for (place, name, key, what) in several {
                ui.say(&format!("      lmsgen secrets set {place} {name} {key}   # {what}"));
            }
        }
    }
    Ok(Exit::Done)
}

fn list(select: Select, root: &Root, ui: &Ui) -> Result<Exit, Exit> {
    let checked = ops::clients(root, &select.into()).map_err(|error| failed(ui, &error))?;
    let lines = outcome(ui, checked)?;
    let wide = |of: &dyn Fn(&ClientLine) -> usize| lines.iter().map(of).max().unwrap_or(0);
    let id_width = wide(&|line| line.id.len());
    let env_width = wide(&|line| places(line).len());
    let mut text = String::new();
    for line in &lines {
        let environments = places(line);
        text.push_str(&format!(
            "{:id_width$}  {environments:env_width$}  {}\n",
            line.id,
            lmsgen::report::printable(&line.name)
        ));
    }
    ui.print(&text)?;
    Ok(Exit::Done)
}

/// `lms-dev lms-prod (suspended)`
fn places(line: &ClientLine) -> String {
    let place = |(environment, state): &(String, State)| match state {
        State::Active => environment.clone(),
        state => format!("{environment} ({})", state.word()),
    };
    line.environments.iter().map(place).collect::<Vec<_>>().join(" ")
}

fn show(select: Select, root: &Root, ui: &Ui) -> Result<Exit, Exit> {
    let checked = ops::client_settings(root, &select.into()).map_err(|error| failed(ui, &error))?;
    let mut text = String::new();
    for settings in outcome(ui, checked)? {
        text.push_str(&settings.instance);
        if settings.state != State::Active {
            text.push_str(&format!(" ({})", settings.state.word()));
        }
        text.push('\n');
        for (path, value, place) in &settings.values {
            text.push_str(&format!("  {path} = {}   {place}\n", lmsgen::report::printable(value)));
        }
        if settings.values.is_empty() {
            text.push_str("  everything as the environment says\n");
        }
    }
    ui.print(&text)?;
    Ok(Exit::Done)
}
