//! The shape of the source: modules in levels, files small and introduced, fault codes each declared once.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use crate::support::fleet::repository;

/// Modules by level. A module names lower levels only; `cli` is the binary and names the library from outside.
const LEVELS: [&[&str]; 7] = [
    &["diagnostic", "names"],
    &["cluster", "document", "files", "manifest", "rules", "sops"],
    &["guard", "kubernetes", "params", "schema", "secret", "tree"],
    &["checks", "fleet", "template"],
    &["adopt", "delivery", "diff", "git", "render", "status"],
    &["ops", "report"],
    &["cli"],
];

/// Numbers of fault codes that a module may declare.
const CODES: [(&str, std::ops::RangeInclusive<u16>); 19] = [
    ("fleet", 600..=629),
    ("document", 100..=119),
    ("fleet", 120..=159),
    ("params", 160..=199),
    ("template", 200..=229),
    ("render", 230..=259),
    ("tree", 300..=319),
    ("secret", 400..=439),
    ("ops", 440..=449),
    ("ops", 640..=649),
    ("guard", 450..=469),
    ("ops", 470..=479),
    ("git", 500..=529),
    // What a policy says of images and hosts was the renderer's once; codes never change.
    ("checks", 240..=241),
    ("checks", 700..=709),
    ("kubernetes", 710..=749),
    ("checks", 800..=849),
    ("delivery", 900..=909),
    ("report", 990..=999),
];

/// Most lines of a file, its tests left out.
const MOST_LINES: usize = 400;

struct Source {
    /// `src/fleet/load.rs`
    path: String,
    /// `fleet`; empty for the roots of the library and the binary.
    module: String,
    text: String,
}

impl Source {
    /// Without tests: a module in the file's end, or the whole file.
    fn product(&self) -> &str {
        let end = self.text.find("\n#[cfg(test)]\nmod ").unwrap_or(self.text.len());
        if self.is_tests() { "" } else { &self.text[..end] }
    }

    /// `true` if the module above declares it for tests only.
    fn is_tests(&self) -> bool {
        let path = repository().join(&self.path);
        let above = std::fs::read_to_string(path.with_file_name("mod.rs")).unwrap_or_default();
        let name = path.file_stem().unwrap().to_str().unwrap();
        above.contains(&format!("#[cfg(test)]\nmod {name};"))
    }
}

/// Line number and text of each line, comments left out.
fn code(text: &str) -> impl Iterator<Item = (usize, &str)> {
    text.lines().enumerate().map(|(at, line)| (at + 1, line)).filter(|(_, line)| !line.trim_start().starts_with("//"))
}

fn sources() -> Vec<Source> {
    let mut paths = Vec::new();
    walk(&repository().join("src"), &mut paths);
    paths.sort();
    assert!(paths.len() > 100, "{}", paths.len());
    let root = repository();
    paths
        .into_iter()
        .map(|path| {
            let name = path.strip_prefix(&root).unwrap().to_str().unwrap().to_owned();
            let inner = name.strip_prefix("src/").unwrap();
            let module = inner.split_once('/').map_or("", |(module, _)| module).to_owned();
            let module = if inner == "main.rs" { "cli".into() } else { module };
            Source { text: std::fs::read_to_string(&path).unwrap(), path: name, module }
        })
        .collect()
}

fn walk(folder: &Path, paths: &mut Vec<PathBuf>) {
    for entry in std::fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        if path.is_dir() {
            walk(&path, paths);
        } else if path.extension().is_some_and(|extension| extension == "rs") {
            paths.push(path);
        }
    }
}

fn level(module: &str) -> Option<usize> {
    LEVELS.iter().position(|level| level.contains(&module))
}

/// Top-level modules that a line names: `crate::fleet::…`, `crate::{fleet, git}`; from a module's root `super::fleet`
/// means the same, but nobody writes that.
fn named(text: &str) -> Vec<(usize, String)> {
    let mut found = Vec::new();
    for (at, _) in text.match_indices("crate::") {
        let before = text[..at].chars().next_back();
        if before.is_some_and(|c| c.is_alphanumeric() || c == '_') {
            continue;
        }
        let line = text[..at].matches('\n').count() + 1;
        let comment = text[..at].rsplit('\n').next().is_some_and(|start| start.trim_start().starts_with("//"));
        if comment {
            continue;
        }
        let rest = &text[at + "crate::".len()..];
        match rest.strip_prefix('{') {
            None => found.push((line, rest.chars().take_while(|c| c.is_alphanumeric() || *c == '_').collect())),
            Some(list) => found.extend(first_names(list).into_iter().map(|name| (line, name))),
        }
    }
    found
}

/// The first name of each path in a `{…}` that was opened just before `list`.
fn first_names(list: &str) -> Vec<String> {
    let (mut depth, mut names, mut name, mut done) = (0, Vec::new(), String::new(), false);
    for c in list.chars() {
        match c {
            '{' => depth += 1,
            '}' if depth == 0 => break,
            '}' => depth -= 1,
            ',' if depth == 0 => {
                names.push(std::mem::take(&mut name));
                done = false;
            }
            ':' if depth == 0 => done = true,
            c if depth == 0 && !done && (c.is_alphanumeric() || c == '_') => name.push(c),
            _ => {}
        }
    }
    names.push(name);
    names.retain(|name| !name.is_empty());
    names
}

