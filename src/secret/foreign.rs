//! Values out of a Kubernetes Secret that is not the store's: plain, as `kubectl get secret -o yaml` prints it, or encrypted
//! by `sops` under any rule; and what kind of key a value is.
//!
//! No message repeats a value.

use base64::prelude::{BASE64_STANDARD, Engine};
use zeroize::{Zeroize, Zeroizing};

use crate::manifest::{Map, Value, parse_documents};
use crate::sops::{Document, DocumentError, Identities, Kind, Plaintext, Step};

/// Why a manifest gives no values.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum ManifestError {
    /// Not YAML or JSON; the parser's own words may hold a piece of the text.
    #[error("is not YAML or JSON that can be read (line {0})")]
    Syntax(usize),
    /// No Secret.
    #[error("holds no Secret{}", named(.0.as_ref()))]
    NoSecret(Option<String>),
    /// More than one.
    #[error("holds several Secrets: `{}`; choose one with `--name`", .0.join("`, `"))]
    Several(Vec<String>),
    /// A value that is neither text nor base64.
    #[error("the value of `{0}` is no text")]
    NotText(String),
    /// A value under `data` that is not base64.
    #[error("the value of `{0}` under `data` is not base64")]
    NotBase64(String),
    /// Ciphertext in a file that is not opened as one of SOPS.
    #[error(
        "the value of `{0}` is encrypted by SOPS, but the file has no block `sops`\n  = help: import the whole file that `sops` \
         wrote, as YAML"
    )]
    Sealed(String),
    /// Encrypted by SOPS, and more than one document.
    #[error(
        "holds {0} documents under one block of SOPS\n  = help: `sops decrypt FILE | lmsgen secrets import … --from-manifest \
         /dev/stdin --name NAME` takes one of them"
    )]
    Documents(usize),
    /// Encrypted by SOPS, and does not open.
    #[error("{}{}", .0, .0.help.map_or_else(String::new, |help| format!("\n  = help: {help}")))]
    Sops(DocumentError),
}

fn named(name: Option<&String>) -> String {
    name.map_or_else(String::new, |name| format!(" `{name}`"))
}

/// Keys and values of the Secret in a manifest; a list of objects or several documents need `name` if they hold several
/// Secrets. What `stringData` says wins, as in Kubernetes.
///
/// # Errors
/// [`ManifestError`].
pub fn plain_values(text: &str, name: Option<&str>) -> Result<Vec<(String, Plaintext)>, ManifestError> {
    let documents = parse_documents(text).map_err(|error| {
        let before = text.as_bytes().iter().take(error.offset);
        ManifestError::Syntax(before.filter(|&&byte| byte == b'\n').count() + 1)
    })?;
    let mut objects = Vec::new();
    for document in documents {
        collect(document, &mut objects);
    }
    let wanted = |object: &Map| name.is_none_or(|name| object_name(object) == name);
    let (mut secrets, others): (Vec<Map>, Vec<Map>) = objects.into_iter().partition(wanted);
    others.into_iter().for_each(clear);
    if secrets.len() > 1 {
        let names = secrets.iter().map(|object| object_name(object).to_owned()).collect();
        secrets.into_iter().for_each(clear);
        return Err(ManifestError::Several(names));
    }
    let secret = secrets.pop().ok_or_else(|| ManifestError::NoSecret(name.map(str::to_owned)))?;
    let values = values_of(&secret);
    clear(secret);
    values
}

/// A Secret in a dump, without its values.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SecretHead {
    /// `metadata.name`.
    pub name: String,
    /// `metadata.namespace`.
    pub namespace: String,
    /// Its keys.
    pub keys: Vec<String>,
}

/// The objects of a `kubectl get … -o json`: of Secrets only names and keys; their values are cleared from memory.
///
/// # Errors
/// [`ManifestError::Syntax`].
pub fn dumped_objects(text: &str) -> Result<(Vec<Value>, Vec<SecretHead>), ManifestError> {
    let documents = parse_documents(text).map_err(|error| {
        let before = text.as_bytes().iter().take(error.offset);
        ManifestError::Syntax(before.filter(|&&byte| byte == b'\n').count() + 1)
    })?;
    let (mut others, mut secrets) = (Vec::new(), Vec::new());
    for document in documents {
        take(document, &mut others, &mut secrets);
    }
    Ok((others, secrets))
}

