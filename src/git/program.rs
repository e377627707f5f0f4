//! Running the program `git`: for what talks to a remote, signs, or writes files outside the fleet.
//!
//! Its environment is the user's, so that credentials, SSH and proxies work, without what would point it at
//! another repository or make it ask, translate or trace.

#![expect(clippy::disallowed_types, reason = "this is one of the two modules that start programs")]

use std::io::Write;
use std::os::unix::process::ExitStatusExt;
use std::path::PathBuf;
use std::process::{Command, Stdio};

use super::{Error, Repository, text};

/// Variables that redirect Git to other files, or make it print or run something of their own. Those of
/// credentials, SSH and configuration files stay.
const REMOVED: &[&str] = &[
    "GIT_ALTERNATE_OBJECT_DIRECTORIES",
    "GIT_ATTR_SOURCE",
    "GIT_CEILING_DIRECTORIES",
    "GIT_COMMON_DIR",
    "GIT_CONFIG",
    "GIT_CONFIG_COUNT",
    "GIT_CONFIG_PARAMETERS",
    "GIT_CURL_VERBOSE",
    "GIT_DEFAULT_HASH",
    "GIT_DIR",
    "GIT_DISCOVERY_ACROSS_FILESYSTEM",
    "GIT_EDITOR",
    "GIT_EXTERNAL_DIFF",
    "GIT_GRAFT_FILE",
    "GIT_IMPLICIT_WORK_TREE",
    "GIT_INDEX_FILE",
    "GIT_INDEX_VERSION",
    "GIT_LITERAL_PATHSPECS",
    "GIT_GLOB_PATHSPECS",
    "GIT_NOGLOB_PATHSPECS",
    "GIT_ICASE_PATHSPECS",
    "GIT_NAMESPACE",
    "GIT_OBJECT_DIRECTORY",
    "GIT_PAGER",
    "GIT_PREFIX",
    "GIT_QUARANTINE_PATH",
    "GIT_REDIRECT_STDERR",
    "GIT_REDIRECT_STDIN",
    "GIT_REDIRECT_STDOUT",
    "GIT_REF_PARANOIA",
    "GIT_REPLACE_REF_BASE",
    "GIT_SEQUENCE_EDITOR",
    "GIT_SHALLOW_FILE",
    "GIT_TRACE",
    "GIT_TRACE2",
    "GIT_TRACE2_EVENT",
    "GIT_TRACE2_PERF",
    "GIT_TRACE_CURL",
    "GIT_TRACE_PACKET",
    "GIT_TRACE_SETUP",
    "GIT_WORK_TREE",
    "LANGUAGE",
    // Private keys, and what makes them: hooks and helpers of Git have no use for them.
    "SOPS_AGE_KEY",
    "SOPS_AGE_KEY_CMD",
];

/// What came of a run.
#[derive(Debug)]
pub(super) struct Ran {
    /// Exit code 0.
    pub ok: bool,
    pub stdout: Vec<u8>,
    /// Standard error, fit to be shown.
    pub text: String,
    command: String,
}

impl Ran {
    /// Standard output, or the failure.
    pub fn stdout(self) -> Result<Vec<u8>, Error> {
        if self.ok { Ok(self.stdout) } else { Err(self.failed()) }
    }

    pub fn failed(self) -> Error {
        Error::Program { command: self.command, text: self.text }
    }
}

/// A run of `git` in a work tree.
pub(super) struct Git {
    folder: PathBuf,
    name: &'static str,
    settings: Vec<String>,
    args: Vec<String>,
    variables: Vec<(String, String)>,
    input: Option<Vec<u8>>,
}

impl Repository {
    /// `git <name>` in the work tree.
    pub(super) fn program(&self, name: &'static str) -> Git {
        Git {
            folder: self.workdir.clone(),
            name,
            settings: vec![
                "advice.pushUpdateRejected=false".into(),
                // A server that stalls for a minute is gone.
                "http.lowSpeedLimit=1".into(),
                "http.lowSpeedTime=60".into(),
            ],
            args: Vec::new(),
            variables: self.variables.clone(),
            input: None,
        }
    }
}

