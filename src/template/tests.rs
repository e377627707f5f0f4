//! Templates from source to object, and the promise that no value becomes structure.

use std::collections::BTreeMap;
use std::sync::Arc;

use proptest::prelude::*;

use super::*;
use crate::diagnostic::{Sink, SourceMap, Span};
use crate::manifest::{Value, parse_documents};
use crate::names::ParamPath;
use crate::params::{Layer, Merge, Origin, ParamDecl, ParamValue, Params, Resolved, SetBy, Shape};

const COMPONENTS: &str = "{% component twice(x) %}[{{ x }}, {{ x }}]{% endcomponent twice %}";

/// A stack of one template with the free parameters `v` and `group.the-tag`.
struct Bench {
    engine: Engine,
    sink: Sink,
    sources: SourceMap,
    decls: Arc<[ParamDecl]>,
}

impl Bench {
    fn new(template: &str) -> Self {
        let mut sources = SourceMap::default();
        let mut add = |name: &str, text: &str, role| TemplateSource {
            name: name.into(),
            file: sources.add(format!("templates/t/{name}"), text),
            text: text.into(),
            role,
        };
        let files = vec![
            add("app/one.yaml", template, TemplateRole::Instance),
            add("components/c.yaml", COMPONENTS, TemplateRole::Components),
        ];
        let stack = sources.add("templates/t/stack.toml", "");
        let decls: Arc<[ParamDecl]> = ["v", "group.the-tag"]
            .map(|path| ParamDecl {
                path: ParamPath::new(path).unwrap(),
                shape: Shape::Table(None),
                merge: Merge::Replace,
                set_by: SetBy::Client,
                unique: None,
                optional: true,
                description: String::new(),
                unit: None,
                span: Span::file_start(stack),
            })
            .into();
        let mut sink = Sink::default();
        let engine = Engine::compile(files, &decls, &mut sink);
        Self { engine, sink, sources, decls }
    }

    fn context(&self, value: Option<ParamValue>) -> Context {
        let origin = Origin { layer: Layer::Client, span: self.decls[0].span };
        let resolved = value.map(|value| Arc::new(Resolved { value, origin }));
        let params = Params::new(Arc::clone(&self.decls), vec![resolved, None]);
        let facts = InstanceFacts {
            name: "dev/C1",
            client_id: "C1",
            client_slug: "c1",
            client_name: "Acme",
            client_labels: &BTreeMap::new(),
        };
        let environment = EnvironmentFacts { name: "dev", namespace: "dev", ..Default::default() };
        instance_context(environment_value(&environment), &facts, SharedParams::new(&params).with_own(&params))
    }

    fn shown(&self, span: Span, message: &str) -> String {
        let place = self.sources.position(span);
        format!("{}:{} {message}", place.line, place.column)
    }

    /// Objects as text, or `line:column message` of the first fault.
    fn render(&self, value: Option<ParamValue>) -> Result<Vec<String>, String> {
        if let Some(fault) = self.sink.as_slice().first() {
            return Err(self.shown(fault.primary.as_ref().unwrap().span, &fault.message));
        }
        let index = self.engine.templates().next().unwrap().0;
        let context = self.context(value);
        let facts = SecretFacts {
            object_name: "db-c1".into(),
            keys: vec!["password".into(), "token".into()],
            optional_keys: vec!["token".into()],
            public_keys: Vec::new(),
            revision: 3,
        };
        let scope = Arc::new(Scope { secrets: [("db".to_owned(), facts.into())].into() });
        let output = self
            .engine
            .render(index, &context, &scope)
            .map_err(|fault| self.shown(fault.primary.as_ref().unwrap().span, &fault.message))?;
        let objects = output.skeletons.iter().map(|skeleton| {
            fill(skeleton, &output.tokens, &|of| Ok(format!("<{of}>"))).map(|filled| filled.text).map_err(|error| {
                let Unfit::Fault { message, .. } = error.cause else { panic!("no other template has a fault") };
                self.shown(self.engine.place(index, &context, &scope, Fault::Token(error.token)), &message)
            })
        });
        objects.collect()
    }
}

/// The body of a ConfigMap template, rendered with `v`.
fn data(body: &str, value: impl Into<Option<ParamValue>>) -> Result<String, String> {
    let template = format!("apiVersion: v1\nkind: ConfigMap\nmetadata: {{name: a}}\ndata:\n{body}\n");
    let mut objects = Bench::new(&template).render(value.into())?;
    assert_eq!(objects.len(), 1);
    Ok(objects.remove(0).split_once("\ndata:").unwrap().1.to_owned())
}

