//! Bad and good containers and volumes: each bad one has exactly one fault, of the right code and at the right place.

use crate::manifest::parse_documents;

use super::{Faults, Release, check};

/// Codes and places of all faults of an object.
pub(super) fn found(text: &str, release: u16) -> Vec<String> {
    let object = parse_documents(text).unwrap_or_else(|_| panic!("{text}")).remove(0);
    let mut faults = Faults::default();
    check(&object, Release(release), &mut faults);
    faults.into_vec().iter().map(|fault| format!("{} {}", fault.code, fault.path)).collect()
}

/// Each case is one fault, `code place`, and the text that has it.
pub(super) fn refuses(cases: &[(&str, &str)], whole: impl Fn(&str) -> String) {
    for (fault, text) in cases {
        assert_eq!(found(&whole(text), 35), [(*fault).to_owned()], "{text}");
    }
}

/// None of the cases has a fault.
pub(super) fn takes(cases: &[&str], whole: impl Fn(&str) -> String) {
    for text in cases {
        assert_eq!(found(&whole(text), 35), [""; 0], "{text}");
    }
}

pub(super) fn indented(text: &str, by: usize) -> String {
    let start = " ".repeat(by);
    text.trim_matches('\n').lines().flat_map(|line| [&start, line, "\n"]).collect()
}

/// A Pod whose spec has `text` as well as a container.
pub(super) fn pod(text: &str) -> String {
    format!(
        "apiVersion: v1\nkind: Pod\nmetadata: {{name: web}}\nspec:\n  containers: [{{name: web, image: i, \
         volumeMounts: []}}]\n{}",
        indented(text, 2)
    )
}

/// A Pod whose container has `text` as well as a name and an image, with a volume, a claim and an init container.
pub(super) fn container(text: &str) -> String {
    format!(
        "apiVersion: v1\nkind: Pod\nmetadata: {{name: web}}\nspec:\n  volumes:\n  - {{name: data, emptyDir: {{}}}}\n  \
         - {{name: disk, persistentVolumeClaim: {{claimName: disk}}}}\n  initContainers:\n  - {{name: first, image: \
         i}}\n  containers:\n  - name: web\n    image: i\n{}",
        indented(text, 4)
    )
}

/// A Pod with one volume.
pub(super) fn volume(text: &str) -> String {
    pod(&format!("volumes:\n- name: v\n{}", indented(text, 2)))
}

#[test]
fn lms715_resources() {
    let at = "LMS715 spec.containers[0].resources";
    let bad = [
        (".requests.memory", "resources: {requests: {memory: 512Mi}, limits: {memory: 256Mi}}"),
        (".requests.cpu", "resources: {requests: {cpu: 1}, limits: {cpu: null}}"),
        (".limits.cpu", "resources: {limits: {cpu: -1}}"),
        (".limits.gpu", "resources: {limits: {gpu: 1}}"),
        (".limits.pods", "resources: {limits: {pods: 1}}"),
        (".limits[nvidia.com/gpu]", "resources: {limits: {nvidia.com/gpu: 500m}}"),
        (".requests[nvidia.com/gpu]", "resources: {requests: {nvidia.com/gpu: 1}}"),
        (".requests[nvidia.com/gpu]", "resources: {requests: {nvidia.com/gpu: 1}, limits: {nvidia.com/gpu: 2}}"),
        (".limits[hugepages-2Mi]", "resources: {limits: {hugepages-2Mi: 3Mi, cpu: 1}}"),
        ("", "resources: {limits: {hugepages-2Mi: 4Mi}}"),
        (".claims[0].name", "resources: {claims: [{name: gpu}]}"),
    ];
    for (place, text) in bad {
        assert_eq!(found(&container(text), 35), [format!("{at}{place}")], "{text}");
    }
    takes(
        &[
            "resources: {requests: {cpu: 100m}, limits: {cpu: 0.1, memory: 1Gi, ephemeral-storage: 1G}}",
            "resources: {limits: {cpu: ' 1 ', memory: 64Mi}, requests: {cpu: 0.5}}",
            "resources: {limits: {nvidia.com/gpu: 2}, requests: {nvidia.com/gpu: 2}}",
            "resources: {limits: {hugepages-2Mi: 4Mi, memory: 1Gi}}",
        ],
        container,
    );
    refuses(
        &[
            ("LMS715 spec.resources.requests.cpu", "resources: {requests: {cpu: 2}, limits: {cpu: 1}}"),
            ("LMS715 spec.resources.limits[ephemeral-storage]", "resources: {limits: {ephemeral-storage: 1G}}"),
        ],
        pod,
    );
}

