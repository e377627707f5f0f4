//! The comparison as a whole, on small files.

use super::*;
use crate::names::RelPath;
use crate::tree::FileChange;

fn change(path: &str, old: Option<&str>, new: Option<&str>) -> FileChange {
    let bytes = |text: Option<&str>| text.map(|text| text.as_bytes().to_vec());
    FileChange { path: RelPath::new(path).unwrap(), old: bytes(old), new: bytes(new) }
}

fn deployment(slug: &str, tag: &str, replicas: u32) -> String {
    format!(
        "apiVersion: apps/v1
kind: Deployment
metadata:
  name: lms-deployment-{slug}
  namespace: lms-prod
spec:
  replicas: {replicas}
  selector:
    matchLabels:
      app: {slug}-lms
  template:
    metadata:
      labels:
        app: {slug}-lms
    spec:
      containers:
        - name: lms
          image: registry.example/lms/backend:{tag}
"
    )
}

fn path(client: &str, file: &str) -> String {
    format!("rendered/lms-prod/{client}/app/{file}")
}

/// One line for each group: how many instances, and each change with its effect.
fn outline(report: &DiffReport) -> Vec<String> {
    let field = |field: &FieldChange| match &field.detail {
        Detail::Set { old, new } => format!("{} {old} -> {new} ({})", field.path, field.effect.words()),
        Detail::Hidden { hidden } => format!("{} {hidden:?}", field.path),
        other => format!("{} {other:?}", field.path),
    };
    let object = |object: &ObjectChange| {
        let fields: Vec<String> = object.fields.iter().map(field).collect();
        format!("{} {} {:?}: {}", object.kind, object.name, object.action, fields.join(", "))
    };
    let group = |group: &Group| {
        let objects: Vec<String> = group.objects.iter().map(object).collect();
        format!("{:?} {} {}", group.risk, group.instances.len(), objects.join(" | "))
    };
    report.groups.iter().map(group).collect()
}

#[test]
fn the_same_change_is_one_group_and_the_rare_one_comes_first() {
    let clients: Vec<String> = (1..=50).map(|n| format!("C{n}")).collect();
    let owners: Vec<Owner> = clients.iter().map(|client| Owner::new("lms-prod", client)).collect();
    let changes: Vec<FileChange> = clients
        .iter()
        .map(|client| {
            let slug = client.to_lowercase();
            let replicas = if client == "C5" || client == "C41" { 2 } else { 1 };
            let file = path(client, &format!("deployment-lms-deployment-{slug}.yaml"));
            change(&file, Some(&deployment(&slug, "1.4.1", 1)), Some(&deployment(&slug, "1.4.2", replicas)))
        })
        .collect();
    let report = compare(&changes, &owners, &owners);
    assert_eq!(
        outline(&report),
        [
            "Quiet 2 Deployment lms-deployment-{slug} Changed: spec.replicas 1 -> 2 (restarts nothing)",
            "Rollout 50 Deployment lms-deployment-{slug} Changed: spec.template.spec.containers[lms].image \
             \"registry.example/lms/backend:1.4.1\" -> \"registry.example/lms/backend:1.4.2\" \
             (restarts Pods, no downtime)",
        ]
    );
    assert_eq!((report.counts.changed, report.counts.fields, report.counts.files), (50, 52, 50));
    let environment = &report.environments[0];
    assert_eq!((environment.instances, environment.changed, environment.created), (50, 50, 0));
}

#[test]
fn no_change_is_an_empty_report() {
    let owner = [Owner::new("lms-prod", "C1")];
    let report = compare(&[], &owner, &owner);
    assert!(report.is_empty() && report.groups.is_empty());
    let text = deployment("c1", "1", 1);
    let reformatted = text.replace("name: lms\n", "name: \"lms\"\n");
    let report = compare(&[change(&path("C1", "deployment-a.yaml"), Some(&text), Some(&reformatted))], &owner, &owner);
    assert!(!report.is_empty() && report.groups.is_empty());
    assert_eq!(report.counts.formatting, 1);
}

