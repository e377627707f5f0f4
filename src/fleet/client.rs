//! Reading `clients/<id>.toml`.

use std::collections::BTreeMap;

use super::layout::BAD_NAME;
use super::model::{Client, Contact, Environment, Stack};
use super::state::{State, check_state, read_state};
use crate::diagnostic::{Class, Code, Diagnostic, FileId, Sink, Span};
use crate::document::{Document, Entry, TableReader, did_you_mean, quoted};
use crate::names::ClientId;
use crate::params::{Declarations, Layer, LayerSource, Overlay};

pub(super) const UNKNOWN_STACK: Code = Code::new("LMS129", Class::Input);
const UNKNOWN_ENVIRONMENT: Code = Code::new("LMS130", Class::Input);
const NOWHERE: Code = Code::new("LMS131", Class::Input);
const NAME: Code = Code::new("LMS145", Class::Input);
const LABEL: Code = Code::new("LMS152", Class::Input);

/// Most characters of an organisation's name.
const MAX_NAME: usize = 256;

/// What a client's file may refer to.
pub(super) struct Known<'f> {
    pub(super) stacks: &'f [Stack],
    pub(super) declarations: &'f [Declarations],
    /// Stacks that are there but wrong: clients of them cannot be judged.
    pub(super) broken_stacks: &'f [String],
    pub(super) default_stack: Option<usize>,
    /// There is no default stack, and why was reported.
    pub(super) is_default_wrong: bool,
    pub(super) environments: &'f [Environment],
    /// Environments that are there but wrong.
    pub(super) broken_environments: &'f [String],
}

/// A client and what it says in each environment.
#[derive(Debug)]
pub(super) struct ClientRead {
    pub(super) client: Client,
    pub(super) overlay: Overlay,
    pub(super) environments: Vec<ClientEnvironment>,
}

/// `[environments.<env>]` of a client.
#[derive(Debug)]
pub(super) struct ClientEnvironment {
    /// Index of the environment.
    pub(super) environment: usize,
    pub(super) key: Span,
    pub(super) state: State,
    pub(super) overlay: Overlay,
}

/// Reads a client; `None` when it cannot be told what it is an instance of.
pub(super) fn read_client(
    document: &Document<'_>,
    id: ClientId,
    file: FileId,
    known: &Known<'_>,
    sink: &mut Sink,
) -> Option<ClientRead> {
    let mut table = document.root();
    let name = read_name(&mut table, sink);
    let stated = read_state(&mut table, &id, sink);
    let stack = find_stack(&mut table, known, sink);
    let labels = table.table("labels", sink).map(|labels| read_labels(&labels, sink)).unwrap_or_default();
    let contacts = read_contacts(&mut table, sink);
    let params = table.table("params", sink);
    let unset = table.strings("unset", sink);
    let environments = table.table("environments", sink);
    let hint = |name: &str| stack.and_then(|stack| known.declarations[stack].hint(name));
    table.finish_with(hint, sink);

    let stack = stack?;
    check_state(stated, &known.stacks[stack], sink);
    let declarations = (known.stacks[stack].name.as_str(), &known.declarations[stack]);
    let source = LayerSource { layer: Layer::Client, params: params.as_ref(), unset: &unset };
    let overlay = Overlay::read(source, declarations, sink);
    if environments.as_ref().is_none_or(TableReader::is_empty) {
        let warning = Diagnostic::warning(NOWHERE, format!("client `{id}` runs in no environment"));
        sink.push(warning.at(Span::file_start(file), "").help("add `[environments.<name>]`"));
    }
    let mut places = Vec::new();
    for entry in environments.iter().flat_map(TableReader::entries) {
        let environment = find_environment(&entry, known, sink);
        if let Some(environment) = environment.map(|at| &known.environments[at]) {
            check_runs(environment, stack, entry.key, known, sink);
        }
        let Some(mut table) = entry.node.table(&format!("environments.{}", entry.name), sink) else { continue };
        let own = read_state(&mut table, &id, sink);
        check_state(own, &known.stacks[stack], sink);
        let state = own.or(stated).map(|stated| stated.state).unwrap_or_default();
        let params = table.table("params", sink);
        let unset = table.strings("unset", sink);
        table.finish_with(hint, sink);
        let source = LayerSource { layer: Layer::ClientInEnvironment, params: params.as_ref(), unset: &unset };
        let overlay = Overlay::read(source, declarations, sink);
        places.extend(environment.map(|environment| ClientEnvironment { environment, key: entry.key, state, overlay }));
    }
    check_id(&id, file, known, stack, sink);
    let client = Client { id, file, name: name.unwrap_or_default(), stack, labels, contacts };
    Some(ClientRead { client, overlay, environments: places })
}

fn read_name(table: &mut TableReader<'_>, sink: &mut Sink) -> Option<String> {
    let name = table.required_string("name", sink)?;
    let length = name.value.chars().count();
    let rule = if name.value.trim().is_empty() {
        "`name` is empty".into()
    } else if length > MAX_NAME {
        format!("`name` has {length} characters ({} bytes), at most {MAX_NAME} are allowed", name.value.len())
    } else {
        return Some(name.value.into());
    };
    sink.push(Diagnostic::error(NAME, rule).at(name.span, ""));
    None
}

