//! Reading `[secrets]` of an environment: who may decrypt, and the form that Secrets are delivered in.

use super::environment::unsupported;
use super::model::{Environment, ExternalStore, SecretForm, SecretSource, Stack};
use crate::diagnostic::{Class, Code, Diagnostic, Sink};
use crate::document::{Located, TableReader, did_you_mean, quoted};
use crate::names::SecretName;
use crate::secret::Form;
use crate::sops::parse_recipient;

const RECIPIENT: Code = Code::new("LMS135", Class::Input);
const RECIPIENT_TWICE: Code = Code::new("LMS136", Class::Input);
const EXTERNAL: Code = Code::new("LMS600", Class::Input);

/// What stands between braces in `remote-key`.
const PLACEHOLDERS: [&str; 4] = ["environment", "client", "slug", "secret"];

/// `[secrets]`.
#[derive(Debug, Default)]
pub(super) struct SecretsRead {
    pub(super) recipients: Vec<String>,
    pub(super) form: SecretForm,
}

pub(super) fn read_secrets(mut table: TableReader<'_>, sink: &mut Sink) -> SecretsRead {
    let form = match table.string("form", sink) {
        None => SecretForm::default(),
        Some(form) => match form.value {
            "sops" => SecretForm::Stored(Form::Secret),
            "sopssecret" => SecretForm::Stored(Form::SopsSecret),
            "external" => read_external(&mut table, form, sink),
            other => {
                sink.push(unsupported("form", other, &["sops", "sopssecret", "external"]).at(form.span, ""));
                SecretForm::default()
            }
        },
    };
    let recipients = read_recipients(&mut table, sink);
    let of_external = |name: &str| {
        matches!(name, "store" | "remote-key" | "refresh" | "optional")
            .then(|| "only `form = \"external\"` has it".into())
    };
    table.finish_with(of_external, sink);
    SecretsRead { recipients, form }
}

fn read_recipients(table: &mut TableReader<'_>, sink: &mut Sink) -> Vec<String> {
    let mut recipients: Vec<Located<&str>> = Vec::new();
    for found in table.strings("recipients", sink) {
        // Reported wherever one stands in the fleet.
        if found.value.to_ascii_uppercase().starts_with("AGE-SECRET-KEY-") {
            continue;
        }
        if let Err(error) = parse_recipient(found.value) {
            sink.push(Diagnostic::error(RECIPIENT, error.to_string()).at(found.span, "").help(error.help()));
        } else if let Some(first) = recipients.iter().find(|known| known.value == found.value) {
            let warning = Diagnostic::warning(RECIPIENT_TWICE, "this recipient stands here twice");
            sink.push(warning.at(found.span, "").also(first.span, "first").help("remove one"));
        } else {
            recipients.push(found);
        }
    }
    recipients.into_iter().map(|recipient| recipient.value.into()).collect()
}

/// The store that External Secrets Operator reads: `store`, `remote-key`, `refresh`, `optional`.
fn read_external(table: &mut TableReader<'_>, form: Located<&str>, sink: &mut Sink) -> SecretForm {
    let mut external = ExternalStore::default();
    let store = table.table("store", sink);
    if store.is_none() {
        let fault = Diagnostic::error(EXTERNAL, "form \"external\" needs a store").at(form.span, "");
        sink.push(fault.help("write `store = { kind = \"ClusterSecretStore\", name = \"…\" }` below it"));
    }
    if let Some(mut store) = store {
        if let Some(kind) = store.string("kind", sink) {
            if !matches!(kind.value, "SecretStore" | "ClusterSecretStore") {
                let fault = Diagnostic::error(EXTERNAL, format!("{} is no kind of store", quoted(kind.value)));
                sink.push(fault.at(kind.span, "").help("write `SecretStore` or `ClusterSecretStore`"));
            }
            external.kind = kind.value.into();
        }
        if let Some(name) = store.required_string("name", sink) {
            if let Err(rule) = SecretName::new(name.value) {
                let fault = Diagnostic::error(EXTERNAL, format!("name {} {rule}", quoted(name.value)));
                sink.push(fault.at(name.span, ""));
            }
            external.name = name.value.into();
        }
        store.finish(sink);
    }
    if let Some(key) = table.string("remote-key", sink) {
        check_remote_key(key, sink);
        external.remote_key = key.value.into();
    }
    if let Some(refresh) = table.string("refresh", sink) {
        if !is_duration(refresh.value) {
            let fault = Diagnostic::error(EXTERNAL, format!("{} is no time span", quoted(refresh.value)));
            sink.push(
                fault
                    .at(refresh.span, "")
                    .help("write hours, minutes and seconds: `1h`, `30m`, `1h30m`; `0s` means once"),
            );
        }
        external.refresh = refresh.value.into();
    }
    external.optional = table.strings("optional", sink).iter().map(|one| (one.value.to_owned(), one.span)).collect();
    SecretForm::External(external)
}

