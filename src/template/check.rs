//! What a template may use, checked before anything is rendered, in branches that are never taken too.

use std::collections::BTreeSet;

use crate::diagnostic::{Class, Code, Diagnostic, FileId, Sink, Span};
use crate::params::ParamDecl;

use super::blocks::Blocks;
use super::chain::{Chain, Role as NameRole, chains};
use super::helm;
use super::scan::{Piece, scan};
use super::token::is_reserved;
use super::{TemplateRole, TemplateSource};

/// A parameter that the stack does not declare.
const UNKNOWN_PARAM: Code = Code::new("LMS200", Class::Input);
/// A fact that does not exist.
const UNKNOWN_FACT: Code = Code::new("LMS201", Class::Input);
/// A statement or filter that would let a value become structure, or that lmsgen has no use for.
const FORBIDDEN: Code = Code::new("LMS202", Class::Input);
/// A character that lmsgen keeps for itself.
const RESERVED: Code = Code::new("LMS203", Class::Input);
/// What Tera cannot parse.
pub const SYNTAX: Code = Code::new("LMS210", Class::Input);

/// Words of the language: no variables.
const WORDS: [&str; 12] = ["and", "or", "not", "in", "is", "if", "else", "for", "true", "false", "none", "loop"];

/// Statements that templates may hold.
const STATEMENTS: [&str; 12] =
    ["if", "elif", "else", "endif", "for", "endfor", "set", "break", "continue", "component", "endcomponent", "raw"];

/// What can be reached from each name that templates are given.
const FACTS: [(&str, &[&str]); 3] = [
    ("client", &["id", "slug", "name", "labels"]),
    ("environment", &["name", "namespace", "kubernetes", "ingress", "gateway", "quota"]),
    ("instance", &["name"]),
];

/// What the check of one template gave besides faults.
#[derive(Debug)]
pub struct Checked {
    /// The parameters it reads: index of the declaration and place.
    pub reads: Vec<(usize, Span)>,
    /// A fault was reported that Tera's parser stumbles over, too.
    pub explains_syntax: bool,
}

/// Checks one template.
pub fn check(source: &TemplateSource, params: &[ParamDecl], sink: &mut Sink) -> Checked {
    let mut checker = Checker {
        source,
        params,
        sink,
        checked: Checked { reads: Vec::new(), explains_syntax: false },
        locals: helm::locals(&source.text),
        blocks: Blocks::default(),
    };
    if let Some(at) = source.text.find(is_reserved) {
        let message = "private-use characters U+E000 to U+E00F are reserved";
        checker.fault(RESERVED, at..at + 3, message, "remove the character");
    }
    for piece in scan(&source.text) {
        match piece {
            Piece::Print(outer, inner) => checker.print(outer, inner),
            Piece::Statement(outer, inner) => checker.statement(outer, inner),
            Piece::Text(_) | Piece::Verbatim(_) => {}
        }
    }
    let open = std::mem::take(&mut checker.blocks).finish(&source.text);
    checker.not_closed(open);
    checker.checked
}

struct Checker<'a> {
    source: &'a TemplateSource,
    params: &'a [ParamDecl],
    sink: &'a mut Sink,
    checked: Checked,
    /// Names that the template makes itself.
    locals: BTreeSet<String>,
    blocks: Blocks,
}

type Range = std::ops::Range<usize>;

