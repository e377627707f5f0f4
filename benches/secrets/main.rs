//! Compares lmsgen's work on secrets with the programs that do it otherwise:
//! `cargo bench --bench secrets [-- --files 10000] [--keys 100] [--rounds 3] [--sample 50]`.
//!
//! RSA keys against `openssl genrsa` (a process a key); encrypting, decrypting and verifying store files against `sops`
//! (a process a file; a sample, extrapolated); a rewrap of all files against `cp -r` and one X25519 a file. Prints one
//! comparison a line, `name ratio target ours theirs unit`, as medians of interleaved rounds; lines with `#` say what was
//! measured. The program `sops` is the one `SOPS` names, the judges' or the one on the PATH.

#[path = "../shared/make.rs"]
#[expect(dead_code, reason = "the other benchmark edits its fleet")]
mod make;
#[path = "../shared/measure.rs"]
#[expect(dead_code, reason = "the other benchmark measures folders")]
mod measure;

mod keys;
mod rewrap;
mod store;

use std::error::Error;

use measure::{count, median, say};

type Result<T> = std::result::Result<T, Box<dyn Error>>;

const LMSGEN: &str = env!("CARGO_BIN_EXE_lmsgen");
/// Opens every file of the demo fleet.
const IDENTITY: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/tests/keys/demo.agekey");

/// What the command line asks for.
struct Options {
    files: usize,
    keys: usize,
    rounds: usize,
    sample: usize,
}

fn main() -> Result<()> {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    // `cargo bench` says so; `cargo test --benches` starts this program, too, and must be done at once.
    if !arguments.iter().any(|one| one == "--bench") {
        return Ok(());
    }
    let Options { files, keys, rounds, sample } = parse(&arguments)?;
    let cores = std::thread::available_parallelism()?;
    say(&format!("# {cores} cores, lmsgen {}; medians of {rounds} rounds", env!("CARGO_PKG_VERSION")))?;
    say("# name ratio target ours theirs unit")?;

    let rates = (0..rounds).map(|_| keys::round(keys)).collect::<Result<Vec<_>>>()?;
    say(&format!("# {keys} keys a round on all cores; {}", keys::openssl_version()?))?;
    more("rsa-2048", 3.0, &rates, "keys/s/core")?;

    let folder = tempfile::Builder::new().prefix("secrets-").tempdir_in(env!("CARGO_TARGET_TMPDIR"))?;
    let folder = folder.path().canonicalize()?;
    let fleet = folder.join("fleet");
    // Two Secrets a client.
    make::fleet(&fleet, files.div_ceil(2))?;
    let store = store::Store::open(&folder)?;
    let (n, bytes) = (store.files.len(), store.bytes);
    say(&format!("# {n} store files, {bytes} bytes; ours on all cores, in one process"))?;
    match store::sops_program() {
        None => say("# no sops: set SOPS, run tests/judges/run or put it on the PATH; rows left out")?,
        Some(sops) => {
            let sample = sample.min(n);
            say(&format!("# {}; one process a file for {sample} files, extrapolated", store::version(&sops)?))?;
            let rounds = (0..rounds).map(|_| store.round(&sops, sample)).collect::<Result<Vec<_>>>()?;
            for (at, name) in store::NAMES.into_iter().enumerate() {
                let pairs: Vec<(f64, f64)> = rounds.iter().filter_map(|round| round[at]).collect();
                if pairs.is_empty() {
                    say(&format!("# {name}: this lmsgen has no such command"))?;
                } else {
                    fewer(name, 200.0, &pairs, n)?;
                }
            }
        }
    }
    if !has_command("rewrap")? {
        return say("# rewrap: this lmsgen has no such command");
    }
    say("# a recipient is added to every file; theirs is cp -r of the files and one X25519 each, on one core")?;
    let rounds = (1..=rounds).map(|round| rewrap::round(&folder, round, n)).collect::<Result<Vec<_>>>()?;
    let ours = median(rounds.iter().map(|pair| pair.0));
    let theirs = median(rounds.iter().map(|pair| pair.1));
    say(&format!("rewrap {:.2} <1.5 {ours:.0} {theirs:.0} ms", ours / theirs))
}

/// A comparison of rates: ours shall be higher.
fn more(name: &str, target: f64, pairs: &[(f64, f64)], unit: &str) -> Result<()> {
    let ours = median(pairs.iter().map(|pair| pair.0));
    let theirs = median(pairs.iter().map(|pair| pair.1));
    say(&format!("{name} {:.2} >={target} {ours:.2} {theirs:.2} {unit}", ours / theirs))
}

/// A comparison of milliseconds for `files`: ours shall be fewer, `target` times.
fn fewer(name: &str, target: f64, pairs: &[(f64, f64)], files: usize) -> Result<()> {
    let ours = median(pairs.iter().map(|pair| pair.0));
    let theirs = median(pairs.iter().map(|pair| pair.1));
    say(&format!("{name} {:.0} >={target} {ours:.0} {theirs:.0} ms/{files}", theirs / ours))
}

/// Milliseconds that `work` takes.
#[expect(clippy::disallowed_methods, reason = "a benchmark reads the clock")]
fn timed(work: impl FnOnce() -> Result<()>) -> Result<f64> {
    let start = std::time::Instant::now();
    work()?;
    Ok(start.elapsed().as_secs_f64() * 1000.0)
}

/// Whether the program under test knows `secrets <name>`.
fn has_command(name: &str) -> Result<bool> {
    let mut command = measure::command(LMSGEN, std::path::Path::new("/"), &["secrets", name, "--help"]);
    Ok(command.stderr(std::process::Stdio::null()).status()?.success())
}

fn parse(arguments: &[String]) -> Result<Options> {
    let mut options = Options { files: 10_000, keys: 100, rounds: 3, sample: 50 };
    let mut rest = arguments.iter();
    while let Some(one) = rest.next() {
        let number = match one.as_str() {
            "--bench" => continue,
            "--files" => &mut options.files,
            "--keys" => &mut options.keys,
            "--rounds" => &mut options.rounds,
            "--sample" => &mut options.sample,
            other => return Err(format!("unknown option {other}").into()),
        };
        *number = rest.next().ok_or_else(|| format!("{one} needs a value"))?.parse()?;
        if *number == 0 {
            return Err(format!("{one} must be at least one").into());
        }
    }
    Ok(options)
}
