//! A release as `diff` shows it, from files to text.

use super::*;
use crate::diff::{Owner, compare};
use crate::names::RelPath;
use crate::tree::FileChange;

pub(super) fn change(client: &str, file: &str, old: Option<&str>, new: Option<&str>) -> FileChange {
    let bytes = |text: Option<&str>| text.map(|text| text.as_bytes().to_vec());
    let path = RelPath::new(&format!("rendered/lms-prod/{client}/app/{file}.yaml")).unwrap();
    FileChange { path, old: bytes(old), new: bytes(new) }
}

fn deployment(slug: &str, tag: &str, replicas: u32, selector: &str) -> String {
    format!(
        "apiVersion: apps/v1\nkind: Deployment\nmetadata:\n  name: lms-deployment-{slug}\nspec:\n  replicas: {replicas}\n  \
         selector:\n    matchLabels:\n      app: {selector}\n  template:\n    spec:\n      containers:\n        - name: lms\n\
         \x20         image: registry.example/lms/backend:{tag}\n"
    )
}

fn secret(slug: &str, password: &str, revision: u32) -> String {
    format!(
        "apiVersion: v1\nkind: Secret\nmetadata:\n  name: lms-secret-{slug}\n  annotations:\n    \
         lmsgen.dev/revision: \"{revision}\"\nstringData:\n  pg-password: {password}\n"
    )
}

/// What screens.md shows: a release, one outlier of each sort, one rotated secret.
fn release() -> crate::diff::DiffReport {
    let claim = "apiVersion: v1\nkind: PersistentVolumeClaim\nmetadata:\n  name: lms-static\n";
    let mut changes = Vec::new();
    let mut before = Vec::new();
    for n in 1..=3000 {
        let client = format!("C{n}");
        let slug = client.to_lowercase();
        before.push(Owner::new("lms-prod", &client));
        let old = deployment(&slug, "1.4.1", 1, &slug);
        let new = match n {
            17 => deployment(&slug, "1.4.1", 1, "other"),
            5 | 61 | 2044 => deployment(&slug, "1.4.1", 2, &slug),
            100..=109 | 903 | 904 => continue,
            _ => deployment(&slug, "1.4.2", 1, &slug),
        };
        changes.push(change(&client, "deployment-a", Some(&old), Some(&new)));
    }
    for client in ["C903", "C904"] {
        changes.push(change(client, "persistentvolumeclaim-lms-static", Some(claim), None));
    }
    changes.push(change("C8", "secret-a", Some(&secret("c8", "ENC[old]", 1)), Some(&secret("c8", "ENC[new]", 2))));
    let now: Vec<_> = before.iter().filter(|owner| !["C903", "C904"].contains(&&*owner.client)).cloned().collect();
    before.push(Owner::new("lms-dev", "C1"));
    let now = [now, vec![Owner::new("lms-dev", "C1")]].concat();
    compare(&changes, &before, &now)
}

fn base() -> Base {
    Base { commit: "4f1c2ab0d9".repeat(4), time: 1_795_100_520, offset: 180, summary: "Release 1.4.1".into() }
}

const PAGE: Page = Page { width: 120, paint: Paint::Plain, now: 1_795_186_920, limit: Some(20) };

#[test]
fn a_release_reads_as_on_the_screen() {
    let text = diff_text(&release(), Some(&base()), DiffView::Groups, &PAGE);
    assert_eq!(
        text,
        "\
lms-prod: 2,988 of 3,000 instances change, 2 deleted · lms-dev: none    against 4f1c2ab (yesterday 18:02, Release 1.4.1)

! 1 instance is rejected by the API server
    lms-prod/C17   Deployment lms-deployment-c17   spec.selector.matchLabels.app c17 -> other (immutable)

! 2 instances lose data
    lms-prod/C903, C904   PersistentVolumeClaim lms-static   deleted
                          1 object: PersistentVolumeClaim    deleted

~ 4 instances only
    lms-prod/C8               Secret lms-secret-c8          pg-password changed   restarts nothing by itself
    lms-prod/C5, C61, C2044   Deployment lms-deployment-*   replicas 1 -> 2       restarts nothing

= 2,984 instances, the same change
    Deployment lms-deployment-*   containers[lms].image tag 1.4.1 -> 1.4.2   restarts Pods, no downtime

Secrets: 1 key changed (lms-prod/C8 lms-secret-c8 pg-password: Pods restart)
2,989 changed, 0 created, 2 deleted objects · 3 instances need a decision: lmsgen diff --objects C17 -e lms-prod
"
    );
}

#[test]
fn counts_alone_are_a_table() {
    let text = diff_text(&release(), Some(&base()), DiffView::Stat, &Page { width: 80, ..PAGE });
    assert_eq!(
        text,
        "\
lms-prod: 2,988 of 3,000 instances change, 2 deleted · lms-dev: none
against 4f1c2ab (yesterday 18:02, Release 1.4.1)

lms-prod   Deployment              2,988 changed
           PersistentVolumeClaim                   2 deleted
           Secret                  1 changed

Secrets: 1 key changed (lms-prod/C8 lms-secret-c8 pg-password: Pods restart)
2,989 changed, 0 created, 2 deleted objects · 3 instances need a decision: lmsgen diff --objects C17 -e lms-prod
"
    );
}

