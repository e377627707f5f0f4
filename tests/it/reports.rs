//! `-o FORMAT[=PATH]`: several reports of one run, where they go, and what is never written over.

use std::os::unix::fs::PermissionsExt as _;

use serde_json::Value;

use crate::support::fleet::Fleet;

const STACK: &str = "\
client-id = '^[A-Z][0-9]{1,6}$'
phases = [\"app\"]
";

const TEMPLATE: &str = "\
apiVersion: v1
kind: ConfigMap
metadata:
  name: config-{{ client.slug }}
  namespace: {{ environment.namespace }}
";

fn right() -> Fleet {
    Fleet::tiny(&[("templates/t/stack.toml", STACK), ("templates/t/app/config.yaml", TEMPLATE)])
}

/// A fleet with one unknown key.
fn wrong() -> Fleet {
    let fleet = right();
    fleet.edit("clients/C1.toml", "name = \"One\"\n", "name = \"One\"\n\"ключ ]]> 100%\" = 1\n");
    fleet
}

fn json(text: &str) -> Value {
    serde_json::from_str(text).unwrap_or_else(|error| panic!("{error}: {text}"))
}

fn names(fleet: &Fleet) -> Vec<String> {
    let mut names: Vec<String> = std::fs::read_dir(fleet.root())
        .unwrap()
        .map(|entry| entry.unwrap().file_name().into_string().unwrap())
        .filter(|name| name != ".lmsgen")
        .collect();
    names.sort();
    names
}

#[test]
fn several_reports_of_one_run() {
    let fleet = wrong();
    fleet.write("junit.xml", "an older report");
    let args = ["validate", "C1", "-e", "dev", "-o", "gitlab=gl-code-quality.json", "-o", "junit=junit.xml"];
    let others =
        ["-o", "sarif=out.sarif", "-o", "github=gh", "-o", "markdown=note.md", "-o", "text=text", "-o", "json"];
    let ran = fleet.run(&[&args[..], &others].concat()).exits(3);
    assert_eq!(ran.err, "");
    assert_eq!(json(&ran.out)["errors"], 1);
    let issues = json(&fleet.read("gl-code-quality.json"));
    assert_eq!(
        issues[0]["location"],
        serde_json::json!({ "path": "clients/C1.toml", "lines": { "begin": 2, "end": 2 } })
    );
    assert_eq!(json(&fleet.read("out.sarif"))["runs"][0]["results"].as_array().unwrap().len(), 1);
    assert!(fleet.read("junit.xml").contains("ключ ]]&gt; 100%"));
    assert!(
        fleet.read("gh").starts_with("::error file=clients/C1.toml,line=2,endLine=2,col=1,endColumn=16,title=LMS103::")
    );
    assert!(fleet.read("note.md").starts_with("**lmsgen: 1 error**"));
    assert!(fleet.read("text").starts_with("error[LMS103]: "));
    let mode = std::fs::metadata(fleet.root().join("junit.xml")).unwrap().permissions().mode();
    assert_eq!(mode & 0o777, 0o644);
    let written = ["gh", "gl-code-quality.json", "junit.xml", "note.md", "out.sarif", "text"];
    let own = ["clients", "environments", "lmsgen.toml", "templates"];
    let mut expected = [&written[..], &own].concat();
    expected.sort_unstable();
    assert_eq!(names(&fleet), expected, "something staged was left");
}

#[test]
fn reports_in_files_leave_the_terminal_as_it_was() {
    let fleet = wrong();
    let alone = fleet.run(&["validate"]).exits(3).prints_nothing();
    let ran = fleet.run(&["validate", "-o", "json=report.json"]).exits(3).prints_nothing();
    assert_eq!(ran.err_untimed(), alone.err_untimed());
    assert_eq!(json(&fleet.read("report.json"))["errors"], 1);
    fleet.edit("clients/C1.toml", "\"ключ ]]> 100%\" = 1\n", "");
    fleet
        .run(&["validate", "-o", "json=report.json"])
        .exits(0)
        .prints_nothing()
        .says("No errors in 1 instance, 1 object (");
    assert_eq!(json(&fleet.read("report.json"))["errors"], 0);
    let ran = fleet.run(&["validate", "-o", "text"]).exits(0);
    assert_eq!((&*ran.out, &*ran.err), ("No errors in 1 instance, 1 object\n", ""));
}

#[test]
fn a_report_is_written_over_an_older_one_and_over_nothing_else() {
    let fleet = wrong();
    let outside = fleet.home().join("kept");
    std::fs::write(&outside, "kept").unwrap();
    std::os::unix::fs::symlink(&outside, fleet.root().join("link")).unwrap();
    std::fs::create_dir(fleet.root().join("folder")).unwrap();
    let before = fleet.snapshot();
    for (path, code, said) in [
        ("link", 2, "link is no regular file"),
        ("folder", 2, "folder is no regular file"),
        ("/dev/null", 2, "/dev/null is no regular file"),
        ("nowhere/report", 5, "there is no folder nowhere"),
        ("lmsgen.toml/report", 5, "there is no folder lmsgen.toml"),
        ("clients/C1.toml", 8, "a file of the fleet itself"),
        ("clients/C2.toml", 8, "a file of the fleet itself"),
        ("folder/../clients/C2.toml", 8, "a file of the fleet itself"),
        ("lmsgen.toml", 8, "a file of the fleet itself"),
        ("rendered", 8, "a file of the fleet itself"),
    ] {
        let ran = fleet.run(&["validate", "-o", &format!("json={path}")]).exits(code).says(said).says("= help: ");
        ran.prints_nothing();
    }
    for (args, said) in [
        (&["json", "sarif"][..], "two reports cannot go to stdout: json and sarif"),
        (&["json=a", "sarif=a"], "two reports cannot go to one file: a"),
        (&["json="], "no path after `=`"),
        (&["xml"], "there is no format `xml`; there is text, json, sarif, junit, gitlab, github, markdown"),
    ] {
        let options: Vec<&str> = args.iter().flat_map(|report| ["-o", report]).collect();
        fleet.run(&[&["validate"][..], &options].concat()).exits(2).says(said).prints_nothing();
    }
    fleet.snapshot().assert_same(&before);
    assert_eq!(std::fs::read_to_string(&outside).unwrap(), "kept");
}

#[test]
fn paths_begin_at_the_repository_s_top() {
    let top = Fleet::empty();
    let fleet = wrong();
    crate::support::fleet::copy(&fleet.root(), &top.root().join("deploy/fleet"));
    top.commit_all();
    let gitlab = |args: &[&str], code| {
        let ran = top.run(&[&["-C", "deploy/fleet"], args, &["-o", "gitlab"]].concat()).exits(code);
        json(&ran.out)[0]["location"]["path"].as_str().unwrap().to_owned()
    };
    assert_eq!(gitlab(&["validate"], 3), "deploy/fleet/clients/C1.toml");
    let ours = json(&top.run(&["-C", "deploy/fleet", "validate", "-o", "json"]).exits(3).out);
    assert_eq!(ours["diagnostics"][0]["primary"]["path"], "clients/C1.toml");
    let token = ["glpat", "-", "Zx9Kq2Lw8Rt5Yv3Bn7Mc"].concat();
    top.write("deploy/fleet/templates/t/app/notes.yaml", format!("note: {token}\n"));
    assert_eq!(gitlab(&["secrets", "scan"], 4), "deploy/fleet/templates/t/app/notes.yaml");
    top.git(&["add", "-A"]);
    assert_eq!(gitlab(&["secrets", "scan", "--staged"], 4), "deploy/fleet/templates/t/app/notes.yaml");
}

#[test]
fn what_is_cut_for_people_is_whole_for_machines() {
    let fleet = right();
    for n in 1..=100 {
        fleet.write(&format!("clients/C{n}.toml"), "name = \"x\"\nnmae = 1\n\n[environments.dev]\n");
    }
    fleet.edit("clients/C99.toml", "[environments.dev]", "[environments.dve]");
    let ran =
        fleet.run(&["validate", "-o", "json", "-o", "text=text", "-o", "markdown=md", "-o", "github=gh"]).exits(3);
    assert_eq!(json(&ran.out)["errors"], 101);
    let text = fleet.read("text");
    // The one of its sort comes through, however many there are of another.
    assert!(text.contains("`dve`") && text.contains("\n… and 81 more (LMS103); -v shows all\n\n101 errors"), "{text}");
    assert!(fleet.read("md").contains(" and 99 more | "), "{}", fleet.read("md"));
    assert_eq!(fleet.read("md").lines().filter(|line| line.starts_with("| error")).count(), 2);
    let github = fleet.read("gh");
    assert_eq!(github.lines().filter(|line| line.starts_with("::error ")).count(), 10);
    assert!(github.ends_with("::notice title=lmsgen::101 errors; errors: … and 91 more (LMS103)\n"), "{github}");
    fleet.run(&["validate", "-v", "-o", "github=gh"]).exits(3);
    assert_eq!(fleet.read("gh").lines().count(), 101);
}
