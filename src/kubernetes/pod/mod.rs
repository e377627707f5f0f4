//! Pods and templates of Pods (`ValidatePodSpec` and what it calls).
//!
//! One file a part of the spec; `spec` calls them all.

mod annotations;
mod containers;
mod devices;
mod drivers;
mod env;
mod find;
mod mounts;
mod pod_spec;
mod ports;
mod probes;
mod projected;
mod resources;
mod scheduling;
mod security;
mod spec;
mod spread;
mod volumes;
mod windows;

pub use find::with_pod_spec;
pub(super) use pod_spec::PodSpec;
pub(super) use spec::{POD, check, check_object};
pub(super) use volumes::VOLUMES;
