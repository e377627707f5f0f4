//! Writing client files back: what `client new` puts on disk.

use super::Contact;

/// A client to be.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct NewClient {
    /// The organisation's name.
    pub name: String,
    /// The stack, when it is not the default one.
    pub stack: Option<String>,
    /// Labels.
    pub labels: Vec<(String, String)>,
    /// People.
    pub contacts: Vec<Contact>,
    /// Environments it runs in, in order.
    pub environments: Vec<String>,
}

/// The text of `clients/<id>.toml`; loading it gives back what went in.
#[must_use]
pub fn new_client_text(client: &NewClient) -> String {
    let _ = client;
    String::new()
}
