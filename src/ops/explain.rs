//! `explain`: where a parameter's value comes from.

use crate::files::Root;
use crate::fleet::{Explanation, Selection, Sources};

use super::Error;
use super::prepare::{Checked, prepare};
use super::store_files::StoreFiles;

/// One instance's answer.
#[derive(Debug)]
pub struct Explained {
    /// `lms-prod/C42`.
    pub instance: String,
    /// The layers.
    pub explanation: Explanation,
    /// `templates/lms/app/deployment.yaml:17`: places that read the parameter.
    pub read_by: Vec<String>,
}

/// Explains parameter `path` for every selected instance.
///
/// # Errors
/// A broken operation, a selection without match, or an unknown parameter.
pub fn explain(root: &Root, selection: &Selection, path: &str) -> Result<Checked<Vec<Explained>>, Error> {
    let files = Sources::from_disk(root)?;
    let prepared = match prepare(StoreFiles::Disk(root), files, selection)? {
        Ok(prepared) => prepared,
        Err(faults) => return Ok(faults.with(None)),
    };
    let mut answers = Vec::new();
    for &at in &prepared.instances {
        let explanation = prepared.fleet.explain(at, path)?;
        let stack = prepared.fleet.clients[prepared.fleet.instances[at].client].stack;
        let declared = prepared.fleet.stacks[stack].params.iter().position(|decl| decl.span == explanation.declared);
        let readers = declared.map(|index| prepared.engines.readers(stack, index)).unwrap_or_default();
        let mut read_by: Vec<String> = readers.into_iter().map(|span| prepared.sources.place(span)).collect();
        read_by.dedup();
        answers.push(Explained { instance: prepared.instance_name(at), explanation, read_by });
    }
    let outcome = (!prepared.found.has_errors()).then_some(answers);
    Ok(prepared.finish(outcome))
}
