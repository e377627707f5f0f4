//! The compiled templates of every stack.

use crate::diagnostic::{Class, Code, Diagnostic, Sink, SourceMap, Span};
use crate::fleet::{Fleet, Stack};
use crate::template::{Engine, TemplateRole, TemplateSource};

/// A declared parameter that changes nothing.
const UNREAD: Code = Code::new("LMS230", Class::Input);

/// The folder of a stack that holds components.
const COMPONENTS: &str = "components/";

/// Engines by the index of their stack.
pub struct Engines(Vec<Engine>);

impl Engines {
    /// Compiles the templates of every stack; faults go to `sink`, among them parameters that no template reads.
    pub fn compile(fleet: &Fleet, sources: &SourceMap, sink: &mut Sink) -> Self {
        let engines = fleet.stacks.iter().map(|stack| {
            let mut faults = Sink::default();
            let engine = Engine::compile(templates(stack, sources), &stack.params, &mut faults);
            // What a template with a fault would read is not known; nor which templates a broken stack has.
            if !faults.has_errors() && !is_broken(stack, sink) {
                unread(stack, &engine, &mut faults);
            }
            sink.append(faults);
            engine
        });
        Self(engines.collect())
    }

    /// The engine of stack `index`.
    #[must_use]
    pub fn get(&self, index: usize) -> &Engine {
        &self.0[index]
    }

    /// Places that read parameter `param` of stack `stack`, in the order of their files.
    #[must_use]
    pub fn readers(&self, stack: usize, param: usize) -> Vec<Span> {
        let mut spans: Vec<Span> =
            self.0[stack].reads().iter().filter(|(index, _)| *index == param).map(|(_, span)| *span).collect();
        spans.sort_unstable();
        spans
    }
}

/// `true` if a fault of the stack's own file was found.
fn is_broken(stack: &Stack, found: &Sink) -> bool {
    let mut errors = found.as_slice().iter().filter(|fault| fault.is_error());
    errors.any(|fault| fault.primary.as_ref().is_some_and(|label| label.span.file == stack.file))
}

fn templates(stack: &Stack, sources: &SourceMap) -> Vec<TemplateSource> {
    let source = |template: &crate::fleet::TemplateFile| TemplateSource {
        name: template.name.clone(),
        file: template.file,
        text: sources.get(template.file).text.clone(),
        role: match &template.phase {
            Some(_) => TemplateRole::Instance,
            None if template.is_deprovision() => TemplateRole::Deprovision,
            None if template.name.starts_with(COMPONENTS) => TemplateRole::Components,
            None => TemplateRole::Environment,
        },
    };
    stack.components.iter().chain(&stack.templates).map(source).collect()
}

fn unread(stack: &Stack, engine: &Engine, sink: &mut Sink) {
    let mut read = vec![false; stack.params.len()];
    for (index, _) in engine.reads() {
        read[*index] = true;
    }
    for secret in stack.secrets.iter().chain(&stack.environment_secrets) {
        if let Some(index) = secret.name_param {
            read[index] = true;
        }
    }
    for (decl, _) in stack.params.iter().zip(&read).filter(|(_, read)| !**read) {
        let message = format!("no template of stack `{}` reads parameter `{}`", stack.name, decl.path);
        sink.push(Diagnostic::error(UNREAD, message).at(decl.span, "declared here").help(format!(
            "print `params.{}` in a template, or remove the declaration",
            decl.path.as_str().replace('-', "_")
        )));
    }
}
