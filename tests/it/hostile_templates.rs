//! Templates that are wrong, greedy or try to reach what they may not: one case for each row of a catalogue (T), run through
//! the program.
//!
//! Elsewhere: T21 is `determinism`; T16, T23 and T27 are `render_faults`. No case of their own: T19 and T20 beyond names (a
//! template sees no value of a secret, so there is nothing to compute on), and all of P (there are no patches: what a client
//! changes is a parameter).

use crate::support::fleet::Fleet;

const HEAD: &str = "apiVersion: v1\nkind: ConfigMap\nmetadata: {name: a-{{ client.slug }}, namespace: {{ environment.namespace }}}\ndata:\n";

const STACK: &str = "\
phases = [\"app\"]

[params.v]
type = \"table\"
default = { s = \"x\", list = [1, 2] }
description = \"anything\"

[secrets.db.password]
generate = \"alphanumeric\"
";

/// Reads what is declared, so that no case fails for that.
const READER: &str = "{# optional #}\n{% if params.v %}{% endif %}\n";

fn fleet(template: impl AsRef<[u8]>) -> Fleet {
    let fleet = Fleet::tiny(&[("templates/t/stack.toml", STACK), ("templates/t/app/reader.yaml", READER)]);
    fleet.write("templates/t/app/one.yaml", template);
    fleet
}

/// Row, what follows the head of a ConfigMap, exit codes, a piece of what is said.
const DATA: [(&str, &str, &[i32], &str); 26] = [
    ("T01 typo", "  a: {{ params.w }}\n", &[3], "declares no parameter `w`"),
    ("T01 field", "  a: {{ params.v.nothing }}\n", &[3], "one.yaml:5:"),
    ("T01 bare", "  a: {{ nothing }}\n", &[3], "one.yaml:5:"),
    (
        "T04 loops",
        "  a: x\n{% for a in range(end=3000) %}{% for b in range(end=3000) %}{% for c in range(end=1000) %}{% endfor %}{% endfor %}{% endfor %}",
        &[9],
        "goes beyond a limit",
    ),
    ("T05 range", "  a: {{ range(end=1000000000) }}\n", &[3, 9], "one.yaml"),
    ("T07 parentheses", "", &[3], "one.yaml"),
    ("T08 doubling", "", &[3, 9], "one.yaml"),
    (
        "T09 output",
        "  a: |\n{% for a in range(end=900) %}{% for b in range(end=1000) %}    0123456789012345678901234567890123456789\n{% endfor %}{% endfor %}",
        &[9],
        "prints more than 8 MiB",
    ),
    ("T11 absolute", "{% include \"/etc/passwd\" %}", &[3], "`include` is not a statement"),
    ("T11 store", "{% include \"../../secrets/dev/C1/db.yaml\" %}", &[3], "`include` is not a statement"),
    ("T11 import", "{% import \"../secrets/x\" as x %}", &[3], "`import` is not a statement"),
    ("T12 no YAML", "  a: [\n", &[3], "this is no valid YAML"),
    ("T12 tab", "\ta: b\n", &[3], "this is no valid YAML"),
    ("T12 twice", "  a: b\n  a: c\n", &[3], "one.yaml:6:"),
    ("T17 anchor", "  a: &a b\n", &[3], "anchors"),
    ("T17 alias", "  a: *a\n", &[3], "one.yaml:5:"),
    ("T17 binary", "  a: !!binary aGVsbG8=\n", &[3], "tags"),
    ("T17 key", "  yes: x\n", &[3], "no string to every reader"),
    ("T17 merge", "  <<: {a: b}\n", &[3], "merge keys"),
    ("T19 value", "  a: {{ secrets.db.password }}\n", &[3], "one.yaml:5:"),
    ("T19 filter", "  a: {{ secret_value(name=\"db\", key=\"password\") | b64encode }}\n", &[3], "one.yaml:5:"),
    ("T19 environment", "  a: {{ get_env(name=\"HOME\") }}\n", &[3], "one.yaml:5:"),
    ("T19 clock", "  a: {{ now() }}\n", &[3], "one.yaml:5:"),
    ("T20 condition", "{% if secrets.db.password %}  a: b\n{% endif %}", &[3], "one.yaml:5:"),
    ("T25 key of nobody", "  a: {{ secret(name=\"db\", key=\"nothing\") }}\n", &[3], "one.yaml:5:"),
    ("T27 large", "  a: 12345678901234567890\n", &[3], "one.yaml:5:"),
];

#[test]
fn every_row_of_data_is_answered() {
    let mut wrong = Vec::new();
    for (row, data, codes, said) in DATA {
        let template = match row {
            "T07 parentheses" => format!("{HEAD}  a: {{{{ {}1{} }}}}\n", "(".repeat(5000), ")".repeat(5000)),
            "T08 doubling" => {
                let double = |n: usize| format!("{{% set s{} = s{n} ~ s{n} %}}", n + 1);
                let doubled: String = (0..40).map(double).collect();
                format!("{{% set s0 = \"0123456789\" %}}{doubled}{HEAD}  a: {{{{ s40 }}}}\n")
            }
            _ => format!("{HEAD}{data}"),
        };
        wrong.extend(refusal(row, &fleet(template), codes, said));
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

/// What is wrong with the answer to a row, if anything.
fn refusal(row: &str, fleet: &Fleet, codes: &[i32], said: &str) -> Option<String> {
    let files = fleet.snapshot();
    let ran = fleet.prepare(&["validate"]).computes_at_most(10).go();
    files.assert_same(&fleet.snapshot());
    let is_right =
        codes.contains(&ran.code) && ran.err.contains(said) && ran.out.is_empty() && !ran.err.contains("root:");
    (!is_right).then(|| format!("{row}: exit {} (not {codes:?}), wanted `{said}` in\n{}", ran.code, ran.err))
}

const OBJECT: &str = "apiVersion: v1\nkind: ConfigMap\nmetadata:\n  name: a-{{ client.slug }}\n  namespace: {{ environment.namespace }}\n";

#[test]
fn every_row_of_metadata_is_answered() {
    let namespace = "  namespace: {{ environment.namespace }}\n";
    let name = "  name: a-{{ client.slug }}\n";
    let long = format!("  name: {}\n", "a".repeat(254));
    let mut wrong = Vec::new();
    for (row, from, to, said) in [
        ("T15 other namespace", namespace, "  namespace: kube-system\n", "is in namespace `kube-system`"),
        ("T15 no namespace", namespace, "", "has no namespace"),
        ("T15 generateName", name, "  generateName: a-\n", "not a template's to write"),
        ("T15 upper case", name, "  name: A\n", "the name must be"),
        ("T15 underscore", name, "  name: a_b\n", "the name must be"),
        ("T15 long", name, &long, "longer than 253"),
        ("T28 finalizers", name, "  name: a\n  finalizers: [x]\n", "finalizers"),
        ("T28 ownerReferences", name, "  name: a\n  ownerReferences: []\n", "ownerReferences"),
        ("T28 managedFields", name, "  name: a\n  managedFields: []\n", "managedFields"),
        ("T28 uid", name, "  name: a\n  uid: x\n", "uid"),
        ("T28 resourceVersion", name, "  name: a\n  resourceVersion: \"1\"\n", "resourceVersion"),
        ("T28 status", "metadata:\n", "status: {}\nmetadata:\n", "status"),
    ] {
        wrong.extend(refusal(row, &fleet(OBJECT.replace(from, to)), &[3], said));
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

/// T13: one object from one template, from two templates, from two clients.
#[test]
fn one_object_twice() {
    let twice = format!("{OBJECT}---\n{OBJECT}");
    let mut wrong: Vec<String> =
        refusal("T13 one template", &fleet(twice), &[3], "is rendered twice").into_iter().collect();
    let two = fleet(OBJECT);
    two.write("templates/t/app/two.yaml", OBJECT);
    wrong.extend(refusal("T13 two templates", &two, &[3], "two.yaml"));
    let clients = fleet(OBJECT.replace("a-{{ client.slug }}", "a"));
    clients.write("clients/C2.toml", "name = \"Two\"\n\n[environments.dev]\n");
    wrong.extend(refusal("T13 two clients", &clients, &[3], "by `dev/C1` and `dev/C2`"));
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

/// T03, T11, T24, T25: components that call themselves, links, bytes that are no text, what nobody reads.
#[test]
fn files_of_a_stack() {
    let mut wrong = Vec::new();
    let endless = fleet(format!("{HEAD}  a: {{{{ <again n={{1}}/> }}}}\n"));
    endless.write(
        "templates/t/components/again.yaml",
        "{% component again(n: integer) %}{{ <again n={n}/> }}{% endcomponent again %}\n",
    );
    wrong.extend(refusal("T03 recursion", &endless, &[3, 9], "templates/t/"));
    let linked = fleet(OBJECT);
    linked.remove("templates/t/app/one.yaml");
    std::os::unix::fs::symlink("/etc/passwd", linked.root().join("templates/t/app/one.yaml")).unwrap();
    wrong.extend(refusal("T11 link", &linked, &[3], "`templates/t/app/one.yaml` is not a regular file"));
    wrong.extend(refusal("T24", &fleet(b"a: \xff\n"), &[3], "not UTF-8"));
    let unread = fleet(OBJECT);
    unread.write("templates/t/app/reader.yaml", "{# optional #}\n");
    wrong.extend(refusal("T25 parameter", &unread, &[3], "reads parameter `v`"));
    wrong.extend(refusal("T25 template", &fleet("# nothing\n"), &[3], "the template yields no object"));
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}
