//! Claims of volumes, and volumes.

use super::judge::Look;
use super::live::created;
use super::model::{State, Trouble};
use crate::manifest::Value;

pub(super) fn claim(object: &Value, look: &Look<'_>) -> Vec<Trouble> {
    match object.str_at(&["status", "phase"]) {
        Some("Bound") => Vec::new(),
        Some("Lost") => vec![look.trouble(State::Failed, "Lost", "its volume is gone").since(created(object))],
        _ => {
            let why = look.live.warning(object, &["ProvisioningFailed", "FailedBinding", "VolumeMismatch"]);
            let why = why.map_or_else(String::new, |why| format!(": {}", look.speech.message(why)));
            vec![look.trouble(State::Progressing, "Pending", format!("has no volume yet{why}")).since(created(object))]
        }
    }
}

pub(super) fn volume(object: &Value, look: &Look<'_>) -> Vec<Trouble> {
    match object.str_at(&["status", "phase"]) {
        Some("Failed") => {
            let why = look.speech.message(object.str_at(&["status", "message"]).unwrap_or_default());
            vec![look.trouble(State::Failed, "Failed", format!("the volume failed: {why}"))]
        }
        _ => Vec::new(),
    }
}
