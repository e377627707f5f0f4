//! Reading how an environment's output gets to its cluster: `delivery`, `deletion`, `[flux]` and `[argocd]`.
//!
//! The tables of all engines are read and checked; the one that `delivery` names is used. So an environment can change its
//! engine and back by one word.

use super::environment::{object_name, unsupported};
use crate::diagnostic::{Class, Code, Diagnostic, Sink, Span};
use crate::document::{Located, TableReader, quoted};

/// Something in `[flux]` or `[argocd]` that cannot be.
const DELIVERY: Code = Code::new("LMS620", Class::Input);

/// Who applies an environment's output to its cluster.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Delivery {
    /// Flux; also when nothing is said.
    Flux(Flux),
    /// Argo CD.
    ArgoCd(ArgoCd),
    /// A person or a pipeline with `kubectl`.
    Kubectl,
}

impl Delivery {
    /// As `delivery` names it.
    #[must_use]
    pub const fn word(&self) -> &'static str {
        match self {
            Self::Flux(_) => "flux",
            Self::ArgoCd(_) => "argocd",
            Self::Kubectl => "kubectl",
        }
    }

    /// `true` for an engine that applies what the repository holds by itself.
    #[must_use]
    pub const fn is_continuous(&self) -> bool {
        matches!(self, Self::Flux(_) | Self::ArgoCd(_))
    }
}

/// What happens to the objects of a client that is taken out of an environment.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Deletion {
    /// They stay in the cluster until a person deletes them; also when nothing is said.
    #[default]
    Orphan,
    /// The engine deletes them, except claims of volumes and namespaces.
    Delete,
}

/// `[flux]`: what the Kustomizations say. Times in seconds.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Flux {
    /// Namespace of the Kustomizations and the `GitRepository`.
    pub namespace: String,
    /// A `GitRepository` that is there; `None` to have one rendered, if `git.url` is known.
    pub source: Option<String>,
    /// Secret with the credentials of the rendered `GitRepository`.
    pub credentials: Option<String>,
    /// Secret with the age identity that Secrets are decrypted with.
    pub decryption_secret: String,
    /// Service account that objects are applied as; `None` for the controller's own.
    pub service_account: Option<String>,
    /// Time between two reconciliations, spread by a tenth.
    pub interval: u32,
    /// Time until the next attempt after a failure.
    pub retry_interval: u32,
    /// Time that objects have to become ready.
    pub timeout: u32,
    /// One Kustomization for each phase of an instance, or of the environment.
    pub layout: Layout,
    /// Kustomizations of instances are applied in so many groups; 1 at least.
    pub groups: u32,
    /// Controllers that share the work, told apart by `sharding.fluxcd.io/key`; 0 without shards.
    pub shards: u32,
}

/// How many Kustomizations there are.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Layout {
    /// One for each phase of each instance: one bad client stops nobody.
    #[default]
    Instances,
    /// One for each phase of the environment: for few clients.
    Environment,
}

impl Default for Flux {
    fn default() -> Self {
        Self {
            namespace: "flux-system".into(),
            source: None,
            credentials: None,
            decryption_secret: "sops-age".into(),
            service_account: None,
            interval: 60 * 60,
            retry_interval: 2 * 60,
            timeout: 10 * 60,
            layout: Layout::default(),
            groups: 1,
            shards: 0,
        }
    }
}

/// `[argocd]`: what the ApplicationSet says.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ArgoCd {
    /// Namespace of Argo CD.
    pub namespace: String,
    /// Address of the API server that Applications deploy to, as Argo CD knows it.
    pub server: String,
}

impl Default for ArgoCd {
    fn default() -> Self {
        Self { namespace: "argocd".into(), server: "https://kubernetes.default.svc".into() }
    }
}

/// Reads `delivery`, `deletion`, `[flux]` and `[argocd]`; gives the place of `delivery`, too.
pub(super) fn read_delivery(table: &mut TableReader<'_>, sink: &mut Sink) -> (Delivery, Deletion, Option<Span>) {
    let named = table.string("delivery", sink);
    let deletion = read_deletion(table, sink);
    let is_flux = named.as_ref().is_none_or(|found| found.value == "flux");
    let keeps = is_flux && deletion == Deletion::Orphan;
    let flux = table.table("flux", sink).map(|table| read_flux(table, keeps, sink)).unwrap_or_default();
    let argocd = table.table("argocd", sink).map(|table| read_argocd(table, sink)).unwrap_or_default();
    let delivery = match named {
        None => Delivery::Flux(flux),
        Some(found) => match found.value {
            "flux" => Delivery::Flux(flux),
            "argocd" => Delivery::ArgoCd(argocd),
            "kubectl" => Delivery::Kubectl,
            other => {
                sink.push(unsupported("delivery", other, &["flux", "argocd", "kubectl"]).at(found.span, ""));
                Delivery::Flux(flux)
            }
        },
    };
    (delivery, deletion, named.map(|found| found.span))
}

fn read_deletion(table: &mut TableReader<'_>, sink: &mut Sink) -> Deletion {
    let Some(found) = table.string("deletion", sink) else { return Deletion::default() };
    match found.value {
        "orphan" => Deletion::Orphan,
        "delete" => Deletion::Delete,
        other => {
            sink.push(unsupported("deletion", other, &["orphan", "delete"]).at(found.span, ""));
            Deletion::default()
        }
    }
}

