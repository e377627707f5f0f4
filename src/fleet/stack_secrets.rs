//! Reading `[secrets]` and `[environment-secrets]` of a stack: which keys there are and where they come from.

use super::model::{SecretDecl, SecretKeyDecl, SecretSource};
use crate::diagnostic::{Class, Code, Diagnostic, Sink, Span};
use crate::document::{Entry, Kind, Located, TableReader, did_you_mean, quoted};
use crate::names::SecretName;
use crate::params::Declarations;
use crate::secret::{Amount, Generator, MAX_PUBLIC_KEY, RsaFormat, RsaKey, RsaSize};

const SECRET: Code = Code::new("LMS142", Class::Input);

/// Generators, each with the options that belong to it.
const GENERATORS: [(&str, &[&str]); 7] = [
    ("alphanumeric", &["length"]),
    ("base64", &["bytes"]),
    ("hex", &["bytes"]),
    ("rsa-2048", &["format", "public"]),
    ("rsa-3072", &["format", "public"]),
    ("rsa-4096", &["format", "public"]),
    ("uuid", &[]),
];
/// Sources of values that are no generator, likewise.
const OTHER_SOURCES: [(&str, &[&str]); 2] = [("sha256-of", &[]), ("provided", &["optional"])];

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
    let named = table.get("generate").and_then(|entry| match entry.node.kind() {
        Kind::String(name) => Some(name),
        _ => None,
    });
    let named =
        named.or_else(|| OTHER_SOURCES.into_iter().map(|(name, _)| name).find(|name| table.get(name).is_some()));
    table.finish_with(|option| not_its_option(option, named?), sink);
    let decl = SecretKeyDecl { key: entry.name.into(), source: source?, span: entry.key };
    if decl.is_public() && decl.key.len() > MAX_PUBLIC_KEY {
        let message = format!("a key with `public = true` has {MAX_PUBLIC_KEY} characters at most");
        sink.push(Diagnostic::error(SECRET, message).at(entry.key, ""));
    }
    Some(decl)
}

/// What to do about `option`, which `source` does not have: where it belongs, if it belongs anywhere.
fn not_its_option(option: &str, source: &str) -> Option<String> {
    let all = || GENERATORS.iter().chain(&OTHER_SOURCES);
    let list = |names: &[&str]| format!("`{}`", names.join("`, `"));
    let owners: Vec<&str> = all().filter(|(_, options)| options.contains(&option)).map(|(name, _)| *name).collect();
    let (_, own) = all().find(|(name, _)| *name == source)?;
    if owners.is_empty() {
        return None;
    }
    let own = if own.is_empty() { "no option".to_owned() } else { list(own) };
    Some(format!("`{option}` belongs to {}; `{source}` takes {own}", list(&owners)))
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
    Some(match name.value {
        "alphanumeric" => Generator::Alphanumeric { length: amount("length", Amount::THIRTY_TWO, table, sink) },
        "base64" => Generator::Base64 { bytes: amount("bytes", Amount::THIRTY_TWO, table, sink) },
        "hex" => Generator::Hex { bytes: amount("bytes", Amount::SIXTY_FOUR, table, sink) },
        "rsa-2048" => Generator::Rsa(rsa_key(RsaSize::Bits2048, table, sink)),
        "rsa-3072" => Generator::Rsa(rsa_key(RsaSize::Bits3072, table, sink)),
        "rsa-4096" => Generator::Rsa(rsa_key(RsaSize::Bits4096, table, sink)),
        "uuid" => Generator::Uuid,
        other => {
            // Options are right or wrong only together with the generator that was meant.
            for option in GENERATORS.iter().flat_map(|(_, options)| *options) {
                table.take(option);
            }
            let names = GENERATORS.map(|(name, _)| name);
            let fault = Diagnostic::error(SECRET, format!("unknown generator {}", quoted(other))).at(name.span, "");
            let help = did_you_mean(other, names).unwrap_or_else(|| format!("generators are `{}`", names.join("`, `")));
            sink.push(fault.help(help));
            return None;
        }
    })
}

fn amount(option: &'static str, default: Amount, table: &mut TableReader<'_>, sink: &mut Sink) -> Amount {
    let Some(found) = table.integer(option, sink) else { return default };
    Amount::new(found.value).unwrap_or_else(|| {
        let message = format!("`{option}`: {} is not {} to {}", found.value, Amount::MIN, Amount::MAX);
        sink.push(Diagnostic::error(SECRET, message).at(found.span, ""));
        default
    })
}

fn rsa_key(size: RsaSize, table: &mut TableReader<'_>, sink: &mut Sink) -> RsaKey {
    let mut format = RsaFormat::default();
    if let Some(found) = table.string("format", sink) {
        match RsaFormat::NAMED.iter().find(|(name, _)| *name == found.value) {
            Some((_, known)) => format = *known,
            None => {
                let names = RsaFormat::NAMED.map(|(name, _)| name);
                let message = format!("unknown format {} of a key", quoted(found.value));
                let help =
                    did_you_mean(found.value, names).unwrap_or_else(|| format!("formats are `{}`", names.join("`, `")));
                sink.push(Diagnostic::error(SECRET, message).at(found.span, "").help(help));
            }
        }
    }
    RsaKey { size, format, public: table.flag("public", sink) }
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
