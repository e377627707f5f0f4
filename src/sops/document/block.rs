//! SOPS' own block of a document: the wrapped data keys, the rule, the MAC and its time.

use std::ops::Range;

use super::error::{DocumentError, Problem};
use super::rule::Rule;
use super::scalar::{Resolved, resolve, time};
use super::tree::{Node, Scalar, Style};
use crate::sops::{Sealed, Wrap};

/// What the block says.
#[derive(Debug)]
pub(super) struct Block<'t> {
    pub wraps: Vec<Wrap<'t>>,
    pub rule: Rule,
    pub mac_only_encrypted: bool,
    /// As the MAC was bound to it: with seconds and an offset.
    pub last_modified: String,
    pub mac: &'t str,
    /// Where the list of recipients, the time and the MAC stand.
    pub places: Places,
}

/// Places in the block that change with the file.
#[derive(Debug, Default)]
pub(super) struct Places {
    pub block: Range<usize>,
    /// The list, and each of its items from the dash on; none in brackets.
    pub age: Option<(Range<usize>, Vec<Range<usize>>)>,
    pub last_modified: Range<usize>,
    pub mac: Range<usize>,
}

/// Keys of other services that can hold the data key.
const OTHER_KEYS: [&str; 6] = ["kms", "gcp_kms", "hckms", "azure_kv", "hc_vault", "pgp"];

fn error(span: Range<usize>, message: impl Into<String>) -> DocumentError {
    DocumentError::new(Problem::Metadata, span, message)
}

/// Reads the block, the value of the key `sops` of the first document.
pub(super) fn read<'t>(text: &'t str, node: &Node<'t>) -> Result<Block<'t>, DocumentError> {
    let Node::Map(map) = node else { return Err(error(node.span(), "`sops` is no mapping")) };
    let mut wraps = None;
    let mut rule: Option<Rule> = None;
    let mut places = Places { block: map.span.clone(), ..Places::default() };
    let (mut mac, mut last_modified, mut mac_only_encrypted) = (None, None, false);
    for (key, value) in &map.entries {
        let span = key.span.clone();
        match &*key.text {
            _ if is_null(value) => {}
            "age" => {
                wraps = Some(read_wraps(value)?);
                places.age = items(text, value);
            }
            "mac" => {
                mac = Some(read_mac(text, value)?);
                places.mac = value.span();
            }
            "lastmodified" => {
                last_modified = Some(read_time(value)?);
                places.last_modified = value.span();
            }
            "mac_only_encrypted" => mac_only_encrypted = read_bool(value)?,
            "key_groups" | "shamir_threshold" if is_group(value) => {
                return Err(error(
                    span,
                    "the data key is split between key groups (`key_groups`), which is not supported",
                )
                .help("give the file one group: a rule without `key_groups` in `.sops.yaml`, then `sops updatekeys`"));
            }
            "encrypted_comment_regex" | "unencrypted_comment_regex" => {
                return Err(error(span, format!("`{}`, a rule by comments, is not supported", key.text))
                    .help("encrypt the file by a rule on keys: `encrypted_regex` or `encrypted_suffix`"));
            }
            field => {
                let Node::Scalar(scalar) = value else { continue };
                let Some(found) = Rule::of(field, &scalar.text) else { continue };
                // SOPS writes the rules it does not use as empty texts in old files.
                if !scalar.text.is_empty() && rule.replace(found).is_some() {
                    return Err(
                        error(span, "two rules say what is encrypted").help("keep the one that the file follows")
                    );
                }
            }
        }
    }
    let wraps = wraps.filter(|wraps| !wraps.is_empty()).ok_or_else(|| no_age(node))?;
    let absent =
        |what| error(node.span(), format!("`sops.{what}` is missing")).help("take the file from version control");
    Ok(Block {
        wraps,
        rule: rule.unwrap_or_default(),
        mac_only_encrypted,
        last_modified: last_modified.ok_or_else(|| absent("lastmodified"))?,
        mac: mac.ok_or_else(|| absent("mac"))?,
        places,
    })
}

fn is_null(node: &Node<'_>) -> bool {
    matches!(node, Node::Scalar(scalar) if scalar.style == Style::Plain && resolve(&scalar.text) == Resolved::Null)
}

