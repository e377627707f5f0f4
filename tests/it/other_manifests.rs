//! `validate FILE…`: manifests of other programs, read as `kubectl` reads them.

use crate::support::fleet::{Fleet, Ran};

fn judged(text: &str) -> Ran {
    let nowhere = Fleet::empty();
    nowhere.write("all.yaml", text);
    nowhere.run(&["validate", "all.yaml"])
}

fn pod(spec: &str) -> String {
    format!("apiVersion: v1\nkind: Pod\nmetadata:\n  name: web\n  namespace: shop\nspec:\n{spec}")
}

const CONTAINER: &str = "  containers:\n    - name: web\n      image: registry.example/web:1.0\n";

#[test]
fn scalars_mean_what_kubectl_takes_them_for() {
    let volume = "  volumes:\n    - name: keys\n      secret:\n        secretName: web\n        defaultMode: 0400\n";
    let mounts = "      volumeMounts:\n        - name: keys\n          mountPath: /keys\n";
    judged(&pod(&format!("{CONTAINER}{mounts}{volume}  hostNetwork: yes\n"))).exits(0);
    let env =
        |value: &str| judged(&pod(&format!("{CONTAINER}      env:\n        - name: A\n          value: {value}\n")));
    env("yes").exits(3).says("LMS702").says("expected a string, got the boolean `true`");
    env("\"yes\"").exits(0);
    env("1:30").exits(0);
    let data = |value: &str| {
        judged(&format!("apiVersion: v1\nkind: ConfigMap\nmetadata:\n  name: web\ndata:\n  b: {value}\n"))
    };
    data("0777").exits(3).says("expected a string, got the number `511`").says("b: 0777");
    data("1e3").exits(3).says("expected a string, got the number `1000`");
    data(".inf").exits(3).says("LMS449").says("put it in quotes");
    data("2001-01-01").exits(0);
}

#[test]
fn aliases_stand_for_what_they_name() {
    let text = "apiVersion: v1\nkind: ConfigMap\nmetadata:\n  name: web\n  labels: &labels\n    app: web\n    tier: 1\n  \
                annotations:\n    <<: *labels\n    tier: \"1\"\n";
    judged(text).exits(3).says("tier: 1").says("all.yaml:7:");
    judged(&text.replace("tier: 1\n", "tier: \"1\"\n")).exits(0);
    judged("a: *nothing\n").exits(3).says("LMS449");
}

#[test]
fn a_bomb_is_a_limit() {
    let mut text = "a0: &a0 [x, x, x, x, x, x, x, x, x, x]\n".to_owned();
    for level in 1..20 {
        let items = vec![format!("*a{}", level - 1); 10].join(", ");
        text.push_str(&format!("a{level}: &a{level} [{items}]\n"));
    }
    judged(&text).exits(9).says("LMS473").says("more than 16 MiB");
}

#[test]
fn nothing_to_look_at_is_a_fault() {
    for text in ["", "# nothing\n", "---\n---\n", "apiVersion: v1\nkind: List\nitems: []\n"] {
        judged(text).exits(3).says("LMS474").says("there is no object in the file `all.yaml`").says("helm template");
    }
    let nowhere = Fleet::empty();
    nowhere.write("folder/README.md", "# nothing\n");
    nowhere.run(&["validate", "folder/"]).exits(3).says("there is no object in the folder `folder/`");
    nowhere.write("folder/empty.yaml", "");
    nowhere.run(&["validate", "folder/"]).exits(3).says("there is no object in the folder `folder/`");
    nowhere.write("folder/pod.yaml", pod(CONTAINER));
    nowhere.run(&["validate", "folder/"]).exits(0);
    nowhere.run(&["validate", "folder/", "folder/empty.yaml"]).exits(3).says("file `folder/empty.yaml`");
    // A file that is no YAML says so, and no more.
    let ran = judged("a: [\n").exits(3).says("LMS449");
    assert!(!ran.err.contains("LMS474"), "{}", ran.err);
}

