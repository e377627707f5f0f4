//! Which client an object belongs to, and which rendered object it is.

use std::collections::BTreeSet;

use crate::params::Pattern;

/// Ids of clients that the name of an object may hold: `C42` in `lms-config-c42` and in `C42-lms`. Parts between dashes, and up
/// to three of them joined, as they are written or in upper case; ids are told apart by their slug, so one way is enough.
#[must_use]
pub fn candidates(name: &str, pattern: Option<&Pattern>) -> BTreeSet<String> {
    let parts: Vec<&str> = name.split('-').collect();
    let mut found = BTreeSet::new();
    let Some(pattern) = pattern else { return found };
    for start in 0..parts.len() {
        for end in start + 1..=parts.len().min(start + 3) {
            let text = parts[start..end].join("-");
            let ways = [text.to_ascii_uppercase(), text];
            found.extend(ways.into_iter().find(|id| pattern.matches(id)));
        }
    }
    found
}

/// What was found for a rendered object.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Found {
    /// Nothing.
    Missing,
    /// One object, by its place in the dump.
    One(usize),
    /// Several that could be it.
    Several(Vec<usize>),
}

/// How an object of the dump may be found.
#[derive(Clone, Copy)]
pub enum By<'a> {
    /// By its name, whatever the case, with or without a content hash.
    Name,
    /// By the client's slug in its name; only those that are free.
    Slug(&'a str, &'a dyn Fn(usize) -> bool),
}

/// The object of `dump` (kind and name) that is what a client renders as `kind` and `name`.
#[must_use]
pub fn find(dump: &[(&str, &str)], (kind, name): (&str, &str), by: By<'_>) -> Found {
    let is_it = |at: usize, other: &str| match by {
        By::Name => other.eq_ignore_ascii_case(name) || is_same_job(other, name),
        By::Slug(slug, free) => free(at) && holds(other, slug),
    };
    let all = dump.iter().enumerate().filter(|(at, one)| one.0 == kind && is_it(*at, one.1));
    let found: Vec<usize> = all.map(|(at, _)| at).collect();
    match found.as_slice() {
        [] => Found::Missing,
        [one] => Found::One(*one),
        _ => Found::Several(found),
    }
}

/// `true` if the slug stands in the name between dashes or ends.
fn holds(name: &str, slug: &str) -> bool {
    let name = name.to_ascii_lowercase();
    let is_dash = |at: usize| name.as_bytes().get(at) == Some(&b'-');
    name.match_indices(slug).any(|(at, _)| {
        let end = at + slug.len();
        (at == 0 || is_dash(at - 1)) && (end == name.len() || is_dash(end))
    })
}

/// `true` if a rendered name has a digest, and the other one has another or none.
fn is_same_job(other: &str, name: &str) -> bool {
    let stem = without_hash(name);
    stem != name && (other.eq_ignore_ascii_case(stem) || without_hash(other).eq_ignore_ascii_case(stem))
}

/// A Job's name without the digest at its end.
fn without_hash(name: &str) -> &str {
    let is_hash = |end: &str| end.len() == 8 && end.bytes().all(|b| matches!(b, b'0'..=b'9' | b'a'..=b'f'));
    name.rsplit_once('-').filter(|(_, end)| is_hash(end)).map_or(name, |(start, _)| start)
}

#[cfg(test)]
mod tests {
    use super::{By, Found, find};

    #[test]
    fn a_job_is_found_whatever_its_digest() {
        let dump = [("Job", "setup-c5"), ("Job", "setup-c55-7dda05a3"), ("Deployment", "web-c5-7dda05a3")];
        assert_eq!(find(&dump, ("Job", "setup-c55-0011aabb"), By::Name), Found::One(1));
        assert_eq!(find(&dump, ("Job", "setup-c5-0011aabb"), By::Name), Found::One(0));
        // Without a digest of its own a name is what it is.
        assert_eq!(find(&dump, ("Deployment", "web-c5"), By::Name), Found::Missing);
    }
}
