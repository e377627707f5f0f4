//! An `OpenAPI` schema as it is written: the keywords that decide about a value, everything else left out.

use std::collections::BTreeMap;

use serde::Deserialize;
use serde::de::IgnoredAny;

/// A schema of a pack, or of a `CustomResourceDefinition`.
#[derive(Default, Deserialize)]
#[serde(rename_all = "camelCase", default)]
#[expect(clippy::struct_excessive_bools, reason = "they are the keywords of a schema")]
pub(super) struct Document {
    /// The line of another schema in the same pack, which stands in place of this one.
    #[serde(rename = "$ref")]
    pub link: Option<u32>,
    #[serde(rename = "type")]
    pub kind: Option<String>,
    pub format: Option<String>,
    pub nullable: bool,
    /// Only whether there is one is of interest.
    pub default: Option<IgnoredAny>,
    pub properties: BTreeMap<String, Self>,
    pub required: Vec<String>,
    pub items: Option<Box<Self>>,
    pub additional_properties: Option<Additional>,
    #[serde(rename = "enum")]
    pub allowed: Vec<serde_json::Value>,
    pub pattern: Option<String>,
    pub min_length: Option<usize>,
    pub max_length: Option<usize>,
    pub min_items: Option<usize>,
    pub max_items: Option<usize>,
    pub unique_items: bool,
    pub min_properties: Option<usize>,
    pub max_properties: Option<usize>,
    pub minimum: Option<f64>,
    pub maximum: Option<f64>,
    pub exclusive_minimum: bool,
    pub exclusive_maximum: bool,
    pub multiple_of: Option<f64>,
    pub all_of: Vec<Self>,
    pub any_of: Vec<Self>,
    pub one_of: Vec<Self>,
    pub not: Option<Box<Self>>,
    #[serde(rename = "x-kubernetes-preserve-unknown-fields")]
    pub preserve: bool,
    #[serde(rename = "x-kubernetes-int-or-string")]
    pub int_or_string: bool,
    #[serde(rename = "x-kubernetes-embedded-resource")]
    pub embedded: bool,
    #[serde(rename = "x-kubernetes-list-type")]
    pub list_type: Option<String>,
    #[serde(rename = "x-kubernetes-list-map-keys")]
    pub list_keys: Vec<String>,
    /// CEL rules: counted, never evaluated.
    #[serde(rename = "x-kubernetes-validations")]
    pub rules: Vec<IgnoredAny>,
}

/// What `additionalProperties` may be.
#[derive(Deserialize)]
#[serde(untagged)]
pub(super) enum Additional {
    Any(bool),
    Each(Box<Document>),
}