#[test]
fn what_another_program_prints_is_judged_without_a_file() {
    let nowhere = Fleet::empty();
    let judged = |text: &str| nowhere.prepare(&["validate", "--kubernetes", "1.35", "-"]).input(text).go();
    judged(&pod(CONTAINER)).exits(0).says("1 object");
    judged(&pod(&CONTAINER.replace("- name: web", "- nam: web"))).exits(3).says("stdin:8:7").says("- nam: web");
    judged("# nothing\n").exits(3).says("LMS474").says("there is no object in stdin");
    judged("a: b: c\n").exits(3).says("LMS449").says("stdin:1:");
}

#[test]
fn an_object_twice_in_a_stream_is_a_fault() {
    let one = pod(CONTAINER);
    judged(&format!("{one}---\n{one}")).exits(3).says("LMS475").says("Pod `web` is in this file twice");
    judged(&format!("{one}---\n{}", one.replace("namespace: shop", "namespace: other"))).exits(0);
}

#[test]
fn no_report_replaces_what_is_looked_at() {
    let nowhere = Fleet::empty();
    nowhere.write("folder/pod.yaml", pod(CONTAINER));
    let refused = |args: &[&str]| {
        nowhere.run(args).exits(2).says("one of the files to look at").prints_nothing();
        assert_eq!(nowhere.read("folder/pod.yaml"), pod(CONTAINER));
    };
    refused(&["validate", "folder/pod.yaml", "-o", "json=folder/pod.yaml"]);
    refused(&["validate", "./folder/pod.yaml", "-o", "json=folder/../folder/pod.yaml"]);
    refused(&["validate", "folder/", "-o", "json=folder/pod.yaml"]);
    nowhere.run(&["validate", "folder/", "-o", "json=folder/report.json"]).exits(0);
    nowhere.run(&["validate", "folder/", "-o", "json=report.json"]).exits(3).says("report.json");
}

#[test]
fn releases_without_schemas_are_not_passed_over() {
    let nowhere = Fleet::empty();
    nowhere.write("pod.yaml", pod(CONTAINER));
    for release in ["1.99", "1.20", "2.0", "1.035"] {
        nowhere.run(&["validate", "pod.yaml", "--kubernetes", release]).exits(2);
    }
    let ran = nowhere.run(&["validate", "pod.yaml", "--kubernetes", "1.99"]);
    ran.says("there are schemas of 1.31, 1.32,").says("1.37 only");
    let fleet = Fleet::tiny(&[
        ("templates/t/stack.toml", "client-id = '^[A-Z][0-9]+$'\nphases = [\"app\"]\n"),
        (
            "templates/t/app/config.yaml",
            "apiVersion: v1\nkind: ConfigMap\nmetadata:\n  name: c\n  namespace: {{ environment.namespace }}\n",
        ),
    ]);
    for (release, nearest) in [("1.53", "1.37"), ("1.20", "1.31"), ("1.999", "1.37")] {
        fleet.edit("environments/dev.toml", "kubernetes = \"1.35\"", &format!("kubernetes = \"{release}\""));
        let ran = fleet.run(&["validate"]).exits(0).says("warning[LMS602]").says("environments/dev.toml:2:");
        ran.says(&format!("no schemas of Kubernetes {release}; objects are checked as on {nearest}"));
        fleet.edit("environments/dev.toml", release, "1.35");
    }
}

#[test]
fn what_has_a_wrong_name_is_not_missing_as_well() {
    let text = pod(&CONTAINER.replace("image:", "imge:").replace("name: web", "nmae: web"));
    let ran = judged(&text).exits(3).says("did you mean `name`?");
    assert!(!ran.err.contains("`name` is missing"), "{}", ran.err);
}

#[test]
fn without_a_release_the_newest_is_meant() {
    let newest = lmsgen::schema::Schemas::MINORS.last().unwrap().to_string();
    assert_eq!(format!("1.{}", lmsgen::kubernetes::Release::NEWEST.0), newest);
}

