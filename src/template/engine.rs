//! Templates of one stack, compiled once, rendered for every instance.

use std::collections::HashMap;
use std::io;
use std::sync::{Arc, OnceLock, RwLock};

use tera::{Context, ErrorKind, Tera};

use crate::diagnostic::{Class, Code, Diagnostic, FileId, Sink, Span};
use crate::params::ParamDecl;

use super::check::{SYNTAX, check};
use super::functions::{self, NOT_MADE, Scope};
use super::helm;
use super::limits::BEYOND;
use super::rewrite::{Marks, Rewritten, Unmarked};
use super::skeleton::{Fault, ShapeError, Skeleton, parse};
use super::token::Token;

/// Rendering failed: something without a value, a wrong type, an unknown secret.
const RENDERING: Code = Code::new("LMS211", Class::Input);
/// The output is no list of objects.
const SHAPE: Code = Code::new("LMS212", Class::Input);
/// The output is too large.
const TOO_LARGE: Code = Code::new("LMS213", Class::Limit);
/// A template needs the public half of a key that was not made yet.
pub const NO_PUBLIC_HALF: Code = Code::new("LMS214", Class::Secret);

/// One template prints at most this many bytes: five times what an object may have in a cluster.
const MAX_OUTPUT: usize = 8 << 20;
/// Shapes kept per template; more means that the output depends on numbers or loops, and keeping would not pay.
const MAX_SHAPES: usize = 1024;

/// A template as read.
#[derive(Clone, Debug)]
pub struct TemplateSource {
    /// Path below the stack's folder: `app/deployment.yaml`.
    pub name: String,
    /// The file.
    pub file: FileId,
    /// Its text.
    pub text: Arc<str>,
    /// What it is for.
    pub role: TemplateRole,
}

/// What a template is for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum TemplateRole {
    /// Rendered once per environment.
    Environment,
    /// Rendered for every instance.
    Instance,
    /// Rendered for instances whose data is dropped.
    Deprovision,
    /// Defines components and prints nothing.
    Components,
}

/// The compiled templates of a stack.
pub struct Engine {
    tera: Tera,
    templates: Vec<Compiled>,
    /// The same templates with position marks; compiled when the first fault needs a place.
    marked: OnceLock<Tera>,
    reads: Vec<(usize, Span)>,
}

struct Compiled {
    source: TemplateSource,
    rewritten: Rewritten,
    shapes: RwLock<HashMap<String, Arc<[Skeleton]>>>,
}

/// What a template gave.
#[derive(Clone, Debug)]
pub struct Output {
    /// Objects in the order printed.
    pub skeletons: Arc<[Skeleton]>,
    /// Values for their holes.
    pub tokens: Vec<Token>,
}

impl Engine {
    /// Compiles `sources`. Faults go to `sink`; an engine with faults must not be rendered.
    pub fn compile(sources: Vec<TemplateSource>, params: &[ParamDecl], sink: &mut Sink) -> Self {
        let (mut reads, mut explained) = (Vec::new(), Vec::new());
        for source in &sources {
            let mut checked = check(source, params, sink);
            reads.append(&mut checked.reads);
            if checked.explains_syntax {
                explained.push(source.file);
            }
        }
        let mut tera = new_tera();
        let mut templates: Vec<Compiled> = sources
            .into_iter()
            .map(|source| Compiled {
                rewritten: Rewritten::new(&source.text, Marks::Off),
                source,
                shapes: RwLock::default(),
            })
            .collect();
        // Components first: a template that uses one is refused before the component is known.
        templates.sort_by_key(|one| (one.source.role != TemplateRole::Components, one.source.name.clone()));
        for one in &templates {
            if let Err(error) = tera.add_raw_template(&one.source.name, &one.rewritten.text) {
                let unknown = unknown_names(&error, one);
                if unknown.is_empty() && !explained.contains(&one.source.file) {
                    sink.push(tera_fault(SYNTAX, &error, &templates, &one.source.name));
                }
                for fault in unknown {
                    sink.push(fault);
                }
            }
        }
        Self { tera, templates, marked: OnceLock::new(), reads }
    }

    /// Templates that yield objects: index and source.
    pub fn templates(&self) -> impl Iterator<Item = (usize, &TemplateSource)> {
        self.templates
            .iter()
            .enumerate()
            .map(|(at, one)| (at, &one.source))
            .filter(|(_, source)| source.role != TemplateRole::Components)
    }

