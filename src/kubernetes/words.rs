//! The small languages of Kubernetes: names, label keys and values, port names, environment variables.
//!
//! Each function gives the rule that a text breaks, as a fragment that follows the quoted text, as
//! `k8s.io/apimachinery/pkg/util/validation` has them.

/// A rule that a text broke.
pub type Broken = &'static str;

/// A DNS label (RFC 1123): 63 characters.
///
/// # Errors
/// The rule that is broken.
pub fn dns_label(text: &str) -> Result<(), Broken> {
    if text.len() > 63 {
        return Err("is longer than 63 characters");
    }
    if is_label(text) { Ok(()) } else { Err(LABEL) }
}

/// A DNS label that begins with a letter (RFC 1035), as Services have.
///
/// # Errors
/// The rule that is broken.
pub fn dns_1035_label(text: &str) -> Result<(), Broken> {
    if text.len() > 63 {
        return Err("is longer than 63 characters");
    }
    if is_label(text) && text.as_bytes()[0].is_ascii_lowercase() {
        return Ok(());
    }
    Err("must be lower-case letters, digits and `-`, beginning with a letter and ending with a letter or digit")
}

/// A DNS subdomain (RFC 1123): labels between dots, 253 characters. What most objects are called.
///
/// # Errors
/// The rule that is broken.
pub fn dns_subdomain(text: &str) -> Result<(), Broken> {
    if text.len() > 253 {
        return Err("is longer than 253 characters");
    }
    if text.as_bytes().split(|b| *b == b'.').all(is_label_bytes) {
        return Ok(());
    }
    Err("must be lower-case letters, digits, `-` and `.`, with a letter or digit at both ends of every part")
}

const LABEL: Broken = "must be lower-case letters, digits and `-`, with a letter or digit at both ends";

fn is_label(text: &str) -> bool {
    is_label_bytes(text.as_bytes())
}

fn is_label_bytes(bytes: &[u8]) -> bool {
    let plain = |b: &u8| b.is_ascii_lowercase() || b.is_ascii_digit();
    bytes.first().is_some_and(plain) && bytes.last().is_some_and(plain) && bytes.iter().all(|b| plain(b) || *b == b'-')
}

/// A DNS subdomain whose parts may have `_`, as search domains may.
///
/// # Errors
/// The rule that is broken.
pub fn search_domain(text: &str) -> Result<(), Broken> {
    let plain = |b: &u8| b.is_ascii_lowercase() || b.is_ascii_digit();
    let is_part = |part: &str| {
        let bytes = part.strip_prefix('_').unwrap_or(part).as_bytes();
        bytes.first().is_some_and(plain)
            && bytes.last().is_some_and(plain)
            && bytes.iter().all(|b| plain(b) || matches!(b, b'-' | b'_'))
    };
    if text.len() > 253 {
        return Err("is longer than 253 characters");
    }
    if text.split('.').all(is_part) {
        return Ok(());
    }
    Err("must be lower-case letters, digits, `-`, `_` and `.`, with a letter or digit at the end of every part")
}

/// A domain, `/` and a path: `example.com/controller`.
///
/// # Errors
/// The rule that is broken.
pub fn domain_path(text: &str) -> Result<(), Broken> {
    match text.split_once('/') {
        Some((domain, path)) if !path.is_empty() && path.bytes().all(is_path_byte) => {
            dns_subdomain(domain).map_err(|_| "must have a DNS domain in lower case before `/`")
        }
        _ => Err("must be a domain, `/` and a path, such as `example.com/name`"),
    }
}

const fn is_path_byte(b: u8) -> bool {
    b.is_ascii_alphanumeric()
        || matches!(b, b'/' | b'-' | b'.' | b'_' | b'~' | b'%' | b'!' | b'$' | b'&' | b'\'')
        || matches!(b, b'(' | b')' | b'*' | b'+' | b',' | b';' | b'=' | b':')
}

/// A name that fits into a URL, which is all that names of roles must do.
///
/// # Errors
/// The rule that is broken.
pub fn path_segment(text: &str) -> Result<(), Broken> {
    match text {
        "." | ".." => Err("must not be `.` or `..`"),
        text if text.contains(['/', '%']) => Err("must not contain `/` or `%`"),
        _ => Ok(()),
    }
}

