//! ConfigMaps and Secrets (`ValidateConfigMap`, `ValidateSecret`).
//!
//! Names keys, never values.

use std::collections::HashMap;

use base64::engine::general_purpose::STANDARD;
use base64::read::DecoderReader;
use serde::de::IgnoredAny;

use crate::diagnostic::{Class, Code};
use crate::manifest::Value;

use super::fault::Faults;
use super::spot::Spot;
use super::words::config_key;

/// A key that Kubernetes refuses, too many bytes, or a key that the Secret's type needs.
const DATA: Code = Code::new("LMS732", Class::Input);

/// Bytes of all values together.
const MAX_BYTES: usize = 1 << 20;
const ACCOUNT: &str = "kubernetes.io/service-account.name";

/// A ConfigMap.
pub(super) fn config_map(object: Spot<'_, '_>, faults: &mut Faults) {
    let mut bytes = 0;
    for (name, value) in object.entries("data") {
        key(name, value, faults);
        if object.entries("binaryData").any(|(other, _)| other == name) {
            let message = format!("the key `{}` is in binaryData, too", name.escape_debug());
            faults.add(DATA, value.path(), message).help("remove one of them");
        }
        bytes += value.value().as_str().map_or(0, str::len);
    }
    for (name, value) in object.entries("binaryData") {
        key(name, value, faults);
        bytes += value.value().as_str().map_or(0, decoded_len);
    }
    size(object, "ConfigMap", bytes, faults);
}

/// A Secret; `stringData` is written over `data` before anything is checked.
pub(super) fn secret(object: Spot<'_, '_>, faults: &mut Faults) {
    let mut bytes = 0;
    for (name, value) in object.entries("data") {
        key(name, value, faults);
        if !object.entries("stringData").any(|(other, _)| other == name) {
            bytes += value.value().as_str().map_or(0, decoded_len);
        }
    }
    for (name, value) in object.entries("stringData") {
        key(name, value, faults);
        bytes += value.value().as_str().map_or(0, str::len);
    }
    size(object, "Secret", bytes, faults);
    let kind = object.text_or_empty("type");
    match kind {
        "kubernetes.io/service-account-token" => account(object, faults),
        "kubernetes.io/dockercfg" => json(object, ".dockercfg", faults),
        "kubernetes.io/dockerconfigjson" => json(object, ".dockerconfigjson", faults),
        "kubernetes.io/basic-auth" => {
            if find(&object, "username").is_none() && find(&object, "password").is_none() {
                missing(object, "username", faults);
                missing(object, "password", faults);
            }
        }
        "kubernetes.io/ssh-auth" => {
            let key = "ssh-privatekey";
            if find(&object, key).is_none_or(|(_, value)| value.value().as_str().unwrap_or_default().is_empty()) {
                missing(object, key, faults);
            }
        }
        "kubernetes.io/tls" => {
            for key in ["tls.crt", "tls.key"].into_iter().filter(|key| find(&object, key).is_none()) {
                missing(object, key, faults);
            }
        }
        _ => {}
    }
}

fn key(name: &str, value: Spot<'_, '_>, faults: &mut Faults) {
    if let Err(rule) = config_key(name) {
        faults.add(DATA, value.path(), format!("the key `{}` {rule}", name.escape_debug()));
    }
}

fn size(object: Spot<'_, '_>, kind: &str, bytes: usize, faults: &mut Faults) {
    if bytes > MAX_BYTES {
        let message = format!("the {kind} has more than {MAX_BYTES} bytes");
        faults.add(DATA, object.path_to("data"), message).help("split it, or keep the data elsewhere");
    }
}

/// How many bytes base64 stands for.
fn decoded_len(text: &str) -> usize {
    text.bytes().filter(|b| !matches!(b, b'\n' | b'\r' | b'=')).count() * 3 / 4
}

/// The value of a key, and whether it is in base64.
fn find<'v, 's>(object: &'s Spot<'v, '_>, key: &str) -> Option<(bool, Spot<'v, 's>)> {
    let found = |place| object.entries(place).find(|(name, _)| *name == key).map(|(_, value)| value);
    found("stringData").map(|value| (false, value)).or_else(|| found("data").map(|value| (true, value)))
}

fn missing(object: Spot<'_, '_>, key: &str, faults: &mut Faults) {
    let message = format!("a Secret of type {} needs the key `{key}`", object.text_or_empty("type"));
    faults.add(DATA, object.path_to("data").field(key), message);
}

fn account(object: Spot<'_, '_>, faults: &mut Faults) {
    let name = object.value().at(&["metadata", "annotations", ACCOUNT]).and_then(Value::as_str);
    if name.is_none_or(str::is_empty) {
        let path = object.path_to("metadata").field("annotations").field(ACCOUNT);
        let message = format!("a Secret with a ServiceAccount's token needs the annotation `{ACCOUNT}`");
        faults.add(DATA, path, message).help("write the ServiceAccount's name there");
    }
}

/// A key that must be there, with a JSON object. What SOPS encrypted nobody can read here.
fn json(object: Spot<'_, '_>, key: &str, faults: &mut Faults) {
    let Some((is_base64, value)) = find(&object, key) else {
        missing(object, key, faults);
        return;
    };
    let text = value.value().as_str().unwrap_or_default();
    if text.starts_with("ENC[AES256_GCM,") {
        return;
    }
    let is_json = if is_base64 {
        // Read bit by bit, so that no copy of the value stays in memory.
        serde_json::from_reader::<_, Option<Entries>>(DecoderReader::new(Lines(text.as_bytes()), &STANDARD)).is_ok()
    } else {
        serde_json::from_str::<Option<Entries>>(text).is_ok()
    };
    if !is_json {
        faults.add(DATA, value.path(), format!("the key `{key}` must have a JSON object"));
    }
}

type Entries = HashMap<String, IgnoredAny>;

/// Base64 without the line breaks that Go does not mind.
struct Lines<'t>(&'t [u8]);

impl std::io::Read for Lines<'_> {
    fn read(&mut self, into: &mut [u8]) -> std::io::Result<usize> {
        let mut count = 0;
        while count < into.len()
            && let Some((&byte, rest)) = self.0.split_first()
        {
            self.0 = rest;
            if !matches!(byte, b'\n' | b'\r') {
                into[count] = byte;
                count += 1;
            }
        }
        Ok(count)
    }
}
