//! `publish`: validate, render, guard, commit, push; the local checkout follows when the remote has it.

use std::collections::BTreeMap;

use crate::diff::Owner;
use crate::files::{Durability, Lock, Root};
use crate::fleet::{self, Content, GitConfig, Selection, Sources};
use crate::git::{self, Files, Landed, Proposal, Published, Repository, Workspace};
use crate::names::{Date, RelPath};
use crate::render::OUTPUT;
use crate::sops::Identities;
use crate::tree::{apply, plan};

use super::committed::unraised;
use super::diff::owners;
use super::generate::{Generated, Making, generate_missing};
use super::prepare::{Checked, prepare_on};
use super::publish_guards::{Guards, Now, refuse_data_loss};
use super::publish_message::{Summary, message};
use super::render::{Strictness, require_secrets};
use super::store_files::{MAX_FILE, StoreFiles, WholeStore, folder};
use super::store_guard::StoreChanges;
use super::{Error, Watch, sops_yaml};
use crate::diagnostic::Sink;

/// How to publish.
pub struct PublishOptions<'a> {
    /// For Git; `remote` and `branch` come from `lmsgen.toml` unless set here.
    pub git: git::Options,
    /// Overrides the remote of `lmsgen.toml`.
    pub remote: Option<String>,
    /// First line of the commit message, in place of the one made from the changes.
    pub subject: Option<String>,
    /// What a person allows.
    pub allowed: Allowed,
    /// Refuse to make secrets.
    pub locked: bool,
    /// The day that entries of `[[allow]]` are held against.
    pub today: Option<Date>,
    /// The time for new store files, `2026-01-02T03:04:05Z`.
    pub now: String,
    /// Private keys, for store files that lack a key.
    pub identities: &'a Identities,
    /// Told about progress.
    pub watch: &'a dyn Watch,
}

/// What `publish` does only when a person says so.
#[derive(Clone, Copy, Debug, Default)]
pub struct Allowed {
    /// Delete more instances than `lmsgen.toml` allows.
    pub delete: bool,
    /// Delete what holds data.
    pub data_loss: bool,
    /// Commit store files that are older than the last commit's, or encrypted wholly anew.
    pub secret_change: bool,
}

/// What publishing did.
#[derive(Debug)]
pub struct PublishOutcome {
    /// Git's side.
    pub published: Published,
    /// Instances created, changed and deleted.
    pub summary: Summary,
    /// The remote's name.
    pub remote: String,
    /// Secrets made.
    pub n_generated: usize,
    /// Who applies it, by environment, and whether `status` can look there.
    pub engines: BTreeMap<String, (&'static str, bool)>,
}

/// Publishes the fleet.
///
/// # Errors
/// A broken operation, faults in the fleet's files ([`Error::Faults`]) or a guard; nothing was pushed then.
pub fn publish(root: &Root, options: &PublishOptions<'_>) -> Result<Checked<PublishOutcome>, Error> {
    let lock = super::store_files::lock(root)?;
    let repository = Repository::open(root.path())?;
    let OnDisk { files, odd } = read_files(root)?;
    let config = git_config(&files);
    let git = git::Options {
        remote: options.remote.clone().unwrap_or_else(|| config.remote.clone()),
        branch: Some(config.branch.clone()),
        ..options.git.clone()
    };
    let mut side = Publisher {
        root,
        lock: &lock,
        repository: &repository,
        options,
        config,
        odd,
        now: Now::default(),
        remote: git.remote.clone(),
        sops_yaml: None,
        faults: Checked::default(),
        n_generated: 0,
        summary: Summary::default(),
        engines: BTreeMap::new(),
    };
    match repository.publish(&mut side, files, &git) {
        Ok(published) => {
            let outcome = PublishOutcome {
                summary: side.summary,
                remote: git.remote,
                n_generated: side.n_generated,
                engines: side.engines,
                published,
            };
            Ok(side.faults.with(Some(outcome)))
        }
        Err(Error::Faults) => Ok(side.faults.with(None)),
        Err(other) => Err(other),
    }
}

/// The fleet's side of publishing.
struct Publisher<'a> {
    root: &'a Root,
    lock: &'a Lock<'a>,
    repository: &'a Repository,
    options: &'a PublishOptions<'a>,
    config: GitConfig,
    /// What stands on disk among the sources and is no regular file.
    odd: Sources,
    now: Now,
    /// The remote's name.
    remote: String,
    /// What `.sops.yaml` must hold.
    sops_yaml: Option<std::sync::Arc<[u8]>>,
    faults: Checked<()>,
    n_generated: usize,
    summary: Summary,
    engines: BTreeMap<String, (&'static str, bool)>,
}

impl Workspace for Publisher<'_> {
    type Error = Error;

