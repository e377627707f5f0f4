//! Arguments of the program as a whole, and which command runs.

use std::path::{Path, PathBuf};

use clap::{Args, Parser, Subcommand};

use lmsgen::files::Root;
use lmsgen::fleet::Selection;
use lmsgen::ops;
use lmsgen::report::counted;

use super::commands::{
    apply_plan, ci, client, diff, env, explain, import, manifests, publish, render, rules, secrets, status, validate,
};
use super::exit::Exit;
use super::harden::harden;
use super::show::failed;
use super::ui::{Color, Ui, Verbosity};

/// Declarative GitOps manifests for one environment per customer.
///
/// Each client is one TOML file. lmsgen renders its Kubernetes manifests and encrypted Secrets, checks them, shows
/// what would change against the last commit, commits and pushes. Flux or `kubectl apply` deploys.
#[derive(Debug, Parser)]
#[command(name = "lmsgen", version, max_term_width = 100, after_help = EXIT_CODES)]
struct App {
    #[command(flatten)]
    global: Global,
    #[command(subcommand)]
    command: Command,
}

const EXIT_CODES: &str = "\
Exit codes: 0 done · 1 differences or findings (diff, status and secrets status with --exit-code, status --wait, secrets verify) · 2 usage · 3 invalid input or policy · 4 secrets · 5 local files · 6 git, a remote \
or a cluster · 7 busy or raced, try again · 8 a guard that needs your flag · 9 a limit · 70 a bug in lmsgen";

#[derive(Debug, Args)]
struct Global {
    /// The fleet's folder [default: the nearest folder upwards that holds lmsgen.toml]
    #[arg(short = 'C', long = "fleet", global = true, value_name = "DIR")]
    fleet: Option<PathBuf>,
    /// When to use colour
    #[arg(long, global = true, value_enum, default_value_t, value_name = "WHEN")]
    color: Color,
    /// Say nothing but results and errors
    #[arg(short, long, global = true, conflicts_with = "verbose")]
    quiet: bool,
    /// Say more, and cut nothing short
    #[arg(short, long, global = true, action = clap::ArgAction::Count)]
    verbose: u8,
}

#[derive(Debug, Subcommand)]
enum Command {
    /// Add, list and show clients
    #[command(subcommand)]
    Client(client::Client),
    /// List environments
    #[command(subcommand)]
    Env(env::Env),
    Validate(validate::Validate),
    Rules(rules::Rules),
    /// Write the manifests, and generate secrets that are missing
    Render(render::Render),
    /// Show what would change against the last commit
    Diff(diff::Diff),
    /// Validate, render, commit and push
    Publish(publish::Publish),
    /// Print manifests as one stream, in the order to apply them
    Manifests(manifests::Manifests),
    ApplyPlan(apply_plan::ApplyPlan),
    Ci(ci::Ci),
    Import(import::Import),
    /// Show where a parameter's value comes from
    Explain(explain::Explain),
    Status(status::Status),
    /// Work on the secret store
    #[command(subcommand)]
    Secrets(secrets::Secrets),
}

impl Command {
    /// `true` if it may write files of the fleet.
    const fn writes(&self) -> bool {
        match self {
            Self::Render(_) | Self::Publish(_) => true,
            Self::Secrets(command) => command.writes(),
            Self::Client(command) => command.writes(),
            Self::Ci(command) => command.writes(),
            Self::Import(command) => command.writes(),
            Self::Env(_)
            | Self::Validate(_)
            | Self::Rules(_)
            | Self::Diff(_)
            | Self::Manifests(_)
            | Self::ApplyPlan(_)
            | Self::Explain(_)
            | Self::Status(_) => false,
        }
    }
}

/// Which instances a command is about. Nothing given means all; nothing found is an error.
#[derive(Clone, Debug, Default, Args)]
pub struct Select {
    /// Client ids or patterns (`C4*`)
    #[arg(value_name = "CLIENT")]
    clients: Vec<String>,
    /// Environments or patterns
    #[arg(short, long = "env", value_name = "ENV")]
    env: Vec<String>,
    /// Clients with this label
    #[arg(short = 'l', long = "selector", value_name = "KEY=VALUE")]
    labels: Vec<String>,
}

impl Select {
    /// What was named.
    pub fn names(&self) -> &[String] {
        &self.clients
    }

    /// `true` if environments or labels narrow the selection.
    pub const fn has_filters(&self) -> bool {
        !self.env.is_empty() || !self.labels.is_empty()
    }
}

impl From<Select> for Selection {
    fn from(select: Select) -> Self {
        Self { clients: select.clients, environments: select.env, labels: select.labels }
    }
}

