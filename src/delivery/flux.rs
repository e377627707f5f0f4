//! Flux: a root that applies everything else, the environment's objects before all, then the phases of each instance, each
//! after the one before it is ready.
//!
//! Fields follow `kustomize.toolkit.fluxcd.io/v1` and `source.toolkit.fluxcd.io/v1`. No `postBuild`: it would read `${…}` in
//! scripts.

use std::sync::Arc;

use super::DELIVERY;
use super::document::{Object, folder, map, some, text, texts};
use super::name::join;
use super::spread::{around, bucket, go_duration, key};
use crate::diagnostic::{Class, Code, Diagnostic, Span};
use crate::fleet::{DEPROVISION, Deletion, Environment, Fleet, Flux, Layout, SecretForm};
use crate::manifest::Value;
use crate::names::PhaseName;
use crate::secret::Form;
use crate::tree::Folder;

/// More in one Kustomization than it is good for.
const CROWDED: Code = Code::new("LMS902", Class::Input);

/// Instances that one Kustomization may hold before one bad client is too much to stop all others.
const MOST_IN_ENVIRONMENT: usize = 30;
/// Instances in one group: what it applies is listed in one object of the cluster, and built by one run of kustomize.
const MOST_IN_GROUP: usize = 500;
/// The source that `flux bootstrap` makes.
const BOOTSTRAPPED: &str = "flux-system";

/// File names and bytes.
type Files = Vec<(String, Arc<[u8]>)>;

/// The folders for environment `at`, and what is wrong with them.
pub fn folders(fleet: &Fleet, at: usize, flux: &Flux) -> (Vec<Folder>, Vec<Diagnostic>) {
    let environment = &fleet.environments[at];
    let writer = Writer { environment, flux, url: fleet.git.url.as_deref(), branch: &fleet.git.branch };
    let base = format!("rendered/{}/{DELIVERY}/flux", environment.name);
    let mut root = writer.foundation();
    let mut folders = Vec::new();
    let mut faults = Vec::new();
    let crowd = match flux.layout {
        Layout::Instances => {
            let groups = groups(fleet, at, &writer);
            let crowd = groups.iter().map(|group| group.n_instances).max().unwrap_or_default();
            for group in groups {
                root.push(writer.group(&group.name, &format!("{base}/{}", group.name)));
                folders.push(folder(&format!("{base}/{}", group.name), group.files, &[]));
            }
            (crowd > MOST_IN_GROUP).then(|| {
                let wanted = fleet.instances.iter().filter(|instance| instance.environment == at).count() / 250 + 1;
                (format!("one group of Kustomizations has {crowd} instances"), format!("set `flux.groups = {wanted}`"))
            })
        }
        Layout::Environment => {
            let phases = phases(fleet, at, &writer, &base);
            let crowd = phases.iter().map(|phase| phase.listed.len()).max().unwrap_or_default();
            for phase in phases {
                root.push(phase.file);
                folders.push(folder(&phase.path, Vec::new(), &phase.listed));
            }
            (crowd > MOST_IN_ENVIRONMENT).then(|| {
                (
                    format!("one Kustomization holds {crowd} instances: a fault of one stops all"),
                    "set `flux.layout = \"instances\"`".into(),
                )
            })
        }
    };
    if let Some((message, help)) = crowd {
        let span = environment.delivery_span.unwrap_or(Span::file_start(environment.file));
        let mut fault = Diagnostic::warning(CROWDED, message).at(span, "").help(help);
        fault.instances.push(environment.name.to_string());
        faults.push(fault);
    }
    folders.push(folder(&base, root, &[]));
    (folders, faults)
}

/// Instances whose Kustomizations are applied together.
struct Group {
    name: String,
    n_instances: usize,
    files: Files,
}