    fn render(&mut self, sources: &Files) -> Result<git::Rendered, Error> {
        let fleet_sources = fleet_sources(sources, &self.odd);
        let mut prepared =
            match prepare_on(self.options.today, StoreFiles::Memory(sources), fleet_sources, &Selection::default())? {
                Ok(prepared) => prepared,
                Err(faults) => return Err(self.stop(faults)),
            };
        let strictness = if self.options.locked { Strictness::Locked } else { Strictness::Publish };
        require_secrets(self.root, &mut prepared, strictness)?;
        if prepared.is_stopped() {
            return Err(self.stop(prepared.finish(None)));
        }
        let making = Making {
            root: self.root,
            now: &self.options.now,
            identities: self.options.identities,
            watch: self.options.watch,
        };
        let made = generate_missing(&mut prepared, making)?;
        if !made.is_empty() {
            prepared.render_again();
            self.n_generated += made.iter().map(|file| file.n_values).sum::<usize>();
        }
        let changes = self.store_changes(sources, &made)?;
        for fault in unraised(&changes.unraised(), &mut prepared.sources) {
            prepared.found.push(fault);
        }
        self.now = Now::of(&prepared.fleet, owners(&prepared));
        let environments = prepared.fleet.environments.iter();
        self.engines =
            environments.map(|one| (one.name.to_string(), (one.delivery.word(), one.cluster.is_some()))).collect();
        self.sops_yaml = sops_yaml::wanted(&prepared.fleet);
        let tree = std::mem::take(&mut prepared.rendered.tree);
        // Only the first plan is of the disk as it is; faults in it (foreign files, links) stop before anything is made.
        let mut found = Sink::default();
        plan(self.root, &output(), &tree, &prepared.scope(), &mut found)?;
        prepared.found.append(found);
        let checked = prepared.finish(None);
        if checked.has_errors() {
            return Err(self.stop(checked));
        }
        self.faults = checked;
        let mut generated: Files = made.into_iter().map(|file| (file.path, file.bytes)).collect();
        // A person's own file is not among the sources, and stays.
        let config = sops_yaml::path();
        let foreign = self.root.kind(&config)?.is_some() && sops_yaml::own(self.root)?.is_none();
        if let Some(wanted) = self.sops_yaml.take().filter(|wanted| !foreign && sources.get(&config) != Some(wanted)) {
            generated.insert(config, wanted);
        }
        if !self.options.allowed.secret_change {
            changes.refuse()?;
        }
        Ok(git::Rendered { tree, generated })
    }

    fn approve(&mut self, proposal: &Proposal<'_>) -> Result<String, Error> {
        let pairs = self.repository.folders_below(proposal.parent, &output())?;
        let before: Vec<Owner> = pairs.iter().map(|(environment, client)| Owner::new(environment, client)).collect();
        self.summary = Summary::of(proposal.changes, &before, &self.now.owners);
        let guards = Guards { summary: &self.summary, config: &self.config, allow_delete: self.options.allowed.delete };
        guards.refuse_many(&before)?;
        if !self.options.allowed.data_loss {
            refuse_data_loss(self.repository, proposal, &self.now)?;
        }
        Ok(message(&self.summary, proposal.changes, self.options.subject.as_deref()))
    }

