//! The remote's side of publishing: where to build on, and whether a push has arrived.

use git2::Oid;

use crate::git::remote::Remote;
use crate::git::repository::short;
use crate::git::{Error, Repository};

/// What the next commit goes on top of.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Ground {
    /// The parent; `None` for a first commit.
    pub parent: Option<Oid>,
    /// Where the remote branch is; `None` if it does not exist.
    pub tip: Option<Oid>,
}

/// What became of a push.
#[derive(Debug)]
pub(super) enum Delivery {
    /// The remote branch holds the commit. With what the server said.
    Arrived(String),
    /// Somebody else moved the branch first; or, with an error, only seems to be about to.
    Raced(Option<Error>),
}

impl Repository {
    /// Where to build on: the remote's tip if HEAD is part of it, else HEAD if the tip is part of that.
    /// `None` if the branch moved while it was looked at.
    pub(super) fn ground(&self, remote: &Remote<'_>, head: Option<Oid>) -> Result<Option<Ground>, Error> {
        let last_seen = remote.last_seen();
        let tip = remote.tip()?;
        let on = |parent| Ok(Some(Ground { parent, tip }));
        let Some(tip_oid) = tip else {
            // Where there is no branch at all, as behind a new address, this one was not taken away on purpose.
            return if head.is_some() && last_seen.is_some() && !remote.is_empty()? {
                Err(Error::BranchGone { branch: remote.branch.clone(), remote: remote.name.clone() })
            } else {
                on(head)
            };
        };
        if head == tip {
            return on(head);
        }
        if !remote.fetch(tip_oid)? {
            return Ok(None);
        }
        let Some(head) = head else { return on(tip) };
        let lost = last_seen.map(|seen| Ok::<_, Error>((seen, self.contains(tip_oid, seen)?))).transpose()?;
        match lost {
            Some((seen, false)) if !self.git.is_shallow() && self.contains(seen, head)? => {
                return Err(Error::Rewritten {
                    branch: remote.branch.clone(),
                    remote: remote.name.clone(),
                    lost: short(seen),
                });
            }
            _ => {}
        }
        if self.contains(tip_oid, head)? {
            return on(tip);
        }
        if self.contains(head, tip_oid)? {
            return on(Some(head));
        }
        let (branch, remote) = (remote.branch.clone(), remote.name.clone());
        if self.git.is_shallow() {
            return Err(Error::Shallow { branch, remote });
        }
        let counted = self.git.graph_ahead_behind(head, tip_oid);
        let (ahead, behind) = counted.map_err(Error::library("compare HEAD with the remote"))?;
        Err(Error::Diverged { branch, remote, ahead, behind })
    }

    /// `true` if `ancestor` is `commit` or part of its history.
    fn contains(&self, commit: Oid, ancestor: Oid) -> Result<bool, Error> {
        if commit == ancestor {
            return Ok(true);
        }
        self.git.graph_descendant_of(commit, ancestor).map_err(Error::library("walk the history"))
    }

    /// Pushes `commit` and believes only what the remote says about its branch afterwards.
    pub(super) fn deliver(
        &self,
        remote: &Remote<'_>,
        commit: Oid,
        before: Option<Oid>,
        push_options: &[String],
    ) -> Result<Delivery, Error> {
        let pushed = remote.push(commit, push_options)?;
        let name = || remote.name.clone();
        let refused = |reason, text| Error::Refused { remote: remote.name.clone(), reason, text };
        let now = match remote.tip() {
            Ok(now) => now,
            Err(Error::Unreachable { .. }) if !pushed.reason.is_empty() => {
                return Err(refused(pushed.reason, pushed.text));
            }
            Err(Error::Unreachable { text, .. }) => {
                let text = if pushed.text.is_empty() { text } else { pushed.text };
                return Err(Error::Unconfirmed { remote: name(), text });
            }
            Err(error) => return Err(error),
        };
        if now == Some(commit) {
            return Ok(Delivery::Arrived(pushed.text));
        }
        // To be cut off here does not mean that nothing was changed.
        let unconfirmed = |error| match error {
            Error::Unreachable { text, .. } => Error::Unconfirmed { remote: name(), text },
            error => error,
        };
        if now != before
            && let Some(now) = now
            && remote.fetch(now).map_err(unconfirmed)?
            && self.contains(now, commit)?
        {
            // Somebody has built on it already.
            return Ok(Delivery::Arrived(pushed.text));
        }
        if pushed.ok {
            return Err(Error::NotMoved {
                remote: name(),
                branch: remote.branch.clone(),
                found: now.map_or_else(|| "no commit".into(), short),
                expected: short(commit),
            });
        }
        if now != before {
            return Ok(Delivery::Raced(None));
        }
        if pushed.lost_a_race() {
            return Ok(Delivery::Raced(Some(refused(pushed.reason, pushed.text))));
        }
        if pushed.reason.is_empty() {
            return Err(Error::Program { command: "push".into(), text: pushed.text });
        }
        Err(refused(pushed.reason, pushed.text))
    }
}
