//! Places where the kubelet replaces `$(NAME)`: a container's command, arguments and variables. A template writes that on
//! purpose; a value that holds it is text, and must not name a variable with a password.
//!
//! Kubernetes' rule (`third_party/forked/golang/expansion`): `$(NAME)` is replaced if there is such a variable, `$$` is a
//! `$`, any other `$` stays.

use std::borrow::Cow;

use crate::manifest::{Content, Node, Value};

use super::skeleton::{Part, ShapeError, parts};
use super::token::Token;

/// Fields of a Pod that hold containers.
const CONTAINERS: [&str; 3] = ["containers", "initContainers", "ephemeralContainers"];

/// The numbers of all tokens of an object that stand where the kubelet replaces names; sorted.
///
/// # Errors
/// A `$` of the template right before a value, which would take a part of the value for a name.
pub fn expanded(object: &Node) -> Result<Vec<usize>, ShapeError> {
    let mut found = Vec::new();
    search(object, &mut found)?;
    found.sort_unstable();
    Ok(found)
}

fn search(node: &Node, found: &mut Vec<usize>) -> Result<(), ShapeError> {
    match &node.content {
        Content::Scalar { .. } => {}
        Content::List(items) => {
            for item in items {
                search(item, found)?;
            }
        }
        Content::Map(entries) => {
            for (key, value) in entries {
                match (&key.content, &value.content) {
                    (Content::Scalar { text, .. }, Content::List(items)) if CONTAINERS.contains(&text.as_str()) => {
                        for item in items {
                            container(item, found)?;
                        }
                    }
                    _ => search(value, found)?,
                }
            }
        }
    }
    Ok(())
}

fn container(node: &Node, found: &mut Vec<usize>) -> Result<(), ShapeError> {
    for field in ["command", "args"] {
        if let Some(value) = get(node, field) {
            take(value, found)?;
        }
    }
    match get(node, "env") {
        Some(Node { content: Content::List(items), .. }) => {
            for item in items {
                match &item.content {
                    Content::Map(_) => get(item, "value").map_or(Ok(()), |value| take(value, found))?,
                    _ => take(item, found)?,
                }
            }
            Ok(())
        }
        Some(whole) => take(whole, found),
        None => Ok(()),
    }
}

fn get<'n>(node: &'n Node, field: &str) -> Option<&'n Node> {
    let Content::Map(entries) = &node.content else { return None };
    let is_it = |key: &Node| matches!(&key.content, Content::Scalar { text, .. } if text == field);
    entries.iter().find(|(key, _)| is_it(key)).map(|(_, value)| value)
}

/// Every token below `node`.
fn take(node: &Node, found: &mut Vec<usize>) -> Result<(), ShapeError> {
    match &node.content {
        Content::List(items) => items.iter().try_for_each(|item| take(item, found)),
        Content::Map(entries) => entries.iter().try_for_each(|(_, value)| take(value, found)),
        Content::Scalar { text, .. } => {
            let mut before = "";
            let parts = parts(text).unwrap_or_default();
            for part in &parts {
                match part {
                    Part::Literal(literal) => before = literal,
                    Part::Token(token) => {
                        let dollars = before.len() - before.trim_end_matches('$').len();
                        if dollars % 2 == 1 {
                            let fault =
                                ShapeError::token(*token, "`$` before a value: `(NAME)` in it would be replaced");
                            return Err(fault.with_help("write `$$` for a dollar sign in front of a value"));
                        }
                        found.push(*token);
                        before = "";
                    }
                }
            }
            Ok(())
        }
    }
}

/// The values, with those in `expanded` written so that the kubelet gives them to the program as they are.
pub fn shield<'t>(tokens: &'t [Token], expanded: &[usize]) -> Cow<'t, [Token]> {
    let needs = |token: &usize| matches!(&tokens[*token], Token::Value(value) if has_dollar(value));
    if !expanded.iter().any(needs) {
        return Cow::Borrowed(tokens);
    }
    let mut tokens = tokens.to_vec();
    for token in expanded {
        if let Token::Value(value) = &mut tokens[*token] {
            escape(value);
        }
    }
    Cow::Owned(tokens)
}

fn has_dollar(value: &Value) -> bool {
    match value {
        Value::String(text) => text.contains('$'),
        Value::List(items) => items.iter().any(has_dollar),
        Value::Map(map) => map.iter().any(|(_, value)| has_dollar(value)),
        Value::Null | Value::Bool(_) | Value::Number(_) => false,
    }
}

fn escape(value: &mut Value) {
    match value {
        Value::String(text) => *text = escaped(text),
        Value::List(items) => items.iter_mut().for_each(escape),
        Value::Map(map) => map.values_mut().for_each(escape),
        Value::Null | Value::Bool(_) | Value::Number(_) => {}
    }
}

/// Doubles every `$` that would mean something: before another one, before `(`, and at the end, where more may follow.
fn escaped(text: &str) -> String {
    let mut out = String::with_capacity(text.len() + 4);
    let mut rest = text.chars().peekable();
    while let Some(c) = rest.next() {
        out.push(c);
        if c == '$' && matches!(rest.peek(), None | Some('$' | '(')) {
            out.push('$');
        }
    }
    out
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::escaped;

    /// Kubernetes' expansion, with every name replaced.
    fn expand(text: &str) -> String {
        let (mut out, mut rest) = (String::new(), text);
        while let Some((before, after)) = rest.split_once('$') {
            out.push_str(before);
            let name = after.strip_prefix('(').and_then(|inner| inner.split_once(')'));
            rest = match (name, after.strip_prefix('$')) {
                (Some((_, after)), _) => {
                    out.push_str("REPLACED");
                    after
                }
                (_, Some(after)) => {
                    out.push('$');
                    after
                }
                _ => {
                    out.push('$');
                    after
                }
            };
        }
        out + rest
    }

    proptest! {
        #[test]
        fn any_text_reaches_the_program_as_itself(value in "[$()A-C a]{0,12}", after in "[()A-C$a]{0,4}") {
            prop_assert_eq!(expand(&escaped(&value)), value.clone());
            let joined = expand(&format!("x{}{}", escaped(&value), after));
            prop_assert_eq!(joined, format!("x{value}{}", expand(&after)));
        }
    }

    #[test]
    fn only_what_means_something_is_doubled() {
        assert_eq!(escaped("$x ${x} $(x) $$ 5$"), "$x ${x} $$(x) $$$ 5$$");
    }
}
