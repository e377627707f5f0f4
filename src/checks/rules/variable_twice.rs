//! A variable that a container gets twice: the later one wins, and the other was meant by somebody.
//!
//! A variable in `env` over one from `envFrom` is no fault: it is how a default is replaced.

use crate::checks::model::{Found, Group, Object};
use crate::checks::walk::{each_container, each_pod};
use crate::diagnostic::{Class, Code};
use crate::kubernetes::Spot;

/// A variable that is defined twice.
const TWICE: Code = Code::new("LMS811", Class::Input);

pub fn check(group: &Group<'_>, found: &mut Vec<Found>) {
    each_pod(group, |at, object, spec| {
        each_container(spec, |container| {
            in_env(at, container, found);
            if container.count("envFrom") > 1 {
                in_sources(group, (at, object), container, found);
            }
        });
    });
}

fn in_env(at: usize, container: Spot<'_, '_>, found: &mut Vec<Found>) {
    let variables: Vec<Spot<'_, '_>> = container.items("env").collect();
    for (nth, variable) in variables.iter().enumerate() {
        let Some(name) = variable.text("name") else { continue };
        let Some(first) = variables[..nth].iter().find(|other| other.text("name") == Some(name)) else { continue };
        // `PATH: /x:$(PATH)` adds to what was there.
        if variable.text("value").is_some_and(|value| value.contains(&format!("$({name})"))) {
            continue;
        }
        let message = format!("variable `{}` is defined twice; the last one wins", name.escape_debug());
        let fault = Found::warning(TWICE, at, variable.path_to("name"), message).help("remove one of them");
        found.push(fault.also(at, first.path_to("name"), "defined before"));
    }
}

fn in_sources<'a>(
    group: &Group<'a>,
    (at, object): (usize, &Object<'a>),
    container: Spot<'a, '_>,
    found: &mut Vec<Found>,
) {
    let mut seen: Vec<String> = Vec::new();
    for source in container.items("envFrom") {
        let prefix = source.text_or_empty("prefix");
        let mut own = Vec::new();
        for (field, kind) in [("configMapRef", "ConfigMap"), ("secretRef", "Secret")] {
            let Some(reference) = source.get(field) else { continue };
            let keys = group.keys_of(object, kind, reference.text_or_empty("name")).unwrap_or_default();
            own.extend(keys.into_iter().map(|key| format!("{prefix}{key}")));
        }
        if let Some(name) = own.iter().find(|name| seen.contains(name)) {
            let message = format!("variable `{}` is in an earlier source, too; the last one wins", name.escape_debug());
            let fault = Found::warning(TWICE, at, source.path(), message);
            found.push(fault.help("give one of the sources a `prefix`, or remove the key from one"));
        }
        seen.append(&mut own);
    }
}

#[cfg(test)]
mod tests {
    use super::check;
    use crate::checks::testing::{Given, object, pod};

    fn look(rest: &str) -> Vec<String> {
        let text = format!("containers:\n- name: a\n  image: a/b:1\n  {rest}\n");
        let first = object("v1", "ConfigMap", "m", "data: {HOST: a, X: a}\n");
        let second = object("v1", "ConfigMap", "n", "data: {HOST: b}\n");
        Given::open(&[&pod(&text), &first, &second]).look(check)
    }

    #[test]
    fn a_variable_is_defined_once() {
        assert_eq!(
            look("env: [{name: A, value: a}, {name: A, value: b}]"),
            ["warning LMS811 spec.containers[0].env[1].name: variable `A` is defined twice; the last one wins"]
        );
        assert_eq!(
            look("envFrom: [{configMapRef: {name: m}}, {configMapRef: {name: n}}]"),
            [
                "warning LMS811 spec.containers[0].envFrom[1]: variable `HOST` is in an earlier source, too; the last one wins"
            ]
        );
        for good in [
            "env: [{name: A, value: a}, {name: A, value: b:$(A)}]",
            "envFrom: [{configMapRef: {name: m}}, {configMapRef: {name: n}, prefix: B_}]",
            "envFrom: [{configMapRef: {name: m}}]\n  env: [{name: HOST, value: own}]",
        ] {
            assert_eq!(look(good), [""; 0], "{good}");
        }
    }
}
