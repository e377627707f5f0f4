//! `status`: what is committed against what a cluster holds. Writes nothing, to no cluster either.

use std::collections::{BTreeSet, HashMap};

use rayon::prelude::*;

use crate::cluster::{self, Cluster};
use crate::diagnostic::SourceMap;
use crate::files::Root;
use crate::fleet::{self, Delivery, Fleet, Selection, Sources, State};
use crate::git::{Repository, Revision};
use crate::names::RelPath;
use crate::render::OUTPUT;
use crate::status::{Asked, Asking, Dump, Expected, Query, Resource, Seen, Speech, Status, judge, queries};

use super::Error;
use super::plaintext::guard_of;
use super::prepare::{Checked, prepare};
use super::status_hints::Hints;
use super::store_files::StoreFiles;

/// Everything there is to know before a cluster is looked at.
pub struct Question {
    /// The fleet, as it is on disk.
    pub fleet: Fleet,
    /// The commit that is compared with; `None` before the first one.
    pub revision: Option<Revision>,
    /// What is asked, an environment each.
    pub environments: Vec<EnvironmentQuestion>,
    repository: Repository,
    sources: SourceMap,
    speech: Speech,
}

/// Different commits that engines may have applied; a few while they follow a new one.
const MOST_COMMITS: usize = 20;

/// What is asked about one environment.
pub struct EnvironmentQuestion {
    /// Index into [`Fleet::environments`].
    pub environment: usize,
    /// What to ask its cluster.
    pub queries: Vec<Query>,
    /// `true` if the environment itself was asked for by its name.
    pub is_named: bool,
    expected: Vec<Expected>,
    parts: Vec<Asking>,
    is_whole: bool,
}

/// What a cluster holds of an environment.
#[derive(Debug)]
pub struct Answer {
    /// Its objects.
    pub dump: Dump,
    /// Kinds that were looked for.
    pub seen: Seen,
    /// Kinds that the cluster does not serve or would not give.
    pub refused: Vec<String>,
}

/// Reads what is committed at HEAD and what the selection means.
///
/// # Errors
/// A selection without match, or a broken operation. Faults that leave no fleet are in the result.
pub fn status_question(root: &Root, selection: &Selection) -> Result<Checked<Question>, Error> {
    let files = Sources::from_disk(root)?;
    let loaded = fleet::load(&files);
    let Some(fleet) = loaded.fleet else {
        // Faults are shown with the lines that they are in, and those are looked at for secrets first.
        return Ok(match prepare(StoreFiles::Disk(root), files, selection)? {
            Ok(prepared) => prepared.finish(None),
            Err(faults) => faults.with(None),
        });
    };
    let instances = selection.instances(&fleet)?;
    let repository = Repository::open(root.path())?;
    let revision = repository.head()?;
    let mut wanted: BTreeSet<usize> = instances.iter().map(|&at| fleet.instances[at].environment).collect();
    if selection.is_of_environments() {
        let named = |at: &usize| selection.names_environment(fleet.environments[*at].name.as_str());
        wanted.extend((0..fleet.environments.len()).filter(named));
    }
    let files = match &revision {
        Some(revision) => repository.files_below(revision, OUTPUT)?,
        None => HashMap::new(),
    };
    let environments = wanted.into_iter().map(|at| {
        let expected = expected(&files, fleet.environments[at].name.as_str());
        of_environment(&fleet, at, expected, &instances, selection)
    });
    let environments = environments.collect();
    let speech = Speech::new(guard_of(Some(&fleet)));
    let question = Question { fleet, revision, environments, repository, sources: loaded.sources, speech };
    Ok(Checked { n_instances: instances.len(), ..Checked::<()>::default() }.with(Some(question)))
}

/// The objects of an environment, by their paths.
fn expected(files: &HashMap<RelPath, Vec<u8>>, environment: &str) -> Vec<Expected> {
    let folder = format!("{OUTPUT}/{environment}/");
    let mut files: Vec<_> = files.iter().filter(|(path, _)| path.as_str().starts_with(&folder)).collect();
    files.sort_by(|a, b| a.0.cmp(b.0));
    files.par_iter().filter_map(|(path, bytes)| Expected::read(path.as_str(), bytes)).collect()
}

fn of_environment(
    fleet: &Fleet,
    at: usize,
    expected: Vec<Expected>,
    instances: &[usize],
    selection: &Selection,
) -> EnvironmentQuestion {
    let environment = &fleet.environments[at];
    let is_whole = selection.is_of_environments();
    let mut parts = Vec::new();
    if is_whole {
        let title = "what the environment has once".to_owned();
        parts.push(Asking { client: None, title, phases: Vec::new(), may_be_empty: false });
    }
    for instance in instances.iter().map(|&one| &fleet.instances[one]).filter(|one| one.environment == at) {
        let client = &fleet.clients[instance.client];
        let title = match instance.state {
            State::Active => client.name.clone(),
            state => format!("{} ({})", client.name, state.word()),
        };
        let phases = fleet.phases(instance).map(ToOwned::to_owned).collect();
        let may_be_empty = matches!(instance.state, State::Archived | State::Deprovisioned);
        parts.push(Asking { client: Some(client.id.to_string()), title, phases, may_be_empty });
    }
    let applications = match &environment.delivery {
        Delivery::ArgoCd(argocd) => Some(argocd.namespace.as_str()),
        Delivery::Flux(_) | Delivery::Kubectl => None,
    };
    EnvironmentQuestion {
        environment: at,
        queries: queries(&expected, &environment.namespace, applications),
        is_named: !selection.environments.is_empty(),
        expected,
        parts,
        is_whole,
    }
}