impl Checker<'_> {
    fn span(&self, range: Range) -> Span {
        let file: FileId = self.source.file;
        Span::new(file, range)
    }

    fn fault(&mut self, code: Code, range: Range, message: impl Into<String>, help: impl Into<String>) {
        let span = self.span(range);
        self.sink.push(Diagnostic::error(code, message).at(span, "").help(help));
    }

    /// A fault that Tera's parser would report in its own words.
    fn syntax(&mut self, code: Code, range: Range, message: impl Into<String>, help: impl Into<String>) {
        self.checked.explains_syntax = true;
        self.fault(code, range, message, help);
    }

    fn not_closed(&mut self, found: Vec<super::blocks::Found>) {
        for (range, message) in found {
            self.syntax(SYNTAX, range, message, "write both, or remove both");
        }
    }

    fn print(&mut self, outer: Range, inner: Range) {
        let text = self.source.text.clone();
        let Some(word) = helm::printed_statement(&text[inner.clone()], &self.locals) else {
            return self.expression(inner);
        };
        self.syntax(SYNTAX, outer.clone(), format!("`{word}` is not a value to print"), helm::STATEMENTS);
        match word {
            "if" | "with" => drop(self.blocks.statement("if", outer, &text)),
            "for" | "range" => drop(self.blocks.statement("for", outer, &text)),
            "end" | "endif" | "endfor" => drop(self.blocks.end()),
            _ => {}
        }
    }

    fn statement(&mut self, outer: Range, inner: Range) {
        let text = self.source.text[inner.clone()].trim();
        let word: String = text.chars().take_while(|c| c.is_ascii_alphanumeric() || *c == '_').collect();
        if !STATEMENTS.contains(&word.as_str()) {
            let shown = if word.is_empty() { text.chars().take(20).collect() } else { word };
            let close = if shown == "end" { self.blocks.end() } else { None };
            let message = format!("`{shown}` is not a statement of lmsgen's templates");
            let help = close.map_or_else(
                || format!("use one of {}", STATEMENTS.join(", ")),
                |word| format!("write `{{% {word} %}}`"),
            );
            return self.syntax(FORBIDDEN, outer, message, help);
        }
        let is_plain_set = || {
            let name = text["set".len()..].trim_start();
            let rest = name.trim_start_matches(|c: char| c.is_ascii_alphanumeric() || c == '_').trim_start();
            rest.starts_with('=')
        };
        if word == "set" && !is_plain_set() {
            let help = "write `{% set name = expression %}`; for a piece of YAML, use a component";
            return self.syntax(FORBIDDEN, outer, "a `set` block would turn values into text", help);
        }
        let open = self.blocks.statement(&word, outer.clone(), &self.source.text);
        self.not_closed(open);
        if word == "component" && self.source.role != TemplateRole::Components {
            return self.fault(FORBIDDEN, outer, "components are defined in the folder `components/`", "move it there");
        }
        if !matches!(word.as_str(), "component" | "endcomponent") {
            let start = inner.start + self.source.text[inner.clone()].find(&word).unwrap_or(0) + word.len();
            self.expression(start..inner.end);
        }
    }

    fn expression(&mut self, range: Range) {
        let text = self.source.text.clone();
        let mut is_test = false;
        for chain in chains(&text, range) {
            let follows_is = is_test;
            is_test =
                chain.role == NameRole::Name && (chain.parts[0] == "is" || (follows_is && chain.parts[0] == "not"));
            match (chain.role, chain.parts[0].as_str()) {
                (NameRole::Name, "for") => {
                    let help = "use a `{% for %}` statement";
                    self.fault(FORBIDDEN, chain.range, "lists are not made by a loop in an expression", help);
                }
                (NameRole::Filter, name @ ("safe" | "indent")) => {
                    let message = format!("there is no filter `{name}`");
                    self.fault(FORBIDDEN, chain.range, message, helm::filter_help(name));
                }
                (NameRole::Dotted, _) => {
                    let message = format!("`.{}` is no name in these templates", chain.parts.join("."));
                    let help = helm::dotted_help(&chain.parts, self.params);
                    self.syntax(SYNTAX, chain.range, message, help);
                }
                (NameRole::Name, "params") => self.param(&chain),
                (NameRole::Name, root) => {
                    if let Some((_, fields)) = FACTS.iter().find(|(name, _)| *name == root) {
                        self.fact(&chain, fields);
                    } else if !follows_is {
                        self.bare(&chain);
                    }
                }
                _ => {}
            }
        }
    }

    fn fact(&mut self, chain: &Chain, fields: &[&str]) {
        let root = &chain.parts[0];
        if self.source.role == TemplateRole::Environment && root != "environment" {
            let message = format!("`{root}` does not exist in the folder `environment/`");
            let help = "objects there are made once per environment; move this template to a phase";
            return self.fault(UNKNOWN_FACT, chain.range.clone(), message, help);
        }
        match chain.parts.get(1) {
            Some(field) if fields.contains(&field.as_str()) => {}
            Some(field) => {
                let message = format!("`{root}` has no `{field}`");
                self.fault(UNKNOWN_FACT, chain.range.clone(), message, format!("use one of {}", fields.join(", ")));
            }
            None => {
                let help = format!(
                    "name one of {}",
                    fields.iter().map(|f| format!("`{root}.{f}`")).collect::<Vec<_>>().join(", ")
                );
                self.fault(UNKNOWN_FACT, chain.range.clone(), format!("`{root}` is no value by itself"), help);
            }
        }
    }

    /// A name that is nothing, but a parameter's without `params`.
    fn bare(&mut self, chain: &Chain) {
        let root = &chain.parts[0];
        let before = self.source.text[..chain.range.start].bytes().last();
        // `<x …/>` names a component; `params.a-b` is reported as a whole.
        if matches!(before, Some(b'<' | b'/' | b'-')) || WORDS.contains(&root.as_str()) || self.locals.contains(root) {
            return;
        }
        let is_first =
            |decl: &ParamDecl| decl.path.parts().next().is_some_and(|first| first.replace('-', "_") == *root);
        if self.params.iter().any(is_first) {
            let name = chain.parts.join(".");
            let help = format!("did you mean `params.{name}`?");
            self.fault(UNKNOWN_PARAM, chain.range.clone(), format!("`{name}` has no value"), help);
        }
    }

    /// The parameter whose name is written with `-`, which subtracts, and the whole name's place.
    fn dashed(&self, chain: &Chain) -> Option<(String, Range)> {
        let start = chain.range.start;
        let rest = &self.source.text[start..];
        let is_name = |c: char| c.is_ascii_alphanumeric() || matches!(c, '_' | '.' | '-');
        let whole = rest[..rest.find(|c| !is_name(c)).unwrap_or(rest.len())].trim_end_matches(['-', '.']);
        let (_, path) = whole.split_once('.').filter(|(_, path)| path.contains('-'))?;
        let wanted = path.replace('_', "-");
        let declared =
            self.params.iter().map(|decl| decl.path.as_str()).find(|known| {
                wanted.strip_prefix(known).is_some_and(|below| below.is_empty() || below.starts_with('.'))
            })?;
        let is_longer = declared.len() > chain.parts[1..].join(".").len();
        is_longer.then(|| (path.replace('-', "_"), start..start + whole.len()))
    }

    fn param(&mut self, chain: &Chain) {
        if let Some((path, range)) = self.dashed(chain) {
            let message = "`-` subtracts: in templates, names are written with `_`";
            return self.fault(UNKNOWN_PARAM, range, message, format!("write `params.{path}`"));
        }
        let wanted: Vec<String> = chain.parts[1..].iter().map(|part| part.replace('_', "-")).collect();
        let declared = self.params.iter().position(|decl| {
            let parts: Vec<&str> = decl.path.parts().collect();
            parts.len() <= wanted.len() && parts.iter().zip(&wanted).all(|(a, b)| a == b)
        });
        if let Some(index) = declared {
            let span = self.span(chain.range.clone());
            self.checked.reads.push((index, span));
            return;
        }
        let path = wanted.join(".");
        let prefix = format!("{path}.");
        let group = path.is_empty() || self.params.iter().any(|decl| decl.path.as_str().starts_with(&prefix));
        if group {
            let message = format!("`{}` is a group of parameters, not a value", chain.parts.join("."));
            return self.fault(UNKNOWN_PARAM, chain.range.clone(), message, "name one parameter of the group");
        }
        let nearest = self
            .params
            .iter()
            .map(|decl| (strsim::damerau_levenshtein(decl.path.as_str(), &path), decl.path.as_str()))
            .min()
            .filter(|(distance, _)| *distance <= path.len() / 3 + 1);
        let help = match nearest {
            Some((_, near)) => format!("did you mean `params.{}`?", near.replace('-', "_")),
            None => format!("declare `[params.{path}]` in stack.toml"),
        };
        self.fault(UNKNOWN_PARAM, chain.range.clone(), format!("the stack declares no parameter `{path}`"), help);
    }
}
