//! All templates of one place, an instance or an environment's part, from context to finished objects.

use std::cell::RefCell;
use std::sync::Arc;

use sha2::{Digest, Sha256};

use crate::diagnostic::{Class, Code, Diagnostic, Span};
use crate::document::did_you_mean;
use crate::names::PhaseName;
use crate::template::{Context, Engine, Fault, Filled, Output, Scope, TemplateRole, Unfit, fill, hex};

/// A value that does not fit its place.
const VALUE: Code = Code::new("LMS236", Class::Input);
/// A template without an object.
const EMPTY: Code = Code::new("LMS237", Class::Input);

/// More objects than anybody looks at, of one template at one place.
const TOO_MANY: Code = Code::new("LMS243", Class::Limit);

/// Objects that one template may yield at one place.
const MAX_OBJECTS: usize = 1000;

/// The first line of a template that may yield nothing.
const OPTIONAL: &str = "{# optional #}";
/// Hex digits of the digest of another template's objects.
const DIGEST: usize = 16;

/// A finished object and where it comes from.
pub struct Object {
    /// Its kind.
    pub kind: Arc<str>,
    /// Its API version.
    pub api_version: Arc<str>,
    /// Its text and names.
    pub filled: Filled,
    /// Its template, by index in the engine.
    pub template: usize,
    /// Where it stands in the template's output.
    pub offset: usize,
}

/// What templates are rendered with at one place.
#[derive(Clone, Copy)]
pub struct Site<'a> {
    /// Templates.
    pub engine: &'a Engine,
    /// What they see.
    pub context: &'a Context,
    /// What their functions know.
    pub scope: &'a Arc<Scope>,
}

impl Site<'_> {
    /// The place in its template of something in the template's output.
    pub fn span(&self, template: usize, fault: Fault) -> Span {
        self.engine.place(template, self.context, self.scope, fault)
    }
}

/// Renders every template of some roles at one place.
pub struct PlaceRun<'a> {
    site: Site<'a>,
    roles: &'a [TemplateRole],
    /// Digests of the environment's templates, for an instance.
    environment_digests: &'a [(String, String)],
    outputs: Vec<Slot>,
}

struct Slot {
    template: usize,
    name: String,
    output: Output,
    filled: RefCell<State>,
}

enum State {
    Waiting,
    Filling,
    /// The error is `None` when it follows from another template's fault, which is reported there.
    Done(Result<Vec<Filled>, Option<Box<Diagnostic>>>),
}

impl<'a> PlaceRun<'a> {
    /// Renders the templates of `roles` to outputs with holes; faults are added to `faults`.
    pub fn new(
        site: Site<'a>,
        roles: &'a [TemplateRole],
        environment_digests: &'a [(String, String)],
        faults: &mut Vec<Diagnostic>,
    ) -> Self {
        let mut outputs = Vec::new();
        for (template, source) in site.engine.templates().filter(|(_, source)| roles.contains(&source.role)) {
            match site.engine.render(template, site.context, site.scope) {
                Ok(output) => {
                    if output.skeletons.is_empty() && !source.text.starts_with(OPTIONAL) {
                        faults.push(
                            Diagnostic::error(EMPTY, "the template yields no object")
                                .at(Span::file_start(source.file), "")
                                .help(format!("if that is right in some places, start the file with `{OPTIONAL}`")),
                        );
                    }
                    if output.skeletons.len() > MAX_OBJECTS {
                        let message = format!(
                            "the template yields {} objects; {MAX_OBJECTS} are allowed",
                            output.skeletons.len()
                        );
                        faults.push(Diagnostic::error(TOO_MANY, message).at(Span::file_start(source.file), ""));
                        continue;
                    }
                    let filled = RefCell::new(State::Waiting);
                    outputs.push(Slot { template, name: source.name.clone(), output, filled });
                }
                Err(fault) => faults.push(*fault),
            }
        }
        Self { site, roles, environment_digests, outputs }
    }

