//! Annotations that the environment's engine reads from the objects themselves: sync waves of Argo CD, and "do not prune" on
//! what holds data. Works on text as `manifest` writes it, and changes nothing else of it.

use crate::fleet::Delivery;
use crate::manifest::{ANNOTATIONS, with_metadata};

/// Kinds whose deletion loses what no commit brings back.
const HOLDS_DATA: [&str; 3] = ["Namespace", "PersistentVolume", "PersistentVolumeClaim"];

/// `text`, an object of `kind`, with what `delivery` needs. `phase`: the number of the instance's phase, from 0; `None` for the
/// environment's own objects.
pub fn with_engine_keys(text: String, kind: &str, delivery: &Delivery, phase: Option<usize>) -> String {
    let holds_data = HOLDS_DATA.contains(&kind);
    match delivery {
        Delivery::Flux(_) if holds_data => {
            with_metadata(text, ANNOTATIONS, "kustomize.toolkit.fluxcd.io/prune", "disabled")
        }
        Delivery::ArgoCd(_) => {
            let text = match phase {
                // Secrets are copied as they are, without a wave, and so are in wave 0: before every phase.
                Some(phase) => {
                    with_metadata(text, ANNOTATIONS, "argocd.argoproj.io/sync-wave", &(phase + 1).to_string())
                }
                None => text,
            };
            if holds_data {
                with_metadata(text, ANNOTATIONS, "argocd.argoproj.io/sync-options", "Delete=false,Prune=false")
            } else {
                text
            }
        }
        Delivery::Flux(_) | Delivery::Kubectl => text,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::fleet::{ArgoCd, Flux};
    use crate::manifest::{Value, canonical_order, emit_document, parse_documents};

    fn argocd() -> Delivery {
        Delivery::ArgoCd(ArgoCd::default())
    }

    /// The text is as `manifest` would write the object it holds.
    fn is_canonical(text: &str) -> bool {
        let mut object: Value = parse_documents(text).unwrap().pop().unwrap();
        canonical_order(&mut object);
        let mut again = String::new();
        emit_document(&mut again, &object);
        again == text
    }

    #[test]
    fn annotations_stand_where_manifest_would_write_them() {
        let bodies = [
            "",
            "  annotations: {}\n",
            "  annotations:\n    a: b\n",
            "  annotations:\n    z.example/x: |\n      a\n      argocd.argoproj.io/sync-wave: no\n",
            "  annotations:\n    a: b\n    zz: c\n",
            "  labels:\n    a: b\n",
            "  annotations:\n    argocd.argoproj.io: b\n    kustomize.toolkit.fluxcd.io/prunes: b\n",
            "  annotations:\n    \"0\": b\n  labels:\n    a: b\n",
        ];
        for body in bodies {
            let text = format!("apiVersion: v1\nkind: Namespace\nmetadata:\n  name: x\n{body}spec: {{}}\n");
            assert!(is_canonical(&text), "{text}");
            for delivery in [argocd(), Delivery::Flux(Flux::default())] {
                let found = with_engine_keys(text.clone(), "Namespace", &delivery, Some(1));
                assert!(is_canonical(&found), "{found}");
                assert!(found.contains("Prune=false") || found.contains("prune: disabled"), "{found}");
                assert_eq!(found.contains("  sync-wave") || found.contains("sync-wave: \"2\""), delivery == argocd());
                assert_eq!(with_engine_keys(found.clone(), "Namespace", &delivery, Some(1)), found, "twice");
            }
        }
    }

    #[test]
    fn what_the_template_says_stays() {
        let text = "kind: Job\nmetadata:\n  name: x\n  annotations:\n    argocd.argoproj.io/sync-wave: \"7\"\n";
        assert_eq!(with_engine_keys(text.into(), "Job", &argocd(), Some(0)), text);
        assert_eq!(with_engine_keys(text.into(), "Job", &Delivery::Kubectl, Some(0)), text);
    }
}
