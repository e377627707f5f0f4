//! `render`: missing secrets made, output written.

use crate::diagnostic::{Class, Code, Diagnostic};
use crate::files::Root;
use crate::fleet::{Fleet, SecretSource, Selection, Sources};
use crate::names::{Date, RelPath};
use crate::render::{OUTPUT, SecretPlace};
use crate::sops::Identities;
use crate::tree::{Counts, apply, plan};

use super::committed::{Committed, gone, restore};
use super::generate::{Making, generate_missing, write_generated};
use super::prepare::{Checked, Prepared, prepare_on};
use super::secret_place::place_name;
use super::store::{Missing, MissingKey, Optional};
use super::store_files::StoreFiles;
use super::{Error, Generated};

/// A secret that `--locked` may not make.
const LOCKED: Code = Code::new("LMS441", Class::Secret);
/// A secret value that a person must give.
pub const PROVIDE: Code = Code::new("LMS442", Class::Secret);

/// Told about progress of long work.
pub trait Watch: Sync {
    /// Work of `total` steps begins.
    fn begin(&self, doing: &str, total: usize);
    /// `done` steps are done.
    fn advance(&self, done: usize);
}

/// How to render.
pub struct RenderOptions<'a> {
    /// What to render.
    pub selection: Selection,
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

/// What rendering did.
#[derive(Debug)]
pub struct RenderOutcome {
    /// Secrets made, by place: `lms-dev/C7` and the number of values.
    pub generated: Vec<(String, usize)>,
    /// Output files by what happened to them.
    pub counts: Counts,
    /// Instances with a changed file.
    pub changed_instances: Vec<String>,
    /// Instances rendered.
    pub n_instances: usize,
    /// Values that a person may give: place, Secret, key.
    pub optional: Vec<(String, String, String)>,
}

/// Renders the selection and writes what changed.
///
/// # Errors
/// A broken operation; faults in files are in the result, and then nothing was written.
pub fn render(root: &Root, options: &RenderOptions<'_>) -> Result<Checked<RenderOutcome>, Error> {
    let lock = super::store_files::lock(root)?;
    let files = Sources::from_disk(root)?;
    let mut prepared = match prepare_on(options.today, StoreFiles::Disk(root), files, &options.selection)? {
        Ok(prepared) => prepared,
        Err(faults) => return Ok(faults.with(None)),
    };
    require_secrets(root, &mut prepared, if options.locked { Strictness::Locked } else { Strictness::Lenient })?;
    if prepared.is_stopped() {
        return Ok(prepared.finish(None));
    }
    let making = Making { root, now: &options.now, identities: options.identities, watch: options.watch };
    let generated = generate_missing(&mut prepared, making)?;
    if !generated.is_empty() {
        prepared.render_again();
    }
    let output = RelPath::new(OUTPUT).expect("a plain name");
    let scope = prepared.scope();
    let tree = std::mem::take(&mut prepared.rendered.tree);
    let plan = plan(root, &output, &tree, &scope, &mut prepared.found)?;
    let mut outcome = None;
    if !prepared.found.has_errors() {
        write_generated(root, &generated)?;
        super::sops_yaml::keep_in_step(root, &prepared.fleet)?;
        apply(&lock, &plan)?;
        let mut changed: Vec<String> = plan.changes().iter().filter_map(|(path, _)| instance_of(path)).collect();
        changed.sort();
        changed.dedup();
        // What delivers a client changes with it, and is no place of its own then.
        let delivery = format!("/{}", crate::delivery::DELIVERY);
        if changed.iter().any(|place| !place.ends_with(&delivery)) {
            changed.retain(|place| !place.ends_with(&delivery));
        }
        outcome = Some(RenderOutcome {
            generated: count_generated(&prepared, &generated),
            counts: plan.counts(),
            changed_instances: changed,
            n_instances: prepared.instances.len(),
            optional: optional(&prepared),
        });
    }
    Ok(prepared.finish(outcome))
}

