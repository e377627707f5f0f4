//! Who can open a document: the data key wrapped for recipients, or split between groups of them.

use super::error::{DocumentError, Problem};
use super::tree::{Map, Node};
use crate::sops::{DataKey, Identities, UnwrapError, Wrap, combine};

/// Where the data key is.
#[derive(Debug)]
pub(super) enum Keys<'t> {
    /// With everyone in a list.
    One(Vec<Wrap<'t>>),
    /// In shares, one for each group; so many groups have to come together.
    Split { threshold: usize, groups: Vec<Vec<Wrap<'t>>> },
}

/// Lists of keys of other services that can hold the data key.
const OTHER_KEYS: [&str; 6] = ["kms", "gcp_kms", "hckms", "azure_kv", "hc_vault", "pgp"];

fn error(node: &Node<'_>, message: impl Into<String>) -> DocumentError {
    DocumentError::new(Problem::Metadata, node.span(), message)
}

/// Reads the keys out of SOPS' block, or one group of its groups where nothing stands beside them.
pub(super) fn read<'t>(node: &Node<'t>, block: &Map<'t>) -> Result<Keys<'t>, DocumentError> {
    let field = |name: &str| block.entries.iter().find(|(key, _)| key.text == name).map(|(_, value)| value);
    let wraps = field("age").filter(|node| is_list(node)).map_or(Ok(Vec::new()), read_wraps)?;
    if !wraps.is_empty() {
        return Ok(Keys::One(wraps));
    }
    // SOPS looks at groups only where no key stands outside them.
    let outside = OTHER_KEYS.iter().any(|name| field(name).is_some_and(is_list));
    match field("key_groups") {
        Some(Node::List(list)) if !list.items.is_empty() && !outside => {
            let mut groups = list.items.iter().map(read_group).collect::<Result<Vec<_>, _>>()?;
            match (groups.len(), groups.iter().any(|group| !group.is_empty())) {
                (_, false) => Err(no_age(node, &list.items.iter().filter_map(as_map).collect::<Vec<_>>())),
                (1, true) => Ok(Keys::One(groups.remove(0))),
                (n, true) => Ok(Keys::Split { threshold: read_threshold(field("shamir_threshold"), n)?, groups }),
            }
        }
        _ => Err(no_age(node, &[block])),
    }
}

fn is_list(node: &Node<'_>) -> bool {
    matches!(node, Node::List(list) if !list.items.is_empty())
}

fn as_map<'d, 't>(node: &'d Node<'t>) -> Option<&'d Map<'t>> {
    if let Node::Map(map) = node { Some(map) } else { None }
}

/// The age keys of a group; it may have none beside those of other services.
fn read_group<'t>(node: &Node<'t>) -> Result<Vec<Wrap<'t>>, DocumentError> {
    let map = as_map(node).ok_or_else(|| error(node, "an item of `sops.key_groups` is no mapping"))?;
    let age = map.entries.iter().find(|(key, value)| key.text == "age" && is_list(value));
    age.map_or(Ok(Vec::new()), |(_, list)| read_wraps(list))
}

/// How many groups it takes; all of them where nothing is said.
fn read_threshold(node: Option<&Node<'_>>, n_groups: usize) -> Result<usize, DocumentError> {
    let Some(node) = node else { return Ok(n_groups) };
    match node {
        Node::Scalar(scalar) if matches!(&*scalar.text, "0" | "" | "null" | "~") => Ok(n_groups),
        Node::Scalar(scalar) => match scalar.text.parse() {
            Ok(number) if (2..=n_groups).contains(&number) => Ok(number),
            _ => Err(error(node, "`sops.shamir_threshold` is no number from two to that of the groups")),
        },
        _ => Err(error(node, "`sops.shamir_threshold` is no number")),
    }
}

/// No age key is there; names the keys that are.
fn no_age(node: &Node<'_>, places: &[&Map<'_>]) -> DocumentError {
    let used = |name: &&&str| {
        let mut entries = places.iter().flat_map(|map| &map.entries);
        entries.any(|(key, value)| key.text == **name && is_list(value))
    };
    let others: Vec<String> = OTHER_KEYS.iter().filter(used).map(|name| format!("`{name}`")).collect();
    let message = if others.is_empty() {
        "the file has no age recipient".to_owned()
    } else {
        format!("the file has no age recipient, only keys of {}", others.join(" and "))
    };
    error(node, message).help("add an age recipient: `sops rotate -i --add-age age1… FILE`")
}

fn read_wraps<'t>(node: &Node<'t>) -> Result<Vec<Wrap<'t>>, DocumentError> {
    let Node::List(list) = node else { return Err(error(node, "`age` is no list of recipients")) };
    let mut wraps = Vec::new();
    for item in &list.items {
        let map = as_map(item).ok_or_else(|| error(item, "an item of `age` is no mapping"))?;
        let field = |name: &str| {
            map.entries.iter().find_map(|(key, value)| match value {
                Node::Scalar(scalar) if key.text == name => Some(scalar.text.clone()),
                _ => None,
            })
        };
        match (field("recipient"), field("enc")) {
            (Some(recipient), Some(armor)) => wraps.push(Wrap { recipient, armor }),
            _ => return Err(error(item, "an item of `age` needs `recipient` and `enc`")),
        }
    }
    Ok(wraps)
}

impl Keys<'_> {
    /// The data key.
    pub(super) fn open(&self, identities: &Identities) -> Result<DataKey, DocumentError> {
        let refuse = |message: String| Err(DocumentError::new(Problem::NoIdentity, 0..0, message));
        let tried = || identities.tried().join(", ");
        let damaged = |recipient| refuse(format!("what is encrypted to {recipient} does not open with its key"));
        match self {
            Self::One(wraps) => match identities.unwrap(wraps, &|_| true) {
                Ok(key) => Ok(key),
                Err(UnwrapError::NoMatch) => refuse(format!("no identity opens the file; tried: {}", tried())),
                Err(UnwrapError::Damaged(recipient)) => damaged(recipient),
            },
            Self::Split { threshold, groups } => {
                let mut shares = Vec::new();
                let mut broken = None;
                for group in groups {
                    match identities.unwrap_share(group) {
                        Ok(share) => shares.push(share),
                        Err(UnwrapError::NoMatch) => {}
                        Err(UnwrapError::Damaged(recipient)) => broken = Some(recipient),
                    }
                }
                match (shares.len() < *threshold, broken) {
                    (true, Some(recipient)) => damaged(recipient),
                    (true, None) => refuse(format!(
                        "the data key is split: identities of {threshold} of the {} key groups are needed, and there are \
                         those of {}; tried: {}",
                        groups.len(),
                        shares.len(),
                        tried()
                    )),
                    (false, _) => combine(&shares)
                        .map_or_else(|| refuse("two key groups have the same share of the data key".to_owned()), Ok),
                }
            }
        }
    }
}
