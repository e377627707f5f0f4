//! Exit codes: the one list of them, and which wins when several apply.

use lmsgen::diagnostic::{Class, Diagnostic};

/// How a command ended. Scripts rely on the numbers; they never change.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Exit {
    /// 0: done, or no differences.
    Done,
    /// 1: differences or findings, where the command was asked to say so (`diff --exit-code`, `verify`).
    Differences,
    /// 2: the command line is wrong.
    Usage,
    /// 3: invalid input, or policy forbids it.
    Input,
    /// 4: secrets are missing, broken or encrypted to the wrong people.
    Secrets,
    /// 5: a local file could not be read or written.
    Io,
    /// 6: Git, the remote or a cluster failed.
    Git,
    /// 7: another run holds the lock, or the remote moved; safe to try again.
    Busy,
    /// 8: a safety guard stopped the run; a person may override it with a flag.
    Guard,
    /// 9: a limit was reached.
    Limit,
    /// 70: a bug in lmsgen.
    Bug,
    /// 128 + n: ended by signal n; 141 when the reader of stdout went away.
    Signal(u8),
}

impl Exit {
    /// The number.
    #[must_use]
    pub const fn code(self) -> u8 {
        match self {
            Self::Done => 0,
            Self::Differences => 1,
            Self::Usage => 2,
            Self::Input => 3,
            Self::Secrets => 4,
            Self::Io => 5,
            Self::Git => 6,
            Self::Busy => 7,
            Self::Guard => 8,
            Self::Limit => 9,
            Self::Bug => 70,
            Self::Signal(number) => 128_u8.saturating_add(number),
        }
    }

    /// The one of two that says more: a signal, a bug, then secrets, a guard, input, a limit, local files, Git, a busy
    /// repository, differences.
    #[must_use]
    pub const fn worst(self, other: Self) -> Self {
        if self.severity() >= other.severity() { self } else { other }
    }

    /// The exit of a run that found `diagnostics`: the worst class among the errors, [`Exit::Done`] without errors.
    #[must_use]
    pub fn of(diagnostics: &[Diagnostic]) -> Self {
        diagnostics
            .iter()
            .filter(|one| one.is_error())
            .map(|one| Self::from(one.code.class))
            .fold(Self::Done, Self::worst)
    }

    const fn severity(self) -> u8 {
        match self {
            Self::Done => 0,
            Self::Differences => 1,
            Self::Busy => 2,
            Self::Git => 3,
            Self::Io => 4,
            Self::Limit => 5,
            Self::Input => 6,
            Self::Guard => 7,
            Self::Secrets => 8,
            Self::Usage => 9,
            Self::Bug => 10,
            Self::Signal(_) => 11,
        }
    }
}

impl From<Class> for Exit {
    fn from(class: Class) -> Self {
        match class {
            Class::Input => Self::Input,
            Class::Secret => Self::Secrets,
            Class::Guard => Self::Guard,
            Class::Limit => Self::Limit,
            Class::Finding => Self::Differences,
        }
    }
}

impl From<Exit> for std::process::ExitCode {
    fn from(exit: Exit) -> Self {
        Self::from(exit.code())
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use lmsgen::diagnostic::Code;

    #[test]
    fn the_worst_class_decides() {
        let order = [
            Exit::Bug,
            Exit::Secrets,
            Exit::Guard,
            Exit::Input,
            Exit::Limit,
            Exit::Io,
            Exit::Git,
            Exit::Busy,
            Exit::Differences,
            Exit::Done,
        ];
        for (at, worse) in order.iter().enumerate() {
            for better in &order[at..] {
                assert_eq!(worse.worst(*better), *worse);
                assert_eq!(better.worst(*worse), *worse);
            }
        }
        assert_eq!(order.map(Exit::code), [70, 4, 8, 3, 9, 5, 6, 7, 1, 0]);
        assert_eq!(Exit::Signal(13).code(), 141);
    }

    #[test]
    fn only_errors_count() {
        const INPUT: Code = Code::new("LMS999", Class::Input);
        const SECRET: Code = Code::new("LMS998", Class::Secret);
        assert_eq!(Exit::of(&[Diagnostic::warning(SECRET, "x")]), Exit::Done);
        let found = [Diagnostic::error(INPUT, "x"), Diagnostic::warning(SECRET, "x"), Diagnostic::error(SECRET, "x")];
        assert_eq!(Exit::of(&found), Exit::Secrets);
    }
}