#[test]
fn an_immutable_field_keeps_the_whole_change_together() {
    let old = deployment("c17", "1", 1);
    let new = deployment("c17", "2", 1).replace("matchLabels:\n      app: c17-lms", "matchLabels:\n      app: other");
    let owner = [Owner::new("lms-prod", "C17")];
    let report = compare(&[change(&path("C17", "deployment-a.yaml"), Some(&old), Some(&new))], &owner, &owner);
    let [group] = report.groups.as_slice() else { panic!("{:?}", outline(&report)) };
    assert_eq!(group.risk, Risk::Rejected);
    assert_eq!(group.objects[0].fields.len(), 2);
    assert_eq!(group.objects[0].fields[0].path, "spec.selector.matchLabels.app");
}

#[test]
fn a_job_under_another_hash_runs_again() {
    let job = |hash: &str, image: &str| {
        format!(
            "apiVersion: batch/v1\nkind: Job\nmetadata:\n  name: postgres-setup-c42-{hash}\nspec:\n  \
             template:\n    spec:\n      containers:\n        - name: psql\n          image: {image}\n"
        )
    };
    let owner = [Owner::new("lms-prod", "C42")];
    let changes = [
        change(&path("C42", "job-postgres-setup-c42-1f0a9c3e.yaml"), Some(&job("1f0a9c3e", "postgres:17")), None),
        change(&path("C42", "job-postgres-setup-c42-77ab01c2.yaml"), None, Some(&job("77ab01c2", "postgres:18"))),
    ];
    let report = compare(&changes, &owner, &owner);
    assert_eq!(
        outline(&report),
        ["Rollout 1 Job postgres-setup-{slug}-{hash} Replaced: spec.template.spec.containers[psql].image \
          \"postgres:17\" -> \"postgres:18\" (runs again)"]
    );
    assert_eq!((report.kinds[0].replaced, report.counts.replaced, report.counts.created), (1, 1, 0));
}

#[test]
fn whole_instances_come_and_go_as_one() {
    let claim = "apiVersion: v1\nkind: PersistentVolumeClaim\nmetadata:\n  name: lms-static\n";
    let mut changes = Vec::new();
    for (client, slug) in [("C903", "c903"), ("C904", "c904")] {
        changes.push(change(&path(client, "persistentvolumeclaim-lms-static.yaml"), Some(claim), None));
        changes.push(change(&path(client, "deployment-a.yaml"), Some(&deployment(slug, "1", 1)), None));
    }
    changes.push(change(&path("C905", "deployment-a.yaml"), None, Some(&deployment("c905", "1", 1))));
    let of = |ids: &[&str]| ids.iter().map(|id| Owner::new("lms-prod", id)).collect::<Vec<_>>();
    let report = compare(&changes, &of(&["C1", "C903", "C904"]), &of(&["C1", "C905"]));
    let shown: Vec<_> = report.groups.iter().map(|group| (group.risk, group.what, group.instances.len())).collect();
    assert_eq!(
        shown,
        [(Risk::DataLoss, What::InstancesDeleted, 2), (Risk::Rollout, What::InstancesCreated, 1)],
        "{:?}",
        outline(&report)
    );
    let environment = &report.environments[0];
    assert_eq!((environment.instances, environment.created, environment.deleted), (4, 1, 2));
}

#[test]
fn an_object_keeps_its_identity_when_its_file_moves() {
    let text = deployment("c1", "1", 1);
    let owner = [Owner::new("lms-prod", "C1")];
    let changes = [
        change("rendered/lms-prod/C1/app/deployment-a.yaml", Some(&text), None),
        change("rendered/lms-prod/C1/web/deployment-a.yaml", None, Some(&text)),
    ];
    let report = compare(&changes, &owner, &owner);
    assert!(report.groups.is_empty(), "{:?}", outline(&report));
    assert_eq!(report.counts.formatting, 2);
}

#[test]
fn what_cannot_be_read_is_named_and_not_shown() {
    let owner = [Owner::new("lms-prod", "C1")];
    let changes = [
        change(&path("C1", "secret-a.yaml"), None, Some("kind: Secret\n  bad: [hunter2")),
        change(&path("C1", "notes.yaml"), None, Some("password: hunter2\n")),
        change(&path("C1", "kustomization.yaml"), None, Some("resources: []\n")),
    ];
    let report = compare(&changes, &owner, &owner);
    assert_eq!(report.unreadable, [path("C1", "secret-a.yaml"), path("C1", "notes.yaml")]);
    let unified = unified(&changes);
    assert_eq!((&unified[0].body, &unified[1].body), (&TextBody::Unreadable, &TextBody::Unreadable));
    assert!(matches!(&unified[2].body, TextBody::Hunks(hunks) if hunks.contains("+resources: []")));
}
