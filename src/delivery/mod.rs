//! What an engine needs to deliver an environment: `rendered/<env>/delivery/`.
//!
//! Made from the fleet alone, whatever its templates hold, so that no client's file decides about another's delivery. Reads
//! no file and knows no cluster.

mod apply_set;
mod argocd;
mod document;
mod flux;
mod folders;
mod kubectl;
mod name;
mod spread;

pub use apply_set::{PART_OF, apply_set, apply_set_parent};
pub use folders::{DELIVERY, folders};
pub use kubectl::{ApplyPlan, ClientSteps, Step, apply_script};
