//! Reading `lmsgen.toml`.

use super::allow::{Allow, read_allow};
use super::model::GitConfig;
use crate::diagnostic::{Class, Code, Diagnostic, Sink, Span};
use crate::document::{Document, TableReader, quoted};
use crate::params::{Declarations, Layer, LayerSource, Overlay, read_shared};

const GIT: Code = Code::new("LMS139", Class::Input);

/// What `lmsgen.toml` says.
#[derive(Debug, Default)]
pub(super) struct Config {
    /// The default stack.
    pub(super) stack: Option<(String, Span)>,
    /// The file is there and could not be read.
    pub(super) is_broken: bool,
    pub(super) git: GitConfig,
    /// What the guard against plaintext passes over.
    pub(super) allow: Vec<Allow>,
    /// One overlay for each stack.
    pub(super) overlays: Vec<Overlay>,
}

impl Default for GitConfig {
    fn default() -> Self {
        Self { remote: "origin".into(), branch: "main".into(), url: None, max_deleted: 5, max_deleted_percent: 10 }
    }
}

/// Reads `lmsgen.toml`, with the stacks its `[params]` may be about.
pub(super) fn read_config(document: &Document<'_>, stacks: &[(&str, &Declarations)], sink: &mut Sink) -> Config {
    let mut table = document.root();
    let stack = table.string("stack", sink).map(|name| (name.value.to_owned(), name.span));
    let git = table.table("git", sink).map_or_else(GitConfig::default, |git| read_git(git, sink));
    let allow = read_allow(&mut table, sink);
    let overlays = read_layer(&mut table, Layer::Fleet, stacks, sink);
    table.finish_with(|name| stacks.iter().find_map(|(_, declarations)| declarations.hint(name)), sink);
    Config { stack, git, allow, overlays, is_broken: false }
}

/// Takes `params` and `unset` of a layer that all stacks share.
pub(super) fn read_layer(
    table: &mut TableReader<'_>,
    layer: Layer,
    stacks: &[(&str, &Declarations)],
    sink: &mut Sink,
) -> Vec<Overlay> {
    let params = table.table("params", sink);
    let unset = table.strings("unset", sink);
    read_shared(LayerSource { layer, params: params.as_ref(), unset: &unset }, stacks, sink)
}

fn read_git(mut table: TableReader<'_>, sink: &mut Sink) -> GitConfig {
    let mut git = GitConfig::default();
    if let Some(remote) = table.string("remote", sink) {
        match remote_fault(remote.value) {
            None => git.remote = remote.value.into(),
            // Not repeated: an address may hold a password.
            Some(rule) => sink.push(Diagnostic::error(GIT, format!("`git.remote` {rule}")).at(remote.span, "")),
        }
    }
    if let Some(branch) = table.string("branch", sink) {
        match branch_fault(branch.value) {
            None => git.branch = branch.value.into(),
            Some(rule) => {
                let message = format!("branch {} {rule}", quoted(branch.value));
                sink.push(Diagnostic::error(GIT, message).at(branch.span, ""));
            }
        }
    }
    if let Some(url) = table.string("url", sink) {
        match url_fault(url.value) {
            None => git.url = Some(url.value.into()),
            // Not repeated, as with a remote.
            Some(rule) => sink.push(Diagnostic::error(GIT, format!("`git.url` {rule}")).at(url.span, "")),
        }
    }
    let mut count = |key, most: i64| {
        let found = table.integer(key, sink)?;
        if !(0..=most).contains(&found.value) {
            let message = format!("`git.{key}`: {} is not 0 to {most}", found.value);
            sink.push(Diagnostic::error(GIT, message).at(found.span, ""));
        }
        usize::try_from(found.value).ok()
    };
    git.max_deleted = count("max-deleted", 1_000_000).unwrap_or(git.max_deleted);
    git.max_deleted_percent = count("max-deleted-percent", 100).unwrap_or(git.max_deleted_percent);
    table.finish(sink);
    git
}

/// A remote is named, never given by its address.
fn remote_fault(name: &str) -> Option<&'static str> {
    let is_plain = |c: char| c.is_ascii_alphanumeric() || matches!(c, '-' | '_' | '.');
    if name.is_empty() || name.starts_with(['-', '.']) || !name.chars().all(is_plain) {
        return Some("must be the name of a remote: letters, digits, `-`, `_` and `.`, not starting with `-` or `.`");
    }
    None
}

/// An address that Flux and Argo CD read a repository from, without a password: `https://`, `http://`, `ssh://`, and `git://`
/// for Argo CD.
fn url_fault(url: &str) -> Option<&'static str> {
    let Some((scheme, rest)) = url.split_once("://") else {
        return Some("must be an address with `https://` or `ssh://`: clusters read the fleet there");
    };
    if !matches!(scheme, "https" | "http" | "ssh" | "git") {
        return Some("must start with `https://` or `ssh://`");
    }
    let (host, path) = rest.split_once('/').unwrap_or((rest, ""));
    if host.split_once('@').is_some_and(|(user, _)| user.contains(':') || scheme != "ssh") {
        return Some("holds credentials: put them in a Secret of the cluster, and revoke these");
    }
    let is_plain = |c: char| c.is_ascii_graphic() && !matches!(c, '"' | '\'' | '`' | '{' | '}' | '<' | '>' | '\\');
    if host.is_empty() || path.is_empty() || !rest.chars().all(is_plain) {
        return Some("must name a host and a path, in plain characters");
    }
    None
}

/// The rules of `git check-ref-format --branch`.
fn branch_fault(name: &str) -> Option<&'static str> {
    let is_forbidden = |c: char| c.is_control() || matches!(c, ' ' | '~' | '^' | ':' | '?' | '*' | '[' | '\\');
    let is_part_wrong = |part: &str| {
        part.is_empty() || part.starts_with('.') || part.rsplit_once('.').is_some_and(|(_, end)| end == "lock")
    };
    if name == "HEAD" || name == "@" || name.starts_with(['-', '+']) || name.starts_with("refs/") {
        return Some("must be the short name of a branch");
    }
    if name.chars().any(is_forbidden)
        || name.contains("..")
        || name.contains("@{")
        || name.ends_with('.')
        || name.split('/').any(is_part_wrong)
    {
        return Some("is no name that Git allows for a branch");
    }
    None
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn branch_names_follow_git() {
        for good in ["main", "release/1.4", "a-b_c", "ветка"] {
            assert_eq!(branch_fault(good), None, "{good}");
        }
        for bad in ["", "HEAD", "a..b", "-f", "+main", "refs/heads/../x", "x.lock", "a b", "a/", "/a", "a//b", "@{1}"] {
            assert!(branch_fault(bad).is_some(), "{bad}");
        }
        assert!(remote_fault("https://user:password@host/x").is_some());
    }

    #[test]
    fn an_address_holds_no_credentials() {
        for good in ["https://gitlab.example/lms/fleet.git", "ssh://git@gitlab.example:2222/lms/fleet.git"] {
            assert_eq!(url_fault(good), None, "{good}");
        }
        for bad in [
            "",
            "gitlab.example/lms",
            "https://",
            "https://host",
            "file:///srv/fleet",
            "https://token@host/x",
            "ssh://git:pw@host/x",
            "https://host/a b",
            "https://host/{{ x }}",
        ] {
            assert!(url_fault(bad).is_some(), "{bad}");
        }
    }
}
