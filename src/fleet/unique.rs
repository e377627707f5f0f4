//! Values that no two clients of an environment may share: a database, a public path.
//!
//! Compared without regard to case: ingress-nginx matches paths so, and PostgreSQL folds names.

use std::collections::HashMap;

use super::model::{Fleet, Instance};
use crate::diagnostic::{Class, Code, Diagnostic, Sink, Span};
use crate::document::quoted;
use crate::params::{ParamDecl, ParamValue, Unique};

/// Two clients want the same.
const TAKEN: Code = Code::new("LMS158", Class::Input);

/// Reports every instance whose value of a `unique` parameter another one of its environment has, too.
pub(super) fn check(fleet: &Fleet, sink: &mut Sink) {
    // By environment, parameter and value: the first instance that has it.
    let mut taken: HashMap<(usize, &str, String), &Instance> = HashMap::new();
    for instance in &fleet.instances {
        let stack = &fleet.stacks[fleet.clients[instance.client].stack];
        for (index, decl) in stack.params.iter().enumerate() {
            let Some(unique) = &decl.unique else { continue };
            let Some(value) = value(fleet, instance, index, unique) else { continue };
            let key = (instance.environment, decl.path.as_str(), value.to_lowercase());
            match taken.get(&key) {
                Some(first) => sink.push(fault(fleet, decl, (index, &value), [instance, first])),
                None => {
                    taken.insert(key, instance);
                }
            }
        }
    }
}

/// The value that counts; `None` where none does.
fn value(fleet: &Fleet, instance: &Instance, index: usize, unique: &Unique) -> Option<String> {
    let client = &fleet.clients[instance.client].id;
    match instance.params.get(index).map(|resolved| &resolved.value) {
        Some(ParamValue::String(text)) => Some(text.clone()),
        Some(other) => Some(other.to_string()),
        None => {
            let stand_in = unique.when_unset.as_deref()?;
            Some(stand_in.replace("{client}", &client.slug()).replace("{id}", client.as_str()))
        }
    }
}

fn fault(fleet: &Fleet, decl: &ParamDecl, (index, value): (usize, &str), pair: [&Instance; 2]) -> Diagnostic {
    let [second, first] = pair.map(|instance| &fleet.clients[instance.client].id);
    let environment = &fleet.environments[pair[0].environment].name;
    let [here, there] = pair.map(|instance| {
        let set = instance.params.get(index).map(|resolved| resolved.origin.span);
        set.unwrap_or_else(|| Span::file_start(fleet.clients[instance.client].file))
    });
    let message = format!(
        "`{}` is {} for both `{first}` and `{second}` in `{environment}`: it must be each client's own",
        decl.path,
        quoted(value)
    );
    Diagnostic::error(TAKEN, message)
        .at(here, format!("of `{second}`"))
        .also(there, format!("of `{first}`"))
        .help("give one of them another value; letters that differ in case only do not count")
}
