//! What is proposed: plain data.

/// A file to be.
#[derive(Clone, Debug, Default)]
pub struct AdoptedClient {
    /// `clients/C42.toml`
    pub path: String,
    /// Its text.
    pub text: String,
    /// What could not be taken over: lower-case fragments.
    pub notes: Vec<String>,
    /// Secrets to import.
    pub secrets: Vec<AdoptedSecret>,
}

/// A Secret of the dump that the stack declares.
#[derive(Clone, Debug)]
pub struct AdoptedSecret {
    /// `lms-dev/C42`
    pub place: String,
    /// Its name in the stack.
    pub name: String,
    /// Its name in the cluster.
    pub object: String,
    /// Keys that are imported.
    pub keys: Vec<String>,
    /// Keys that the stack does not declare.
    pub ignored: Vec<String>,
}
