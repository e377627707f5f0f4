//! The secret store: Kubernetes Secrets as SOPS files, and the generators of their values.
//!
//! Plaintext never leaves this module except into a file it encrypts; nothing here prints or logs. Without a
//! private key, [`StoreFile`] and [`StoredSecret`] read what rendering needs; with one, [`decrypt`] and [`set`]
//! open a file; [`encrypt`] writes a new one.

mod edit;
mod editable;
mod error;
mod fault;
mod file;
mod foreign;
mod generate;
mod generator;
mod lineage;
mod mask;
mod plain;
mod prime;
mod random;
mod read;
mod read_values;
mod rewrap;
mod rsa_key;
mod rsa_size;
mod scan;
mod sops_block;
mod sops_config;
mod stored;
mod summary;
mod write;
mod yaml;

pub use edit::{bind, damaged_wraps, decrypt, decrypt_file, set};
pub use editable::{TextFault, editable, from_editable};
pub use error::{NO_IDENTITY, OTHER_OBJECT, OTHER_RECIPIENTS, StoreError};
pub use fault::Fault;
pub use file::{Form, StoreFile, place};
pub use foreign::{ManifestError, SecretHead, dumped_objects, is_sealed, plain_values, sealed_values};
pub use generate::{GenerateError, generate};
pub use generator::{Amount, Generator, RsaFormat, RsaKey, RsaSize};
pub use lineage::Trace;
pub use mask::masked;
pub use plain::plain_manifest;
pub use rewrap::{NewDataKey, Rewrapped, rewrap};
pub use rsa_key::{NotAnRsaKey, line_to_pem, pem_to_line, public_half};
pub use rsa_size::rsa_bits;
pub use sops_config::{is_own_config, sops_config};
pub use stored::{
    COPIED, Comparison, Declared, EMPTY_VALUE, OTHER_FORM, OTHER_LABELS, OTHER_PLACE, StoredSecret, UNBOUND,
    UNDECLARED_KEY,
};
pub use summary::{BrokenFile, EnvironmentStatus, MissingValue};
pub use write::{MAX_PUBLIC_KEY, SecretSpec, encrypt};
