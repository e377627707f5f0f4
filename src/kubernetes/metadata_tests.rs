//! Bad and good metadata.

use super::pod_tests::{found, refuses, takes};

fn object(metadata: &str) -> String {
    format!("apiVersion: v1\nkind: ConfigMap\nmetadata: {{{metadata}}}\n")
}

#[test]
fn lms710_names() {
    refuses(
        &[
            ("LMS710 metadata.name", "namespace: lms"),
            ("LMS710 metadata.name", "name: ''"),
            ("LMS710 metadata.name", "name: My_Config"),
            ("LMS710 metadata.generateName", "generateName: A-"),
            ("LMS710 metadata.namespace", "name: a, namespace: a.b"),
            ("LMS710 metadata.generation", "name: a, generation: -1"),
        ],
        object,
    );
    takes(&["name: a.b-c", "generateName: a-", "name: a, namespace: ''"], object);
    let role = "apiVersion: rbac.authorization.k8s.io/v1\nkind: Role\nmetadata: {name: 'system:reader'}\n";
    assert_eq!(found(role, 35), [""; 0]);
    let review = "apiVersion: authorization.k8s.io/v1\nkind: SubjectAccessReview\nspec: {}\n";
    assert_eq!(found(review, 35), [""; 0]);
}

#[test]
fn lms711_and_712_labels_and_annotations() {
    refuses(
        &[
            ("LMS711 metadata.labels.a", "name: a, labels: {a: b c}"),
            ("LMS711 metadata.labels[a b]", "name: a, labels: {a b: c}"),
            ("LMS712 metadata.annotations[a/b/c]", "name: a, annotations: {a/b/c: d}"),
        ],
        object,
    );
    takes(&["name: a, labels: {a: '', b.c/D: E_f}, annotations: {A.b/c: any thing}"], object);
}

#[test]
fn lms713_owners_and_finalizers() {
    let owner = "apiVersion: v1, kind: ConfigMap, name: a, uid: b, controller: true";
    let other = owner.replace("uid: b", "uid: c");
    let owners = |list: &str| object(&format!("name: a, ownerReferences: [{list}]"));
    let at = "LMS713 metadata.ownerReferences";
    let nobody = owner.replace("uid: b, ", "");
    assert_eq!(found(&owners(&format!("{{{nobody}}}")), 35), [format!("{at}[0].uid")]);
    assert_eq!(found(&owners(&format!("{{{owner}}}, {{{other}}}")), 35), [format!("{at}[1].controller")]);
    assert_eq!(found(&owners(&format!("{{{owner}}}, {{{owner}}}")), 35), [""; 0]);
    refuses(
        &[
            ("LMS713 metadata.finalizers[0]", "name: a, finalizers: [keep]"),
            ("LMS713 metadata.finalizers", "name: a, finalizers: [orphan, foregroundDeletion]"),
        ],
        object,
    );
    takes(&["name: a, finalizers: [example.com/keep, orphan]"], object);
}
