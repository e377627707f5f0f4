//! The program `lmsgen`: arguments in, exit code out. All logic is in the library.

mod cli;

fn main() -> std::process::ExitCode {
    cli::run().into()
}