#[test]
fn lms716_containers() {
    let at = |text: &str| format!("apiVersion: v1\nkind: Pod\nmetadata: {{name: web}}\nspec:\n{}", indented(text, 2));
    refuses(
        &[
            ("LMS716 spec.containers", "containers: []"),
            ("LMS716 spec.containers", "restartPolicy: Always"),
            ("LMS716 spec.containers[0].name", "containers: [{name: Web, image: i}]"),
            ("LMS716 spec.containers[0].name", "containers: [{image: i}]"),
            ("LMS716 spec.containers[0].image", "containers: [{name: web}]"),
            ("LMS716 spec.containers[0].image", "containers: [{name: web, image: ' i'}]"),
            ("LMS716 spec.containers[1].name", "containers: [{name: web, image: i}, {name: web, image: i}]"),
            (
                "LMS716 spec.initContainers[0].name",
                "containers: [{name: web, image: i}]\ninitContainers: [{name: web, image: i}]",
            ),
            (
                "LMS716 spec.initContainers[0].livenessProbe",
                "containers: [{name: web, image: i}]\ninitContainers:\n- {name: a, image: i, livenessProbe: {exec: \
                 {command: [x]}}}",
            ),
        ],
        at,
    );
    refuses(
        &[
            ("LMS716 spec.containers[0].imagePullPolicy", "imagePullPolicy: always"),
            ("LMS716 spec.containers[0].terminationMessagePolicy", "terminationMessagePolicy: Log"),
            ("LMS716 spec.containers[0].restartPolicy", "restartPolicy: ''"),
            (
                "LMS716 spec.containers[0].resizePolicy[0].resourceName",
                "resizePolicy:\n- {resourceName: disk, \
              restartPolicy: NotRequired}",
            ),
        ],
        container,
    );
    takes(&["imagePullPolicy: ''", "imagePullPolicy: Never", "restartPolicy: Never"], container);
    takes(
        &["containers: [{name: web, image: i}]\ninitContainers:\n- {name: a, image: i, restartPolicy: Always, \
           livenessProbe: {exec: {command: [x]}}}"],
        at,
    );
    // Before 1.35 only init containers had a restartPolicy.
    let text = container("restartPolicy: Never");
    assert_eq!(found(&text, 34), ["LMS716 spec.containers[0].restartPolicy"]);
}

#[test]
fn lms717_ports() {
    let at = "LMS717 spec.containers[0].ports";
    let bad = [
        ("[0].name", "ports: [{name: http_api, containerPort: 1}]"),
        ("[0].name", "ports: [{name: a-name-that-is-long, containerPort: 1}]"),
        ("[1].name", "ports: [{name: a, containerPort: 1}, {name: a, containerPort: 2}]"),
        ("[0].containerPort", "ports: [{name: a}]"),
        ("[0].containerPort", "ports: [{containerPort: 65536}]"),
        ("[0].hostPort", "ports: [{containerPort: 1, hostPort: -1}]"),
        ("[0].protocol", "ports: [{containerPort: 1, protocol: tcp}]"),
        ("[1].hostPort", "ports: [{containerPort: 1, hostPort: 80}, {containerPort: 2, hostPort: 80, protocol: TCP}]"),
    ];
    for (place, text) in bad {
        assert_eq!(found(&container(text), 35), [format!("{at}{place}")], "{text}");
    }
    takes(
        &[
            "ports: [{containerPort: 80}, {containerPort: 80}]",
            "ports: [{containerPort: 1, hostPort: 80}, {containerPort: 1, hostPort: 80, protocol: UDP}]",
        ],
        container,
    );
    let text = container("ports: [{containerPort: 1, hostPort: 2}]").replace("spec:", "spec:\n  hostNetwork: true");
    assert_eq!(found(&text, 35), [format!("{at}[0].hostPort")]);
}

