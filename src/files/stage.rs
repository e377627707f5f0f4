//! Folders of files that are written in full before any of them gets its name.

use super::root::STATE;
use super::{Dir, Error, Kind, Lock};

/// A folder below `.lmsgen/` for one run: files are put there and renamed from there. What is left in it goes when it
/// is dropped, or when the next run takes the lock.
#[derive(Debug)]
pub struct Stage<'r> {
    state: Dir<'r>,
    name: String,
    dir: Dir<'r>,
    is_kept: bool,
}

impl<'r> Lock<'r> {
    /// A fresh stage.
    ///
    /// # Errors
    /// [`Error::System`].
    pub fn stage(&self) -> Result<Stage<'r>, Error> {
        let root = self.root();
        let state = root.state()?;
        let name = root.staged_name();
        let dir = state.make_new(&name, STATE)?;
        Ok(Stage { state, name, dir, is_kept: false })
    }

    /// The folder [`STATE`].
    ///
    /// # Errors
    /// [`Error::System`].
    pub fn state(&self) -> Result<Dir<'r>, Error> {
        self.root().state()
    }
}

impl<'r> Stage<'r> {
    /// Gives the folder with all its files another name below [`STATE`]; it stays when this is dropped.
    ///
    /// # Errors
    /// [`Error::Exists`]; [`Error::System`].
    pub(super) fn keep_as(mut self, name: &str) -> Result<(), Error> {
        self.state.rename_new(&self.name, &self.state, name)?;
        self.is_kept = true;
        Ok(())
    }

    /// The staging folder itself, for renames out of it.
    pub fn dir(&self) -> &Dir<'r> {
        &self.dir
    }
}

impl Drop for Stage<'_> {
    fn drop(&mut self) {
        if self.is_kept {
            return;
        }
        // A failure here leaves something for the next run to remove, and nothing to tell.
        let _ = clear(&self.dir, |_| true);
        let _ = self.state.remove_empty_dir(&self.name);
    }
}

/// Removes what `dir`, a folder of lmsgen's own, holds under the names that `which` picks, folders with all their content.
pub(super) fn clear(dir: &Dir<'_>, which: impl Fn(&str) -> bool) -> Result<(), Error> {
    debug_assert!(dir.path().starts_with(STATE), "only below the state folder");
    clear_below(dir, &which)
}

fn clear_below(dir: &Dir<'_>, which: &dyn Fn(&str) -> bool) -> Result<(), Error> {
    for entry in dir.list()? {
        let Some(name) = entry.name().filter(|name| which(name)) else { continue };
        if entry.kind == Kind::Folder {
            if let Some(sub) = dir.sub(name)? {
                clear_below(&sub, &|_| true)?;
            }
            dir.remove_empty_dir(name)?;
        } else {
            dir.remove(name)?;
        }
    }
    Ok(())
}
