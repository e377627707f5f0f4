//! Reading `[secrets]` and `[environment-secrets]` of a stack: which keys there are and where they come from.

use super::model::{SecretDecl, SecretKeyDecl, SecretSource};
use crate::diagnostic::{Class, Code, Diagnostic, Sink, Span};
use crate::document::{Entry, Located, TableReader, did_you_mean, quoted};
use crate::names::SecretName;
use crate::params::Declarations;
use crate::secret::Generator;

const SECRET: Code = Code::new("LMS142", Class::Input);

const GENERATORS: [&str; 3] = ["alphanumeric", "hex", "rsa-2048"];

/// Reads the Secrets of one of the two tables.
pub(super) fn read_secrets(
    table: Option<TableReader<'_>>,
    declarations: &Declarations,
    sink: &mut Sink,
) -> Vec<SecretDecl> {
    let Some(table) = table else { return Vec::new() };
    let mut secrets = Vec::new();
    for entry in table.entries() {
        let name = match SecretName::new(entry.name) {
            Ok(name) => name,
            Err(fault) => {
                let message = format!("Secret name {} {fault}", quoted(entry.name));
                sink.push(Diagnostic::error(SECRET, message).at(entry.key, ""));
                continue;
            }
        };
        let Some(keys) = entry.node.table(&table.path_of(entry.name), sink) else { continue };
        if keys.is_empty() {
            sink.push(Diagnostic::error(SECRET, format!("Secret `{name}` has no key")).at(entry.key, ""));
        }
        let keys: Vec<SecretKeyDecl> = keys.entries().filter_map(|key| read_key(&keys, key, sink)).collect();
        check_digests(&keys, sink);
        let name_param = declarations.index_of(&format!("names.{name}"));
        secrets.push(SecretDecl { name, name_param, keys, span: entry.key });
    }
    secrets
}

fn read_key(secret: &TableReader<'_>, entry: Entry<'_>, sink: &mut Sink) -> Option<SecretKeyDecl> {
    let is_key = |c: char| c.is_ascii_alphanumeric() || matches!(c, '-' | '_' | '.');
    let is_right = !entry.name.is_empty()
        && entry.name.len() <= 253
        && !matches!(entry.name, "." | "..")
        && entry.name.chars().all(is_key);
    if !is_right {
        let message = format!("key {} of a Secret must be letters, digits, `-`, `_` and `.`", quoted(entry.name));
        sink.push(Diagnostic::error(SECRET, message).at(entry.key, ""));
    }
    let mut table = entry.node.table(&secret.path_of(entry.name), sink)?;
    let source = read_source(&mut table, entry.key, sink);
    table.finish(sink);
    Some(SecretKeyDecl { key: entry.name.into(), source: source?, span: entry.key })
}

fn read_source(table: &mut TableReader<'_>, key: Span, sink: &mut Sink) -> Option<SecretSource> {
    let generate = table.string("generate", sink);
    let sha256 = table.string("sha256-of", sink);
    let provided = table.string("provided", sink);
    let given: Vec<Span> = [generate, sha256, provided].into_iter().flatten().map(|text| text.span).collect();
    if given.len() != 1 {
        let fault = Diagnostic::error(SECRET, "needs exactly one of `generate`, `sha256-of` and `provided`");
        sink.push(fault.at(*given.get(1).unwrap_or(&key), ""));
    }
    let found = match (generate, sha256, provided) {
        (Some(name), ..) => SecretSource::Generate(read_generator(name, table, sink)?),
        (_, Some(other), _) => SecretSource::Generate(Generator::Sha256Of { key: other.value.into() }),
        (_, _, Some(text)) => {
            let optional = table.flag("optional", sink);
            SecretSource::Provided { description: text.value.into(), optional }
        }
        (None, None, None) => return None,
    };
    Some(found)
}

fn read_generator(name: Located<&str>, table: &mut TableReader<'_>, sink: &mut Sink) -> Option<Generator> {
    let mut size = |key, default: usize| {
        let Some(found) = table.integer(key, sink) else { return default };
        match usize::try_from(found.value) {
            Ok(size @ 16..=256) => size,
            _ => {
                let message = format!("`{key}`: {} is not 16 to 256", found.value);
                sink.push(Diagnostic::error(SECRET, message).at(found.span, ""));
                default
            }
        }
    };
    Some(match name.value {
        "alphanumeric" => Generator::Alphanumeric { length: size("length", 32) },
        "hex" => Generator::Hex { bytes: size("bytes", 64) },
        "rsa-2048" => Generator::Rsa2048,
        other => {
            // Their bounds are right or wrong only together with the generator that was meant.
            let _ = (size("length", 32), size("bytes", 64));
            let fault = Diagnostic::error(SECRET, format!("unknown generator {}", quoted(other))).at(name.span, "");
            sink.push(
                fault.help(
                    did_you_mean(other, GENERATORS)
                        .unwrap_or_else(|| format!("generators are `{}`", GENERATORS.join("`, `"))),
                ),
            );
            return None;
        }
    })
}

/// A digest needs another key of the same Secret that is no digest itself.
fn check_digests(keys: &[SecretKeyDecl], sink: &mut Sink) {
    let digest_of = |key: &SecretKeyDecl| match &key.source {
        SecretSource::Generate(Generator::Sha256Of { key }) => Some(key.clone()),
        _ => None,
    };
    for key in keys {
        let Some(of) = digest_of(key) else { continue };
        let fault = match keys.iter().find(|other| other.key == of) {
            Some(other) if digest_of(other).is_none() => continue,
            Some(_) => Diagnostic::error(SECRET, format!("{} is a digest itself", quoted(&of))),
            None => {
                let mut fault = Diagnostic::error(SECRET, format!("this Secret has no key {}", quoted(&of)));
                fault.help = did_you_mean(&of, keys.iter().map(|key| key.key.as_str()));
                fault
            }
        };
        sink.push(fault.at(key.span, "`sha256-of` here"));
    }
}
