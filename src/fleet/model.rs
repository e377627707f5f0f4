//! The valid fleet: what every later stage works from.

use std::collections::BTreeMap;
use std::sync::Arc;

use super::environment_cluster::Cluster;
use super::environment_delivery::{Deletion, Delivery};
use super::state::{DEPROVISION, State};
use crate::diagnostic::{FileId, Span};
use crate::manifest::Value;
use crate::names::{ClientId, EnvName, PhaseName, SecretName, StackName};
use crate::params::{Declarations, Overlay, ParamDecl, Params, Pattern};
use crate::secret::Form;

/// Everything a fleet's files say.
#[derive(Debug)]
pub struct Fleet {
    /// `[git]` of `lmsgen.toml`.
    pub git: GitConfig,
    /// Environments by name.
    pub environments: Vec<Environment>,
    /// Stacks by name.
    pub stacks: Vec<Stack>,
    /// Definitions of custom resources, from `schemas/`.
    pub definitions: Vec<Value>,
    /// Clients by id.
    pub clients: Vec<Client>,
    /// Every client in every environment it runs in, by environment and client.
    pub instances: Vec<Instance>,
    /// For every environment and every stack that it runs: the values of the layers below the client,
    /// by environment and stack. What the stack's `environment/` folder is rendered with.
    pub environment_parts: Vec<EnvironmentPart>,
    /// What each layer says, for [`Fleet::explain`].
    pub(super) layers: Layers,
}

/// What each layer says, before merging.
#[derive(Debug, Default)]
pub(super) struct Layers {
    /// By stack.
    pub(super) declarations: Vec<Declarations>,
    /// `lmsgen.toml`, by stack.
    pub(super) fleet: Vec<Overlay>,
    /// By environment and stack.
    pub(super) environments: Vec<Vec<Overlay>>,
    /// By client.
    pub(super) clients: Vec<Overlay>,
    /// By instance.
    pub(super) instances: Vec<Overlay>,
}

/// `[git]` in `lmsgen.toml`: where `publish` pushes, and the guard against deleting many clients.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct GitConfig {
    /// Remote, `origin` by default.
    pub remote: String,
    /// Branch, `main` by default.
    pub branch: String,
    /// The address that clusters pull the fleet from.
    pub url: Option<String>,
    /// `publish` may delete this many instances without `--allow-delete`; 5 by default.
    pub max_deleted: usize,
    /// And this share of all instances in percent; 10 by default.
    pub max_deleted_percent: usize,
}

/// `environments/<name>.toml`.
#[derive(Clone, Debug)]
pub struct Environment {
    /// The file's stem.
    pub name: EnvName,
    /// The file.
    pub file: FileId,
    /// The namespace every object of the environment lives in.
    pub namespace: String,
    /// Kubernetes minor: `1.35`.
    pub kubernetes: String,
    /// Who applies the output.
    pub delivery: Delivery,
    /// Place of `delivery`.
    pub delivery_span: Option<Span>,
    /// What happens to the objects of a client that leaves.
    pub deletion: Deletion,
    /// How `lmsgen status` reaches the cluster.
    pub cluster: Option<Cluster>,
    /// Stacks that clients here may be of, by index; what their `environment/` folders give is rendered whether or not
    /// a client runs here, so that no client's file decides about it.
    pub stacks: Vec<usize>,
    /// age recipients, `age1…`, without duplicates, in the file's order.
    pub recipients: Vec<String>,
    /// `[secrets] form`.
    pub form: SecretForm,
    /// `[policy]`.
    pub policy: Policy,
    /// `[ingress] class`.
    pub ingress_class: Option<String>,
    /// `[gateway]`.
    pub gateway: Option<Gateway>,
    /// `[quota]`: hard limits for a `ResourceQuota`, by resource name; empty when not declared.
    pub quota: BTreeMap<String, String>,
    /// Place of `[quota]`.
    pub quota_span: Option<Span>,
    /// `[external]`: what exists outside the fleet, by kind (`secrets = […]`).
    pub external: BTreeMap<String, Vec<String>>,
}

/// How an environment's Secrets are delivered.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum SecretForm {
    /// As files of the secret store, copied to the output as they are.
    Stored(Form),
    /// As references to values that are kept elsewhere; the secret store has nothing.
    External(ExternalStore),
}

impl Default for SecretForm {
    fn default() -> Self {
        Self::Stored(Form::default())
    }
}

impl SecretForm {
    /// The form of the store's files; `None` when there are none.
    #[must_use]
    pub const fn stored(&self) -> Option<Form> {
        match self {
            Self::Stored(form) => Some(*form),
            Self::External(_) => None,
        }
    }
}

/// Where External Secrets Operator finds the values.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ExternalStore {
    /// `SecretStore` or `ClusterSecretStore`.
    pub kind: String,
    /// Its name.
    pub name: String,
    /// The remote key of a Secret, with `{environment}`, `{client}`, `{slug}` and `{secret}` in it; its keys are properties.
    pub remote_key: String,
    /// How often values are read again.
    pub refresh: String,
    /// Optional keys that have a value there, `lms-secret.sms4b-token`, with their places.
    pub optional: Vec<(String, Span)>,
}

impl Default for ExternalStore {
    fn default() -> Self {
        Self {
            kind: "ClusterSecretStore".into(),
            name: String::new(),
            remote_key: "{environment}/{client}/{secret}".into(),
            refresh: "1h".into(),
            optional: Vec::new(),
        }
    }
}

