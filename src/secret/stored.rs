//! What a run keeps of a store file, and the comparison with what the fleet declares.

use std::collections::HashSet;
use std::sync::Arc;

use super::edit::recipient_difference;
use super::error::{OTHER_OBJECT, OTHER_RECIPIENTS, difference};
use super::{Fault, Form, StoreFile};
use crate::diagnostic::{Class, Code};

/// A key that the stack does not declare.
pub const UNDECLARED_KEY: Code = Code::new("LMS420", Class::Secret);
/// A key whose value is the empty string.
pub const EMPTY_VALUE: Code = Code::new("LMS421", Class::Secret);
/// A file in another form than the environment's.
pub const OTHER_FORM: Code = Code::new("LMS423", Class::Secret);
/// A file of another place.
pub const OTHER_PLACE: Code = Code::new("LMS424", Class::Secret);
/// A file that does not say its place.
pub const UNBOUND: Code = Code::new("LMS425", Class::Secret);
/// A file made from that of another place.
pub const COPIED: Code = Code::new("LMS426", Class::Secret);
/// Labels other than lmsgen writes.
pub const OTHER_LABELS: Code = Code::new("LMS422", Class::Secret);

/// A store file as rendering needs it: names and bytes, no values.
#[derive(Clone, Debug)]
pub struct StoredSecret {
    /// Which object it is.
    pub form: Form,
    /// The place it was written for; `None` for a file that plain `sops` made.
    pub place: Option<String>,
    /// Public halves of its keys: key and base64 of the DER of `SubjectPublicKeyInfo`.
    pub public: Vec<(String, String)>,
    /// `metadata.name`.
    pub object_name: String,
    /// `metadata.namespace`.
    pub namespace: String,
    /// `metadata.labels`, in file order.
    pub labels: Vec<(String, String)>,
    /// Keys, in file order.
    pub keys: Vec<String>,
    /// Those of the keys whose value is empty; nearly always none.
    pub empty_keys: Vec<String>,
    /// How often values changed, from 1.
    pub revision: u64,
    /// Recipients as the file lists them.
    pub recipients: Vec<String>,
    /// Hashes of what no two files of a store have in common.
    pub marks: Vec<u64>,
    /// What a person may have written in it: see [`StoreFile::clear_text`].
    pub clear_text: Option<String>,
    /// The file.
    pub bytes: Arc<[u8]>,
}

/// What the fleet says that a store file must be.
#[derive(Clone, Copy, Debug)]
pub struct Declared<'a> {
    /// Which object it must be.
    pub form: Form,
    /// The place it belongs to, as [`place`](super::place) makes it.
    pub place: &'a str,
    /// Name of the object.
    pub object_name: &'a str,
    /// Its namespace.
    pub namespace: &'a str,
    /// Its labels; only a file that says its place must have them.
    pub labels: &'a [(String, String)],
    /// Every key that the stack declares for it.
    pub keys: &'a [&'a str],
    /// Those of the keys whose public half everybody may read.
    pub public: &'a [&'a str],
    /// The environment's recipients.
    pub recipients: &'a [String],
}

/// How a store file differs from what is declared.
#[derive(Debug)]
pub struct Comparison<'d> {
    /// Everything that is wrong whatever the command.
    pub faults: Vec<Fault>,
    /// Declared keys that the file does not have, in the order declared: for the caller to generate, to ask for or to
    /// leave out.
    pub missing: Vec<&'d str>,
    /// Keys whose public half is declared and not in the file.
    pub hidden: Vec<&'d str>,
}

impl StoredSecret {
    /// Reads a store file without any private key.
    ///
    /// # Errors
    /// Everything that is wrong with the file.
    pub fn parse(bytes: &Arc<[u8]>) -> Result<Self, Vec<Fault>> {
        Ok(Self::of(&StoreFile::parse(bytes)?, bytes))
    }

    /// Keeps of `file` what a run needs; `bytes` are those it was read from.
    #[must_use]
    pub fn of(file: &StoreFile<'_>, bytes: &Arc<[u8]>) -> Self {
        let owned = |texts: &mut dyn Iterator<Item = &str>| texts.map(str::to_owned).collect::<Vec<_>>();
        Self {
            form: file.form(),
            place: file.place().map(str::to_owned),
            public: file.public.iter().map(|(key, half)| (key.to_string(), half.to_string())).collect(),
            object_name: file.name().to_owned(),
            namespace: file.namespace().to_owned(),
            labels: file.labels().map(|(key, value)| (key.to_owned(), value.to_owned())).collect(),
            keys: owned(&mut file.keys()),
            empty_keys: owned(&mut file.empty_keys()),
            revision: file.revision(),
            recipients: owned(&mut file.recipients()),
            marks: file.trace().marks().collect(),
            clear_text: file.clear_text(),
            bytes: Arc::clone(bytes),
        }
    }

