//! Which instances a command is about: client ids or globs, environments, labels.

use super::Fleet;
use crate::document::{nearest, quoted};

/// What was asked for, as typed; an empty list asks for all.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Selection {
    /// Client ids or globs (`C4*`), or instances (`lms-dev/C42`, `lms-dev/*`); any of them.
    pub clients: Vec<String>,
    /// Environment names or globs; any of them.
    pub environments: Vec<String>,
    /// Labels `key=value`; all of them.
    pub labels: Vec<String>,
}

/// Why a selection is refused: a fault of the command line, not of a file.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum SelectionError {
    /// A pattern or the selection as a whole matches nothing.
    #[error("no {what} matches {asked}{near}")]
    NoMatch {
        /// `client`, `environment` or `instance`.
        what: &'static str,
        /// What was asked, quoted.
        asked: String,
        /// Near misses or what there is, as a fragment that starts with `; `; may be empty.
        near: String,
    },
    /// A label selector without `=`.
    #[error("{0} is no label selector: write `key=value`")]
    Label(String),
}

impl Selection {
    /// `true` if nothing narrows it down.
    #[must_use]
    pub fn is_everything(&self) -> bool {
        self.clients.is_empty() && self.environments.is_empty() && self.labels.is_empty()
    }

    /// `true` if it names no client, so that what belongs to environments themselves is part of it.
    #[must_use]
    pub fn is_of_environments(&self) -> bool {
        self.clients.is_empty() && self.labels.is_empty()
    }

    /// `true` for an environment that it names, or when it names none.
    #[must_use]
    pub fn names_environment(&self, name: &str) -> bool {
        self.environments.is_empty() || self.environments.iter().any(|pattern| matches(pattern, name))
    }

    /// Indices into [`Fleet::instances`], ascending. Never empty, except for everything of an empty fleet.
    ///
    /// # Errors
    /// When a pattern matches nothing, or all of them together do.
    pub fn instances(&self, fleet: &Fleet) -> Result<Vec<usize>, SelectionError> {
        if self.is_everything() {
            return Ok((0..fleet.instances.len()).collect());
        }
        let mut environments = vec![self.environments.is_empty(); fleet.environments.len()];
        for pattern in &self.environments {
            let found = matching_environments(fleet, pattern);
            if found.is_empty() {
                return Err(no_environment(fleet, pattern));
            }
            for index in found {
                environments[index] = true;
            }
        }
        let labels = self.labels.iter().map(|text| parse_label(text)).collect::<Result<Vec<_>, _>>()?;
        for (key, value) in &labels {
            if !fleet.clients.iter().any(|client| client.labels.get(*key).is_some_and(|found| found == value)) {
                return Err(no_label(fleet, key, value));
            }
        }
        let named = self.named(fleet)?;
        let is_asked = |index: &usize| {
            let instance = &fleet.instances[*index];
            let client = &fleet.clients[instance.client];
            let has_labels =
                labels.iter().all(|(key, value)| client.labels.get(*key).is_some_and(|found| found == value));
            named[*index] && environments[instance.environment] && has_labels
        };
        let found: Vec<usize> = (0..fleet.instances.len()).filter(is_asked).collect();
        if found.is_empty() {
            let parts = [&self.clients, &self.environments, &self.labels];
            let asked: Vec<String> = parts.into_iter().flatten().map(|text| quoted(text)).collect();
            let asked = format!("all of {}", asked.join(", "));
            return Err(SelectionError::NoMatch { what: "instance", asked, near: self.elsewhere(fleet) });
        }
        Ok(found)
    }

    /// Which instances the positional patterns name.
    fn named(&self, fleet: &Fleet) -> Result<Vec<bool>, SelectionError> {
        let mut named = vec![self.clients.is_empty(); fleet.instances.len()];
        for pattern in &self.clients {
            let (environment, client) = pattern.split_once('/').map_or((None, pattern.as_str()), |(e, c)| (Some(e), c));
            let environments = environment.map(|environment| (environment, matching_environments(fleet, environment)));
            if let Some((asked, found)) = &environments
                && found.is_empty()
            {
                return Err(no_environment(fleet, asked));
            }
            let clients = matching_clients(fleet, client);
            if clients.is_empty() {
                return Err(no_client(fleet, client));
            }
            for (index, instance) in fleet.instances.iter().enumerate() {
                let is_there = environments.as_ref().is_none_or(|(_, found)| found.contains(&instance.environment));
                named[index] |= is_there && clients.binary_search(&instance.client).is_ok();
            }
        }
        Ok(named)
    }