    fn write(&mut self, landed: &Landed<'_>) -> Result<(), Error> {
        let mut edited = Vec::new();
        for write in landed.sources {
            let there = self.root.read(&write.path, MAX_FILE)?;
            if there.as_deref() == write.new.as_deref() {
                continue;
            }
            if there.as_deref() != write.expected.as_deref() {
                edited.push(write.path.as_str());
                continue;
            }
            match &write.new {
                Some(bytes) => self.root.write(&write.path, bytes, Durability::Durable)?,
                None => {
                    self.root.remove(&write.path)?;
                }
            }
        }
        if !edited.is_empty() {
            return Err(Error::Guard {
                message: format!(
                    "the commit is on the remote, but these files were edited meanwhile: {}",
                    edited.join(", ")
                ),
                help: "they were left as they are; compare them with `git diff`, then publish again".into(),
            });
        }
        let mut found = Sink::default();
        let plan = plan(self.root, &output(), landed.tree, &crate::tree::Scope::All, &mut found)?;
        if found.has_errors() {
            return Err(Error::Guard {
                message:
                    "the commit is on the remote, but `rendered/` changed meanwhile and cannot be brought up to date"
                        .into(),
                help: "run `lmsgen render`; it says what stands in the way".into(),
            });
        }
        Ok(apply(self.lock, &plan)?)
    }
}

impl Publisher<'_> {
    /// Keeps the faults for the end and stops Git's side.
    fn stop(&mut self, faults: Checked<()>) -> Error {
        self.faults = faults;
        Error::Faults
    }

    /// How the store that is to be published differs from the commits that it goes on top of: the local one, and what was
    /// last seen of the remote, which commits made by hand are on top of.
    fn store_changes(&self, sources: &Files, made: &[Generated]) -> Result<StoreChanges, Error> {
        let stored = sources.iter().filter(|(path, _)| path.is_within(&folder()));
        let made = made.iter().map(|file| (&file.path, &file.bytes));
        let store = stored.chain(made).map(|(path, bytes)| (path.clone(), bytes.clone())).collect();
        let seen = self.repository.last_seen(&self.remote, &self.config.branch)?;
        let bases: Vec<_> = self.repository.head()?.into_iter().chain(seen).collect();
        StoreChanges::find(self.repository, &bases, &store)
    }
}

fn output() -> RelPath {
    RelPath::new(OUTPUT).expect("a plain name")
}

/// `[git]` of `lmsgen.toml`; the defaults when it cannot be read, which rendering reports.
fn git_config(files: &Files) -> GitConfig {
    let only = files.iter().filter(|(path, _)| path.as_str() == "lmsgen.toml");
    let only = Sources::new(only.map(|(path, bytes)| (path.clone(), Content::File(bytes.clone()))));
    fleet::load(&only).fleet.map_or_else(GitConfig::default, |fleet| fleet.git)
}

/// The sources on disk.
struct OnDisk {
    files: Files,
    /// What else was found: names and things that are no regular files, for loading to refuse.
    odd: Sources,
}

/// Every source file as it is on disk, the store included.
fn read_files(root: &Root) -> Result<OnDisk, Error> {
    let mut odd = Sources::from_disk(root)?;
    let mut files = odd.take_files();
    files.retain(|path, _| !fleet::is_ignored(path));
    let store = WholeStore::read(root)?;
    for path in store.others.iter().filter_map(|path| RelPath::new(path).ok()).filter(|path| !fleet::is_ignored(path)) {
        // Says what is wrong with it.
        root.read(&path, MAX_FILE)?;
    }
    files.extend(store.files.into_iter().filter(|(path, _)| !fleet::is_ignored(path)));
    files.extend(sops_yaml::own(root)?.map(|bytes| (sops_yaml::path(), bytes)));
    Ok(OnDisk { files, odd })
}

/// The files that the fleet is loaded from; what is no regular file on disk stays a fault.
fn fleet_sources(files: &Files, odd: &Sources) -> Sources {
    let mut sources = odd.clone();
    for (path, bytes) in files.iter().filter(|(path, _)| Sources::holds(path)) {
        sources.insert(path.clone(), Content::File(bytes.clone()));
    }
    sources
}