/// `true` for a list with something in it, and for a threshold over one.
fn is_group(node: &Node<'_>) -> bool {
    match node {
        Node::List(list) => !list.items.is_empty(),
        Node::Scalar(scalar) => !matches!(&*scalar.text, "0" | "1"),
        Node::Map(_) => true,
    }
}

/// The file has no age key; names those it has.
fn no_age(node: &Node<'_>) -> DocumentError {
    let Node::Map(map) = node else { return error(node.span(), "`sops` is no mapping") };
    let used = |(key, value): &&(Scalar<'_>, Node<'_>)| {
        OTHER_KEYS.contains(&&*key.text) && matches!(value, Node::List(list) if !list.items.is_empty())
    };
    let others: Vec<String> = map.entries.iter().filter(used).map(|(key, _)| format!("`{}`", key.text)).collect();
    let message = if others.is_empty() {
        "the file has no age recipient".to_owned()
    } else {
        format!("the file has no age recipient, only keys of {}", others.join(" and "))
    };
    error(node.span(), message).help("add an age recipient: `sops rotate -i --add-age age1… FILE`")
}

fn read_wraps<'t>(node: &Node<'t>) -> Result<Vec<Wrap<'t>>, DocumentError> {
    let Node::List(list) = node else { return Err(error(node.span(), "`sops.age` is no list")) };
    let mut wraps = Vec::new();
    for item in &list.items {
        let Node::Map(map) = item else { return Err(error(item.span(), "an item of `sops.age` is no mapping")) };
        let field = |name: &str| {
            map.entries.iter().find_map(|(key, value)| match value {
                Node::Scalar(scalar) if key.text == name => Some(scalar.text.clone()),
                _ => None,
            })
        };
        match (field("recipient"), field("enc")) {
            (Some(recipient), Some(armor)) => wraps.push(Wrap { recipient, armor }),
            _ => return Err(error(item.span(), "an item of `sops.age` needs `recipient` and `enc`")),
        }
    }
    Ok(wraps)
}

/// The list and its items as they stand in block style.
fn items(text: &str, node: &Node<'_>) -> Option<(Range<usize>, Vec<Range<usize>>)> {
    let Node::List(list) = node else { return None };
    let item = |node: &Node<'_>| {
        let span = node.span();
        Some(text[..span.start].rfind('-')?..span.end)
    };
    let items = list.items.iter().map(item).collect::<Option<_>>()?;
    (!list.flow).then(|| (list.span.clone(), items))
}

fn read_mac<'t>(text: &'t str, node: &Node<'t>) -> Result<&'t str, DocumentError> {
    let refuse = || error(node.span(), "`sops.mac` is no encrypted text").help("take the file from version control");
    let Node::Scalar(scalar) = node else { return Err(refuse()) };
    let quotes = usize::from(scalar.style == Style::Quoted);
    let source = text.get(scalar.span.start + quotes..scalar.span.end - quotes).unwrap_or_default();
    if Sealed::parse(source, "str").is_ok() { Ok(source) } else { Err(refuse()) }
}

fn read_time(node: &Node<'_>) -> Result<String, DocumentError> {
    let refuse = || error(node.span(), "`sops.lastmodified` is no time").help("take the file from version control");
    let Node::Scalar(scalar) = node else { return Err(refuse()) };
    let mut text = time(&scalar.text).ok_or_else(refuse)?;
    // The MAC is bound to whole seconds.
    if let Some(point) = text.find('.') {
        let n = text[point + 1..].bytes().take_while(u8::is_ascii_digit).count();
        text.replace_range(point..=point + n, "");
    }
    Ok(text)
}

fn read_bool(node: &Node<'_>) -> Result<bool, DocumentError> {
    match node {
        Node::Scalar(scalar) if matches!(&*scalar.text, "true" | "True" | "TRUE") => Ok(true),
        Node::Scalar(scalar) if matches!(&*scalar.text, "false" | "False" | "FALSE") => Ok(false),
        _ => Err(error(node.span(), "`sops.mac_only_encrypted` is neither true nor false")),
    }
}
