//! Whole objects against the packed schemas.

use super::compile::Dialect;
use super::pack::Set;
use super::*;
use crate::manifest::{Value, parse_documents};

fn schemas() -> Schemas {
    Schemas::builtin("1.35".parse().unwrap()).unwrap()
}

fn object(text: &str) -> Value {
    parse_documents(text).unwrap().remove(0)
}

/// What is wrong with an object, as `path: what`.
fn faults_in(schemas: &Schemas, text: &str) -> Vec<String> {
    let object = object(text);
    let (version, kind) = (object.str_at(&["apiVersion"]).unwrap(), object.str_at(&["kind"]).unwrap());
    let Lookup::Known(kind) = schemas.kind(version, kind) else { panic!("{version} {kind} is not known") };
    let mut faults = Vec::new();
    kind.check(&object, &mut faults);
    faults.iter().map(|fault| format!("{}: {}", fault.path, fault.what)).collect()
}

fn faults(text: &str) -> Vec<String> {
    faults_in(&schemas(), text)
}

/// A Deployment with `spec` below `spec:`.
fn deployment(spec: &str) -> String {
    let spec = spec.replace('\n', "\n  ");
    format!("apiVersion: apps/v1\nkind: Deployment\nmetadata: {{name: a}}\nspec:\n  {spec}\n")
}

/// A Deployment whose only container has these fields besides its name.
fn container(fields: &str) -> String {
    deployment(&format!(
        "selector: {{matchLabels: {{a: b}}}}\ntemplate: {{metadata: {{labels: {{a: b}}}}, spec: {{containers: [{{name: c, {fields}}}]}}}}"
    ))
}

const CONTAINER: &str = "spec.template.spec.containers[0]";

#[test]
fn every_schema_can_be_read() {
    for minor in Schemas::MINORS {
        let schemas = Schemas::builtin(minor).unwrap();
        let kinds: Vec<Gvk> = schemas.kinds().collect();
        assert!(kinds.len() > 140, "{minor}: {}", kinds.len());
        for Gvk { api_version, kind } in kinds {
            let Lookup::Known(known) = schemas.kind(&api_version, &kind) else {
                panic!("{minor}: {api_version} {kind}")
            };
            let mut faults = Vec::new();
            known.check(&object(&format!("apiVersion: {api_version}\nkind: {kind}\nnobody: 1\n")), &mut faults);
            let unknown = faults.iter().filter(|fault| matches!(fault.what, What::UnknownField { .. })).count();
            assert_eq!(unknown, 1, "{minor}: {api_version} {kind}: {faults:?}");
        }
    }
    let kubernetes = Set::open(include_bytes!("../../schemas/kubernetes.jsonl.gz"), Dialect::BuiltIn);
    let packed: Vec<String> = Schemas::MINORS.iter().map(ToString::to_string).collect();
    assert_eq!(kubernetes.index.minors, packed);
    kubernetes.read_all();
    Set::open(include_bytes!("../../schemas/crds.jsonl.gz"), Dialect::Custom).read_all();
}

#[test]
fn a_right_object_has_no_faults() {
    let text = container(
        "image: a, ports: [{containerPort: 80, protocol: TCP}], env: [{name: A, value: null}], command: [null, a], \
         resources: {limits: {cpu: 1, memory: 1.5Gi, nvidia.com/gpu: \"1\"}}, imagePullPolicy: \"\", lifecycle: null, \
         livenessProbe: {httpGet: {port: http}, periodSeconds: 10.0}, readinessProbe: {tcpSocket: {port: 80}}",
    );
    assert_eq!(faults(&text), [""; 0]);
    assert_eq!(faults("apiVersion: v1\nkind: Secret\nmetadata: {name: a}\ndata: {a: YQ==, b: null, c: ''}\n"), [""; 0]);
    // A status is read, but not validated.
    let status = "status: {conditions: [{}], phase: Somehow}\n";
    assert_eq!(faults(&format!("apiVersion: v1\nkind: Namespace\nmetadata: {{name: a}}\n{status}")), [""; 0]);
}

#[test]
fn unknown_fields() {
    let text = container("imagee: a, readinessprobe: {}, zzz: 1");
    assert_eq!(
        faults(&text),
        [
            format!("{CONTAINER}.imagee: unknown field `imagee`; did you mean `image`?"),
            format!("{CONTAINER}.readinessprobe: unknown field `readinessprobe`; did you mean `readinessProbe`?"),
            format!("{CONTAINER}.zzz: unknown field `zzz`"),
        ]
    );
    let text = "apiVersion: v1\nkind: ConfigMap\nmetadata: {name: a, label: {a: b}}\ndata: {a: b}\n";
    assert_eq!(faults(text), ["metadata.label: unknown field `label`; did you mean `labels`?"]);
}

