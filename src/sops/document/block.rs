//! SOPS' own block of a document: the wrapped data keys, the rule, the MAC and its time.

use std::ops::Range;

use super::error::{DocumentError, Problem};
use super::keys::{self, Keys};
use super::rule::Rule;
use super::scalar::{Resolved, resolve, time};
use super::tree::{Node, Style};
use crate::sops::Sealed;

/// What the block says.
#[derive(Debug)]
pub(super) struct Block<'t> {
    pub keys: Keys<'t>,
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
    /// The list of recipients, and each of its items from the dash on; none in brackets or in groups.
    pub age: Option<(Range<usize>, Vec<Range<usize>>)>,
    pub last_modified: Range<usize>,
    pub mac: Range<usize>,
}

fn error(span: Range<usize>, message: impl Into<String>) -> DocumentError {
    DocumentError::new(Problem::Metadata, span, message)
}

/// Reads the block, the value of the key `sops` of the first document.
pub(super) fn read<'t>(text: &'t str, node: &Node<'t>) -> Result<Block<'t>, DocumentError> {
    let Node::Map(map) = node else { return Err(error(node.span(), "`sops` is no mapping")) };
    let keys = keys::read(node, map)?;
    let mut rule: Option<Rule> = None;
    let mut places = Places { block: map.span.clone(), ..Places::default() };
    let (mut mac, mut last_modified, mut mac_only_encrypted) = (None, None, false);
    for (key, value) in &map.entries {
        let span = key.span.clone();
        match &*key.text {
            _ if is_null(value) => {}
            "age" => places.age = items(text, value),
            "mac" => {
                mac = Some(read_mac(text, value)?);
                places.mac = value.span();
            }
            "lastmodified" => {
                last_modified = Some(read_time(value)?);
                places.last_modified = value.span();
            }
            "mac_only_encrypted" => mac_only_encrypted = read_bool(value)?,
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
    let absent =
        |what| error(node.span(), format!("`sops.{what}` is missing")).help("take the file from version control");
    Ok(Block {
        keys,
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
