//! A key of a Secret as somebody typed it, in messages. Somebody who puts a value where its key belongs must not find it in
//! the log of a pipeline, so that only what could be a key is repeated.

/// `` key `api-key` ``, or words for what is no key at all.
pub(super) fn named_key(typed: &str) -> String {
    if could_be_key(typed) { format!("key `{typed}`") } else { "key of that name".to_owned() }
}

/// `true` for what Kubernetes takes for a key of a Secret.
#[must_use]
pub fn could_be_key(typed: &str) -> bool {
    (1..=253).contains(&typed.len())
        && typed.bytes().all(|byte| byte.is_ascii_alphanumeric() || matches!(byte, b'-' | b'.' | b'_'))
}
