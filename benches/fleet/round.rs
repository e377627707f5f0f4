//! One round of the comparison: every command once, next to what it is compared with.
//!
//! Each round works on folders that were never there before; what it wrote is moved away afterwards, not deleted.

#![expect(clippy::disallowed_methods, reason = "a benchmark moves its own folders")]

use std::path::{Path, PathBuf};

use super::Result;
use super::make::{client_id, edit};
use super::measure::{Ran, Size, command, copy, run};

/// What is measured, in this order.
pub const NAMES: [&str; 5] = ["cold-render", "warm-render", "one-client", "diff", "publish"];
/// What a fleet is made of, but for its output.
const SOURCES: [&str; 5] = ["lmsgen.toml", "clients", "environments", "templates", "secrets"];
const OUTPUT: &str = "rendered";
const LMSGEN: &str = env!("CARGO_BIN_EXE_lmsgen");

/// A fleet that is measured again and again.
pub struct Bench {
    folder: PathBuf,
    /// The client that is edited.
    client: usize,
    rounds: usize,
    /// Size of the output.
    pub output: Size,
    /// By name: milliseconds of ours and theirs, one pair a round.
    pub times: [Vec<(f64, f64)>; NAMES.len()],
    /// By name: the most memory in any round, in MB.
    pub peaks: [u64; NAMES.len()],
}

impl Bench {
    /// For the fleet in `folder/fleet`. Runs it once, so that everything is in the page cache.
    pub fn new(folder: &Path, clients: usize) -> Result<Self> {
        let folder = folder.to_owned();
        let (output, times, peaks) = Default::default();
        let bench = Self { folder, client: clients / 2, rounds: 0, output, times, peaks };
        bench.ours(&["-q", "validate"])?;
        Ok(bench)
    }

    fn root(&self) -> PathBuf {
        self.folder.join("fleet")
    }

    fn rendered(&self) -> PathBuf {
        self.root().join(OUTPUT)
    }

    /// Size of everything that is read.
    pub fn sources(&self) -> Result<Size> {
        SOURCES.iter().try_fold(Size::default(), |size, name| Ok(size.and(Size::of(&self.root().join(name))?)))
    }

    fn ours(&self, arguments: &[&str]) -> Result<Ran> {
        run(command(LMSGEN, &self.root(), arguments))
    }

    /// Measures everything once.
    pub fn round(&mut self) -> Result<()> {
        self.rounds += 1;
        let kept = self.folder.join(format!("round-{}", self.rounds));
        std::fs::create_dir(&kept)?;
        let theirs_git = kept.join("git");
        std::fs::create_dir(&theirs_git)?;
        for name in SOURCES {
            copy(&self.root().join(name), &theirs_git.join(name))?;
        }

        let cold = self.ours(&["-q", "render"])?;
        let theirs = copy(&self.rendered(), &theirs_git.join(OUTPUT))?.millis;
        self.note(0, &cold, theirs);
        let warm = self.ours(&["-q", "render"])?;
        self.note(1, &warm, theirs);
        self.publish(&theirs_git)?;

        // A person changes one client, renders it and looks at the difference to the last commit.
        edit(&self.root(), self.client, &format!("edited {}", self.rounds))?;
        let one = self.ours(&["-q", "render", &client_id(self.client)])?;
        self.note(2, &one, theirs);
        let diff = self.ours(&["-q", "diff"])?;
        self.note(3, &diff, theirs);

        self.output = Size::of(&self.rendered())?;
        for name in [OUTPUT, ".git"] {
            std::fs::rename(self.root().join(name), kept.join(name))?;
        }
        Ok(())
    }

    /// The first commit of the whole fleet, by us and by Git; who begins alternates.
    fn publish(&mut self, theirs: &Path) -> Result<()> {
        for folder in [&self.root(), theirs] {
            run(command("git", folder, &["init", "-q", "-b", "main"]))?;
            // What Git would do in the background would be measured with what comes next.
            for key in ["gc.auto", "maintenance.auto"] {
                run(command("git", folder, &["config", key, "0"]))?;
            }
        }
        let by_git = || -> Result<f64> {
            let add = run(command("git", theirs, &["add", "-A"]))?;
            let commit = run(command("git", theirs, &["commit", "-q", "-m", "All of it"]))?;
            Ok(add.millis + commit.millis)
        };
        let by_us = || self.ours(&["-q", "publish", "--no-push"]);
        let (ours, git) = if self.rounds.is_multiple_of(2) {
            let git = by_git()?;
            (by_us()?, git)
        } else {
            (by_us()?, by_git()?)
        };
        self.note(4, &ours, git);
        Ok(())
    }

    fn note(&mut self, what: usize, ours: &Ran, theirs: f64) {
        self.times[what].push((ours.millis, theirs));
        self.peaks[what] = self.peaks[what].max(ours.peak);
    }
}
