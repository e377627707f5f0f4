//! Reading `templates/<stack>/`: `stack.toml` and the list of templates.

use std::collections::BTreeSet;

use super::layout::{COMPONENTS_FOLDER, ENVIRONMENT_FOLDER};
use super::model::{SecretDecl, Stack, TemplateFile};
use super::stack_secrets::read_secrets;
use super::state::DEPROVISION;
use crate::diagnostic::{Class, Code, Diagnostic, FileId, Sink, Span};
use crate::document::{Document, TableReader, nearest, quoted};
use crate::names::{PhaseName, RelPath, StackName};
use crate::params::{Declarations, ParamDecl, Pattern, Shape};

const PHASE: Code = Code::new("LMS140", Class::Input);
const NO_TEMPLATE: Code = Code::new("LMS141", Class::Input);
const CLIENT_ID: Code = Code::new("LMS143", Class::Input);
const SAME_SECRET: Code = Code::new("LMS159", Class::Input);
const NAMES: Code = Code::new("LMS144", Class::Input);

/// A template before its stack is read.
#[derive(Debug)]
pub(super) struct TemplateText {
    pub(super) folder: String,
    pub(super) path: RelPath,
    pub(super) file: FileId,
}

/// Reads a stack from its `stack.toml` and the templates beside it.
pub(super) fn read_stack(
    document: &Document<'_>,
    name: StackName,
    file: FileId,
    templates: Vec<TemplateText>,
    sink: &mut Sink,
) -> (Stack, Declarations) {
    let mut table = document.root();
    let client_id = table.string("client-id", sink).and_then(|written| match Pattern::new(written.value) {
        Ok(pattern) => Some(pattern),
        Err(_) => {
            let message = format!("{} is no regular expression", quoted(written.value));
            sink.push(Diagnostic::error(CLIENT_ID, message).at(written.span, ""));
            None
        }
    });
    let phases = read_phases(&mut table, sink);
    let params = table.table("params", sink);
    let declarations = Declarations::read(params.as_ref(), sink);
    check_names(declarations.list(), sink);
    let secrets = read_secrets(table.table("secrets", sink), &declarations, sink);
    let environment_secrets = read_secrets(table.table("environment-secrets", sink), &declarations, sink);
    check_secret_names(&secrets, &environment_secrets, sink);
    let mut kinds = |key| table.strings(key, sink).into_iter().map(|kind| kind.value.to_owned()).collect();
    let (cluster_scoped, without_data) = (kinds("cluster-scoped"), kinds("without-data"));
    table.finish(sink);
    let (templates, components) = sort_templates(&phases, templates, sink);
    for (phase, span) in &phases {
        if !templates.iter().any(|template| template.phase.as_ref() == Some(phase)) {
            let fault = Diagnostic::error(NO_TEMPLATE, format!("phase `{phase}` has no template")).at(*span, "");
            sink.push(fault.help(format!("add one to `templates/{name}/{phase}/`, or remove the phase")));
        }
    }
    let stack = Stack {
        name,
        file,
        phases: phases.into_iter().map(|(phase, _)| phase).collect(),
        params: declarations.list().clone(),
        client_id,
        secrets,
        environment_secrets,
        cluster_scoped,
        without_data,
        templates,
        components,
    };
    (stack, declarations)
}

