//! What the API server's validation rejects in one object, beyond its schema. One file a subject, named after the
//! functions of `k8s.io/kubernetes/pkg/apis/*/validation` that it follows.
//!
//! Pure: one object in, faults out. Knows no file, no template and no other object.

mod address;
mod autoscaler;
mod check;
mod claim;
mod config_data;
mod cron;
mod cron_job;
mod disruption_budget;
mod fault;
mod field;
mod http_filter;
mod http_route;
mod ingress;
mod job;
mod job_policy;
mod limit_range;
mod metadata;
#[cfg(test)]
mod metadata_tests;
mod namespace;
mod network_policy;
#[cfg(test)]
mod network_tests;
#[cfg(test)]
mod object_tests;
mod pod;
#[cfg(test)]
mod pod_level_tests;
mod pod_security;
#[cfg(test)]
mod pod_tests;
mod quantity;
mod rbac;
mod resource_name;
mod resource_quota;
mod selector;
mod service;
mod service_port;
mod spot;
mod words;
mod workload;
#[cfg(test)]
mod workload_tests;

pub use check::{Release, check};
pub use fault::{Fault, Faults};
pub use pod::with_pod_spec;
pub use pod_security::{baseline, restricted};
pub use quantity::Quantity;
pub use spot::Spot;
