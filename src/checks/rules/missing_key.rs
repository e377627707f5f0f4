//! A key that its `ConfigMap` or Secret does not have: the Pod would not start.

use crate::checks::model::{Found, Group, Object};
use crate::checks::references::each_reference;
use crate::checks::walk::listed;
use crate::diagnostic::{Class, Code};
use crate::document::did_you_mean;
use crate::manifest::Path;

/// A reference to a key that is not there.
const MISSING: Code = Code::new("LMS802", Class::Input);

pub fn check(group: &Group<'_>, found: &mut Vec<Found>) {
    for (at, object) in group.objects.iter().enumerate() {
        each_reference(object, &mut |reference| {
            let Some((key, holder)) = reference.key.filter(|_| !reference.is_optional) else { return };
            let Some(keys) = group.keys_of(object, reference.kind, reference.name) else { return };
            if keys.contains(&key) {
                return;
            }
            let (kind, name) = (reference.kind, reference.name.escape_debug());
            let message = format!("{kind} `{name}` has no key `{}`", key.escape_debug());
            let fault = Found::error(MISSING, at, holder.path_to("key"), message);
            let help = did_you_mean(key, keys.iter().copied()).or_else(|| has(&keys));
            let mut fault = fault.help(help.unwrap_or_else(|| "add the key, or correct its name".into()));
            if let Some((other, path)) = place(group, object, kind, reference.name) {
                fault = fault.also(other, path, "its keys are these");
            }
            found.push(fault);
        });
    }
}

fn has(keys: &[&str]) -> Option<String> {
    (1..=8).contains(&keys.len()).then(|| format!("it has {}", listed(keys.iter().copied())))
}

fn place(group: &Group<'_>, near: &Object<'_>, kind: &str, name: &str) -> Option<(usize, Path)> {
    let other = group.find(near, kind, name)?;
    let root = other.spot();
    let field = ["data", "stringData"].into_iter().find(|field| root.has(field))?;
    Some((group.position(other)?, root.path_to(field)))
}

#[cfg(test)]
mod tests {
    use super::check;
    use crate::checks::testing::{Given, object, pod};

    const POD: &str = "containers:\n- name: a\n  image: a/b:1\n  env: [{name: A, valueFrom: {configMapKeyRef: {name: m, key: portt}}}]\nvolumes:\n- {name: x, secret: {secretName: s, items: [{key: ca.crt, path: x}]}}\n";

    #[test]
    fn keys_are_there() {
        let map = object("v1", "ConfigMap", "m", "data: {port: a}\n");
        let secret = object("v1", "Secret", "s", "stringData: {tls.crt: a}\n");
        let said = Given::open(&[&pod(POD), &map, &secret]).look(check);
        assert_eq!(
            said,
            [
                "LMS802 spec.containers[0].env[0].valueFrom.configMapKeyRef.key: ConfigMap `m` has no key `portt`",
                "LMS802 spec.volumes[0].secret.items[0].key: Secret `s` has no key `ca.crt`",
            ]
        );
        let stored = Given::closed(&[&pod(POD)]).stored("s", &["ca.crt"]);
        assert_eq!(stored.look(check), [""; 0], "a ConfigMap that is not here says nothing");
    }

    #[test]
    fn keys_that_cannot_be_known_are_right() {
        let external =
            object("external-secrets.io/v1", "ExternalSecret", "s", "spec: {dataFrom: [{extract: {key: x}}]}\n");
        assert_eq!(Given::closed(&[&pod(POD), &external]).look(check), [""; 0]);
        let optional = POD.replace("key: portt", "key: portt, optional: true");
        let map = object("v1", "ConfigMap", "m", "data: {port: a}\n");
        assert_eq!(Given::closed(&[&pod(&optional), &map]).look(check), [""; 0]);
    }
}
