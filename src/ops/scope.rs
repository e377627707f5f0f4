//! The scope of a merge request: does it change what it claims to change, and nothing else?
//!
//! Looks at Git only, never at what the files say. Whatever it cannot judge counts as outside.

use std::collections::{BTreeSet, HashMap};

use crate::diagnostic::{Class, Code, Diagnostic};
use crate::document::quoted;
use crate::files::Root;
use crate::fleet::Sources;
use crate::git::{Entity, Repository, Stage, Touched};
use crate::names::ClientId;

use super::Error;
use super::store_files::STORE;

/// A change of something else than clients' files.
const OUTSIDE: Code = Code::new("LMS640", Class::Guard);
/// A client's file that is more than the text of one client.
const NOT_PLAIN: Code = Code::new("LMS641", Class::Guard);

const CLIENTS: &str = "clients/";

/// Everything that differs from where HEAD left `base` and is no `clients/<id>.toml`: a regular file that was added,
/// changed or removed. Committed, staged and other changes count; a path that Git does not know counts in the fleet's
/// own folders. Each comes with its path in the fleet, if it is there.
///
/// # Errors
/// No repository, or no one commit to compare with.
pub fn outside_clients(root: &Root, base: &str) -> Result<Vec<(Option<String>, Diagnostic)>, Error> {
    let repository = Repository::open(root.path())?;
    let prefix = repository.fleet_prefix();
    let touched = repository.touched_since(base)?;
    let names = Names::new(&repository, &touched, &prefix)?;
    let mut found = Vec::new();
    let mut last = None;
    for one in &touched {
        let own = one.path.strip_prefix(&prefix);
        let is_known = one.stage != Stage::Untracked || own.is_some_and(is_of_the_fleet);
        // The same change may be committed and gone on with: once is enough.
        if is_known
            && last != Some(&one.path)
            && let Some(fault) = judge(one, own, &names)
        {
            found.push((own.map(str::to_owned), fault));
            last = Some(&one.path);
        }
    }
    Ok(found)
}

/// `true` for what lmsgen would read or write.
fn is_of_the_fleet(own: &str) -> bool {
    let first = own.split('/').next().unwrap_or_default();
    Sources::ROOTS.contains(&first) || [STORE, Repository::OUTPUT].contains(&first) || first == ".sops.yaml"
}

fn judge(one: &Touched, own: Option<&str>, names: &Names) -> Option<Diagnostic> {
    let Some(file) = own.and_then(|own| own.strip_prefix(CLIENTS)) else { return Some(outside(one, own)) };
    let stem = file.strip_suffix(".toml").filter(|stem| !stem.contains('/'));
    let Some(stem) = stem else { return Some(outside(one, own)) };
    let what = |text: &str| format!("{} {text}", quoted(&one.path));
    if ClientId::new(stem).is_err() {
        return Some(plain(what("is not named like a client"), "name the file `<client id>.toml`"));
    }
    if let Some(entity) = [one.new, one.old].into_iter().flatten().find(|entity| *entity != Entity::File) {
        let (text, help) = match entity {
            Entity::Program if one.new != Some(entity) => return None,
            Entity::Program => {
                ("can be executed: mode 100755 instead of 100644", "run `chmod 644` on it and commit it")
            }
            Entity::Link => ("is a symbolic link", "put the client's own file there"),
            Entity::Submodule => ("is a repository of its own", "put the client's own file there"),
            _ => ("is no file, or the two sides of a conflict", "put the client's own file there"),
        };
        return Some(plain(what(text), help));
    }
    let twin = names.twin(&one.path).filter(|_| one.new.is_some())?;
    let text = format!("differs from {} by case only: some systems take both for one file", quoted(twin));
    Some(plain(what(&text), "rename one of them"))
}

fn plain(message: String, help: &str) -> Diagnostic {
    Diagnostic::error(NOT_PLAIN, message).help(help)
}

fn outside(one: &Touched, own: Option<&str>) -> Diagnostic {
    let verb = match (one.old, one.new) {
        (None, _) => "added",
        (_, None) => "removed",
        _ => "changed",
    };
    let place = match one.stage {
        Stage::Committed => "",
        Stage::Staged => " in the index",
        Stage::Unstaged | Stage::Untracked => " in the work tree",
    };
    let message = format!("{} is {verb}{place}, and is no file `clients/<id>.toml`", quoted(&one.path));
    let is_made = own.is_some_and(|own| {
        let first = own.split('/').next().unwrap_or_default();
        [STORE, Repository::OUTPUT, ".sops.yaml"].contains(&first)
    });
    let help = if is_made {
        "take it out of the merge request: `publish` writes it after the merge"
    } else {
        "take it out of the merge request, or have it reviewed as a change of the fleet, without `--scope clients`"
    };
    Diagnostic::error(OUTSIDE, message).help(help)
}

/// Paths of clients' files by how they look without case.
struct Names(HashMap<String, BTreeSet<String>>);

impl Names {
    fn new(repository: &Repository, touched: &[Touched], prefix: &str) -> Result<Self, Error> {
        let folder = format!("{prefix}{CLIENTS}");
        let mut names = Self(HashMap::new());
        // The last thing that happened to each path.
        let last: HashMap<&str, &Touched> = touched.iter().map(|one| (one.path.as_str(), one)).collect();
        let gone = |path: &String| last.get(path.as_str()).is_some_and(|one| one.new.is_none());
        let new = touched.iter().filter(|one| one.new.is_some() && one.path.starts_with(&folder));
        let paths = repository.tracked_below(&folder)?.into_iter().filter(|path| !gone(path));
        for path in paths.chain(new.map(|one| one.path.clone())) {
            names.0.entry(path.to_lowercase()).or_default().insert(path);
        }
        Ok(names)
    }

    fn twin(&self, path: &str) -> Option<&str> {
        let same = self.0.get(&path.to_lowercase())?;
        same.iter().find(|other| *other != path).map(String::as_str)
    }
}
