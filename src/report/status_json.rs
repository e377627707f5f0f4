//! A status as JSON, format `lmsgen.status/v1`: fields are added, never renamed.

use serde::Serialize;

use super::Base;
use super::diff_json::{Commit, commit};
use super::page::printable_json;
use crate::status::{EnvironmentStatus, State, Status};

#[derive(Serialize)]
struct Document<'a> {
    format: &'static str,
    /// What is compared with.
    commit: Option<Commit<'a>>,
    /// `true` if everything that was asked for is.
    ready: bool,
    environments: Vec<Environment<'a>>,
}

#[derive(Serialize)]
struct Environment<'a> {
    failed: usize,
    progressing: usize,
    ready: usize,
    #[serde(flatten)]
    status: &'a EnvironmentStatus,
}

/// One JSON document with a final newline.
pub(super) fn status_json(status: &Status, base: Option<&Base>) -> String {
    printable_json(&serde_json::to_string_pretty(&of(status, base)).expect("the document has string keys only"))
}

/// The same on one line.
pub(super) fn document(status: &Status, base: Option<&Base>) -> String {
    serde_json::to_string(&of(status, base)).expect("the document has string keys only")
}

fn of<'a>(status: &'a Status, base: Option<&'a Base>) -> Document<'a> {
    let environment = |one: &'a EnvironmentStatus| Environment {
        failed: one.n(State::Failed),
        progressing: one.n(State::Progressing),
        ready: one.n(State::Ready),
        status: one,
    };
    Document {
        format: "lmsgen.status/v1",
        commit: base.map(commit),
        ready: status.is_ready(),
        environments: status.environments.iter().map(environment).collect(),
    }
}
