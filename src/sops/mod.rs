//! The SOPS format with age keys: ciphertext, data keys, identities and recipients, and the one type that holds plaintext.
//!
//! Knows nothing of Kubernetes, the fleet or its store; nothing here prints or logs.

mod cipher;
mod identity;
mod key_file;
mod metadata;
mod plaintext;
mod recipient;
mod sealed;

pub(crate) use cipher::{DataKey, digest};
pub(crate) use identity::UnwrapError;
pub use identity::{Asked, Identities};
pub use key_file::{IdentityError, MAX_KEY_FILE, NewKey, is_protected, new_key, open_protected};
pub(crate) use metadata::{Wrap, is_armor, is_timestamp, is_version};
pub use plaintext::Plaintext;
pub use recipient::{Recipient, RecipientError, parse_recipient, short};
pub(crate) use sealed::{Sealed, SealedError, canonical};
