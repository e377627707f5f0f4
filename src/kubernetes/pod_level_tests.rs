//! Bad and good Pods by what is not in their containers, and by the Pod Security Standards.

use crate::manifest::parse_documents;

use super::pod_tests::{container, found, pod, refuses, takes, volume};
use super::{Faults, Spot, baseline, restricted};

#[test]
fn lms722_security() {
    let at = "LMS722 spec.containers[0].securityContext.";
    let bad = [
        ("runAsUser", "securityContext: {runAsUser: -1}"),
        ("runAsGroup", "securityContext: {runAsGroup: 2147483648}"),
        ("procMount", "securityContext: {procMount: Unmasked}"),
        ("allowPrivilegeEscalation", "securityContext: {privileged: true, allowPrivilegeEscalation: false}"),
        ("seccompProfile.type", "securityContext: {seccompProfile: {}}"),
        ("seccompProfile.localhostProfile", "securityContext: {seccompProfile: {type: Localhost}}"),
        (
            "appArmorProfile.localhostProfile",
            "securityContext: {appArmorProfile: {type: Unconfined, localhostProfile: a}}",
        ),
        ("windowsOptions.runAsUserName", "securityContext: {windowsOptions: {runAsUserName: 'a\\b\\c'}}"),
    ];
    for (place, text) in bad {
        assert_eq!(found(&container(text), 35), [format!("{at}{place}")], "{text}");
    }
    refuses(
        &[
            ("LMS722 spec.securityContext.fsGroupChangePolicy", "securityContext: {fsGroupChangePolicy: Never}"),
            ("LMS722 spec.securityContext.supplementalGroups[0]", "securityContext: {supplementalGroups: [-1]}"),
            ("LMS722 spec.securityContext.sysctls[0].name", "securityContext: {sysctls: [{name: A}]}"),
            ("LMS722 spec.os.name", "os: {name: macos}"),
            ("LMS722 spec.hostPID", "os: {name: windows}\nhostPID: true"),
            ("LMS722 spec.securityContext.windowsOptions", "os: {name: linux}\nsecurityContext: {windowsOptions: {}}"),
        ],
        pod,
    );
    takes(&["securityContext: {sysctls: [{name: net/core/somaxconn}]}", "os: {name: linux}"], pod);
}

#[test]
fn lms723_scheduling() {
    let required = "requiredDuringSchedulingIgnoredDuringExecution";
    let preferred = "preferredDuringSchedulingIgnoredDuringExecution";
    let nodes = format!("LMS723 spec.affinity.nodeAffinity.{required}.nodeSelectorTerms");
    let term = |text: &str| format!("affinity: {{nodeAffinity: {{{required}: {{nodeSelectorTerms: [{text}]}}}}}}");
    let bad = [
        (String::new(), ""),
        ("[0].matchExpressions[0].values".to_owned(), "{matchExpressions: [{key: a, operator: In}]}"),
        ("[0].matchExpressions[0].operator".to_owned(), "{matchExpressions: [{key: a, operator: in}]}"),
        ("[0].matchFields[0].key".to_owned(), "{matchFields: [{key: a, operator: In, values: [b]}]}"),
    ];
    for (place, text) in bad {
        assert_eq!(found(&pod(&term(text)), 35), [format!("{nodes}{place}")], "{text}");
    }
    let anti = format!(
        "affinity: {{podAntiAffinity: {{{preferred}: [{{weight: 101, podAffinityTerm: {{topologyKey: a}}}}]}}}}"
    );
    assert_eq!(found(&pod(&anti), 35), [format!("LMS723 spec.affinity.podAntiAffinity.{preferred}[0].weight")]);
    refuses(
        &[
            ("LMS723 spec.nodeSelector.a", "nodeSelector: {a: b/c}"),
            ("LMS723 spec.tolerations[0].operator", "tolerations: [{key: a, operator: exists}]"),
            ("LMS723 spec.tolerations[0].operator", "tolerations: [{effect: NoSchedule}]"),
            ("LMS723 spec.tolerations[0].value", "tolerations: [{key: a, operator: Exists, value: b}]"),
            ("LMS723 spec.tolerations[0].effect", "tolerations: [{key: a, tolerationSeconds: 1}]"),
            (
                "LMS723 spec.topologySpreadConstraints[0].maxSkew",
                "topologySpreadConstraints: [{topologyKey: a, maxSkew: 0, whenUnsatisfiable: DoNotSchedule}]",
            ),
            (
                "LMS723 spec.topologySpreadConstraints[0].matchLabelKeys",
                "topologySpreadConstraints:\n- {topologyKey: a, maxSkew: 1, whenUnsatisfiable: DoNotSchedule, \
                 matchLabelKeys: [a]}",
            ),
        ],
        pod,
    );
    takes(
        &["tolerations: [{operator: Exists}]", &term("{matchExpressions: [{key: a, operator: Gt, values: ['1']}]}")],
        pod,
    );
}

