//! Loading: from source files to a [`Fleet`], with every fault found on the way.

use super::{Fleet, Sources};
use crate::diagnostic::{Sink, SourceMap};

/// What loading found.
#[derive(Debug)]
pub struct Loaded {
    /// The fleet; `None` when its files are too broken to say. When `found` has errors it holds only what is
    /// right, so that later checks can report their faults too; nothing may be written from it.
    pub fleet: Option<Fleet>,
    /// The text of every file read.
    pub sources: SourceMap,
    /// Every fault found.
    pub found: Sink,
}

/// Reads a fleet from its source files.
///
/// The result depends on `sources` alone. Faults are in [`Loaded::found`], never a panic.
#[must_use]
pub fn load(sources: &Sources) -> Loaded {
    let _ = sources;
    Loaded { fleet: None, sources: SourceMap::default(), found: Sink::default() }
}
