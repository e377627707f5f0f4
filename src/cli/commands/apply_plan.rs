//! `lmsgen apply-plan`.

use clap::Args;

use lmsgen::delivery::apply_script;
use lmsgen::files::Root;
use lmsgen::ops;

use crate::cli::app::Select;
use crate::cli::exit::Exit;
use crate::cli::show::{failed, outcome};
use crate::cli::ui::Ui;

/// Print the script that brings an environment up to date with kubectl; it is never run by lmsgen.
///
/// `lmsgen apply-plan -e lms-dev --base v1.4.1 > plan.sh`, read it, then `sh plan.sh`. It applies what clients share, then each
/// client phase by phase, waiting for Jobs and rollouts, and deletes at the end what the named commit had and the fleet has no
/// longer. KUBECTL, LMSGEN and WAIT (seconds) can be set: `KUBECTL='kubectl --context lms-dev' sh plan.sh`.
#[derive(Debug, Args)]
pub struct ApplyPlan {
    #[command(flatten)]
    select: Select,
    /// The commit that was applied last: what it had and the fleet has not is deleted
    #[arg(long, value_name = "REV")]
    base: Option<String>,
    /// The plan may drop data of clients in state `deprovisioned`
    #[arg(long)]
    allow_data_loss: bool,
}

pub fn run(command: ApplyPlan, root: &Root, ui: &Ui) -> Result<Exit, Exit> {
    let base = command.base;
    let may_drop = command.allow_data_loss;
    let checked =
        ops::apply_plan(root, &command.select.into(), base.as_deref(), may_drop).map_err(|error| failed(ui, &error))?;
    let plan = outcome(ui, checked)?;
    if !plan.is_committed {
        ui.say("What this plan applies is not committed: `lmsgen publish` first, or others cannot see what runs");
    }
    ui.print(&apply_script(&plan))?;
    Ok(Exit::Done)
}
