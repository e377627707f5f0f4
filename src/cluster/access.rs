//! How a cluster is reached.

use zeroize::Zeroizing;

use super::Error;

/// The way into a cluster.
pub enum Access {
    /// A context of the user's own kubeconfig.
    Context(String),
    /// A server and a token for it.
    Token {
        /// `https://…`
        url: String,
        /// The token.
        token: Token,
        /// Certificates, in PEM, that the server's is signed with; `None` for those that the system trusts.
        authority: Option<Vec<u8>>,
    },
}

/// A bearer token. No `Debug`, no `Display`: it goes to `kubectl` and nowhere else.
pub struct Token(Zeroizing<String>);

impl Token {
    /// The token in a file or a variable; blanks and line ends around it do not belong to it.
    ///
    /// # Errors
    /// [`Error::NoToken`] for what no server takes for one.
    pub fn new(text: &str) -> Result<Self, Error> {
        let token = text.trim();
        let is_token = !token.is_empty() && token.bytes().all(|byte| byte.is_ascii_graphic());
        if is_token { Ok(Self(Zeroizing::new(token.to_owned()))) } else { Err(Error::NoToken) }
    }

    pub(super) fn expose(&self) -> &str {
        &self.0
    }
}
