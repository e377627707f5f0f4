//! What templates can call: the token filter, references to secrets, public halves of keys, digests.
//!
//! No function reads a file, the environment, the clock, the network or a secret's value.

use std::cell::RefCell;
use std::collections::HashMap;
use std::fmt::Write;
use std::sync::Arc;

use tera::{Error, Kwargs, Map, State, Tera, Value};

use super::limits::{self, Budget};
use super::rewrite::TOKEN_FILTER;
use super::token::{CLOSE, HashOf, OPEN, Token, to_manifest};

/// What the functions know about the place that is rendered.
#[derive(Clone, Debug, Default)]
pub struct Scope {
    /// Secrets that can be referred to, by logical name.
    pub secrets: HashMap<String, Arc<SecretFacts>>,
}

/// What a template may know about a Secret: everything but its values.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SecretFacts {
    /// The object's name.
    pub object_name: String,
    /// Keys the stack declares.
    pub keys: Vec<String>,
    /// Those of the keys that may have no value: a reference to one must not keep a Pod from starting.
    pub optional_keys: Vec<String>,
    /// Those of the keys that have a public half for everybody to read.
    pub public_keys: Vec<(String, PublicHalf)>,
    /// Raised whenever a value changes.
    pub revision: u64,
}

/// What is known of the public half of a key.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum PublicHalf {
    /// It, as PEM.
    Pem(String),
    /// The store does not have it yet.
    NotMade,
    /// Values of this environment are kept outside of the fleet.
    Outside,
}

/// How the message starts when the store has no public half of a key: a fault that making what is missing may mend.
pub(super) const NOT_MADE: &str = "the store has no public half of ";

thread_local! {
    /// What is rendered on this thread: Tera's functions take no state of ours.
    static ACTIVE: RefCell<Active> = RefCell::default();
}

#[derive(Default)]
struct Active {
    /// `None` between renderings.
    scope: Option<Arc<Scope>>,
    /// Tokens, and the offset of the expression in the file when the template is marked.
    tokens: Vec<(Token, Option<usize>)>,
    budget: Budget,
}

/// Runs `render` with `scope` and returns its result and the tokens it made.
pub fn with_scope<T>(scope: &Arc<Scope>, render: impl FnOnce() -> T) -> (T, Vec<(Token, Option<usize>)>) {
    let fresh = Active { scope: Some(Arc::clone(scope)), tokens: Vec::with_capacity(64), budget: Budget::default() };
    ACTIVE.set(fresh);
    let result = render();
    (result, ACTIVE.take().tokens)
}

/// What is left for the rendering on this thread.
pub(super) fn with_budget<T>(run: impl FnOnce(&mut Budget) -> T) -> T {
    ACTIVE.with_borrow_mut(|active| run(&mut active.budget))
}

/// Marks a digest on its way to the token filter: bytes cannot be made in a template.
const DIGEST: &str = "\u{e00f}lmsgen content hash of ";
/// How [`DIGEST`] starts.
const DIGEST_OPENS: char = '\u{e00f}';

/// Registers filter and functions, and takes away what would let text escape the filter.
pub fn register(tera: &mut Tera) {
    limits::register(tera);
    tera.register_filter(TOKEN_FILTER, token);
    tera.register_filter("safe", |_: Value, _: Kwargs, _: &State| -> Result<Value, Error> {
        Err(Error::message("filter `safe` is not available"))
    });
    tera.register_function("secret", secret);
    tera.register_function("secret_name", |kwargs: Kwargs, _: &State| {
        facts(&kwargs).map(|facts| facts.object_name.clone())
    });
    tera.register_function("secret_revision", |kwargs: Kwargs, _: &State| facts(&kwargs).map(|facts| facts.revision));
    tera.register_function("public_key", public_key);
    tera.register_function("content_hash", |kwargs: Kwargs, _: &State| -> Result<Value, Error> {
        let of = kwargs.get::<&str>("of")?.unwrap_or_default();
        Ok(Value::bytes(format!("{DIGEST}{of}").into_bytes()))
    });
}