fn take(document: Value, others: &mut Vec<Value>, secrets: &mut Vec<SecretHead>) {
    let Value::Map(mut map) = document else { return };
    match text_at(&map, "kind") {
        Some("List" | "SecretList") => {
            if let Some(Value::List(items)) = map.remove("items") {
                for item in items {
                    take(item, others, secrets);
                }
            }
        }
        Some("Secret") => {
            let metadata = map.get("metadata").cloned().unwrap_or(Value::Null);
            let mut keys = Vec::new();
            for section in ["data", "stringData"] {
                if let Some(Value::Map(entries)) = map.get(section) {
                    keys.extend(entries.iter().map(|(key, _)| key.to_owned()));
                }
            }
            keys.sort_unstable();
            keys.dedup();
            let namespace = metadata.str_at(&["namespace"]).unwrap_or_default().to_owned();
            secrets.push(SecretHead { name: object_name(&map).to_owned(), namespace, keys });
            let mut metadata = metadata;
            // An annotation may hold what was applied, values and all.
            clear_value(&mut metadata);
            clear(map);
        }
        _ => others.push(Value::Map(map)),
    }
}

/// `true` for a file that `sops` wrote: one of the lines that start its block; JSON may be all in one line.
#[must_use]
pub fn is_sealed(text: &str) -> bool {
    let has_line = text.lines().any(|line| line.starts_with("sops:") || line.trim_start().starts_with("\"sops\":"));
    has_line || text.trim_start().starts_with('{') && has_block(text)
}

/// `true` if the object in a text in braces has a block of SOPS; not if a value speaks of one.
fn has_block(text: &str) -> bool {
    let Ok(mut documents) = parse_documents(text) else { return false };
    let found = matches!(&*documents, [Value::Map(map)] if matches!(map.get("sops"), Some(Value::Map(_))));
    documents.iter_mut().for_each(clear_value);
    found
}

/// Keys and values of the Secret in a file that `sops` encrypted, whatever its rule; `name` as for [`plain_values`]. It may
/// be written in any way that SOPS reads, since what becomes of it is written anew; but it must hold one document, which is
/// all that a file of the store has, and no key twice.
///
/// # Errors
/// [`ManifestError`].
pub fn sealed_values(
    text: &str,
    name: Option<&str>,
    identities: &Identities,
) -> Result<Vec<(String, Plaintext)>, ManifestError> {
    let document = Document::parse(text).map_err(ManifestError::Sops)?;
    if document.n_documents() > 1 {
        return Err(ManifestError::Documents(document.n_documents()));
    }
    let values = document.open(identities).map_err(ManifestError::Sops)?.values;
    let at = |keys: [&str; 2]| {
        let keys = keys.iter().filter(|key| !key.is_empty());
        let value = values.iter().find(|one| one.path.iter().map(key_of).eq(keys.clone().map(|&key| Some(key))));
        value.and_then(|one| std::str::from_utf8(one.value.expose()).ok())
    };
    let is_named = name.is_none_or(|name| at(["metadata", "name"]) == Some(name));
    if at(["kind", ""]) != Some("Secret") || !is_named {
        return Err(ManifestError::NoSecret(name.map(str::to_owned)));
    }
    let mut found: Vec<(String, Plaintext)> = Vec::new();
    // What is merged in comes first: a key that is written out wins.
    for (section, is_merged) in [("data", true), ("data", false), ("stringData", true), ("stringData", false)] {
        for one in &values {
            let (in_merge, key) = match *one.path.iter().map(key_of).collect::<Vec<_>>() {
                [Some(first), Some(MERGE), Some(key)] if first == section => (true, key),
                [Some(first), Some(key)] if first == section => (false, key),
                // Kubernetes takes text only, and nothing below it.
                [Some(first), key, ..] if first == section => {
                    return Err(ManifestError::NotText(key.unwrap_or(section).to_owned()));
                }
                _ => continue,
            };
            if one.kind != Kind::Str {
                return Err(ManifestError::NotText(key.to_owned()));
            }
            if in_merge == is_merged {
                let value = value_of(section, key, one.value.expose())?;
                found.retain(|(other, _)| other != key);
                found.push((key.to_owned(), value));
            }
        }
    }
    Ok(found)
}

/// The key under which SOPS keeps what a merge key of YAML adds.
const MERGE: &str = "<<";

fn key_of(step: &Step) -> Option<&str> {
    if let Step::Key(key) = step { Some(key) } else { None }
}

