//! One object: its kind, its schema, then what the API server's validation adds.

use std::collections::HashSet;
use std::sync::Arc;

use crate::diagnostic::{Class, Code};
use crate::kubernetes::{self, Fault, Faults, Release};
use crate::manifest::{Map, Path, Value};
use crate::schema::{Kind, Lookup, Mismatch, Schemas, What};

/// A field that the kind does not have.
const UNKNOWN_FIELD: Code = Code::new("LMS700", Class::Input);
/// A field that the kind must have.
const MISSING: Code = Code::new("LMS701", Class::Input);
/// A value of another type than its field takes.
const TYPE: Code = Code::new("LMS702", Class::Input);
/// A word that its field does not know.
const WORD: Code = Code::new("LMS703", Class::Input);
/// A text without the form its field asks for.
const FORMAT: Code = Code::new("LMS704", Class::Input);
/// A number, length or count out of range.
const RANGE: Code = Code::new("LMS705", Class::Input);
/// An item that must not be there twice, or fields that exclude each other.
const COMBINATION: Code = Code::new("LMS706", Class::Input);
/// A kind that nobody knows.
pub const UNKNOWN_KIND: Code = Code::new("LMS707", Class::Input);
/// A kind that the release does not serve.
const NOT_SERVED: Code = Code::new("LMS708", Class::Input);
/// No object at all.
const NO_OBJECT: Code = Code::new("LMS709", Class::Input);

/// What objects are judged by: the cluster they are meant for.
#[derive(Clone)]
pub struct Lens {
    /// The Kubernetes release.
    pub release: Release,
    /// Its kinds.
    pub schemas: Arc<Schemas>,
}

impl Lens {
    /// The kinds of `release`; of the nearest release with schemas, if it has none.
    #[must_use]
    pub fn new(release: Release) -> Self {
        let minors = Schemas::MINORS;
        let wanted = format!("1.{}", release.0);
        let nearest = if release.0 < 31 { minors[0] } else { minors[minors.len() - 1] };
        let minor = minors.into_iter().find(|minor| minor.to_string() == wanted).unwrap_or(nearest);
        let schemas = Schemas::builtin(minor).expect("the list of releases is that of the schemas");
        Self { release, schemas: Arc::new(schemas) }
    }

    /// The same with the kinds of `definitions`, which are right `CustomResourceDefinition`s.
    #[must_use]
    pub fn with(mut self, definitions: &[Value]) -> Self {
        if let Some(schemas) = Arc::get_mut(&mut self.schemas) {
            for definition in definitions {
                // What cannot be used was reported when the fleet was read.
                let _ = schemas.add_crd(definition);
            }
        }
        self
    }
}

/// What the API server would reject in `object`, at most one fault for each place.
#[must_use]
pub fn check_object(object: &Value, lens: &Lens) -> Vec<Fault> {
    if let Some(rest) = without_ciphertext(object) {
        return check_object(&rest, lens);
    }
    let mut faults = Faults::default();
    let (Some(api_version), Some(kind)) = (object.str_at(&["apiVersion"]), object.str_at(&["kind"])) else {
        faults
            .add(NO_OBJECT, Path::root(), "this is no Kubernetes object: it has no `apiVersion` or no `kind`")
            .help("add both, or keep the file elsewhere");
        return faults.into_vec();
    };
    match lens.schemas.kind(api_version, kind) {
        Lookup::Known(known) => {
            check_schema(&known, object, &mut faults);
            kubernetes::check(object, lens.release, &mut faults);
        }
        other => not_known(other, api_version, kind, lens, &mut faults),
    }
    once_a_place(faults.into_vec())
}

/// `true` for a `CustomResourceDefinition`, which [`Lens::with`] takes.
#[must_use]
pub fn is_definition(object: &Value) -> bool {
    object.str_at(&["kind"]) == Some("CustomResourceDefinition")
        && object.str_at(&["apiVersion"]) == Some("apiextensions.k8s.io/v1")
}

/// A Secret or `SopsSecret` as SOPS encrypted it, less what only its reader sees; `None` for everything else.
fn without_ciphertext(object: &Value) -> Option<Value> {
    let map = object.as_map()?;
    map.get("sops").filter(|sops| sops.as_map().is_some_and(|sops| sops.get("mac").is_some()))?;
    let is_plain = |key: &str| !matches!(key, "sops" | "data" | "stringData" | "spec");
    let kept = map.iter().filter(|(key, _)| is_plain(key)).map(|(key, value)| (key.to_owned(), value.clone()));
    (map.get("kind").and_then(Value::as_str) == Some("Secret")).then(|| Value::Map(kept.collect::<Map>()))
}

fn check_schema(kind: &Kind<'_>, object: &Value, faults: &mut Faults) {
    let mut found = Vec::new();
    kind.check(object, &mut found);
    for Mismatch { path, what } in found {
        let message = what.to_string();
        let (code, path) = match what {
            What::UnknownField { name, .. } => (UNKNOWN_FIELD, path.field(&name)),
            What::Missing { field } | What::Empty { field } => (MISSING, path.field(&field)),
            What::WrongType { .. } => (TYPE, path),
            What::NotOneOf { .. } => (WORD, path),
            What::BadFormat { .. } | What::NoMatch { .. } => (FORMAT, path),
            What::OutOfRange { .. } | What::TooFew { .. } | What::TooMany { .. } => (RANGE, path),
            What::Repeated { index, .. } => (COMBINATION, path.index(index)),
            What::NoAlternative { .. } | What::Forbidden => (COMBINATION, path),
        };
        faults.add(code, path, message);
    }
}

fn not_known(lookup: Lookup<'_>, api_version: &str, kind: &str, lens: &Lens, faults: &mut Faults) {
    let name = format!("{api_version} {kind}").escape_debug().to_string();
    let at = Path::root().field("apiVersion");
    let minor = lens.schemas.minor();
    match lookup {
        Lookup::Removed { since, replacement } => {
            let fault = faults.add(NOT_SERVED, at, format!("{name} is not served since Kubernetes {since}"));
            if let Some(replacement) = replacement {
                fault.help(format!("use {replacement}"));
            }
        }
        Lookup::NotYet { since } => {
            let message = format!("{name} is served from Kubernetes {since} on; this is meant for {minor}");
            faults.add(NOT_SERVED, at, message).help("use an older version of it, or upgrade the cluster");
        }
        Lookup::Unknown | Lookup::Known(_) => {
            let fault =
                faults.add(UNKNOWN_KIND, Path::root().field("kind"), format!("{name} is no kind that lmsgen knows"));
            fault.help(match lens.schemas.did_you_mean(api_version, kind) {
                Some(near) => format!("did you mean {near}?"),
                None => "if it is a custom resource, put its CustomResourceDefinition into `schemas/`, or name it, too"
                    .into(),
            });
        }
    }
}

/// Keeps the first fault of each place: the schema and the server's code often say the same.
fn once_a_place(mut list: Vec<Fault>) -> Vec<Fault> {
    if list.len() > 1 {
        let mut seen = HashSet::with_capacity(list.len());
        list.retain(|fault| seen.insert(fault.path.clone()));
    }
    list
}
