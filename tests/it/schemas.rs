//! What lmsgen renders is what its schemas ask for.

use std::path::Path;

use lmsgen::manifest::{Value, parse_documents};
use lmsgen::schema::{Lookup, Schemas};

use crate::support::fleet::repository;

/// Objects in files below a folder that Kubernetes would be given; SOPS' block is taken off, as what decrypts does.
fn objects(folder: &Path, found: &mut Vec<(String, Value)>) {
    for entry in std::fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        if path.is_dir() {
            objects(&path, found);
        } else if path.extension().is_some_and(|extension| extension == "yaml") {
            for mut object in parse_documents(&std::fs::read_to_string(&path).unwrap()).unwrap() {
                object.as_map_mut().unwrap().remove("sops");
                found.push((path.display().to_string(), object));
            }
        }
    }
}

#[test]
fn rendered_objects_have_no_faults_in_any_release() {
    let mut found = Vec::new();
    objects(&repository().join("rendered"), &mut found);
    found.retain(|(_, object)| !object.str_at(&["apiVersion"]).unwrap().starts_with("kustomize.config.k8s.io/"));
    assert!(found.len() > 30, "{}", found.len());
    for minor in Schemas::MINORS {
        let schemas = Schemas::builtin(minor).unwrap();
        for (path, object) in &found {
            let (version, kind) = (object.str_at(&["apiVersion"]).unwrap(), object.str_at(&["kind"]).unwrap());
            let Lookup::Known(kind) = schemas.kind(version, kind) else { panic!("{path}: {version} {kind}") };
            let mut faults = Vec::new();
            kind.check(object, &mut faults);
            // What SOPS has encrypted is no base64 any more.
            faults.retain(|fault| !fault.path.to_string().starts_with("data"));
            assert!(faults.is_empty(), "{path}: {faults:#?}");
        }
    }
}
