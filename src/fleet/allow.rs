//! `[[allow]]` of `lmsgen.toml`: what is reported and may stay, each with the reason why. Whether a code can be allowed, and
//! by what, is said in the book of rules.

use regex::Regex;

use crate::diagnostic::{Code, Diagnostic, Sink, Span};
use crate::document::{Kind, Located, TableReader, quoted};
use crate::guard::ALLOW;
use crate::names::Date;
use crate::rules::{self, Allowed, Rule};

/// A reason of fewer words explains nothing to whoever reads it next year.
const FEWEST_WORDS: usize = 3;

/// An entry of `[[allow]]`.
#[derive(Clone, Debug)]
pub struct Allow {
    /// The code of what is allowed.
    pub code: &'static str,
    /// Where: a pattern over paths from the fleet's root; `None` for anywhere.
    pub path: Option<PathPattern>,
    /// Patterns over instances (`lms-dev/C42`); none for every instance.
    pub instances: Vec<PathPattern>,
    /// Under which key, when only there.
    pub key: Option<String>,
    /// Why it is allowed.
    pub reason: String,
    /// The last day on which it counts.
    pub expires: Option<Date>,
    /// The entry.
    pub span: Span,
}

impl Allow {
    /// `true` if the entry is about a finding of `code` in the file at `path`, under `key` if it has one.
    #[must_use]
    pub fn covers(&self, code: Code, path: &str, key: Option<&str>) -> bool {
        let is_key = self.key.as_deref().is_none_or(|wanted| key == Some(wanted));
        is_key && self.is_about(code, Some(path))
    }

    /// `true` if the entry is about faults of `code` that are marked in the file at `path`, in some instance or in any.
    #[must_use]
    pub fn is_about(&self, code: Code, path: Option<&str>) -> bool {
        let is_there = self.path.as_ref().is_none_or(|wanted| path.is_some_and(|path| wanted.matches(path)));
        self.code == code.id && is_there
    }

    /// `true` if the entry lists `instance`.
    #[must_use]
    pub fn lists(&self, instance: &str) -> bool {
        self.instances.iter().any(|pattern| pattern.matches(instance))
    }

    /// `true` if the entry counted up to a day before `today`.
    #[must_use]
    pub fn is_expired(&self, today: Date) -> bool {
        self.expires.is_some_and(|last| last < today)
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
    let rule = table.required_string("code", sink).and_then(|code| read_code(code, sink));
    let path = table.string("path", sink).map(|path| read_path(path, sink));
    let instances = table.take("instances").map(|entry| {
        let found = entry.node.strings("allow.instances", sink).unwrap_or_default();
        found.into_iter().map(|pattern| read_instance(pattern, sink)).collect::<Option<Vec<_>>>()
    });
    let key = table.string("key", sink).map(|key| key.value.to_owned());
    let reason = table.required_string("reason", sink).and_then(|reason| read_reason(reason, sink));
    let expires = table.take("expires").map(|entry| entry.node.date("allow.expires", sink));
    table.finish(sink);
    let rule = rule?;
    let given = Allowed { path: path.is_some(), instances: instances.is_some(), key: key.is_some() };
    check_place(rule, given, instances.as_ref(), span, sink)?;
    Some(Allow {
        code: rule.id,
        path: transposed(path)?,
        instances: transposed(instances)?.unwrap_or_default(),
        key,
        reason: reason?,
        expires: transposed(expires)?,
        span,
    })
}

/// `None` for something that was given and is wrong.
#[expect(clippy::option_option, reason = "a key is absent, wrong or right")]
fn transposed<T>(given: Option<Option<T>>) -> Option<Option<T>> {
    given.map_or(Some(None), |read| read.map(Some))
}

/// An entry says where it allows something, in a way that its code has.
fn check_place(
    rule: &Rule,
    given: Allowed,
    instances: Option<&Option<Vec<PathPattern>>>,
    span: Span,
    sink: &mut Sink,
) -> Option<()> {
    let allowed = rule.allowed();
    let keys = [
        (given.path, allowed.path, "path"),
        (given.instances, allowed.instances, "instances"),
        (given.key, allowed.key, "key"),
    ];
    let mut fault = |message: String, help: String| {
        sink.push(Diagnostic::error(ALLOW, message).at(span, "").help(help));
        None
    };
    if let Some((.., key)) = keys.iter().find(|(is_given, is_allowed, _)| *is_given && !is_allowed) {
        let message = format!("`{}` cannot be allowed by `{key}`", rule.id);
        return fault(message, format!("it can be allowed {}", rule.allow.trim_end_matches('.')));
    }
    let names_none = instances.is_some_and(|read| read.as_ref().is_some_and(Vec::is_empty));
    if names_none || !given.path && !given.instances {
        let message = format!("this would allow `{}` everywhere", rule.id);
        return fault(message, format!("say where: it can be allowed {}", rule.allow.trim_end_matches('.')));
    }
    Some(())
}

fn read_code(found: Located<&str>, sink: &mut Sink) -> Option<&'static Rule> {
    let known = rules::find(found.value).filter(|rule| rule.id == found.value);
    let fault = match known {
        Some(rule) if !rule.allowed().is_never() => return Some(rule),
        Some(rule) => Diagnostic::error(ALLOW, format!("`{}` cannot be allowed", rule.id))
            .help(format!("put it right: `lmsgen rules {}` says how", rule.id)),
        // Codes are all near each other: no guess at the one that was meant.
        None => Diagnostic::error(ALLOW, format!("{} is no code that can be allowed", quoted(found.value)))
            .help("write the code of the message; `lmsgen rules` lists them"),
    };
    sink.push(fault.at(found.span, ""));
    None
}

fn read_instance(found: Located<&str>, sink: &mut Sink) -> Option<PathPattern> {
    let pattern = PathPattern::new(found.value).filter(|_| found.value.matches('/').count() <= 1);
    if pattern.is_none() {
        let fault = Diagnostic::error(ALLOW, format!("{} matches no instance", quoted(found.value)));
        let help = "write `environment/client`, such as `lms-dev/C42` or `lms-dev/*`; an environment's own objects are `lms-dev`";
        sink.push(fault.at(found.span, "").help(help));
    }
    pattern
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
        sink.push(fault.help("write a sentence that tells the next reader why this may stay"));
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
