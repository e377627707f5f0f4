//! The output tree against a real file system.

mod arbitrary;
mod disk;
mod hostile;
mod interrupted;
mod output;
