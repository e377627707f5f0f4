//! Where a parameter's value comes from, in words.

use super::Page;

/// A parameter of one instance, as `explain` shows it. All texts are as a person wrote them.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Explanation {
    /// The parameter's path: `image.tag`.
    pub key: String,
    /// The layers that set it, the one that wins first; empty when it is unset.
    pub settings: Vec<Setting>,
    /// What its values look like: `string matching ^[A-Za-z]+$`, `integer from 1 to 720, hours`.
    pub shape: String,
    /// What it is.
    pub description: String,
    /// `true` if the stack declares a default (it is then among `settings`, unless a layer unset it).
    pub has_default: bool,
    /// `templates/lms/app/deployment.yaml:17`, every place that reads it.
    pub read_by: Vec<String>,
}

/// What one layer says about a parameter.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Setting {
    /// The value as TOML; `None` where a layer unset it.
    pub value: Option<String>,
    /// `clients/C42.toml:21`.
    pub place: String,
    /// The layer in words: `client in environment`.
    pub layer: String,
}

/// The value, what it overrides, what it may be and who reads it.
#[must_use]
pub fn explain_text(_explanation: &Explanation, _page: &Page) -> String {
    String::new()
}
