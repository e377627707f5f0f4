//! What a template may use, checked before anything is rendered, in branches that are never taken too.

use crate::diagnostic::{Class, Code, Diagnostic, FileId, Sink, Span};
use crate::params::ParamDecl;

use super::chain::{Chain, Role as NameRole, chains};
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

/// Statements that templates may hold.
const STATEMENTS: [&str; 12] =
    ["if", "elif", "else", "endif", "for", "endfor", "set", "break", "continue", "component", "endcomponent", "raw"];

/// What can be reached from each name that templates are given.
const FACTS: [(&str, &[&str]); 3] = [
    ("client", &["id", "slug", "name", "labels"]),
    ("environment", &["name", "namespace", "kubernetes", "ingress", "gateway", "quota"]),
    ("instance", &["name"]),
];

/// Checks one template and returns the parameters it reads: index of the declaration and place.
pub fn check(source: &TemplateSource, params: &[ParamDecl], sink: &mut Sink) -> Vec<(usize, Span)> {
    let mut checker = Checker { source, params, sink, reads: Vec::new() };
    if let Some(at) = source.text.find(is_reserved) {
        let message = "private-use characters U+E000 to U+E00F are reserved";
        checker.fault(RESERVED, at..at + 3, message, "remove the character");
    }
    for piece in scan(&source.text) {
        match piece {
            Piece::Print(_, inner) => checker.expression(inner),
            Piece::Statement(outer, inner) => checker.statement(outer, inner),
            Piece::Text(_) | Piece::Verbatim(_) => {}
        }
    }
    checker.reads
}

struct Checker<'a> {
    source: &'a TemplateSource,
    params: &'a [ParamDecl],
    sink: &'a mut Sink,
    reads: Vec<(usize, Span)>,
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

    fn statement(&mut self, outer: Range, inner: Range) {
        let text = self.source.text[inner.clone()].trim();
        let word: String = text.chars().take_while(|c| c.is_ascii_alphanumeric() || *c == '_').collect();
        if !STATEMENTS.contains(&word.as_str()) {
            let shown = if word.is_empty() { text.chars().take(20).collect() } else { word };
            let message = format!("`{shown}` is not a statement of lmsgen's templates");
            return self.fault(FORBIDDEN, outer, message, format!("use one of {}", STATEMENTS.join(", ")));
        }
        let is_plain_set = || {
            let name = text["set".len()..].trim_start();
            let rest = name.trim_start_matches(|c: char| c.is_ascii_alphanumeric() || c == '_').trim_start();
            rest.starts_with('=')
        };
        if word == "set" && !is_plain_set() {
            let help = "write `{% set name = expression %}`; for a piece of YAML, use a component";
            return self.fault(FORBIDDEN, outer, "a `set` block would turn values into text", help);
        }
        if word == "component" && self.source.role != TemplateRole::Components {
            return self.fault(FORBIDDEN, outer, "components are defined in the folder `components/`", "move it there");
        }
        self.expression(inner);
    }

    fn expression(&mut self, range: Range) {
        let text = self.source.text.clone();
        for (nth, chain) in chains(&text, range).into_iter().enumerate() {
            match (chain.role, chain.parts[0].as_str()) {
                (NameRole::Name, "for") if nth > 0 => {
                    let help = "use a `{% for %}` statement";
                    self.fault(FORBIDDEN, chain.range, "lists are not made by a loop in an expression", help);
                }
                (NameRole::Filter, "safe") => {
                    self.fault(
                        FORBIDDEN,
                        chain.range,
                        "filter `safe` is not needed: no value is ever escaped",
                        "remove it",
                    );
                }
                (NameRole::Name, "params") => self.param(&chain),
                (NameRole::Name, root) => {
                    if let Some((_, fields)) = FACTS.iter().find(|(name, _)| *name == root) {
                        self.fact(&chain, fields);
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

    fn param(&mut self, chain: &Chain) {
        let wanted: Vec<String> = chain.parts[1..].iter().map(|part| part.replace('_', "-")).collect();
        let declared = self.params.iter().position(|decl| {
            let parts: Vec<&str> = decl.path.parts().collect();
            parts.len() <= wanted.len() && parts.iter().zip(&wanted).all(|(a, b)| a == b)
        });
        if let Some(index) = declared {
            let span = self.span(chain.range.clone());
            self.reads.push((index, span));
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