/// `lms-dev/C7` of a path below the output.
fn instance_of(path: &RelPath) -> Option<String> {
    let mut parts = path.as_str().split('/').skip(1);
    Some(format!("{}/{}", parts.next()?, parts.next()?))
}

fn count_generated(prepared: &Prepared, generated: &[Generated]) -> Vec<(String, usize)> {
    let mut counts = std::collections::BTreeMap::new();
    for file in generated {
        *counts.entry(place_name(&prepared.fleet, file.place)).or_insert(0) += file.n_values;
    }
    counts.into_iter().collect()
}

/// What a place can do without, and may be given.
fn optional(prepared: &Prepared) -> Vec<(String, String, String)> {
    let is_optional = |key: &MissingKey| matches!(key.source, SecretSource::Provided { optional: true, .. });
    let mut found = Vec::new();
    for missing in &prepared.store.missing {
        for key in missing.keys.iter().filter(|key| is_optional(key)) {
            found.push((place_name(&prepared.fleet, missing.place), missing.name.to_string(), key.key.clone()));
        }
    }
    found
}

/// How missing secret values are taken.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Strictness {
    /// What a person must give is a warning, what lmsgen can make is made.
    Lenient,
    /// What a person must give is an error.
    Publish,
    /// Everything that is missing is an error.
    Locked,
}

/// Reports missing secret values; gives what the last commit has of the files that lack some.
///
/// # Errors
/// The last commit cannot be read.
pub fn require_secrets(root: &Root, prepared: &mut Prepared, strictness: Strictness) -> Result<Committed, Error> {
    let paths: Vec<RelPath> = prepared.store.missing.iter().map(|missing| missing.path.clone()).collect();
    let committed = Committed::at(root, &paths)?;
    let mut faults = if strictness == Strictness::Lenient { gone(&committed, prepared) } else { Vec::new() };
    // Nobody misses a value in an environment without clients yet.
    let is_used = |place: SecretPlace| {
        let mut instances = prepared.fleet.instances.iter();
        place.client.is_some() || instances.any(|instance| instance.environment == place.environment)
    };
    for missing in prepared.store.missing.iter().filter(|missing| is_used(missing.place)) {
        let is_gone = missing.existing.is_none() && committed.holds(&missing.path);
        if is_gone && strictness == Strictness::Lenient {
            continue;
        }
        let restored = is_gone.then(|| restore(&missing.path));
        faults.extend(missing_faults(&prepared.fleet, missing, strictness, restored.as_deref()));
    }
    for fault in faults {
        prepared.found.push(fault);
    }
    Ok(committed)
}

/// What is said of one Secret; `restored` is the help where its file is gone.
fn missing_faults(fleet: &Fleet, missing: &Missing, strictness: Strictness, restored: Option<&str>) -> Vec<Diagnostic> {
    let (place, decl) = (place_name(fleet, missing.place), missing.decl(fleet));
    let mut faults = Vec::new();
    for key in missing.provided(Optional::LeftOut) {
        let message = format!("Secret `{}` has no value for key `{}`", missing.name, key.key);
        let fault = match strictness {
            Strictness::Lenient => Diagnostic::warning(PROVIDE, message),
            Strictness::Publish | Strictness::Locked => Diagnostic::error(PROVIDE, message),
        };
        let refuses = if strictness == Strictness::Lenient { "; `publish` refuses to go without it" } else { "" };
        let set = || format!("run `lmsgen secrets set {place} {} {}`{refuses}", missing.name, key.key);
        let span = decl.keys.iter().find(|one| one.key == key.key).map_or(decl.span, |one| one.span);
        let help = restored.map_or_else(set, str::to_owned);
        faults.push(fault.at(span, "declared here").help(help).in_instance(&place));
    }
    if strictness == Strictness::Locked && missing.has_generated() {
        let message = format!("Secret `{}` is not generated yet", missing.name);
        let help = restored.unwrap_or("run `lmsgen render` without `--locked` and commit `secrets/`");
        faults.push(Diagnostic::error(LOCKED, message).at(decl.span, "declared here").help(help).in_instance(&place));
    }
    faults
}
