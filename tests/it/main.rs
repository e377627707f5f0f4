//! End-to-end tests, one module per area.

#![allow(
    clippy::unwrap_used,
    clippy::disallowed_types,
    clippy::disallowed_methods,
    reason = "tests prepare files and programs, and a step that fails fails the test"
)]

mod adopt;
mod age_keys;
mod apply_plan;
mod architecture;
mod batch;
mod canary;
mod ci;
mod cli;
mod cross_objects;
mod delivery;
mod determinism;
mod diff;
mod files;
mod fleet;
mod generators;
mod git;
mod hostile_fleet;
mod hostile_templates;
mod isolation;
mod limits;
mod manifests;
mod offboarding;
mod other_manifests;
mod plaintext_guard;
mod readme;
mod render_faults;
mod reports;
mod rewrap;
mod rotate;
mod rules;
mod schemas;
mod scope;
mod second_stack;
mod secret;
mod secret_keeping;
mod secret_values;
mod secrets_cli;
mod secrets_scan;
mod secrets_several;
mod session;
mod status;
mod status_cases;
mod store_forms;
mod store_guard;
mod store_lineage;
mod store_tampering;
mod store_unsaid;
mod support;
mod terminal;
mod tree;
mod waivers;
