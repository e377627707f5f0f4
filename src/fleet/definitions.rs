//! Reading `schemas/*.yaml`: CustomResourceDefinitions of kinds that a fleet renders.

use super::texts::SourceText;
use crate::diagnostic::{Class, Code, Diagnostic, Sink, Span};
use crate::manifest::{Path, Value, locate, parse_documents, parse_nodes};
use crate::schema::{CrdError, Schemas};

/// A file in `schemas/` that is no definition of a custom resource.
const DEFINITION: Code = Code::new("LMS610", Class::Input);

/// Every definition in `texts`; those with a fault are reported and left out.
pub(super) fn read_definitions(texts: &[SourceText], sink: &mut Sink) -> Vec<Value> {
    let Some(newest) = Schemas::MINORS.last().filter(|_| !texts.is_empty()) else { return Vec::new() };
    let mut schemas = Schemas::builtin(*newest).expect("the list of releases is that of the schemas");
    let mut definitions = Vec::new();
    for text in texts {
        match parse_documents(&text.text) {
            Ok(documents) => {
                for (nth, document) in documents.into_iter().enumerate() {
                    match schemas.add_crd(&document) {
                        Ok(_) => definitions.push(document),
                        Err(error) => sink.push(fault(&error, nth, text)),
                    }
                }
            }
            Err(error) => {
                let message = format!("this is no YAML that lmsgen reads: {}", error.message);
                sink.push(
                    Diagnostic::error(DEFINITION, message).at(Span::new(text.file, error.offset..error.offset), ""),
                );
            }
        }
    }
    definitions
}

fn fault(error: &CrdError, document: usize, text: &SourceText) -> Diagnostic {
    let nodes = parse_nodes(&text.text).unwrap_or_default();
    let range = nodes.get(document).map_or(0..0, |node| locate(node, &Path::root().field("kind")).range());
    Diagnostic::error(DEFINITION, format!("this defines no custom resource: {error}"))
        .at(Span::new(text.file, range), "")
        .help("`kubectl get crd NAME -o yaml` prints a definition as it should be here")
}
