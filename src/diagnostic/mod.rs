//! Faults a person can make: what is wrong, where, and what to do.
//!
//! Knows no rule and no output format: codes are declared by the modules that raise them, and
//! `report` draws them. Broken operations (a failing disk, a refused push) are errors of their own
//! modules, not diagnostics.

mod code;
mod sink;
mod source;

pub use code::{Class, Code};
pub use sink::{Diagnostic, Label, Severity, Sink};
pub use source::{FileId, Position, Source, SourceMap, Span, concealed};
