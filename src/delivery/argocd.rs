//! Argo CD: an ApplicationSet with one Application for each client's folder, an Application for the environment's objects,
//! and the projects that bound them.
//!
//! Fields follow `argoproj.io/v1alpha1`. Phases are sync waves, which stand in the objects. The project of the Applications
//! is fixed: one made from a folder's name could be chosen by whoever names a folder.

use std::collections::BTreeSet;
use std::sync::Arc;

use super::DELIVERY;
use super::document::{Object, folder, map, some, text};
use super::name::join;
use crate::diagnostic::{Class, Code, Diagnostic, Span};
use crate::fleet::{ArgoCd, Deletion, Environment, Fleet, SecretForm};
use crate::manifest::{Value, parse_documents, read_block};
use crate::secret::Form;
use crate::tree::{Folder, RECORD, Tree};

/// Applications that do not know their repository.
const NO_URL: Code = Code::new("LMS903", Class::Input);

/// Secrets that would be applied as ciphertext.
const NO_DECRYPTION: Code = Code::new("LMS904", Class::Input);

const API: &str = "argoproj.io/v1alpha1";

/// Says that a `SopsSecret` is ready when its operator says so; Argo CD itself knows nothing of it.
const HEALTH: &str = "\
hs = {status = \"Progressing\", message = \"waits for the SOPS operator\"}
if obj.status ~= nil and obj.status.message ~= nil then
  hs.message = obj.status.message
  if obj.status.message == \"Healthy\" then
    hs.status = \"Healthy\"
  else
    hs.status = \"Degraded\"
  end
end
return hs
";

/// The folder for environment `at`, and what is wrong with it.
pub fn folders(fleet: &Fleet, at: usize, argocd: &ArgoCd, rendered: &Tree) -> (Vec<Folder>, Vec<Diagnostic>) {
    let environment = &fleet.environments[at];
    let Some(url) = fleet.git.url.as_deref() else {
        let span = environment.delivery_span.unwrap_or(Span::file_start(environment.file));
        let fault = Diagnostic::error(NO_URL, "Argo CD's Applications need the address of the repository").at(span, "");
        return (Vec::new(), vec![fault.help("write `url = \"https://…\"` under `[git]` in lmsgen.toml")]);
    };
    if environment.form == SecretForm::Stored(Form::Secret) {
        let span = environment.delivery_span.unwrap_or(Span::file_start(environment.file));
        let fault = Diagnostic::error(NO_DECRYPTION, "Argo CD does not decrypt Secrets of form \"sops\"").at(span, "");
        let help = format!(
            "write `form = \"sopssecret\"` under `[secrets]`, then `lmsgen secrets convert -e {}` with a private key; or keep the \
             values in an external store",
            environment.name
        );
        return (Vec::new(), vec![fault.help(help)]);
    }
    let writer = Writer { environment, argocd, url, revision: format!("refs/heads/{}", fleet.git.branch) };
    let mut files = vec![
        writer.project(environment.name.as_str(), &BTreeSet::new()),
        writer.project(&writer.shared_name(), &cluster_kinds(environment, rendered)),
        writer.shared(),
        writer.clients(),
    ];
    if environment.form == SecretForm::Stored(Form::SopsSecret) {
        files.push(writer.health());
    }
    let path = format!("rendered/{}/{DELIVERY}/argocd", environment.name);
    (vec![folder(&path, files, &[])], Vec::new())
}

/// Group and kind of the environment's objects that have no namespace.
fn cluster_kinds(environment: &Environment, rendered: &Tree) -> BTreeSet<(String, String)> {
    let path = format!("rendered/{}/environment", environment.name);
    let files =
        rendered.folders().iter().filter(|folder| folder.path.as_str() == path).flat_map(|folder| &folder.files);
    let mut kinds = BTreeSet::new();
    for (_, bytes) in files.filter(|(name, _)| name != RECORD) {
        let text = String::from_utf8_lossy(bytes);
        let parsed = || parse_documents(&text).ok().and_then(|mut documents| documents.pop());
        let Some(object) = read_block(&text).or_else(parsed) else { continue };
        if object.str_at(&["metadata", "namespace"]).is_none()
            && let (Some(version), Some(kind)) = (object.str_at(&["apiVersion"]), object.str_at(&["kind"]))
        {
            let group = version.split_once('/').map_or("", |(group, _)| group);
            kinds.insert((group.to_owned(), kind.to_owned()));
        }
    }
    kinds
}

struct Writer<'a> {
    environment: &'a Environment,
    argocd: &'a ArgoCd,
    url: &'a str,
    /// Fully qualified: a tag of the branch's name would win otherwise.
    revision: String,
}

