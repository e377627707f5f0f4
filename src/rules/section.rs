//! A section of the book as written, taken apart. The text is our own: what does not follow the form is left empty, and a
//! test finds it.

/// One rule.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Rule {
    /// `LMS101`.
    pub id: &'static str,
    /// A few words.
    pub title: &'static str,
    /// `error`, `warning`, or both.
    pub severity: &'static str,
    /// What sort of rule it is: `toml`, `secrets`, `policy`.
    pub kind: &'static str,
    /// The title of its chapter.
    pub chapter: &'static str,
    /// Why it is a fault.
    pub why: &'static str,
    /// Files that are wrong and right.
    pub examples: Vec<Example>,
    /// What to do.
    pub fix: &'static str,
    /// Whether it can be allowed, in words.
    pub allow: &'static str,
}

/// A file that shows a rule.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Example {
    /// `toml` or `yaml`.
    pub language: &'static str,
    /// Whether it breaks the rule.
    pub verdict: Verdict,
    /// The file. A file of a fleet starts with a comment that is its path.
    pub text: &'static str,
}

/// What an example shows.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Verdict {
    /// It breaks the rule.
    Bad,
    /// It does not.
    Good,
}

/// By what an `[[allow]]` can name what it allows.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Allowed {
    /// A pattern over the file that is marked.
    pub path: bool,
    /// Patterns over instances.
    pub instances: bool,
    /// The key that a secret's value stands under.
    pub key: bool,
}

impl Allowed {
    /// `true` if nothing can allow it.
    #[must_use]
    pub const fn is_never(self) -> bool {
        !self.path && !self.instances
    }
}

impl Rule {
    /// By what it can be allowed.
    #[must_use]
    pub fn allowed(&self) -> Allowed {
        let by = |word: &str| !self.allow.starts_with("never") && self.allow.contains(word);
        Allowed { path: by("`path`"), instances: by("`instances`"), key: by("`key`") }
    }
}

/// The rules of one file: `# Chapter`, then `## LMS000 title` and what belongs to it.
pub(super) fn read_chapter(text: &'static str) -> Vec<Rule> {
    let mut sections = text.split("\n## ");
    let chapter = sections.next().and_then(|head| head.strip_prefix("# ")).and_then(|head| head.lines().next());
    sections.map(|section| read_section(section, chapter.unwrap_or_default())).collect()
}

fn read_section(text: &'static str, chapter: &'static str) -> Rule {
    let (head, body) = text.split_once('\n').unwrap_or((text, ""));
    let (id, title) = head.split_once(' ').unwrap_or((head, ""));
    let (sort, body) = body.trim_start().split_once('\n').unwrap_or_default();
    let (severity, kind) = sort.split_once(" · ").unwrap_or((sort, ""));
    let (body, allow) = body.split_once("\nAllow: ").unwrap_or((body, ""));
    let (body, fix) = body.split_once("\nFix: ").unwrap_or((body, ""));
    let why = body.split("\n```").next().unwrap_or_default();
    Rule {
        id,
        title,
        severity,
        kind,
        chapter,
        why: why.trim(),
        examples: read_examples(body),
        fix: fix.trim(),
        allow: allow.trim(),
    }
}

fn read_examples(body: &'static str) -> Vec<Example> {
    let read = |block: &'static str| {
        let (head, text) = block.split_once('\n')?;
        let (language, verdict) = head.split_once(' ')?;
        let verdict = match verdict {
            "bad" => Verdict::Bad,
            "good" => Verdict::Good,
            _ => return None,
        };
        Some(Example { language, verdict, text })
    };
    body.split("\n```").skip(1).step_by(2).filter_map(read).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_section_is_taken_apart() {
        let text = "# Chapter\n\n## LMS900 a title\n\nerror · policy\n\nWhy\nso.\n\n```yaml bad\na: 1\n```\n\n```yaml good\na: 2\n```\n\n\
                    Fix: do\nthis.\n\nAllow: by `path` or `instances`.\n";
        let rules = read_chapter(text);
        let [rule] = &rules[..] else { panic!("{rules:?}") };
        assert_eq!((rule.id, rule.title, rule.severity, rule.kind), ("LMS900", "a title", "error", "policy"));
        assert_eq!((rule.chapter, rule.why, rule.fix), ("Chapter", "Why\nso.", "do\nthis."));
        assert_eq!(rule.examples.iter().map(|one| one.text).collect::<Vec<_>>(), ["a: 1", "a: 2"]);
        assert_eq!(rule.allowed(), Allowed { path: true, instances: true, key: false });
        let never = Rule { allow: "never; `path` is no help", ..rule.clone() };
        assert!(never.allowed().is_never());
    }
}
