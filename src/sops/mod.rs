//! The SOPS format with age keys: ciphertext, data keys, identities and recipients, and the one type that holds plaintext.
//!
//! Knows nothing of Kubernetes, the fleet or its store; nothing here prints or logs.

mod age_file;
mod cipher;
mod document;
mod identity;
mod key_file;
mod metadata;
mod plaintext;
mod recipient;
mod sealed;
mod shamir;
mod text_edit;

pub(crate) use cipher::{DataKey, Mac, digest};
pub use document::{Document, DocumentError, OpenComment, OpenValue, Opened, Problem, Rule, Step, encrypt_document};
pub(crate) use identity::UnwrapError;
pub use identity::{Asked, Identities};
pub use key_file::{IdentityError, MAX_KEY_FILE, NewKey, is_protected, new_key, open_protected};
pub(crate) use metadata::{Wrap, is_armor, is_for_others, is_timestamp, is_version};
pub use plaintext::Plaintext;
pub use recipient::{Recipient, RecipientError, parse_recipient, short};
pub use sealed::Kind;
pub(crate) use sealed::{Sealed, SealedError, canonical};
pub(crate) use shamir::combine;
pub(crate) use text_edit::{Edits, column, line_end};
