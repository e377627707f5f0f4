//! Paths and URLs, which say where a value is and are none themselves.

use super::urls;
use super::value::{is_name, is_random};

/// Folders at the top of a file system, as programs in containers know it.
const ROOTS: [&str; 27] = [
    "app",
    "bin",
    "boot",
    "certs",
    "config",
    "data",
    "dev",
    "etc",
    "home",
    "keys",
    "lib",
    "media",
    "mnt",
    "nix",
    "opt",
    "proc",
    "root",
    "run",
    "secrets",
    "srv",
    "sys",
    "tmp",
    "usr",
    "var",
    "vault",
    "work",
    "workspace",
];

/// Ends of files that hold secrets or settings.
const ENDS: [&str; 24] = [
    "asc", "cfg", "conf", "crt", "env", "gpg", "ini", "jks", "json", "key", "log", "p12", "pass", "pem", "pfx", "pub",
    "pwd", "sh", "sock", "toml", "txt", "xml", "yaml", "yml",
];

/// Longer ones are data.
const LONGEST: usize = 200;

/// `/run/secrets/x`, `./x`, `~/x.pem`: names with slashes between, below a folder that there is or with a file's end.
pub(super) fn is_path(value: &str) -> bool {
    let relative = ["./", "../", "~/"].iter().find_map(|start| value.strip_prefix(start));
    let Some(rest) = relative.or_else(|| value.strip_prefix('/')) else { return false };
    let steps: Vec<&str> = rest.trim_end_matches('/').split('/').collect();
    let is_step = |step: &&str| {
        step.len() <= 64 && !is_random(step) && step.chars().all(|c| c.is_alphanumeric() || "._-@:*~".contains(c))
    };
    let has_end = steps.last().and_then(|step| step.rsplit_once('.')).is_some_and(|(_, end)| ENDS.contains(&end));
    let is_known = ROOTS.contains(&steps[0]) || has_end;
    let is_named = (relative.is_some() || steps.len() > 1) && steps.iter().all(|step| is_name(step));
    value.len() <= LONGEST && rest.contains(char::is_alphabetic) && steps.iter().all(is_step) && (is_known || is_named)
}

/// Names with marks of paths, members and queries between: `secret/data/x#token`, `lms.toml`.
pub(super) fn is_reach(value: &str) -> bool {
    value.len() <= LONGEST && value.split(['/', '#', '?', '@', ',', ';', '=']).all(is_name) || is_path(value)
}

/// A scheme and a host, without a password between.
pub(super) fn is_url(value: &str) -> bool {
    let Some((scheme, rest)) = value.split_once("://") else { return false };
    let is_scheme = |part: &str| {
        part.starts_with(|c: char| c.is_ascii_lowercase())
            && part.bytes().all(|byte| byte.is_ascii_lowercase() || byte.is_ascii_digit() || b"+.-".contains(&byte))
            && is_name(&part.replace('+', "-"))
    };
    let authority = rest.split(['/', '?', '#']).next().unwrap_or_default();
    let host = authority.rsplit('@').next().unwrap_or_default();
    let is_host = authority.is_empty() && rest.len() > 1 && is_path(rest)
        || host.contains(['.', ':', '[', '*'])
        || !host.is_empty() && !is_random(host);
    let has_password = urls::look(value, scheme.len(), false).is_some();
    scheme.split(':').all(is_scheme) && is_host && !rest.contains(char::is_whitespace) && !has_password
}
