//! Identifiers: clients, environments, stacks, phases, secrets, parameters.

use std::fmt;
use std::sync::Arc;

/// Why a name is refused; the text is a fragment that follows "`name` …".
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{rule}")]
pub struct NameError {
    /// The rule that was broken.
    pub rule: String,
}

impl NameError {
    fn new(rule: impl Into<String>) -> Self {
        Self { rule: rule.into() }
    }
}

/// Names that mean something else in a fleet's folders or in a cluster.
const RESERVED: [&str; 9] = [
    "default",
    "delivery",
    "environment",
    "flux-system",
    "argocd",
    "kube-node-lease",
    "kube-public",
    "kube-system",
    "kustomization",
];

/// A DNS label: `a-z`, `0-9` and `-`, 63 characters at most, a letter or digit at both ends
/// (RFC 1123, as Kubernetes reads it).
fn dns_label(text: &str) -> Result<(), NameError> {
    let plain = |c: char| c.is_ascii_lowercase() || c.is_ascii_digit();
    let edge = |c: Option<char>| c.is_some_and(plain);
    if text.len() > 63 {
        return Err(NameError::new("is longer than 63 characters"));
    }
    if !edge(text.chars().next()) || !edge(text.chars().last()) || !text.chars().all(|c| plain(c) || c == '-') {
        return Err(NameError::new("must be lower-case letters, digits and `-`, with a letter or digit at both ends"));
    }
    Ok(())
}

fn not_reserved(text: &str) -> Result<(), NameError> {
    if RESERVED.contains(&text.to_ascii_lowercase().as_str()) {
        return Err(NameError::new("is reserved"));
    }
    Ok(())
}

macro_rules! name_type {
    ($(#[$doc:meta])* $name:ident, $check:expr) => {
        $(#[$doc])*
        #[derive(Clone, PartialEq, Eq, Hash, PartialOrd, Ord)]
        pub struct $name(Arc<str>);

        impl $name {
            /// Checks `text`.
            ///
            /// # Errors
            /// The rule that `text` breaks.
            pub fn new(text: &str) -> Result<Self, NameError> {
                let check: fn(&str) -> Result<(), NameError> = $check;
                check(text)?;
                Ok(Self(text.into()))
            }

            /// The name as text.
            #[must_use]
            pub fn as_str(&self) -> &str {
                &self.0
            }
        }

        impl fmt::Display for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str(&self.0)
            }
        }

        impl fmt::Debug for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                write!(f, "{:?}", &*self.0)
            }
        }
    };
}

name_type!(
    /// A client's id, the stem of its file: `C42`. Letters, digits and `-`, 40 characters at most, so that the
    /// id in lower case, the slug, is a DNS label with room for the stems that templates add.
    ClientId,
    |text| {
        if text.len() > 40 {
            return Err(NameError::new("is longer than 40 characters"));
        }
        dns_label(&text.to_ascii_lowercase()).map_err(|_| {
            NameError::new("must be letters, digits and `-`, with a letter or digit at both ends")
        })?;
        not_reserved(text)
    }
);

impl ClientId {
    /// The id in lower case: what Kubernetes names are made from.
    #[must_use]
    pub fn slug(&self) -> String {
        self.0.to_ascii_lowercase()
    }
}

name_type!(
    /// An environment's name, the stem of its file: `lms-dev`. A DNS label.
    EnvName,
    |text| dns_label(text).and_then(|()| not_reserved(text))
);

name_type!(
    /// A stack's name, a folder below `templates/`: a DNS label.
    StackName,
    dns_label
);

name_type!(
    /// A phase's name, a folder of a stack and of the output: a DNS label other than `environment`.
    PhaseName,
    |text| dns_label(text).and_then(|()| not_reserved(text))
);

name_type!(
    /// The logical name of a Secret in a stack: `lms-secret`, a DNS label. The object is called
    /// `<name>-<slug>` unless parameter `names.<name>` says otherwise.
    SecretName,
    dns_label
);

name_type!(
    /// A parameter's dotted path: `image.tag`. Each part is lower-case letters, digits and `-`, starting with a letter.
    /// Templates write `-` as `_`, so `_` is not allowed here and the two never collide.
    ParamPath,
    |text| {
        let part_is_right = |part: &str| {
            part.starts_with(|c: char| c.is_ascii_lowercase())
                && part.chars().all(|c| c.is_ascii_lowercase() || c.is_ascii_digit() || c == '-')
        };
        if text.split('.').all(part_is_right) {
            Ok(())
        } else {
            Err(NameError::new("must be lower-case letters, digits and `-`, starting with a letter"))
        }
    }
);

impl ParamPath {
    /// The parts between the dots.
    pub fn parts(&self) -> impl Iterator<Item = &str> {
        self.0.split('.')
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn client_ids_are_path_and_dns_safe() {
        for good in ["C42", "a", "c-1", "0x"] {
            assert!(ClientId::new(good).is_ok(), "{good}");
        }
        let long = "c".repeat(41);
        for bad in [
            "",
            ".",
            "..",
            "../c2",
            "/etc",
            "-rf",
            "a b",
            "a/b",
            "a\\b",
            "C4_2",
            "Ж1",
            "c\u{200b}1",
            "Environment",
            "KUBE-SYSTEM",
            &long,
        ] {
            assert!(ClientId::new(bad).is_err(), "{bad:?}");
        }
        assert_eq!(ClientId::new("C42").unwrap().slug(), "c42");
    }

    #[test]
    fn parameter_paths_have_no_underscore() {
        assert!(ParamPath::new("image.tag").is_ok());
        for bad in ["", ".", "a.", "a..b", "a_b", "A", "1a", "a b"] {
            assert!(ParamPath::new(bad).is_err(), "{bad:?}");
        }
    }
}