fn read_phases(table: &mut TableReader<'_>, sink: &mut Sink) -> Vec<(PhaseName, Span)> {
    let Some(entry) = table.require("phases", sink) else { return Vec::new() };
    let Some(found) = entry.node.strings("phases", sink) else { return Vec::new() };
    if found.is_empty() {
        sink.push(Diagnostic::error(PHASE, "a stack needs at least one phase").at(entry.node.span(), ""));
    }
    let mut phases: Vec<(PhaseName, Span)> = Vec::new();
    for text in found {
        let rule = match PhaseName::new(text.value) {
            _ if [COMPONENTS_FOLDER, DEPROVISION].contains(&text.value) => "is reserved".into(),
            Err(fault) => fault.to_string(),
            Ok(name) => {
                if let Some((_, first)) = phases.iter().find(|(known, _)| *known == name) {
                    let fault = Diagnostic::error(PHASE, format!("phase `{name}` stands here twice"));
                    sink.push(fault.at(text.span, "").also(*first, "first"));
                } else {
                    phases.push((name, text.span));
                }
                continue;
            }
        };
        let message = format!("phase name {} {rule}", quoted(text.value));
        sink.push(Diagnostic::error(PHASE, message).at(text.span, ""));
    }
    phases
}

/// Parameters `names.<secret>` name objects, so nothing but a name will do.
fn check_names(decls: &[ParamDecl], sink: &mut Sink) {
    for decl in decls {
        if decl.path.as_str().starts_with("names.") && !matches!(decl.shape, Shape::Name) {
            let fault = Diagnostic::error(NAMES, format!("`{}` must be of type `name`", decl.path)).at(decl.span, "");
            sink.push(fault.help("parameters below `names` are names of objects"));
        }
    }
}

/// Templates name a Secret without saying whether it is the instance's or the environment's.
fn check_secret_names(secrets: &[SecretDecl], environment_secrets: &[SecretDecl], sink: &mut Sink) {
    for secret in secrets {
        if let Some(other) = environment_secrets.iter().find(|other| other.name == secret.name) {
            let message = format!("Secret `{}` is declared for instances and for environments", secret.name);
            let fault = Diagnostic::error(SAME_SECRET, message).at(other.span, "").also(secret.span, "first");
            sink.push(fault.help("give one of them another name"));
        }
    }
}

/// Splits templates from components and reports folders that are neither a phase nor known.
fn sort_templates(
    phases: &[(PhaseName, Span)],
    found: Vec<TemplateText>,
    sink: &mut Sink,
) -> (Vec<TemplateFile>, Vec<TemplateFile>) {
    let (mut templates, mut components) = (Vec::new(), Vec::new());
    let mut reported = BTreeSet::new();
    for text in found {
        let name = format!("{}/{}", text.folder, text.path.file_name());
        let mut file = TemplateFile { phase: None, name, file: text.file };
        match text.folder.as_str() {
            ENVIRONMENT_FOLDER | DEPROVISION => templates.push(file),
            COMPONENTS_FOLDER => components.push(file),
            folder => {
                if let Some((phase, _)) = phases.iter().find(|(phase, _)| phase.as_str() == folder) {
                    file.phase = Some(phase.clone());
                    templates.push(file);
                // Without any phase, that is the fault.
                } else if !phases.is_empty() && reported.insert(folder.to_owned()) {
                    sink.push(no_phase(folder, text.file, phases));
                }
            }
        }
    }
    // `environment` first, then phases in their order: what is applied first stands first.
    let order = |file: &TemplateFile| {
        let phase = phases.iter().position(|(phase, _)| file.phase.as_ref() == Some(phase));
        (file.is_deprovision(), phase)
    };
    templates.sort_by(|a, b| order(a).cmp(&order(b)).then_with(|| a.name.cmp(&b.name)));
    (templates, components)
}

fn no_phase(folder: &str, file: FileId, phases: &[(PhaseName, Span)]) -> Diagnostic {
    let known =
        || phases.iter().map(|(phase, _)| phase.as_str()).chain([ENVIRONMENT_FOLDER, COMPONENTS_FOLDER, DEPROVISION]);
    let help = match nearest(folder, known()) {
        Some(near) => format!("rename the folder to `{near}`?"),
        None => "add it to `phases`, or remove it".into(),
    };
    Diagnostic::error(PHASE, format!("folder {} is no phase of the stack", quoted(folder)))
        .at(Span::file_start(file), "")
        .help(help)
}
