//! Which files of an output folder at a revision lmsgen wrote: those its `kustomization.yaml` lists.

use std::collections::HashSet;

use super::Repository;
use crate::tree::{RECORD, recorded_names};

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
        let Some(names) = recorded_names(data) else { return Self::Nothing };
        Self::Listed(names.into_iter().chain([RECORD.to_owned()]).map(String::into_bytes).collect())
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
    use crate::tree::kustomization;

    #[test]
    fn only_files_that_an_lmsgen_record_lists_are_owned() {
        let record = Record::read(&kustomization(["a.yaml", "b.yaml"].into_iter()));
        for name in ["a.yaml", "b.yaml", RECORD] {
            assert!(record.holds(name.as_bytes()), "{name}");
        }
        assert!(!record.holds(b"README.md"));
        assert_eq!(Record::read(b"kind: Kustomization\nresources:\n- a.yaml\n"), Record::Nothing);
    }
}
