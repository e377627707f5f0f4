//! Faults of templates, objects and stacks: each with its code and place, all at once, and nothing written.

use crate::support::fleet::{Fleet, Ran, TINY_ENVIRONMENT};

/// Six lines of an object; what a test is about follows from line 7.
const OBJECT: &str = "\
apiVersion: v1
kind: ConfigMap
metadata:
  name: one-{{ client.slug }}
  namespace: {{ environment.namespace }}
data:
";

/// A custom kind that takes anything.
const WIDGET: &str = "\
apiVersion: apiextensions.k8s.io/v1
kind: CustomResourceDefinition
metadata: {name: widgets.example.org}
spec:
  group: example.org
  scope: Namespaced
  names: {kind: Widget, plural: widgets}
  versions:
  - name: v1
    served: true
    storage: true
    schema: {openAPIV3Schema: {type: object, x-kubernetes-preserve-unknown-fields: true}}
";

const ONE: &str = "templates/t/app/one.yaml";
const STACK: &str = "templates/t/stack.toml";

/// A stack that declares a free table `v`, an optional string `w` and a Secret, and a template that reads all of them.
const DECLARED: &str = "\
phases = [\"app\"]

[params.v]
type = \"table\"
default = { a = [1, 2], s = \"x\" }
description = \"anything\"

[params.w]
type = \"string\"
optional = true
description = \"may be unset\"

[secrets.db.password]
generate = \"alphanumeric\"
";

const READER: &str = "\
apiVersion: v1
kind: ConfigMap
metadata: {name: reader-{{ client.slug }}, namespace: {{ environment.namespace }}}
data: {v: \"{{ params.v.s }}\", w: \"{{ params.w or 'none' }}\"}
";

/// A fleet whose template is `template`.
fn fleet_of(template: &str) -> Fleet {
    Fleet::tiny(&[(STACK, DECLARED), ("templates/t/app/reader.yaml", READER), (ONE, template)])
}

/// Runs `validate` and `render`, which must agree, write nothing and end soon.
#[track_caller]
fn refused(fleet: &Fleet, exit: i32) -> Ran {
    let before = fleet.snapshot();
    let run = |command| fleet.prepare(&[command]).computes_at_most(10).go().exits(exit).prints_nothing();
    let (validated, rendered) = (run("validate"), run("render"));
    assert_eq!(validated.err_untimed(), rendered.err.trim_end());
    before.assert_same(&fleet.snapshot());
    rendered
}

/// Templates and how they are refused; all of a list are tried before it fails.
#[derive(Default)]
struct Cases(Vec<String>);

impl Cases {
    /// Lines from line 7 of an object on: the start of the code, of the place, and a part of the message.
    fn body(&mut self, body: &str, code: &str, place: &str, said: &str) {
        self.template(&format!("{OBJECT}{body}\n"), code, place, said);
    }

    fn template(&mut self, template: &str, code: &str, place: &str, said: &str) {
        let exit = if code == "LMS234" { 4 } else { 3 };
        let fleet = fleet_of(template);
        let before = fleet.snapshot();
        let (validated, rendered) = (fleet.run(&["validate"]), fleet.run(&["render"]));
        let is_right = validated.code == exit
            && (rendered.code, rendered.err.trim_end()) == (exit, validated.err_untimed())
            && rendered.all().contains(&format!("error[{code}"))
            && rendered.err.contains(&format!("--> {ONE}:{place}"))
            && rendered.err.contains(said)
            && rendered.out.is_empty();
        if !is_right {
            let shown = |text: &str| text.chars().take(1500).collect::<String>();
            let lines = template.lines().skip(if template.starts_with(OBJECT) { 6 } else { 0 }).collect::<Vec<_>>();
            let wanted = format!("{exit} {code} {place} {said}");
            self.0.push(format!(
                "{}\n=> {wanted}\n{}: {}",
                shown(&lines.join("\n")),
                rendered.code,
                shown(&rendered.err)
            ));
        }
        before.assert_same(&fleet.snapshot());
    }

    #[track_caller]
    fn assert(self) {
        assert!(self.0.is_empty(), "{} wrong:\n\n{}", self.0.len(), self.0.join("\n--------\n"));
    }
}

#[test]
fn the_plain_object_is_right() {
    let fleet = fleet_of(&format!("{OBJECT}  a: b\n"));
    fleet.run(&["validate"]).exits(0).says("No errors in 1 instance, 2 objects (");
    fleet.run(&["render", "--locked"]).exits(4).says("error[LMS441]");
}

#[test]
fn names_that_nothing_has() {
    let mut cases = Cases::default();
    cases.body("  a: {{ nope }}", "LMS211", "7:9", "this has no value");
    cases.body("  a: {{ params.nope }}", "LMS200", "7:9", "the stack declares no parameter `nope`");
    cases.body("  a: {{ params.vv }}", "LMS200", "7:9", "did you mean `params.v`?");
    cases.body("  a: {{ client.nmae }}", "LMS201", "7:9", "`client` has no `nmae`");
    cases.body("  a: {{ environment.secrets }}", "LMS201", "7:9", "`environment` has no `secrets`");
    cases.body("  a: {{ client.labels.tier }}", "LMS211", "7:", "tier");
    cases.body("  a: {{ params.v.nope }}", "LMS211", "7:", "nope");
    cases.body("  a: {{ params.w }}", "LMS211", "7:9", "this is not set");
    cases.body("  a: {{ params.v | nope }}", "LMS21", "7:", "nope");
    cases.body("  a: {{ nope() }}", "LMS21", "7:", "nope");
    // In a branch that is never taken, too.
    cases.body("{% if false %}  a: {{ params.nope }}\n{% endif %}  b: c", "LMS200", "7:23", "`nope`");
    cases.body("  a: {{ secret(name=\"db\", key=\"nope\") }}", "LMS211", "7:", "declares `password`");
    cases.body("  a: {{ secret_name(name=\"nope\") }}", "LMS211", "7:", "it declares `db`");
    cases.body("  a: {{ secret_revision(name=\"nope\") }}", "LMS211", "7:", "it declares `db`");
    cases.body("  a: {{ content_hash(of=\"app/nope.yaml\") }}", "LMS236", "7:9", "no such template");
    cases.body("  a: {{ content_hash(of=\"app/one.yaml\") }}", "LMS236", "7:9", "depends on itself");
    cases.assert();
}

#[test]
fn the_instance_is_named() {
    let fleet = fleet_of(&format!("{OBJECT}  a: {{{{ params.w }}}}\n"));
    fleet.write("clients/C2.toml", "name = \"Two\"\nparams.w = \"set\"\n\n[environments.dev]\n");
    fleet.write("clients/C3.toml", "name = \"Three\"\n\n[environments.dev]\n");
    let ran = refused(&fleet, 3).says("this is not set");
    assert_eq!(ran.err.matches("error[LMS211]").count(), 1, "one fault, however many instances:\n{}", ran.err);
    ran.says("= note: in dev/C1, dev/C3\n");
}

/// A template that takes the digest of one with a fault has none of its own.
#[test]
fn a_digest_of_what_has_a_fault() {
    let digest = |of: &str| format!("{OBJECT}  a: {{{{ content_hash(of=\"{of}\") }}}}\n");
    let other = |body: &str| format!("{}{body}\n", OBJECT.replace("one-", "two-"));
    let fleet = fleet_of(&digest("app/two.yaml"));
    let three = digest("app/one.yaml").replace("one-", "three-");
    fleet.write("templates/t/app/three.yaml", three);
    for (body, code) in [("  a: {{ params.w }}", "LMS211"), ("  a: x{{ params.v }}", "LMS236"), ("  a: [", "LMS212")] {
        fleet.write("templates/t/app/two.yaml", other(body));
        let ran = refused(&fleet, 3).says(&format!("error[{code}]")).says("--> templates/t/app/two.yaml:7:");
        assert_eq!(ran.err.matches("error[").count(), 1, "{}", ran.err);
    }
    fleet.write("templates/t/app/two.yaml", other("  a: b"));
    fleet.run(&["validate"]).exits(0);
    fleet.write(ONE, digest("app/tow.yaml"));
    let ran = refused(&fleet, 3).says("no such template here").says("did you mean `app/two.yaml`?");
    assert_eq!(ran.err.matches("error[").count(), 1, "{}", ran.err);
}

#[test]
fn what_templates_may_not_hold() {
    let mut cases = Cases::default();
    for statement in [
        "{% include \"/etc/passwd\" %}",
        "{% include \"../../../secrets/dev/C1/db.yaml\" %}",
        "{% extends \"app/reader.yaml\" %}",
        "{% block a %}{% endblock %}",
        "{% import \"a\" as b %}",
        "{% macro a() %}{% endmacro %}",
        "{% filter upper %}a{% endfilter %}",
    ] {
        cases.body(&format!("  a: b\n{statement}"), "LMS202", "8:1", "is not a statement of lmsgen's templates");
    }
    cases.body("{% set a %}  a: b{% endset %}", "LMS202", "7:1", "a `set` block");
    cases.body("  a: {{ params.v | safe }}", "LMS202", "7:20", "`safe`");
    cases.body("{% component x() %}{% endcomponent x %}", "LMS202", "7:1", "`components/`");
    cases.body("  a: \u{e000}0\u{e001}", "LMS203", "7:6", "reserved");
    for function in [
        "get_env(name=\"HOME\")",
        "now()",
        "get_random(start=0, end=9)",
        "load_data(path=\"x\")",
        "throw(message=\"x\")",
    ] {
        let name = function.split('(').next().unwrap();
        cases.body(&format!("  a: {{{{ {function} }}}}"), "LMS21", "7:", name);
    }
    cases.assert();
}

#[test]
fn syntax() {
    let mut cases = Cases::default();
    cases.body("  a: {{ params.v", "LMS210", "", "");
    cases.body("{% if %}  a: b\n{% endif %}", "LMS210", "7:", "");
    cases.body("{% if true %}  a: b", "LMS210", "", "");
    cases.body("{% for a %}  a: b\n{% endfor %}", "LMS210", "7:", "");
    cases.assert();
}

#[test]
fn values_where_structure_stands() {
    let mut cases = Cases::default();
    cases.body("  {{ params.v.s }}: a", "LMS212", "7:6", "where a key is expected");
    cases.body("  a{{ params.v.s }}: a", "LMS212", "7:7", "where a key is expected");
    cases.body("  a: b # {{ params.v.s }}", "LMS212", "7:13", "in a comment, anchor or tag");
    cases.body("  a: x{{ params.v }}", "LMS236", "7:10", "a table cannot be part of a string");
    cases.body("  a: \"{{ params.v.a }}\"", "LMS236", "7:10", "a list cannot be part of a string");
    let kind = OBJECT.replace("kind: ConfigMap", "kind: {{ params.v.s }}");
    cases.template(&format!("{kind}  a: b\n"), "LMS212", "2:10", "`kind` must be written out");
    let version = OBJECT.replace("apiVersion: v1", "apiVersion: apps/{{ params.v.s }}");
    cases.template(&format!("{version}  a: b\n"), "LMS212", "1:21", "`apiVersion` must be written out");
    cases.template("apiVersion: v1\nkind: A\nmetadata: {{ params.v }}\n", "LMS212", "3:", "must be a mapping");
    cases.template("{{ params.v }}\n", "LMS212", "1:", "must be an object");
    cases.assert();
}

#[test]
fn yaml_that_readers_do_not_agree_about() {
    let mut cases = Cases::default();
    cases.body("\ta: b", "LMS212", "7:", "no valid YAML");
    cases.body("  a: b\n\tc: d", "LMS212", "7:", "no valid YAML");
    cases.body("  a: b\n  a: c", "LMS212", "8:3", "key `a` occurs twice");
    cases.body("  a: &x b", "LMS212", "7:", "anchors");
    cases.body("  a: *x", "LMS212", "7:6", "unknown anchor");
    cases.body("  a: !!binary aGk=", "LMS212", "7:", "tags");
    cases.body("  a: !x b", "LMS212", "7:", "tags");
    cases.body("  <<: {a: b}", "LMS212", "7:3", "merge keys");
    cases.body("  yes: b", "LMS212", "7:3", "no string to every reader");
    cases.body("  1: b", "LMS212", "7:3", "no string to every reader");
    cases.body("  [a]: b", "LMS212", "7:", "a key must be a string");
    cases.body("  ? a\n  : b\n  a: [", "LMS212", "", "no valid YAML");
    for scalar in
        ["0777", "no", "Yes", "on", "1_000", "1:30", "0o17", "0b11", ".inf", "1e3", "+1", "2001-01-01", "0x1F", "~x: y"]
    {
        cases.body(&format!("  a: {scalar}"), "LMS212", "7:", "");
    }
    cases.body(&format!("  a: {}", "[".repeat(200_000)), "LMS212", "7:", "no valid YAML");
    cases.template("just text\n", "LMS212", "1:1", "must be an object");
    cases.template("- a\n", "LMS212", "1:1", "must be an object");
    cases.template("kind: A\nmetadata: {name: a}\n", "LMS212", "1:1", "no `apiVersion`");
    cases.template("apiVersion: v1\nmetadata: {name: a}\n", "LMS212", "1:1", "no `kind`");
    cases.template("apiVersion: v1\nkind: A\n", "LMS212", "1:1", "no `metadata`");
    cases.template("apiVersion: v1\nkind: A\nmetadata: {namespace: dev}\n", "LMS212", "3:", "no `metadata.name`");
    cases.template("apiVersion: 1\nkind: A\nmetadata: {name: a}\n", "LMS212", "1:", "`apiVersion`");
    cases.template("apiVersion: v1\nkind: A\nmetadata: {name: 1}\n", "LMS212", "3:", "`metadata.name`");
    cases.assert();
}

#[test]
fn objects_that_are_not_the_client_s() {
    let mut cases = Cases::default();
    let with = |from: &str, to: &str| format!("{}  a: b\n", OBJECT.replace(from, to));
    let namespace = "  namespace: {{ environment.namespace }}\n";
    cases.template(&with(namespace, ""), "LMS231", "1:1", "ConfigMap has no namespace");
    cases.template(&with(namespace, "  namespace: other\n"), "LMS231", "1:1", "is in namespace `other`");
    cases.template(&with(namespace, "  namespace: {{ params.v.s }}\n"), "LMS231", "1:1", "`x`");
    for kind in ["ClusterRole", "Namespace", "PersistentVolume", "CustomResourceDefinition"] {
        cases.template(&with("ConfigMap", kind), "LMS232", "1:1", "cannot belong to a client");
    }
    cases.template(&with("ConfigMap", "Secret"), "LMS234", "1:1", "is written by a template");
    for name in ["One", "a_b", "-a", "a/b", "..", "''", "é"] {
        cases.template(&with("one-{{ client.slug }}", name), "LMS235", "1:1", "the name ");
    }
    let long = "a".repeat(254);
    cases.template(&with("one-{{ client.slug }}", &long), "LMS235", "1:1", "longer than 253");

    let fleet = fleet_of(&with("ConfigMap", "Deployment"));
    fleet
        .write("environments/dev.toml", format!("{TINY_ENVIRONMENT}\n[policy]\nkinds = [\"ConfigMap\", \"Secret\"]\n"));
    let ran = refused(&fleet, 3).says("error[LMS233]: environment `dev` does not allow kind");
    ran.says(&format!("--> {ONE}:1:1\n"))
        .says("::: environments/dev.toml:6:")
        .says("add `Deployment` to `policy.kinds`");

    let fleet = fleet_of(&with("v1\nkind: ConfigMap", "example.org/v1\nkind: Widget"));
    fleet.write("schemas/widget.yaml", WIDGET);
    fleet.run(&["validate"]).exits(0);
    fleet.write(STACK, format!("cluster-scoped = [\"Widget\"]\n{DECLARED}"));
    refused(&fleet, 3).says("error[LMS232]: Widget is cluster-scoped");
    cases.assert();
}

/// One fault of a template is one report, however the objects are called.
#[test]
fn the_same_fault_of_many_instances_is_one() {
    for (from, to, code) in [
        ("  namespace: {{ environment.namespace }}\n", "", "LMS231"),
        ("ConfigMap", "ClusterRole", "LMS232"),
        ("ConfigMap", "Deployment", "LMS233"),
        ("ConfigMap", "Secret", "LMS234"),
    ] {
        let fleet = fleet_of(&format!("{}  a: b\n", OBJECT.replace(from, to)));
        fleet.write("environments/dev.toml", format!("{TINY_ENVIRONMENT}\n[policy]\nkinds = [\"ConfigMap\"]\n"));
        fleet.write("clients/C2.toml", "name = \"Two\"\n\n[environments.dev]\n");
        let ran = refused(&fleet, if code == "LMS234" { 4 } else { 3 }).says("= note: in dev/C1, dev/C2\n");
        assert_eq!(ran.err.matches(&format!("error[{code}]")).count(), 1, "{}", ran.err);
    }
}

/// T28, and what would let one object carry others.
#[test]
fn fields_that_only_a_cluster_sets() {
    let mut cases = Cases::default();
    let metadata = |line: &str| format!("{}  a: b\n", OBJECT.replace("\ndata:\n", &format!("\n  {line}\ndata:\n")));
    for field in [
        "finalizers: [example.org/x]",
        "ownerReferences: []",
        "generateName: a-",
        "managedFields: []",
        "uid: abc",
        "resourceVersion: \"1\"",
        "generation: 1",
        "creationTimestamp: null",
        "deletionTimestamp: null",
        "deletionGracePeriodSeconds: 1",
        "selfLink: /a",
    ] {
        let name = field.split(':').next().unwrap();
        cases.template(&metadata(field), "LMS212", "6:3", &format!("`metadata.{name}`"));
    }
    cases.template(&format!("{OBJECT}  a: b\nstatus: {{}}\n"), "LMS212", "8:", "`status`");
    let list = "apiVersion: v1\nkind: List\nmetadata: {name: a, namespace: dev}\nitems: {{ params.v.a }}\n";
    cases.template(list, "LMS212", "4:", "a list of objects");
    cases.assert();
}

#[test]
fn one_object_twice() {
    let mut cases = Cases::default();
    let plain = "apiVersion: v1\nkind: ConfigMap\nmetadata: {name: a, namespace: dev}\n";
    // In one template.
    cases.template(&format!("{plain}---\n{plain}"), "LMS238", "1:1", "ConfigMap `a` is rendered twice");
    // In two templates.
    let fleet = fleet_of(plain);
    fleet.write("templates/t/app/two.yaml", plain);
    let ran = refused(&fleet, 3).says("error[LMS238]: ConfigMap `a` is rendered twice").says(&format!("{ONE}:1:1"));
    ran.says("templates/t/app/two.yaml:1:1").says("dev/C1");
    // By two clients.
    let fleet = fleet_of(plain);
    fleet.write("clients/C2.toml", "name = \"Two\"\n\n[environments.dev]\n");
    refused(&fleet, 3).says("error[LMS238]: ConfigMap `a` is rendered by `dev/C1` and `dev/C2`");
    // By a client and its environment.
    let fleet = fleet_of(plain);
    fleet.write("templates/t/environment/a.yaml", plain);
    refused(&fleet, 3).says("error[LMS238]").says("`dev`");
    // A Secret that has the name of another one is one, too: known when its values are made, and still before anything
    // is written.
    let fleet = fleet_of(&format!("{OBJECT}  a: b\n"));
    fleet.write(STACK, format!("{DECLARED}\n[environment-secrets.db-c1.x]\ngenerate = \"hex\"\n"));
    let before = fleet.snapshot();
    fleet.run(&["render"]).exits(3).says("error[LMS238]: Secret `db-c1` is rendered by `dev/C1` and `dev`");
    before.assert_same(&fleet.snapshot());
    // Another group is another object, but not another file.
    let other = plain.replace("v1", "example.org/v1");
    cases.template(&format!("{plain}---\n{other}"), "LMS239", "1:1", "two objects would be the file");
    cases.assert();
}

/// What the environment says is somebody else's is not written over.
#[test]
fn objects_that_exist_outside_the_fleet() {
    let fleet = fleet_of("apiVersion: v1\nkind: ConfigMap\nmetadata: {name: ca, namespace: dev}\n");
    fleet.write(
        "environments/dev.toml",
        format!("{TINY_ENVIRONMENT}[external]\nconfig-maps = [\"ca\"]\nsecrets = [\"tls\"]\n"),
    );
    refused(&fleet, 3).says("error[LMS242]: ConfigMap `ca` exists outside the fleet").says("dev/C1");
    fleet.write(ONE, format!("{OBJECT}  a: b\n"));
    let named = "[params.names.db]\ntype = \"name\"\ndefault = \"db-{client}\"\ndescription = \"name\"\n";
    fleet.write(STACK, format!("{DECLARED}\n{named}"));
    fleet.write("clients/C1.toml", "name = \"One\"\nparams.names.db = \"tls\"\n\n[environments.dev]\n");
    let before = fleet.snapshot();
    fleet.run(&["render"]).exits(3).says("error[LMS242]: Secret `tls` exists outside the fleet");
    before.assert_same(&fleet.snapshot());
}

/// What an environment's policy allows is not widened by what is left out.
#[test]
fn hosts_and_registries_of_the_policy() {
    let policy = "[policy]\nregistries = [\"registry.example\"]\nhosts = [\"a.example\"]\n";
    let ingress = "apiVersion: networking.k8s.io/v1\nkind: Ingress\nmetadata: {name: i, namespace: dev}\n";
    let pod = "apiVersion: v1\nkind: Pod\nmetadata: {name: p, namespace: dev}\n";
    for (object, said) in [
        (format!("{ingress}spec: {rules}\n", rules = "{rules: [{http: {paths: []}}]}"), "for every host"),
        (format!("{ingress}spec: {spec}\n", spec = "{defaultBackend: {service: {name: x}}}"), "for every host"),
        (format!("{pod}spec: {spec}\n", spec = "{containers: [{image: \"registry.example:5000/x\"}]}"), "registry"),
        (format!("{pod}spec: {spec}\n", spec = "{volumes: [{image: {reference: evil.example/x}}]}"), "registry"),
    ] {
        let fleet = fleet_of(&object);
        fleet.write("environments/dev.toml", format!("{TINY_ENVIRONMENT}{policy}"));
        refused(&fleet, 3).says(said).says("error[LMS24");
    }
}

#[test]
fn templates_without_object_and_parameters_without_reader() {
    let mut cases = Cases::default();
    cases.template("# nothing\n", "LMS237", "1:1", "yields no object");
    cases.template("{% if false %}a: b{% endif %}\n---\n", "LMS237", "1:1", "yields no object");
    let fleet = fleet_of("{# optional #}\n{% if params.w %}a: b{% endif %}\n");
    fleet.run(&["validate"]).exits(0);

    let fleet = fleet_of(&format!("{OBJECT}  a: b\n"));
    fleet.write(
        STACK,
        format!("{DECLARED}\n[params.group.lost]\ntype = \"string\"\ndefault = \"\"\ndescription = \"x\"\n"),
    );
    let ran = refused(&fleet, 3).says("error[LMS230]: no template of stack `t` reads parameter `group.lost`");
    ran.says(&format!("--> {STACK}:16:")).says("print `params.group.lost` in a template");
    // What a template with a fault would read is not known.
    for body in ["  a: {{ params.goup.lost }}", "  a: {{ params.group.lost ", "{% include \"x\" %}"] {
        fleet.write(ONE, format!("{OBJECT}{body}\n"));
        let ran = refused(&fleet, 3).says("error[LMS2");
        assert!(!ran.err.contains("LMS230"), "{}", ran.err);
    }
    // Nor which templates there are, of a stack whose own file is wrong.
    fleet.write(ONE, format!("{OBJECT}  a: b\n"));
    fleet.edit(STACK, "phases", "phasse");
    let ran = refused(&fleet, 3).says("error[LMS105]: `phases` is missing").says("did you mean `phases`?");
    assert!(!ran.err.contains("LMS230") && !ran.err.contains("LMS140"), "{}", ran.err);
    cases.assert();
}

/// What a failed template would have made is not said to be missing.
#[test]
fn one_fault_is_not_told_again_by_what_leans_on_it() {
    let service = "apiVersion: v1\nkind: Service\nmetadata: {name: s, namespace: {{ environment.namespace }}}\n\
        spec: {selector: {app: a}, ports: [{port: 80}]}\n";
    let fleet = fleet_of(service);
    let pod = |image: &str| {
        format!(
            "apiVersion: v1\nkind: Pod\nmetadata: {{name: p, namespace: {{{{ environment.namespace }}}}, labels: {{app: a}}}}\n\
             spec: {{containers: [{{name: a, image: {image}}}]}}\n---\napiVersion: v1\nkind: Pod\n\
             metadata: {{name: other, namespace: {{{{ environment.namespace }}}}, labels: {{app: b}}}}\n\
             spec: {{containers: [{{name: a, image: \"a/b:1\"}}]}}\n"
        )
    };
    fleet.write("templates/t/app/pod.yaml", pod("\"a/b:1\""));
    fleet.run(&["validate"]).exits(0);
    fleet.edit("templates/t/app/pod.yaml", "labels: {app: a}", "labels: {app: c}");
    refused(&fleet, 3).says("error[LMS803]");
    fleet.write("templates/t/app/pod.yaml", pod("{{ client.name / 2 }}"));
    let ran = refused(&fleet, 3).says("error[LMS2");
    assert!(!ran.err.contains("LMS803"), "{}", ran.err);
}

/// Against `[policy]`, and from a value: the value's place is shown, and the template's.
#[test]
fn a_policy_names_the_value_that_breaks_it() {
    let ingress = "apiVersion: networking.k8s.io/v1\nkind: Ingress\n\
        metadata: {name: i-{{ client.slug }}, namespace: {{ environment.namespace }}}\n\
        spec:\n  rules:\n    - host: {{ params.w }}\n      http:\n        paths:\n          - path: /{{ client.slug }}\n\
        \x20           pathType: Prefix\n            backend: {service: {name: s, port: {number: 80}}}\n";
    let fleet = fleet_of(ingress);
    let policy = "policy.hosts = [\"own.example\"]\nexternal.services = [\"s\"]\nparams.w = \"other.example\"\n";
    fleet.write("environments/dev.toml", format!("{TINY_ENVIRONMENT}{policy}"));
    fleet.write("clients/C2.toml", "name = \"Two\"\n\n[environments.dev]\n");
    let ran = refused(&fleet, 3).says("error[LMS241]: Ingress: host `other.example` is not allowed");
    let ran = ran.says("params.w = \"other.example\"").says("set here").says("one.yaml").says("`own.example`");
    assert_eq!(ran.err.matches("LMS241").count(), 1, "{}", ran.err);
    // What cannot be meant is refused where it is written.
    for (key, wrong) in [("hosts", "https://own.example"), ("registries", "docker://own.example/x")] {
        let text = format!("{TINY_ENVIRONMENT}policy.{key} = [\"{wrong}\"]\n");
        fleet.write("environments/dev.toml", text);
        refused(&fleet, 3).says(&format!("`policy.{key}`: `{wrong}` is an address with its scheme"));
    }
    fleet.write(
        "environments/dev.toml",
        format!("{TINY_ENVIRONMENT}policy.kinds = [\"Ingres\", \"ConfigMap\"]\nparams.w = \"x\"\n"),
    );
    refused(&fleet, 3).says("does not allow kind `Ingress`").says("is `Ingres` there meant to be `Ingress`?");
}

#[test]
fn the_environment_s_templates_see_no_client() {
    let object = "apiVersion: v1\nkind: ConfigMap\nmetadata: {name: shared, namespace: {{ environment.namespace }}}\n";
    let fleet = fleet_of(&format!("{OBJECT}  a: b\n"));
    for (line, name) in
        [("data: {a: \"{{ client.id }}\"}\n", "client"), ("data: {a: \"{{ instance.name }}\"}\n", "instance")]
    {
        fleet.write("templates/t/environment/shared.yaml", format!("{object}{line}"));
        let ran =
            refused(&fleet, 3).says(&format!("error[LMS201]: `{name}` does not exist in the folder `environment/`"));
        ran.says("--> templates/t/environment/shared.yaml:4:15");
    }
    // A parameter that only a client sets has no value there.
    fleet.write("templates/t/environment/shared.yaml", format!("{object}data: {{a: \"{{{{ params.w }}}}\"}}\n"));
    fleet.write("clients/C1.toml", "name = \"One\"\nparams.w = \"mine\"\n\n[environments.dev]\n");
    refused(&fleet, 3).says("error[LMS211]: this is not set").says("environment/shared.yaml:4:15").says("in dev\n");
}

#[test]
fn all_faults_at_once() {
    let fleet = fleet_of(&format!("{OBJECT}  a: {{{{ params.nope }}}}\n  b: {{{{ client.nope }}}}\n"));
    fleet.write("templates/t/app/two.yaml", "{% include \"x\" %}\n");
    fleet.write("clients/C2.toml", "nmae = \"Two\"\n\n[environments.dve]\n");
    fleet.edit("environments/dev.toml", "1.35", "one");
    let ran = refused(&fleet, 3);
    for place in [
        "templates/t/app/one.yaml:7:9",
        "templates/t/app/one.yaml:8:9",
        "templates/t/app/two.yaml:1:1",
        "clients/C2.toml:1:1",
        "clients/C2.toml:3:",
        "environments/dev.toml:2:",
    ] {
        assert!(ran.err.contains(&format!("--> {place}")), "{place}:\n{}", ran.err);
    }
    // Faults of rendering, each template's own.
    let fleet = fleet_of(&format!("{OBJECT}  a: {{{{ params.w }}}}\n"));
    fleet.write("templates/t/app/two.yaml", "apiVersion: v1\nkind: Role\nmetadata: {name: a, namespace: b}\n");
    fleet.write("templates/t/app/three.yaml", "# nothing\n");
    let ran = refused(&fleet, 3);
    ran.says("error[LMS211]").says("error[LMS231]").says("error[LMS237]").says("3 errors");
}

#[test]
fn files_of_a_stack_that_cannot_be_read() {
    let fleet = fleet_of(&format!("{OBJECT}  a: b\n"));
    fleet.write(ONE, b"a: \xff\n");
    refused(&fleet, 3).says("error[LMS122]: not UTF-8").says(&format!("--> {ONE}:1:4\n"));
    fleet.write(ONE, vec![b'#'; (1 << 20) + 1]);
    refused(&fleet, 9).says("error[LMS121]");
    fleet.remove(ONE);
    std::os::unix::fs::symlink("/etc/passwd", fleet.root().join(ONE)).unwrap();
    let ran = refused(&fleet, 3).says("is not a regular file");
    assert!(!ran.err.contains("root:") && !ran.err.contains("/etc/passwd"), "{}", ran.err);
}

/// T16, T23: what looks odd and is right.
#[test]
fn documents_and_line_ends() {
    let fleet = fleet_of(
        "{# a comment #}\n---\n# nothing\n---\napiVersion: v1\nkind: ConfigMap\nmetadata: {name: a, namespace: dev}\ndata:\n  script: |\n    a\n    ---\n    kind: b\n---\n",
    );
    fleet.run(&["render"]).exits(0);
    let text = fleet.read("rendered/dev/C1/app/configmap-a.yaml");
    assert!(text.ends_with("data:\n  script: |\n    a\n    ---\n    kind: b\n"), "{text}");
    assert_eq!(
        fleet.snapshot().below("rendered/dev/C1/app/").0.len(),
        5,
        "two ConfigMaps, a Secret, the list and the folder"
    );

    let unix = format!("{OBJECT}  a: |\n    one\n    two {{{{ client.name }}}}\n{{% if true %}}  b: c\n{{% endif %}}");
    let fleet = fleet_of(&unix);
    fleet.run(&["render"]).exits(0);
    let expected = fleet.read("rendered/dev/C1/app/configmap-one-c1.yaml");
    let windows = fleet_of(&unix.replace('\n', "\r\n"));
    windows.run(&["render"]).exits(0);
    assert_eq!(windows.read("rendered/dev/C1/app/configmap-one-c1.yaml"), expected);
    assert!(!expected.contains('\r'));
}

/// T27: numbers keep their notation or are quoted.
#[test]
fn numbers_keep_their_notation() {
    let widget = OBJECT.replace("v1\nkind: ConfigMap", "example.org/v1\nkind: Widget");
    let fleet = fleet_of(&format!(
        "{widget}  a: 1.10\n  b: 9007199254740993\n  c: \"1e21\"\n  d: 1.5\n  e: -1\n  f: \"{{{{ params.v.i }}}}\"\n  g: {{{{ params.v.i }}}}\n  h: {{{{ params.v.n }}}}\n"
    ));
    fleet.write("schemas/widget.yaml", WIDGET);
    fleet.write(
        "clients/C1.toml",
        "name = \"One\"\nparams.v = { i = 9223372036854775807, n = 1e3 }\n\n[environments.dev]\n",
    );
    fleet.run(&["render"]).exits(0);
    let text = fleet.read("rendered/dev/C1/app/widget-one-c1.yaml");
    let data = text.split_once("\ndata:\n").unwrap().1;
    let lines = [
        "  a: 1.10",
        "  b: 9007199254740993",
        "  c: \"1e21\"",
        "  d: 1.5",
        "  e: -1",
        "  f: \"9223372036854775807\"",
        "  g: 9223372036854775807",
        "  h: 1000.0",
    ];
    assert_eq!(data.lines().collect::<Vec<_>>(), lines);
}

/// C16: the kubelet replaces `$(NAME)` where a program starts; a value that holds it is text there, and nowhere else.
#[test]
fn values_name_no_variables() {
    let pod = "apiVersion: v1\nkind: Pod\nmetadata: {name: p, namespace: dev, annotations: {a: {{ params.v.s }}}}\nspec:\n  \
               containers:\n  - name: {{ client.slug }}\n    image: {{ params.v.s }}\n    command: [run, {{ params.v.s }}]\n    \
               args: {{ params.v.a }}\n    env:\n    - {name: A, value: {{ params.v.s }}}\n    \
               - {name: B, value: \"$(A)-{{ params.v.s }}-$(A)\"}\n    - {name: C, value: \"$${{ params.v.s }}\"}\n  \
               initContainers:\n  - name: i\n    image: x\n    env: {{ params.v.env }}\n";
    let fleet = fleet_of(pod);
    fleet.write(
        "clients/C1.toml",
        "name = \"One\"\nparams.v = { s = \"$(PASSWORD)$\", a = [\"$$(x)\", \"$y\"], env = [{ name = \"D\", value = \"$(E)\" }] }\n\n\
         [environments.dev]\n",
    );
    fleet.run(&["render"]).exits(0);
    let text = fleet.read("rendered/dev/C1/app/pod-p.yaml");
    let pod: serde_json::Value = serde_norway::from_str(&text).unwrap();
    assert_eq!(pod["metadata"]["annotations"]["a"], "$(PASSWORD)$");
    let container = &pod["spec"]["containers"][0];
    assert_eq!(container["image"], "$(PASSWORD)$", "nobody replaces anything there");
    assert_eq!(container["command"][1], "$$(PASSWORD)$$");
    assert_eq!(container["args"], serde_json::json!(["$$$$(x)", "$y"]));
    assert_eq!(container["env"][0]["value"], "$$(PASSWORD)$$");
    assert_eq!(container["env"][1]["value"], "$(A)-$$(PASSWORD)$$-$(A)", "the template's own names stay");
    assert_eq!(container["env"][2]["value"], "$$$$(PASSWORD)$$");
    assert_eq!(pod["spec"]["initContainers"][0]["env"][0]["value"], "$$(E)");

    let mut cases = Cases::default();
    let dollar = "apiVersion: v1\nkind: Pod\nmetadata: {name: p, namespace: dev}\nspec:\n  containers:\n  - env:\n    \
                  - {name: A, value: \"5 ${{ params.v.s }}\"}\n";
    cases.template(dollar, "LMS212", "7:31", "`$` before a value");
    cases.assert();
}

/// T03 to T09: templates that would run for ever or print without end.
mod without_end {
    use super::*;

    #[track_caller]
    fn ends(body: &str, components: Option<&str>) {
        let fleet = fleet_of(&format!("{OBJECT}{body}\n"));
        if let Some(components) = components {
            fleet.write("templates/t/components/c.yaml", components);
        }
        let before = fleet.snapshot();
        let ran = fleet.prepare(&["render"]).computes_at_most(10).go().prints_nothing();
        let shown = &ran.err[..ran.err.floor_char_boundary(2000)];
        assert!(ran.code == 3 || ran.code == 9, "{}: {shown}", ran.code);
        assert!(ran.err.contains("--> templates/t/") && ran.err.len() < 10_000, "{shown}");
        before.assert_same(&fleet.snapshot());
    }

    #[test]
    fn recursion() {
        ends("  a: {{ <x/> }}", Some("{% component x() %}{{ <x/> }}{% endcomponent x %}"));
        let two = "{% component x() %}{{ <y/> }}{% endcomponent x %}{% component y() %}{{ <x/> }}{{ <x/> }}{% endcomponent y %}";
        ends("  a: {{ <x/> }}", Some(two));
        let many = format!("{{% component x(s) %}}{}{{% endcomponent x %}}", "{{ <x s={s ~ s}/> }}".repeat(50));
        ends("  a: {{ <x s=\"0123456789\"/> }}", Some(&many));
        let silent = many.replace("<x s={s ~ s}/>", "<x s={1}/>");
        ends("  a: {{ <x s={1}/> }}", Some(&silent));
    }

    #[test]
    fn nested_loops() {
        let loops = "{% for a in range(end=3000) %}{% for b in range(end=3000) %}{% for c in range(end=1000) %}{% set d = a %}{% endfor %}{% endfor %}{% endfor %}";
        ends(loops, None);
        let forty = format!("{}{}", "{% for a in range(end=9) %}".repeat(39), "{% endfor %}".repeat(39));
        ends(&forty, None);
        ends("{% for a in [[y for y in range(end=99999)] for x in range(end=99999)] %}{% endfor %}", None);
    }

    #[test]
    fn a_long_range() {
        ends("{% for a in range(end=1000000000) %}{% endfor %}", None);
    }

    #[test]
    fn a_text_that_doubles() {
        ends(&format!("{{% set s = \"0123456789\" %}}{}  a: {{{{ s }}}}", "{% set s = s ~ s %}".repeat(40)), None);
    }

    #[test]
    fn values_that_grow() {
        let grow = |how: &str| format!("{{% set s = \"0123456789\" %}}{}  a: {{{{ s }}}}", how.repeat(30));
        ends(&grow("{% set s = s | replace(from=\"0\", to=s) %}"), None);
        ends(&grow("{% set s = [s, s, s] | join(sep=s) %}"), None);
        ends(&grow("{% set s = [s, s] %}"), None);
        ends(&grow("{% set s = {\"a\": s, \"b\": s} %}"), None);
        ends(&grow("{% set s = s | indent(width=1000) %}"), None);
        ends(&grow("{% set s | upper %}{{ s }}{{ s }}{% endset %}"), None);
        ends(
            "{% set s = range(end=99999) | join(sep=\"0123456789\") %}  a: x\n{% for i in range(end=99999) %}  k{{ s }}: {{ s }}\n{% endfor %}",
            None,
        );
    }

    #[test]
    fn a_list_that_is_long() {
        ends(
            "{% for a in range(end=90000) %}  k: {{ a }} 0123456789012345678901234567890123456789\n{% for b in range(end=3000) %}x{% endfor %}{% endfor %}",
            None,
        );
    }

    #[test]
    fn parentheses() {
        ends(&format!("  a: {{{{ {}1{} }}}}", "(".repeat(5000), ")".repeat(5000)), None);
        ends(&format!("  a: {{{{ {}1{} }}}}", "[".repeat(5000), "]".repeat(5000)), None);
        ends(&format!("  a: {{{{ {}1 }}}}", "-".repeat(50_000)), None);
        ends(&format!("  a: {{{{ {}true }}}}", "not ".repeat(50_000)), None);
        ends(&format!("  a: {{{{ nope{} }}}}", "[0]".repeat(50_000)), None);
        ends(&format!("  a: {{{{ nope {} }}}}", "~ 1 ".repeat(100_000)), None);
        ends(&format!("  a: {{{{ nope {} }}}}", "| upper ".repeat(50_000)), None);
        ends(&format!("{}{}", "{% if true %}".repeat(20_000), "{% endif %}".repeat(20_000)), None);
        ends(&format!("{}{}", "{% for a in [1] %}".repeat(20_000), "{% endfor %}".repeat(20_000)), None);
    }
}