#[test]
fn names_are_found_in_paths_and_lists() {
    let of = |text: &str| named(text).into_iter().map(|(_, name)| name).collect::<Vec<_>>();
    assert_eq!(of("use crate::fleet::{self, Fleet};"), ["fleet"]);
    assert_eq!(
        of("use crate::{\n  files, fleet::{A, B},\n git::Error as E,\n};\nlet x = crate::tree::f();"),
        ["files", "fleet", "git", "tree"]
    );
    assert!(of("// crate::fleet\nuse mycrate::ops;").is_empty());
}

#[test]
fn modules_name_lower_levels_only() {
    let mut wrong = Vec::new();
    for source in sources() {
        let Some(own) = level(&source.module) else {
            // The roots only declare modules.
            assert_eq!(source.path, "src/lib.rs", "a module that no level knows");
            continue;
        };
        for (line, name) in named(&source.text) {
            let known = level(&name);
            let is_right = name == source.module || known.is_some_and(|other| other < own);
            if !is_right {
                wrong.push(format!("{}:{line} names `{name}`", source.path));
            }
        }
    }
    assert!(wrong.is_empty(), "{wrong:#?}");
}

#[test]
fn the_library_declares_every_module_and_nothing_else() {
    let text = std::fs::read_to_string(repository().join("src/lib.rs")).unwrap();
    let mut declared: Vec<&str> =
        text.lines().filter_map(|line| line.strip_prefix("pub mod ")?.strip_suffix(';')).collect();
    declared.sort_unstable();
    let mut expected: Vec<&str> = LEVELS.concat();
    expected.retain(|module| *module != "cli");
    expected.sort_unstable();
    assert_eq!(declared, expected);
    assert!(!text.contains("mod cli"));
}

#[test]
fn the_binary_uses_the_library_from_outside() {
    for source in sources().iter().filter(|source| source.module == "cli") {
        let wrong: Vec<_> = named(&source.text).into_iter().filter(|(_, name)| name != "cli").collect();
        assert!(wrong.is_empty(), "{}: {wrong:?}", source.path);
    }
}

#[test]
fn files_are_introduced_and_small() {
    for source in sources() {
        assert!(source.text.starts_with("//! "), "{} does not say what it is for", source.path);
        let lines = source.product().lines().count();
        assert!(lines <= MOST_LINES, "{} has {lines} lines", source.path);
        if source.path.ends_with("/mod.rs") {
            let logic = code(source.product()).find(|(_, line)| line.contains("fn ") || line.contains("impl "));
            assert!(logic.is_none(), "{}: {logic:?}: a `mod.rs` has no logic", source.path);
        }
        let file = source.path.rsplit('/').next().unwrap();
        assert!(!["utils.rs", "util.rs", "common.rs", "helpers.rs"].contains(&file), "{}", source.path);
    }
}

#[test]
fn nothing_panics_by_choice() {
    for source in sources() {
        let found = code(source.product()).find(|(_, line)| {
            [".unwrap()", "panic!(", "todo!(", "unimplemented!(", "dbg!("].iter().any(|word| line.contains(word))
        });
        assert!(found.is_none(), "{}: {found:?}", source.path);
    }
}

#[test]
fn every_code_is_declared_once_and_in_its_module_s_range() {
    let declared = declared_codes();
    assert!(declared.len() > 50, "{}", declared.len());
}

/// Numbers of all codes, and where each is declared.
pub fn declared_codes() -> BTreeMap<u16, String> {
    let mut declared: BTreeMap<u16, String> = BTreeMap::new();
    for source in sources() {
        for (line, text) in code(source.product()) {
            for rest in text.split("Code::new(\"").skip(1) {
                let place = format!("{}:{line}", source.path);
                let id = rest.split('"').next().unwrap();
                let number: u16 = id.strip_prefix("LMS").and_then(|digits| digits.parse().ok()).expect(&place);
                assert_eq!(id.len(), 6, "{place}: {id}");
                let mut ranges = CODES.iter().filter(|(module, _)| *module == source.module);
                assert!(ranges.any(|(_, range)| range.contains(&number)), "{place}: {id} is in no range of its module");
                let other = declared.insert(number, place.clone());
                assert!(other.is_none(), "{id} is declared at {place} and {}", other.unwrap_or_default());
            }
        }
    }
    declared
}

/// Outside of its owners nothing touches the file system or starts programs; Clippy holds the details.
#[test]
fn only_owners_touch_the_system() {
    for source in sources() {
        let owners: &[(&str, &[&str])] = &[
            ("std::fs", &["files", "cli", "git"]),
            ("std::process::Command", &["cluster", "git", "cli"]),
            ("std::env", &["cli"]),
            ("println!", &[]),
        ];
        for (word, modules) in owners {
            let found = code(source.product()).find(|(_, line)| line.contains(word));
            assert!(found.is_none() || modules.contains(&source.module.as_str()), "{}: {found:?}", source.path);
        }
    }
}
