//! What rendering knows about the secret store: encrypted bytes and what can be read without a key.

use std::collections::HashMap;
use std::sync::Arc;

use crate::names::SecretName;

/// Where a Secret belongs.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct SecretPlace {
    /// Index of the environment.
    pub environment: usize,
    /// Index of the client; `None` for a Secret of the environment itself.
    pub client: Option<usize>,
}

/// One file of the store.
#[derive(Clone, Debug)]
pub struct SecretFile {
    /// API version and kind of the object in it.
    pub object: (&'static str, &'static str),
    /// The bytes, copied to the output as they are.
    pub bytes: Arc<[u8]>,
    /// Public halves of its keys: key and PEM.
    pub public: Vec<(String, String)>,
    /// Raised whenever a value changes.
    pub revision: u64,
}

/// Files of the store by place and logical name. What is missing here is not written to the output.
#[derive(Clone, Debug, Default)]
pub struct Secrets {
    files: HashMap<SecretPlace, Vec<(SecretName, SecretFile)>>,
}

impl Secrets {
    /// Adds a file.
    pub fn insert(&mut self, place: SecretPlace, name: SecretName, file: SecretFile) {
        self.files.entry(place).or_default().push((name, file));
    }

    /// Adds a file in place of the one that is there.
    pub fn replace(&mut self, place: SecretPlace, name: SecretName, file: SecretFile) {
        let files = self.files.entry(place).or_default();
        files.retain(|(known, _)| *known != name);
        files.push((name, file));
    }

    /// The file of a Secret.
    #[must_use]
    pub fn get(&self, place: SecretPlace, name: &SecretName) -> Option<&SecretFile> {
        self.files.get(&place)?.iter().find(|(known, _)| known == name).map(|(_, file)| file)
    }
}
