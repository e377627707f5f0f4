//! Text templates whose values can never become structure.
//!
//! A template prints tokens in place of values ([`Engine`]); the text, which holds nothing but what the stack's
//! author wrote, is parsed into a [`Skeleton`]; [`fill`] puts the values into the parsed object. So a string arrives
//! as that string whatever it holds, and a number as that number.
//!
//! Templates see no file, clock, environment, network or secret value.

mod blocks;
mod chain;
mod check;
mod context;
mod engine;
mod fields;
mod fill;
mod functions;
mod helm;
mod kubelet;
mod limits;
mod origins;
mod rewrite;
mod scan;
mod skeleton;
mod token;
mod trace;

#[cfg(test)]
mod tests;

pub use context::{
    EnvironmentFacts, InstanceFacts, SharedParams, environment_context, environment_value, instance_context,
};
pub use engine::{Engine, NO_PUBLIC_HALF, Output, TemplateRole, TemplateSource};
pub use fill::{FillError, Filled, Unfit, fill, hex};
pub use functions::{PublicHalf, Scope, SecretFacts};
pub use origins::{Piece, Printed};
pub use skeleton::{Fault, Part, Place, Segment, ShapeError, Skeleton};
pub use tera::{Context, Value as TemplateValue};
pub use token::{HashOf, Token};
pub use trace::Traced;
