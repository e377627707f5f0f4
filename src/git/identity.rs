//! Who commits, and when. Git itself says so, from its configuration and environment, by its own rules.

use git2::{Signature, Time};

use super::{Error, Repository};

/// The two people of a commit.
pub(super) struct People {
    pub author: Signature<'static>,
    pub committer: Signature<'static>,
}

impl Repository {
    /// Author (`Name <address>`, or Git's own idea) and committer, both now.
    pub(super) fn people(&self, author: Option<&str>) -> Result<People, Error> {
        let committer = self.ident("GIT_COMMITTER_IDENT", None)?;
        let author = match author {
            Some(text) => {
                let (name, address) = split_author(text).ok_or_else(|| Error::BadAuthor(text.into()))?;
                self.ident("GIT_AUTHOR_IDENT", Some((name, address)))?
            }
            None => self.ident("GIT_AUTHOR_IDENT", None)?,
        };
        Ok(People { author, committer })
    }

    fn ident(&self, variable: &str, author: Option<(&str, &str)>) -> Result<Signature<'static>, Error> {
        // Without this, Git would guess an address from the name of the machine.
        let mut git = self.program("var").setting("user.useConfigOnly=true").args([variable]);
        if let Some((name, address)) = author {
            git = git.variable("GIT_AUTHOR_NAME", name).variable("GIT_AUTHOR_EMAIL", address);
        }
        let ran = git.run()?;
        if !ran.ok {
            return Err(Error::NoIdentity);
        }
        parse_ident(&String::from_utf8_lossy(&ran.stdout)).ok_or(Error::NoIdentity)
    }
}

/// `Name <address>` with neither part empty and no other angle bracket.
fn split_author(text: &str) -> Option<(&str, &str)> {
    let (name, rest) = text.split_once('<')?;
    let address = rest.trim_end().strip_suffix('>')?;
    let (name, address) = (name.trim(), address.trim());
    let wrong = |part: &str| part.is_empty() || part.contains(['<', '>', '\n', '\0']);
    (!wrong(name) && !wrong(address)).then_some((name, address))
}

/// `Name <address> 1760000000 +0300`
fn parse_ident(text: &str) -> Option<Signature<'static>> {
    let (name, rest) = text.trim_end().split_once(" <")?;
    let (address, when) = rest.rsplit_once("> ")?;
    let (seconds, zone) = when.split_once(' ')?;
    let (hours, minutes) = zone.get(1..)?.split_at_checked(2)?;
    let minutes: i32 = hours.parse::<i32>().ok()? * 60 + minutes.parse::<i32>().ok()?;
    let offset = if zone.starts_with('-') { -minutes } else { minutes };
    Signature::new(name, address, &Time::new(seconds.parse().ok()?, offset)).ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn authors_have_a_name_and_an_address() {
        assert_eq!(split_author("Анна <a@b>"), Some(("Анна", "a@b")));
        for bad in ["", "Anna", "<a@b>", "Anna <>", "Anna <a@b", "Anna <a> <b>"] {
            assert_eq!(split_author(bad), None, "{bad}");
        }
    }

    #[test]
    fn idents_keep_their_time_zone() {
        let who = parse_ident("Анна И. <a@b> 1760000000 -0330\n").unwrap();
        assert_eq!((who.name().unwrap(), who.email().unwrap()), ("Анна И.", "a@b"));
        assert_eq!((who.when().seconds(), who.when().offset_minutes()), (1_760_000_000, -210));
    }
}
