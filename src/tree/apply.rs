//! Makes the disk hold what a plan says.
//!
//! All bytes are staged before the first file gets its name, so a full disk changes nothing. A folder that is new appears
//! in one step, with its record. In a folder that is there, files come first, then the record, then what is deleted goes;
//! the journal tells the next run what a killed one had in hand. Output is not forced to the disk file by file:
//! it can be rendered again.

use super::node::Node;
use super::plan::{Change, New, Plan};
use super::scan::Touched;
use crate::files::{Dir, Durability, Error, Lock, Root, Stage};
use crate::names::RelPath;
use rayon::prelude::*;

/// Folders with fewer sub-folders are written by one thread.
const WORTH_SHARING: usize = 16;

/// Makes the disk hold what the plan says. Only what differs is touched. Whenever this ends early, by an error or a
/// kill, the next plan and apply complete the work.
///
/// # Errors
/// [`Error`] with the path; [`Error::Raced`] if somebody else changed the output since the plan was made.
///
/// # Panics
/// If the plan came with errors.
pub fn apply(lock: &Lock<'_>, plan: &Plan<'_>) -> Result<(), Error> {
    assert!(!plan.blocked, "a plan with errors is not applied");
    if !plan.is_done() {
        write(lock, plan)?;
    }
    for folder in &plan.prune {
        lock.root().remove_empty_dir(folder)?;
    }
    // Also when there was nothing to do but a journal to close.
    let in_doubt = plan.touched.iter().any(|touched| touched.in_doubt().next().is_some());
    if in_doubt || plan.left != plan.stays {
        plan.stays.store(lock)?;
    }
    Ok(())
}

fn write(lock: &Lock<'_>, plan: &Plan<'_>) -> Result<(), Error> {
    let stage = lock.stage()?;
    plan.new.par_iter().enumerate().try_for_each(|(n, new)| stage_new(&stage, n, new))?;
    plan.touched.par_iter().enumerate().try_for_each(|(n, touched)| stage_touched(&stage, n, touched))?;

    let mut journal = plan.left.clone();
    for (path, name) in plan.touched.iter().flat_map(Touched::in_doubt) {
        journal.insert(path.join(name).expect("because a plan holds checked names"));
    }
    if journal != plan.left {
        journal.store(lock)?;
    }
    let root = lock.root();
    let new = plan.new.par_iter().enumerate().try_for_each(|(n, new)| publish_new(root, &stage, n, new));
    let written = new.and_then(|()| {
        plan.touched.par_iter().enumerate().try_for_each(|(n, touched)| publish(root, &stage, n, touched))
    });
    if let Err(Error::Raced { path }) = &written {
        // What stands there is somebody else's: the next run must not take it for its own.
        journal.filter(|ours| ours.as_str() != path).store(lock)?;
    }
    written
}

impl Touched<'_> {
    /// What no record tells after a kill: files not listed yet, or no longer.
    fn in_doubt(&self) -> impl Iterator<Item = (&RelPath, &str)> {
        let created = self.writes.iter().filter(|write| write.change == Change::Create).map(|write| write.name);
        created.chain(self.deletes.iter().map(String::as_str)).map(|name| (&self.path, name))
    }
}

fn stage_new(stage: &Stage<'_>, n: usize, new: &New<'_>) -> Result<(), Error> {
    let dir = stage.dir().make_new(&new_name(n), new.path.as_str())?;
    fill(&dir, &new.node)
}

fn fill(dir: &Dir<'_>, node: &Node<'_>) -> Result<(), Error> {
    for (name, bytes) in node.folder.iter().flat_map(|folder| &folder.files) {
        dir.put(name, bytes, Durability::Cached)?;
    }
    let children: Vec<_> = node.children.iter().filter(|(_, child)| !child.is_bare()).collect();
    let one = |(name, child): &(&&str, &Node<'_>)| fill(&dir.make_new(name, &dir.path_of(name))?, child);
    if children.len() < WORTH_SHARING {
        children.iter().try_for_each(one)
    } else {
        children.par_iter().try_for_each(one)
    }
}

fn publish_new(root: &Root, stage: &Stage<'_>, n: usize, new: &New<'_>) -> Result<(), Error> {
    let parent = match new.path.parent() {
        Some(parent) => root.dir(&parent)?.ok_or_else(|| Error::Raced { path: parent.to_string() })?,
        None => root.top()?,
    };
    stage.dir().rename_new(&new_name(n), &parent, new.path.file_name()).map_err(raced)
}

fn stage_touched(stage: &Stage<'_>, n: usize, touched: &Touched<'_>) -> Result<(), Error> {
    if touched.writes.is_empty() {
        return Ok(());
    }
    let dir = stage.dir().make_new(&touched_name(n), touched.path.as_str())?;
    touched.writes.iter().try_for_each(|write| dir.put(write.name, write.bytes, Durability::Cached))
}

fn publish(root: &Root, stage: &Stage<'_>, n: usize, touched: &Touched<'_>) -> Result<(), Error> {
    let dir = root.dir(&touched.path)?.ok_or_else(|| Error::Raced { path: touched.path.to_string() })?;
    if !touched.writes.is_empty() {
        let name = touched_name(n);
        let staged = stage.dir().sub(&name)?.ok_or_else(|| Error::Raced { path: touched.path.to_string() })?;
        for write in &touched.writes {
            match write.change {
                Change::Create => staged.rename_new(write.name, &dir, write.name).map_err(raced)?,
                Change::Update | Change::Delete => staged.rename_over(write.name, &dir, write.name)?,
            }
        }
        stage.dir().remove_empty_dir(&name)?;
    }
    touched.deletes.iter().try_for_each(|name| dir.remove(name).map(|_| ()))
}

fn new_name(n: usize) -> String {
    format!("new-{n}")
}

fn touched_name(n: usize) -> String {
    format!("files-{n}")
}

/// Nothing stood there when the plan was made.
fn raced(error: Error) -> Error {
    match error {
        Error::Exists { path } => Error::Raced { path },
        other => other,
    }
}
