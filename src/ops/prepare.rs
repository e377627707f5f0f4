//! From source files to a rendered tree in memory: what every use case starts with.

use std::collections::HashMap;
use std::sync::Arc;

use crate::delivery;
use crate::diagnostic::{Class, Diagnostic, FileId, Sink, SourceMap, Span};
use crate::fleet::{self, Fleet, Selection, Sources, empty_fleet};
use crate::names::{Date, RelPath};
use crate::render::{Engines, Inspector, Rendered, Sentry, Watch, render};
use crate::template::NO_PUBLIC_HALF;
use crate::tree::Scope;

use super::Error;
use super::plaintext::{Watched, guard_of, watch};
use super::store::{Missing, Store, is_of_the_file, read_store};
use super::store_files::StoreFiles;

/// What a use case found and made.
#[derive(Debug, Default)]
pub struct Checked<T> {
    /// The outcome; `None` when a fault is an error.
    pub outcome: Option<T>,
    /// Every fault, sorted.
    pub found: Vec<Diagnostic>,
    /// The files they are in.
    pub sources: SourceMap,
    /// Instances looked at.
    pub n_instances: usize,
    /// Objects looked at.
    pub n_objects: usize,
}

impl<T> Checked<T> {
    /// `true` if any fault is an error.
    #[must_use]
    pub fn has_errors(&self) -> bool {
        self.found.iter().any(Diagnostic::is_error)
    }

    /// The same with more faults in front, each with the path of the file that it is about; no outcome if one of them
    /// is an error.
    #[must_use]
    pub fn after(mut self, faults: Vec<(Option<String>, Diagnostic)>) -> Self {
        let known: HashMap<Arc<str>, FileId> =
            self.sources.iter().map(|(file, source)| (Arc::clone(&source.path), file)).collect();
        let mut all: Vec<Diagnostic> = Vec::with_capacity(faults.len() + self.found.len());
        for (path, fault) in faults {
            all.push(match path {
                Some(path) => {
                    let file = known.get(path.as_str()).copied().unwrap_or_else(|| self.sources.add(path, ""));
                    fault.at(Span::file_start(file), "")
                }
                None => fault,
            });
        }
        all.append(&mut self.found);
        self.found = all;
        if self.has_errors() {
            self.outcome = None;
        }
        self
    }

    /// The same faults with another outcome.
    #[must_use]
    pub fn with<U>(self, outcome: Option<U>) -> Checked<U> {
        Checked {
            outcome,
            found: self.found,
            sources: self.sources,
            n_instances: self.n_instances,
            n_objects: self.n_objects,
        }
    }
}

/// A fleet that was read, and what its selected instances render to.
pub struct Prepared {
    /// The fleet.
    pub fleet: Fleet,
    /// Its templates.
    pub engines: Engines,
    /// Its secret store, as far as the selection needs it.
    pub store: Store,
    /// Selected instances.
    pub instances: Vec<usize>,
    /// Their output.
    pub rendered: Rendered,
    /// The text of every file.
    pub sources: SourceMap,
    /// Looks at what is rendered.
    pub inspector: Inspector,
    /// The guard against plaintext, and what it found.
    pub watched: Watched,
    /// Faults so far.
    pub found: Sink,
}

/// Reads, checks and renders, on no day in particular: no entry of `[[allow]]` has expired. Writes nothing.
///
/// # Errors
/// A selection without match, or a disk that cannot be read. Faults of files are in the result: `Err` inside when the
/// fleet could not be made.
pub fn prepare(
    store: StoreFiles<'_>,
    files: Sources,
    selection: &Selection,
) -> Result<Result<Prepared, Checked<()>>, Error> {
    prepare_on(None, store, files, selection)
}

/// As [`prepare`], on the day `today`.
///
/// # Errors
/// As [`prepare`].
pub fn prepare_on(
    today: Option<Date>,
    store: StoreFiles<'_>,
    files: Sources,
    selection: &Selection,
) -> Result<Result<Prepared, Checked<()>>, Error> {
    let loaded = fleet::load(&files);
    let (mut sources, mut found) = (loaded.sources, loaded.found);
    let is_doubtful = found.has_errors();
    let engines = loaded.fleet.as_ref().map(|fleet| Engines::compile(fleet, &sources, &mut found));
    let is_broken = has_broken_input(&found);
    let sentry = Sentry::new(guard_of(loaded.fleet.as_ref()), loaded.allow);
    let sentry = if let Some(today) = today { sentry.on(today) } else { sentry };
    sentry.report_expired(&mut found);
    let watched = watch(sentry, &files, &mut sources, &mut found);
    // Everything needed is in the map of sources now, which holds no plaintext from here on.
    drop(files);
    watched.redact(&mut found);
    watched.sentry.pass_over(&mut found, &sources);
    let (Some(fleet), Some(engines)) = (loaded.fleet, engines) else { return Ok(Err(faults(found, sources))) };
    if !is_doubtful && let Some(fault) = empty_fleet(&fleet) {
        found.push(fault);
    }
    let instances = match selection.instances(&fleet) {
        Ok(instances) => instances,
        // What was asked for may be missing because of the fault.
        Err(_) if is_doubtful => return Ok(Err(faults(found, sources))),
        Err(error) => return Err(error.into()),
    };
    let mut of_store = Sink::default();
    let mut store = read_store(store, &fleet, &instances, &mut sources, &mut of_store)?;
    watched.of_store(std::mem::take(&mut store.texts), &mut sources, &mut of_store);
    // Against declarations that are in doubt, right files look wrong, and the advice would be to remove them.
    of_store.retain(|fault| !is_doubtful || is_of_the_file(fault.code));
    found.append(of_store);
    let is_broken = is_broken || has_broken_input(&found);
    let inspector = Inspector::new(&fleet);
    let rendered = Rendered::default();
    let mut prepared = Prepared { fleet, engines, store, instances, rendered, sources, inspector, watched, found };
    if !is_broken {
        prepared.render();
    }
    Ok(Ok(prepared))
}

