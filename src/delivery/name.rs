//! Names of the engines' objects. Flux writes them into label values, which have 63 characters.

use std::collections::HashMap;

use crate::diagnostic::{Class, Code, Diagnostic, Sink, Span};
use crate::fleet::{Delivery, Fleet, Layout};

/// A name longer than a label value.
const TOO_LONG: Code = Code::new("LMS900", Class::Input);
/// A name that another instance's object has.
const TWICE: Code = Code::new("LMS901", Class::Input);

/// Most characters of a label value in Kubernetes.
const MOST: usize = 63;

/// `lms-dev-c42-app`: a part of an environment.
pub fn join(environment: &str, parts: &[&str]) -> String {
    parts.iter().fold(environment.to_owned(), |name, part| name + "-" + part)
}

/// Reports names that are too long, and names that two instances of environments on one engine share: `a` with a client
/// `b-c` and `a-b` with a client `c` may be delivered to one cluster.
pub fn check(fleet: &Fleet, sink: &mut Sink) {
    let mut seen: HashMap<(&'static str, String), usize> = HashMap::new();
    for (at, instance) in fleet.instances.iter().enumerate() {
        let environment = &fleet.environments[instance.environment];
        let client = &fleet.clients[instance.client];
        let here = |fault: Diagnostic| {
            fault.at(Span::file_start(client.file), "").in_instance(format!("{}/{}", environment.name, client.id))
        };
        let base = join(environment.name.as_str(), &[&client.id.slug()]);
        let longest = match &environment.delivery {
            Delivery::Kubectl => continue,
            Delivery::Flux(flux) if flux.layout == Layout::Environment => continue,
            Delivery::Flux(_) => {
                let phases = fleet.phases(instance);
                join(&base, &[phases.max_by_key(|phase| phase.len()).unwrap_or_default()])
            }
            Delivery::ArgoCd(_) => base.clone(),
        };
        if longest.len() > MOST {
            let message = format!(
                "`{longest}`, the name of what delivers the client, has {} characters; {MOST} are allowed",
                longest.len()
            );
            sink.push(
                here(Diagnostic::error(TOO_LONG, message)).help("shorten the client's id or the environment's name"),
            );
        }
        if let Some(other) = seen.insert((environment.delivery.word(), base.clone()), at) {
            let other = &fleet.instances[other];
            let (there, other) = (&fleet.environments[other.environment].name, &fleet.clients[other.client]);
            let message = format!("`{base}` names the delivery of `{there}/{}`, too", other.id);
            let fault = here(Diagnostic::error(TWICE, message)).also(Span::file_start(other.file), "the other one");
            sink.push(fault.help("rename one of the two clients or environments"));
        }
    }
}
