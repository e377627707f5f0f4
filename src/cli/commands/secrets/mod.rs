//! `lmsgen secrets`: one file per command.

mod bind;
mod command;
mod convert;
mod edit;
mod generate;
mod import;
pub mod keygen;
mod rewrap;
mod rotate;
mod scan;
mod set;
mod show;
mod status;
mod verify;

pub use command::{Secrets, run};
