//! The place of a value inside an object: field names and positions in lists.

use std::fmt;

/// One step from a value to one inside it.
#[derive(Clone, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Step {
    /// Into a mapping, by key.
    Field(String),
    /// Into a list, counted from 0.
    Index(usize),
}

/// The steps from an object to a value inside it; the object itself is the empty path.
///
/// Shown as the API server shows it: `spec.containers[0].image`, `metadata.labels[app.kubernetes.io/name]`.
#[derive(Clone, Debug, Default, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct Path(Vec<Step>);

impl Path {
    /// The object itself.
    #[must_use]
    pub const fn root() -> Self {
        Self(Vec::new())
    }

    /// The steps, outermost first.
    #[must_use]
    pub fn steps(&self) -> &[Step] {
        &self.0
    }

    /// One step further.
    pub fn push(&mut self, step: Step) {
        self.0.push(step);
    }

    /// This path and then `key`.
    #[must_use]
    pub fn field(mut self, key: &str) -> Self {
        self.0.push(Step::Field(key.into()));
        self
    }

    /// This path and then the item at `index`.
    #[must_use]
    pub fn index(mut self, index: usize) -> Self {
        self.0.push(Step::Index(index));
        self
    }
}

impl FromIterator<Step> for Path {
    fn from_iter<I: IntoIterator<Item = Step>>(steps: I) -> Self {
        Self(steps.into_iter().collect())
    }
}

impl fmt::Display for Path {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (at, step) in self.0.iter().enumerate() {
            match step {
                Step::Index(index) => write!(f, "[{index}]")?,
                Step::Field(key) if is_word(key) => write!(f, "{}{key}", if at == 0 { "" } else { "." })?,
                Step::Field(key) => write!(f, "[{}]", key.escape_debug())?,
            }
        }
        Ok(())
    }
}

fn is_word(key: &str) -> bool {
    !key.is_empty() && key.bytes().all(|b| b.is_ascii_alphanumeric() || b == b'_' || b == b'$')
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn shown_as_the_api_server_does() {
        let path = Path::root().field("spec").field("containers").index(0).field("image");
        assert_eq!(path.to_string(), "spec.containers[0].image");
        let path = Path::root().field("metadata").field("labels").field("a.b/c").field("x");
        assert_eq!(path.to_string(), "metadata.labels[a.b/c].x");
        assert_eq!(Path::root().to_string(), "");
    }
}
