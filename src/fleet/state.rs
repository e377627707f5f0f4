//! A client's `state`: from running to gone, one step after the other. Says what each state means; renders nothing.

use super::model::{Fleet, Instance, Stack, TemplateFile};
use crate::diagnostic::{Class, Code, Diagnostic, Sink, Span};
use crate::document::{TableReader, did_you_mean, quoted};
use crate::names::{ClientId, PhaseName};

/// A state that there is not.
const UNKNOWN: Code = Code::new("LMS621", Class::Input);
/// A client whose data would be dropped without anybody having said so.
const UNCONFIRMED: Code = Code::new("LMS622", Class::Guard);
/// A confirmation left behind, which would confirm the next change without being asked.
const NOTHING_TO_CONFIRM: Code = Code::new("LMS623", Class::Input);
/// A stack that cannot drop what its clients leave behind.
const CANNOT_DEPROVISION: Code = Code::new("LMS624", Class::Input);

/// The folder of a stack, and of an instance's output, with what drops a client's data.
pub const DEPROVISION: &str = "deprovision";

const CONFIRM: &str = "confirm-data-loss";

/// What is delivered of an instance.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum State {
    /// Everything; also when nothing is said.
    #[default]
    Active,
    /// Everything, and nothing runs: what is served is answered by nobody.
    Suspended,
    /// What holds data, and nothing else.
    Archived,
    /// What holds data, and the stack's `deprovision/` folder, whose Jobs drop what lies in databases.
    Deprovisioned,
}

impl State {
    const ALL: [Self; 4] = [Self::Active, Self::Suspended, Self::Archived, Self::Deprovisioned];

    /// As `state` names it.
    #[must_use]
    pub const fn word(self) -> &'static str {
        match self {
            Self::Active => "active",
            Self::Suspended => "suspended",
            Self::Archived => "archived",
            Self::Deprovisioned => "deprovisioned",
        }
    }
}

impl Stack {
    /// `true` if the stack says how a client's data is dropped.
    #[must_use]
    pub fn can_deprovision(&self) -> bool {
        self.templates.iter().any(TemplateFile::is_deprovision)
    }
}

impl Fleet {
    /// The folders of an instance in the order of their delivery: the phases of its stack, and `deprovision` after all others
    /// if it is in that state.
    pub fn phases(&self, instance: &Instance) -> impl Iterator<Item = &str> + Clone {
        let stack = &self.stacks[self.clients[instance.client].stack];
        let last = (instance.state == State::Deprovisioned).then_some(DEPROVISION);
        stack.phases.iter().map(PhaseName::as_str).chain(last)
    }

    /// Custom kinds that any stack says hold no data.
    #[must_use]
    pub fn without_data(&self) -> Vec<String> {
        self.stacks.iter().flat_map(|stack| stack.without_data.iter().cloned()).collect()
    }
}

/// `state` of a table, with its place.
#[derive(Clone, Copy, Debug)]
pub(super) struct Stated {
    pub(super) state: State,
    span: Span,
}

/// Reads `state` and `confirm-data-loss`, which stand in the same table.
pub(super) fn read_state(table: &mut TableReader<'_>, id: &ClientId, sink: &mut Sink) -> Option<Stated> {
    let named = table.string("state", sink);
    let confirmed = table.string(CONFIRM, sink);
    let key = table.get(CONFIRM).map(|entry| entry.key);
    let known = named.and_then(|named| State::ALL.into_iter().find(|state| state.word() == named.value));
    if let (Some(named), None) = (named, known) {
        let help = did_you_mean(named.value, State::ALL.into_iter().map(State::word))
            .unwrap_or_else(|| "write `active`, `suspended`, `archived` or `deprovisioned`".into());
        let fault = Diagnostic::error(UNKNOWN, format!("state {} is unknown", quoted(named.value)));
        sink.push(fault.at(named.span, "").help(help));
        return None;
    }
    match (known, confirmed, key) {
        (Some(State::Deprovisioned), Some(confirmed), _) if confirmed.value == id.as_str() => {}
        (Some(State::Deprovisioned), ..) => {
            let span = confirmed.map_or_else(|| named.map_or(table.span(), |named| named.span), |found| found.span);
            let message = format!("client `{id}` would lose its data, and nobody has confirmed it");
            let help = format!(
                "write `{CONFIRM} = \"{id}\"` beside `state` if its databases are to be dropped; `state = \"archived\"` keeps them"
            );
            sink.push(Diagnostic::error(UNCONFIRMED, message).at(span, "").help(help));
        }
        (_, _, Some(key)) => {
            let message = format!("`{CONFIRM}` is for `state = \"deprovisioned\"` in the same table");
            sink.push(Diagnostic::error(NOTHING_TO_CONFIRM, message).at(key, "").help("remove it"));
        }
        _ => {}
    }
    named.zip(known).map(|(named, state)| Stated { state, span: named.span })
}

/// Reports a state that the stack has nothing for.
pub(super) fn check_state(stated: Option<Stated>, stack: &Stack, sink: &mut Sink) {
    let Some(Stated { state: State::Deprovisioned, span }) = stated else { return };
    if !stack.can_deprovision() {
        let message = format!("stack `{}` has no folder `{DEPROVISION}`: it cannot drop a client's data", stack.name);
        let help = format!(
            "write `state = \"archived\"` and drop the data by hand, or add Jobs that do to `templates/{}/{DEPROVISION}/`",
            stack.name
        );
        sink.push(Diagnostic::error(CANNOT_DEPROVISION, message).at(span, "").help(help));
    }
}
