//! `apply-plan`: what a person or a pipeline does with `kubectl` to bring an environment to what is rendered. Applies nothing.

use crate::delivery::{ApplyPlan, ClientSteps, Step};
use crate::diff::Owner;
use crate::files::Root;
use crate::fleet::{DEPROVISION, Deletion, Delivery, Environment, Selection, Sources};
use crate::git::Repository;
use crate::manifest::{ObjectRef, apply_rank, parse_documents};
use crate::names::RelPath;
use crate::render::{OUTPUT, may_be_database};
use crate::tree::{FileChange, RECORD, Scope};

use super::Error;
use super::prepare::{Checked, Prepared, prepare};
use super::render::{Strictness, require_secrets};
use super::store_files::StoreFiles;

/// Kinds that hold data: a person deletes them.
const HOLDS_DATA: [&str; 3] = ["Namespace", "PersistentVolume", "PersistentVolumeClaim"];
/// Kinds whose rollout `kubectl rollout status` follows.
const ROLLS_OUT: [&str; 3] = ["daemonset", "deployment", "statefulset"];

/// Plans the selection, which must be of one environment. `base`: the commit that was applied last; without it nothing is
/// deleted. `allow_data_loss`: the plan may drop data that clients no longer want.
///
/// # Errors
/// A broken operation, several environments, Jobs that drop data and are not allowed; faults of the fleet's files are in the result.
pub fn apply_plan(
    root: &Root,
    selection: &Selection,
    base: Option<&str>,
    allow_data_loss: bool,
) -> Result<Checked<ApplyPlan>, Error> {
    let files = Sources::from_disk(root)?;
    let mut prepared = match prepare(StoreFiles::Disk(root), files, selection)? {
        Ok(prepared) => prepared,
        Err(faults) => return Ok(faults.with(None)),
    };
    require_secrets(root, &mut prepared, Strictness::Locked)?;
    if prepared.found.has_errors() {
        return Ok(prepared.finish(None));
    }
    let mut environments: Vec<usize> =
        prepared.instances.iter().map(|&at| prepared.fleet.instances[at].environment).collect();
    environments.dedup();
    let [environment] = environments[..] else {
        return Err(Error::Usage("a plan is for one environment: name it with `-e`".into()));
    };
    let clients = prepared.instances.iter().map(|&at| steps(&prepared, at)).collect();
    let Environment { name, delivery, .. } = &prepared.fleet.environments[environment];
    let mut plan = ApplyPlan {
        environment: name.to_string(),
        is_shared: *delivery == Delivery::Kubectl || has_shared(&prepared, name.as_str()),
        commit: None,
        is_committed: true,
        namespace: prepared.fleet.environments[environment].namespace.clone(),
        clients,
        base: None,
        deleted: Vec::new(),
        kept: Vec::new(),
    };
    stamp(root, &prepared, &mut plan)?;
    if let Some(base) = base {
        prune(root, &prepared, environment, base, &mut plan)?;
    }
    if !allow_data_loss {
        refuse_dropped(&plan)?;
    }
    Ok(prepared.finish(Some(plan)))
}

/// Says which commit a plan is of, if there is one, and whether that holds what would be applied.
fn stamp(root: &Root, prepared: &Prepared, plan: &mut ApplyPlan) -> Result<(), Error> {
    let Ok(repository) = Repository::open(root.path()) else { return Ok(()) };
    let Ok(head) = repository.resolve("HEAD") else { return Ok(()) };
    let scope = match prepared.scope() {
        Scope::All => RelPath::new(&format!("{OUTPUT}/{}", plan.environment)).into_iter().collect(),
        Scope::Folders(folders) => folders,
    };
    plan.is_committed = repository.changed_files(Some(&head), &prepared.rendered.tree, &scope)?.is_empty();
    plan.commit = Some(head.id());
    Ok(())
}

/// `true` if something is rendered for the environment itself. For kubectl there is always its ApplySet.
fn has_shared(prepared: &Prepared, environment: &str) -> bool {
    let path = format!("{OUTPUT}/{environment}/environment");
    let folder = prepared.rendered.tree.folders().iter().find(|folder| folder.path.as_str() == path);
    folder.is_some_and(|folder| folder.files.iter().any(|(name, _)| name != RECORD))
}

/// The steps of one instance, read from the names of its files.
fn steps(prepared: &Prepared, instance: usize) -> ClientSteps {
    let base = format!("{OUTPUT}/{}/", prepared.instance_name(instance));
    let client = &prepared.fleet.clients[prepared.fleet.instances[instance].client];
    let folders = prepared.rendered.tree.folders();
    let of_phase = |phase: &str| {
        let path = format!("{base}{phase}");
        let folder = folders.iter().find(|folder| folder.path.as_str() == path)?;
        let names = folder.files.iter().filter(|(name, _)| name != RECORD);
        let mut step = Step { phase: phase.to_owned(), ..Step::default() };
        let mut is_empty = true;
        for (name, _) in names {
            is_empty = false;
            let Some((kind, rest)) = name.split_once('-') else { continue };
            let object = rest.strip_suffix(".yaml").unwrap_or(rest);
            match kind {
                "job" => step.jobs.push(object.to_owned()),
                _ if ROLLS_OUT.contains(&kind) => step.rollouts.push(format!("{kind}/{object}")),
                _ => {}
            }
        }
        (!is_empty).then_some(step)
    };
    let phases = prepared.fleet.phases(&prepared.fleet.instances[instance]);
    ClientSteps { client: client.id.to_string(), steps: phases.filter_map(of_phase).collect() }
}

