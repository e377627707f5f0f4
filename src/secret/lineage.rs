//! What versions of a store file say about each other without any private key.
//!
//! Every encryption is random: ciphertext that stands in two files was copied from one to the other, and whoever knows only
//! the public recipients cannot have made it.

use std::collections::BTreeSet;
use std::hash::{BuildHasher as _, BuildHasherDefault, DefaultHasher};

use super::StoreFile;
use super::file::Entry;

impl StoreFile<'_> {
    /// `true` if a key is in one of the files only, or has other ciphertext: its value may be another one.
    #[must_use]
    pub fn differs_in_values_from(&self, other: &StoreFile<'_>) -> bool {
        let same = |one: &Entry<'_>| other.entries.iter().any(|entry| entry.key == one.key && entry.value == one.value);
        self.entries.len() != other.entries.len() || !self.entries.iter().all(same)
    }

    /// `true` if only somebody with the data key of `older` can have made the file from it, or nobody can read it. Else it
    /// was encrypted wholly anew, for some of its recipients at least.
    #[must_use]
    pub fn is_made_from(&self, older: &StoreFile<'_>) -> bool {
        let now = |recipient: &str| self.wraps.iter().find(|wrap| wrap.recipient == recipient);
        let common = older.wraps.iter().filter_map(|old| Some(now(&old.recipient)?.armor == old.armor));
        let (same, other): (Vec<bool>, Vec<bool>) = common.partition(|is_same| *is_same);
        let is_new = |recipient: &str| older.wraps.iter().all(|wrap| wrap.recipient != recipient);
        match (same.is_empty(), other.is_empty()) {
            // One file for some of them and another for the others.
            (false, false) => false,
            (false, true) => self.keeps_a_value_of(older) || !self.wraps.iter().any(|wrap| is_new(&wrap.recipient)),
            // As `sops updatekeys` leaves it.
            (true, _) => self.keeps_a_value_of(older),
        }
    }

    fn keeps_a_value_of(&self, other: &StoreFile<'_>) -> bool {
        let is_kept = |one: &Entry<'_>| {
            one.value.is_some() && other.entries.iter().any(|entry| entry.key == one.key && entry.value == one.value)
        };
        self.entries.iter().any(is_kept)
    }

    /// What is kept of a version to compare others with.
    #[must_use]
    pub fn trace(&self) -> Trace {
        let hasher = BuildHasherDefault::<DefaultHasher>::default();
        let values = self.entries.iter().filter_map(|entry| Some((&entry.key, entry.value?)));
        Trace {
            recipients: self.recipients().map(str::to_owned).collect(),
            wraps: self.wraps.iter().map(|wrap| hasher.hash_one(&wrap.armor)).collect(),
            values: values.map(|value| hasher.hash_one(value)).collect(),
        }
    }
}

/// A version of a store file: its recipients, and hashes of its ciphertext.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Trace {
    recipients: Vec<String>,
    wraps: Vec<u64>,
    values: Vec<u64>,
}

impl Trace {
    /// Hashes of everything that no two files of a store have in common.
    pub fn marks(&self) -> impl Iterator<Item = u64> + '_ {
        self.wraps.iter().chain(&self.values).copied()
    }

    /// Who is no recipient any more and knows the data key all the same: recipients of versions in `history`, in any order,
    /// that lead to this one by ciphertext that was kept.
    #[must_use]
    pub fn former_recipients(&self, history: &[Self]) -> BTreeSet<String> {
        let mut known: BTreeSet<u64> = self.marks().collect();
        let mut open: Vec<&Self> = history.iter().collect();
        let mut former = BTreeSet::new();
        loop {
            let (related, rest): (Vec<&Self>, Vec<&Self>) =
                open.into_iter().partition(|version| version.marks().any(|mark| known.contains(&mark)));
            if related.is_empty() {
                return former;
            }
            for version in related {
                known.extend(version.marks());
                former.extend(version.recipients.iter().filter(|one| !self.recipients.contains(one)).cloned());
            }
            open = rest;
        }
    }

    /// `true` if a value is that of some version in `history` and not the one of `last`: it was put back.
    #[must_use]
    pub fn brings_back(&self, last: &Self, history: &[Self]) -> bool {
        let new = self.values.iter().filter(|value| !last.values.contains(value));
        new.into_iter().any(|value| history.iter().any(|version| version.values.contains(value)))
    }
}

#[cfg(test)]
mod tests {
    use super::Trace;

    fn trace(recipients: &[&str], wraps: &[u64], values: &[u64]) -> Trace {
        let recipients = recipients.iter().map(|&one| one.to_owned()).collect();
        Trace { recipients, wraps: wraps.to_vec(), values: values.to_vec() }
    }

    #[test]
    fn who_knew_the_data_key_is_found_over_several_steps() {
        let first = trace(&["a", "b"], &[1, 2], &[10]);
        // The list was changed and everything wrapped again, then the only value was set.
        let fewer = trace(&["a"], &[3], &[10]);
        let now = trace(&["a"], &[3], &[11]);
        assert!(now.former_recipients(std::slice::from_ref(&first)).is_empty(), "nothing leads there");
        let former = now.former_recipients(&[first.clone(), fewer.clone()]);
        assert_eq!(former.into_iter().collect::<Vec<_>>(), ["b"]);
        let anew = trace(&["a"], &[4], &[12]);
        assert!(anew.former_recipients(&[first, fewer, now]).is_empty());
    }

    #[test]
    fn a_value_that_was_there_before_was_put_back() {
        let history = [trace(&["a"], &[1], &[10, 20]), trace(&["a"], &[1], &[11, 20])];
        let last = &history[1];
        assert!(trace(&["a"], &[1], &[10, 20]).brings_back(last, &history));
        assert!(!trace(&["a"], &[1], &[12, 20]).brings_back(last, &history));
        assert!(!last.brings_back(last, &history));
    }
}