/// A value as the program in the cluster sees it: under `data` it is written in base64.
fn value_of(section: &str, key: &str, bytes: &[u8]) -> Result<Plaintext, ManifestError> {
    if section != "data" {
        return Ok(Plaintext::new(bytes.to_vec()));
    }
    // Programs that write manifests break long lines.
    let compact: Zeroizing<Vec<u8>> =
        Zeroizing::new(bytes.iter().copied().filter(|byte| !byte.is_ascii_whitespace()).collect());
    Ok(Plaintext::new(BASE64_STANDARD.decode(&*compact).map_err(|_| ManifestError::NotBase64(key.to_owned()))?))
}

/// Every Secret of a document, out of lists too.
fn collect(document: Value, objects: &mut Vec<Map>) {
    let Value::Map(mut map) = document else { return };
    match text_at(&map, "kind") {
        Some("Secret") => objects.push(map),
        Some("List" | "SecretList") => {
            if let Some(Value::List(items)) = map.remove("items") {
                for item in items {
                    collect(item, objects);
                }
            }
        }
        _ => {}
    }
}

fn text_at<'m>(map: &'m Map, key: &str) -> Option<&'m str> {
    match map.get(key) {
        Some(Value::String(text)) => Some(text),
        _ => None,
    }
}

fn object_name(object: &Map) -> &str {
    match object.get("metadata") {
        Some(Value::Map(metadata)) => text_at(metadata, "name").unwrap_or_default(),
        _ => "",
    }
}

fn values_of(secret: &Map) -> Result<Vec<(String, Plaintext)>, ManifestError> {
    let mut values: Vec<(String, Plaintext)> = Vec::new();
    for section in ["data", "stringData"] {
        let Some(Value::Map(entries)) = secret.get(section) else { continue };
        for (key, value) in entries.iter() {
            let Value::String(text) = value else { return Err(ManifestError::NotText(key.to_owned())) };
            if text.starts_with("ENC[AES256_GCM,") {
                return Err(ManifestError::Sealed(key.to_owned()));
            }
            let value = value_of(section, key, text.as_bytes())?;
            values.retain(|(other, _)| other != key);
            values.push((key.to_owned(), value));
        }
    }
    Ok(values)
}

/// Clears every text of an object.
fn clear(mut object: Map) {
    object.values_mut().for_each(clear_value);
}

