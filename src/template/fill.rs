//! Putting values into a skeleton.

use std::borrow::Cow;

use sha2::{Digest, Sha256};

use crate::manifest::{Value, canonical_order, emit_after_dash, emit_after_key, emit_string};

use super::kubelet::shield;
use super::skeleton::{Part, Place, Segment, Skeleton};
use super::token::{HashOf, Token};

/// A finished object.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Filled {
    /// The object as YAML, in canonical order.
    pub text: String,
    /// Bytes of `text` before the body: `apiVersion`, `kind` and `metadata`.
    pub body_start: usize,
    /// `metadata.name`.
    pub name: String,
    /// `metadata.namespace`.
    pub namespace: Option<String>,
}

/// Why a value does not fit, and its token's number.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct FillError {
    /// The token's number.
    pub token: usize,
    /// What is wrong.
    pub cause: Unfit,
}

/// What is wrong with a value.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Unfit {
    /// It follows from the fault of another template, which is reported there.
    Follows,
    /// A fault of its own.
    Fault {
        /// A lower-case fragment.
        message: String,
        /// What to do, in the imperative.
        help: Option<String>,
    },
}

impl Unfit {
    /// A fault of its own without help.
    pub fn fault(message: impl Into<String>) -> Self {
        Self::Fault { message: message.into(), help: None }
    }
}

/// Characters of the digest that names an object after its own content.
const OWN_DIGEST: usize = 8;

/// Values for tokens.
pub struct Values<'a> {
    tokens: &'a [Token],
    /// Digest of another template's objects.
    digest_of: &'a dyn Fn(&str) -> Result<String, Unfit>,
    own_digest: String,
}

/// Fills `skeleton`.
///
/// `digest_of` gives the digest of another template's objects.
///
/// # Errors
/// The first value that does not fit its place.
pub fn fill(
    skeleton: &Skeleton,
    tokens: &[Token],
    digest_of: &dyn Fn(&str) -> Result<String, Unfit>,
) -> Result<Filled, FillError> {
    let tokens = shield(tokens, &skeleton.expanded);
    let mut values = Values { tokens: &tokens, digest_of, own_digest: String::new() };
    if uses_own_digest(skeleton, &tokens) {
        let mut body = String::new();
        write(&skeleton.body, &values, &mut body)?;
        values.own_digest = hex(&Sha256::digest(body.as_bytes())[..OWN_DIGEST / 2]);
    }
    let mut text = String::with_capacity(size_hint(skeleton));
    write(&skeleton.head, &values, &mut text)?;
    let body_start = text.len();
    write(&skeleton.body, &values, &mut text)?;
    let name = join(&skeleton.name, &values)?.into_owned();
    let namespace = skeleton.namespace.as_ref().map(|parts| join(parts, &values)).transpose()?.map(Cow::into_owned);
    Ok(Filled { text, body_start, name, namespace })
}

/// Lower-case hex.
#[must_use]
pub fn hex(bytes: &[u8]) -> String {
    use std::fmt::Write as _;
    bytes.iter().fold(String::with_capacity(bytes.len() * 2), |mut out, byte| {
        write!(out, "{byte:02x}").expect("writing to a string does not fail");
        out
    })
}

/// Somewhat more than most values need, so that the text rarely grows while it is written.
fn size_hint(skeleton: &Skeleton) -> usize {
    let one = |segment: &Segment| match segment {
        Segment::Literal(text) => text.len(),
        Segment::Value { .. } => 32,
        Segment::Text { parts, .. } => parts.len() * 32,
    };
    skeleton.head.iter().chain(&skeleton.body).map(one).sum()
}

fn uses_own_digest(skeleton: &Skeleton, tokens: &[Token]) -> bool {
    let own = |token: usize| matches!(tokens[token], Token::Hash(HashOf::This));
    skeleton.head.iter().chain(&skeleton.body).any(|segment| match segment {
        Segment::Literal(_) => false,
        Segment::Value { token, .. } => own(*token),
        Segment::Text { parts, .. } => parts.iter().any(|part| matches!(part, Part::Token(token) if own(*token))),
    })
}

fn write(segments: &[Segment], values: &Values<'_>, out: &mut String) -> Result<(), FillError> {
    for segment in segments {
        match segment {
            Segment::Literal(text) => out.push_str(text),
            Segment::Text { parts, indent } => emit_string(out, &join(parts, values)?, *indent),
            Segment::Value { token, place, indent } => {
                let emit = match place {
                    Place::AfterKey => emit_after_key,
                    Place::AfterDash => emit_after_dash,
                };
                match &values.tokens[*token] {
                    Token::Value(value @ (Value::Map(_) | Value::List(_))) => {
                        let mut value = value.clone();
                        canonical_order_inside(&mut value);
                        emit(out, &value, *indent);
                    }
                    Token::Value(value) => emit(out, value, *indent),
                    Token::Hash(_) => {
                        let text = join(&[Part::Token(*token)], values)?.into_owned();
                        emit(out, &Value::String(text), *indent);
                    }
                }
            }
        }
    }
    Ok(())
}

/// Orders a value that becomes a part of an object, where no key is a root key.
fn canonical_order_inside(value: &mut Value) {
    let mut list = Value::List(vec![std::mem::replace(value, Value::Null)]);
    canonical_order(&mut list);
    if let Value::List(mut items) = list {
        *value = items.pop().unwrap_or(Value::Null);
    }
}

fn join<'v>(parts: &'v [Part], values: &'v Values<'_>) -> Result<Cow<'v, str>, FillError> {
    if let [Part::Token(token)] = parts
        && let Token::Value(Value::String(text)) = &values.tokens[*token]
    {
        return Ok(Cow::Borrowed(text));
    }
    let mut text = String::new();
    for part in parts {
        match part {
            Part::Literal(literal) => text.push_str(literal),
            Part::Token(token) => {
                let unfit = |cause: Unfit| FillError { token: *token, cause };
                let error = |message: &str| unfit(Unfit::fault(message));
                match &values.tokens[*token] {
                    Token::Value(Value::String(value) | Value::Number(value)) => text.push_str(value),
                    Token::Value(Value::Bool(value)) => text.push_str(if *value { "true" } else { "false" }),
                    Token::Value(Value::Null) => return Err(error("this is not set")),
                    Token::Value(Value::List(_)) => return Err(error("a list cannot be part of a string")),
                    Token::Value(Value::Map(_)) => return Err(error("a table cannot be part of a string")),
                    Token::Hash(HashOf::This) => text.push_str(&values.own_digest),
                    Token::Hash(HashOf::Template(name)) => text.push_str(&(values.digest_of)(name).map_err(unfit)?),
                }
            }
        }
    }
    Ok(Cow::Owned(text))
}