    /// Fills all holes; faults are added to `faults`.
    pub fn objects(self, faults: &mut Vec<Diagnostic>) -> Vec<Object> {
        for at in 0..self.outputs.len() {
            self.fill_slot(at);
        }
        let mut objects = Vec::new();
        for slot in self.outputs {
            let State::Done(done) = slot.filled.into_inner() else { continue };
            match done {
                Ok(filled) => {
                    let pairs = slot.output.skeletons.iter().zip(filled);
                    objects.extend(pairs.map(|(skeleton, filled)| Object {
                        kind: Arc::clone(&skeleton.kind),
                        api_version: Arc::clone(&skeleton.api_version),
                        filled,
                        template: slot.template,
                        offset: skeleton.offset,
                    }));
                }
                Err(fault) => faults.extend(fault.map(|fault| *fault)),
            }
        }
        objects
    }

    fn fill_slot(&self, at: usize) {
        let slot = &self.outputs[at];
        if !matches!(*slot.filled.borrow(), State::Waiting) {
            return;
        }
        *slot.filled.borrow_mut() = State::Filling;
        let digest_of = |name: &str| self.digest(name);
        let filled = slot
            .output
            .skeletons
            .iter()
            .map(|skeleton| {
                fill(skeleton, &slot.output.tokens, &digest_of).map_err(|error| {
                    let Unfit::Fault { message, help } = error.cause else { return None };
                    let span = self.site.span(slot.template, Fault::Token(error.token));
                    Some(Box::new(Diagnostic { help, ..Diagnostic::error(VALUE, message).at(span, "") }))
                })
            })
            .collect();
        *slot.filled.borrow_mut() = State::Done(filled);
    }

    /// The digest of the objects that template `name` yields, without their metadata.
    fn digest(&self, name: &str) -> Result<String, Unfit> {
        if let Some((_, digest)) = self.environment_digests.iter().find(|(known, _)| known == name) {
            return Ok(digest.clone());
        }
        let Some(at) = self.outputs.iter().position(|slot| slot.name == name) else {
            return Err(self.no_output(name));
        };
        self.fill_slot(at);
        match &*self.outputs[at].filled.borrow() {
            State::Done(Ok(filled)) => Ok(digest(filled.iter())),
            State::Done(Err(_)) => Err(Unfit::Follows),
            State::Waiting | State::Filling => {
                Err(Unfit::fault(format!("content_hash(of=\"{name}\") depends on itself")))
            }
        }
    }

    /// Why `name` gave no output: it could not be rendered, or there is none.
    fn no_output(&self, name: &str) -> Unfit {
        let own = self.site.engine.templates().filter(|(_, source)| self.roles.contains(&source.role));
        let own: Vec<&str> = own.map(|(_, source)| source.name.as_str()).collect();
        if own.contains(&name) {
            return Unfit::Follows;
        }
        let shared = self.environment_digests.iter().map(|(known, _)| known.as_str());
        Unfit::Fault {
            message: format!("content_hash(of=\"{name}\"): there is no such template here"),
            help: did_you_mean(name, own.into_iter().chain(shared)),
        }
    }
}

/// Digests of templates by their name, for the instances of an environment.
pub fn digests(engine: &Engine, objects: &[Object]) -> Vec<(String, String)> {
    let templates = engine.templates().filter(|(_, source)| source.role == TemplateRole::Environment);
    templates
        .map(|(index, source)| {
            let of_template = objects.iter().filter(|object| object.template == index);
            (source.name.clone(), digest(of_template.map(|object| &object.filled)))
        })
        .collect()
}

fn digest<'a>(objects: impl Iterator<Item = &'a Filled>) -> String {
    let mut hasher = Sha256::new();
    for filled in objects {
        hasher.update(&filled.text.as_bytes()[filled.body_start..]);
        // A byte that no YAML text holds keeps two objects from looking like one.
        hasher.update([0]);
    }
    hex(&hasher.finalize()[..DIGEST / 2])
}

/// The number of a template's phase: the folder it lies in.
pub fn phase_of(phases: &[PhaseName], template: &str) -> Option<usize> {
    let folder = template.split('/').next()?;
    phases.iter().position(|phase| phase.as_str() == folder)
}