fn groups(fleet: &Fleet, at: usize, writer: &Writer<'_>) -> Vec<Group> {
    let n = writer.flux.groups;
    let name = |group: u32| if n == 1 { "clients".to_owned() } else { format!("clients-{group}") };
    // A group without instances is there, too: the first client of a group changes nothing of the environment's.
    let mut groups: Vec<Group> =
        (0..n).map(|group| Group { name: name(group), n_instances: 0, files: Vec::new() }).collect();
    for instance in fleet.instances.iter().filter(|instance| instance.environment == at) {
        let client = &fleet.clients[instance.client];
        let slug = client.id.slug();
        let group = &mut groups[bucket(key(&slug), n) as usize];
        group.n_instances += 1;
        let phases: Vec<&str> = fleet.phases(instance).collect();
        group.files.extend(writer.instance(client.id.as_str(), &slug, &phases));
    }
    groups
}

/// One phase of all instances of a stack.
struct Phase {
    path: String,
    file: (String, Arc<[u8]>),
    listed: Vec<String>,
}

fn phases(fleet: &Fleet, at: usize, writer: &Writer<'_>, base: &str) -> Vec<Phase> {
    let mut all = Vec::new();
    for &stack_at in &writer.environment.stacks {
        let stack = &fleet.stacks[stack_at];
        let instances = fleet
            .instances
            .iter()
            .filter(|instance| instance.environment == at && fleet.clients[instance.client].stack == stack_at);
        let mut before = writer.environment_name();
        // Also while nobody's data is dropped: a client in that state changes nothing of the environment's.
        let last = stack.can_deprovision().then_some(DEPROVISION);
        for phase in stack.phases.iter().map(PhaseName::as_str).chain(last) {
            let short = format!("{}-{phase}", stack.name);
            let name = join(writer.environment.name.as_str(), &[&short]);
            let path = format!("{base}/{short}");
            let spec = Spec { path: &path, after: Some(&before), is_waited_for: true, deletion: Deletion::Orphan };
            let file = writer.kustomization(&name, &spec, Vec::new(), key(&name));
            before = name;
            let has_it = instances.clone().filter(|instance| fleet.phases(instance).any(|known| known == phase));
            let listed =
                has_it.map(|instance| format!("../../../{}/{phase}", fleet.clients[instance.client].id)).collect();
            all.push(Phase { path, file, listed });
        }
    }
    all
}

/// What a Kustomization applies, and how.
struct Spec<'a> {
    path: &'a str,
    /// The Kustomization that must be ready first.
    after: Option<&'a str>,
    /// Objects must become ready.
    is_waited_for: bool,
    /// When the Kustomization itself is deleted.
    deletion: Deletion,
}

/// Writes the objects of one environment.
struct Writer<'a> {
    environment: &'a Environment,
    flux: &'a Flux,
    url: Option<&'a str>,
    branch: &'a str,
}