fn text(value: &str) -> ParamValue {
    ParamValue::String(value.into())
}

#[test]
fn a_value_alone_keeps_its_type_and_in_a_longer_scalar_becomes_text() {
    assert_eq!(data("  a: {{ params.v }}", ParamValue::Integer(3)).unwrap(), "\n  a: 3\n");
    assert_eq!(data("  a: \"{{ params.v }}\"", ParamValue::Integer(3)).unwrap(), "\n  a: \"3\"\n");
    assert_eq!(data("  a: {{ params.v }}.{{ params.v }}", ParamValue::Integer(3)).unwrap(), "\n  a: \"3.3\"\n");
    assert_eq!(data("  a: {{ params.v }}", text("3")).unwrap(), "\n  a: \"3\"\n");
    assert_eq!(data("  a: x-{{ params.v }}", ParamValue::Bool(true)).unwrap(), "\n  a: x-true\n");
    assert_eq!(data("  a: |\n    x={{ params.v }}", text("b: c")).unwrap(), "\n  a: \"x=b: c\\n\"\n");
    assert_eq!(data("  a: {{ params.v + 1 }}", ParamValue::Integer(3)).unwrap(), "\n  a: 4\n");
    assert_eq!(data("  a: {{ params.v ~ \"!\" }}", text("no")).unwrap(), "\n  a: \"no!\"\n");
    assert_eq!(data("  a: {{ params.v }}", ParamValue::Float(1000.0)).unwrap(), "\n  a: 1000.0\n");
}

#[test]
fn tables_and_lists_become_structure_only_where_they_stand_alone() {
    let table = ParamValue::Table(BTreeMap::from([
        ("zone".into(), text("no")),
        ("name".into(), ParamValue::List(vec![ParamValue::Integer(1), ParamValue::Table(BTreeMap::new())])),
    ]));
    let shown = "\n  a:\n    name:\n      - 1\n      - {}\n    zone: \"no\"\n";
    assert_eq!(data("  a: {{ params.v }}", table.clone()).unwrap(), shown);
    let in_list = "\n  a:\n    - name:\n        - 1\n        - {}\n      zone: \"no\"\n    - b\n";
    assert_eq!(data("  a:\n  - {{ params.v }}\n  - b", table.clone()).unwrap(), in_list);
    assert_eq!(data("  a: x{{ params.v }}", table).unwrap_err(), "5:10 a table cannot be part of a string");
}

#[test]
fn values_cannot_stand_where_structure_does() {
    let at_key = "a value stands where a key is expected";
    assert_eq!(data("  {{ params.v }}: 1", text("a")).unwrap_err(), format!("5:6 {at_key}"));
    assert_eq!(data("  {a{{ params.v }}: 1}", text("a")).unwrap_err(), format!("5:8 {at_key}"));
    let lost = "a value stands where no value can: in a comment, anchor or tag";
    assert_eq!(data("  a: 1 # {{ params.v }}", text("a")).unwrap_err(), format!("5:13 {lost}"));
    let kind = Bench::new("apiVersion: v1\nkind: {{ params.v }}\nmetadata: {name: a}\n").render(Some(text("Pod")));
    assert_eq!(kind.unwrap_err(), "2:10 `kind` must be written out in the template");
}

#[test]
fn faults_point_at_the_template() {
    assert_eq!(data("  a: {{ params.v }}", None).unwrap_err(), "5:9 this is not set");
    assert_eq!(data("  a: {{ params.w }}", None).unwrap_err(), "5:9 the stack declares no parameter `w`");
    assert_eq!(
        data("  a: {{ params.group }}", None).unwrap_err(),
        "5:9 `params.group` is a group of parameters, not a value"
    );
    assert!(data("  a: {{ nope }}", None).unwrap_err().starts_with("5:"), "undefined");
    assert!(data("  a: {{ client.nope }}", None).unwrap_err().starts_with("5:9 `client` has no `nope`"));
    assert_eq!(data("  a: 0777", None).unwrap_err(), "5:6 `0777` means different things to different YAML readers");
    assert!(data("  a: 1\n  a: 2", None).unwrap_err().starts_with("6:3 key `a` occurs twice"));
    assert!(
        data("  {% if params.v %}\n  b: [\n  {% endif %}\n  a: 1", text("x")).unwrap_err().contains("no valid YAML")
    );
    assert!(data("{% set x %}y{% endset %}", None).unwrap_err().contains("`set` block"));
    assert!(data("{% include \"/etc/passwd\" %}", None).unwrap_err().contains("`include` is not a statement"));
    assert!(data("  a: {{ params.v | safe }}", text("x")).unwrap_err().contains("`safe`"));
    assert!(data("  a: {{ get_env(name=\"HOME\") }}", None).unwrap_err().contains("get_env"));
    assert!(data("  a: {{ now() }}", None).unwrap_err().contains("now"));
}

