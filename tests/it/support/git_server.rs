//! A real Git server: `git daemon` on a loopback port. Hooks run and refusals are refusals, which pushing to a
//! path would not show.

#![expect(clippy::disallowed_types, clippy::disallowed_methods, reason = "tests start programs and write files")]

use std::net::{TcpListener, TcpStream};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::time::Duration;

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
    daemon: Child,
    port: u16,
}

impl GitServer {
    /// Starts with an empty repository whose HEAD is `main`.
    pub fn start() -> Self {
        let folder = tempfile::tempdir().expect("a temporary folder");
        git(folder.path(), &["init", "-q", "--bare", "--initial-branch=main", "fleet.git"]);
        let program = PathBuf::from(git(folder.path(), &["--exec-path"])).join("git-daemon");
        for _ in 0..20 {
            let port = free_port();
            let mut daemon = Command::new(&program)
                .args(["--listen=127.0.0.1", &format!("--port={port}"), "--reuseaddr", "--export-all"])
                .args(["--enable=receive-pack", "--informative-errors"])
                .arg(format!("--base-path={}", folder.path().display()))
                .arg(folder.path())
                .envs(VARIABLES)
                .stdin(Stdio::null())
                .stdout(Stdio::null())
                .stderr(Stdio::null())
                .spawn()
                .expect("git-daemon starts");
            if answers(port, &mut daemon) {
                return Self { folder, daemon, port };
            }
            let _ = daemon.kill();
            let _ = daemon.wait();
        }
        panic!("git-daemon finds no free port");
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
        let _ = self.daemon.kill();
        let _ = self.daemon.wait();
    }
}

fn free_port() -> u16 {
    let listener = TcpListener::bind("127.0.0.1:0").expect("a free port");
    listener.local_addr().expect("its address").port()
}

/// Waits until the daemon listens; `false` if it ended, because another process took the port.
fn answers(port: u16, daemon: &mut Child) -> bool {
    for _ in 0..500 {
        if daemon.try_wait().expect("a child").is_some() {
            return false;
        }
        if TcpStream::connect(("127.0.0.1", port)).is_ok() {
            return daemon.try_wait().expect("a child").is_none();
        }
        std::thread::sleep(Duration::from_millis(10));
    }
    false
}