fn find_stack(table: &mut TableReader<'_>, known: &Known<'_>, sink: &mut Sink) -> Option<usize> {
    let Some(named) = table.string("stack", sink) else {
        if known.default_stack.is_none() && !known.is_default_wrong {
            let fault = Diagnostic::error(UNKNOWN_STACK, "the client names no stack, and there is no default one");
            sink.push(fault.at(table.span(), "").help("write `stack = \"…\"` here or in `lmsgen.toml`"));
        }
        return known.default_stack;
    };
    let found = known.stacks.iter().position(|stack| stack.name.as_str() == named.value);
    if found.is_none() && !known.broken_stacks.iter().any(|broken| broken == named.value) {
        sink.push(unknown_stack(named.value, named.span, known.stacks.iter().map(|stack| stack.name.as_str())));
    }
    found
}

/// The fault of naming a stack that is not there.
pub(super) fn unknown_stack<'n>(name: &str, span: Span, stacks: impl Iterator<Item = &'n str> + Clone) -> Diagnostic {
    let mut fault = Diagnostic::error(UNKNOWN_STACK, format!("unknown stack {}", quoted(name))).at(span, "");
    fault.help = did_you_mean(name, stacks.clone())
        .or_else(|| Some(format!("stacks are folders below `templates`: {}", list(stacks))));
    fault
}

fn list<'n>(names: impl Iterator<Item = &'n str>) -> String {
    let names: Vec<_> = names.take(10).map(|name| format!("`{name}`")).collect();
    if names.is_empty() { "there is none".into() } else { names.join(", ") }
}

fn find_environment(entry: &Entry<'_>, known: &Known<'_>, sink: &mut Sink) -> Option<usize> {
    let found = known.environments.binary_search_by(|environment| environment.name.as_str().cmp(entry.name)).ok();
    if found.is_none() && !known.broken_environments.iter().any(|broken| broken == entry.name) {
        let names = || known.environments.iter().map(|environment| environment.name.as_str());
        let mut fault = Diagnostic::error(UNKNOWN_ENVIRONMENT, format!("unknown environment {}", quoted(entry.name)))
            .at(entry.key, "");
        fault.help = did_you_mean(entry.name, names())
            .or_else(|| Some(format!("environments are files below `environments`: {}", list(names()))));
        sink.push(fault);
    }
    found
}

/// An environment says itself which stacks it runs: their shared objects are its own.
fn check_runs(environment: &Environment, stack: usize, key: Span, known: &Known<'_>, sink: &mut Sink) {
    if environment.stacks.contains(&stack) {
        return;
    }
    let stack = &known.stacks[stack].name;
    let message = format!("environment `{}` does not run stack `{stack}`", environment.name);
    let help = format!("add `{stack}` to `stacks` in `environments/{}.toml`", environment.name);
    sink.push(Diagnostic::error(UNKNOWN_STACK, message).at(key, "").help(help));
}

fn check_id(id: &ClientId, file: FileId, known: &Known<'_>, stack: usize, sink: &mut Sink) {
    let start = Span::file_start(file);
    let slug = id.slug();
    if known.environments.iter().any(|environment| environment.name.as_str() == slug) {
        let fault = Diagnostic::error(BAD_NAME, format!("client name `{id}` is reserved: an environment is called so"));
        sink.push(fault.at(start, "").help("rename the file"));
    }
    let stack = &known.stacks[stack];
    if let Some(pattern) = stack.client_id.as_ref().filter(|pattern| !pattern.matches(id.as_str())) {
        let message = format!("client name `{id}` does not match `{}`", pattern.as_str());
        let help = format!("rename the file; the rule is `client-id` of stack `{}`", stack.name);
        sink.push(Diagnostic::error(BAD_NAME, message).at(start, "").help(help));
    }
}

fn read_labels(table: &TableReader<'_>, sink: &mut Sink) -> BTreeMap<String, String> {
    let mut labels = BTreeMap::new();
    for entry in table.entries() {
        let Some(value) = entry.node.string(&table.path_of(entry.name), sink) else { continue };
        let wrong = if entry.name.is_empty() || !is_label(entry.name) {
            Some(("label", entry.name, entry.key))
        } else if !is_label(value) {
            Some(("label value", value, entry.node.span()))
        } else {
            None
        };
        if let Some((what, text, span)) = wrong {
            let message = format!("{what} {} breaks Kubernetes' rule", quoted(text));
            let help = "at most 63 letters, digits, `-`, `_` and `.`, with a letter or digit at both ends";
            sink.push(Diagnostic::error(LABEL, message).at(span, "").help(help));
        }
        labels.insert(entry.name.to_owned(), value.to_owned());
    }
    labels
}

/// The rule of Kubernetes for label values, so that templates can use these as labels.
fn is_label(text: &str) -> bool {
    let edge = |c: Option<char>| c.is_none_or(|c| c.is_ascii_alphanumeric());
    text.len() <= 63
        && edge(text.chars().next())
        && edge(text.chars().last())
        && text.chars().all(|c| c.is_ascii_alphanumeric() || matches!(c, '-' | '_' | '.'))
}

fn read_contacts(table: &mut TableReader<'_>, sink: &mut Sink) -> Vec<Contact> {
    let Some(entry) = table.take("contacts") else { return Vec::new() };
    let items = entry.node.list("contacts", sink).unwrap_or_default();
    let mut contacts = Vec::with_capacity(items.len());
    for (n, item) in items.into_iter().enumerate() {
        let Some(mut table) = item.table(&format!("contacts[{n}]"), sink) else { continue };
        let person = table.required_string("person", sink);
        let mut texts = |key| table.strings(key, sink).into_iter().map(|text| text.value.to_owned()).collect();
        let (phones, emails) = (texts("phones"), texts("emails"));
        table.finish(sink);
        contacts.extend(person.map(|person| Contact { person: person.value.into(), phones, emails }));
    }
    contacts
}
