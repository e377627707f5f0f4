//! An `ExternalSecret` that does not say from which store a value comes: its controller makes no Secret.

use crate::checks::model::{Found, Group};
use crate::diagnostic::{Class, Code};
use crate::kubernetes::Spot;

/// A value from no store.
const NO_STORE: Code = Code::new("LMS825", Class::Input);

pub fn check(group: &Group<'_>, found: &mut Vec<Found>) {
    for (at, object) in group.objects.iter().enumerate() {
        if object.kind != "ExternalSecret" || !object.api_version.starts_with("external-secrets.io/") {
            continue;
        }
        let root = object.spot();
        let Some(spec) = root.get("spec") else { continue };
        let names_one = |holder: &Spot<'_, '_>, field| holder.get(field).is_some_and(|store| store.has("name"));
        if names_one(&spec, "secretStoreRef") {
            continue;
        }
        let bare = ["data", "dataFrom"].into_iter().find_map(|field| {
            let has_own = |from: Spot<'_, '_>| {
                from.get("storeRef").is_some_and(|store| store.has("name")) || from.has("generatorRef")
            };
            let lacks = |entry: &Spot<'_, '_>| !entry.get("sourceRef").is_some_and(has_own);
            spec.items(field).find(lacks).map(|entry| entry.path())
        });
        if let Some(path) = bare {
            let fault = Found::error(NO_STORE, at, path, "it is not said which store this comes from");
            found.push(fault.help("add `secretStoreRef: {kind: …, name: …}` to the spec"));
        }
    }
}

#[cfg(test)]
mod tests {
    use super::check;
    use crate::checks::testing::{Given, object};

    #[test]
    fn a_value_comes_from_a_store() {
        let look = |spec: &str| {
            let text = object("external-secrets.io/v1", "ExternalSecret", "e", &format!("spec: {{{spec}}}\n"));
            Given::open(&[&text]).look(check)
        };
        let data = "data: [{secretKey: a, remoteRef: {key: a}}]";
        assert_eq!(look(data), ["LMS825 spec.data[0]: it is not said which store this comes from"]);
        assert_eq!(look(&format!("secretStoreRef: {{name: vault}}, {data}")), [""; 0]);
        assert_eq!(look("dataFrom: [{sourceRef: {generatorRef: {kind: Password, name: p}}}]"), [""; 0]);
    }
}
