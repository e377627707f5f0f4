//! What README.md shows is what works: its own fleet, file by file, and its commands.

use crate::support::fleet::{Fleet, repository};

fn readme() -> String {
    std::fs::read_to_string(repository().join("README.md")).unwrap()
}

/// Code blocks whose first line names a file: the path and the text.
fn files(readme: &str) -> Vec<(String, String)> {
    let section = readme.split("\n## Your own fleet\n").nth(1).unwrap().split("\n## ").next().unwrap();
    let blocks = section.split("\n```").skip(1).step_by(2);
    let file = |block: &str| {
        let (_, body) = block.split_once('\n')?;
        let (first, text) = body.split_once('\n')?;
        Some((first.strip_prefix("# ")?.to_owned(), format!("{text}\n")))
    };
    blocks.filter_map(file).collect()
}

#[test]
fn the_six_files_are_a_fleet() {
    let files = files(&readme());
    assert_eq!(files.len(), 6);
    let fleet = Fleet::empty();
    for (path, text) in &files {
        fleet.write(path, text);
    }
    fleet.run(&["validate"]).exits(0);
    fleet.run(&["render"]).exits(0).says("Generated 1 secret for staging/A1");
    let config = fleet.read("rendered/staging/A1/app/configmap-shop-config-a1.yaml");
    assert!(config.contains("  FEATURES: \"\"\n  THEME: dark\n"), "{config}");
    let deployment = fleet.read("rendered/staging/A1/app/deployment-shop-a1.yaml");
    assert!(deployment.contains("name: shop-a1\n                  key: db-password\n"), "{deployment}");
}

#[test]
fn the_example_change_is_there_to_be_made() {
    let readme = readme();
    let edit = readme.lines().find_map(|line| line.strip_prefix("$ sed -i 's/^")).unwrap();
    let (from, rest) = edit.split_once('/').unwrap();
    let path = rest.split_once("' ").unwrap().1;
    let text = std::fs::read_to_string(repository().join(path)).unwrap();
    assert!(text.lines().any(|line| line == from), "{path} has no line `{from}`");
}

#[test]
fn every_command_it_lists_exists() {
    let readme = readme();
    let fleet = Fleet::empty();
    let mut n_commands = 0;
    let table = readme.split("\n## Commands\n").nth(1).unwrap().split("\n\nEverywhere").next().unwrap();
    for line in table.lines().filter(|line| line.starts_with("| `")) {
        let (names, text) = line[2..].split_once(" | ").unwrap();
        for name in names.split(", ") {
            let words: Vec<&str> = name.trim_matches('`').split(' ').chain(["--help"]).collect();
            let help = fleet.run(&words).exits(0).out;
            n_commands += 1;
            for flag in text.split('`').filter(|word| word.starts_with("--")) {
                let flag = flag.split(' ').next().unwrap();
                assert!(help.contains(flag), "`{name}` has no {flag}");
            }
        }
    }
    assert!(n_commands >= 10, "{n_commands}");
}
