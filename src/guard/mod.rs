//! The guard against plaintext: what looks like a secret in a text that would be committed, and is no ciphertext.
//!
//! Pure: text in, findings out. A finding says which rule, where and under which key, and never what was found. Rules
//! prefer silence: people turn off a guard that cries wolf, so every rule asks for the shape of a real value.

mod blocks;
mod finding;
mod named;
mod objects;
mod place;
mod reference;
mod scanner;
mod shapes;
mod tokens;
mod urls;
mod value;
mod words;

pub use finding::{ALLOW, EXPIRED_ALLOW, Finding, RULES, Rule, UNUSED_ALLOW, label};
pub use scanner::{Guard, TextKind};

#[cfg(test)]
mod tests;
