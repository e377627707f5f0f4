//! A fleet with faults between its objects: each is reported at the line of the template and the value that caused it,
//! with the instances, and nothing is written.

use crate::support::fleet::Fleet;

const ENVIRONMENT: &str = "\
namespace = \"dev\"
kubernetes = \"1.35\"
delivery = \"flux\"

[policy]
max-replicas = 3
max-requests = { cpu = \"1\" }
forbidden-annotations = [\"evil.example/*\"]

[gateway]
name = \"gate\"
namespace = \"gateways\"
features = [\"cors\"]

[quota]
pods = \"5\"
";

const STACK: &str = "\
phases = [\"app\"]

[params.replicas]
type = \"integer\"
default = 1
description = \"how many\"

[params.path]
type = \"string\"
default = \"/\"
description = \"where clients ask\"

[params.key-path]
type = \"string\"
default = \"/etc/app/key.pem\"
description = \"the key's file\"
";

const CONFIG: &str = "\
apiVersion: v1
kind: ConfigMap
metadata: { name: \"config-{{ client.slug }}\", namespace: {{ environment.namespace }} }
data:
  KEY_PATH: {{ params.key_path }}
";

const SERVICE: &str = "\
apiVersion: v1
kind: Service
metadata: { name: \"app-{{ client.slug }}\", namespace: {{ environment.namespace }} }
spec:
  selector: { app: \"{{ client.slug }}\" }
  ports:
    - { name: http, port: 80, targetPort: web }
";

const ROUTE: &str = "\
apiVersion: gateway.networking.k8s.io/v1
kind: HTTPRoute
metadata: { name: \"app-{{ client.slug }}\", namespace: {{ environment.namespace }} }
spec:
  parentRefs: [{ name: gate, namespace: gateways }]
  hostnames: [app.example]
  rules:
    - matches:
        - path:
            type: PathPrefix
            value: {{ params.path }}
      filters:
        - type: URLRewrite
          urlRewrite: { path: { type: ReplacePrefixMatch, replacePrefixMatch: / } }
      backendRefs:
        - { name: \"app-{{ client.slug }}\", port: 8080 }
";

const DEPLOYMENT: &str = "\
apiVersion: apps/v1
kind: Deployment
metadata:
  name: app-{{ client.slug }}
  namespace: {{ environment.namespace }}
  annotations: { evil.example/x: \"y\" }
spec:
  replicas: {{ params.replicas }}
  selector: { matchLabels: { app: \"{{ client.slug }}\" } }
  template:
    metadata: { labels: { app: \"{{ client.slug }}\" } }
    spec:
      serviceAccountName: robot
      containers:
        - name: app
          image: registry.example/app:1
          ports:
            - { name: http, containerPort: 8080 }
          envFrom:
            - configMapRef: { name: \"config-{{ client.slug }}\" }
          env:
            - { name: URL, value: \"http://$(HOST)/\" }
            - { name: HOST, value: localhost }
            - name: LEVEL
              valueFrom: { configMapKeyRef: { name: \"config-{{ client.slug }}\", key: LEVEL } }
          readinessProbe: { tcpSocket: { port: htpp } }
          resources: { requests: { cpu: 400m, memory: 1Gi }, limits: { memory: 1Gi } }
          volumeMounts:
            - { name: key, mountPath: /etc/app }
      volumes:
        - name: key
          configMap: { name: files }
        - name: scratch
          emptyDir: {}
";

const FILES: &str = "\
apiVersion: v1
kind: ConfigMap
metadata: { name: files, namespace: {{ environment.namespace }} }
data:
  key.pem: \"\"
";

const JOB: &str = "\
apiVersion: batch/v1
kind: Job
metadata: { name: \"setup-{{ client.slug }}\", namespace: {{ environment.namespace }} }
spec:
  ttlSecondsAfterFinished: 60
  template:
    spec:
      restartPolicy: Never
      containers:
        - { name: setup, image: registry.example/setup }
";

fn fleet() -> Fleet {
    let fleet = Fleet::empty();
    for (path, text) in [
        ("lmsgen.toml", "stack = \"t\"\n"),
        ("environments/dev.toml", ENVIRONMENT),
        ("clients/C1.toml", "name = \"One\"\n\n[params]\npath = \"/shared\"\n\n[environments.dev]\n"),
        (
            "clients/C2.toml",
            "name = \"Two\"\n\n[params]\npath = \"/shared\"\nreplicas = 5\nkey-path = \"/etc/app/key\"\n\n[environments.dev]\n",
        ),
        ("templates/t/stack.toml", STACK),
        ("templates/t/app/config.yaml", CONFIG),
        ("templates/t/app/deployment.yaml", DEPLOYMENT),
        ("templates/t/app/job.yaml", JOB),
        ("templates/t/app/route.yaml", ROUTE),
        ("templates/t/app/service.yaml", SERVICE),
        ("templates/t/environment/files.yaml", FILES),
    ] {
        fleet.write(path, text);
    }
    fleet
}

/// Code, place and message of each fault, and where its value is set or what belongs to it.
const EXPECTED: [(&str, &str, &str); 16] = [
    ("LMS800", "clients/C2.toml:4:8", "path `/shared` of host `app.example` is taken by `dev/C1` and by `dev/C2`"),
    ("LMS801", "templates/t/app/deployment.yaml:13:27", "ServiceAccount `robot` is not there"),
    ("LMS802", "templates/t/app/deployment.yaml:25:86", "has no key `LEVEL`"),
    ("LMS804", "templates/t/app/service.yaml:7:43", "no container of the selected Pods has a port called `web`"),
    ("LMS805", "templates/t/app/route.yaml:16:50", "has no port `8080`"),
    ("LMS806", "templates/t/app/deployment.yaml:26:48", "the container has no port called `htpp`"),
    ("LMS807", "templates/t/app/deployment.yaml:33:17", "no container mounts volume `scratch`"),
    ("LMS808", "clients/C2.toml:6:12", "there is no file `key` in ConfigMap `files`"),
    ("LMS810", "templates/t/app/deployment.yaml:22:35", "`$(HOST)` is defined further down only"),
    ("LMS812", "templates/t/app/job.yaml:10:33", "image `registry.example/setup` has no tag"),
    ("LMS813", "templates/t/app/job.yaml:5:28", "the Job deletes itself"),
    ("LMS820", "templates/t/app/route.yaml:13:17", "the environment's Gateway is not said to have `path-rewrite`"),
    ("LMS832", "templates/t/app/deployment.yaml:6:34", "annotation `evil.example/x` is forbidden"),
    ("LMS833", "clients/C2.toml:5:12", "5 replicas; the environment allows 3"),
    ("LMS834", "clients/C2.toml:5:12", "requests of cpu are 2 together; the environment allows 1"),
    ("LMS835", "environments/dev.toml:15:1", "pods of all instances are 6, the quota is 5"),
];

#[test]
fn faults_between_objects_are_shown_where_they_were_made() {
    let fleet = fleet();
    let before = fleet.snapshot();
    let ran = fleet.run(&["validate"]).exits(3);
    let mut wrong = Vec::new();
    for (code, place, message) in EXPECTED {
        let at = ran.err.split("\n\n").find(|block| block.contains(&format!("[{code}]")));
        match at {
            Some(block) if block.contains(place) && block.contains(message) => {}
            other => wrong.push(format!("{code} {place} {message}:\n{}", other.unwrap_or("nothing"))),
        }
    }
    assert!(wrong.is_empty(), "{}\n\nall:\n{}", wrong.join("\n\n"), ran.err);
    let rendered = fleet.run(&["render"]).exits(3);
    // The last line has the time.
    let faults = |text: &str| text.rsplit_once("\n\n").map(|(faults, _)| faults.to_owned());
    assert_eq!(faults(&rendered.err), faults(&ran.err));
    before.assert_same(&fleet.snapshot());
}

#[test]
fn faults_name_their_instances() {
    let ran = fleet().run(&["validate", "-o", "json"]).exits(3);
    let json: serde_json::Value = serde_json::from_str(&ran.out).unwrap();
    let list = json["diagnostics"].as_array().unwrap();
    let instances = |code: &str| {
        let found = list.iter().find(|one| one["code"] == code).unwrap_or_else(|| panic!("{code}"));
        found["instances"].clone()
    };
    assert_eq!(instances("LMS800"), serde_json::json!(["dev/C1", "dev/C2"]));
    assert_eq!(instances("LMS804"), serde_json::json!(["dev/C1", "dev/C2"]));
    assert_eq!(instances("LMS833"), serde_json::json!(["dev/C2"]));
}

#[test]
fn a_policy_is_read_strictly() {
    let said = |policy: &str| {
        let fleet = fleet();
        let environment = ENVIRONMENT.split("[policy]").next().unwrap();
        fleet.write("environments/dev.toml", format!("{environment}[policy]\n{policy}\n"));
        fleet.run(&["validate"]).exits(3).err
    };
    for (policy, code, message) in [
        ("digest = \"required\"", "LMS103", "did you mean `digests`?"),
        ("digests = \"yes\"", "LMS138", "write `required`, or remove the key"),
        ("max-replicas = 0", "LMS138", "write a number from 1 to 10000"),
        ("max-requests = { cpu = \"4 cores\" }", "LMS138", "is no quantity"),
        ("max-requests = { gpu = \"4\" }", "LMS103", "gpu"),
        ("forbidden-annotations = [\"*\"]", "LMS138", "is no key of an annotation"),
        ("pod-security = \"strict\"", "LMS138", "write `baseline` or `restricted`"),
    ] {
        let said = said(policy);
        assert!(said.contains(&format!("[{code}]")) && said.contains(message), "{policy}:\n{said}");
    }
}

#[test]
fn what_a_policy_requires_is_looked_for() {
    let fleet = fleet();
    let environment = ENVIRONMENT.split("[policy]").next().unwrap();
    let policy = "[policy]\ndigests = \"required\"\nresources = \"required\"\npod-security = \"restricted\"\n";
    fleet.write("environments/dev.toml", format!("{environment}{policy}"));
    let ran = fleet.run(&["validate"]).exits(3);
    for code in ["LMS741", "LMS830", "LMS831"] {
        assert!(ran.err.contains(&format!("[{code}]")), "{code}:\n{}", ran.err);
    }
    assert!(!ran.err.contains("[LMS812]"), "said once:\n{}", ran.err);
}