#[test]
fn lms724_pod() {
    refuses(
        &[
            ("LMS724 spec.restartPolicy", "restartPolicy: always"),
            ("LMS724 spec.dnsPolicy", "dnsPolicy: Cluster"),
            ("LMS724 spec.dnsConfig", "dnsPolicy: None"),
            ("LMS724 spec.dnsConfig.nameservers[0]", "dnsConfig: {nameservers: [a]}"),
            ("LMS724 spec.dnsConfig.searches[0]", "dnsConfig: {searches: [A]}"),
            ("LMS724 spec.activeDeadlineSeconds", "activeDeadlineSeconds: 0"),
            ("LMS724 spec.hostname", "hostname: a.b"),
            ("LMS724 spec.serviceAccountName", "serviceAccountName: A"),
            ("LMS724 spec.hostAliases[0].ip", "hostAliases: [{ip: a, hostnames: [a]}]"),
            ("LMS724 spec.hostAliases[0].hostnames[0]", "hostAliases: [{ip: 1.2.3.4, hostnames: [a_b]}]"),
            ("LMS724 spec.readinessGates[0].conditionType", "readinessGates: [{conditionType: ''}]"),
            ("LMS724 spec.schedulingGates[1].name", "schedulingGates: [{name: a}, {name: a}]"),
            ("LMS724 spec.shareProcessNamespace", "hostPID: true\nshareProcessNamespace: true"),
            ("LMS724 spec.hostNetwork", "hostUsers: false\nhostNetwork: true"),
            ("LMS724 spec.hostnameOverride", "hostnameOverride: a\nsetHostnameAsFQDN: true"),
        ],
        pod,
    );
    takes(
        &[
            "dnsConfig: {nameservers: [010.0.0.1, '::1'], searches: [., a_b.c.]}",
            "activeDeadlineSeconds: 1",
            "hostname: ''",
        ],
        pod,
    );
    // Leading zeros are taken until 1.36.
    let text = pod("dnsConfig: {nameservers: [010.0.0.1]}");
    assert_eq!(found(&text, 36), ["LMS724 spec.dnsConfig.nameservers[0]"]);
}

#[test]
fn annotations_of_pods() {
    let with = |text: &str| pod("").replace("{name: web}", &format!("{{name: web, annotations: {{{text}}}}}"));
    let cost = "controller.kubernetes.io/pod-deletion-cost";
    let armor = "container.apparmor.security.beta.kubernetes.io";
    for (text, key) in [
        (format!("{cost}: '01'"), cost.to_owned()),
        (format!("{armor}/other: unconfined"), format!("{armor}/other")),
        (format!("{armor}/web: x"), format!("{armor}/web")),
    ] {
        let found = found(&with(&text), 35);
        assert_eq!(found, [format!("LMS724 metadata.annotations[{key}]")], "{text}");
    }
    assert_eq!(found(&with(&format!("{cost}: '-10'")), 35), [""; 0]);
}

#[test]
fn lms740_and_741_standards() {
    let of = |text: &str, standard: fn(Spot<'_, '_>, &mut Faults)| {
        let object = parse_documents(text).unwrap().remove(0);
        let mut faults = Faults::default();
        standard(Spot::root(&object).get("spec").unwrap(), &mut faults);
        faults.into_vec().iter().map(|fault| format!("{} {}", fault.code, fault.path)).collect::<Vec<_>>()
    };
    for (fault, text) in [
        ("LMS740 spec.hostNetwork", pod("hostNetwork: true")),
        ("LMS740 spec.volumes[0].hostPath", volume("hostPath: {path: /}")),
        (
            "LMS740 spec.securityContext.seccompProfile.type",
            pod("securityContext: {seccompProfile: {type: Unconfined}}"),
        ),
        ("LMS740 spec.securityContext.sysctls[0].name", pod("securityContext: {sysctls: [{name: kernel.sem}]}")),
        ("LMS740 spec.containers[0].ports[0].hostPort", container("ports: [{containerPort: 1, hostPort: 1}]")),
        ("LMS740 spec.containers[0].securityContext.privileged", container("securityContext: {privileged: true}")),
        (
            "LMS740 spec.containers[0].securityContext.capabilities.add[0]",
            container("securityContext: {capabilities: {add: [NET_ADMIN]}}"),
        ),
        (
            "LMS740 spec.containers[0].livenessProbe.httpGet.host",
            container("livenessProbe: {httpGet: {port: 1, host: a}}"),
        ),
    ] {
        assert_eq!(of(&text, baseline), [fault], "{text}");
    }
    assert_eq!(of(&pod(""), baseline), [""; 0]);
    let context = "LMS741 spec.containers[0].securityContext.";
    let wanted = ["runAsNonRoot", "allowPrivilegeEscalation", "seccompProfile", "capabilities.drop"];
    assert_eq!(of(&pod(""), restricted), wanted.map(|field| format!("{context}{field}")));
    let right = "securityContext: {runAsNonRoot: true, seccompProfile: {type: RuntimeDefault}}";
    let own = "image: i, securityContext: {allowPrivilegeEscalation: false, capabilities: {drop: [ALL]}}";
    let text = pod(right).replace("image: i", own);
    assert_eq!(of(&text, restricted), [""; 0]);
    assert_eq!(
        of(&text.replace("RuntimeDefault}", "RuntimeDefault}, runAsUser: 0"), restricted),
        ["LMS741 spec.securityContext.runAsUser"]
    );
    assert_eq!(of(&format!("{text}\n  volumes: [{{name: a, nfs: {{}}}}]"), restricted), ["LMS741 spec.volumes[0]"]);
}
