//! A secret value that is looked for where it must not be: as it is, and in every dress that programs put on text.

use base64::prelude::{BASE64_STANDARD, BASE64_URL_SAFE, Engine as _};

/// Holds what base64, URLs and YAML write differently.
pub const CANARY: &str = "Canary+7f3a/9c&=%?>~Ы~needle";

/// Ways to write a text, with a name each.
fn dresses(text: &str) -> Vec<(String, Vec<u8>)> {
    let mut all = vec![("as it is".to_owned(), text.as_bytes().to_vec())];
    let mut add = |name: &str, dress: String| all.push((name.to_owned(), dress.into_bytes()));
    let hex = text.bytes().map(|byte| format!("{byte:02x}")).collect::<Vec<_>>().concat();
    add("hex", hex.clone());
    add("HEX", hex.to_uppercase());
    let plain = |byte: u8| byte.is_ascii_alphanumeric() || b"-._~".contains(&byte);
    let percent = |byte: u8| if plain(byte) { char::from(byte).to_string() } else { format!("%{byte:02X}") };
    let url: String = text.bytes().map(percent).collect();
    add("URL", url.to_lowercase());
    add("URL", url);
    add("JSON", serde_json::to_string(text).unwrap().trim_matches('"').to_owned());
    add("escaped", text.escape_default().to_string());
    add("reversed", text.chars().rev().collect());
    for (name, engine) in [("base64", BASE64_STANDARD), ("base64 for URLs", BASE64_URL_SAFE)] {
        // Inside a longer text it may start at any of three places of a group.
        for offset in 0..3 {
            let encoded = engine.encode([&b"\0\0"[..offset], text.as_bytes()].concat());
            let (from, to) = ((offset * 8).div_ceil(6), (offset + text.len()) * 8 / 6);
            add(&format!("{name} at {offset}"), encoded[from..to].to_owned());
        }
    }
    all
}

/// Fails if `bytes` hold one of `texts` in any dress.
#[track_caller]
pub fn assert_without(texts: &[&str], place: &str, bytes: &[u8]) {
    for text in texts {
        for (name, dress) in dresses(text) {
            let found = bytes.windows(dress.len()).any(|window| window == dress);
            assert!(!found, "{place} holds the value, {name}");
        }
    }
}

#[test]
fn the_canary_is_found_in_every_dress() {
    for (_, dress) in dresses(CANARY) {
        let bytes = [b"before ", dress.as_slice(), b" after"].concat();
        let missed = std::panic::catch_unwind(|| assert_without(&[CANARY], "a test", &bytes));
        assert!(missed.is_err());
    }
    let inside = BASE64_STANDARD.encode(format!("user:{CANARY}@host"));
    assert!(std::panic::catch_unwind(|| assert_without(&[CANARY], "a test", inside.as_bytes())).is_err());
    assert_without(&[CANARY], "a test", b"Canary+7f3a/9c&=%?>~");
}
