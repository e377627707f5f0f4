//! The layers behind one value.

use super::declare::Declarations;
use super::layer::{Change, Overlay};
use super::value::{Layer, Origin, ParamValue};

/// What one layer said about a parameter.
#[derive(Clone, Debug, PartialEq)]
pub struct Step {
    /// The layer and the place.
    pub origin: Origin,
    /// What it set; `None` when it unset the parameter.
    pub value: Option<ParamValue>,
}

/// What the layers said about parameter `index`, or about the key `inner` inside it (empty: the whole), lowest first.
#[must_use]
pub fn trace(declarations: &Declarations, layers: &[&Overlay], index: usize, inner: &str) -> Vec<Step> {
    let mut steps = Vec::new();
    if let Some(default) = &declarations.defaults[index]
        && let Some(value) = dig(&default.value, inner)
    {
        steps.push(Step { origin: default.origin, value: Some(value.clone()) });
    }
    for setting in layers.iter().filter_map(|layer| layer.settings.iter().find(|setting| setting.index == index)) {
        match &setting.change {
            Change::Unset(origin) => steps.push(Step { origin: *origin, value: None }),
            Change::Set(set) | Change::Replace(set) => {
                let Some(value) = dig(&set.value, inner) else {
                    // A replaced table takes with it what lower layers said about the keys inside.
                    if matches!(setting.change, Change::Replace(_)) {
                        steps.push(Step { origin: set.origin, value: None });
                    }
                    continue;
                };
                let place = setting.inner.iter().find(|(path, _)| path == inner).map_or(set.origin.span, |(_, s)| *s);
                let origin = Origin { layer: set.origin.layer, span: place };
                steps.push(Step { origin, value: Some(value.clone()) });
            }
        }
    }
    steps
}

/// The value under the dotted key `path` inside `value`; all of it for an empty path.
#[must_use]
pub fn dig<'v>(value: &'v ParamValue, path: &str) -> Option<&'v ParamValue> {
    if path.is_empty() {
        return Some(value);
    }
    let ParamValue::Table(table) = value else { return None };
    // Keys of free tables may hold dots themselves.
    if let Some(value) = table.get(path) {
        return Some(value);
    }
    path.match_indices('.').find_map(|(at, _)| dig(table.get(&path[..at])?, &path[at + 1..]))
}

impl Layer {
    /// The layer's name for people.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Stack => "default of the stack",
            Self::Fleet => "fleet",
            Self::Environment => "environment",
            Self::Client => "client",
            Self::ClientInEnvironment => "client in environment",
        }
    }
}