impl Writer<'_> {
    /// The name of the environment's own Application and project.
    fn shared_name(&self) -> String {
        join(self.environment.name.as_str(), &["environment"])
    }

    fn object(&self, kind: &str, name: &str, annotations: Vec<(&str, &str)>, spec: Value) -> (String, Arc<[u8]>) {
        let part_of = ("app.kubernetes.io/part-of", self.environment.name.to_string());
        let object = Object {
            api_version: API,
            kind,
            name,
            namespace: &self.argocd.namespace,
            labels: vec![part_of],
            annotations,
            body: ("spec", spec),
        };
        object.into_file()
    }

    fn destination(&self) -> Value {
        map([("namespace", text(&self.environment.namespace)), ("server", text(&self.argocd.server))])
    }

    /// Where Applications may deploy to, and the kinds without a namespace that they may have.
    fn project(&self, name: &str, cluster_kinds: &BTreeSet<(String, String)>) -> (String, Arc<[u8]>) {
        let kinds = cluster_kinds.iter().map(|(group, kind)| map([("group", text(group)), ("kind", text(kind))]));
        let spec = map([
            ("description", text(format!("Environment {}, written by lmsgen", self.environment.name))),
            ("sourceRepos", Value::List(vec![text(self.url)])),
            ("destinations", Value::List(vec![self.destination()])),
            ("clusterResourceWhitelist", Value::List(kinds.collect())),
        ]);
        self.object("AppProject", name, vec![DO_NOT_PRUNE], spec)
    }

    fn source(&self, path: &str) -> Value {
        // Without its records a folder is plain manifests, which Argo CD reads in parallel.
        let directory =
            map([("recurse", Value::Bool(true)), ("exclude", text("{kustomization.yaml,**/kustomization.yaml}"))]);
        map([
            ("repoURL", text(self.url)),
            ("targetRevision", text(&self.revision)),
            ("path", text(path)),
            ("directory", directory),
        ])
    }

    fn sync_policy() -> Value {
        let backoff =
            map([("duration", text("30s")), ("factor", Value::Number("2".into())), ("maxDuration", text("10m"))]);
        map([
            (
                "automated",
                map([
                    ("prune", Value::Bool(true)),
                    ("selfHeal", Value::Bool(true)),
                    ("allowEmpty", Value::Bool(false)),
                ]),
            ),
            ("retry", map([("limit", Value::Number("10".into())), ("backoff", backoff)])),
            ("syncOptions", Value::List(vec![text("ServerSideApply=true"), text("ApplyOutOfSyncOnly=true")])),
        ])
    }

    /// The Application of the environment's own objects. Without a finalizer: deleting it leaves them.
    fn shared(&self) -> (String, Arc<[u8]>) {
        let spec = map([
            ("project", text(self.shared_name())),
            ("source", self.source(&format!("rendered/{}/environment", self.environment.name))),
            ("destination", self.destination()),
            ("syncPolicy", Self::sync_policy()),
        ]);
        self.object("Application", &self.shared_name(), vec![DO_NOT_PRUNE, OWN_PATH], spec)
    }

    /// One Application for each folder of a client.
    fn clients(&self) -> (String, Arc<[u8]>) {
        let base = format!("rendered/{}", self.environment.name);
        let is_deleted = self.environment.deletion == Deletion::Delete;
        let excluded = |folder: &str| map([("path", text(format!("{base}/{folder}"))), ("exclude", Value::Bool(true))]);
        let directories = vec![map([("path", text(format!("{base}/*")))]), excluded("environment"), excluded(DELIVERY)];
        let generator = map([(
            "git",
            map([
                ("repoURL", text(self.url)),
                ("revision", text(&self.revision)),
                ("directories", Value::List(directories)),
            ]),
        )]);
        let finalizers = || Value::List(vec![text("resources-finalizer.argocd.argoproj.io")]);
        let metadata = some([
            ("name", Some(text(format!("{}-{{{{ lower .path.basename }}}}", self.environment.name)))),
            ("annotations", Some(map([(OWN_PATH.0, text(OWN_PATH.1))]))),
            (
                "labels",
                Some(map([
                    ("app.kubernetes.io/managed-by", text("lmsgen")),
                    ("app.kubernetes.io/part-of", text(self.environment.name.as_str())),
                ])),
            ),
            ("finalizers", is_deleted.then(finalizers)),
        ]);
        let template = map([
            ("metadata", metadata),
            (
                "spec",
                map([
                    ("project", text(self.environment.name.as_str())),
                    ("source", self.source("{{ .path.path }}")),
                    ("destination", self.destination()),
                    ("syncPolicy", Self::sync_policy()),
                ]),
            ),
        ]);
        let sync = if is_deleted { "sync" } else { "create-update" };
        let spec = map([
            ("goTemplate", Value::Bool(true)),
            ("goTemplateOptions", Value::List(vec![text("missingkey=error")])),
            ("generators", Value::List(vec![generator])),
            // Whoever deletes the ApplicationSet does not delete the clients.
            (
                "syncPolicy",
                map([("preserveResourcesOnDeletion", Value::Bool(!is_deleted)), ("applicationsSync", text(sync))]),
            ),
            ("template", template),
        ]);
        self.object("ApplicationSet", self.environment.name.as_str(), vec![DO_NOT_PRUNE], spec)
    }

    /// One key of Argo CD's own ConfigMap; applied by `kubectl apply --server-side`, the others stay.
    fn health(&self) -> (String, Arc<[u8]>) {
        let object = Object {
            api_version: "v1",
            kind: "ConfigMap",
            name: "argocd-cm",
            namespace: &self.argocd.namespace,
            labels: Vec::new(),
            annotations: vec![DO_NOT_PRUNE],
            body: ("data", map([("resource.customizations.health.isindir.github.com_SopsSecret", text(HEALTH))])),
        };
        object.into_file()
    }
}

/// An Application that holds these objects must not delete them by an accident.
const DO_NOT_PRUNE: (&str, &str) = ("argocd.argoproj.io/sync-options", "Prune=false");
/// A commit that changes nothing below the Application's path does not make it read its manifests again.
const OWN_PATH: (&str, &str) = ("argocd.argoproj.io/manifest-generate-paths", ".");
