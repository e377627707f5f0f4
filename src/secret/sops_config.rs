//! The text of `.sops.yaml`, so that plain `sops edit secrets/…` does what lmsgen would do.

use std::fmt::Write;

use super::file::ENCRYPTED_REGEX;
use crate::sops::Recipient;

/// The first line, by which lmsgen knows a file as its own.
const HEAD: &str = "# Written by lmsgen from environments/*.toml. Do not edit.\n";

/// `true` for a `.sops.yaml` that lmsgen wrote.
#[must_use]
pub fn is_own_config(bytes: &[u8]) -> bool {
    bytes.starts_with(HEAD.trim_end().as_bytes())
}

/// Writes `.sops.yaml` for the root of a fleet: one rule per environment, by the path of its store files. The order is
/// that of the names' bytes; an environment without recipients gets no rule.
#[must_use]
pub fn sops_config(environments: &[(&str, &[Recipient])]) -> String {
    let mut environments = environments.to_vec();
    environments.sort_unstable_by_key(|(name, _)| *name);
    let mut out = format!("{HEAD}creation_rules:\n");
    for (name, recipients) in environments.iter().filter(|(_, recipients)| !recipients.is_empty()) {
        let mut keys: Vec<&str> = recipients.iter().map(Recipient::as_str).collect();
        keys.sort_unstable();
        keys.dedup();
        // The separator is the system's; an environment's name holds no character that means something to a pattern.
        // One string, not a list: `sops` reads lists since 3.11 only.
        write!(
            out,
            "  - path_regex: ^secrets[/\\\\]{name}[/\\\\].+\\.yaml$\n    encrypted_regex: {ENCRYPTED_REGEX}\n    age: {}\n",
            keys.join(",")
        )
        .expect("writing to a String does not fail");
    }
    // The layout that lmsgen writes, so that an edit with `sops` changes no other line.
    out.push_str("stores:\n  yaml:\n    indent: 2\n");
    out
}
