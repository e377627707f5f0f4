//! The secret store: SOPS files with age recipients, generators, and the one type that holds plaintext.
//!
//! Plaintext never leaves this module except into a file it encrypts; nothing here prints or logs. Without a
//! private key, [`StoreFile`] and [`StoredSecret`] read what rendering needs; with one, [`decrypt`] and [`set`]
//! open a file; [`encrypt`] writes a new one.

mod cipher;
mod edit;
mod error;
mod fault;
mod file;
mod generate;
mod generator;
mod identity;
mod mask;
mod plaintext;
mod read;
mod recipient;
mod scan;
mod sealed;
mod sops_block;
mod sops_config;
mod stored;
mod write;
mod yaml;

pub use edit::{decrypt, set};
pub use error::{OTHER_OBJECT, OTHER_RECIPIENTS, StoreError};
pub use fault::Fault;
pub use file::StoreFile;
pub use generate::{GenerateError, generate};
pub use generator::Generator;
pub use identity::{Identities, IdentityError};
pub use mask::masked;
pub use plaintext::Plaintext;
pub use recipient::{Recipient, RecipientError, parse_recipient};
pub use sops_config::sops_config;
pub use stored::{Comparison, Declared, StoredSecret, UNDECLARED_KEY};
pub use write::{SecretSpec, encrypt};