/// Each of `optional` names a key that a stack of the environment declares as optional: what is misspelt would be left out
/// of the Secret without a word.
pub(super) fn check_optional(environment: &Environment, stacks: &[Stack], sink: &mut Sink) {
    let SecretForm::External(external) = &environment.form else { return };
    let of_environment = environment.stacks.iter().filter_map(|at| stacks.get(*at));
    let secrets = of_environment.flat_map(|stack| stack.secrets.iter().chain(&stack.environment_secrets));
    let keys = secrets.flat_map(|secret| secret.keys.iter().map(move |key| (secret, key)));
    let optional = keys.filter(|(_, key)| matches!(key.source, SecretSource::Provided { optional: true, .. }));
    let known: Vec<String> = optional.map(|(secret, key)| format!("{}.{}", secret.name, key.key)).collect();
    for (name, span) in external.optional.iter().filter(|(name, _)| !known.contains(name)) {
        let message = format!("no stack here declares an optional key {}", quoted(name));
        let listed = || format!("optional keys are `{}`", known.join("`, `"));
        let help = did_you_mean(name, known.iter().map(String::as_str));
        let help = help.or_else(|| (!known.is_empty()).then(listed)).unwrap_or_else(|| "remove the name".into());
        sink.push(Diagnostic::error(EXTERNAL, message).at(*span, "").help(help));
    }
}

fn check_remote_key(key: Located<&str>, sink: &mut Sink) {
    let mut rest = key.value;
    let plain = |text: &str| text.bytes().all(|b| b.is_ascii_alphanumeric() || matches!(b, b'-' | b'_' | b'.' | b'/'));
    let mut found = Vec::new();
    let wrong = loop {
        let Some((before, after)) = rest.split_once('{') else { break (!plain(rest)).then_some(rest) };
        let Some((name, after)) = after.split_once('}') else { break Some(rest) };
        if !plain(before) {
            break Some(before);
        }
        if !PLACEHOLDERS.contains(&name) {
            let fault = Diagnostic::error(EXTERNAL, format!("unknown placeholder {}", quoted(name))).at(key.span, "");
            let known = || format!("placeholders are `{{{}}}`", PLACEHOLDERS.join("}`, `{"));
            return sink.push(fault.help(did_you_mean(name, PLACEHOLDERS).unwrap_or_else(known)));
        }
        found.push(name);
        rest = after;
    };
    if wrong.is_some() || key.value.is_empty() {
        let fault = Diagnostic::error(EXTERNAL, "a remote key is letters, digits, `-`, `_`, `.`, `/` and placeholders");
        return sink.push(fault.at(key.span, ""));
    }
    // Two clients must never read one value.
    let of_client = found.iter().any(|name| matches!(*name, "client" | "slug"));
    if !of_client || !found.contains(&"secret") || !found.contains(&"environment") {
        let fault = Diagnostic::error(EXTERNAL, "the same remote key would serve several Secrets").at(key.span, "");
        sink.push(fault.help("name the `{environment}`, the `{client}` (or `{slug}`) and the `{secret}` in it"));
    }
}

/// A Go duration of whole hours, minutes and seconds.
fn is_duration(text: &str) -> bool {
    let mut rest = text;
    for unit in ['h', 'm', 's'] {
        let digits = rest.len() - rest.trim_start_matches(|c: char| c.is_ascii_digit()).len();
        if (1..=6).contains(&digits) && rest[digits..].starts_with(unit) {
            rest = &rest[digits + 1..];
        }
    }
    rest.is_empty() && !text.is_empty()
}