impl Writer<'_> {
    /// The name of the root, and of the source if one is written.
    fn root_name(&self) -> &str {
        self.environment.name.as_str()
    }

    fn environment_name(&self) -> String {
        join(self.root_name(), &["environment"])
    }

    /// The source, the root and the environment's objects.
    fn foundation(&self) -> Files {
        let name = self.root_name();
        let path = format!("rendered/{name}/{DELIVERY}/flux");
        let root = Spec { path: &path, after: None, is_waited_for: false, deletion: Deletion::Orphan };
        let shared = format!("rendered/{name}/environment");
        let shared = Spec { path: &shared, after: None, is_waited_for: true, deletion: Deletion::Orphan };
        let environment = self.environment_name();
        let mut files = vec![
            self.kustomization(name, &root, Vec::new(), key(name)),
            self.kustomization(&environment, &shared, Vec::new(), key(&environment)),
        ];
        files.extend(self.source());
        files
    }

    /// The `GitRepository`, with nothing of other environments in it.
    fn source(&self) -> Option<(String, Arc<[u8]>)> {
        if self.flux.source.is_some() {
            return None;
        }
        let name = self.root_name();
        let spec = some([
            ("interval", Some(text("1m0s"))),
            ("timeout", Some(text("1m0s"))),
            ("url", Some(text(self.url?))),
            ("ref", Some(map([("branch", text(self.branch))]))),
            ("secretRef", self.flux.credentials.as_ref().map(|secret| map([("name", text(secret))]))),
            ("ignore", Some(text(format!("/*\n!/rendered\n/rendered/*\n!/rendered/{name}\n")))),
        ]);
        let object = Object {
            api_version: "source.toolkit.fluxcd.io/v1",
            kind: "GitRepository",
            name,
            namespace: &self.flux.namespace,
            labels: Vec::new(),
            annotations: vec![KEEP],
            body: ("spec", spec),
        };
        Some(object.into_file())
    }

    /// What applies the Kustomizations of a group.
    fn group(&self, group: &str, path: &str) -> (String, Arc<[u8]>) {
        let name = join(self.root_name(), &[group]);
        let spec = Spec { path, after: None, is_waited_for: false, deletion: Deletion::Orphan };
        self.kustomization(&name, &spec, Vec::new(), key(&name))
    }

    /// The Kustomizations of an instance, one a phase.
    fn instance(&self, id: &str, slug: &str, phases: &[&str]) -> Files {
        let spread = key(slug);
        let mut before = self.environment_name();
        let mut files = Vec::with_capacity(phases.len());
        for (phase, nth) in phases.iter().zip(0..) {
            let name = join(self.root_name(), &[slug, phase]);
            let path = format!("rendered/{}/{id}/{phase}", self.environment.name);
            let spec =
                Spec { path: &path, after: Some(&before), is_waited_for: true, deletion: self.environment.deletion };
            let mut labels = vec![("app.kubernetes.io/instance", slug.to_owned())];
            if self.flux.shards > 0 {
                // Another key than the group's, or every group would be of one shard.
                let shard = bucket(spread.rotate_left(32), self.flux.shards) + 1;
                labels.push(("sharding.fluxcd.io/key", format!("shard{shard}")));
            }
            files.push(self.kustomization(&name, &spec, labels, spread.rotate_left(nth * 8)));
            before = name;
        }
        files
    }

    fn kustomization(
        &self,
        name: &str,
        spec: &Spec<'_>,
        mut labels: Vec<(&str, String)>,
        spread: u64,
    ) -> (String, Arc<[u8]>) {
        let flux = self.flux;
        labels.push(("app.kubernetes.io/part-of", self.root_name().to_owned()));
        let is_decrypted = self.environment.form == SecretForm::Stored(Form::Secret);
        let decryption =
            map([("provider", text("sops")), ("secretRef", map([("name", text(&flux.decryption_secret))]))]);
        let source = match (&flux.source, self.url) {
            (Some(source), _) => source,
            (None, Some(_)) => self.root_name(),
            (None, None) => BOOTSTRAPPED,
        };
        let is_root = name == self.root_name();
        let body = some([
            ("interval", Some(text(go_duration(around(flux.interval, spread))))),
            ("retryInterval", Some(text(go_duration(flux.retry_interval)))),
            ("timeout", Some(text(go_duration(flux.timeout)))),
            ("path", Some(text(format!("./{}", spec.path)))),
            ("prune", Some(Value::Bool(true))),
            ("wait", Some(Value::Bool(spec.is_waited_for))),
            (
                "deletionPolicy",
                Some(text(match spec.deletion {
                    Deletion::Orphan => "Orphan",
                    Deletion::Delete => "Delete",
                })),
            ),
            ("sourceRef", Some(texts([("kind", Some("GitRepository")), ("name", Some(source))]))),
            ("decryption", (spec.is_waited_for && is_decrypted).then_some(decryption)),
            ("dependsOn", spec.after.map(|name| Value::List(vec![map([("name", text(name))])]))),
            ("serviceAccountName", flux.service_account.as_ref().filter(|_| spec.is_waited_for).map(text)),
        ]);
        let object = Object {
            api_version: "kustomize.toolkit.fluxcd.io/v1",
            kind: "Kustomization",
            name,
            namespace: &flux.namespace,
            labels,
            annotations: if is_root { vec![KEEP] } else { Vec::new() },
            body: ("spec", body),
        };
        object.into_file()
    }
}

/// Never pruned: what applies everything else must not go by an accident.
const KEEP: (&str, &str) = ("kustomize.toolkit.fluxcd.io/prune", "disabled");
