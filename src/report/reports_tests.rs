//! Snapshots of the reports for other programs, on faults with everything in their names that these formats act on.

use super::*;
use crate::diagnostic::{Class, Code, Diagnostic, SourceMap, Span};

const WRONG: Code = Code::new("LMS992", Class::Input);
const LEAK: Code = Code::new("LMS991", Class::Secret);

const PAGE: Page = Page { width: 100, paint: Paint::Plain, now: 0, limit: Some(20) };

fn sample() -> (SourceMap, Vec<Diagnostic>) {
    let mut sources = SourceMap::default();
    let client = sources.add("clients/Клиент, 1%:.toml", "name = \"ООО\"\nключ = \"]]>\"\n");
    let template = sources.add("templates/t/app/a.yaml", "a: 1\nb: {{ params.b }}\n");
    let key = Span::new(client, 16..24);
    let mut many = Diagnostic::error(WRONG, "`a|b` is\n<b>\"no\"</b> ]]> @all\u{1b}[31m [x](http://e)")
        .at(key, "set 'here'")
        .also(Span::new(template, 8..22), "used")
        .help("write 100%, then: `lmsgen render`");
    many.instances = (1..=312).map(|n| format!("dev/C{n}")).collect();
    let leak = Diagnostic::error(LEAK, "a password").at(Span::file_start(template), "");
    let nowhere = Diagnostic::warning(WRONG, "nothing is selected").in_instance("dev/C1");
    (sources, vec![many, leak.clone(), leak, nowhere])
}

fn written(format: Format) -> String {
    let (sources, found) = sample();
    let scope = Scope { instances: 400, objects: 3604, millis: None };
    Report { found: &found, sources: &sources, scope, prefix: "fleet/", title: |_| None, page: &PAGE }.write(format)
}

fn of_nothing(format: Format) -> String {
    let scope = Scope { instances: 400, objects: 3604, millis: None };
    let sources = SourceMap::default();
    Report { found: &[], sources: &sources, scope, prefix: "", title: |_| None, page: &PAGE }.write(format)
}

fn json(text: &str) -> serde_json::Value {
    assert!(text.chars().all(|c| c == '\n' || !c.is_control()), "{text:?}");
    serde_json::from_str(text).unwrap()
}

#[test]
fn github_s_workflow_commands() {
    assert_eq!(
        written(Format::Github),
        "\
::error file=fleet/clients/Клиент%2C 1%25%3A.toml,line=2,endLine=2,col=1,endColumn=5,title=LMS992::`a|b` is\\n<b>\"no\"</b> ]]> @all\\u{1b}[31m [x](http://e) (in 312 of 400 instances)%0Ahelp: write 100%25, then: `lmsgen render`
::error file=fleet/templates/t/app/a.yaml,line=1,endLine=1,title=LMS991::a password
::error file=fleet/templates/t/app/a.yaml,line=1,endLine=1,title=LMS991::a password
::warning file=fleet/lmsgen.toml,line=1,endLine=1,title=LMS992::nothing is selected (in dev/C1)
"
    );
    assert_eq!(of_nothing(Format::Github), "");
}

#[test]
fn a_note_for_a_merge_request() {
    assert_eq!(
        written(Format::Markdown),
        "\
**lmsgen: 3 errors, 1 warning** in 400 instances, 3,604 objects

| Fault | Where | What is wrong | What to do |
|---|---|---|---|
| error LMS992 | `fleet/clients/Клиент, 1%:.toml:2` | `a\\|b` is\\\\n\\<b\\>\"no\"\\</b\\> \\]\\]\\> \\@all\\\\u{1b}\\[31m \
         \\[x\\](http\\://e) (in 312 of 400 instances) | write 100\\%, then\\: `lmsgen render` |
| error LMS991 | `fleet/templates/t/app/a.yaml` and 1 more | a password |  |
| warning LMS992 |  | nothing is selected (in dev/C1) |  |
"
    );
    assert_eq!(of_nothing(Format::Markdown), "**lmsgen: no errors** in 400 instances, 3,604 objects\n");
}

#[test]
fn gitlab_s_code_quality() {
    let report = json(&written(Format::Gitlab));
    let issues = report.as_array().unwrap();
    assert_eq!(issues.len(), 4);
    assert_eq!(issues[0]["check_name"], "LMS992");
    assert_eq!(issues[0]["severity"], "major");
    assert_eq!(issues[0]["location"]["path"], "fleet/clients/Клиент, 1%:.toml");
    assert_eq!(issues[0]["location"]["lines"]["begin"], 2);
    let description = issues[0]["description"].as_str().unwrap();
    assert!(description.starts_with("LMS992: `a|b` is\n"), "{description}");
    assert!(description.ends_with("(in 312 of 400 instances); write 100%, then: `lmsgen render`"), "{description}");
    assert_eq!([&issues[1]["severity"], &issues[3]["severity"]], ["critical", "minor"]);
    let mut prints: Vec<&str> = issues.iter().map(|issue| issue["fingerprint"].as_str().unwrap()).collect();
    prints.sort_unstable();
    prints.dedup();
    assert_eq!(prints.len(), 4);
    assert_eq!(of_nothing(Format::Gitlab), "[]\n");
}

