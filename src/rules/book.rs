//! All sections, in the order of the chapters.

use std::sync::LazyLock;

use super::section::{Rule, read_chapter};

/// The files of `docs/rules`.
const CHAPTERS: [&str; 14] = [
    include_str!("../../docs/rules/files.md"),
    include_str!("../../docs/rules/fleet.md"),
    include_str!("../../docs/rules/parameters.md"),
    include_str!("../../docs/rules/templates.md"),
    include_str!("../../docs/rules/objects.md"),
    include_str!("../../docs/rules/schema.md"),
    include_str!("../../docs/rules/kubernetes.md"),
    include_str!("../../docs/rules/cross-object.md"),
    include_str!("../../docs/rules/kubernetes-other.md"),
    include_str!("../../docs/rules/output.md"),
    include_str!("../../docs/rules/delivery.md"),
    include_str!("../../docs/rules/store.md"),
    include_str!("../../docs/rules/plaintext.md"),
    include_str!("../../docs/rules/scope.md"),
];

static RULES: LazyLock<Vec<Rule>> = LazyLock::new(|| CHAPTERS.into_iter().flat_map(read_chapter).collect());

/// Every rule, chapter by chapter.
#[must_use]
pub fn all() -> &'static [Rule] {
    &RULES
}

/// The rule with the code `id`, in any case.
#[must_use]
pub fn find(id: &str) -> Option<&'static Rule> {
    all().iter().find(|rule| rule.id.eq_ignore_ascii_case(id))
}