/// `[policy]` of an environment.
#[derive(Clone, Debug, Default)]
pub struct Policy {
    /// Kinds that clients' objects may have, with the list's place; `None` allows every namespaced kind.
    pub kinds: Option<(Vec<String>, Span)>,
    /// Image registries allowed.
    pub registries: Vec<String>,
    /// Hosts allowed in routes.
    pub hosts: Vec<String>,
    /// Annotations that no object may have; `example.com/*` is all of a prefix.
    pub forbidden_annotations: Vec<String>,
    /// Every image must be named by its digest.
    pub requires_digest: bool,
    /// Every container must have requests and a memory limit.
    pub requires_resources: bool,
    /// `baseline` or `restricted`.
    pub pod_security: Option<String>,
    /// Replicas that a workload may have.
    pub max_replicas: Option<i64>,
    /// Requests that a client may have together: `cpu`, `memory`.
    pub max_requests: Vec<(String, String)>,
}

/// `[gateway]` of an environment: the Gateway that an `HTTPRoute` attaches to.
#[derive(Clone, Debug)]
pub struct Gateway {
    /// Name of the Gateway.
    pub name: String,
    /// Namespace of the Gateway.
    pub namespace: String,
    /// Listener, if one is named.
    pub section: Option<String>,
    /// What the implementation can do: `cors`, `path-rewrite`.
    pub features: Vec<String>,
}

/// `clients/<id>.toml`.
#[derive(Clone, Debug)]
pub struct Client {
    /// The file's stem.
    pub id: ClientId,
    /// The file.
    pub file: FileId,
    /// The organisation's name.
    pub name: String,
    /// Index into [`Fleet::stacks`].
    pub stack: usize,
    /// Labels for selection.
    pub labels: BTreeMap<String, String>,
    /// People; never rendered.
    pub contacts: Vec<Contact>,
}

/// `[[contacts]]` of a client.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Contact {
    /// A person's name.
    pub person: String,
    /// Phone numbers.
    pub phones: Vec<String>,
    /// Mail addresses.
    pub emails: Vec<String>,
}

/// A client in an environment.
#[derive(Clone, Debug)]
pub struct Instance {
    /// Index into [`Fleet::environments`].
    pub environment: usize,
    /// Index into [`Fleet::clients`].
    pub client: usize,
    /// What is delivered of it.
    pub state: State,
    /// Values of every declared parameter.
    pub params: Params,
}

/// A stack's environment-level part in one environment.
#[derive(Clone, Debug)]
pub struct EnvironmentPart {
    /// Index into [`Fleet::environments`].
    pub environment: usize,
    /// Index into [`Fleet::stacks`].
    pub stack: usize,
    /// Values of the layers below the client.
    pub params: Params,
}

/// `templates/<name>/`.
#[derive(Debug)]
pub struct Stack {
    /// The folder's name.
    pub name: StackName,
    /// `stack.toml`.
    pub file: FileId,
    /// Phases in order.
    pub phases: Vec<PhaseName>,
    /// Parameters by path, shared with every [`Params`].
    pub params: Arc<[ParamDecl]>,
    /// Pattern of clients' ids.
    pub client_id: Option<Pattern>,
    /// Secrets of an instance by name.
    pub secrets: Vec<SecretDecl>,
    /// Secrets of an environment by name.
    pub environment_secrets: Vec<SecretDecl>,
    /// Custom kinds that are cluster-scoped.
    pub cluster_scoped: Vec<String>,
    /// Custom kinds that hold no data: archived clients go without.
    pub without_data: Vec<String>,
    /// Templates by phase and file name; `phase` is `None` for `environment/`, which stand first, and `deprovision/`, last.
    pub templates: Vec<TemplateFile>,
    /// Files of `components/` by name: definitions that templates share; `phase` is `None`.
    pub components: Vec<TemplateFile>,
}

/// One template file.
#[derive(Clone, Debug)]
pub struct TemplateFile {
    /// Phase; `None` for the folders `environment/` and `deprovision/`.
    pub phase: Option<PhaseName>,
    /// Path below the stack's folder: `app/deployment.yaml`.
    pub name: String,
    /// The text, in the source map.
    pub file: FileId,
}

impl TemplateFile {
    /// `true` if it is rendered only for clients whose data is dropped.
    #[must_use]
    pub fn is_deprovision(&self) -> bool {
        self.name.strip_prefix(DEPROVISION).is_some_and(|rest| rest.starts_with('/'))
    }
}

/// A Secret a stack declares.
#[derive(Clone, Debug)]
pub struct SecretDecl {
    /// Logical name.
    pub name: SecretName,
    /// Index into [`Stack::params`] of `names.<name>`, when the stack declares that parameter.
    pub name_param: Option<usize>,
    /// Keys in the order of their bytes.
    pub keys: Vec<SecretKeyDecl>,
    /// The declaration.
    pub span: Span,
}

/// A key of a declared Secret.
#[derive(Clone, Debug)]
pub struct SecretKeyDecl {
    /// The key in the Secret: `[-._a-zA-Z0-9]+`.
    pub key: String,
    /// Where its value comes from.
    pub source: SecretSource,
    /// The declaration.
    pub span: Span,
}

impl SecretKeyDecl {
    /// `true` for an RSA key whose public half everybody may read.
    #[must_use]
    pub fn is_public(&self) -> bool {
        self.source.is_public()
    }
}

/// Where a secret value comes from.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum SecretSource {
    /// Made by lmsgen, once.
    Generate(crate::secret::Generator),
    /// Given by a person.
    Provided {
        /// What it is, for the person who is asked.
        description: String,
        /// Whether an instance can do without.
        optional: bool,
    },
}

impl SecretSource {
    /// `true` for an RSA key whose public half everybody may read.
    #[must_use]
    pub fn is_public(&self) -> bool {
        matches!(self, Self::Generate(crate::secret::Generator::Rsa(key)) if key.public)
    }
}