    /// Which parameters the templates read: index of the declaration and place.
    #[must_use]
    pub fn reads(&self) -> &[(usize, Span)] {
        &self.reads
    }

    /// Renders template `index` with `context`; `scope` answers the functions about secrets.
    ///
    /// # Errors
    /// The first fault, at its place in the template.
    pub fn render(&self, index: usize, context: &Context, scope: &Arc<Scope>) -> Result<Output, Box<Diagnostic>> {
        let one = &self.templates[index];
        // Tokens are shorter than the expressions they stand for; what loops add makes it grow.
        let mut text = Limited(Vec::with_capacity(one.source.text.len() + 1024));
        let (result, tokens) =
            functions::with_scope(scope, || self.tera.render_to(&one.source.name, context, &mut text));
        result.map_err(|error| Box::new(tera_fault(RENDERING, &error, &self.templates, &one.source.name)))?;
        let text = String::from_utf8(text.0).expect("templates and tokens are UTF-8");
        let known = one.shapes.read().expect("no thread panics with the lock").get(&text).cloned();
        let skeletons = match known {
            Some(skeletons) => skeletons,
            None => {
                let parsed: Arc<[Skeleton]> =
                    parse(&text).map_err(|error| Box::new(self.shape_fault(index, context, scope, &error)))?.into();
                let mut shapes = one.shapes.write().expect("no thread panics with the lock");
                if shapes.len() < MAX_SHAPES {
                    shapes.insert(text, Arc::clone(&parsed));
                }
                parsed
            }
        };
        Ok(Output { skeletons, tokens: tokens.into_iter().map(|(token, _)| token).collect() })
    }

    fn shape_fault(&self, index: usize, context: &Context, scope: &Arc<Scope>, error: &ShapeError) -> Diagnostic {
        let span = self.place(index, context, scope, error.place);
        let diagnostic = Diagnostic::error(SHAPE, error.message.clone()).at(span, "");
        match error.help {
            Some(help) => diagnostic.help(help),
            None => diagnostic,
        }
    }

    /// The place in the template of a fault in its output. Renders once more, with marks; for faults only.
    #[must_use]
    pub fn place(&self, index: usize, context: &Context, scope: &Arc<Scope>, fault: Fault) -> Span {
        let one = &self.templates[index];
        let tera = self.marked();
        let mut output = Limited(Vec::new());
        let (_, tokens) = functions::with_scope(scope, || tera.render_to(&one.source.name, context, &mut output));
        let found = match fault {
            Fault::Token(token) => {
                tokens.get(token).and_then(|(_, at)| *at).map(|at| expression_at(&one.source.text, at))
            }
            Fault::Offset(offset) => {
                let unmarked = Unmarked::new(&String::from_utf8_lossy(&output.0));
                unmarked.origin(offset).map(|at| {
                    let line = one.source.text[at.min(one.source.text.len())..].lines().next().unwrap_or_default();
                    at..at + line.trim_end().len()
                })
            }
        };
        Span::new(one.source.file, found.unwrap_or(0..0))
    }

    /// The templates with position marks.
    fn marked(&self) -> &Tera {
        self.marked.get_or_init(|| {
            let mut tera = new_tera();
            for one in &self.templates {
                // Compiled before without marks, so it compiles again.
                let _ = tera.add_raw_template(&one.source.name, &Rewritten::new(&one.source.text, Marks::On).text);
            }
            tera
        })
    }

    /// Every token that template `index` prints, in order, with the expression that it stands for.
    pub(super) fn printed(&self, index: usize, context: &Context, scope: &Arc<Scope>) -> Vec<(Token, &str)> {
        let source = &self.templates[index].source;
        let mut output = Limited(Vec::new());
        let (_, tokens) = functions::with_scope(scope, || self.marked().render_to(&source.name, context, &mut output));
        let expression = |at: Option<usize>| at.map_or("", |at| &source.text[expression_at(&source.text, at)]);
        tokens.into_iter().map(|(token, at)| (token, expression(at))).collect()
    }

    /// What template `index` prints, tokens and all; empty when it cannot be rendered.
    pub(super) fn output(&self, index: usize, context: &Context, scope: &Arc<Scope>) -> String {
        let mut text = Limited(Vec::new());
        let (_, _) = functions::with_scope(scope, || {
            self.tera.render_to(&self.templates[index].source.name, context, &mut text)
        });
        String::from_utf8(text.0).unwrap_or_default()
    }