#[test]
fn missing_and_empty_fields() {
    let text = deployment("template: {spec: {containers: [{image: a}]}}");
    assert_eq!(faults(&text), [format!("{CONTAINER}: `name` is missing"), "spec: `selector` is missing".into()]);
    let text = deployment("selector: null\ntemplate: {spec: {containers: []}}");
    assert_eq!(faults(&text), ["spec.template.spec.containers: `containers` is empty", "spec: `selector` is missing"]);
    let text = container("volumeMounts: [{name: \"\", mountPath: /a}]");
    assert_eq!(faults(&text), [format!("{CONTAINER}.volumeMounts[0].name: `name` is empty")]);
}

#[test]
fn wrong_types() {
    for (fields, place, what) in [
        ("image: 1", "image", "expected a string, got the number `1`"),
        ("tty: \"yes\"", "tty", "expected `true` or `false`, got the string `\"yes\"`"),
        ("args: a", "args", "expected a list, got the string `\"a\"`"),
        ("resources: []", "resources", "expected a mapping, got a list"),
        ("command: [1]", "command[0]", "expected a string, got the number `1`"),
        ("ports: [{containerPort: \"80\"}]", "ports[0].containerPort", "expected an integer, got the string `\"80\"`"),
        ("ports: [{containerPort: 80.5}]", "ports[0].containerPort", "expected an integer, got the number `80.5`"),
        (
            "livenessProbe: {tcpSocket: {port: true}}",
            "livenessProbe.tcpSocket.port",
            "expected an integer or a string, got the boolean `true`",
        ),
        ("env: [{name: A, value: 5432}]", "env[0].value", "expected a string, got the number `5432`"),
    ] {
        assert_eq!(faults(&container(fields)), [format!("{CONTAINER}.{place}: {what}")]);
    }
    assert_eq!(
        faults("apiVersion: v1\nkind: ConfigMap\nmetadata: {name: a}\ndata: {a: true}\n"),
        ["data.a: expected a string, got the boolean `true`"]
    );
}

#[test]
fn words_formats_and_ranges() {
    for (fields, place, what) in [
        (
            "imagePullPolicy: always",
            "imagePullPolicy",
            "expected `Always`, `Never` or `IfNotPresent`, got the string `\"always\"`",
        ),
        (
            "resources: {limits: {cpu: 1c}}",
            "resources.limits.cpu",
            "expected a quantity such as `500m` or `1Gi`, got the string `\"1c\"`",
        ),
        (
            "livenessProbe: {periodSeconds: 3000000000}",
            "livenessProbe.periodSeconds",
            "expected at most 2147483647, got the number `3000000000`",
        ),
    ] {
        assert_eq!(faults(&container(fields)), [format!("{CONTAINER}.{place}: {what}")]);
    }
    let text =
        "apiVersion: v1\nkind: ConfigMap\nmetadata: {name: a, creationTimestamp: yesterday}\nbinaryData: {a: '?'}\n";
    assert_eq!(
        faults(text),
        [
            "metadata.creationTimestamp: expected a time such as `2026-01-31T12:00:00Z`, got the string `\"yesterday\"`",
            "binaryData.a: expected base64, got the string `\"?\"`",
        ]
    );
}

#[test]
fn bytes_are_base64_or_numbers() {
    let secret =
        |value: &str| faults(&format!("apiVersion: v1\nkind: Secret\nmetadata: {{name: a}}\ndata: {{a: {value}}}\n"));
    for right in ["aGk=", "[104, 105]", "[null]", "[]"] {
        assert!(secret(right).is_empty(), "{right}");
    }
    for wrong in ["[256]", "[-1]", "[a]", "{}", "1"] {
        assert_eq!(secret(wrong).len(), 1, "{wrong}");
    }
}

#[test]
fn values_of_secrets_are_not_shown() {
    let text = "apiVersion: v1\nkind: Secret\nmetadata: {name: a}\ndata: {a: hunter2!}\nstringData: {b: 12345}\n";
    assert_eq!(
        faults(text),
        ["data.a: expected base64, got a string", "stringData.b: expected a string, got a number"]
    );
}