#[test]
fn nothing_is_one_line() {
    let text = diff_text(&crate::diff::DiffReport::default(), Some(&base()), DiffView::Groups, &PAGE);
    assert_eq!(text, "No differences against 4f1c2ab (yesterday 18:02, Release 1.4.1)\n");
    let text = diff_text(&crate::diff::DiffReport::default(), None, DiffView::Stat, &PAGE);
    assert_eq!(text, "No differences against nothing: there is no commit yet\n");
}

#[test]
fn in_full_every_field_has_its_lines() {
    let script = |line: &str| {
        format!(
            "apiVersion: v1\nkind: ConfigMap\nmetadata:\n  name: sql-c1\ndata:\n  a.sql: |\n    one\n    {line}\n    three\n"
        )
    };
    let owner = [Owner::new("lms-prod", "C1")];
    let changes = [change("C1", "configmap-sql-c1", Some(&script("two c1")), Some(&script("2 c1")))];
    let report = compare(&changes, &owner, &owner);
    assert_eq!(
        diff_text(&report, None, DiffView::Objects, &PAGE),
        "\
lms-prod: 1 of 1 instance changes                                                against nothing: there is no commit yet

~ 1 instance only
    lms-prod/C1
    ConfigMap sql-c1 changed   restarts nothing by itself
        data[\"a.sql\"]
          @@ -1,3 +1,3 @@
           one
          -two c1
          +2 c1
           three

1 changed, 0 created, 0 deleted objects
"
    );
    let text = diff_text(&report, None, DiffView::Groups, &PAGE);
    assert!(text.contains("ConfigMap sql-c1   a.sql 1 line removed, 1 added   restarts nothing by itself\n"), "{text}");
}

#[test]
fn many_instances_with_values_of_their_own_are_one_line() {
    let config = |n: u32, release: u32| {
        format!(
            "apiVersion: v1\nkind: ConfigMap\nmetadata:\n  name: config-c{n}\ndata:\n  K: \"{}\"\n",
            n * 1000 + release
        )
    };
    let owners: Vec<_> = (1..=400).map(|n| Owner::new("lms-prod", &format!("C{n}"))).collect();
    let changes: Vec<_> =
        (1..=400).map(|n| change(&format!("C{n}"), "configmap-a", Some(&config(n, 1)), Some(&config(n, 2)))).collect();
    let text = diff_text(&compare(&changes, &owners, &owners), None, DiffView::Groups, &PAGE);
    assert!(
        text.contains(
            "~ 400 instances change, in few or each in its own way
    lms-prod/C1, C2, C3 and 397 more   ConfigMap config-*   K: 400 different values"
        ),
        "{text}"
    );
}

#[test]
fn downtime_and_what_all_instances_share_stand_apart() {
    let object =
        |kind: &str, name: &str, rest: &str| format!("apiVersion: v1\nkind: {kind}\nmetadata:\n  name: {name}\n{rest}");
    let owners: Vec<_> = (1..=30).map(|n| Owner::new("lms-prod", &format!("C{n}"))).collect();
    let scaled = |n: u8| object("Deployment", "web-c7", &format!("spec:\n  replicas: {n}\n"));
    let quota = |n: u8| object("ResourceQuota", "quota", &format!("spec:\n  hard:\n    pods: {n}\n"));
    let service = object("Service", "web-c8", "spec: {}\n");
    let changes = [
        change("C7", "deployment-web-c7", Some(&scaled(2)), Some(&scaled(0))),
        change("C8", "service-web-c8", Some(&service), None),
        change("environment", "resourcequota-quota", Some(&quota(1)), Some(&quota(2))),
    ];
    let report = compare(&changes, &owners, &owners);
    assert_eq!(
        diff_text(&report, None, DiffView::Groups, &PAGE),
        "\
lms-prod: 2 of 30 instances change, 1 shared object                              against nothing: there is no commit yet

! 2 instances have downtime
    lms-prod/C7   Deployment web-c7   replicas 2 -> 0   stops Pods
    lms-prod/C8   Service web-c8      deleted           stops traffic

~ shared objects of lms-prod change
    lms-prod/environment   ResourceQuota quota   hard.pods 1 -> 2   restarts nothing

2 changed, 0 created, 1 deleted objects
"
    );
}

#[test]
fn colour_adds_and_never_carries() {
    let plain = diff_text(&release(), Some(&base()), DiffView::Objects, &PAGE);
    let painted = diff_text(&release(), Some(&base()), DiffView::Objects, &Page { paint: Paint::Ansi, ..PAGE });
    assert_ne!(plain, painted);
    assert_eq!(anstream::adapter::strip_str(&painted).to_string(), plain);
}