    /// Where the only client asked for runs instead.
    fn elsewhere(&self, fleet: &Fleet) -> String {
        let [pattern] = &self.clients[..] else { return String::new() };
        let clients = matching_clients(fleet, pattern.rsplit('/').next().unwrap_or(pattern));
        let [client] = clients[..] else { return String::new() };
        let places: Vec<String> = fleet
            .instances
            .iter()
            .filter(|instance| instance.client == client)
            .map(|instance| format!("`{}`", fleet.environments[instance.environment].name))
            .collect();
        let id = &fleet.clients[client].id;
        match &places[..] {
            [] => format!("; client `{id}` runs in no environment"),
            _ => format!("; client `{id}` runs in {}", places.join(", ")),
        }
    }
}

fn is_glob(pattern: &str) -> bool {
    pattern.contains(['*', '?'])
}

fn matching_clients(fleet: &Fleet, pattern: &str) -> Vec<usize> {
    if is_glob(pattern) {
        let is_match = |index: &usize| matches(pattern, fleet.clients[*index].id.as_str());
        return (0..fleet.clients.len()).filter(is_match).collect();
    }
    fleet.clients.binary_search_by(|client| client.id.as_str().cmp(pattern)).into_iter().collect()
}

fn matching_environments(fleet: &Fleet, pattern: &str) -> Vec<usize> {
    (0..fleet.environments.len()).filter(|index| matches(pattern, fleet.environments[*index].name.as_str())).collect()
}

fn no_client(fleet: &Fleet, asked: &str) -> SelectionError {
    let near = nearest(asked, fleet.clients.iter().map(|client| client.id.as_str()));
    let near = near.map(|near| format!("; did you mean `{near}`?")).unwrap_or_default();
    SelectionError::NoMatch { what: "client", asked: quoted(asked), near }
}

fn no_environment(fleet: &Fleet, asked: &str) -> SelectionError {
    let names: Vec<String> = fleet.environments.iter().map(|environment| format!("`{}`", environment.name)).collect();
    let near = if names.is_empty() { "; there is none".into() } else { format!("; there are {}", names.join(", ")) };
    SelectionError::NoMatch { what: "environment", asked: quoted(asked), near }
}

fn no_label(fleet: &Fleet, key: &str, value: &str) -> SelectionError {
    let mut values: Vec<String> =
        fleet.clients.iter().filter_map(|client| client.labels.get(key)).map(|value| quoted(value)).collect();
    values.sort();
    values.dedup();
    values.truncate(10);
    let near = if values.is_empty() {
        let keys = || fleet.clients.iter().flat_map(|client| client.labels.keys()).map(String::as_str);
        nearest(key, keys()).map(|near| format!("; did you mean `{near}`?")).unwrap_or_default()
    } else {
        format!("; values of {} are {}", quoted(key), values.join(", "))
    };
    SelectionError::NoMatch { what: "client", asked: quoted(&format!("{key}={value}")), near }
}

fn parse_label(text: &str) -> Result<(&str, &str), SelectionError> {
    text.split_once('=').filter(|(key, _)| !key.is_empty()).ok_or_else(|| SelectionError::Label(quoted(text)))
}

/// `true` if `text` matches `pattern`, in which `*` stands for any text and `?` for any character.
fn matches(pattern: &str, text: &str) -> bool {
    let (pattern, text): (Vec<char>, Vec<char>) = (pattern.chars().collect(), text.chars().collect());
    let (mut p, mut t) = (0, 0);
    // Where to go on when the text after the last star does not fit.
    let mut retry: Option<(usize, usize)> = None;
    while t < text.len() {
        match pattern.get(p) {
            Some('*') => {
                retry = Some((p, t));
                p += 1;
            }
            Some(c) if *c == '?' || *c == text[t] => {
                p += 1;
                t += 1;
            }
            _ => match retry {
                Some((star, from)) => {
                    retry = Some((star, from + 1));
                    p = star + 1;
                    t = from + 1;
                }
                None => return false,
            },
        }
    }
    pattern[p..].iter().all(|c| *c == '*')
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn globs_match_whole_names() {
        for (pattern, text) in
            [("C42", "C42"), ("C4*", "C4"), ("C4*", "C42"), ("*", ""), ("*2*", "C42"), ("C?2", "C42"), ("*a*b", "aab")]
        {
            assert!(matches(pattern, text), "{pattern} {text}");
        }
        for (pattern, text) in [("C42", "C421"), ("C4", "C42"), ("?", ""), ("*1", "C42"), ("c42", "C42"), ("", "C")] {
            assert!(!matches(pattern, text), "{pattern} {text}");
        }
        let long = "a".repeat(10_000);
        assert!(!matches("*a*a*a*a*a*b", &long));
    }
}
