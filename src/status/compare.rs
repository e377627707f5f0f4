//! What runs against what is committed: images, replicas, and what Pods are made to follow.

use super::expected::{Expected, images, integer, pod_template};
use super::image::parts;
use super::judge::Look;
use super::model::{State, Trouble};
use crate::manifest::Value;

/// Digests are shown so long.
const SHORT: usize = 12;

/// The first way in which an object is not as committed.
pub(super) fn out_of_date(expected: &Expected, object: &Value, is_scaled: bool, look: &Look<'_>) -> Option<Trouble> {
    let text = other_image(expected, object, look)
        .or_else(|| other_annotation(expected, object))
        .or_else(|| other_replicas(expected, object, is_scaled))?;
    Some(look.trouble(State::Progressing, "OutOfDate", text))
}

fn other_image(expected: &Expected, object: &Value, look: &Look<'_>) -> Option<String> {
    let running = images(pod_template(object)?);
    let several = expected.images.len() > 1;
    for (container, committed) in &expected.images {
        let whose = if several { format!("container {container} ") } else { String::new() };
        let Some((_, runs)) = running.iter().find(|(name, _)| name == container) else {
            return Some(format!("container {container} is committed and not there yet"));
        };
        if runs != committed {
            return Some(format!("{whose}{}", versions(&look.speech.message(runs), committed)));
        }
    }
    None
}

/// `runs 1.4.1, committed 1.4.2`.
fn versions(runs: &str, committed: &str) -> String {
    let (old, new) = (parts(runs), parts(committed));
    match (old, new) {
        ((name, Some(tag), _), (other, Some(new_tag), _)) if name == other && tag != new_tag => {
            format!("runs {tag}, committed {new_tag}")
        }
        ((name, _, Some(digest)), (other, _, Some(new_digest))) if name == other => {
            format!("runs {}, committed {}", short(digest), short(new_digest))
        }
        _ => format!("runs {runs}, committed {committed}"),
    }
}

fn short(digest: &str) -> String {
    let digest = digest.strip_prefix("sha256:").unwrap_or(digest);
    digest.chars().take(SHORT).collect()
}

/// Values of annotations are shown when they are numbers.
fn other_annotation(expected: &Expected, object: &Value) -> Option<String> {
    let template = pod_template(object)?;
    for (key, committed) in &expected.annotations {
        let runs = template.str_at(&["metadata", "annotations", key]);
        if runs == Some(committed) {
            continue;
        }
        let name = key.rsplit('/').next().unwrap_or(key);
        let is_number = |text: &str| text.len() < 10 && text.bytes().all(|byte| byte.is_ascii_digit());
        return Some(match (runs, name.strip_suffix("-rev")) {
            (Some(runs), Some(of)) if is_number(runs) && is_number(committed) => {
                format!("runs with {of} revision {runs}, committed {committed}")
            }
            _ => format!("runs with another {name} than is committed"),
        });
    }
    None
}

fn other_replicas(expected: &Expected, object: &Value, is_scaled: bool) -> Option<String> {
    let committed = expected.replicas.filter(|_| !is_scaled && pod_template(object).is_some())?;
    let runs = integer(object, &["spec", "replicas"]).unwrap_or(1);
    let s = if runs == 1 { "" } else { "s" };
    (runs != committed).then(|| format!("has {runs} replica{s}, committed {committed}"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn versions_are_told_as_short_as_they_differ() {
        assert_eq!(versions("r/a:1.4.1", "r/a:1.4.2"), "runs 1.4.1, committed 1.4.2");
        assert_eq!(versions("r/a:1@sha256:00", "r/a:2@sha256:11"), "runs 1, committed 2");
        assert_eq!(versions("r/a:1@sha256:0011", "r/a:1@sha256:2233"), "runs 0011, committed 2233");
        assert_eq!(versions("r/a:1", "s/a:1"), "runs r/a:1, committed s/a:1");
    }
}
