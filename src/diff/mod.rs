//! Two versions of the output, compared as objects: pairs them, finds changed fields, says what each change does in a
//! cluster, and shows a change that is the same in many instances once.
//!
//! Pure: reads no file and no commit. Never carries a value of a Secret.

mod alike;
mod conceal;
mod effect;
mod engine;
mod fields;
mod group;
mod model;
mod object;
mod owner;
mod pair;
mod pattern;
#[cfg(test)]
mod properties;
mod read;
#[cfg(test)]
mod tests;
mod text;

pub use engine::compare;
pub use model::{
    Action, Counts, Detail, DiffReport, Effect, EnvironmentDiff, FieldChange, Group, HeldBack, Hidden, KindDiff,
    ObjectChange, Risk, What,
};
pub use owner::{Owner, drops_data};
pub use text::{TextBody, TextChange, unified};
