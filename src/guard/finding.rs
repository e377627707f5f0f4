//! What the guard found, in words. No text here holds a value, a part of it, or its length.

use std::ops::Range;

use crate::diagnostic::{Class, Code, Diagnostic, Span};

const PRIVATE_KEY: Code = Code::new("LMS450", Class::Secret);
const TOKEN: Code = Code::new("LMS451", Class::Secret);
const URL: Code = Code::new("LMS452", Class::Secret);
const OBJECT: Code = Code::new("LMS453", Class::Secret);
const NAMED: Code = Code::new("LMS454", Class::Secret);
/// An entry of `[[allow]]` that cannot be used.
pub const ALLOW: Code = Code::new("LMS460", Class::Input);
/// An entry of `[[allow]]` that allows nothing.
pub const UNUSED_ALLOW: Code = Code::new("LMS461", Class::Secret);

/// An entry of `[[allow]]` whose last day has passed.
pub const EXPIRED_ALLOW: Code = Code::new("LMS462", Class::Input);

/// Every rule.
pub const RULES: [Rule; 5] = [Rule::PrivateKey, Rule::Token, Rule::Url, Rule::Object, Rule::Named];

/// What gave a value away. The first of several that find one value is the one reported.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Rule {
    /// The block of a private key.
    PrivateKey,
    /// The shape of a service's tokens.
    Token,
    /// A password in a URL.
    Url,
    /// A Kubernetes Secret that is not encrypted.
    Object,
    /// The name it stands under.
    Named,
}

impl Rule {
    /// The code of its findings, which `[[allow]]` names.
    #[must_use]
    pub const fn code(self) -> Code {
        match self {
            Self::PrivateKey => PRIVATE_KEY,
            Self::Token => TOKEN,
            Self::Url => URL,
            Self::Object => OBJECT,
            Self::Named => NAMED,
        }
    }
}

/// One value in the clear.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Finding {
    /// What gave it away.
    pub rule: Rule,
    /// What it is: `a GitLab personal access token`.
    pub what: &'static str,
    /// The value, in bytes of the text.
    pub range: Range<usize>,
    /// The key it stands under, if it has one.
    pub key: Option<String>,
}

impl Finding {
    /// As a diagnostic at `span`, which must hide the length of the value.
    #[must_use]
    pub fn diagnostic(&self, span: Span) -> Diagnostic {
        self.diagnostic_with(self.message(), span)
    }

    /// As a diagnostic about an object of `kind` that the template at `span` yields.
    #[must_use]
    pub fn rendered(&self, kind: &str, span: Span) -> Diagnostic {
        self.diagnostic_with(format!("{}, in the {kind} that is rendered here", self.message()), span)
    }

    fn message(&self) -> String {
        match (&self.key, self.rule) {
            (Some(key), Rule::Object) => {
                format!("key `{}` of {} is not encrypted", key.escape_debug(), self.what)
            }
            (Some(key), _) => format!("{} stands in the clear under `{}`", self.what, key.escape_debug()),
            (None, _) => format!("{} stands in the clear", self.what),
        }
    }

    fn diagnostic_with(&self, message: String, span: Span) -> Diagnostic {
        Diagnostic::error(self.rule.code(), message).at(span, self.key.as_deref().map(label).unwrap_or_default()).help(
            "put it into the store with `lmsgen secrets set` and refer to it; if it was ever pushed, replace it; if it \
             is no secret, say why in an `[[allow]]` of lmsgen.toml",
        )
    }
}

/// The words beside a finding's place, which also tell the findings of one file apart by key.
#[must_use]
pub fn label(key: &str) -> String {
    format!("value of `{}`", key.escape_debug())
}