impl Git {
    /// `-c key=value`, over the user's configuration.
    pub fn setting(mut self, setting: &str) -> Self {
        self.settings.push(setting.into());
        self
    }

    pub fn args<S: Into<String>>(mut self, args: impl IntoIterator<Item = S>) -> Self {
        self.args.extend(args.into_iter().map(Into::into));
        self
    }

    pub fn variable(mut self, name: &str, value: &str) -> Self {
        self.variables.push((name.into(), value.into()));
        self
    }

    /// Feeds `input`, a few kilobytes at most, to standard input.
    pub fn input(mut self, input: Vec<u8>) -> Self {
        self.input = Some(input);
        self
    }

    /// Runs it to its end. A run that fails is no error here.
    pub fn run(self) -> Result<Ran, Error> {
        let mut child = self.command().spawn().map_err(Error::NoProgram)?;
        if let (Some(input), Some(mut stdin)) = (self.input, child.stdin.take()) {
            // A program that stops reading says why itself.
            let _ = stdin.write_all(&input);
        }
        let output = child.wait_with_output().map_err(Error::NoProgram)?;
        let mut text = text::clean(&output.stderr);
        if let Some(signal) = output.status.signal() {
            text += &format!("it was stopped by signal {signal}\n");
        }
        Ok(Ran { ok: output.status.success(), stdout: output.stdout, text, command: self.name.into() })
    }

    fn command(&self) -> Command {
        let mut command = Command::new("git");
        for variable in REMOVED {
            command.env_remove(variable);
        }
        command
            .current_dir(&self.folder)
            .env("LC_ALL", "C")
            .env("GIT_TERMINAL_PROMPT", "0")
            .env("GCM_INTERACTIVE", "never")
            // libgit2 knows no replaced objects, and both must see the same history.
            .env("GIT_NO_REPLACE_OBJECTS", "1")
            .env("GIT_OPTIONAL_LOCKS", "0")
            .envs(self.variables.iter().map(|(name, value)| (name, value)))
            .stdin(if self.input.is_some() { Stdio::piped() } else { Stdio::null() })
            .stdout(Stdio::piped())
            .stderr(Stdio::piped());
        for setting in &self.settings {
            command.args(["-c", setting]);
        }
        command.arg(self.name).args(&self.args);
        command
    }
}

#[cfg(test)]
mod tests {
    use std::ffi::OsStr;

    use super::*;

    #[test]
    fn variables_that_lead_git_elsewhere_are_removed_and_those_of_credentials_stay() {
        let folder = tempfile::tempdir().unwrap();
        git2::Repository::init(folder.path()).unwrap();
        let repository = Repository::open(folder.path()).unwrap();
        let command = repository.program("push").command();
        let set = |name: &str| command.get_envs().find(|(known, _)| *known == OsStr::new(name)).map(|(_, value)| value);
        for name in [
            "GIT_DIR",
            "GIT_WORK_TREE",
            "GIT_INDEX_FILE",
            "GIT_OBJECT_DIRECTORY",
            "GIT_CONFIG_COUNT",
            "GIT_TRACE",
            "SOPS_AGE_KEY",
            "SOPS_AGE_KEY_CMD",
        ] {
            assert_eq!(set(name), Some(None), "{name}");
        }
        for name in ["GIT_SSH_COMMAND", "GIT_ASKPASS", "SSH_AUTH_SOCK", "GIT_CONFIG_GLOBAL", "HTTPS_PROXY"] {
            assert_eq!(set(name), None, "{name}");
        }
        assert_eq!(set("LC_ALL"), Some(Some(OsStr::new("C"))));
        assert_eq!(set("GIT_TERMINAL_PROMPT"), Some(Some(OsStr::new("0"))));
    }
}