/// `keeps`: what a client had must stay when it leaves.
fn read_flux(mut table: TableReader<'_>, keeps: bool, sink: &mut Sink) -> Flux {
    let mut flux = Flux::default();
    let mut name = |key| object_name(table.string(key, sink), sink).map(|name| name.value.to_owned());
    flux.namespace = name("namespace").unwrap_or(flux.namespace);
    flux.decryption_secret = name("decryption-secret").unwrap_or(flux.decryption_secret);
    (flux.source, flux.credentials, flux.service_account) =
        (name("source"), name("credentials"), name("service-account"));
    if let (Some(_), Some(entry)) = (&flux.source, table.get("credentials")) {
        let fault = Diagnostic::error(DELIVERY, "`flux.credentials` is for a GitRepository that lmsgen writes");
        sink.push(fault.at(entry.key, "").help("remove it, or remove `flux.source`"));
    }
    let mut seconds =
        |key, default| table.string(key, sink).map_or(default, |found| seconds_of(key, found, sink).unwrap_or(default));
    flux.interval = seconds("interval", flux.interval);
    flux.retry_interval = seconds("retry-interval", flux.retry_interval);
    flux.timeout = seconds("timeout", flux.timeout);
    flux.layout = match table.string("layout", sink) {
        None => Layout::default(),
        Some(found) => match found.value {
            "instances" => Layout::Instances,
            "environment" => {
                if keeps {
                    let message = "with `layout = \"environment\"` Flux deletes what a client had when it leaves; `deletion` is \"orphan\"";
                    let help = "write `deletion = \"delete\"` if that is meant, or `layout = \"instances\"`";
                    sink.push(Diagnostic::error(DELIVERY, message).at(found.span, "").help(help));
                }
                Layout::Environment
            }
            other => {
                sink.push(unsupported("layout", other, &["instances", "environment"]).at(found.span, ""));
                Layout::default()
            }
        },
    };
    let mut count = |key, least: i64| {
        let found = table.integer(key, sink)?;
        if !(least..=1000).contains(&found.value) {
            let message = format!("`flux.{key}`: {} is not {least} to 1000", found.value);
            sink.push(Diagnostic::error(DELIVERY, message).at(found.span, ""));
        }
        u32::try_from(found.value).ok()
    };
    flux.groups = count("groups", 1).unwrap_or(flux.groups).max(1);
    flux.shards = count("shards", 0).unwrap_or(flux.shards);
    table.finish(sink);
    flux
}

fn read_argocd(mut table: TableReader<'_>, sink: &mut Sink) -> ArgoCd {
    let mut argocd = ArgoCd::default();
    if let Some(namespace) = object_name(table.string("namespace", sink), sink) {
        argocd.namespace = namespace.value.into();
    }
    if let Some(server) = table.string("server", sink) {
        let is_address = server.value.starts_with("https://") && !server.value.contains(['@', ' ', '{', '\n']);
        if !is_address {
            let fault = Diagnostic::error(DELIVERY, "`argocd.server` must be the `https://` address of an API server");
            sink.push(fault.at(server.span, "").help("write it as `argocd cluster list` shows it"));
        }
        argocd.server = server.value.into();
    }
    table.finish(sink);
    argocd
}

/// A time span as Flux writes it, in seconds: `90s`, `1h30m`.
fn seconds_of(key: &str, found: Located<&str>, sink: &mut Sink) -> Option<u32> {
    let seconds = parse_seconds(found.value).filter(|seconds| (1..=30 * 24 * 60 * 60).contains(seconds));
    if seconds.is_none() {
        let message = format!("`flux.{key}`: {} is no time span", quoted(found.value));
        let help = "write hours, minutes and seconds, up to 30 days: \"1h\", \"90s\", \"1h30m\"";
        sink.push(Diagnostic::error(DELIVERY, message).at(found.span, "").help(help));
    }
    seconds
}

fn parse_seconds(text: &str) -> Option<u32> {
    let mut rest = text;
    let mut seconds = 0_u32;
    for (unit, factor) in [('h', 60 * 60), ('m', 60), ('s', 1)] {
        if let Some((number, after)) = rest.split_once(unit) {
            let is_number = !number.is_empty() && number.len() <= 7 && number.bytes().all(|b| b.is_ascii_digit());
            let number: u32 = if is_number { number.parse().ok()? } else { return None };
            seconds = seconds.checked_add(number.checked_mul(factor)?)?;
            rest = after;
        }
    }
    (rest.is_empty() && !text.is_empty()).then_some(seconds)
}

#[cfg(test)]
mod tests {
    use super::parse_seconds;

    #[test]
    fn time_spans_are_read_as_go_writes_them() {
        for (text, seconds) in [("90s", 90), ("1h", 3600), ("1h30m", 5400), ("1h0m5s", 3605), ("10m", 600)] {
            assert_eq!(parse_seconds(text), Some(seconds), "{text}");
        }
        for bad in ["", "1", "h", "1d", "1.5h", "-1s", "1s1h", "1 h", "99999999s", "1m2"] {
            assert_eq!(parse_seconds(bad), None, "{bad}");
        }
    }
}
