//! Reading `[cluster]`: how `lmsgen status` reaches an environment's cluster. Holds where a token is, never a token.

use super::environment::TOKEN;
use crate::diagnostic::{Class, Code, Diagnostic, Sink, Span};
use crate::document::{Kind, Located, TableReader};

const CLUSTER: Code = Code::new("LMS149", Class::Input);

const HELP: &str = "write `context = \"NAME\"`, or `url` and `token`";

/// `[cluster]` of an environment.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Cluster {
    /// A context of the kubeconfig of whoever runs `lmsgen status`.
    Context(String),
    /// A server.
    Server {
        /// `https://…`
        url: String,
        /// Where its token is.
        token: TokenSource,
        /// A file with the certificates, in PEM, that the server's is signed with; from the fleet's folder.
        authority: Option<String>,
    },
}

/// Where a token is.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum TokenSource {
    /// In a variable of the environment.
    Variable(String),
    /// In a file; from the fleet's folder.
    File(String),
}

/// `None` without the table, and after a fault.
pub(super) fn read_cluster(table: &mut TableReader<'_>, sink: &mut Sink) -> Option<Cluster> {
    let mut cluster = table.table("cluster", sink)?;
    let span = cluster.span();
    let [url, context, authority] = ["url", "context", "certificate-authority"].map(|key| cluster.string(key, sink));
    let token = cluster.take("token").map(|token| (token.node.span(), read_token(&token.node, sink)));
    cluster.finish(sink);
    let mut fault = |at: Span, message: &str, help: &str| {
        sink.push(Diagnostic::error(CLUSTER, message).at(at, "").help(help));
        None
    };
    match (context, url, token) {
        (Some(context), None, None) => Some(Cluster::Context(context.value.to_owned())),
        (Some(_), _, _) | (None, None, None) => {
            fault(span, "`cluster` needs either `context` or `url` and `token`", HELP)
        }
        // A token that is no good was told.
        (None, _, Some((_, None))) => None,
        (None, Some(url), Some((_, Some(token)))) if is_safe(&url) => {
            let authority = authority.map(|authority| authority.value.to_owned());
            Some(Cluster::Server { url: url.value.to_owned(), token, authority })
        }
        (None, Some(url), Some(_)) => fault(
            url.span,
            "`cluster.url` must begin with `https://` and hold no user",
            "a token is not sent in the clear; a server with a certificate of its own needs `certificate-authority`",
        ),
        (None, Some(url), None) => fault(url.span, "`cluster.url` needs `cluster.token`", HELP),
        (None, None, Some((at, Some(_)))) => fault(at, "`cluster.token` needs `cluster.url`", HELP),
    }
}

fn read_token(token: &crate::document::Node<'_>, sink: &mut Sink) -> Option<TokenSource> {
    if let Kind::String(_) = token.kind() {
        sink.push(
            Diagnostic::error(TOKEN, "a token cannot stand in a file of the fleet")
                .at(token.span(), "")
                .help("write `token = { env = \"NAME\" }` or `{ file = \"PATH\" }`, and revoke this token"),
        );
        return None;
    }
    let mut source = token.table("cluster.token", sink)?;
    let found = [source.string("env", sink), source.string("file", sink)];
    let span = source.span();
    source.finish(sink);
    match found {
        [Some(name), None] => Some(TokenSource::Variable(name.value.to_owned())),
        [None, Some(path)] => Some(TokenSource::File(path.value.to_owned())),
        _ => {
            let fault = Diagnostic::error(CLUSTER, "`cluster.token` needs exactly one of `env` and `file`");
            sink.push(fault.at(span, ""));
            None
        }
    }
}

fn is_safe(url: &Located<&str>) -> bool {
    let rest = url.value.strip_prefix("https://").unwrap_or_default();
    !rest.is_empty() && !rest.contains('@') && rest.bytes().all(|byte| byte.is_ascii_graphic())
}
