//! Bad and good workloads, Jobs and CronJobs.

use super::pod_tests::{found, indented, refuses, takes};

const TEMPLATE: &str = r"  template:
    metadata: {labels: {app: web}}
    spec:
      containers: [{name: web, image: i}]
";

fn workload(kind: &str, text: &str) -> String {
    let lines = indented(text, 2);
    let template = if text.contains("template:") { "" } else { TEMPLATE };
    let selector = if text.contains("selector:") { "" } else { "  selector: {matchLabels: {app: web}}\n" };
    format!("apiVersion: apps/v1\nkind: {kind}\nmetadata: {{name: web}}\nspec:\n{lines}{selector}{template}")
}

fn deployment(text: &str) -> String {
    workload("Deployment", text)
}

fn job(text: &str) -> String {
    let lines = indented(text, 2);
    let template =
        if text.contains("template:") { String::new() } else { format!("{TEMPLATE}      restartPolicy: Never\n") };
    format!("apiVersion: batch/v1\nkind: Job\nmetadata: {{name: web}}\nspec:\n{lines}{template}")
}

fn cron_job(text: &str) -> String {
    let lines = indented(text, 2);
    let schedule = if text.contains("schedule:") { "" } else { "  schedule: '@daily'\n" };
    format!(
        "apiVersion: batch/v1\nkind: CronJob\nmetadata: {{name: web}}\nspec:\n{lines}{schedule}  jobTemplate: {{spec: \
         {{template: {{spec: {{restartPolicy: Never, containers: [{{name: a, image: i}}]}}}}}}}}\n"
    )
}

/// What selects by labels alone.
#[test]
fn replication_controllers() {
    let of = |rest: &str, labels: &str, pod: &str| {
        format!(
            "apiVersion: v1\nkind: ReplicationController\nmetadata: {{name: web}}\nspec:\n{rest}  template:\n    metadata: \
             {{labels: {{{labels}}}}}\n    spec: {{{pod}}}\n"
        )
    };
    let pod = "containers: [{name: web, image: i}]";
    for text in [of("  selector: {app: web}\n", "app: web", pod), of("", "app: web", pod)] {
        assert_eq!(found(&text, 35), [""; 0]);
    }
    for (text, code) in [
        (of("  selector: {app: other}\n", "app: web", pod), "LMS725"),
        (of("", "", pod), "LMS725"),
        (of("  replicas: -1\n", "app: web", pod), "LMS726"),
        (of("", "app: web", "containers: [{name: A_, image: i}]"), "LMS71"),
        (of("", "app: web", "restartPolicy: Never, containers: [{name: web, image: i}]"), "LMS724"),
    ] {
        let said = found(&text, 35);
        assert!(said.iter().any(|line| line.contains(code)), "{text}: {said:?}");
    }
}

#[test]
fn lms725_selectors() {
    refuses(
        &[
            ("LMS725 spec.selector", "selector: null"),
            ("LMS725 spec.selector", "selector: {}"),
            ("LMS725 spec.template.metadata.labels", "selector: {matchLabels: {app: api}}"),
            ("LMS725 spec.template.metadata.labels", "selector: {matchExpressions: [{key: a, operator: Exists}]}"),
            (
                "LMS725 spec.selector.matchExpressions[0].values",
                "selector: {matchExpressions: [{key: app, operator: Exists, values: [web]}]}",
            ),
        ],
        deployment,
    );
    takes(
        &[
            "selector: {matchExpressions: [{key: app, operator: In, values: [web, api]}]}",
            "selector: {matchExpressions: [{key: a, operator: NotIn, values: [b]}, {key: c, operator: DoesNotExist}]}",
        ],
        deployment,
    );
    refuses(
        &[
            ("LMS725 spec.selector", "selector: {matchLabels: {app: web}}"),
            ("LMS725 spec.selector", "manualSelector: true"),
        ],
        job,
    );
    takes(&["selector: {}", "manualSelector: true\nselector: {matchLabels: {app: web}}"], job);
}

