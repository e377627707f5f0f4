//! A status as one page for a browser: search and filter, no network, nothing to install.
//!
//! The values are JSON in an element that is not run; the page's own script and style are allowed by their digests and
//! nothing else is, so that no value can become markup or code.

use base64::prelude::{BASE64_STANDARD, Engine as _};
use sha2::{Digest as _, Sha256};

use super::Base;
use super::status_json::document;
use super::status_text::summary;
use crate::status::Status;

const PAGE: &str = include_str!("status_page/page.html");
const STYLE: &str = include_str!("status_page/page.css");
const SCRIPT: &str = include_str!("status_page/page.js");

pub(super) fn status_html(status: &Status, base: Option<&Base>) -> String {
    let data = for_script(&document(status, base));
    let summary: Vec<String> = status.environments.iter().map(summary).collect();
    // One pass: what is put in is not looked at again.
    let places: [(&str, &str); 6] = [
        ("STYLE-HASH", &digest(STYLE)),
        ("SCRIPT-HASH", &digest(SCRIPT)),
        ("STYLE-TEXT", STYLE),
        ("SUMMARY-TEXT", &for_text(&summary.join("; "))),
        ("DATA-TEXT", &data),
        ("SCRIPT-TEXT", SCRIPT),
    ];
    let mut out = String::with_capacity(PAGE.len() + STYLE.len() + SCRIPT.len() + data.len());
    let mut rest = PAGE;
    for (name, text) in places {
        if let Some((before, after)) = rest.split_once(name) {
            out.push_str(before);
            out.push_str(text);
            rest = after;
        }
    }
    out.push_str(rest);
    out
}

fn digest(text: &str) -> String {
    BASE64_STANDARD.encode(Sha256::digest(text.as_bytes()))
}

/// JSON that cannot end the element it stands in.
fn for_script(json: &str) -> String {
    let mut out = String::with_capacity(json.len());
    for c in json.chars() {
        match c {
            '<' => out.push_str("\\u003c"),
            '>' => out.push_str("\\u003e"),
            '&' => out.push_str("\\u0026"),
            '\u{2028}' => out.push_str("\\u2028"),
            '\u{2029}' => out.push_str("\\u2029"),
            c => out.push(c),
        }
    }
    out
}

fn for_text(text: &str) -> String {
    text.replace('&', "&amp;").replace('<', "&lt;").replace('>', "&gt;")
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::status::{EnvironmentStatus, Part, State};

    #[test]
    fn no_value_ends_the_element_it_stands_in() {
        let part = Part {
            client: Some("</script><img src=x onerror=alert(1)>".into()),
            title: "SCRIPT-TEXT <!-- & \u{2028}".into(),
            state: State::Ready,
            objects: 1,
            troubles: Vec::new(),
        };
        let environment = EnvironmentStatus {
            name: "dev".into(),
            namespace: "dev".into(),
            at: 0,
            parts: vec![part],
            foreign: Vec::new(),
            unseen: Vec::new(),
        };
        let page = status_html(&Status { environments: vec![environment] }, None);
        assert_eq!(page.matches("</script>").count(), 2);
        assert!(!page.contains("<img") && !page.contains("STYLE-TEXT") && !page.contains("DATA-TEXT"));
        let (_, data) = page.split_once("type=\"application/json\">").unwrap();
        let (data, script) = data.split_once("</script>").unwrap();
        let read: serde_json::Value = serde_json::from_str(data).unwrap();
        assert_eq!(read["environments"][0]["parts"][0]["client"], "</script><img src=x onerror=alert(1)>");
        assert!(script.contains("'use strict'"));
    }
}
