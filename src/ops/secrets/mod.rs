//! Single Secrets of the store: values set, shown, edited and imported; and what is missing made. One file each.

mod edit;
mod generate;
mod import;
mod set;
mod show;
mod target;

pub use edit::{EditOutcome, Editing, apply_edit, open_for_edit};
pub use generate::{GenerateOutcome, generate_secrets};
pub use import::{Import, import_secret};
pub use set::{SetOutcome, SetTarget, set_everywhere, set_secret, settable_places};
pub use show::{Shown, show_secret};
pub use target::SecretRef;
