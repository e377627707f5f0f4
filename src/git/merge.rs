//! Merging by path: a file that only one side changed is taken from it; one that both changed, differently, is
//! for a person to decide.

/// Whose version of a file stays.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Side {
    /// Ours, which may be the same as theirs.
    Ours,
    /// Theirs.
    Theirs,
    /// Nobody can tell.
    Conflict,
}

/// Merges `ours` and `theirs`, which both come from `base`.
pub(super) fn side<V: Copy + PartialEq>(base: V, ours: V, theirs: V) -> Side {
    if theirs == base || theirs == ours {
        Side::Ours
    } else if ours == base {
        Side::Theirs
    } else {
        Side::Conflict
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn all_combinations() {
        for (versions, expected) in [
            ((0, 0, 0), Side::Ours),
            ((0, 1, 0), Side::Ours),
            ((0, 1, 1), Side::Ours),
            ((0, 0, 1), Side::Theirs),
            ((0, 1, 2), Side::Conflict),
        ] {
            let (base, ours, theirs) = versions;
            assert_eq!(side(base, ours, theirs), expected, "{versions:?}");
        }
    }
}
