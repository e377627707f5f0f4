//! Hostile clients' and environments' files, and what they try on whoever deploys: one case for each row of a catalogue (C, E
//! and D), run through the program. A case is refused with its exit code and a word on why; nothing is written or printed.
//!
//! Elsewhere: C20 is `scope`; C23 and C33 are `fleet::disk`; C29 is `limits`; D11 is `store_tampering`. No case of their own:
//! E01 (there is no default environment; a default stack is the case here), E07 and E08 beyond unknown keys (output folders
//! are not for files to choose), D03 (deleting is held back by `--allow-delete` for instances, see `diff` for data that is
//! lost), D12 beyond kinds (what Pods may do is said by the namespace's Pod Security level).

#![allow(clippy::disallowed_methods, reason = "tests make links")]

use std::os::unix::fs::symlink;

use crate::support::fleet::{Fleet, TINY_ENVIRONMENT, toml_string};

const STACK: &str = "\
phases = [\"app\"]

[params.text]
type = \"string\"
default = \"x\"
description = \"anything\"

[params.host]
type = \"string\"
optional = true
unique = true
description = \"where it is reached\"

[params.replicas]
type = \"integer\"
default = 1
min = 1
max = 9
description = \"how many\"

[params.port]
type = \"integer\"
default = 80
min = 1
max = 65535
description = \"where it listens\"

[params.memory]
type = \"string\"
pattern = \"[0-9]{1,4}Mi|[0-9]{1,2}Gi\"
default = \"64Mi\"
description = \"how much\"

[params.enabled]
type = \"boolean\"
default = true
description = \"whether\"