/// Asks a cluster: at most one run of `kubectl` for each namespace, and one to learn which custom kinds there are.
///
/// # Errors
/// The cluster cannot be read.
pub fn ask_cluster(cluster: &Cluster, queries: &[Query]) -> Result<Answer, Error> {
    let is_optional = queries.iter().flat_map(|query| &query.resources).any(Resource::is_optional);
    let served = if is_optional { Some(cluster.served()?) } else { None };
    let is_served =
        |one: &&Resource| !one.is_optional() || served.as_ref().is_none_or(|served| served.contains(&one.name));
    let mut answer = Answer { dump: Dump::default(), seen: Seen::default(), refused: Vec::new() };
    let mut answered: Vec<&Resource> = Vec::new();
    let mut said = String::new();
    for query in queries {
        let (asked, lacking): (Vec<&Resource>, Vec<&Resource>) = query.resources.iter().partition(is_served);
        answer.refused.extend(lacking.into_iter().map(|one| format!("{} (not served)", one.name)));
        if asked.is_empty() {
            continue;
        }
        let names: Vec<&str> = asked.iter().map(|one| one.name.as_str()).collect();
        let listed = cluster.list(&names, &query.namespace)?;
        // Of kinds that are all forbidden there may be nothing to read.
        if listed.said.is_empty() || !listed.json.trim_ascii().is_empty() {
            let dump = Dump::read(&listed.json).map_err(|source| Error::Dump { path: "kubectl get".into(), source })?;
            answer.dump.append(dump);
        }
        let is_refused = |one: &&&Resource| {
            listed.refused.iter().any(|refused| {
                one.group == refused.group && one.name.split('.').next() == Some(refused.resource.as_str())
            })
        };
        answer.refused.extend(asked.iter().filter(is_refused).map(|one| format!("{} (forbidden)", one.name)));
        answered.extend(asked.iter().filter(|one| !is_refused(one)));
        said.push_str(&listed.said);
    }
    // A token may be good for one namespace; one that is good for none is no token.
    if answered.is_empty() {
        return Err(cluster::Error::Failed(said).into());
    }
    answer.seen = Seen::asked(answered);
    Ok(answer)
}

impl Question {
    /// What has changed in the output since the commits that engines say they have applied. A commit that is not in the
    /// repository says nothing.
    fn changed_since(&self, answers: &[&Answer]) -> HashMap<String, Vec<String>> {
        let Some(head) = &self.revision else { return HashMap::new() };
        let ids: BTreeSet<&str> = answers.iter().flat_map(|answer| answer.dump.applied_commits()).collect();
        let changed = ids.into_iter().take(MOST_COMMITS).filter_map(|id| {
            let applied = self.repository.resolve(id).ok()?;
            let paths = self.repository.differing_below(&applied, head, OUTPUT).ok()?;
            Some((id.to_owned(), paths.iter().map(ToString::to_string).collect()))
        });
        changed.collect()
    }

    /// Leaves out environments that nobody named and that a dump holds nothing of. The names of those that are left out.
    pub fn leave_out_absent(&mut self, dump: &Dump) -> Vec<String> {
        let fleet = &self.fleet;
        let name = |one: &EnvironmentQuestion| fleet.environments[one.environment].name.to_string();
        let is_there = |one: &EnvironmentQuestion| {
            one.is_named || dump.has_namespace(&fleet.environments[one.environment].namespace)
        };
        let absent = self.environments.iter().filter(|one| !is_there(one)).map(name).collect();
        self.environments.retain(is_there);
        absent
    }

    /// Leaves out environments that nobody named and whose files do not say how their clusters are reached, unless no other is
    /// left. The names of those that are left out.
    pub fn leave_out_unreachable(&mut self) -> Vec<String> {
        let fleet = &self.fleet;
        let of = |one: &EnvironmentQuestion| &fleet.environments[one.environment];
        let is_asked = |one: &EnvironmentQuestion| one.is_named || of(one).cluster.is_some();
        if !self.environments.iter().any(is_asked) {
            return Vec::new();
        }
        let left = self.environments.iter().filter(|one| !is_asked(one)).map(|one| of(one).name.to_string()).collect();
        self.environments.retain(is_asked);
        left
    }

    /// Namespaces that are asked about.
    pub fn namespaces(&self) -> impl Iterator<Item = &str> {
        self.environments.iter().map(|one| self.fleet.environments[one.environment].namespace.as_str())
    }

    /// Judges what each environment's cluster holds, at `now` in seconds since 1970.
    ///
    /// # Panics
    /// When there are fewer answers than environments.
    pub fn judge(&self, answers: &[&Answer], now: i64) -> Status {
        let changed = self.changed_since(answers);
        let commit = self.revision.as_ref().map(Revision::id).unwrap_or_default();
        let hints = Hints::new(&self.fleet, &self.sources);
        let judged = self.environments.iter().zip(answers).map(|(one, answer)| {
            let environment = &self.fleet.environments[one.environment];
            let asked = Asked {
                name: environment.name.to_string(),
                namespace: environment.namespace.clone(),
                delivery: environment.delivery.word(),
                expected: &one.expected,
                parts: one.parts.clone(),
                is_whole: one.is_whole,
                changed: &changed,
                commit: &commit,
            };
            let mut status = judge(&asked, &answer.dump, &answer.seen, &self.speech, now);
            hints.add(&mut status, one.environment, &one.expected);
            status
        });
        Status { environments: judged.collect() }
    }
}