#[test]
fn lms718_env() {
    let at = "LMS718 spec.containers[0].env";
    let bad = [
        ("[0].name", "env: [{value: x}]"),
        ("[0].name", "env: [{name: 'A=B'}]"),
        ("[0].valueFrom", "env: [{name: A, valueFrom: {}}]"),
        ("[0].valueFrom", "env: [{name: A, value: x, valueFrom: {secretKeyRef: {name: a, key: b}}}]"),
        ("[0].valueFrom.secretKeyRef.name", "env: [{name: A, valueFrom: {secretKeyRef: {name: A, key: b}}}]"),
        ("[0].valueFrom.secretKeyRef.key", "env: [{name: A, valueFrom: {secretKeyRef: {name: a, key: b/c}}}]"),
        ("[0].valueFrom.configMapKeyRef.key", "env: [{name: A, valueFrom: {configMapKeyRef: {name: a}}}]"),
        ("[0].valueFrom.fieldRef.fieldPath", "env: [{name: A, valueFrom: {fieldRef: {fieldPath: metadata.labels}}}]"),
        ("[0].valueFrom.fieldRef.fieldPath", "env: [{name: A, valueFrom: {fieldRef: {fieldPath: \"spec['a']\"}}}]"),
        ("[0].valueFrom.resourceFieldRef.resource", "env: [{name: A, valueFrom: {resourceFieldRef: {resource: cpu}}}]"),
        (
            "[0].valueFrom.resourceFieldRef.divisor",
            "env: [{name: A, valueFrom: {resourceFieldRef: {resource: limits.cpu, divisor: 1k}}}]",
        ),
    ];
    for (place, text) in bad {
        assert_eq!(found(&container(text), 35), [format!("{at}{place}")], "{text}");
    }
    refuses(
        &[
            ("LMS718 spec.containers[0].envFrom[0]", "envFrom: [{prefix: A_}]"),
            ("LMS718 spec.containers[0].envFrom[0].secretRef.name", "envFrom: [{secretRef: {name: A_b}}]"),
        ],
        container,
    );
    takes(
        &[
            "env: [{name: A}, {name: A, value: null}, {name: 'a b', value: ''}]",
            "env: [{name: A, valueFrom: {fieldRef: {fieldPath: \"metadata.labels['a.b/c']\"}}}]",
            "env: [{name: A, valueFrom: {resourceFieldRef: {resource: limits.memory, divisor: 1Mi}}}]",
            "envFrom: [{prefix: A_, configMapRef: {name: a.b}}]",
        ],
        container,
    );
    assert_eq!(found(&container("env: [{name: 1A}]"), 31), [format!("{at}[0].name")]);
}

#[test]
fn lms719_probes() {
    let at = "LMS719 spec.containers[0].";
    let bad = [
        ("livenessProbe", "livenessProbe: {periodSeconds: 5}"),
        ("livenessProbe.httpGet.port", "livenessProbe: {httpGet: {path: /}}"),
        ("livenessProbe.httpGet.port", "livenessProbe: {httpGet: {port: '8080'}}"),
        ("livenessProbe.httpGet.port", "livenessProbe: {httpGet: {port: 0}}"),
        ("livenessProbe.httpGet.scheme", "livenessProbe: {httpGet: {port: 1, scheme: https}}"),
        (
            "livenessProbe.httpGet.httpHeaders[0].name",
            "livenessProbe: {httpGet: {port: 1, httpHeaders: [{name: a b}]}}",
        ),
        ("livenessProbe.tcpSocket", "livenessProbe: {httpGet: {port: 1}, tcpSocket: {port: 1}}"),
        ("livenessProbe.successThreshold", "livenessProbe: {tcpSocket: {port: 1}, successThreshold: 2}"),
        ("readinessProbe.periodSeconds", "readinessProbe: {tcpSocket: {port: 1}, periodSeconds: -1}"),
        (
            "readinessProbe.terminationGracePeriodSeconds",
            "readinessProbe: {tcpSocket: {port: 1}, terminationGracePeriodSeconds: 1}",
        ),
        ("startupProbe.exec.command", "startupProbe: {exec: {}}"),
        ("lifecycle.preStop", "lifecycle: {preStop: {}}"),
        ("lifecycle.preStop.sleep.seconds", "lifecycle: {preStop: {sleep: {seconds: 31}}}"),
    ];
    for (place, text) in bad {
        assert_eq!(found(&container(text), 35), [format!("{at}{place}")], "{text}");
    }
    takes(
        &[
            "livenessProbe: {httpGet: {port: http}, successThreshold: 0}",
            "readinessProbe: {grpc: {port: 1}, successThreshold: 3}",
            "lifecycle: {preStop: {sleep: {seconds: 0}}}",
            "lifecycle: {}",
        ],
        container,
    );
}

