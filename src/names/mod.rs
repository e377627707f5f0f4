//! Checked names: what a client, an environment or a path may be called.
//!
//! A value of one of these types cannot be wrong; the error says which rule was broken, in words for
//! the person who typed it. Touches no file.

mod date;
mod ident;
mod path;

pub use date::{Date, DateError};
pub use ident::{ClientId, EnvName, NameError, ParamPath, PhaseName, SecretName, StackName};
pub use path::{PathError, RelPath};
