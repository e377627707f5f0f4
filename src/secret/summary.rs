//! The state of an environment's store in numbers and names: what `secrets status` says. Holds no value.

use std::collections::BTreeMap;

use serde::Serialize;

/// The store of one environment.
#[derive(Debug, Default, Serialize)]
pub struct EnvironmentStatus {
    /// The environment.
    pub environment: String,
    /// Its form: `sops`, `sopssecret`, `external`.
    pub form: &'static str,
    /// Instances looked at.
    pub instances: usize,
    /// Declared keys that have a value.
    pub present: usize,
    /// Declared keys without value that something waits for, in the order of places.
    pub missing: Vec<MissingValue>,
    /// Optional keys without value.
    pub optional: usize,
    /// Who can decrypt files and is declared no more, with the number of files.
    pub stale_recipients: BTreeMap<String, usize>,
    /// Who is declared and cannot decrypt files yet, with the number of files.
    pub new_recipients: BTreeMap<String, usize>,
    /// Files in another form than the environment's.
    pub other_form: Vec<String>,
    /// Files that do not say their place.
    pub unbound: Vec<String>,
    /// Files whose values changed since the last commit without a new revision.
    pub unraised: Vec<String>,
    /// Files that the last commit has and the disk has not, whole or with all their generated keys.
    pub gone: Vec<String>,
    /// Files with keys that no stack declares.
    pub undeclared: Vec<String>,
    /// Files that cannot be read or belong elsewhere, each with what is wrong.
    pub broken: Vec<BrokenFile>,
}

/// A declared key without value.
#[derive(Debug, Serialize)]
pub struct MissingValue {
    /// `lms-prod/C7`.
    pub place: String,
    /// The Secret's name in the stack.
    pub secret: String,
    /// The key.
    pub key: String,
    /// `true` if lmsgen makes it, `false` if a person must give it.
    pub generated: bool,
    /// `true` if its file is one of those that are gone.
    pub gone: bool,
}

/// A file that is wrong.
#[derive(Debug, Serialize)]
pub struct BrokenFile {
    /// `secrets/lms-prod/C7/lms-secret.yaml`.
    pub path: String,
    /// The first fault.
    pub fault: String,
}

impl EnvironmentStatus {
    /// `true` if nothing is missing, stale or broken.
    #[must_use]
    pub fn is_in_order(&self) -> bool {
        let recipients = self.stale_recipients.is_empty() && self.new_recipients.is_empty();
        let files = [&self.other_form, &self.unbound, &self.unraised, &self.gone, &self.undeclared]
            .iter()
            .all(|list| list.is_empty());
        self.missing.is_empty() && self.broken.is_empty() && recipients && files
    }
}