/// Templates that do not compile cannot be rendered; faults of values and the store do not stand in the way.
fn has_broken_input(found: &Sink) -> bool {
    found.as_slice().iter().any(|fault| fault.is_error() && fault.code.class == Class::Input)
}

fn faults(found: Sink, sources: SourceMap) -> Checked<()> {
    Checked { outcome: None, found: found.into_sorted(&sources), sources, n_instances: 0, n_objects: 0 }
}

impl Prepared {
    /// `true` if the selection is the whole fleet.
    #[must_use]
    pub fn is_everything(&self) -> bool {
        self.instances.len() == self.fleet.instances.len()
    }

    /// `true` if an error stands in the way, whatever is generated. A template that needs the public half of a key has
    /// to wait until the key is made.
    #[must_use]
    pub fn is_stopped(&self) -> bool {
        let makes = self.store.missing.iter().any(Missing::has_generated);
        self.found.as_slice().iter().any(|fault| fault.is_error() && !(makes && fault.code == NO_PUBLIC_HALF))
    }

    /// Forgets the faults of templates that had to wait.
    pub fn forget_not_made(&mut self) {
        self.found.retain(|fault| fault.code != NO_PUBLIC_HALF);
    }

    /// Renders again, after the store was completed.
    pub fn render_again(&mut self) {
        self.forget_not_made();
        self.render();
    }

    /// Output with a fault that is not allowed has no tree.
    fn render(&mut self) {
        let mut found = Sink::default();
        let watch = Watch { sentry: &self.watched.sentry, inspector: &self.inspector };
        self.rendered = render(&self.fleet, &self.engines, &self.store.secrets, &self.instances, watch, &mut found);
        let environments = self.environments();
        let folders = delivery::folders(&self.fleet, &environments, &self.rendered.tree, &mut found);
        self.watched.redact(&mut found);
        self.watched.sentry.pass_over(&mut found, &self.sources);
        let tree = std::mem::take(&mut self.rendered.tree);
        if !found.has_errors() {
            self.rendered.tree = tree.with(folders);
        }
        self.found.append(found);
    }

    /// The environments that are rendered, by index.
    fn environments(&self) -> Vec<usize> {
        let is_wanted = |at: &usize| {
            self.is_everything() || self.instances.iter().any(|&one| self.fleet.instances[one].environment == *at)
        };
        (0..self.fleet.environments.len()).filter(is_wanted).collect()
    }

    /// Takes out what `[[allow]]` allows of everything found so far. Before anybody asks whether there are errors.
    pub fn pass_over_allowed(&mut self) {
        self.watched.sentry.pass_over(&mut self.found, &self.sources);
    }

    /// The part of the output that the selection is about.
    #[must_use]
    pub fn scope(&self) -> Scope {
        if self.is_everything() {
            return Scope::All;
        }
        Scope::Folders(scope_folders(&self.rendered))
    }

    /// `lms-dev/C42`.
    #[must_use]
    pub fn instance_name(&self, instance: usize) -> String {
        let instance = &self.fleet.instances[instance];
        format!("{}/{}", self.fleet.environments[instance.environment].name, self.fleet.clients[instance.client].id)
    }

    /// Ends the use case with `outcome`, which must be `None` when a fault is an error.
    #[must_use]
    pub fn finish<T>(self, outcome: Option<T>) -> Checked<T> {
        Checked {
            outcome,
            n_instances: self.instances.len(),
            n_objects: self.rendered.n_objects,
            found: self.found.into_sorted(&self.sources),
            sources: self.sources,
        }
    }
}

/// `rendered/lms-dev/C7` and `rendered/lms-dev/environment` of everything in the tree.
fn scope_folders(rendered: &Rendered) -> Vec<RelPath> {
    let mut folders: Vec<RelPath> = rendered
        .tree
        .folders()
        .iter()
        .filter_map(|folder| {
            let path = folder.path.as_str();
            let depth = path.match_indices('/').nth(2).map_or(path.len(), |(at, _)| at);
            RelPath::new(&path[..depth]).ok()
        })
        .collect();
    folders.dedup();
    folders
}
