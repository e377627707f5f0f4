//! `[[allow]]` of `lmsgen.toml`: findings that are no leak, each with the reason why.

use regex::Regex;

use crate::diagnostic::{Code, Diagnostic, Sink, Span};
use crate::document::{Kind, Located, TableReader, did_you_mean, quoted};
use crate::guard::{ALLOW, RULES};

/// A reason of fewer words explains nothing to whoever reads it next year.
const FEWEST_WORDS: usize = 3;

/// An entry of `[[allow]]`.
#[derive(Clone, Debug)]
pub struct Allow {
    /// The code of what is allowed.
    pub code: Code,
    /// Where: a pattern over paths from the fleet's root.
    pub path: PathPattern,
    /// Under which key, when only there.
    pub key: Option<String>,
    /// Why it is no leak.
    pub reason: String,
    /// The entry.
    pub span: Span,
}

impl Allow {
    /// `true` if the entry is about a finding of `code` in the file at `path`, under `key` if it has one.
    #[must_use]
    pub fn covers(&self, code: Code, path: &str, key: Option<&str>) -> bool {
        let is_key = self.key.as_deref().is_none_or(|wanted| key == Some(wanted));
        self.code == code && is_key && self.path.matches(path)
    }
}

/// `tests/**/*.pem`: `**` is any folders, `*` any part of a name, `?` one character.
#[derive(Clone, Debug)]
pub struct PathPattern {
    text: String,
    regex: Regex,
}

impl PathPattern {
    /// `None` if `text` can match nothing.
    #[must_use]
    pub fn new(text: &str) -> Option<Self> {
        let is_step = |step: &str| !step.is_empty() && step != "." && step != "..";
        if !text.split('/').all(is_step) {
            return None;
        }
        let mut pattern = String::from("^");
        let mut steps = text.split('/').peekable();
        while let Some(step) = steps.next() {
            let is_last = steps.peek().is_none();
            match step {
                "**" if is_last => pattern.push_str(".+"),
                "**" => pattern.push_str("(?:.+/)?"),
                step => {
                    for c in step.chars() {
                        match c {
                            '*' => pattern.push_str("[^/]*"),
                            '?' => pattern.push_str("[^/]"),
                            c => pattern.push_str(&regex::escape(c.encode_utf8(&mut [0; 4]))),
                        }
                    }
                    pattern.push_str(if is_last { "" } else { "/" });
                }
            }
        }
        pattern.push('$');
        Some(Self { text: text.into(), regex: Regex::new(&pattern).ok()? })
    }

    /// `true` if the whole of `path` is meant.
    #[must_use]
    pub fn matches(&self, path: &str) -> bool {
        self.regex.is_match(path)
    }

    /// The pattern as it was written.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.text
    }
}

/// Takes `allow` of `lmsgen.toml`; entries with a fault are left out.
pub(super) fn read_allow(table: &mut TableReader<'_>, sink: &mut Sink) -> Vec<Allow> {
    let Some(entry) = table.take("allow") else { return Vec::new() };
    let Kind::List(entries) = entry.node.kind() else {
        entry.node.wrong_type("allow", "a list of tables, `[[allow]]`", sink);
        return Vec::new();
    };
    let tables = entries.into_iter().filter_map(|node| node.table("allow", sink).map(|table| (table, node.span())));
    let tables: Vec<_> = tables.collect();
    tables.into_iter().filter_map(|(table, span)| read_one(table, span, sink)).collect()
}

fn read_one(mut table: TableReader<'_>, span: Span, sink: &mut Sink) -> Option<Allow> {
    let code = table.required_string("code", sink).and_then(|code| read_code(code, sink));
    let path = table.required_string("path", sink).and_then(|path| read_path(path, sink));
    let key = table.string("key", sink).map(|key| key.value.to_owned());
    let reason = table.required_string("reason", sink).and_then(|reason| read_reason(reason, sink));
    table.finish(sink);
    Some(Allow { code: code?, path: path?, key, reason: reason?, span })
}

fn read_code(found: Located<&str>, sink: &mut Sink) -> Option<Code> {
    let known = RULES.iter().map(|rule| rule.code()).find(|code| code.id == found.value);
    if known.is_none() {
        let ids: Vec<&str> = RULES.iter().map(|rule| rule.code().id).collect();
        let fault = Diagnostic::error(ALLOW, format!("{} is no code that can be allowed", quoted(found.value)));
        let help = did_you_mean(found.value, ids.iter().copied());
        let help = help.unwrap_or_else(|| format!("write one of `{}`", ids.join("`, `")));
        sink.push(fault.at(found.span, "").help(help));
    }
    known
}

fn read_path(found: Located<&str>, sink: &mut Sink) -> Option<PathPattern> {
    let pattern = PathPattern::new(found.value);
    if pattern.is_none() {
        let fault = Diagnostic::error(ALLOW, format!("path {} matches no file", quoted(found.value)));
        let help = "write a path from the fleet's root, such as `templates/lms/app/*.yaml` or `tests/**`";
        sink.push(fault.at(found.span, "").help(help));
    }
    pattern
}

fn read_reason(found: Located<&str>, sink: &mut Sink) -> Option<String> {
    let is_reason = found.value.split_whitespace().count() >= FEWEST_WORDS;
    if !is_reason {
        let fault = Diagnostic::error(ALLOW, "the reason says too little").at(found.span, "");
        sink.push(fault.help("write a sentence that tells the next reader why this is no leak"));
    }
    is_reason.then(|| found.value.to_owned())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn patterns_over_paths() {
        for (pattern, yes, no) in [
            ("lmsgen.toml", "lmsgen.toml", "xlmsgen.toml"),
            ("tests/**", "tests/a/b.pem", "tests"),
            ("tests/**/*.pem", "tests/b.pem", "tests/b.pem.txt"),
            ("tests/**/*.pem", "tests/a/b/c.pem", "xtests/c.pem"),
            ("**/x.y", "x.y", "xzy"),
            ("**/x.y", "a/b/x.y", "a/bx.y"),
            ("clients/C?.toml", "clients/C1.toml", "clients/C12.toml"),
            ("clients/*", "clients/Я.toml", "clients/a/b"),
        ] {
            let pattern = PathPattern::new(pattern).unwrap();
            assert!(pattern.matches(yes) && !pattern.matches(no), "{}", pattern.as_str());
        }
        for bad in ["", "/a", "a/", "a//b", "./a", "../a"] {
            assert!(PathPattern::new(bad).is_none(), "{bad}");
        }
    }
}
