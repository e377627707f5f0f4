//! What can go wrong when a store file is opened or written.
//!
//! No message holds a secret value; recipients are shortened to what tells them apart.

use super::fault::Fault;
use super::stored::OTHER_FORM;
use crate::diagnostic::{Class, Code, Diagnostic, FileId, Span};
use crate::sops::short;

/// None of the identities at hand opens the file.
pub const NO_IDENTITY: Code = Code::new("LMS410", Class::Secret);
/// The file was changed by something that does not hold its data key, or was damaged.
pub const TAMPERED: Code = Code::new("LMS411", Class::Secret);
/// The file is encrypted to other recipients than the environment declares.
pub const OTHER_RECIPIENTS: Code = Code::new("LMS412", Class::Secret);
/// The file is the Secret of another object.
pub const OTHER_OBJECT: Code = Code::new("LMS413", Class::Secret);
/// What should be written cannot be part of a Secret.
pub const UNWRITABLE: Code = Code::new("LMS414", Class::Secret);
/// The operating system gave no randomness, or age failed.
pub const CRYPTO: Code = Code::new("LMS415", Class::Secret);

/// Why a store file could not be opened or written. The exit class is always [`Class::Secret`].
#[derive(Debug, thiserror::Error)]
pub enum StoreError {
    /// The file is no store file.
    #[error("{}", .0.first().map_or("not a store file", |fault| &fault.message))]
    Faults(Vec<Fault>),
    /// No identity belongs to the file.
    #[error("no identity opens the file: it has {}; tried {}", list_recipients(.recipients), list_tried(.tried))]
    NoIdentity {
        /// The file's recipients.
        recipients: Vec<String>,
        /// The sources of identities, each with its outcome.
        tried: Vec<String>,
    },
    /// The data key for a recipient does not open with that recipient's identity.
    #[error("the data key wrapped for {} is damaged", short(.0))]
    DamagedWrap(String),
    /// A value does not decrypt.
    #[error("the value of `{0}` was changed or moved: it does not belong to this key of this file")]
    ForgedValue(String),
    /// The MAC does not decrypt, or is that of other values.
    #[error("the file was changed outside of SOPS: its MAC does not match")]
    ForgedMac,
    /// A value under `data` holds no base64.
    #[error("the value of `{0}` under `data` is not base64")]
    NotBase64(String),
    /// The file has other recipients than declared.
    #[error("the file is encrypted to other recipients than declared: {}", difference(.added, .removed))]
    Recipients {
        /// Declared, but not in the file.
        added: Vec<String>,
        /// In the file, but not declared.
        removed: Vec<String>,
    },
    /// The file is another object's.
    #[error("the file holds the Secret `{found}`, not `{expected}`")]
    OtherObject {
        /// `namespace/name` of the object that is wanted.
        expected: String,
        /// `namespace/name` in the file.
        found: String,
    },
    /// The file is in another form.
    #[error("the file holds a {found}, and the environment wants a {expected}")]
    OtherForm {
        /// Kind that is wanted.
        expected: String,
        /// Kind in the file.
        found: String,
    },
    /// A name, label, key or time that cannot stand in a Secret.
    #[error("`{text}` is no {what}")]
    Invalid {
        /// What it should be.
        what: &'static str,
        /// The text; never a value.
        text: String,
    },
    /// A value that is not UTF-8, for `stringData`.
    #[error("the value of `{0}` is not text (UTF-8); encode it, for example by base64")]
    NotText(String),
    /// No values, or no recipients.
    #[error("a store file needs at least one {0}")]
    Nothing(&'static str),
    /// No randomness.
    #[error("the operating system gave no randomness: {0}")]
    Random(#[from] getrandom::Error),
    /// age could not wrap the data key.
    #[error("age cannot encrypt to {recipient}: {source}")]
    Wrap {
        /// The recipient.
        recipient: String,
        /// age's error.
        source: Box<age::EncryptError>,
    },
}

impl StoreError {
    /// The code.
    #[must_use]
    pub fn code(&self) -> Code {
        match self {
            Self::Faults(faults) => faults.first().map_or(UNWRITABLE, |fault| fault.code),
            Self::NoIdentity { .. } => NO_IDENTITY,
            Self::DamagedWrap(_) | Self::ForgedValue(_) | Self::ForgedMac | Self::NotBase64(_) => TAMPERED,
            Self::Recipients { .. } => OTHER_RECIPIENTS,
            Self::OtherObject { .. } => OTHER_OBJECT,
            Self::OtherForm { .. } => OTHER_FORM,
            Self::Invalid { .. } | Self::NotText(_) | Self::Nothing(_) => UNWRITABLE,
            Self::Random(_) | Self::Wrap { .. } => CRYPTO,
        }
    }

    /// What to do, where there is something.
    #[must_use]
    pub const fn help(&self) -> Option<&'static str> {
        match self {
            Self::NoIdentity { .. } => Some(
                "name the key file of one of these recipients with `--age-key-file` or SOPS_AGE_KEY_FILE, or ask someone who holds one",
            ),
            Self::DamagedWrap(_) | Self::ForgedValue(_) | Self::ForgedMac => Some(
                "restore the file from the last commit; change values with `lmsgen secrets set` or `sops edit` only",
            ),
            Self::Recipients { .. } => Some("run `lmsgen secrets rewrap`, or correct `[secrets] recipients`"),
            Self::OtherForm { .. } => Some("run `lmsgen secrets convert` with a private key"),
            Self::OtherObject { .. } => {
                Some("a store file is not copied between clients: values are encrypted per object")
            }
            _ => None,
        }
    }

    /// As diagnostics about `file`, which must be in the source map with its [`masked`](super::masked) text.
    #[must_use]
    pub fn diagnostics(&self, file: FileId) -> Vec<Diagnostic> {
        if let Self::Faults(faults) = self {
            return faults.iter().map(|fault| fault.diagnostic(file)).collect();
        }
        let diagnostic = Diagnostic::error(self.code(), self.to_string()).at(Span::file_start(file), "");
        vec![match self.help() {
            Some(help) => diagnostic.help(help),
            None => diagnostic,
        }]
    }
}

/// `2 recipients, age1r0q3, age1c4pd`.
fn list_recipients(recipients: &[String]) -> String {
    let shortened: Vec<&str> = recipients.iter().map(|recipient| short(recipient)).collect();
    match &*shortened {
        [one] => format!("the recipient {one}"),
        many => format!("{} recipients, {}", many.len(), many.join(", ")),
    }
}

fn list_tried(tried: &[String]) -> String {
    if tried.is_empty() { "no source of identities".to_owned() } else { tried.join(", ") }
}

/// `age1c4pd to be added, age1r0q3 to be removed`.
pub(super) fn difference(added: &[String], removed: &[String]) -> String {
    let list = |recipients: &[String]| recipients.iter().map(|r| short(r)).collect::<Vec<_>>().join(", ");
    let parts = [(added, "to be added"), (removed, "to be removed")];
    let parts = parts.iter().filter(|(list, _)| !list.is_empty()).map(|(r, what)| format!("{} {what}", list(r)));
    parts.collect::<Vec<_>>().join("; ")
}
