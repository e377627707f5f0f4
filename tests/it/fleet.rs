//! Loading fleets: every fault has a case in `tests/cases/fleet/`, a text that names files and what is said about them.

mod cases;
mod disk;
mod layers;
mod selection;

use lmsgen::diagnostic::{Diagnostic, SourceMap};
use lmsgen::fleet::{Content, Fleet, Loaded, Sources, load};
use lmsgen::names::RelPath;

/// A fleet with one of everything, which cases change.
const BASE: [(&str, &str); 5] = [
    ("lmsgen.toml", "stack = \"app\"\n"),
    ("environments/dev.toml", "namespace = \"app-dev\"\nkubernetes = \"1.35\"\n\n[params]\nimage.tag = \"1.0\"\n"),
    ("clients/C1.toml", "name = \"One\"\n\n[environments.dev]\n"),
    (
        "templates/app/stack.toml",
        r#"client-id = '^C[1-9][0-9]*$'
phases = ["main"]

[params.image.tag]
type = "string"
pattern = '^[0-9.]+$'
description = "tag"

[params.replicas]
type = "integer"
min = 1
max = 20
default = 1
description = "Pods"
"#,
    ),
    ("templates/app/main/service.yaml", "kind: Service\n"),
];

/// The base fleet with `changes`: a file's new text, or `None` to remove it.
fn sources(changes: &[(&str, Option<Content>)]) -> Sources {
    let path = |text: &str| RelPath::new(text).unwrap();
    let base = BASE.iter().map(|(name, text)| (path(name), Content::File(text.as_bytes().into())));
    let mut sources = Sources::new(base);
    for (name, content) in changes {
        match content {
            Some(content) => drop(sources.insert(path(name), content.clone())),
            None => drop(sources.remove(&path(name))),
        }
    }
    sources
}

fn file(text: &str) -> Content {
    Content::File(text.as_bytes().into())
}

/// A fleet that loads without a fault.
fn fleet(changes: &[(&str, &str)]) -> (Fleet, SourceMap) {
    let changes: Vec<_> = changes.iter().map(|(name, text)| (*name, Some(file(text)))).collect();
    let Loaded { fleet, sources, found, .. } = load(&sources(&changes));
    assert_eq!(said(found.into_sorted(&sources), &sources), "");
    (fleet.unwrap(), sources)
}

/// Diagnostics as text: one line each, then where else and what to do.
fn said(found: Vec<Diagnostic>, sources: &SourceMap) -> String {
    let place = |span| {
        let position = sources.position(span);
        format!("{}:{}:{}", sources.get(span.file).path, position.line, position.column)
    };
    let mut text = String::new();
    for one in found {
        let severity = if one.is_error() { "error" } else { "warning" };
        let at = one.primary.as_ref().map_or_else(|| "-".into(), |label| place(label.span));
        text += &format!("{severity} {} {at} {}\n", one.code, one.message);
        for label in one.primary.iter().filter(|label| !label.text.is_empty()) {
            text += &format!("  here: {}\n", label.text);
        }
        for label in &one.secondary {
            text += format!("  also: {} {}", place(label.span), label.text).trim_end();
            text += "\n";
        }
        if !one.instances.is_empty() {
            text += &format!("  in: {}\n", one.instances.join(" "));
        }
        if let Some(help) = &one.help {
            text += &format!("  help: {help}\n");
        }
    }
    text
}