#[test]
fn lms726_workloads() {
    refuses(
        &[
            ("LMS726 spec.replicas", "replicas: -1"),
            ("LMS726 spec.progressDeadlineSeconds", "minReadySeconds: 600"),
            ("LMS726 spec.strategy.type", "strategy: {type: Rolling}"),
            ("LMS726 spec.strategy.rollingUpdate", "strategy: {type: Recreate, rollingUpdate: {}}"),
            ("LMS726 spec.strategy.rollingUpdate.maxSurge", "strategy: {rollingUpdate: {maxSurge: '1'}}"),
            ("LMS726 spec.strategy.rollingUpdate.maxUnavailable", "strategy: {rollingUpdate: {maxUnavailable: 101%}}"),
            (
                "LMS726 spec.strategy.rollingUpdate.maxUnavailable",
                "strategy: {rollingUpdate: {maxUnavailable: 0, maxSurge: 0%}}",
            ),
        ],
        deployment,
    );
    takes(&["strategy: {rollingUpdate: {maxUnavailable: 0}}", "strategy: {type: Recreate}", "replicas: 0"], deployment);
    refuses(
        &[
            ("LMS726 spec.podManagementPolicy", "podManagementPolicy: parallel"),
            ("LMS726 spec.serviceName", "serviceName: a.b"),
            ("LMS726 spec.updateStrategy.rollingUpdate", "updateStrategy: {type: OnDelete, rollingUpdate: {}}"),
            (
                "LMS720 spec.volumeClaimTemplates[0].spec.accessModes",
                "volumeClaimTemplates:\n- {metadata: {name: a}, spec: {resources: {requests: {storage: 1Gi}}}}",
            ),
        ],
        |text| workload("StatefulSet", text),
    );
    refuses(
        &[
            ("LMS726 spec.updateStrategy.rollingUpdate.maxSurge", "updateStrategy: {rollingUpdate: {maxSurge: 1}}"),
            (
                "LMS726 spec.updateStrategy.rollingUpdate.maxUnavailable",
                "updateStrategy: {rollingUpdate: {maxUnavailable: 0}}",
            ),
        ],
        |text| workload("DaemonSet", text),
    );
    takes(&["updateStrategy: {rollingUpdate: {maxSurge: 1, maxUnavailable: 0}}"], |text| workload("DaemonSet", text));
}

#[test]
fn pods_of_workloads_restart_and_those_of_jobs_do_not() {
    let with = |key: &str| format!("{}      {key}\n", deployment(""));
    assert_eq!(found(&with("restartPolicy: Never"), 35), ["LMS724 spec.template.spec.restartPolicy"]);
    assert_eq!(found(&with("activeDeadlineSeconds: 1"), 35), ["LMS724 spec.template.spec.activeDeadlineSeconds"]);
    assert_eq!(found(&with("restartPolicy: Always"), 35), [""; 0]);
    let with = |policy: &str| job("").replace("Never", policy);
    assert_eq!(found(&with("Always"), 35), ["LMS724 spec.template.spec.restartPolicy"]);
    assert_eq!(found(&with("OnFailure"), 35), [""; 0]);
}

#[test]
fn a_stateful_set_mounts_what_it_claims() {
    let text = "\
volumeClaimTemplates:
- metadata: {name: data}
  spec: {accessModes: [ReadWriteOnce], resources: {requests: {storage: 1Gi}}}
template:
  metadata: {labels: {app: web}}
  spec:
    hostname: not.a.label.but.not.used
    containers: [{name: web, image: i, volumeMounts: [{name: data, mountPath: /a}]}]";
    assert_eq!(found(&workload("StatefulSet", text), 35), [""; 0]);
    let missing = text.replace("{name: data, mountPath", "{name: date, mountPath");
    let found = found(&workload("StatefulSet", &missing), 35);
    assert_eq!(found, ["LMS721 spec.template.spec.containers[0].volumeMounts[0].name"]);
}

