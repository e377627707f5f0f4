//! What people who know Helm write, and what to write instead. Decides no fault by itself.

use std::collections::BTreeSet;

use crate::params::ParamDecl;

use super::chain::{Role, chains};
use super::scan::{Piece, scan};

/// How statements are written.
pub const STATEMENTS: &str = "statements are written `{% if … %}`, `{% for … %}`, `{% endif %}`";

/// Filters that write a value as YAML.
const WRITERS: [&str; 8] = ["quote", "squote", "toYaml", "to_yaml", "toJson", "nindent", "indent", "safe"];

/// Filters of Tera that templates can use.
pub const FILTERS: [&str; 31] = [
    "abs",
    "capitalize",
    "default",
    "first",
    "float",
    "get",
    "group_by",
    "int",
    "join",
    "keys",
    "last",
    "length",
    "lower",
    "nth",
    "pairs",
    "pluralize",
    "replace",
    "reverse",
    "round",
    "sort",
    "split",
    "str",
    "title",
    "trim",
    "trim_end",
    "trim_start",
    "truncate",
    "unique",
    "upper",
    "values",
    "wordcount",
];

/// What to do about a filter that there is not.
pub fn filter_help(name: &str) -> String {
    if WRITERS.contains(&name) {
        "not needed: values are written as they must be; remove it".into()
    } else {
        format!("use one of {}", FILTERS.join(", "))
    }
}

/// The word of a statement that is written as if it printed a value: `{{ if x }}`, `{{ end }}`.
pub fn printed_statement<'a>(inner: &'a str, locals: &BTreeSet<String>) -> Option<&'a str> {
    let text = inner.trim();
    let end = text.find(|c: char| !c.is_ascii_alphanumeric() && c != '_').unwrap_or(text.len());
    let (word, rest) = text.split_at(end);
    let follows = |c: char| c.is_ascii_alphabetic() || matches!(c, '.' | '$' | '"' | '(' | '_');
    let is_statement = match word {
        "if" | "else" | "elif" | "endif" | "for" | "endfor" => true,
        "end" => rest.is_empty(),
        "range" | "with" | "define" | "template" | "include" | "block" => {
            rest.starts_with(' ') && rest.trim_start().starts_with(follows)
        }
        _ => false,
    };
    (is_statement && !locals.contains(word)).then_some(word)
}

/// What to write for `.Values.theme`, given without its first dot.
pub fn dotted_help(parts: &[String], params: &[ParamDecl]) -> String {
    match (parts[0].as_str(), &parts[1..]) {
        ("Values", path) if !path.is_empty() => {
            let wanted = path.join(".");
            let fold = |path: &str| path.replace(['-', '_'], "").to_lowercase();
            let declared = params.iter().map(|decl| decl.path.as_str()).find(|known| fold(known) == fold(&wanted));
            format!("write `params.{}`", declared.map_or(wanted, |known| known.replace('-', "_")))
        }
        ("Release", [field]) if field == "Namespace" => "write `environment.namespace`".into(),
        ("Release", [field]) if field == "Name" => "write `instance.name`".into(),
        _ => "write names without a dot before them: `params.…`, `client.…`, `environment.…`, `instance.…`".into(),
    }
}

/// Names that the template's own statements make: variables of loops, `set` and components.
pub fn locals(source: &str) -> BTreeSet<String> {
    let mut names = BTreeSet::new();
    for piece in scan(source) {
        let Piece::Statement(_, inner) = piece else { continue };
        let found = chains(source, inner);
        let first = found.first().map(|chain| chain.parts[0].clone());
        let of_statement = match first.as_deref() {
            Some("set") => found.get(1..2).unwrap_or_default(),
            Some("for") => {
                let end = found.iter().position(|chain| chain.parts[0] == "in").unwrap_or(found.len());
                &found[1..end]
            }
            Some("component") => &found[1..],
            _ => continue,
        };
        let is_name = |role| matches!(role, Role::Name | Role::Argument | Role::Function);
        names.extend(of_statement.iter().filter(|chain| is_name(chain.role)).map(|chain| chain.parts[0].clone()));
    }
    names
}