fn clear_value(value: &mut Value) {
    match value {
        Value::String(text) => text.zeroize(),
        Value::List(items) => items.iter_mut().for_each(clear_value),
        Value::Map(map) => map.values_mut().for_each(clear_value),
        _ => {}
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::sops::{Rule, encrypt_document, new_key, parse_recipient};

    fn read(text: &str, name: Option<&str>) -> Result<Vec<(String, String)>, ManifestError> {
        let text_of = |value: Plaintext| String::from_utf8(value.expose().to_vec()).unwrap();
        plain_values(text, name).map(|values| values.into_iter().map(|(key, value)| (key, text_of(value))).collect())
    }

    #[test]
    fn what_kubectl_prints() {
        let one = "apiVersion: v1\ndata:\n  a: aHVudGVy\n  b: Yg==\nkind: Secret\nmetadata:\n  name: x\ntype: Opaque\n";
        let expected = vec![("a".to_owned(), "hunter".to_owned()), ("b".to_owned(), "b".to_owned())];
        assert_eq!(read(one, None).unwrap(), expected);
        let json = r#"{"apiVersion":"v1","kind":"List","items":[
            {"apiVersion":"v1","kind":"Secret","metadata":{"name":"x"},"data":{"a":"aHVudGVy"},"stringData":{"b":"b"}},
            {"apiVersion":"v1","kind":"ConfigMap","metadata":{"name":"x"},"data":{"a":"no"}},
            {"apiVersion":"v1","kind":"Secret","metadata":{"name":"y"},"data":{"a":"!"}}]}"#;
        assert_eq!(read(json, Some("x")).unwrap(), expected);
        assert_eq!(read(json, Some("y")), Err(ManifestError::NotBase64("a".into())));
        assert_eq!(read(json, None), Err(ManifestError::Several(vec!["x".into(), "y".into()])));
        assert_eq!(read(json, Some("z")), Err(ManifestError::NoSecret(Some("z".into()))));
        assert_eq!(read("a: 1\nb: [\n", None), Err(ManifestError::Syntax(2)));
        assert_eq!(read("kind: ConfigMap\n", None), Err(ManifestError::NoSecret(None)));
    }

    #[test]
    fn json_of_sops_may_be_in_one_line() {
        let one = r#"{"kind":"Secret","data":{"a":"ENC[AES256_GCM,data:x]"},"sops":{"mac":"x"}}"#;
        assert!(is_sealed(one) && is_sealed(&format!("\n {one}\n")));
        // A value that speaks of it is none.
        for plain in [
            r#"{"kind":"Secret","stringData":{"sops":{"mac":"x"}}}"#,
            r#"{"kind":"Secret","stringData":{"a":"\"sops\": {}"}}"#,
            r#"{"sops":"x"}"#,
            "{",
        ] {
            assert!(!is_sealed(plain), "{plain}");
        }
    }

    const NOW: &str = "2026-01-02T03:04:05Z";

    /// What comes out of a manifest that SOPS encrypted by this rule.
    fn sealed(plain: &str, rule: &Rule) -> Result<Vec<(String, String)>, ManifestError> {
        let key = new_key(NOW);
        let mut identities = Identities::new();
        identities.add("test", &key.text).unwrap();
        let recipient = parse_recipient(&key.recipient).unwrap();
        let text = encrypt_document(plain, rule, false, &[recipient], NOW).unwrap();
        assert!(is_sealed(&text) && !is_sealed(plain));
        let text_of = |value: &Plaintext| String::from_utf8(value.expose().to_vec()).unwrap();
        let values = sealed_values(&text, None, &identities)?;
        Ok(values.iter().map(|(key, value)| (key.clone(), text_of(value))).collect())
    }

    const SECRET: &str = "# of old\nkind: Secret\nmetadata: {name: x}\ndata:\n    a: aHVudGVy\nstringData:\n    b: |\n        two\n        lines\n    a: wins # here\n";

    #[test]
    fn a_file_of_sops_is_taken_however_it_is_written() {
        let expected = [("b".to_owned(), "two\nlines\n".to_owned()), ("a".to_owned(), "wins".to_owned())];
        for rule in [
            Rule::default(),
            Rule::EncryptedRegex("^(data|stringData)$".into()),
            Rule::EncryptedSuffix("Data".into()),
            Rule::EncryptedCommentRegex("of old".into()),
        ] {
            assert_eq!(sealed(SECRET, &rule).unwrap(), expected, "{rule:?}");
        }
    }

    #[test]
    fn what_is_merged_in_is_taken_unless_it_is_written_out() {
        let plain =
            "kind: Secret\nmetadata: {name: x}\nstringData:\n  b: own\n  !!merge <<:\n    a: merged\n    b: merged\n";
        let mut values = sealed(plain, &Rule::default()).unwrap();
        values.sort();
        assert_eq!(values, [("a".to_owned(), "merged".to_owned()), ("b".to_owned(), "own".to_owned())]);
    }

    #[test]
    fn what_a_store_file_cannot_hold_is_refused() {
        let not_text = |key: &str| Err(ManifestError::NotText(key.into()));
        for (change, expected) in [
            ("---\nkind: ConfigMap\n", Err(ManifestError::Documents(2))),
            ("---\n", Err(ManifestError::Documents(2))),
            ("    c: 5\n", not_text("c")),
            ("    c: {d: x}\n", not_text("c")),
            ("    c:\n    - x\n", not_text("c")),
        ] {
            assert_eq!(sealed(&format!("{SECRET}{change}"), &Rule::default()), expected, "{change}");
        }
        assert_eq!(sealed("kind: ConfigMap\ndata: {a: x}\n", &Rule::default()), Err(ManifestError::NoSecret(None)));
        let twice = "kind: Secret\nstringData:\n  a: x\n  a: y\nsops:\n  mac: x\n";
        let error = sealed_values(twice, None, &Identities::new()).unwrap_err();
        assert!(error.to_string().contains("a key that occurs twice"), "{error}");
        let lost = "kind: Secret\nstringData:\n  a: ENC[AES256_GCM,data:AA==,type:str]\n";
        assert_eq!(read(lost, None), Err(ManifestError::Sealed("a".into())));
        assert!(is_sealed("{\n\t\"kind\": \"Secret\",\n\t\"sops\": {}\n}\n"));
    }
}
