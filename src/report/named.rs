//! Formats that have names on the command line: one list gives the type, its names, and how it is read and shown.

/// A format that something is not written in.
#[derive(Debug, thiserror::Error)]
#[error("there is no format `{name}`; there is {}", known.join(", "))]
pub struct NoSuchFormat {
    /// What was asked for.
    name: String,
    /// What there is.
    known: Vec<&'static str>,
}

impl NoSuchFormat {
    /// The one of `all` that is called `name`.
    pub(super) fn or<F: Copy>(all: &[F], name_of: fn(F) -> &'static str, name: &str) -> Result<F, Self> {
        let found = all.iter().copied().find(|&format| name_of(format) == name);
        found.ok_or_else(|| Self {
            name: super::printable(name).into_owned(),
            known: all.iter().copied().map(name_of).collect(),
        })
    }
}

/// Declares an enum of formats, each with its name, in the order of help.
macro_rules! formats {
    ($(#[$about:meta])* pub enum $type:ident { $($(#[$what:meta])* $format:ident = $name:literal,)+ }) => {
        $(#[$about])*
        #[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
        pub enum $type {
            $($(#[$what])* $format,)+
        }

        impl $type {
            /// All of them, in the order of help.
            pub const ALL: &'static [Self] = &[$(Self::$format),+];

            /// The name on the command line.
            #[must_use]
            pub const fn name(self) -> &'static str {
                match self {
                    $(Self::$format => $name,)+
                }
            }
        }

        impl std::fmt::Display for $type {
            fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
                f.write_str(self.name())
            }
        }

        impl std::str::FromStr for $type {
            type Err = $crate::report::NoSuchFormat;

            fn from_str(name: &str) -> Result<Self, Self::Err> {
                $crate::report::NoSuchFormat::or(Self::ALL, Self::name, name)
            }
        }
    };
}
pub(super) use formats;