#[expect(clippy::needless_pass_by_value, reason = "the signature is Tera's")]
fn token(value: Value, kwargs: Kwargs, _: &State) -> Result<String, Error> {
    let at = kwargs.get::<u64>("at")?.and_then(|at| usize::try_from(at).ok());
    with_budget(|budget| budget.print(&value))?;
    let token = match value.as_bytes().map(String::from_utf8_lossy) {
        Some(digest) => match digest.strip_prefix(DIGEST) {
            Some("") => Token::Hash(HashOf::This),
            Some(template) => Token::Hash(HashOf::Template(template.to_owned())),
            None => return Err(Error::message("bytes cannot stand in a manifest")),
        },
        // The first character alone tells nearly always, and is found many times faster than the whole mark.
        None if value.as_str().is_some_and(|text| text.contains(DIGEST_OPENS) && text.contains(DIGEST)) => {
            return Err(Error::message("content_hash() must be printed by itself, not joined to other text"));
        }
        None => Token::Value(to_manifest(&value).map_err(Error::message)?),
    };
    ACTIVE.with_borrow_mut(|active| {
        let mut text = String::with_capacity(12);
        write!(text, "{OPEN}{}{CLOSE}", active.tokens.len()).expect("writing to a String does not fail");
        active.tokens.push((token, at));
        Ok(text)
    })
}

/// `secret(name="lms-secret", key="pg-password")`: a `secretKeyRef`.
#[expect(clippy::needless_pass_by_value, reason = "the signature is Tera's")]
fn secret(kwargs: Kwargs, _: &State) -> Result<Map, Error> {
    let facts = facts(&kwargs)?;
    let key = known_key(&facts, &kwargs)?;
    let mut reference =
        Map::from_iter([("name".into(), facts.object_name.as_str().into()), ("key".into(), key.into())]);
    if facts.optional_keys.iter().any(|known| known == key) {
        reference.insert("optional".into(), true.into());
    }
    Ok(reference)
}

/// `public_key(name="rsa-secret", key="rsa_key")`: the public half of an RSA key, as PEM.
#[expect(clippy::needless_pass_by_value, reason = "the signature is Tera's")]
fn public_key(kwargs: Kwargs, _: &State) -> Result<String, Error> {
    let facts = facts(&kwargs)?;
    let key = known_key(&facts, &kwargs)?;
    let secret: &str = kwargs.must_get("name")?;
    let half = facts.public_keys.iter().find(|(known, _)| known == key).map(|(_, half)| half);
    let message = match half {
        Some(PublicHalf::Pem(pem)) => return Ok(pem.clone()),
        Some(PublicHalf::NotMade) => {
            format!(
                "{NOT_MADE}key `{key}` of Secret `{secret}` yet; run `lmsgen secrets generate`, or `lmsgen secrets bind` where the key is there already"
            )
        }
        Some(PublicHalf::Outside) => format!(
            "the public half of key `{key}` of Secret `{secret}` is not known: this environment keeps its values outside \
             of the fleet; make it a parameter"
        ),
        None => {
            let known: Vec<&str> = facts.public_keys.iter().map(|(known, _)| known.as_str()).collect();
            let known = if known.is_empty() { "none is".to_owned() } else { format!("`{}` is", known.join("`, `")) };
            format!("key `{key}` of Secret `{secret}` is not declared with `public = true` in stack.toml; {known}")
        }
    };
    Err(Error::message(message))
}

/// The argument `key`, which the stack must declare.
fn known_key<'k>(facts: &SecretFacts, kwargs: &'k Kwargs) -> Result<&'k str, Error> {
    let key: &str = kwargs.must_get("key")?;
    if facts.keys.iter().any(|known| known == key) {
        return Ok(key);
    }
    let known = facts.keys.join("`, `");
    Err(Error::message(format!("this Secret has no key `{key}`; the stack declares `{known}`")))
}

fn facts(kwargs: &Kwargs) -> Result<Arc<SecretFacts>, Error> {
    let name: &str = kwargs.must_get("name")?;
    ACTIVE.with_borrow(|active| {
        let secrets = active.scope.as_ref().map(|scope| &scope.secrets);
        secrets.and_then(|secrets| secrets.get(name)).cloned().ok_or_else(|| {
            let mut known: Vec<&str> = secrets.into_iter().flat_map(HashMap::keys).map(String::as_str).collect();
            known.sort_unstable();
            let known = if known.is_empty() { "none".into() } else { format!("`{}`", known.join("`, `")) };
            Error::message(format!("the stack declares no Secret `{name}` for this place; it declares {known}"))
        })
    })
}
