//! The secret store: SOPS files with age recipients, generators, and the one type that holds plaintext.
//!
//! Plaintext never leaves this module except into a file it encrypts; nothing here prints or logs.

mod generator;

pub use generator::Generator;