    /// Compares the file with what is declared, in no order.
    #[must_use]
    pub fn compare<'d>(&self, declared: &Declared<'d>) -> Comparison<'d> {
        let mut faults = Vec::new();
        faults.extend(self.compare_form(declared));
        faults.extend(self.compare_place(declared));
        if self.object_name != declared.object_name || self.namespace != declared.namespace {
            let found = format!("{}/{}", self.namespace, self.object_name);
            let expected = format!("{}/{}", declared.namespace, declared.object_name);
            let message = format!("the file holds the Secret `{found}`, not `{expected}`");
            faults.push(
                Fault::new(OTHER_OBJECT, 0..0, message)
                    .help("a store file is not copied or renamed: set the values in the right one"),
            );
        }
        if self.place.is_some() && !same(&self.labels, declared.labels) {
            let message = format!("the labels of Secret `{}` are not the ones lmsgen writes", self.object_name);
            faults.push(Fault::new(OTHER_LABELS, 0..0, message).help("restore the file from the last commit"));
        }
        faults.extend(self.compare_recipients(declared.recipients));
        for key in self.keys.iter().filter(|key| !declared.keys.contains(&key.as_str())) {
            let message = format!("key `{key}` is in the store and not declared by the stack");
            faults.push(
                Fault::warning(UNDECLARED_KEY, message)
                    .help("declare it in stack.toml, or remove it with `sops unset`"),
            );
        }
        for key in &self.empty_keys {
            faults.push(
                Fault::new(EMPTY_VALUE, 0..0, format!("the value of key `{key}` is empty"))
                    .help("SOPS does not protect empty values: set one, or remove the key with `sops unset`"),
            );
        }
        let missing = declared.keys.iter().copied().filter(|key| !self.keys.iter().any(|present| present == key));
        let hidden = declared.public.iter().copied().filter(|key| {
            self.keys.iter().any(|present| present == key) && !self.public.iter().any(|(present, _)| present == key)
        });
        Comparison { faults, missing: missing.collect(), hidden: hidden.collect() }
    }

    fn compare_form(&self, declared: &Declared<'_>) -> Option<Fault> {
        if self.form == declared.form {
            return None;
        }
        let (found, wanted) = (self.form.object().1, declared.form.object().1);
        let message = format!("the file holds a {found}, and the environment's form is `{}`", declared.form.name());
        let help = format!(
            "run `lmsgen secrets convert` with a private key: SOPS binds values to where they stand, and a {wanted} has them elsewhere"
        );
        Some(Fault::new(OTHER_FORM, 0..0, message).help(help))
    }

    /// A file of another place is found by its text, which its MAC covers: whoever has no data key cannot change it.
    fn compare_place(&self, declared: &Declared<'_>) -> Option<Fault> {
        match &self.place {
            Some(place) if place == declared.place => None,
            Some(place) => {
                let message = format!("the file was written for `{}`", place.trim_matches('/').escape_debug());
                Some(
                    Fault::new(OTHER_PLACE, 0..0, message)
                        .help("a store file is not copied or moved: restore it from the last commit, and set the values in the right one"),
                )
            }
            None => Some(
                Fault::warning(
                    UNBOUND,
                    "the file does not say which place it was written for, so a copy of another could stand here",
                )
                .help("`lmsgen secrets bind` binds it, with a private key; so does every other change by lmsgen"),
            ),
        }
    }

    fn compare_recipients(&self, declared: &[String]) -> Option<Fault> {
        if same(&self.recipients, declared) {
            return None;
        }
        let declared: Vec<&str> = declared.iter().map(String::as_str).collect();
        let present: Vec<&str> = self.recipients.iter().map(String::as_str).collect();
        let (added, removed) = recipient_difference(&declared, &present);
        if added.is_empty() && removed.is_empty() {
            return None;
        }
        let change = difference(&added, &removed);
        let rotate = if removed.is_empty() { "" } else { "; who is removed still knows the values: rotate them, too" };
        let message = format!("encrypted to other recipients than the environment declares: {change}");
        Some(
            Fault::new(OTHER_RECIPIENTS, 0..0, message).help(format!(
                "run `lmsgen secrets rewrap` with a private key, or correct `[secrets] recipients`{rotate}"
            )),
        )
    }
}

/// Equal but for the order; without allocating in the usual case that the order is equal, too.
fn same<T: Eq + std::hash::Hash>(a: &[T], b: &[T]) -> bool {
    a == b || (a.len() == b.len() && a.iter().collect::<HashSet<_>>() == b.iter().collect::<HashSet<_>>())
}