#[test]
fn releases() {
    let schemas = schemas();
    let removed = schemas.kind("networking.k8s.io/v1beta1", "Ingress");
    assert!(matches!(removed, Lookup::Removed { since: "1.22", replacement: Some("networking.k8s.io/v1 Ingress") }));
    let removed = schemas.kind("flowcontrol.apiserver.k8s.io/v1beta3", "FlowSchema");
    assert!(matches!(removed, Lookup::Removed { since: "1.32", .. }));
    let removed = schemas.kind("policy/v1beta1", "PodSecurityPolicy");
    assert!(matches!(removed, Lookup::Removed { since: "1.25", replacement: Some(_) }), "its type is gone, too");
    assert!(matches!(schemas.kind("batch/v1", "Deployment"), Lookup::Unknown));
    assert_eq!(schemas.did_you_mean("batch/v1", "Deployment").as_deref(), Some("apps/v1 Deployment"));
    assert_eq!(schemas.did_you_mean("apps/v1", "Deploymnet").as_deref(), Some("apps/v1 Deployment"));
    assert_eq!(schemas.did_you_mean("example.com/v1", "Elephant"), None);
    let old = Schemas::builtin("1.31".parse().unwrap()).unwrap();
    assert!(matches!(old.kind("resource.k8s.io/v1", "ResourceClaim"), Lookup::NotYet { since: "1.34" }));
    let Lookup::Known(endpoints) = schemas.kind("v1", "Endpoints") else { panic!() };
    assert_eq!((endpoints.deprecated(), endpoints.scope()), (None, Scope::Namespaced));
    let Lookup::Known(beta) = schemas.kind("networking.k8s.io/v1beta1", "IPAddress") else { panic!() };
    assert_eq!((beta.is_on_by_default(), beta.deprecated(), beta.scope()), (false, Some("1.34"), Scope::Cluster));
    assert!("1.99".parse().is_ok_and(|minor| Schemas::builtin(minor).is_err()) && "1".parse::<Minor>().is_err());
}

const CRD: &str = "
apiVersion: apiextensions.k8s.io/v1
kind: CustomResourceDefinition
metadata: {name: boxes.example.com}
spec:
  group: example.com
  names: {kind: Box, plural: boxes}
  scope: Cluster
  versions:
  - name: v1
    served: true
    storage: true
    schema:
      openAPIV3Schema:
        type: object
        required: [spec]
        properties:
          spec:
            type: object
            required: [size, mode]
            x-kubernetes-validations: [{rule: self.size > 0}]
            properties:
              size: {type: integer, minimum: 1, maximum: 10, exclusiveMaximum: true, multipleOf: 2}
              mode: {type: string, enum: [open, shut], default: open}
              code: {type: string, pattern: '^[a-z]+$', minLength: 2, maxLength: 3}
              none: {type: string, nullable: true}
              when: {type: string, format: date-time}
              free: {type: object, x-kubernetes-preserve-unknown-fields: true}
              each: {type: object, additionalProperties: {type: integer}, maxProperties: 2}
              port: {x-kubernetes-int-or-string: true, anyOf: [{type: integer}, {type: string}]}
              tags: {type: array, items: {type: string}, minItems: 1, maxItems: 3, x-kubernetes-list-type: set}
              rows:
                type: array
                x-kubernetes-list-type: map
                x-kubernetes-list-map-keys: [name]
                items: {type: object, properties: {name: {type: string}, left: {type: string}}}
              ends:
                type: object
                properties: {a: {type: string}, b: {type: string}, c: {type: string}}
                oneOf: [{required: [a]}, {required: [b]}]
                not: {required: [b, c]}
";