/// The name of an HTTP header.
///
/// # Errors
/// The rule that is broken.
pub fn header_name(text: &str) -> Result<(), Broken> {
    if !text.is_empty() && text.bytes().all(|b| b.is_ascii_alphanumeric() || b == b'-') {
        return Ok(());
    }
    Err("must be letters, digits and `-`")
}

/// The name of a setting of the kernel: `net.ipv4.tcp_syncookies`.
///
/// # Errors
/// The rule that is broken.
pub fn sysctl_name(text: &str) -> Result<(), Broken> {
    let plain = |b: &u8| b.is_ascii_lowercase() || b.is_ascii_digit();
    let is_part = |part: &str| {
        let bytes = part.as_bytes();
        bytes.first().is_some_and(plain)
            && bytes.last().is_some_and(plain)
            && bytes.iter().all(|b| plain(b) || matches!(b, b'-' | b'_'))
    };
    if text.len() > 253 {
        return Err("is longer than 253 characters");
    }
    if text.split(['.', '/']).all(is_part) {
        return Ok(());
    }
    Err("must be lower-case letters, digits, `-`, `_`, `.` and `/`")
}

/// A path without a step up, `..`.
///
/// # Errors
/// The rule that is broken.
pub fn path_without_steps_up(text: &str) -> Result<(), Broken> {
    if text.split('/').any(|part| part == "..") { Err("must not contain `..`") } else { Ok(()) }
}

/// A relative path without a step up.
///
/// # Errors
/// The rule that is broken.
pub fn relative_path(text: &str) -> Result<(), Broken> {
    if text.starts_with('/') {
        return Err("must be a relative path, without `/` at its start");
    }
    path_without_steps_up(text)
}

/// A relative path whose name does not begin with `..`, as files of a volume have.
///
/// # Errors
/// The rule that is broken.
pub fn volume_file_path(text: &str) -> Result<(), Broken> {
    relative_path(text)?;
    if text.starts_with("..") { Err("must not begin with `..`") } else { Ok(()) }
}

/// A wildcard DNS name: `*.` and a subdomain.
///
/// # Errors
/// The rule that is broken.
pub fn wildcard_subdomain(text: &str) -> Result<(), Broken> {
    if text.len() > 253 {
        return Err("is longer than 253 characters");
    }
    match text.strip_prefix("*.") {
        Some(domain) if domain.split('.').all(is_label) => Ok(()),
        _ => Err("must be `*.` and then a domain of lower-case letters, digits, `-` and `.`"),
    }
}

/// A label's value: empty, or 63 characters of letters, digits, `-`, `_` and `.`.
///
/// # Errors
/// The rule that is broken.
pub fn label_value(text: &str) -> Result<(), Broken> {
    if text.len() > 63 {
        return Err("is longer than 63 characters");
    }
    if text.is_empty() || is_qualified_part(text) {
        return Ok(());
    }
    Err("must be letters, digits, `-`, `_` and `.`, with a letter or digit at both ends")
}

/// A qualified name: what keys of labels and annotations are, `app.kubernetes.io/name` or `app`.
///
/// # Errors
/// The rule that is broken.
pub fn qualified_name(text: &str) -> Result<(), Broken> {
    let (prefix, name) = match text.split_once('/') {
        Some((prefix, name)) => (Some(prefix), name),
        None => (None, text),
    };
    if name.contains('/') {
        return Err("has more than one `/`");
    }
    if let Some(prefix) = prefix {
        if prefix.is_empty() {
            return Err("has nothing before `/`");
        }
        dns_subdomain(prefix).map_err(|_| "must have a DNS domain in lower case before `/`")?;
    }
    if name.is_empty() {
        return Err("has no name");
    }
    if name.len() > 63 {
        return Err("has a name longer than 63 characters");
    }
    if is_qualified_part(name) {
        return Ok(());
    }
    Err("must be letters, digits, `-`, `_` and `.`, with a letter or digit at both ends")
}

fn is_qualified_part(text: &str) -> bool {
    let bytes = text.as_bytes();
    bytes.first().is_some_and(u8::is_ascii_alphanumeric)
        && bytes.last().is_some_and(u8::is_ascii_alphanumeric)
        && bytes.iter().all(|b| b.is_ascii_alphanumeric() || matches!(b, b'-' | b'_' | b'.'))
}

