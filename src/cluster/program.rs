//! Running `kubectl`, for reading only.

#![expect(clippy::disallowed_types, reason = "this is one of the two modules that start programs")]

use std::io::Read as _;
use std::process::{Child, Command, Stdio};

use super::{Access, Error, kubeconfig};

/// More than the objects of any namespace.
const LARGEST: u64 = 4 << 30;

/// A server that does not answer so long is gone.
const TIMEOUT: &str = "--request-timeout=60s";

/// Variables that hold private keys, or make them.
const REMOVED: [&str; 2] = ["SOPS_AGE_KEY", "SOPS_AGE_KEY_CMD"];

/// A cluster that can be read.
pub struct Cluster {
    access: Access,
    /// Variables that hold tokens.
    hidden: Vec<String>,
}

/// What a cluster has of some kinds.
#[derive(Debug)]
pub struct Listed {
    /// A List in JSON.
    pub json: Vec<u8>,
    /// Kinds that it would not give.
    pub refused: Vec<Refused>,
    /// What `kubectl` said of them.
    pub said: String,
}

/// A kind that may not be read.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Refused {
    /// `events`
    pub resource: String,
    /// Its group; empty for the core.
    pub group: String,
}

struct Ran {
    ok: bool,
    stdout: Vec<u8>,
    stderr: String,
}

impl Cluster {
    /// A cluster. `kubectl` gets none of the variables `hidden`.
    #[must_use]
    pub const fn new(access: Access, hidden: Vec<String>) -> Self {
        Self { access, hidden }
    }

    /// Kinds that can be listed, as `deployments.apps`.
    ///
    /// # Errors
    /// [`Error`].
    pub fn served(&self) -> Result<Vec<String>, Error> {
        let ran = self.run(&["api-resources", "--verbs=list", "--output=name"])?;
        let names: Vec<String> =
            String::from_utf8_lossy(&ran.stdout).lines().map(|line| line.trim().to_owned()).collect();
        // An aggregated API that is down fails the command; the others are there.
        if names.is_empty() { Err(Error::Failed(ran.stderr)) } else { Ok(names) }
    }

    /// All objects of some kinds in a namespace.
    ///
    /// # Errors
    /// [`Error`]; kinds that may not be read are no error.
    pub fn list(&self, resources: &[&str], namespace: &str) -> Result<Listed, Error> {
        let namespace = format!("--namespace={namespace}");
        let ran = self.run(&["get", &resources.join(","), &namespace, "--output=json"])?;
        if ran.ok {
            return Ok(Listed { json: ran.stdout, refused: Vec::new(), said: String::new() });
        }
        let refused: Vec<Refused> = ran.stderr.lines().filter_map(refused).collect();
        let n_errors = ran.stderr.lines().filter(|line| line.to_lowercase().starts_with("error")).count();
        if refused.is_empty() || n_errors > refused.len() {
            return Err(Error::Failed(ran.stderr));
        }
        Ok(Listed { json: ran.stdout, refused, said: ran.stderr })
    }

    fn run(&self, args: &[&str]) -> Result<Ran, Error> {
        let mut command = Command::new("kubectl");
        for name in REMOVED.iter().copied().chain(self.hidden.iter().map(String::as_str)) {
            command.env_remove(name);
        }
        command.env("LC_ALL", "C").stdout(Stdio::piped()).stderr(Stdio::piped());
        match &self.access {
            Access::Context(context) => command.arg(format!("--context={context}")).stdin(Stdio::null()),
            Access::Token { url, token, authority } => {
                let config = kubeconfig::in_memory(url, token, authority.as_deref())?;
                // Preferences of the user could make it say what is sent.
                command.env_remove("KUBECONFIG").env("KUBERC", "off").env("KUBECTL_KUBERC", "false");
                command.arg(format!("--kubeconfig={}", kubeconfig::PATH)).stdin(Stdio::from(config))
            }
        };
        let child = command.arg(TIMEOUT).args(args).spawn().map_err(Error::NoProgram)?;
        let (ok, stdout, stderr) = outcome(child)?;
        Ok(Ran { ok, stdout, stderr: self.fit(&stderr) })
    }

    /// What it says, without what a terminal acts on, and without the token, should it ever be there.
    fn fit(&self, bytes: &[u8]) -> String {
        let mut text = String::from_utf8_lossy(bytes).into_owned();
        if let Access::Token { token, .. } = &self.access {
            text = text.replace(token.expose(), "[token]");
        }
        let visible: String = text.chars().filter(|c| !c.is_control() || *c == '\n').collect();
        let lines = visible.lines().map(str::trim).filter(|line| !line.is_empty());
        // Every attempt logs a line of its own: `E1125 …`.
        let is_log = |line: &&str| line.starts_with('E') && line[1..].starts_with(|c: char| c.is_ascii_digit());
        let lines: Vec<&str> = lines.filter(|line| !is_log(line)).collect();
        if lines.is_empty() { "kubectl says nothing".to_owned() } else { lines.join("\n") }
    }
}

/// Reads both streams to their ends at once.
fn outcome(mut child: Child) -> Result<(bool, Vec<u8>, Vec<u8>), Error> {
    let stderr = child.stderr.take();
    let said = std::thread::spawn(move || {
        let mut bytes = Vec::new();
        // What cannot be read is not there.
        let _ = stderr.map(|stderr| stderr.take(1 << 20).read_to_end(&mut bytes));
        bytes
    });
    let mut bytes = Vec::new();
    let read = child.stdout.take().map(|stdout| stdout.take(LARGEST + 1).read_to_end(&mut bytes));
    let is_too_large = bytes.len() as u64 > LARGEST;
    if is_too_large || matches!(read, Some(Err(_))) {
        // It may go on for ever.
        let _ = child.kill();
    }
    let status = child.wait().map_err(Error::NoProgram)?;
    if is_too_large {
        return Err(Error::TooLarge(LARGEST));
    }
    Ok((status.success(), bytes, said.join().unwrap_or_default()))
}

/// `Error from server (Forbidden): events is forbidden: User "x" cannot list resource "events" in API group "" in …`.
fn refused(line: &str) -> Option<Refused> {
    let quoted = |after: &str| Some(line.split_once(after)?.1.split('"').next()?.to_owned());
    if !line.contains("(Forbidden)") {
        return None;
    }
    Some(Refused { resource: quoted("cannot list resource \"")?, group: quoted("in API group \"")? })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_refusal_names_its_kind() {
        let line = "Error from server (Forbidden): ingresses.networking.k8s.io is forbidden: User \"u\" cannot list resource \
                    \"ingresses\" in API group \"networking.k8s.io\" in the namespace \"n\"";
        let one = Refused { resource: "ingresses".into(), group: "networking.k8s.io".into() };
        assert_eq!(refused(line), Some(one));
        assert_eq!(refused("Unable to connect to the server: EOF"), None);
    }
}
