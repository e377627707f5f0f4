//! `lmsgen publish`.

use clap::Args;

use lmsgen::files::Root;
use lmsgen::git::{self, ChangeKind, Destination, SignOff, Signing, SourcePolicy, Verdict};
use lmsgen::names::Date;
use lmsgen::ops::{self, Allowed, PublishOptions, PublishOutcome};
use lmsgen::report::{counted, printable};

use crate::cli::clock;
use crate::cli::exit::Exit;
use crate::cli::identities::Keys;
use crate::cli::show::{Bar, failed, outcome};
use crate::cli::ui::Ui;

/// Validate, render, commit and push.
///
/// One commit holds the fleet's own files: sources as they are on disk and the output rendered from them. Everything
/// else that is changed or staged stays as it is. When the remote moved, sources are merged file by file and rendered
/// again; nothing is ever forced. Success means that the remote was read back and holds the commit.
#[derive(Debug, Args)]
#[expect(clippy::struct_excessive_bools, reason = "each is a flag of its own on the command line")]
pub struct Publish {
    /// Say what would be committed, and stop
    #[arg(long)]
    dry_run: bool,
    /// Commit, but do not push
    #[arg(long, conflicts_with = "dry_run")]
    no_push: bool,
    /// First line of the commit message
    #[arg(short, long, value_name = "TEXT")]
    message: Option<String>,
    /// The remote [default: `git.remote` of lmsgen.toml]
    #[arg(long)]
    remote: Option<String>,
    /// Refuse sources that are not committed yet: for pipelines
    #[arg(long)]
    no_sources: bool,
    /// Refuse to generate secrets
    #[arg(long)]
    locked: bool,
    /// Delete more instances than `git.max-deleted` of lmsgen.toml allows
    #[arg(long)]
    allow_delete: bool,
    /// Delete namespaces and claims of volumes, and Kustomizations whose deletion would take running clients with it
    #[arg(long)]
    allow_data_loss: bool,
    /// Commit store files that are older than the last commit's, or encrypted wholly anew
    #[arg(long)]
    allow_secret_change: bool,
    /// The commit's author
    #[arg(long, value_name = "NAME <ADDRESS>")]
    author: Option<String>,
    /// Add Signed-off-by
    #[arg(long)]
    signoff: bool,
    /// Sign the commit, with Git's key or this one
    #[arg(short = 'S', long, value_name = "KEY", num_args = 0..=1, default_missing_value = "")]
    sign: Option<String>,
    /// Passed to the server: `ci.skip`
    #[arg(short = 'o', long = "push-option", value_name = "OPTION")]
    push_options: Vec<String>,
    /// The day that `expires` of `[[allow]]` is held against [default: nothing expires]
    #[arg(long, value_name = "YYYY-MM-DD")]
    today: Option<Date>,
    #[command(flatten)]
    keys: Keys,
}

pub fn run(command: Publish, root: &Root, ui: &Ui) -> Result<Exit, Exit> {
    let identities = command.keys.load(root, ui)?;
    let bar = Bar::new(ui);
    let git = git::Options {
        destination: match (command.dry_run, command.no_push) {
            (true, _) => Destination::Nowhere,
            (_, true) => Destination::Local,
            _ => Destination::Remote,
        },
        sources: if command.no_sources { SourcePolicy::Refuse } else { SourcePolicy::Commit },
        author: command.author,
        sign_off: if command.signoff { SignOff::Add } else { SignOff::Omit },
        signing: match command.sign {
            None => Signing::None,
            Some(key) if key.is_empty() => Signing::DefaultKey,
            Some(key) => Signing::Key(key),
        },
        push_options: command.push_options,
        jitter_seed: clock::jitter_seed(),
        ..git::Options::default()
    };
    let options = PublishOptions {
        git,
        remote: command.remote,
        subject: command.message,
        allowed: Allowed {
            delete: command.allow_delete,
            data_loss: command.allow_data_loss,
            secret_change: command.allow_secret_change,
        },
        locked: command.locked,
        today: command.today,
        now: clock::now(),
        identities: &identities,
        watch: &bar,
    };
    let checked = ops::publish(root, &options).map_err(|error| failed(ui, &error))?;
    let done = outcome(ui, checked)?;
    for note in &done.published.notes {
        ui.say(&format!("note: {}", printable(note)));
    }
    ui.print(&told(&done))?;
    left_alone(&done, ui);
    next(&done, ui);
    Ok(Exit::Done)
}

