//! One file a rule. Each looks at a group, knows its one code, and says nothing unless a person would act on it.

pub mod missing_backend;
pub mod missing_key;
pub mod missing_object;
pub mod mounted_path;
pub mod probe_port;
pub mod selects_nothing;
pub mod target_port;
pub mod unused_volume;
