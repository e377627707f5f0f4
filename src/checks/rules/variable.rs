//! `$(NAME)` in a container whose variable is not defined, or not yet: the kubelet leaves the text as it is.

use crate::checks::model::{Found, Group, Object};
use crate::checks::walk::{each_container, each_pod};
use crate::diagnostic::{Class, Code};
use crate::kubernetes::Spot;
use crate::manifest::Path;

/// A reference to a variable that is not there.
const UNDEFINED: Code = Code::new("LMS810", Class::Input);

pub fn check(group: &Group<'_>, found: &mut Vec<Found>) {
    each_pod(group, |at, object, spec| {
        let links = !spec.is_false("enableServiceLinks");
        each_container(spec, |container| look(group, (at, object, links), container, found));
    });
}

fn look<'a>(
    group: &Group<'a>,
    (at, object, links): (usize, &Object<'a>, bool),
    container: Spot<'a, '_>,
    found: &mut Vec<Found>,
) {
    let outer = outer_names(group, object, container);
    let variables: Vec<Spot<'_, '_>> = container.items("env").collect();
    let is_known = |name: &str| match &outer {
        Some(names) => names.iter().any(|known| known == name),
        None => true,
    };
    let is_elsewhere = |name: &str| is_known(name) || is_of_a_service(name, links);
    for (nth, variable) in variables.iter().enumerate() {
        for name in variable.text("value").into_iter().flat_map(references) {
            let defined = |list: &[Spot<'_, '_>]| list.iter().any(|other| other.text("name") == Some(name));
            if defined(&variables[..nth]) {
                continue;
            }
            let path = variable.path_to("value");
            if let Some(later) = variables[nth + 1..].iter().find(|other| other.text("name") == Some(name)) {
                // With a value from elsewhere it is at least defined, and meant to be wrapped.
                if outer.as_ref().is_none_or(|names| !names.iter().any(|known| known == name)) {
                    let fault = Found::error(UNDEFINED, at, path, format!("`$({name})` is defined further down only"));
                    let fault = fault.help(format!("move `{name}` above the variable that uses it"));
                    found.push(fault.also(at, later.path_to("name"), "defined here"));
                }
            } else if is_name(name) && !is_elsewhere(name) {
                found.push(undefined(at, path, name));
            }
        }
    }
    for field in ["command", "args"] {
        for (text, item) in container.texts(field) {
            for name in references(text).into_iter().filter(|name| is_name(name)) {
                let is_own = variables.iter().any(|other| other.text("name") == Some(name));
                if !is_own && !is_elsewhere(name) {
                    found.push(undefined(at, item.path(), name));
                }
            }
        }
    }
}

fn undefined(at: usize, path: Path, name: &str) -> Found {
    let fault = Found::error(UNDEFINED, at, path, format!("`$({name})` is not defined in this container"));
    fault.help(format!("define `{name}` in `env` above it; write `$$({name})` if the text is meant"))
}

/// Names from `envFrom`; `None` if one of its sources is not here.
fn outer_names<'a>(group: &Group<'a>, object: &Object<'a>, container: Spot<'a, '_>) -> Option<Vec<String>> {
    let mut names = Vec::new();
    for source in container.items("envFrom") {
        let prefix = source.text_or_empty("prefix");
        for (field, kind) in [("configMapRef", "ConfigMap"), ("secretRef", "Secret")] {
            let Some(reference) = source.get(field) else { continue };
            let keys = group.keys_of(object, kind, reference.text_or_empty("name"))?;
            names.extend(keys.into_iter().map(|key| format!("{prefix}{key}")));
        }
    }
    Some(names)
}

/// Kubernetes defines variables for Services: `NAME_SERVICE_HOST`, `NAME_PORT_80_TCP_ADDR`.
fn is_of_a_service(name: &str, links: bool) -> bool {
    name.starts_with("KUBERNETES_")
        || links && ["_SERVICE_HOST", "_SERVICE_PORT", "_PORT"].iter().any(|part| name.contains(part))
}

/// A name as variables have; anything else may be a shell's command.
fn is_name(name: &str) -> bool {
    name.starts_with(|c: char| c.is_ascii_uppercase() || c == '_')
        && name.bytes().all(|b| b.is_ascii_uppercase() || b.is_ascii_digit() || b == b'_')
}

/// What stands between `$(` and `)`; `$$` is a dollar.
fn references(text: &str) -> Vec<&str> {
    let mut names = Vec::new();
    let mut rest = text;
    while let Some(at) = rest.find('$') {
        let after = &rest[at + 1..];
        rest = match after.as_bytes().first() {
            Some(b'$') => &after[1..],
            Some(b'(') => match after.find(')') {
                Some(end) => {
                    names.push(&after[1..end]);
                    &after[end + 1..]
                }
                None => return names,
            },
            _ => after,
        };
    }
    names
}

#[cfg(test)]
mod tests {
    use super::check;
    use crate::checks::testing::{Given, object, pod};

    fn look(rest: &str) -> Vec<String> {
        let text = format!("enableServiceLinks: false\ncontainers:\n- name: a\n  image: a/b:1\n  {rest}\n");
        let map = object("v1", "ConfigMap", "m", "data: {HOST: a}\n");
        Given::open(&[&pod(&text), &map]).look(check)
    }

    #[test]
    fn variables_are_defined_above() {
        let at = "LMS810 spec.containers[0]";
        assert_eq!(
            look("env: [{name: A, value: x$(B)}, {name: B, value: b}]"),
            [format!("{at}.env[0].value: `$(B)` is defined further down only")]
        );
        assert_eq!(
            look("env: [{name: A, value: $(PASSWORT)}]"),
            [format!("{at}.env[0].value: `$(PASSWORT)` is not defined in this container")]
        );
        assert_eq!(look("args: [--x, $(X)]"), [format!("{at}.args[1]: `$(X)` is not defined in this container")]);
    }

    #[test]
    fn what_is_defined_or_no_variable_is_right() {
        for good in [
            "env: [{name: B, value: b}, {name: A, value: x$(B)}]",
            "env: [{name: A, value: $$(B)}, {name: C, value: $(}, {name: D, value: $B}]",
            "envFrom: [{configMapRef: {name: m}}]\n  env: [{name: A, value: $(HOST)}]",
            "envFrom: [{configMapRef: {name: m}, prefix: X_}]\n  args: [$(X_HOST)]",
            "envFrom: [{configMapRef: {name: elsewhere}}]\n  args: [$(ANY)]",
            "command: [sh, -c, \"echo $(date) $(cat /x) $(KUBERNETES_SERVICE_HOST)\"]",
        ] {
            assert_eq!(look(good), [""; 0], "{good}");
        }
    }
}