/// The faults of a template's fourth line on: `line:column message; help`.
fn faults(body: &str) -> Vec<String> {
    let bench = Bench::new(&format!("apiVersion: v1\nkind: ConfigMap\nmetadata: {{name: a}}\ndata:\n{body}\n"));
    let shown = |fault: &crate::diagnostic::Diagnostic| {
        let place = bench.shown(fault.primary.as_ref().unwrap().span, &fault.message);
        format!("{place}; {}", fault.help.as_deref().unwrap_or_default())
    };
    bench.sink.as_slice().iter().map(shown).collect()
}

#[test]
fn what_people_who_know_helm_write() {
    let one = |body: &str, parts: &[&str]| {
        let found = faults(body);
        assert_eq!(found.len(), 1, "{body}: {found:?}");
        assert!(parts.iter().all(|part| found[0].contains(part)), "{body}: {found:?}");
    };
    one("  a: {{ .Values.v }}", &["5:9 ", "`.Values.v`", "write `params.v`"]);
    one("  a: {{ .Values.group.theTag }}", &["write `params.group.the_tag`"]);
    one("  a: {{ $.Release.Namespace }}", &["write `environment.namespace`"]);
    for filter in ["quote", "toYaml", "nindent(n=2)", "indent(width=2)", "safe"] {
        one(
            &format!("  a: {{{{ params.v | {filter} }}}}"),
            &["5:20 ", "not needed: values are written as they must be"],
        );
    }
    one("  a: {{ params.v | b64enc }}", &["5:20 ", "`b64enc`", "use one of abs, "]);
    one("  a: {{ params.group.the-tag }}", &["5:9 ", "write `params.group.the_tag`"]);
    one("  a: {{ v }}", &["5:9 ", "did you mean `params.v`?"]);
    one("  a: {{ group.the_tag or 'x' }}", &["did you mean `params.group.the_tag`?"]);
    for word in ["if", "range"] {
        let found = faults(&format!("{{{{- {word} params.v }}}}\n  a: b\n{{{{- end }}}}"));
        assert_eq!(found.len(), 2, "{found:?}");
        assert!(found.iter().all(|one| one.contains("statements are written `{% if … %}`")), "{found:?}");
        assert!(found[0].starts_with(&format!("5:1 `{word}`")) && found[1].starts_with("7:1 `end`"), "{found:?}");
    }
    assert_eq!(faults("  a: {{ .Values.v }}\n  b: {{ .Values.w }}").len(), 2, "each of them");
    for right in [
        "  a: {% for v in [1] %}{{ v }}{% endfor %}",
        "  a: {% set end = 1 %}{{ end }}",
        "  a: {% if params.v is string and params.v is not number %}b{% endif %}",
        "  a: {{ params.v-1 }}",
        "  a: {{ <twice x={params.v}/> }}",
        "  a: {{ range(end=3) }}",
    ] {
        assert_eq!(faults(right), [""; 0], "{right}");
    }
    for filter in helm::FILTERS {
        assert_eq!(faults(&format!("  a: {{{{ params.v | {filter} }}}}")), [""; 0], "{filter}");
    }
}

#[test]
fn statements_that_are_not_closed() {
    let both = "write both, or remove both";
    assert_eq!(
        faults("  a: b\n{% if params.v %}\n  c: d"),
        [format!("6:1 `{{% if %}}` of line 6 has no `{{% endif %}}`; {both}")]
    );
    let nested = "{% for x in params.v %}\n{% if x %}\n{% endfor %}";
    assert_eq!(faults(nested), [format!("6:1 `{{% if %}}` of line 6 has no `{{% endif %}}`; {both}")]);
    assert_eq!(faults("  a: b\n{% endif %}"), [format!("6:1 `{{% endif %}}` closes no `{{% if %}}`; {both}")]);
    let end = faults("{% if params.v %}\n{% end %}");
    assert_eq!(end, ["6:1 `end` is not a statement of lmsgen's templates; write `{% endif %}`"]);
    assert_eq!(faults("{% include \"x\" %}").len(), 1);
    assert_eq!(faults("{% set x %}y{% endset %}").len(), 2, "each statement once");
}