/// Kinds may be defined in any file that is named, before or after their objects.
#[test]
fn custom_resources_come_with_their_definition() {
    let fleet = Fleet::empty();
    let definition = "apiVersion: apiextensions.k8s.io/v1\nkind: CustomResourceDefinition\n\
        metadata: {name: widgets.x.example}\nspec:\n  group: x.example\n  scope: Namespaced\n\
        \x20 names: {kind: Widget, plural: widgets, singular: widget, listKind: WidgetList}\n  versions:\n\
        \x20   - name: v1\n      served: true\n      storage: true\n      schema:\n        openAPIV3Schema:\n\
        \x20         type: object\n          properties: {spec: {type: object, properties: {size: {type: integer}}}}\n";
    let widget = |size: &str| {
        format!("apiVersion: x.example/v1\nkind: Widget\nmetadata: {{name: a, namespace: b}}\nspec: {{size: {size}}}\n")
    };
    fleet.write("one.yaml", widget("3"));
    fleet.run(&["validate", "one.yaml"]).exits(3).says("error[LMS707]").says("or name it, too");
    fleet.write("more/definition.yaml", definition);
    for rules in [&[][..], &["--only", "server"]] {
        let validate = |inputs: &[&str]| fleet.run(&[&["validate"], inputs, rules].concat());
        validate(&["one.yaml", "more/"]).exits(0).says("2 objects");
        fleet.write("both.yaml", format!("{}---\n{definition}", widget("big")));
        validate(&["both.yaml"]).exits(3).says("error[LMS702]").says("both.yaml:4:");
    }
}

/// Somebody's file must not take hours, nor its report.
#[test]
fn many_keys_and_many_faults_are_done_with_at_once() {
    let fleet = Fleet::empty();
    let mut text = "apiVersion: v1\nkind: ConfigMap\nmetadata: {name: a}\ndata:\n".to_owned();
    (0..100_000).for_each(|n| text.push_str(&format!("  key-{n}: x\n")));
    fleet.write("right.yaml", &text);
    fleet.run(&["validate", "right.yaml"]).exits(0);
    text.push_str("binaryData: {}\n");
    (0..5_000).for_each(|n| text.push_str(&format!("field{n}: x\n")));
    fleet.write("wrong.yaml", &text);
    let ran = fleet.run(&["validate", "wrong.yaml", "-o", "json"]).exits(3);
    assert_eq!(ran.out.matches("\"LMS700\"").count(), 1_000);
    ran.prints("4000 more faults in this file are not listed");
}

/// What is passed over is said: a job that looks at a part must not be green without a word.
#[test]
fn what_is_not_looked_at_is_said() {
    let fleet = Fleet::empty();
    let bad = pod(&CONTAINER.replace("- name: web", "- nam: web"));
    fleet.write("folder/good.yaml", pod(CONTAINER));
    fleet.write("folder/upper.YAML", &bad);
    fleet.run(&["validate", "folder/"]).exits(3).says("folder/upper.YAML:8:7");
    fleet.remove("folder/upper.YAML");
    fleet.write("elsewhere.yaml", &bad);
    std::os::unix::fs::symlink("../elsewhere.yaml", fleet.root().join("folder/link.yaml")).unwrap();
    std::os::unix::fs::symlink("../elsewhere.yaml", fleet.root().join("folder/no-manifest")).unwrap();
    let ran = fleet.run(&["validate", "folder/"]).exits(0).says("warning[LMS477]").says("folder/link.yaml");
    assert_eq!(ran.err.matches("LMS477").count(), 1, "{}", ran.err);
}

#[test]
fn lists_of_one_kind_are_lists() {
    let items = "items:\n  - apiVersion: v1\n    kind: ConfigMap\n    metadata: {name: a}\n    dat: {}\n";
    judged(&format!("apiVersion: v1\nkind: ConfigMapList\n{items}")).exits(3).says("all.yaml:7:5").says("`dat`");
}

/// Lists whose items are compared with each other.
#[test]
fn long_lists_are_a_limit() {
    let ports = |n: usize| (0..n).map(|n| format!("{{name: a{n}, port: {}}}", n + 1)).collect::<Vec<_>>().join(", ");
    let service =
        |n| format!("apiVersion: v1\nkind: Service\nmetadata: {{name: a}}\nspec: {{ports: [{}]}}\n", ports(n));
    judged(&service(500)).exits(0);
    judged(&service(20_000)).exits(9).says("error[LMS749]").says("a list of more than 5000 items");
}
