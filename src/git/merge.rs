//! Merging sources by path: a file that only one side changed is taken from it; one that both changed,
//! differently, is for a person to decide.

use std::collections::{BTreeMap, BTreeSet};

use git2::Oid;

use crate::names::RelPath;

/// Files by path, with the id of their content.
pub(super) type Ids = BTreeMap<RelPath, Oid>;

/// What a merge comes to.
#[derive(Debug, Default, PartialEq, Eq)]
pub(super) struct Merge {
    /// Files to take over from upstream, with the content's id; `None` to delete.
    pub take: BTreeMap<RelPath, Option<Oid>>,
    /// Files that both sides changed, differently.
    pub conflicts: Vec<RelPath>,
}

/// Merges `theirs` into `ours`, which both come from `base`.
pub(super) fn merge(base: &Ids, ours: &Ids, theirs: &Ids) -> Merge {
    let mut merge = Merge::default();
    let paths: BTreeSet<&RelPath> = base.keys().chain(theirs.keys()).collect();
    for path in paths {
        let (base, ours, theirs) = (base.get(path), ours.get(path), theirs.get(path));
        if theirs == base || theirs == ours {
            continue;
        }
        if ours == base {
            merge.take.insert(path.clone(), theirs.copied());
        } else {
            merge.conflicts.push(path.clone());
        }
    }
    merge
}

#[cfg(test)]
mod tests {
    use git2::ObjectType;

    use super::super::object;
    use super::*;

    /// Every combination of three versions and absence, against the definition of a three-way merge.
    #[test]
    fn all_combinations() {
        let path = RelPath::new("clients/C1.toml").unwrap();
        let version = |n: u8| (n > 0).then(|| object::id(ObjectType::Blob, &[n]));
        let ids = |oid: Option<Oid>| oid.map(|oid| (path.clone(), oid)).into_iter().collect::<Ids>();
        for (base, ours, theirs) in (0..64).map(|n| (version(n % 4), version(n / 4 % 4), version(n / 16))) {
            let merge = merge(&ids(base), &ids(ours), &ids(theirs));
            let taken = merge.take.get(&path).copied();
            let conflict = !merge.conflicts.is_empty();
            let expected = match (ours == base, theirs == base) {
                _ if ours == theirs => (None, false),
                (_, true) => (None, false),
                (true, false) => (Some(theirs), false),
                (false, false) => (None, true),
            };
            assert_eq!((taken, conflict), expected, "{base:?} {ours:?} {theirs:?}");
        }
    }
}
