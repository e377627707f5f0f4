//! Paths of an Ingress that are regular expressions, where they are not read as such, or whose groups a rewrite does
//! not find.

use crate::checks::model::{Found, Group, Object};
use crate::diagnostic::{Class, Code};
use crate::kubernetes::Spot;
use crate::manifest::Path;

/// A regular expression where a path is expected.
const EXPRESSION: Code = Code::new("LMS818", Class::Input);
/// A rewrite to a group that the path does not have.
const NO_GROUP: Code = Code::new("LMS819", Class::Input);

/// The annotations of ingress-nginx.
const USE_REGEX: &str = "nginx.ingress.kubernetes.io/use-regex";
const REWRITE: &str = "nginx.ingress.kubernetes.io/rewrite-target";

pub fn check(group: &Group<'_>, found: &mut Vec<Found>) {
    for (at, object) in group.objects.iter().enumerate() {
        if object.is("networking.k8s.io/v1", "Ingress") {
            ingress(at, object, found);
        }
    }
}

fn ingress(at: usize, object: &Object<'_>, found: &mut Vec<Found>) {
    let root = object.spot();
    let annotation = |key: &str| object.value.str_at(&["metadata", "annotations", key]);
    let rewrite = annotation(REWRITE);
    let Some(spec) = root.get("spec") else { return };
    let is_nginx = spec.text("ingressClassName").is_some_and(|class| class.contains("nginx"));
    let is_read = annotation(USE_REGEX) == Some("true") || rewrite.is_some();
    for rule in spec.items("rules") {
        let Some(http) = rule.get("http") else { continue };
        for path in http.items("paths") {
            let text = path.text_or_empty("path");
            if is_expression(text) && matches!(path.text("pathType"), Some("Prefix" | "Exact")) {
                let kind = path.text_or_empty("pathType");
                let message =
                    format!("`{}` is a regular expression, and {kind} takes it literally", text.escape_debug());
                let fault = Found::error(EXPRESSION, at, path.path_to("path"), message);
                found.push(fault.help("write `pathType: ImplementationSpecific`, or a plain path"));
            } else if is_expression(text) && is_nginx && !is_read {
                let message = format!("`{}` is a regular expression, and nothing says so", text.escape_debug());
                let fault = Found::warning(EXPRESSION, at, path.path_to("path"), message);
                found.push(fault.help(format!("add the annotation `{USE_REGEX}: \"true\"`, or write a plain path")));
            }
            if let Some(wanted) = rewrite.and_then(highest_group).filter(|wanted| *wanted > groups(text)) {
                found.push(no_group(at, wanted, path));
            }
        }
    }
}

fn no_group(at: usize, wanted: u32, path: Spot<'_, '_>) -> Found {
    let text = path.text_or_empty("path");
    let has = match groups(text) {
        0 => "no group".to_owned(),
        1 => "one group".to_owned(),
        n => format!("{n} groups"),
    };
    let message = format!("the rewrite uses `${wanted}`, but path `{}` has {has}", text.escape_debug());
    Found::error(NO_GROUP, at, path.path_to("path"), message)
        .help("add `(…)` around what the rewrite is to keep, or use a lower number")
        .also(at, Path::root().field("metadata").field("annotations").field(REWRITE), "rewritten to this")
}

/// What no plain path has.
fn is_expression(path: &str) -> bool {
    [".*", ".+", "(/|$)", "(.", "[", "\\", "^", "?", "|"].iter().any(|part| path.contains(part))
}

/// The highest `$n` of a rewrite.
fn highest_group(rewrite: &str) -> Option<u32> {
    let digits = |rest: &str| rest.chars().next().and_then(|c| c.to_digit(10));
    rewrite.split('$').skip(1).filter_map(digits).max().filter(|n| *n > 0)
}

/// Groups that an expression remembers.
fn groups(path: &str) -> u32 {
    let mut count = 0;
    let mut is_in_set = false;
    let mut chars = path.chars();
    while let Some(c) = chars.next() {
        match c {
            '\\' => drop(chars.next()),
            '[' => is_in_set = true,
            ']' => is_in_set = false,
            '(' if !is_in_set => {
                let rest = chars.as_str();
                let is_named = (rest.starts_with("?<") || rest.starts_with("?P<"))
                    && !rest.starts_with("?<=")
                    && !rest.starts_with("?<!");
                count += u32::from(!rest.starts_with('?') || is_named);
            }
            _ => {}
        }
    }
    count
}

#[cfg(test)]
mod tests {
    use super::{check, groups};
    use crate::checks::testing::{Given, object};

    fn look(path: &str, kind: &str, annotations: &str) -> Vec<String> {
        let rest = format!(
            "spec: {{ingressClassName: nginx, rules: [{{http: {{paths: [{{path: '{path}', pathType: {kind}}}]}}}}]}}\n"
        );
        let text = object("networking.k8s.io/v1", "Ingress", "i", &rest);
        Given::open(&[&text.replace("name: i\n", &format!("name: i\n  annotations: {{{annotations}}}\n"))]).look(check)
    }

    const ON: &str = "nginx.ingress.kubernetes.io/use-regex: \"true\"";
    const REWRITE: &str = "nginx.ingress.kubernetes.io/rewrite-target: /$2";
    const AT: &str = "LMS818 spec.rules[0].http.paths[0].path";

    #[test]
    fn an_expression_is_read_as_one() {
        let message = "`/a(/|$)(.*)` is a regular expression, and Prefix takes it literally";
        assert_eq!(look("/a(/|$)(.*)", "Prefix", ON), [format!("{AT}: {message}")]);
        let message = "`/a/.*` is a regular expression, and nothing says so";
        assert_eq!(look("/a/.*", "ImplementationSpecific", ""), [format!("warning {AT}: {message}")]);
        for (path, kind, annotations) in [
            ("/a(/|$)(.*)", "ImplementationSpecific", ON),
            ("/a(/|$)(.*)", "ImplementationSpecific", REWRITE),
            ("/a.b-c_d/~x", "Prefix", ""),
            ("/*", "ImplementationSpecific", ""),
            ("/Products(1)", "Exact", ""),
        ] {
            assert_eq!(look(path, kind, annotations), [""; 0], "{path}");
        }
    }

    #[test]
    fn a_rewrite_finds_its_groups() {
        let said = look("/a/(.*)", "ImplementationSpecific", REWRITE);
        let message = "the rewrite uses `$2`, but path `/a/(.*)` has one group";
        assert_eq!(said, [format!("LMS819 spec.rules[0].http.paths[0].path: {message}")]);
        assert_eq!((groups("(?:a)(b)[(]\\("), groups("(?<n>a)(?P<m>b)(?=c)")), (1, 2));
    }
}
