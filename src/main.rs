//! The program `lmsgen`: arguments in, exit code out. All logic is in the library.

mod cli;

/// A run makes and drops millions of small values on all threads: with it a render takes a fifth less time than with
/// the system's allocator, and a tenth more memory.
#[global_allocator]
static ALLOCATOR: mimalloc::MiMalloc = mimalloc::MiMalloc;

fn main() -> std::process::ExitCode {
    cli::run().into()
}