/// A port's name (IANA service name): 15 characters, lower-case letters, digits and `-`, at least one letter.
///
/// # Errors
/// The rule that is broken.
pub fn port_name(text: &str) -> Result<(), Broken> {
    if text.len() > 15 {
        return Err("is longer than 15 characters");
    }
    if text.is_empty() || !text.bytes().all(|b| b.is_ascii_lowercase() || b.is_ascii_digit() || b == b'-') {
        return Err("must be lower-case letters, digits and `-`");
    }
    if !text.bytes().any(|b| b.is_ascii_lowercase()) {
        return Err("must have a letter");
    }
    if text.contains("--") {
        return Err("must not have two `-` in a row");
    }
    if text.starts_with('-') || text.ends_with('-') {
        return Err("must not begin or end with `-`");
    }
    Ok(())
}

/// The name of an environment variable, as clusters since 1.34 take it: printable ASCII without `=`.
///
/// # Errors
/// The rule that is broken.
pub fn env_name(text: &str) -> Result<(), Broken> {
    if text.is_empty() {
        return Err("is empty");
    }
    if text.bytes().all(|b| matches!(b, b' '..=b'~') && b != b'=') {
        return Ok(());
    }
    Err("must be printable ASCII characters without `=`")
}

/// A key of a ConfigMap or Secret: 253 characters of letters, digits, `-`, `_` and `.`.
///
/// # Errors
/// The rule that is broken.
pub fn config_key(text: &str) -> Result<(), Broken> {
    if text.len() > 253 {
        return Err("is longer than 253 characters");
    }
    if text.is_empty() || !text.bytes().all(|b| b.is_ascii_alphanumeric() || matches!(b, b'-' | b'_' | b'.')) {
        return Err("must be letters, digits, `-`, `_` and `.`");
    }
    match text {
        "." | ".." => Err("must not be `.` or `..`"),
        text if text.starts_with("..") => Err("must not begin with `..`"),
        _ => Ok(()),
    }
}

/// A port's number.
///
/// # Errors
/// The rule that is broken.
pub const fn port_number(port: i64) -> Result<(), Broken> {
    if port >= 1 && port <= 65535 { Ok(()) } else { Err("must be between 1 and 65535") }
}

/// A finalizer's name: one of Kubernetes itself, or one with a domain.
///
/// # Errors
/// The rule that is broken.
pub fn finalizer(text: &str) -> Result<(), Broken> {
    qualified_name(text)?;
    if text.contains('/') || matches!(text, "kubernetes" | "orphan" | "foregroundDeletion") {
        return Ok(());
    }
    Err("must have a domain: `example.com/name`")
}

/// A share: `25%`. The number before the sign.
#[must_use]
pub fn percent(text: &str) -> Option<u64> {
    let digits = text.strip_suffix('%')?;
    (!digits.is_empty() && digits.bytes().all(|b| b.is_ascii_digit())).then(|| digits.parse().ok()).flatten()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names() {
        for good in ["a", "a-b", "1a", "a1"] {
            assert_eq!(dns_label(good), Ok(()), "{good}");
        }
        for bad in ["", "-a", "a-", "A", "a_b", "a.b", &"a".repeat(64)] {
            assert!(dns_label(bad).is_err(), "{bad}");
        }
        assert!(dns_1035_label("1a").is_err() && dns_1035_label("a1").is_ok());
        assert!(dns_subdomain("a.b-c.d").is_ok() && dns_subdomain("a..b").is_err());
        assert!(wildcard_subdomain("*.a.b").is_ok() && wildcard_subdomain("a.*.b").is_err());
        for good in ["", "a", "A_b.c-1"] {
            assert_eq!(label_value(good), Ok(()), "{good}");
        }
        assert!(label_value("-a").is_err() && label_value(&"a".repeat(64)).is_err());
        for good in ["a", "a.b/c_D", "A"] {
            assert_eq!(qualified_name(good), Ok(()), "{good}");
        }
        for bad in ["", "/a", "a/", "a/b/c", "A.b/c", "-a", "a b"] {
            assert!(qualified_name(bad).is_err(), "{bad}");
        }
        assert!(port_name("http-2").is_ok() && port_name("80").is_err() && port_name("a--b").is_err());
        assert!(env_name("A b").is_ok() && env_name("A=b").is_err() && env_name("Я").is_err());
        assert!(config_key(".a").is_ok() && config_key("..a").is_err() && config_key("a/b").is_err());
        assert_eq!((percent("25%"), percent("%"), percent("-1%"), percent("25")), (Some(25), None, None, None));
    }
}
