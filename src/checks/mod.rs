//! What objects say about each other: references, selectors, ports, routes, and what an environment's policy asks of
//! them. One file a rule, each with its code; documented in `docs/rules/`.
//!
//! Pure: objects in, faults out. Knows no file, no template and no fleet: whoever calls says what else there is.

mod claims;
mod model;
mod object;
mod references;
mod rule;
mod rules;
mod secret_names;
#[cfg(test)]
mod testing;
mod usage;
mod walk;

pub use claims::{COLLISION, Claim, claims};
pub use model::{Found, Group, Object, Outside, Parts, Policy, Related, Standard, StoredSecret};
pub use object::{Lens, UNKNOWN_KIND, check_object, is_definition};
pub use rule::{RULES, Rule, check};
pub use usage::{QUOTA, Usage, usage};
