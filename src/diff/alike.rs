//! Files that differ from each other in nothing but the client's names: comparing one of them says what changes in all.
//!
//! A release touches the same file of every instance. Reading YAML is most of what a comparison costs; this makes it
//! cost as much as there are different changes. Changes no result.

use std::collections::HashMap;

use sha2::{Digest as _, Sha256};

use super::{ObjectChange, Owner};
use crate::manifest::{Plain, resolve_plain};
use crate::tree::FileChange;

/// What stands for the slug and the id in a text that is compared: characters that YAML does not allow.
const STAND_INS: [char; 2] = ['\u{1}', '\u{2}'];

/// For each file the first one that is like it; a file that is like no other before it stands for itself.
pub(super) fn leaders(keys: &[Option<[u8; 32]>]) -> Vec<usize> {
    let mut first = HashMap::new();
    let leader = |(at, key): (usize, &Option<[u8; 32]>)| key.map_or(at, |key| *first.entry(key).or_insert(at));
    keys.iter().enumerate().map(leader).collect()
}

/// A digest of both versions, the same for files that differ in the client's names only. `None` where names could be
/// something else than a name, and where there is only one version.
pub(super) fn key(owner: &Owner, change: &FileChange) -> Option<[u8; 32]> {
    let (slug, client) = (owner.slug(), owner.client.as_str());
    if !owner.is_instance() || ![slug.as_str(), client].into_iter().all(is_plain_word) {
        return None;
    }
    let mut digest = Sha256::new();
    for bytes in [change.old.as_ref()?, change.new.as_ref()?] {
        let text = std::str::from_utf8(bytes).ok()?;
        if text.contains(STAND_INS) {
            return None;
        }
        let text = replaced(text, &slug, STAND_INS[0]);
        let text = if slug == client { text } else { replaced(&text, client, STAND_INS[1]) };
        digest.update((text.len() as u64).to_be_bytes());
        digest.update(text.as_bytes());
    }
    Some(digest.finalize().into())
}

/// `true` if no reader of YAML takes the name, alone or as the end of a number, for anything but text.
fn is_plain_word(name: &str) -> bool {
    !name.is_empty()
        && [name, &format!(".{name}"), &format!("1.{name}")]
            .into_iter()
            .all(|text| resolve_plain(text) == Plain::String)
}

fn replaced(text: &str, word: &str, stand_in: char) -> String {
    super::pattern::replace_word(text, word, stand_in.encode_utf8(&mut [0; 4])).unwrap_or_else(|| text.to_owned())
}

/// `true` if the changes say nothing of the client they were found in: a name that is none in the file's text may have
/// become one in its meaning.
pub(super) fn is_nobodys(changes: &[ObjectChange], owner: &Owner) -> bool {
    let text = serde_json::to_string(changes).unwrap_or_default();
    !text.contains(&owner.slug()) && !text.contains(&owner.client)
}