fn told(done: &PublishOutcome) -> String {
    let published = &done.published;
    let commit = published.commit.as_ref().map_or_else(String::new, git::Revision::short);
    let subject = published.commit.as_ref().map_or_else(String::new, |commit| printable(&commit.summary).into_owned());
    let place = format!("{}/{}", done.remote, published.branch);
    let mut text = String::new();
    if published.verdict == Verdict::UpToDate {
        return format!("Nothing to publish: {} holds all of it\n", if commit.is_empty() { &place } else { &commit });
    }
    if published.is_push_only() {
        return match published.verdict {
            Verdict::Proposed => format!("Would push {commit} \"{subject}\" to {place}; nothing was changed\n"),
            _ => format!("Pushed {commit} \"{subject}\" to {place}; there was nothing to commit\n"),
        };
    }
    let names: Vec<&str> = [&done.summary.created, &done.summary.changed, &done.summary.deleted]
        .into_iter()
        .flatten()
        .map(String::as_str)
        .collect();
    let listed = if names.is_empty() || names.len() > 5 { String::new() } else { format!(": {}", names.join(", ")) };
    text.push_str(&format!("{}{listed}\n", done.summary.counts()));
    if done.n_generated > 0 {
        text.push_str(&format!("Generated {}\n", counted(done.n_generated, "secret")));
    }
    if !published.merged.is_empty() {
        text.push_str(&format!("Took over {} from {place}\n", counted(published.merged.len(), "changed file")));
    }
    text.push_str(&match published.verdict {
        Verdict::Pushed => format!("Committed {commit} \"{subject}\"; pushed to {place}\n"),
        Verdict::Committed => format!("Committed {commit} \"{subject}\"; not pushed\n"),
        Verdict::Proposed => {
            format!("Would commit {} to {place}; nothing was changed\n", counted(published.changes.len(), "file"))
        }
        Verdict::UpToDate => String::new(),
    });
    text
}

/// What happens now, and how to see it: one line for each environment that changes.
fn next(done: &PublishOutcome, ui: &Ui) {
    if done.published.verdict != Verdict::Pushed {
        return;
    }
    let summary = &done.summary;
    let changed = || [&summary.created, &summary.changed, &summary.deleted].into_iter().flatten();
    for (environment, (engine, is_watched)) in &done.engines {
        let clients: Vec<&str> =
            changed().filter_map(|name| name.strip_prefix(environment.as_str())?.strip_prefix('/')).collect();
        let selected = match clients[..] {
            [] => continue,
            [client] if !summary.deleted.iter().any(|name| name.ends_with(client)) => {
                format!("{client} -e {environment}")
            }
            _ => format!("-e {environment}"),
        };
        let watch = if *is_watched {
            format!("; watch: lmsgen status {selected} --watch")
        } else {
            format!(" in {environment}")
        };
        ui.say(&match *engine {
            "flux" => format!("Flux applies it{watch}"),
            "argocd" => format!("Argo CD applies it{watch}"),
            _ => format!("Next: lmsgen apply-plan {selected}{}", base(done, environment)),
        });
    }
}

/// Where objects are gone, a plan must know what was applied before.
fn base(done: &PublishOutcome, environment: &str) -> String {
    let folder = format!("rendered/{environment}/");
    let is_gone =
        |change: &git::Changed| change.kind == ChangeKind::Deleted && change.path.as_str().starts_with(&folder);
    match &done.published.commit {
        Some(commit) if done.published.changes.iter().any(is_gone) => format!(" --base {}~1", commit.short()),
        _ => String::new(),
    }
}

fn left_alone(done: &PublishOutcome, ui: &Ui) {
    let paths = &done.published.left_alone;
    if paths.is_empty() {
        return;
    }
    let shown: Vec<_> = paths.iter().take(5).map(|path| printable(path)).collect();
    let more = if paths.len() > 5 { format!(" and {} more", paths.len() - 5) } else { String::new() };
    ui.say(&format!("Left as they are: {}{more}", shown.join(", ")));
}
