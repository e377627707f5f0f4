//! What to do about a trouble of a cluster, as far as the fleet's files tell: the line that names an image, the Secret that
//! somebody has to set.

use super::secret_place::place_name;
use super::store::{Wanted, of_environments, wanted};
use crate::diagnostic::SourceMap;
use crate::fleet::{Fleet, SecretSource};
use crate::params::ParamValue;
use crate::status::{EnvironmentStatus, Expected, Lacking, image_parts};

/// Looks up hints in a fleet.
pub struct Hints<'f> {
    fleet: &'f Fleet,
    sources: &'f SourceMap,
}

impl<'f> Hints<'f> {
    /// Hints from `fleet`, whose files are `sources`.
    pub const fn new(fleet: &'f Fleet, sources: &'f SourceMap) -> Self {
        Self { fleet, sources }
    }

    /// Adds hints to the troubles of an environment.
    pub fn add(&self, status: &mut EnvironmentStatus, environment: usize, expected: &[Expected]) {
        for part in &mut status.parts {
            if part.troubles.iter().all(|one| one.lacking.is_none()) {
                continue;
            }
            let instance = part.client.as_deref().and_then(|client| self.instance(environment, client));
            for trouble in &mut part.troubles {
                let Some(lacking) = trouble.lacking.take() else { continue };
                let hint = match &lacking {
                    Lacking::Image(image) => instance.and_then(|at| self.image(at, image)),
                    Lacking::Secret { name, key } => {
                        self.secret(environment, instance, (name, key.as_deref()), expected)
                    }
                    Lacking::Password(references) => self.password(environment, references),
                };
                trouble.next = hint.or_else(|| trouble.next.take());
            }
        }
    }

    fn instance(&self, environment: usize, client: &str) -> Option<usize> {
        let fleet = self.fleet;
        fleet
            .instances
            .iter()
            .position(|one| one.environment == environment && fleet.clients[one.client].id.as_str() == client)
    }

    /// The parameter that an image has its tag from, and where that is set.
    fn image(&self, instance: usize, image: &str) -> Option<String> {
        let (name, tag, digest) = image_parts(image);
        let params = self.fleet.instances[instance].params.iter();
        let texts = params.filter_map(|(decl, resolved)| match &resolved?.value {
            ParamValue::String(text) => Some((decl, text.as_str())),
            _ => None,
        });
        let rank = |text: &str| {
            let wanted = [Some(image), tag, digest, Some(name)];
            wanted.iter().position(|one| *one == Some(text))
        };
        // A value as short as a tag stands in other parameters, too: the one about images comes first.
        let best = texts
            .filter_map(|(decl, text)| Some((!decl.path.as_str().contains("image"), rank(text)?, decl.path.as_str())));
        let (is_other, _, path) = best.min()?;
        if is_other && tag.is_none_or(|tag| tag.len() < 3) {
            return None;
        }
        let explanation = self.fleet.explain(instance, path).ok()?;
        let step = explanation.steps.first()?;
        Some(format!("{path} is set in {}", self.sources.place(step.origin.span)))
    }

    fn secret(
        &self,
        environment: usize,
        instance: Option<usize>,
        (name, key): (&str, Option<&str>),
        expected: &[Expected],
    ) -> Option<String> {
        let own = instance.map(|at| wanted(self.fleet, &[at])).unwrap_or_default();
        let shared = of_environments(self.fleet, |at| at == environment);
        let found =
            own.iter().chain(&shared).find(|one| one.object_name == name && one.place.environment == environment);
        let Some(found) = found else {
            let is_outside = self.fleet.environments[environment].external.get("secrets");
            let is_outside = is_outside.is_some_and(|names| names.iter().any(|known| known == name));
            return is_outside.then(|| {
                let place = format!("environments/{}.toml", self.fleet.environments[environment].name);
                format!("{place} says in `[external]` that the Secret is there: create it")
            });
        };
        let is_committed = expected.iter().any(|one| one.object.kind.contains("Secret") && one.object.name == name);
        match key {
            None if is_committed => None,
            None => Some(format!("lmsgen secrets status -e {}", self.fleet.environments[environment].name)),
            Some(key) => self.key(found, key),
        }
    }

    fn key(&self, found: &Wanted<'_>, key: &str) -> Option<String> {
        let declared = found.decl.keys.iter().find(|one| one.key == key)?;
        Some(match declared.source {
            SecretSource::Provided { .. } => {
                format!("lmsgen secrets set {} {} {key}", place_name(self.fleet, found.place), found.decl.name)
            }
            SecretSource::Generate(_) => "lmsgen render, then lmsgen publish".to_owned(),
        })
    }

    /// The password of an administrator that a Job logs in with: what a person gave, and may have to give again.
    fn password(&self, environment: usize, references: &[(String, String)]) -> Option<String> {
        let shared = of_environments(self.fleet, |at| at == environment);
        references.iter().find_map(|(name, key)| {
            let found = shared.iter().find(|one| one.object_name == *name)?;
            let declared = found.decl.keys.iter().find(|one| one.key == *key)?;
            let is_given = matches!(declared.source, SecretSource::Provided { .. }) && key.contains("pass");
            let place = place_name(self.fleet, found.place);
            is_given.then(|| {
                format!(
                    "the Secret {name} may be older than the server's password: lmsgen secrets set {place} {} {key}",
                    found.decl.name
                )
            })
        })
    }
}
