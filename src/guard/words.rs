//! What the name of a key promises: a secret, or something about one.

/// How surely a name says that its value is secret.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Promise {
    /// `db-password`: whatever stands there is one.
    Password,
    /// `api-token`: the value, unless it reads like the name of a thing.
    Token,
    /// `tls-secret`: in Kubernetes mostly the name of an object.
    Object,
}

/// Words for passwords, as a word or at the end of one.
const PASSWORDS: [&str; 5] = ["password", "passwd", "passphrase", "passcode", "pwd"];

/// Words that are secret only with another before them.
const SHORT: [&str; 2] = ["pass", "pw"];

/// Words run together.
const JOINED: [&str; 9] = [
    "accesskey",
    "apikey",
    "authtoken",
    "accesstoken",
    "clientsecret",
    "encryptionkey",
    "privatekey",
    "secretkey",
    "signingkey",
];

/// Words before `key` that make it a secret.
const OF_KEYS: [&str; 10] =
    ["access", "account", "api", "encryption", "hmac", "master", "private", "secret", "shared", "signing"];

/// A last word that makes it something about a secret.
const ABOUT: &[&str] = &[
    "age",
    "algorithm",
    "alg",
    "alias",
    "annotation",
    "audience",
    "backend",
    "bits",
    "budget",
    "bytes",
    "chars",
    "charset",
    "class",
    "claim",
    "column",
    "controller",
    "config",
    "cost",
    "count",
    "date",
    "days",
    "description",
    "dir",
    "directory",
    "enabled",
    "endpoint",
    "engine",
    "env",
    "error",
    "expiration",
    "expires",
    "expiry",
    "field",
    "file",
    "filename",
    "files",
    "fingerprint",
    "form",
    "format",
    "from",
    "group",
    "header",
    "help",
    "hint",
    "host",
    "hours",
    "id",
    "identifier",
    "ids",
    "index",
    "info",
    "input",
    "interval",
    "issuer",
    "kind",
    "label",
    "labels",
    "length",
    "lifetime",
    "limit",
    "line",
    "link",
    "list",
    "location",
    "manager",
    "map",
    "max",
    "message",
    "method",
    "min",
    "minutes",
    "mode",
    "model",
    "mount",
    "name",
    "names",
    "namespace",
    "param",
    "parameter",
    "operator",
    "path",
    "paths",
    "pattern",
    "placeholder",
    "plugin",
    "policy",
    "port",
    "prefix",
    "prompt",
    "property",
    "provider",
    "realm",
    "recipients",
    "ref",
    "reference",
    "refs",
    "regex",
    "registry",
    "request",
    "required",
    "reset",
    "rev",
    "review",
    "revision",
    "role",
    "rotation",
    "rounds",
    "rule",
    "scheme",
    "scope",
    "scopes",
    "seconds",
    "selector",
    "server",
    "service",
    "size",
    "source",
    "state",
    "status",
    "store",
    "strategy",
    "strength",
    "suffix",
    "template",
    "text",
    "time",
    "timeout",
    "title",
    "ttl",
    "type",
    "types",
    "uri",
    "url",
    "usage",
    "use",
    "user",
    "username",
    "uuid",
    "validation",
    "var",
    "variable",
    "version",
    "volume",
    "warning",
    "weight",
    "window",
];

/// A word anywhere that makes it none.
const PUBLIC: [&str; 4] = ["public", "pub", "max", "num"];

/// What `key` promises; `None` for names that promise nothing.
pub(super) fn promise(key: &str) -> Option<Promise> {
    let words = words(last_part(key));
    let last = words.last()?.as_str();
    if ABOUT.contains(&last) || words.iter().any(|word| PUBLIC.contains(&word.as_str())) {
        return None;
    }
    let is_password = |word: &String| {
        let one = word.strip_suffix('s').unwrap_or(word);
        PASSWORDS.iter().any(|known| one.ends_with(known))
    };
    if words.iter().any(is_password) && !(words.len() == 1 && last == "pwd") {
        return Some(match last {
            "secret" | "key" => Promise::Object,
            _ => Promise::Password,
        });
    }
    if words.len() > 1 && SHORT.contains(&last) {
        return Some(Promise::Password);
    }
    let has = |wanted: &str| words.iter().any(|word| word == wanted);
    match last {
        "secret" | "secrets" | "credentials" | "credential" | "tokens" => Some(Promise::Object),
        "key" => {
            let before = words.len().checked_sub(2).map(|at| words[at].as_str());
            let is_kept = before.is_some_and(|word| OF_KEYS.contains(&word));
            match before {
                Some("secret") => Some(Promise::Object),
                _ if is_kept => Some(Promise::Token),
                _ => None,
            }
        }
        _ if JOINED.iter().any(|known| last.ends_with(known)) => Some(Promise::Token),
        _ if has("secret")
            || has("token")
            || has("credential")
            || last.ends_with("token")
            || last.ends_with("secret") =>
        {
            Some(Promise::Token)
        }
        _ => None,
    }
}

/// The part after the last dot; with the one before it when that says nothing by itself.
fn last_part(key: &str) -> &str {
    let key = key.trim_matches(['.', '-', '_']);
    match key.rsplit_once('.') {
        Some((before, "value" | "data" | "literal")) => last_part(before),
        Some((_, last)) => last,
        None => key,
    }
}

/// `LMS_PG_PASSWORD`, `pg-password` and `pgPassword` are `pg`, `password`.
pub(super) fn words(name: &str) -> Vec<String> {
    let mut words: Vec<String> = Vec::new();
    let mut before = '_';
    for c in name.chars() {
        let starts = c.is_uppercase() && before.is_lowercase() || !before.is_alphanumeric();
        if c.is_alphanumeric() {
            if starts || words.is_empty() {
                words.push(String::new());
            }
            if let Some(word) = words.last_mut() {
                word.extend(c.to_lowercase());
            }
        }
        before = c;
    }
    words
}

/// One spelling for `LMS_DB`, `lms-db` and `lms.db`.
pub(super) fn folded(name: &str) -> String {
    name.chars().map(|c| if matches!(c, '_' | '.') { '-' } else { c.to_ascii_lowercase() }).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_of_secrets() {
        for (key, expected) in [
            ("password", Promise::Password),
            ("LMS_PG_PASSWORD", Promise::Password),
            ("PGPASSWORD", Promise::Password),
            ("adminPassword", Promise::Password),
            ("smtp.db_pass", Promise::Password),
            ("ssh-passphrase", Promise::Password),
            ("token", Promise::Token),
            ("sms4b-token", Promise::Token),
            ("LMS_KEYS_SECRET_SEED", Promise::Token),
            ("apiKey", Promise::Token),
            ("APIKEY", Promise::Token),
            ("private_key", Promise::Token),
            ("token.value", Promise::Token),
            ("secret", Promise::Object),
            ("secretKey", Promise::Object),
            ("lms-secret", Promise::Object),
        ] {
            assert_eq!(promise(key), Some(expected), "{key}");
        }
        for key in [
            "secretName",
            "secretKeyRef",
            "token-ttl",
            "tokenSecretRef",
            "password-file",
            "PRIVATE_KEY_PATH",
            "key",
            "primary-key",
            "public-key",
            "max_tokens",
            "tokenizer",
            "PWD",
            "pass",
            "names",
            "secret-rev",
            "sort-key",
            "secrets.recipients",
            "passcode-lifetime",
            "pattern",
            "kind",
            "compass",
            "token_url",
            "secret_id",
            "",
        ] {
            assert_eq!(promise(key), None, "{key}");
        }
    }
}
