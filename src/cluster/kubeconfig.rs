//! A kubeconfig that is in memory only: a file without a name, which `kubectl` gets as its standard input and can read as
//! often as it likes.

use base64::prelude::{BASE64_STANDARD, Engine as _};
use rustix::fd::OwnedFd;
use serde_json::json;
use zeroize::Zeroizing;

use super::{Error, Token};

/// How `kubectl` finds it: its own standard input.
pub(super) const PATH: &str = "/dev/fd/0";

/// Writes a kubeconfig for one server and one token.
pub(super) fn in_memory(url: &str, token: &Token, authority: Option<&[u8]>) -> Result<OwnedFd, Error> {
    let text = text(url, token, authority);
    let fd = anonymous().map_err(Error::Memory)?;
    let mut rest = text.as_bytes();
    while !rest.is_empty() {
        let n =
            rustix::io::retry_on_intr(|| rustix::io::write(&fd, rest)).map_err(|errno| Error::Memory(errno.into()))?;
        rest = &rest[n..];
    }
    seal(&fd).map_err(Error::Memory)?;
    Ok(fd)
}

/// JSON is YAML. The token is written by hand, so that there is no copy of it but the text, which is cleared.
fn text(url: &str, token: &Token, authority: Option<&[u8]>) -> Zeroizing<String> {
    let mut cluster = json!({ "server": url });
    if let Some(authority) = authority {
        cluster["certificate-authority-data"] = BASE64_STANDARD.encode(authority).into();
    }
    let head = json!({
        "apiVersion": "v1",
        "kind": "Config",
        "clusters": [{ "name": "fleet", "cluster": cluster }],
        "contexts": [{ "name": "fleet", "context": { "cluster": "fleet", "user": "fleet" } }],
        "current-context": "fleet",
    });
    let head = head.to_string();
    let open = head.strip_suffix('}').unwrap_or(&head);
    // Visible ASCII: two characters need care.
    let token = token.expose();
    let mut text = Zeroizing::new(String::with_capacity(open.len() + 2 * token.len() + 64));
    text.push_str(open);
    text.push_str(r#","users":[{"name":"fleet","user":{"token":""#);
    for c in token.chars() {
        if matches!(c, '"' | '\\') {
            text.push('\\');
        }
        text.push(c);
    }
    text.push_str(r#""}}]}"#);
    text
}

#[cfg(target_os = "linux")]
fn anonymous() -> std::io::Result<OwnedFd> {
    use rustix::fs::{MemfdFlags, memfd_create};
    Ok(memfd_create("kubeconfig", MemfdFlags::CLOEXEC | MemfdFlags::ALLOW_SEALING)?)
}

/// Nobody writes to it any more.
#[cfg(target_os = "linux")]
fn seal(fd: &OwnedFd) -> std::io::Result<()> {
    use rustix::fs::{SealFlags, fcntl_add_seals};
    Ok(fcntl_add_seals(fd, SealFlags::SEAL | SealFlags::SHRINK | SealFlags::GROW | SealFlags::WRITE)?)
}

/// Other systems have no file without a name that can be opened again.
#[cfg(not(target_os = "linux"))]
fn anonymous() -> std::io::Result<OwnedFd> {
    Err(std::io::ErrorKind::Unsupported.into())
}

#[cfg(not(target_os = "linux"))]
fn seal(_: &OwnedFd) -> std::io::Result<()> {
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_token_is_written_as_it_is() {
        let token = Token::new(" a\"b\\c{} \n").unwrap();
        let text = text("https://c.example", &token, Some(b"PEM"));
        let read: serde_json::Value = serde_json::from_str(&text).unwrap();
        assert_eq!(read["users"][0]["user"]["token"], "a\"b\\c{}");
        assert_eq!(read["clusters"][0]["cluster"]["certificate-authority-data"], "UEVN");
        assert_eq!(read["current-context"], "fleet");
        assert!(Token::new("  ").is_err() && Token::new("a b").is_err() && Token::new("ключ").is_err());
    }
}