    /// The file of template `index`.
    #[must_use]
    pub fn source(&self, index: usize) -> &TemplateSource {
        &self.templates[index].source
    }
}

/// The expression that begins at `at` or after blanks.
fn expression_at(text: &str, at: usize) -> std::ops::Range<usize> {
    let rest = &text[at.min(text.len())..];
    let start = at + rest.len() - rest.trim_start().len();
    let expression = rest.split("}}").next().unwrap_or_default().trim_end_matches('-').trim();
    start..start + expression.len()
}

fn new_tera() -> Tera {
    let mut tera = Tera::default();
    // Nothing is escaped: values are tokens, and tokens need none.
    tera.autoescape_on(Vec::<String>::new());
    functions::register(&mut tera);
    tera
}

/// Filters, functions, tests and components that do not exist: Tera reports them together, as text that draws each.
fn unknown_names(error: &tera::Error, one: &Compiled) -> Vec<Diagnostic> {
    let ErrorKind::Msg(text) = error.kind() else { return Vec::new() };
    let arrow = format!("--> {}:", one.source.name);
    let reports = text.split("error: ").filter_map(|report| {
        let (message, rest) = report.split_once('\n')?;
        // `include` is refused as a statement.
        if message.starts_with("Unknown template") {
            return None;
        }
        let (line, rest) = rest.trim_start().strip_prefix(&arrow)?.split_once(':')?;
        let column = rest.lines().next()?.trim();
        let at = one.rewritten.origin_of_place(line.parse().ok()?, column.parse().ok()?);
        let name = message.split('`').nth(1).unwrap_or_default();
        let span = Span::new(one.source.file, at..(at + name.len()).min(one.source.text.len()));
        let fault = Diagnostic::error(SYNTAX, lower_first(message)).at(span, "");
        let is_filter = message.to_ascii_lowercase().contains("filter");
        Some(if is_filter { fault.help(helm::filter_help(name)) } else { fault })
    });
    reports.collect()
}

/// Turns an error of Tera into a diagnostic at its place in the file.
fn tera_fault(code: Code, error: &tera::Error, templates: &[Compiled], name: &str) -> Diagnostic {
    let by_name = |name: &str| templates.iter().find(|one| one.source.name == name);
    let file_start = || by_name(name).map(|one| Span::file_start(one.source.file));
    match error.kind() {
        ErrorKind::SyntaxError(report) | ErrorKind::RenderingError(report) => {
            let message = lower_first(report.message());
            let place = by_name(report.filename())
                .or_else(|| by_name(name))
                .map(|one| Span::new(one.source.file, one.rewritten.origin_of_span(report.span())));
            let code = match &message {
                message if message.starts_with(BEYOND) => TOO_LARGE,
                message if message.starts_with(NOT_MADE) => NO_PUBLIC_HALF,
                _ => code,
            };
            let diagnostic = Diagnostic::error(code, message);
            place.or_else(file_start).map_or(diagnostic.clone(), |span| diagnostic.at(span, ""))
        }
        ErrorKind::Io(_) => {
            let message = format!("the template prints more than {} MiB", MAX_OUTPUT >> 20);
            let diagnostic =
                Diagnostic::error(TOO_LARGE, message).help("print less: look for a loop over too many items");
            file_start().map_or(diagnostic.clone(), |span| diagnostic.at(span, ""))
        }
        other => {
            let diagnostic = Diagnostic::error(code, lower_first(&other.to_string()));
            file_start().map_or(diagnostic.clone(), |span| diagnostic.at(span, ""))
        }
    }
}

fn lower_first(text: &str) -> String {
    let text = text.trim_end_matches('.');
    let mut chars = text.chars();
    chars.next().map_or_else(String::new, |first| first.to_lowercase().chain(chars).collect())
}

/// Collects output up to [`MAX_OUTPUT`] bytes.
struct Limited(Vec<u8>);

impl io::Write for Limited {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        if self.0.len() + bytes.len() > MAX_OUTPUT {
            return Err(io::ErrorKind::FileTooLarge.into());
        }
        self.0.extend_from_slice(bytes);
        Ok(bytes.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}
