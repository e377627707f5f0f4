//! `lmsgen secrets verify`.

use clap::Args;

use lmsgen::files::Root;
use lmsgen::ops::{self, Verified};
use lmsgen::report::{count, counted};

use crate::cli::app::Select;
use crate::cli::exit::Exit;
use crate::cli::identities::Keys;
use crate::cli::reports::{Reports, Said, prefix_of};
use crate::cli::show::{Bar, failed, outcome};
use crate::cli::ui::Ui;

/// Open every store file with a private key, and say everything that is wrong.
///
/// Checks each value, the MAC, the place that the file was written for, its recipients and rule, digests of other keys,
/// and that no file has a lower revision than an earlier commit. Writes nothing. Exits with 4 when a file is wrong or does not open, as
/// every command does, and with 1 for what only this one finds: a file that moved backwards, one that does not open for everybody, a data
/// key that a removed recipient knows.
#[derive(Debug, Args)]
pub struct Verify {
    #[command(flatten)]
    select: Select,
    #[command(flatten)]
    keys: Keys,
    #[command(flatten)]
    reports: Reports,
}

pub fn run(command: Verify, root: &Root, ui: &Ui) -> Result<Exit, Exit> {
    let reports = command.reports.plan(ui)?;
    let identities = command.keys.load(root, ui)?;
    let bar = Bar::new(ui);
    let checked = ops::verify_secrets(root, &command.select.into(), &identities, &bar);
    let checked = checked.map_err(|error| failed(ui, &error))?;
    if reports.write(&checked, &prefix_of(root), ui)? == Said::OnStdout {
        return Ok(Exit::of(&checked.found));
    }
    let done = outcome(ui, checked)?;
    ui.say(&told(&done));
    Ok(Exit::Done)
}

fn told(done: &Verified) -> String {
    if done.files == 0 {
        return "Nothing to verify: the store has no file here".to_owned();
    }
    let history = match done.history {
        None => "no commit to compare with".to_owned(),
        Some(reach) if reach.is_whole => format!("none older than in {}", counted(reach.commits, "commit")),
        Some(reach) => {
            format!("none older than in the last {} (the clone is shallow)", counted(reach.commits, "commit"))
        }
    };
    format!("Verified {}: {} opened, {history}", counted(done.files, "file"), count_values(done.values))
}

fn count_values(n: usize) -> String {
    format!("{} value{}", count(n), if n == 1 { "" } else { "s" })
}
