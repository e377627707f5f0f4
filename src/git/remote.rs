//! The remote branch, through the program `git`: where it is, fetching it, pushing one commit to it.
//!
//! Every answer but the branch's own position is only a hint: a server may say it took a push and have dropped it.

use git2::Oid;

use super::program::Ran;
use super::{Error, Repository, text};

/// One branch of one remote.
pub(super) struct Remote<'r> {
    repository: &'r Repository,
    pub name: String,
    pub branch: String,
    /// What `git` is given: the name, or the address to push to when that is another one than is fetched from.
    target: String,
    /// The address, fit to be shown.
    pub address: String,
}

/// What `git push` said.
#[derive(Debug)]
pub(super) struct Pushed {
    /// Git and the server say it is done. To be confirmed by [`Remote::tip`].
    pub ok: bool,
    /// Why not: `[remote rejected] (pre-receive hook declined)`; empty when the server did not get that far.
    pub reason: String,
    /// Everything else that was printed.
    pub text: String,
}

impl Pushed {
    /// `true` if the server could not take the branch's lock or found it moved: another publisher was there.
    pub fn lost_a_race(&self) -> bool {
        const SIGNS: [&str; 6] = [
            "fetch first",
            "non-fast-forward",
            "failed to update ref",
            "cannot lock ref",
            "failed to lock",
            "incorrect old value",
        ];
        SIGNS.iter().any(|sign| self.reason.contains(sign))
    }
}

impl Repository {
    /// The branch `branch` of remote `name`, which must have exactly one address to push to.
    pub(super) fn remote(&self, name: &str, branch: &str) -> Result<Remote<'_>, Error> {
        if name.starts_with('-') || !git2::Remote::is_valid_name(name) || self.git.find_remote(name).is_err() {
            return Err(Error::NoRemote(name.into()));
        }
        let addresses = |more: &[&str]| -> Result<Vec<String>, Error> {
            let ran = self.program("remote").args(["get-url"]).args(more.iter().copied()).args([name]).run()?;
            Ok(String::from_utf8_lossy(&ran.stdout()?).lines().map(str::to_owned).collect())
        };
        let push = addresses(&["--push", "--all"])?;
        let fetch = addresses(&[])?;
        let [address] = push.as_slice() else {
            return Err(Error::ManyAddresses { remote: name.into(), count: push.len() });
        };
        let same = fetch.first() == Some(address);
        Ok(Remote {
            repository: self,
            name: name.into(),
            branch: branch.into(),
            target: if same { name.into() } else { address.clone() },
            address: text::clean_line(address),
        })
    }
}

impl Remote<'_> {
    fn reference(&self) -> String {
        format!("refs/heads/{}", self.branch)
    }

    /// Where the branch is now; `None` if it does not exist there.
    pub fn tip(&self) -> Result<Option<Oid>, Error> {
        let reference = self.reference();
        let ran = self.repository.program("ls-remote").args(["--", &self.target, &reference]).run()?;
        let stdout = self.read(ran)?;
        // The pattern also matches `refs/x/refs/heads/main`.
        let line = String::from_utf8_lossy(&stdout)
            .lines()
            .filter_map(|line| line.split_once('\t'))
            .find(|(_, name)| *name == reference)
            .map(|(id, _)| id.to_owned());
        line.map(|id| Oid::from_str(&id).map_err(Error::library("read what `git ls-remote` printed"))).transpose()
    }

    /// `true` if there is no branch, tag or other reference there.
    pub fn is_empty(&self) -> Result<bool, Error> {
        let ran = self.repository.program("ls-remote").args(["--", &self.target]).run()?;
        Ok(self.read(ran)?.is_empty())
    }

    /// What `git` printed of the remote.
    fn read(&self, ran: Ran) -> Result<Vec<u8>, Error> {
        if ran.ok {
            return Ok(ran.stdout);
        }
        Err(Error::Unreachable { remote: self.name.clone(), address: self.address.clone(), text: ran.text })
    }

    /// Fetches the branch and moves no local reference, so that `tip` is here afterwards; `false` if it is not, because the branch moved on.
    pub fn fetch(&self, tip: Oid) -> Result<bool, Error> {
        if self.has(tip)? {
            return Ok(true);
        }
        let quiet = [
            "--quiet",
            "--no-tags",
            "--no-write-fetch-head",
            "--no-recurse-submodules",
            "--no-auto-gc",
            "--refmap=",
            "--",
        ];
        let ran = self.repository.program("fetch").args(quiet).args([&self.target, &self.reference()]).run()?;
        self.read(ran)?;
        self.has(tip)
    }

    fn has(&self, commit: Oid) -> Result<bool, Error> {
        let odb = self.repository.odb()?;
        odb.refresh().map_err(Error::library("look for new objects"))?;
        Ok(odb.exists(commit))
    }

    /// Pushes `commit` to the branch. Never forces.
    pub fn push(&self, commit: Oid, options: &[String]) -> Result<Pushed, Error> {
        let reference = self.reference();
        let plain = ["--porcelain", "--no-force", "--no-follow-tags", "--recurse-submodules=no"];
        let ran = self
            .repository
            .program("push")
            .args(plain)
            .args(options.iter().map(|option| format!("--push-option={option}")))
            .args(["--", &self.target, &format!("{commit}:{reference}")])
            .run()?;
        // `<flag>TAB<from>:<to>TAB<summary>`, where the flag is ` `, `*`, `=` or, for a refusal, `!`.
        let stdout = String::from_utf8_lossy(&ran.stdout).into_owned();
        let line = stdout.lines().find_map(|line| {
            let (flag, rest) = line.split_once('\t')?;
            let (names, summary) = rest.split_once('\t')?;
            names.ends_with(&format!(":{reference}")).then_some((flag, summary))
        });
        let (ok, reason) = match line {
            Some(("!", summary)) => (false, text::clean_line(summary)),
            Some(_) => (ran.ok, String::new()),
            None => (false, String::new()),
        };
        Ok(Pushed { ok, reason, text: without_echo(&ran.text) })
    }

    /// The remote-tracking branch's full name, if the remote is configured to have one.
    fn tracking(&self) -> Option<String> {
        let remote = self.repository.git.find_remote(&self.name).ok()?;
        let reference = self.reference();
        remote
            .refspecs()
            .filter(|spec| spec.direction() == git2::Direction::Fetch && spec.src_matches(&reference))
            .find_map(|spec| spec.transform(&reference).ok()?.as_str().ok().map(str::to_owned))
    }

    /// Moves the remote-tracking branch, as a fetch would, to what was just seen.
    pub fn track(&self, tip: Oid) {
        if let Some(name) = self.tracking() {
            // Only a courtesy to `git status`; the next fetch does it again.
            let _ = self.repository.git.reference(&name, tip, true, "publish: seen on the remote");
        }
    }

    /// Where the remote-tracking branch is: what this clone last saw of the remote.
    pub fn last_seen(&self) -> Option<Oid> {
        self.repository.git.refname_to_id(&self.tracking()?).ok()
    }
}

/// What Git repeats after the server: shown once is enough.
fn without_echo(text: &str) -> String {
    text.split_inclusive('\n').filter(|line| !line.starts_with("error: failed to push some refs")).collect()
}
