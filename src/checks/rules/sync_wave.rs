//! An Argo CD sync wave that is no whole number: Argo CD puts the object into wave 0 without a word.

use crate::checks::model::{Found, Group};
use crate::diagnostic::{Class, Code};

/// A wave that is no number.
const WAVE: Code = Code::new("LMS824", Class::Input);

const ANNOTATION: &str = "argocd.argoproj.io/sync-wave";

pub fn check(group: &Group<'_>, found: &mut Vec<Found>) {
    for (at, object) in group.objects.iter().enumerate() {
        let Some(wave) = object.value.str_at(&["metadata", "annotations", ANNOTATION]) else { continue };
        if wave.parse::<i64>().is_err() {
            let path = crate::manifest::Path::root().field("metadata").field("annotations").field(ANNOTATION);
            let message = format!("sync wave `{}` is no whole number", wave.escape_debug());
            found.push(Found::error(WAVE, at, path, message).help("write a number in quotes: \"-1\""));
        }
    }
}

#[cfg(test)]
mod tests {
    use super::check;
    use crate::checks::testing::{Given, object};

    #[test]
    fn a_wave_is_a_number() {
        let look = |wave: &str| {
            let text = object("v1", "ConfigMap", "m", "");
            let with = format!("name: m\n  annotations: {{argocd.argoproj.io/sync-wave: \"{wave}\"}}\n");
            Given::open(&[&text.replace("name: m\n", &with)]).look(check)
        };
        let at = "LMS824 metadata.annotations[argocd.argoproj.io/sync-wave]";
        assert_eq!(look("first"), [format!("{at}: sync wave `first` is no whole number")]);
        assert_eq!(look("-1"), [""; 0]);
    }
}