/// A script that drops data is asked for by a person, as `publish` is.
fn refuse_dropped(plan: &ApplyPlan) -> Result<(), Error> {
    let drops = |client: &&ClientSteps| client.steps.iter().any(|step| step.phase == DEPROVISION);
    let dropped: Vec<&str> = plan.clients.iter().filter(drops).map(|client| client.client.as_str()).collect();
    if dropped.is_empty() {
        return Ok(());
    }
    Err(Error::Guard {
        message: format!("this plan drops the data of {}", dropped.join(", ")),
        help: "if its databases may be dropped, or are by now, run again with --allow-data-loss".into(),
    })
}

/// Fills in what `base` had and the tree has not.
fn prune(root: &Root, prepared: &Prepared, environment: usize, base: &str, plan: &mut ApplyPlan) -> Result<(), Error> {
    let repository = Repository::open(root.path())?;
    let revision = repository.resolve(base)?;
    let whole = || RelPath::new(&format!("{OUTPUT}/{}", plan.environment)).ok();
    let scope = match prepared.scope() {
        Scope::All => whole().into_iter().collect(),
        Scope::Folders(folders) if is_whole(prepared, environment) => whole().into_iter().chain(folders).collect(),
        Scope::Folders(folders) => folders,
    };
    let changes = repository.changed_files(Some(&revision), &prepared.rendered.tree, &scope)?;
    let in_environment = |change: &&FileChange| {
        Owner::of_path(&change.path)
            .is_some_and(|owner| owner.environment == plan.environment && owner.client != "delivery")
    };
    let changes: Vec<&FileChange> = changes.iter().filter(in_environment).collect();
    // What is in another file now is still there.
    let now: Vec<ObjectRef> = changes.iter().filter_map(|change| reference(change.new.as_deref()?)).collect();
    let secrets: Vec<ObjectRef> = now.iter().filter_map(secret_of).collect();
    let without_data = prepared.fleet.without_data();
    let is_database = |object: &ObjectRef| may_be_database(&object.api_version, &object.kind, &without_data);
    let leaves_all = prepared.fleet.environments[environment].deletion == Deletion::Orphan;
    let (mut deleted, mut kept) = (Vec::new(), Vec::new());
    for change in changes.iter().filter(|change| change.new.is_none()) {
        let Some(object) = change.old.as_deref().and_then(reference).filter(|object| !now.contains(object)) else {
            continue;
        };
        let owner = Owner::of_path(&change.path);
        let has_left = owner.is_some_and(|owner| owner.is_instance() && !is_there(prepared, &owner));
        // Whatever its form, kubectl applied the Secret, and applies it again.
        if secret_of(&object).is_some_and(|secret| secrets.contains(&secret)) {
            if object.kind == "ExternalSecret" {
                kept.push((object, "its Secret is delivered in another form now, and would go with it"));
            }
        } else if HOLDS_DATA.contains(&object.kind.as_str()) || is_database(&object) {
            kept.push((object, "it holds data"));
        } else if has_left && leaves_all {
            kept.push((object, "its client left, and the environment says `deletion = \"orphan\"`"));
        } else {
            deleted.push(object);
        }
    }
    deleted.sort_by(|a, b| apply_rank(&b.kind).cmp(&apply_rank(&a.kind)).then_with(|| a.cmp(b)));
    kept.sort();
    (plan.base, plan.deleted, plan.kept) = (Some(revision.id()), deleted, kept);
    Ok(())
}

/// `true` if every client of the environment is selected: then those that left it count, too.
fn is_whole(prepared: &Prepared, environment: usize) -> bool {
    let all = prepared.fleet.instances.iter().filter(|instance| instance.environment == environment).count();
    prepared.instances.len() == all
}

fn is_there(prepared: &Prepared, owner: &Owner) -> bool {
    prepared.fleet.instances.iter().any(|instance| {
        prepared.fleet.environments[instance.environment].name.as_str() == owner.environment
            && prepared.fleet.clients[instance.client].id.as_str() == owner.client
    })
}

/// The Secret that an object is, or is made into: of the same name in every form of the store.
fn secret_of(object: &ObjectRef) -> Option<ObjectRef> {
    matches!(object.kind.as_str(), "Secret" | "SopsSecret" | "ExternalSecret").then(|| ObjectRef {
        api_version: "v1".into(),
        kind: "Secret".into(),
        ..object.clone()
    })
}

fn reference(bytes: &[u8]) -> Option<ObjectRef> {
    let documents = parse_documents(std::str::from_utf8(bytes).ok()?).ok()?;
    ObjectRef::of(documents.first()?)
}
