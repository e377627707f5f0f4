//! Writing a commit object, signed by Git if asked. Moves no branch.

use git2::{ObjectType, Oid, Signature};

use super::identity::People;
use super::publish::{SignOff, Signing};
use super::{Error, Repository};

impl Repository {
    /// Writes a commit of `tree` on top of `parent`.
    pub(super) fn write_commit(
        &self,
        tree: Oid,
        parent: Option<Oid>,
        people: &People,
        message: &str,
        signing: &Signing,
    ) -> Result<Oid, Error> {
        let key = match signing {
            Signing::None => None,
            Signing::DefaultKey => Some("-S".to_owned()),
            Signing::Key(key) => Some(format!("-S{key}")),
        };
        if let Some(key) = key {
            return self.sign_commit(tree, parent, people, message, &key);
        }
        let failed = || Error::library("write the commit");
        let tree = self.git.find_tree(tree).map_err(failed())?;
        let parent = parent.map(|oid| self.git.find_commit(oid)).transpose().map_err(failed())?;
        let parents: Vec<&git2::Commit<'_>> = parent.iter().collect();
        let buffer = self.git.commit_create_buffer(&people.author, &people.committer, message, &tree, &parents);
        self.odb()?.write(ObjectType::Commit, &buffer.map_err(failed())?).map_err(failed())
    }

    fn sign_commit(
        &self,
        tree: Oid,
        parent: Option<Oid>,
        people: &People,
        message: &str,
        key: &str,
    ) -> Result<Oid, Error> {
        let text = |bytes: &[u8]| String::from_utf8_lossy(bytes).into_owned();
        let ran = self
            .program("commit-tree")
            .args([key.to_owned(), tree.to_string()])
            .args(parent.into_iter().flat_map(|oid| ["-p".to_owned(), oid.to_string()]))
            .args(["-F", "-"])
            .variable("GIT_AUTHOR_NAME", &text(people.author.name_bytes()))
            .variable("GIT_AUTHOR_EMAIL", &text(people.author.email_bytes()))
            .variable("GIT_AUTHOR_DATE", &date(&people.author))
            .variable("GIT_COMMITTER_NAME", &text(people.committer.name_bytes()))
            .variable("GIT_COMMITTER_EMAIL", &text(people.committer.email_bytes()))
            .variable("GIT_COMMITTER_DATE", &date(&people.committer))
            .input(message.as_bytes().to_vec())
            .run()?;
        let stdout = ran.stdout()?;
        Oid::from_str(String::from_utf8_lossy(&stdout).trim()).map_err(Error::library("read the signed commit's id"))
    }
}

/// `@1760000000 +0300`, Git's exact form.
fn date(who: &Signature<'_>) -> String {
    let when = who.when();
    let minutes = when.offset_minutes().unsigned_abs();
    let sign = if when.offset_minutes() < 0 { '-' } else { '+' };
    format!("@{} {sign}{:02}{:02}", when.seconds(), minutes / 60, minutes % 60)
}

/// `message` without control characters, with one line break at its end, and signed off by `committer` if asked.
pub(super) fn finish_message(message: &str, sign_off: SignOff, committer: &Signature<'_>) -> String {
    let mut text: String = message.chars().filter(|&c| c == '\n' || !c.is_control()).collect();
    text.truncate(text.trim_end().len());
    if sign_off == SignOff::Add {
        let name = String::from_utf8_lossy(committer.name_bytes());
        let line = format!("Signed-off-by: {name} <{}>", String::from_utf8_lossy(committer.email_bytes()));
        let last = text.rsplit("\n\n").next().filter(|last| last.len() < text.len()).unwrap_or_default();
        if !last.lines().any(|one| one == line) {
            let is_trailer = |line: &str| {
                line.split_once(": ").is_some_and(|(key, _)| key.chars().all(|c| c.is_ascii_alphanumeric() || c == '-'))
            };
            let trailers = !last.is_empty() && last.lines().all(is_trailer);
            text.push_str(if trailers { "\n" } else { "\n\n" });
            text.push_str(&line);
        }
    }
    text.push('\n');
    text
}

#[cfg(test)]
mod tests {
    use git2::Time;

    use super::*;

    #[test]
    fn messages_end_in_one_block_of_trailers() {
        let who = Signature::new("A", "a@b", &Time::new(0, -90)).unwrap();
        let finish = |message| finish_message(message, SignOff::Add, &who);
        assert_eq!(finish("x\u{1b}[0m\r\n"), "x[0m\n\nSigned-off-by: A <a@b>\n");
        assert_eq!(finish("x: y"), "x: y\n\nSigned-off-by: A <a@b>\n");
        assert_eq!(finish("x\n\nKey: v\n"), "x\n\nKey: v\nSigned-off-by: A <a@b>\n");
        assert_eq!(finish(&finish("x")), finish("x"));
        assert_eq!(finish_message("x", SignOff::Omit, &who), "x\n");
        assert_eq!(date(&who), "@0 -0130");
    }
}