#[test]
fn components_and_loops_print_values() {
    let list = ParamValue::List(vec![text("a: b"), text("no")]);
    let shown = data(
        "{% for one in params.v %}  {% if loop.first %}x: {{ <twice x={one}/> }}{% else %}w: {{ one }}{% endif %}\n{% endfor %}",
        list,
    );
    assert_eq!(shown.unwrap(), "\n  w: \"no\"\n  x:\n    - \"a: b\"\n    - \"a: b\"\n");
}

#[test]
fn secrets_are_references_and_digests_follow_the_content() {
    let reference =
        data("  a: {{ secret(name=\"db\", key=\"password\") }}\n  b: \"{{ secret_revision(name='db') }}\"", None)
            .unwrap();
    assert_eq!(reference, "\n  a:\n    name: db-c1\n    key: password\n  b: \"3\"\n");
    let optional = data("  a: {{ secret(name='db', key='token') }}", None).unwrap();
    assert_eq!(optional, "\n  a:\n    name: db-c1\n    key: token\n    optional: true\n");
    assert!(data("  a: {{ secret(name='db', key='nope') }}", None).unwrap_err().contains("no key `nope`"));
    assert!(data("  a: {{ secret_name(name='nope') }}", None).unwrap_err().contains("declares no Secret `nope`"));
    assert!(data("  a: {{ content_hash() ~ 'x' }}", None).unwrap_err().contains("by itself"));
    assert_eq!(data("  a: {{ content_hash(of='app/x.yaml') }}", None).unwrap(), "\n  a: \"<app/x.yaml>\"\n");

    let job = "apiVersion: batch/v1\nkind: Job\nmetadata:\n  name: setup-{{ content_hash() }}\n  labels: {l: {{ params.group.the_tag or 'x' }}}\nspec: {a: {{ params.v }}}\n";
    let name = |value: &str, template: &str| {
        let text = Bench::new(template).render(Some(text(value))).unwrap().remove(0);
        parse_documents(&text).unwrap()[0].str_at(&["metadata", "name"]).unwrap().to_owned()
    };
    assert_eq!(name("1", job).len(), "setup-".len() + 8);
    assert_ne!(name("1", job), name("2", job), "another spec, another name");
    assert_eq!(name("1", job), name("1", &job.replace("'x'", "'y'")), "labels do not rename");
}

proptest! {
    /// Rule 2 of the product: whatever a string holds, it arrives as that string, wherever it is printed.
    #[test]
    fn any_string_arrives_as_itself(value in prop_oneof![any::<String>(), "[-\"'{}:#|>&*!%@`\n \\t0-9a-eno~.]{0,16}"]) {
        prop_assume!(!value.contains('\u{e00f}'));
        let template = "apiVersion: v1\nkind: X\nmetadata:\n  name: a\n  labels: {flow: {{ params.v }}, q: '{{ params.v }}'}\n\
            list:\n  - {{ params.v }}\n  - [{{ params.v }}]\nalone: {{ params.v }}\nlonger: <{{ params.v }}>\nquoted: \"{{ params.v }}\"\n";
        let objects = Bench::new(template).render(Some(text(&value))).unwrap();
        prop_assert_eq!(objects.len(), 1);
        let ours = parse_documents(&objects[0]).unwrap();
        prop_assert_eq!(ours.len(), 1);
        let object = &ours[0];
        let expected = Value::String(value.clone());
        let longer = format!("<{value}>");
        prop_assert_eq!(object.at(&["metadata", "labels", "flow"]), Some(&expected));
        prop_assert_eq!(object.at(&["metadata", "labels", "q"]), Some(&expected));
        prop_assert_eq!(object.at(&["alone"]), Some(&expected));
        prop_assert_eq!(object.at(&["quoted"]), Some(&expected));
        prop_assert_eq!(object.str_at(&["longer"]), Some(longer.as_str()));
        prop_assert_eq!(object.at(&["list"]).unwrap().as_list().unwrap()[0].as_str(), Some(value.as_str()));
        prop_assert_eq!(object.as_map().unwrap().len(), 7, "no key was added");
        let other: serde_json::Value = serde_saphyr::from_str(&objects[0]).unwrap();
        prop_assert_eq!(other["alone"].as_str(), Some(value.as_str()));
        prop_assert_eq!(other["longer"].as_str(), Some(longer.as_str()));
    }
}