[params.annotations]
type = \"table\"
values = { type = \"string\" }
default = {}
description = \"more annotations\"

[secrets.db.password]
generate = \"alphanumeric\"
";

const CONFIG: &str = "\
apiVersion: v1
kind: ConfigMap
metadata:
  name: config-{{ client.slug }}
  namespace: {{ environment.namespace }}
  annotations: {{ params.annotations }}
data:
  TEXT: {{ params.text }}
  NAME: \"{{ client.name }}\"
  HOST: \"{{ params.host or 'none' }}\"
  MEMORY: \"{{ params.memory }} {{ params.replicas }} {{ params.port }} {{ params.enabled }}\"
";

const POD: &str = "\
apiVersion: v1
kind: Pod
metadata:
  name: pod-{{ client.slug }}
  namespace: {{ environment.namespace }}
spec:
  containers:
    - name: a
      image: registry.example/a:1
      env:
        - name: TEXT
          value: {{ params.text }}
        - name: PASSWORD
          valueFrom: { secretKeyRef: {{ secret(name=\"db\", key=\"password\") }} }
";

/// A fleet that is right, with its Secret made.
fn fleet() -> Fleet {
    let files = [("stack.toml", STACK), ("app/config.yaml", CONFIG), ("app/pod.yaml", POD)];
    let files = files.map(|(name, text)| (format!("templates/t/{name}"), text));
    let fleet = Fleet::tiny(&files.each_ref().map(|(path, text)| (path.as_str(), *text)));
    fleet.run(&["render"]).exits(0);
    fleet
}

fn client(fleet: &Fleet, head: &str, params: &str) {
    fleet.write("clients/C1.toml", format!("name = \"One\"\n{head}\n[params]\n{params}\n[environments.dev]\n"));
}

fn environment(fleet: &Fleet, more: &str) {
    fleet.write("environments/dev.toml", format!("{TINY_ENVIRONMENT}{more}\n"));
}

fn recipient(fleet: &Fleet, recipient: &str) {
    let text =
        format!("namespace = \"dev\"\nkubernetes = \"1.35\"\nsecrets.recipients = [{}]\n", toml_string(recipient));
    fleet.write("environments/dev.toml", text);
}

fn other(fleet: &Fleet, path: &str) {
    fleet.write(path, "name = \"Other\"\n\n[environments.dev]\n");
}

fn link(fleet: &Fleet, target: &str) {
    fleet.remove("clients/C1.toml");
    symlink(target, fleet.root().join("clients/C1.toml")).unwrap();
}

type Change = fn(&Fleet);

/// Row, what is done, exit code, a piece of what is said.
const CLIENTS: [(&str, Change, i32, &str); 54] = [
    ("C01 empty", |f| f.write("clients/C1.toml", ""), 3, "clients/C1.toml:1:1"),
    ("C01 comment", |f| f.write("clients/C1.toml", "# x\n"), 3, "`name` is missing"),
    ("C03 blank", |f| other(f, "clients/a b.toml"), 3, "must be letters, digits and `-`"),
    ("C03 dots", |f| other(f, "clients/...toml"), 0, "`clients/...toml` is ignored"),
    ("C03 option", |f| other(f, "clients/-rf.toml"), 3, "must be letters, digits and `-`"),
    ("C03 backslash", |f| other(f, "clients/a\\b.toml"), 3, "a name that no file of a fleet may have"),
    ("C03 64 characters", |f| other(f, &format!("clients/{}.toml", "a".repeat(64))), 3, "is longer than 40 characters"),
    ("C04 kube-system", |f| other(f, "clients/kube-system.toml"), 3, "is reserved"),
    ("C04 default", |f| other(f, "clients/Default.toml"), 3, "is reserved"),
    ("C04 argocd", |f| other(f, "clients/argocd.toml"), 3, "is reserved"),
    ("C04 flux-system", |f| other(f, "clients/flux-system.toml"), 3, "is reserved"),
    ("C04 environment", |f| other(f, "clients/dev.toml"), 3, "an environment is called so"),
    ("C05", |f| other(f, "clients/c1.toml"), 3, "clients `C1` and `c1` have one id"),
    ("C07", |f| client(f, "namspace = \"x\"\nlables = {}", ""), 3, "did you mean `labels`?"),
    ("C07 parameter", |f| client(f, "", "replica = 3"), 3, "did you mean `replicas`?"),
    ("C08 integer", |f| client(f, "", "replicas = \"3\""), 3, "expected integer, found string"),
    ("C08 exponent", |f| client(f, "", "port = 1e3"), 3, "expected integer, found number"),
    ("C08 boolean", |f| client(f, "", "enabled = \"no\""), 3, "expected boolean, found string"),
    ("C09 key", |f| client(f, "name = \"Two\"", ""), 3, "clients/C1.toml:2:1"),
    ("C09 table", |f| client(f, "", "[params]"), 3, "duplicate key `params`"),
    ("C09 dotted", |f| client(f, "params.text = \"a\"", ""), 3, "duplicate key `params`"),
    ("C11", same_host, 3, "it must be each client's own"),
    ("C17 path", |f| client(f, "secret = \"../other/admin\"", ""), 3, "unknown key `secret`"),
    ("C17 reference", |f| client(f, "", "secret_ref = \"c2/db\""), 3, "unknown parameter `secret_ref`"),
    ("C17 absolute", |f| client(f, "secrets.db.password = \"/etc/passwd\"", ""), 3, "unknown key `secrets`"),
    ("C19 negative", |f| client(f, "", "replicas = -1"), 3, "out of range"),
    ("C19 none", |f| client(f, "", "replicas = 0"), 3, "1 to 9"),
    ("C19 many", |f| client(f, "", "replicas = 999999"), 3, "out of range"),
    ("C19 memory", |f| client(f, "", "memory = \"1Ti\""), 3, "does not match"),
    ("C19 port 0", |f| client(f, "", "port = 0"), 3, "1 to 65"),
    ("C19 port 65536", |f| client(f, "", "port = 65536"), 3, "out of range"),
    ("C21 /etc/passwd", |f| link(f, "/etc/passwd"), 3, "`clients/C1.toml` is not a regular file"),
    ("C21 environment", |f| link(f, "../environments/dev.toml"), 3, "is not a regular file"),
    ("C21 dangling", |f| link(f, "nowhere"), 3, "is not a regular file"),
    ("C21 loop", |f| link(f, "C1.toml"), 3, "is not a regular file"),
    ("C24 sub-folder", |f| other(f, "clients/sub/C2.toml"), 3, "files of sub-folders are not read"),
    ("C24 other case", |f| other(f, "clients/C2.TOML"), 3, "it must end in `.toml`"),
    ("C25", |f| client(f, "<<<<<<< HEAD", ""), 3, "unresolved merge"),
    ("C27 NUL", |f| client(f, "", "text = \"a\0b\""), 3, "U+0000 (NUL)"),
    ("C27 escaped NUL", |f| client(f, "", "text = \"\\u0000\""), 3, "U+0000 (NUL)"),
    ("C27 terminal", |f| client(f, "", "text = \"\\u001b[2J\""), 3, "U+001B (escape)"),
    ("C27 raw escape", |f| client(f, "", "text = \"\u{1b}[2J\""), 3, "U+001B (escape)"),
    ("C27 DEL", |f| client(f, "", "text = \"\u{7f}\""), 3, "U+007F (delete)"),
    ("C28 date", |f| client(f, "", "text = 1979-05-27"), 3, "expected string, found date"),
    ("C28 inf", |f| client(f, "", "replicas = inf"), 3, "is no finite number"),
    ("C28 nan", |f| client(f, "", "replicas = nan"), 3, "is no finite number"),
    ("C28 octal", |f| client(f, "", "replicas = 0o777"), 3, "511 is out of range"),
    ("C28 large", |f| client(f, "", "replicas = 9223372036854775808"), 3, "does not fit in 64 bits"),
    ("C31 renamed", renamed, 0, "belongs to no client"),
    ("C32 missing", |f| std::fs::remove_dir_all(f.root().join("clients")).unwrap(), 8, "the fleet has no instance"),
    ("C32 empty", |f| f.remove("clients/C1.toml"), 8, "rendering it would delete everything"),
    ("C32 nowhere", |f| f.write("clients/C1.toml", "name = \"One\"\n"), 8, "the fleet has no instance"),
    ("U04 invisible", |f| client(f, "", "text = \"a\u{200b}b\""), 3, "U+200B"),
    ("U05 order", |f| client(f, "# \u{202e}", ""), 3, "U+202E"),
];

fn renamed(fleet: &Fleet) {
    std::fs::rename(fleet.root().join("clients/C1.toml"), fleet.root().join("clients/C2.toml")).unwrap();
}

fn same_host(fleet: &Fleet) {
    client(fleet, "", "host = \"one.example\"");
    fleet.write("clients/C2.toml", "name = \"Two\"\nparams.host = \"ONE.example\"\n\n[environments.dev]\n");
}

const KEY: &str = "AGE-SECRET-KEY-1QQPZRY9X8GF2TVDW0S3JN54KHCE6MUA7LQQPZRY9X8GF2TVDW0S3JN54";

const ENVIRONMENTS: [(&str, Change, i32, &str); 31] = [
    ("E01 no default", two_stacks, 3, "names no stack, and there is no default one"),
    ("E03 checksum", |f| recipient(f, "age1r0q3yj86kfp5cggd8t7fdw6jxcpzlyfd7eg3s5znrsmkmxfuzduqepwqx7"), 3, "LMS135"),
    ("E03 mixed case", |f| recipient(f, "age1R0q3yj86kfp5cggd8t7fdw6jxcpzlyfd7eg3s5znrsmkmxfuzduqepwqx6"), 3, "LMS135"),
    ("E03 blank", |f| recipient(f, " age1r0q3yj86kfp5cggd8t7fdw6jxcpzlyfd7eg3s5znrsmkmxfuzduqepwqx6"), 3, "LMS135"),
    ("E03 private key", |f| recipient(f, KEY), 3, "make a new key"),
    ("E04 plugin", |f| recipient(f, "age1yubikey1qqqq"), 3, "LMS135"),
    ("E04 ssh", |f| recipient(f, "ssh-rsa AAAAB3NzaC1yc2E"), 3, "LMS135"),
    ("E04 PGP", |f| recipient(f, "85D77543B3D624B63CEA9E6DBC17301B491B3F21"), 3, "LMS135"),
    ("E05", twice, 0, "this recipient stands here twice"),
    ("E07 escape", |f| environment(f, "output = \"../x\""), 3, "unknown key `output`"),
    ("E07 root", |f| environment(f, "output = \"/\""), 3, "unknown key `output`"),
    (
        "E09 one namespace",
        |f| f.write("environments/prod.toml", TINY_ENVIRONMENT),
        3,
        "`dev` and `prod` have one namespace",
    ),
    ("E11 HEAD", |f| branch(f, "HEAD"), 3, "must be the short name of a branch"),
    ("E11 range", |f| branch(f, "a..b"), 3, "no name that Git allows"),
    ("E11 option", |f| branch(f, "-f"), 3, "must be the short name of a branch"),
    ("E11 force", |f| branch(f, "+main"), 3, "must be the short name of a branch"),
    ("E11 reference", |f| branch(f, "refs/heads/../x"), 3, "must be the short name of a branch"),
    ("E11 lock", |f| branch(f, "x.lock"), 3, "no name that Git allows"),
    ("E12 empty", |f| environment(f, "policy.kinds = []"), 3, "allows nothing"),
    ("E12 star", |f| environment(f, "policy.kinds = [\"*\"]"), 3, "`*` is no kind"),
    ("E15", |f| f.edit("templates/t/stack.toml", "default = \"x\"\n", ""), 3, "parameter `text` has no value"),
    ("E16 link", environment_link, 3, "`environments/dev.toml` is not a regular file"),
    ("E16 large", |f| environment(f, &"#".repeat(2 << 20)), 9, "`environments/dev.toml` is larger than 1024 KiB"),
    ("D01 a Secret of a template", plain_secret, 4, "a Secret is written by a template"),
    ("D04 Argo CD", |f| annotation(f, "argocd.argoproj.io/sync-options", "Prune=false"), 3, "steers delivery"),
    ("D04 Flux", |f| annotation(f, "kustomize.toolkit.fluxcd.io/ssa", "Ignore"), 3, "steers delivery"),
    ("D04 Helm", |f| annotation(f, "helm.sh/resource-policy", "keep"), 3, "steers delivery"),
    ("D05 prune", |f| annotation(f, "kustomize.toolkit.fluxcd.io/prune", "disabled"), 3, "steers delivery"),
    ("D05 decrypt", |f| annotation(f, "kustomize.toolkit.fluxcd.io/decrypt", "disabled"), 3, "comes from a value"),
    (
        "D08",
        |f| {
            f.edit(
                "templates/t/app/pod.yaml",
                "spec:",
                "  annotations: {kubectl.kubernetes.io/last-applied-configuration: x}\nspec:",
            );
        },
        3,
        "is kubectl's own",
    ),
    ("D12 kind", role_binding, 3, "does not allow kind `RoleBinding`"),
];

fn two_stacks(fleet: &Fleet) {
    fleet.write("lmsgen.toml", "");
    fleet.write("templates/u/stack.toml", "phases = [\"app\"]\n");
    fleet.write("templates/u/app/x.yaml", "{# optional #}\n");
}

fn twice(fleet: &Fleet) {
    let line = TINY_ENVIRONMENT.lines().last().unwrap();
    let recipient = line.split('"').nth(1).unwrap();
    let text = TINY_ENVIRONMENT.replace(&format!("\"{recipient}\""), &format!("\"{recipient}\", \"{recipient}\""));
    fleet.write("environments/dev.toml", text);
}

fn branch(fleet: &Fleet, name: &str) {
    fleet.write("lmsgen.toml", format!("stack = \"t\"\ngit.branch = \"{name}\"\n"));
}

fn environment_link(fleet: &Fleet) {
    std::fs::rename(fleet.root().join("environments/dev.toml"), fleet.root().join("lmsgen-dev")).unwrap();
    symlink("../lmsgen-dev", fleet.root().join("environments/dev.toml")).unwrap();
}

fn annotation(fleet: &Fleet, key: &str, value: &str) {
    client(fleet, "", &format!("annotations.\"{key}\" = \"{value}\""));
}

fn plain_secret(fleet: &Fleet) {
    let secret = "apiVersion: v1\nkind: Secret\nmetadata: {name: s-{{ client.slug }}, namespace: dev}\ndata: {a: \"no base64\"}\n";
    fleet.write("templates/t/app/secret.yaml", secret);
}

fn role_binding(fleet: &Fleet) {
    environment(fleet, "policy.kinds = [\"ConfigMap\", \"Pod\", \"Secret\"]");
    let binding = "apiVersion: rbac.authorization.k8s.io/v1\nkind: RoleBinding\nmetadata: {name: r-{{ client.slug }}, namespace: dev}\n\
                   roleRef: {apiGroup: rbac.authorization.k8s.io, kind: ClusterRole, name: cluster-admin}\nsubjects: []\n";
    fleet.write("templates/t/app/binding.yaml", binding);
}

#[test]
fn every_row_is_answered() {
    let before = fleet();
    let mut wrong = Vec::new();
    for (row, change, code, said) in CLIENTS.iter().chain(&ENVIRONMENTS) {
        let fleet = before.copied();
        change(&fleet);
        let files = fleet.snapshot();
        let ran = fleet.run(&["validate"]);
        let is_clean = !ran.all().chars().any(|c| c.is_control() && c != '\n') && !ran.all().contains("QQPZRY9");
        let names_target = ran.err.contains("passwd") && row.starts_with("C21");
        if ran.code != *code || !ran.err.contains(said) || !ran.out.is_empty() || !is_clean || names_target {
            wrong.push(format!("{row}: exit {} (not {code}), wanted `{said}` in\n{}{}", ran.code, ran.out, ran.err));
        }
        files.assert_same(&fleet.snapshot());
        // What is refused is not rendered either.
        if *code != 0 {
            let rendered = fleet.run(&["render"]);
            assert_ne!(rendered.code, 0, "{row}");
            files.assert_same(&fleet.snapshot());
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

/// C12, C13, C15, C16, U01, U07: what a value holds is text, in the same objects.
#[test]
fn values_stay_text() {
    let fleet = fleet();
    let files: Vec<String> = fleet.snapshot().below("rendered/").0.into_keys().collect();
    for text in [
        "{{ secrets.admin }}",
        "{% include \"x\" %}",
        "{# x #}",
        "x\n---\nkind: ClusterRole\nmetadata:\n  name: a\n",
        "\"\nmetadata:",
        "a: b",
        "a #b",
        "!!python/object:x",
        "&a",
        "*a",
        "<<",
        "!x",
        "Школа №1 «Луч» 😀 e\u{301}",
        "a\u{2028}b\u{2029}",
    ] {
        client(&fleet, "", &format!("text = {}", toml_string(text)));
        fleet.run(&["render"]).exits(0);
        let config: serde_json::Value =
            serde_norway::from_str(&fleet.read("rendered/dev/C1/app/configmap-config-c1.yaml")).unwrap();
        assert_eq!(config["data"]["TEXT"], text);
        assert_eq!(fleet.snapshot().below("rendered/").0.into_keys().collect::<Vec<_>>(), files, "{text}");
    }
    client(&fleet, "", "text = \"$(PASSWORD) ${PASSWORD}\"");
    fleet.run(&["render"]).exits(0);
    let pod: serde_json::Value = serde_norway::from_str(&fleet.read("rendered/dev/C1/app/pod-pod-c1.yaml")).unwrap();
    assert_eq!(pod["spec"]["containers"][0]["env"][0]["value"], "$$(PASSWORD) ${PASSWORD}");
}

/// C24: what editors leave and what is hidden is named and never read.
#[test]
fn left_over_files_are_named_and_not_read() {
    let fleet = fleet();
    let before = fleet.snapshot().below("rendered/");
    for name in [".hidden.toml", "C1.toml~", ".#C1.toml", "C1.toml.orig"] {
        fleet.write(&format!("clients/{name}"), "not TOML at all");
        fleet.run(&["render"]).exits(0).says(&format!("`clients/{name}` is ignored"));
        before.assert_same(&fleet.snapshot().below("rendered/"));
    }
}

/// D04: a template writes what it means to.
#[test]
fn templates_may_steer_delivery() {
    let fleet = fleet();
    fleet.edit("templates/t/app/pod.yaml", "spec:", "  annotations: {argocd.argoproj.io/sync-wave: \"2\"}\nspec:");
    fleet.run(&["validate"]).exits(0);
    // On its own objects: the same text elsewhere, or in a comment, gives nobody leave.
    annotation(&fleet, "argocd.argoproj.io/sync-wave", "9");
    fleet.run(&["validate"]).exits(3).says("error[LMS244]").says("steers delivery");
    annotation(&fleet, "kustomize.toolkit.fluxcd.io/prune", "disabled");
    fleet.edit("templates/t/app/pod.yaml", "spec:", "# never kustomize.toolkit.fluxcd.io/prune\nspec:");
    fleet.run(&["validate"]).exits(3).says("error[LMS244]");
}

/// D07: the list for kustomize holds the folder's own files, and nothing that loads or makes more.
#[test]
fn the_list_for_kustomize_is_a_list() {
    let fleet = fleet();
    let list: serde_json::Value =
        serde_norway::from_str(&fleet.read("rendered/dev/C1/app/kustomization.yaml")).unwrap();
    let mut keys: Vec<&String> = list.as_object().unwrap().keys().collect();
    keys.sort();
    assert_eq!(keys, ["apiVersion", "kind", "resources"]);
    let names: Vec<&str> = list["resources"].as_array().unwrap().iter().map(|name| name.as_str().unwrap()).collect();
    assert_eq!(names, ["configmap-config-c1.yaml", "pod-pod-c1.yaml", "secret-db-c1.yaml"]);
}

/// D09: Flux reads encrypted files of up to 5 MiB.
#[test]
fn a_store_file_that_flux_would_not_read() {
    let fleet = fleet();
    let path = "secrets/dev/C1/db.yaml";
    let text = fleet.read(path);
    fleet.write(path, format!("{text}{}", "#".repeat(6 << 20)));
    let ran = fleet.run(&["validate"]);
    assert!([4, 9].contains(&ran.code), "{}: {}", ran.code, ran.err);
    assert!(ran.err.contains(path), "{}", ran.err);
}

/// E13: an environment that is not there, as asked for on the command line.
#[test]
fn an_environment_that_is_not_there() {
    fleet().run(&["validate", "--env", "nope"]).exits(2).says("no environment matches `nope`; there are `dev`");
}