#[test]
fn conditions_of_custom_resources() {
    let mut schemas = schemas();
    let added = schemas.add_crd(&object(CRD)).unwrap();
    assert_eq!(added, [Gvk { api_version: "example.com/v1".into(), kind: "Box".into() }]);
    let Lookup::Known(kind) = schemas.kind("example.com/v1", "Box") else { panic!() };
    assert_eq!((kind.scope(), kind.cel_rules()), (Scope::Cluster, 1));
    let check = |spec: &str| {
        let text = format!("apiVersion: example.com/v1\nkind: Box\nmetadata: {{name: a}}\nspec: {{size: 2, {spec}}}\n");
        faults_in(&schemas, &text)
    };
    for right in [
        "mode: null",
        "none: null, free: {a: {b: null}}, each: {a: 1, b: null}",
        "code: abc, when: '2026-01-31t12:00:00.5z', port: 5, tags: [a, b]",
        "port: http, rows: [{name: a}, {name: b}], ends: {a: x}",
    ] {
        assert_eq!(check(right), [""; 0], "{right}");
    }
    for (wrong, place, what) in [
        ("mode: ajar", "mode", "expected `open` or `shut`, got the string `\"ajar\"`"),
        ("code: ABC", "code", "expected a string that matches `^[a-z]+$`, got the string `\"ABC\"`"),
        ("code: abcd", "code", "expected at most 3 characters"),
        ("code: a", "code", "expected at least 2 characters"),
        ("when: today", "when", "expected a time such as `2026-01-31T12:00:00Z`, got the string `\"today\"`"),
        ("each: {a: x}", "each.a", "expected an integer, got the string `\"x\"`"),
        ("each: {a: 1, b: 2, c: 3}", "each", "expected at most 2 fields"),
        ("port: true", "port", "expected an integer or a string, got the boolean `true`"),
        ("tags: [a, b, a]", "tags", "item 2 occurs twice"),
        ("tags: []", "tags", "expected at least 1 item"),
        ("tags: [null]", "tags[0]", "expected a string, got null"),
        ("rows: [{name: a, left: x}, {name: a}]", "rows", "item 1 has the same `name` as one before it"),
        ("ends: {c: x}", "ends", "exactly one of `a` and `b` must be set"),
        ("ends: {a: x, b: y}", "ends", "exactly one of `a` and `b` must be set"),
        ("ends: {b: x, c: y}", "ends", "this combination of fields is ruled out by the schema"),
        ("colour: red", "colour", "unknown field `colour`"),
    ] {
        assert_eq!(check(wrong), [format!("spec.{place}: {what}")], "{wrong}");
    }
    for (size, what) in [("0", "at least 1"), ("10", "less than 10"), ("3", "a multiple of 2")] {
        let text = format!("apiVersion: example.com/v1\nkind: Box\nmetadata: {{name: a}}\nspec: {{size: {size}}}\n");
        assert_eq!(faults_in(&schemas, &text), [format!("spec.size: expected {what}, got the number `{size}`")]);
    }
    let text = "apiVersion: example.com/v1\nkind: Box\nmetadata: {name: a, labelss: {}}\n";
    assert_eq!(
        faults_in(&schemas, text),
        [": `spec` is missing", "metadata.labelss: unknown field `labelss`; did you mean `labels`?"]
    );
}

#[test]
fn definitions_that_cannot_be_used() {
    let mut schemas = schemas();
    assert_eq!(schemas.add_crd(&object("kind: Pod\n")), Err(CrdError::AnotherKind));
    let scope = CRD.replace("Cluster\n", "Everywhere\n");
    assert_eq!(schemas.add_crd(&object(&scope)), Err(CrdError::Field("spec.scope")));
    let link = CRD.replace("type: object, x-kubernetes-preserve-unknown-fields: true", "$ref: 1");
    assert!(matches!(schemas.add_crd(&object(&link)), Err(CrdError::Schema { .. })));
}

#[test]
fn packed_custom_resources() {
    let route = "apiVersion: gateway.networking.k8s.io/v1\nkind: HTTPRoute\nmetadata: {name: a}\nspec:\n  parentRefs: [{name: g}]\n  rules:\n  - matches: [{path: {type: PathPrefx, value: /a}}]\n    backendRefs: [{name: b, port: 70000}]\n";
    assert_eq!(
        faults(route),
        [
            "spec.rules[0].matches[0].path.type: expected `Exact`, `PathPrefix` or `RegularExpression`, got the string `\"PathPrefx\"`",
            "spec.rules[0].backendRefs[0].port: expected at most 65535, got the number `70000`",
        ]
    );
    let flux = "apiVersion: kustomize.toolkit.fluxcd.io/v1\nkind: Kustomization\nmetadata: {name: a}\nspec: {interval: 5m, prune: true, sourceRef: {kind: GitRepository, name: a}, path: ./a, timeOut: 1m}\n";
    assert_eq!(faults(flux), ["spec.timeOut: unknown field `timeOut`; did you mean `timeout`?"]);
    let argo = "apiVersion: argoproj.io/v1alpha1\nkind: Application\nmetadata: {name: a}\nspec: {project: default, destination: {}, source: {path: a}}\n";
    assert_eq!(faults(argo), ["spec.source: `repoURL` is missing"]);
}
