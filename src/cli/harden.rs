//! Keeps the program's memory, which may hold secret values, out of core dumps and other processes.

use rustix::process::{Resource, Rlimit, setrlimit};

/// Switches core dumps off; on Linux, processes of the same user may not read this one's memory either. Programs that it
/// starts are as dumpable as ever, but leave no core file where the limit says so.
///
/// Best effort: a system that refuses is no reason not to work.
pub fn harden() {
    let _ = setrlimit(Resource::Core, Rlimit { current: Some(0), maximum: Some(0) });
    #[cfg(target_os = "linux")]
    {
        // Core patterns that pipe into a program ignore the limit, but not this.
        let _ = rustix::process::set_dumpable_behavior(rustix::process::DumpableBehavior::NotDumpable);
    }
}
