//! A real Git server: one `git daemon --inetd` for each connection to a loopback port. Hooks run and refusals are
//! refusals, which pushing to a path would not show.
//!
//! The port is bound here and never let go, so that no other test can take it before the server listens.

#![expect(clippy::disallowed_types, clippy::disallowed_methods, reason = "tests start programs and write files")]

use std::net::{TcpListener, TcpStream};
use std::os::fd::OwnedFd;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::thread::JoinHandle;

/// Variables that make Git the same on every machine.
pub const VARIABLES: [(&str, &str); 8] = [
    ("GIT_CONFIG_GLOBAL", "/dev/null"),
    ("GIT_CONFIG_NOSYSTEM", "1"),
    ("GIT_AUTHOR_NAME", "Анна Ivanova"),
    ("GIT_AUTHOR_EMAIL", "anna@example.com"),
    ("GIT_COMMITTER_NAME", "Build Bot"),
    ("GIT_COMMITTER_EMAIL", "bot@example.com"),
    ("GIT_AUTHOR_DATE", "2026-01-02T03:04:05+0300"),
    ("GIT_COMMITTER_DATE", "2026-01-02T03:04:06+0300"),
];

/// Runs `git` in `folder` and returns what it printed, without the last line break.
///
/// # Panics
/// When it fails.
pub fn git(folder: &Path, args: &[&str]) -> String {
    let output = Command::new("git")
        .current_dir(folder)
        .args(args)
        .envs(VARIABLES)
        .env("LC_ALL", "C")
        .stdin(Stdio::null())
        .output()
        .expect("git starts");
    let text = |bytes| String::from_utf8_lossy(bytes).into_owned();
    assert!(output.status.success(), "git {args:?}: {}{}", text(&output.stdout), text(&output.stderr));
    text(&output.stdout).trim_end_matches('\n').to_owned()
}

/// Runs a program and says whether it was there and succeeded.
pub fn run(program: &str, args: &[&str]) -> bool {
    let mut command = Command::new(program);
    command.args(args).envs(VARIABLES).stdin(Stdio::null()).stdout(Stdio::null()).stderr(Stdio::null());
    command.status().is_ok_and(|status| status.success())
}

/// One served repository, `fleet.git`; it ends with the value.
pub struct GitServer {
    folder: tempfile::TempDir,
    port: u16,
    is_over: Arc<AtomicBool>,
    listening: Option<JoinHandle<()>>,
}

impl GitServer {
    /// Starts with an empty repository whose HEAD is `main`.
    pub fn start() -> Self {
        let folder = tempfile::tempdir().expect("a temporary folder");
        git(folder.path(), &["init", "-q", "--bare", "--initial-branch=main", "fleet.git"]);
        let program = PathBuf::from(git(folder.path(), &["--exec-path"])).join("git-daemon");
        let listener = TcpListener::bind("127.0.0.1:0").expect("a free port");
        let port = listener.local_addr().expect("its address").port();
        let is_over = Arc::new(AtomicBool::new(false));
        let listening = {
            let (base, is_over) = (folder.path().to_owned(), Arc::clone(&is_over));
            std::thread::spawn(move || serve(&listener, &program, &base, &is_over))
        };
        Self { folder, port, is_over, listening: Some(listening) }
    }

    pub fn port(&self) -> u16 {
        self.port
    }

    pub fn url(&self) -> String {
        format!("git://127.0.0.1:{}/fleet.git", self.port)
    }

    /// The served repository's folder.
    pub fn repository(&self) -> PathBuf {
        self.folder.path().join("fleet.git")
    }

    /// Runs `git` in the served repository.
    pub fn git(&self, args: &[&str]) -> String {
        git(&self.repository(), args)
    }

    /// The commit a branch is at; empty if there is none.
    pub fn tip(&self, branch: &str) -> String {
        self.git(&["for-each-ref", "--format=%(objectname)", &format!("refs/heads/{branch}")])
    }

    /// How many commits `main` has.
    pub fn count(&self) -> usize {
        self.git(&["rev-list", "--count", "main"]).parse().expect("a number")
    }

    /// Installs a hook; `script` is the body of a shell script.
    pub fn hook(&self, name: &str, script: &str) {
        use std::os::unix::fs::PermissionsExt;
        let path = self.repository().join("hooks").join(name);
        std::fs::create_dir_all(path.parent().expect("hooks")).expect("a hooks folder");
        std::fs::write(&path, format!("#!/bin/sh\n{script}\n")).expect("a hook");
        std::fs::set_permissions(&path, PermissionsExt::from_mode(0o755)).expect("an executable hook");
    }

    /// Removes a hook.
    pub fn unhook(&self, name: &str) {
        std::fs::remove_file(self.repository().join("hooks").join(name)).expect("a hook");
    }
}

impl Drop for GitServer {
    fn drop(&mut self) {
        self.is_over.store(true, Ordering::SeqCst);
        // The thread waits for a connection; this is its last one.
        let _ = TcpStream::connect(("127.0.0.1", self.port));
        if let Some(listening) = self.listening.take() {
            let _ = listening.join();
        }
    }
}

/// Gives every connection to a daemon of its own, until the value that listens ends.
fn serve(listener: &TcpListener, program: &Path, base: &Path, is_over: &AtomicBool) {
    let mut daemons: Vec<Child> = Vec::new();
    for client in listener.incoming() {
        if is_over.load(Ordering::SeqCst) {
            break;
        }
        daemons.retain_mut(|daemon| daemon.try_wait().is_ok_and(|ended| ended.is_none()));
        daemons.push(daemon(program, base, client.expect("a connection")));
    }
    for daemon in &mut daemons {
        let _ = daemon.kill();
        let _ = daemon.wait();
    }
}

fn daemon(program: &Path, base: &Path, client: TcpStream) -> Child {
    let answers = OwnedFd::from(client.try_clone().expect("the connection twice"));
    Command::new(program)
        .args(["--inetd", "--log-destination=none", "--export-all", "--enable=receive-pack", "--informative-errors"])
        .arg(format!("--base-path={}", base.display()))
        .arg(base)
        .envs(VARIABLES)
        .stdin(OwnedFd::from(client))
        .stdout(answers)
        .stderr(Stdio::null())
        .spawn()
        .expect("git-daemon starts")
}
