//! The output tree against a real file system.

mod disk;
mod hostile;
mod interrupted;
mod output;
