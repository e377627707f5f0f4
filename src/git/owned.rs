//! Which files of an output folder at a revision lmsgen wrote: those its `kustomization.yaml` lists.

use std::collections::HashSet;

use super::Repository;

/// The file that records ownership.
pub(super) const FILE_NAME: &str = "kustomization.yaml";

/// `true` for the output folder and everything below it.
pub(super) fn is_output(path: &str) -> bool {
    path.strip_prefix(Repository::OUTPUT).is_some_and(|rest| rest.is_empty() || rest.starts_with('/'))
}

/// The record of one folder.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Record {
    /// A folder of sources: all is the fleet's.
    All,
    /// An output folder without a record.
    Nothing,
    /// These, and the record itself.
    Listed(HashSet<Vec<u8>>),
}

impl Record {
    /// Reads a `kustomization.yaml`. One that lmsgen did not write owns nothing.
    pub fn read(data: &[u8]) -> Self {
        let Ok(text) = std::str::from_utf8(data) else { return Self::Nothing };
        let mut lines = text.lines();
        if !lines.next().is_some_and(|line| line.starts_with("# Written by lmsgen;")) {
            return Self::Nothing;
        }
        let listed = lines
            .skip_while(|line| line.trim_end() != "resources:")
            .skip(1)
            .map_while(|line| line.trim_start().strip_prefix("- "))
            .map(|name| name.trim().trim_matches(['"', '\'']).as_bytes().to_vec());
        Self::Listed(listed.chain([FILE_NAME.as_bytes().to_vec()]).collect())
    }

    pub fn holds(&self, name: &[u8]) -> bool {
        match self {
            Self::All => true,
            Self::Nothing => false,
            Self::Listed(names) => names.contains(name),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_files_that_an_lmsgen_record_lists_are_owned() {
        let text = "# Written by lmsgen; lists the files it owns. Do not edit.\napiVersion: kustomize.config.k8s.io/v1beta1\n\
                    kind: Kustomization\nresources:\n  - a.yaml\n  - \"b.yaml\"\nnamespace: x\n";
        let record = Record::read(text.as_bytes());
        for name in ["a.yaml", "b.yaml", FILE_NAME] {
            assert!(record.holds(name.as_bytes()), "{name}");
        }
        assert!(!record.holds(b"README.md"));
        assert_eq!(Record::read(b"kind: Kustomization\nresources:\n- a.yaml\n"), Record::Nothing);
    }
}