#[test]
fn lms720_volumes() {
    let at = "LMS720 spec.volumes[0]";
    let bad = [
        (".emptyDir", "configMap: {name: a}\nemptyDir: {}"),
        (".configMap.name", "configMap: {}"),
        (".secret.defaultMode", "secret: {secretName: a, defaultMode: 1000}"),
        (".secret.items[0].path", "secret: {secretName: a, items: [{key: a, path: ../a}]}"),
        (".hostPath.type", "hostPath: {path: /a, type: Folder}"),
        (".persistentVolumeClaim.claimName", "persistentVolumeClaim: {}"),
        (".csi.driver", "csi: {driver: a_b}"),
        (".nfs.path", "nfs: {server: a, path: b}"),
        (".projected.sources[0]", "projected: {sources: [{secret: {name: a}, configMap: {name: a}}]}"),
        (
            ".projected.sources[1].configMap.items[0].path",
            "projected:\n  sources:\n  - {secret: {name: a, items: [{key: a, path: b}]}}\n  - {configMap: {name: a, \
             items: [{key: a, path: b}]}}",
        ),
        (
            ".projected.sources[0].serviceAccountToken.expirationSeconds",
            "projected: {sources: [{serviceAccountToken: {path: a, expirationSeconds: 60}}]}",
        ),
        (".downwardAPI.items[0]", "downwardAPI: {items: [{path: a}]}"),
        (
            ".ephemeral.volumeClaimTemplate.spec.resources.requests.storage",
            "ephemeral: {volumeClaimTemplate: {spec: {accessModes: [ReadWriteOnce]}}}",
        ),
    ];
    for (place, text) in bad {
        assert_eq!(found(&volume(text), 35), [format!("{at}{place}")], "{text}");
    }
    refuses(
        &[
            ("LMS720 spec.volumes[0].name", "volumes: [{emptyDir: {}}]"),
            ("LMS720 spec.volumes[1].name", "volumes: [{name: a}, {name: a}]"),
        ],
        pod,
    );
    takes(&["", "emptyDir: {sizeLimit: 1Gi}", "projected: {sources: [{}]}", "hostPath: {path: /a, type: ''}"], volume);
}

#[test]
fn lms721_mounts() {
    let at = "LMS721 spec.containers[0].";
    let bad = [
        ("volumeMounts[0].name", "volumeMounts: [{name: dat, mountPath: /a}]"),
        ("volumeMounts[0].mountPath", "volumeMounts: [{name: data}]"),
        ("volumeMounts[1].mountPath", "volumeMounts: [{name: data, mountPath: /a}, {name: disk, mountPath: /a}]"),
        ("volumeMounts[0].subPath", "volumeMounts: [{name: data, mountPath: /a, subPath: /b}]"),
        ("volumeMounts[0].mountPropagation", "volumeMounts: [{name: data, mountPath: /a, mountPropagation: Both}]"),
        (
            "volumeMounts[0].recursiveReadOnly",
            "volumeMounts: [{name: data, mountPath: /a, recursiveReadOnly: Enabled}]",
        ),
        ("volumeDevices[0].name", "volumeDevices: [{name: data, devicePath: /a}]"),
        ("volumeDevices[0].devicePath", "volumeDevices: [{name: disk}]"),
    ];
    for (place, text) in bad {
        assert_eq!(found(&container(text), 35), [format!("{at}{place}")], "{text}");
    }
    takes(
        &[
            "volumeMounts: [{name: data, mountPath: /a}, {name: data, mountPath: /b, subPath: c}]",
            "volumeDevices: [{name: disk, devicePath: /a}]",
        ],
        container,
    );
}
