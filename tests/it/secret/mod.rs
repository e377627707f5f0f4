//! The secret store through its public face: reading, writing, and refusing what was tampered with.

mod in_use;
mod keys;
mod store;
mod taken_over;
mod tamper;
mod tamper_matrix;

use lmsgen::secret::{Form, SecretSpec, encrypt};
use lmsgen::sops::{Identities, Plaintext, Recipient, parse_recipient};

pub const NOW: &str = "2026-11-20T10:00:00Z";
pub const LATER: &str = "2026-11-20T11:00:00Z";
pub const BY_SOPS: &[u8] = include_bytes!("../../fixtures/secret/by-sops.yaml");
pub const RE_WRITTEN: &[u8] = include_bytes!("../../fixtures/secret/re-written.yaml");
const DEMO_KEY: &str = include_str!("../../keys/demo.agekey");
const FIXTURE_KEY: &str = include_str!("../../fixtures/secret/worthless.agekey");

/// What every test plants as a value and looks for where it must not be.
pub const CANARY: &str = "correct-horse-battery";

pub fn identities(text: &str) -> Identities {
    let mut identities = Identities::new();
    identities.add("the test", text).expect("a key file of the repository");
    identities
}

pub fn demo() -> Identities {
    identities(DEMO_KEY)
}

pub fn fixture() -> Identities {
    identities(FIXTURE_KEY)
}

pub fn recipients(identities: &Identities) -> Vec<Recipient> {
    identities.recipients().map(|text| parse_recipient(text).expect("a public key")).collect()
}

pub fn spec(values: &[(&str, &str)]) -> SecretSpec {
    SecretSpec {
        form: Form::Secret,
        place: "/lms-dev/C42/lms-secret/".into(),
        public: Vec::new(),
        name: "lms-secret-c42".into(),
        namespace: "lms-dev".into(),
        labels: vec![("app.kubernetes.io/managed-by".into(), "lmsgen".into())],
        values: values.iter().map(|(key, value)| ((*key).into(), Plaintext::from((*value).to_owned()))).collect(),
        revision: 1,
    }
}

/// A small file for the demo identity.
pub fn sample() -> Vec<u8> {
    let spec = spec(&[("pg-password", CANARY), ("seed", "0123456789abcdef")]);
    encrypt(&spec, &recipients(&demo()), NOW).expect("a right spec")
}

pub fn text(bytes: &[u8]) -> &str {
    std::str::from_utf8(bytes).expect("store files are text")
}