#[test]
fn lms727_jobs() {
    let indexed = "completionMode: Indexed\ncompletions: 4\n";
    let rule = |text: &str| format!("podFailurePolicy: {{rules: [{text}]}}");
    for (place, text) in [
        ("parallelism", "parallelism: -1".to_owned()),
        ("completionMode", "completionMode: indexed".to_owned()),
        ("completions", "completionMode: Indexed\nparallelism: 1".to_owned()),
        ("backoffLimitPerIndex", "backoffLimitPerIndex: 1".to_owned()),
        ("maxFailedIndexes", format!("{indexed}backoffLimitPerIndex: 1\nmaxFailedIndexes: 5")),
        ("podReplacementPolicy", "podReplacementPolicy: Always".to_owned()),
        ("managedBy", "managedBy: me".to_owned()),
        ("podFailurePolicy.rules[0]", rule("{action: FailJob}")),
        ("podFailurePolicy.rules[0].action", rule("{action: Fail, onPodConditions: [{type: A}]}")),
        ("podFailurePolicy.rules[0].onExitCodes.values", rule("{action: FailJob, onExitCodes: {operator: In}}")),
        (
            "podFailurePolicy.rules[0].onExitCodes.values[1]",
            rule("{action: FailJob, onExitCodes: {operator: In, values: [2, 1]}}"),
        ),
        (
            "podFailurePolicy.rules[0].onExitCodes.containerName",
            rule("{action: FailJob, onExitCodes: {operator: In, values: [1], containerName: x}}"),
        ),
        (
            "successPolicy.rules[0].succeededIndexes",
            format!("{indexed}successPolicy: {{rules: [{{succeededIndexes: 2-4}}]}}"),
        ),
        (
            "successPolicy.rules[0].succeededCount",
            format!("{indexed}successPolicy: {{rules: [{{succeededCount: 5}}]}}"),
        ),
    ] {
        assert_eq!(found(&job(&text), 35), [format!("LMS727 spec.{place}")], "{text}");
    }
    takes(
        &[
            "completionMode: Indexed",
            "completionMode: Indexed\ncompletions: 4\nsuccessPolicy: {rules: [{succeededIndexes: '0,2-3', succeededCount: 3}]}",
            "podFailurePolicy: {rules: [{action: Ignore, onPodConditions: [{type: DisruptionTarget}]}]}",
        ],
        job,
    );
    let long = job(indexed).replace("{name: web}\nspec", &format!("{{name: {}}}\nspec", "a".repeat(62)));
    assert_eq!(found(&long, 35), ["LMS727 metadata.name"]);
    let long = job("").replace("{name: web}\nspec", &format!("{{name: {}}}\nspec", "a".repeat(64)));
    assert_eq!(found(&long, 35), ["LMS727 metadata.name"]);
}

#[test]
fn lms728_cron_jobs() {
    for bad in [
        "",
        "* * * *",
        "60 * * * *",
        "0 24 * * *",
        "0 0 0 * *",
        "0 0 * 13 *",
        "0 0 * * 7",
        "*/0 * * * *",
        "5-1 * * * *",
        "TZ=UTC 0 0 * * *",
        "@dayly",
        "@every 1x",
        "1-2-3 * * * *",
        "a * * * *",
    ] {
        let text = cron_job(&format!("schedule: '{bad}'"));
        assert_eq!(found(&text, 35), ["LMS728 spec.schedule"], "{bad}");
    }
    for good in ["0 3 * * 0", "*/5 0-6/2 1,15 JAN-dec sun", "@every 1h30m", "@weekly", "5/10 * ? * ?", ", * * * *"] {
        let text = cron_job(&format!("schedule: '{good}'"));
        assert_eq!(found(&text, 35), [""; 0], "{good}");
    }
    refuses(
        &[
            ("LMS728 spec.timeZone", "timeZone: Europe/Berlinn"),
            ("LMS728 spec.timeZone", "timeZone: Local"),
            ("LMS728 spec.timeZone", "timeZone: ''"),
            ("LMS728 spec.concurrencyPolicy", "concurrencyPolicy: Forbidden"),
            ("LMS728 spec.startingDeadlineSeconds", "startingDeadlineSeconds: -1"),
        ],
        cron_job,
    );
    takes(&["timeZone: Europe/Berlin", "timeZone: UTC", "concurrencyPolicy: ''"], cron_job);
    let long = cron_job("").replace("{name: web}\nspec", &format!("{{name: {}}}\nspec", "a".repeat(53)));
    assert_eq!(found(&long, 35), ["LMS728 metadata.name"]);
}