#[test]
fn sarif_says_all_there_is() {
    let report = json(&written(Format::Sarif));
    let run = &report["runs"][0];
    assert_eq!(run["columnKind"], "unicodeCodePoints");
    let rules: Vec<_> = run["tool"]["driver"]["rules"].as_array().unwrap().iter().map(|rule| &rule["id"]).collect();
    assert_eq!(rules, ["LMS991", "LMS992"]);
    let first = &run["results"][0];
    assert_eq!(first["ruleIndex"], 1);
    let place = &first["locations"][0]["physicalLocation"];
    assert_eq!(
        place["artifactLocation"]["uri"],
        "fleet/clients/%D0%9A%D0%BB%D0%B8%D0%B5%D0%BD%D1%82%2C%201%25%3A.toml"
    );
    let region = serde_json::json!({ "startLine": 2, "startColumn": 1, "endLine": 2, "endColumn": 5 });
    assert_eq!(place["region"], region);
    assert_eq!(first["locations"][0]["message"]["text"], "set 'here'");
    assert_eq!(first["relatedLocations"][0]["physicalLocation"]["region"]["startLine"], 2);
    assert_eq!(first["properties"]["instances"].as_array().unwrap().len(), 312);
    let message = first["message"]["text"].as_str().unwrap();
    assert!(message.contains("[x] (http://e) (in 312 of 400 instances)\nhelp: write"), "{message}");
    assert_eq!(run["results"][3]["level"], "warning");
    assert_eq!(run["results"][3]["locations"][0]["physicalLocation"]["artifactLocation"]["uri"], "fleet/lmsgen.toml");
    assert_eq!(json(&of_nothing(Format::Sarif))["runs"][0]["results"], serde_json::json!([]));
}

#[test]
fn junit_fails_errors_and_skips_warnings() {
    let text = written(Format::Junit);
    let start = "\
<?xml version=\"1.0\" encoding=\"UTF-8\"?>
<testsuites name=\"lmsgen\" tests=\"4\" failures=\"3\" errors=\"0\">
  <testsuite name=\"fleet/clients/Клиент, 1%:.toml\" tests=\"1\" failures=\"1\" errors=\"0\" skipped=\"0\" time=\"0\">
    <testcase classname=\"fleet/clients/Клиент, 1%:.toml\" name=\"LMS992 `a|b` is\\n&lt;b&gt;&quot;no&quot;&lt;/b&gt; ]]&gt; \
                 @all\\u{1b}[31m [x](http://e)\" time=\"0\">
      <failure message=\"fleet/clients/Клиент, 1%:.toml:2:1: `a|b` is\\n&lt;b&gt;&quot;no&quot;&lt;/b&gt; ]]&gt; \
                 @all\\u{1b}[31m [x](http://e) (in 312 of 400 instances)\" type=\"LMS992\">error[LMS992]: ";
    assert_eq!(text.get(..start.len()).unwrap_or(&text), start);
    assert!(text.contains("\n2 | ключ = &quot;]]&gt;&quot;\n"), "{text}");
    assert!(text.contains("name=\"LMS991 a password\"") && text.contains("name=\"LMS991 a password (2)\""), "{text}");
    assert!(
        text.contains("<skipped message=\"nothing is selected (in dev/C1)\" type=\"warning\">warning[LMS992]"),
        "{text}"
    );
    assert!(text.chars().all(|c| c == '\n' || !c.is_control()), "{text:?}");
    assert_eq!(
        of_nothing(Format::Junit),
        "\
<?xml version=\"1.0\" encoding=\"UTF-8\"?>
<testsuites name=\"lmsgen\" tests=\"1\" failures=\"0\" errors=\"0\">
  <testsuite name=\"lmsgen\" tests=\"1\" failures=\"0\" errors=\"0\" skipped=\"0\" time=\"0\">
    <testcase classname=\"lmsgen\" name=\"no errors\" time=\"0\">
      <system-out>No errors in 400 instances, 3,604 objects</system-out>
    </testcase>
  </testsuite>
</testsuites>
"
    );
}

#[test]
fn fingerprints_stay_when_lines_and_instances_change() {
    let prints = |text: &str, n: usize| {
        let mut sources = SourceMap::default();
        let file = sources.add("clients/C1.toml", text);
        let at = text.find("key").unwrap();
        let mut one = Diagnostic::error(WRONG, "unknown key `key`").at(Span::new(file, at..at + 3), "");
        one.instances = (0..n).map(|n| format!("dev/C{n}")).collect();
        let found = [one.clone(), one];
        let scope = Scope::default();
        Report { found: &found, sources: &sources, scope, prefix: "", title: |_| None, page: &PAGE }.fingerprints()
    };
    let before = prints("key = 1\n", 1);
    assert_eq!(before, prints("# more\n\nkey = 1\n", 300));
    assert_ne!(before[0], before[1]);
}