/// Runs the program.
pub fn run() -> Exit {
    harden();
    install_panic_message();
    let app = match App::try_parse() {
        Ok(app) => app,
        Err(error) => {
            // Help and version go to stdout and are no error; clap knows.
            let _ = error.print();
            return if error.use_stderr() { Exit::Usage } else { Exit::Done };
        }
    };
    let verbosity = match (app.global.quiet, app.global.verbose) {
        (true, _) => Verbosity::Quiet,
        (_, 1..) => Verbosity::Verbose,
        _ => Verbosity::Normal,
    };
    let ui = Ui::new(app.global.color, verbosity);
    let result = std::panic::catch_unwind(std::panic::AssertUnwindSafe(|| dispatch(app, &ui)));
    match result {
        Ok(Ok(exit) | Err(exit)) => exit,
        Err(_) => Exit::Bug,
    }
}

/// A panic is a bug; its message may hold data, so only the place is shown.
fn install_panic_message() {
    std::panic::set_hook(Box::new(|panic| {
        let place = panic.location().map_or_else(String::new, |at| format!(" at {}:{}", at.file(), at.line()));
        let text = format!("error: this is a bug in lmsgen{place}; please report it with what you did\n");
        // Nothing better can be done when stderr is gone as well.
        let _ = std::io::Write::write_all(&mut std::io::stderr(), text.as_bytes());
    }));
}

fn dispatch(app: App, ui: &Ui) -> Result<Exit, Exit> {
    // A key may be made before there is a fleet.
    if let Command::Secrets(secrets::Secrets::Keygen(command)) = app.command {
        return secrets::keygen::run(command, ui);
    }
    if let Command::Rules(command) = &app.command {
        return rules::run(command, ui);
    }
    // Any manifests may be judged without a fleet.
    if let Command::Validate(command) = &app.command
        && let Some(paths) = command.files()
    {
        return command.run_files(paths, ui);
    }
    let Some(root) = find(app.global.fleet.as_deref(), ui)? else {
        if let Command::Ci(command) = &app.command
            && !command.writes()
        {
            return command.print(None, ui);
        }
        if let Command::Secrets(secrets::Secrets::Scan(command)) = app.command
            && command.is_anywhere()
        {
            return command.run(None, ui);
        }
        return Err(no_fleet(app.global.fleet.as_deref(), ui));
    };
    if app.command.writes() {
        finish_interrupted(&root, ui)?;
    }
    match app.command {
        Command::Client(command) => client::run(command, &root, ui),
        Command::Env(command) => env::run(&command, &root, ui),
        Command::Validate(command) => validate::run(&command, &root, ui),
        Command::Rules(command) => rules::run(&command, ui),
        Command::Render(command) => render::run(command, &root, ui),
        Command::Diff(command) => diff::run(command, &root, ui),
        Command::Publish(command) => publish::run(command, &root, ui),
        Command::Manifests(command) => manifests::run(command, &root, ui),
        Command::ApplyPlan(command) => apply_plan::run(command, &root, ui),
        Command::Ci(command) => ci::run(&command, &root, ui),
        Command::Import(command) => import::run(&command, &root, ui),
        Command::Explain(command) => explain::run(command, &root, ui),
        Command::Status(command) => status::run(&command, &root, ui),
        Command::Secrets(command) => secrets::run(command, &root, ui),
    }
}

/// Finishes what a run that was killed has begun, and says so.
fn finish_interrupted(root: &Root, ui: &Ui) -> Result<(), Exit> {
    if let Some(n) = ops::finish_interrupted(root).map_err(|error| failed(ui, &error))? {
        ui.say(&format!("Finished a change of {} that was interrupted", counted(n, "store file")));
    }
    Ok(())
}

/// What marks a fleet's folder.
const MARKER: &str = "lmsgen.toml";

/// Opens the fleet that was named, or the nearest one upwards.
fn find(named: Option<&Path>, ui: &Ui) -> Result<Option<Root>, Exit> {
    let found = match named {
        Some(folder) => {
            let is_fleet = folder.join(MARKER).is_file();
            if is_fleet { Root::open(folder).map(Some) } else { Ok(None) }
        }
        None => match std::env::current_dir() {
            Ok(here) => Root::find(&here, MARKER),
            Err(error) => {
                ui.complain(&format!("error: the current folder cannot be read: {error}"));
                return Err(Exit::Io);
            }
        },
    };
    found.map_err(|error| failed(ui, &error.into()))
}

fn no_fleet(named: Option<&Path>, ui: &Ui) -> Exit {
    let place = named.map_or_else(|| "here or in a folder above".to_owned(), |path| format!("in {}", path.display()));
    ui.complain(&format!(
        "error: there is no {MARKER} {place}\n  = help: change into a fleet's folder, or name it with -C"
    ));
    Exit::Usage
}
