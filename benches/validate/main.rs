//! Compares `lmsgen validate FILE…` with kubeconform, which checks schemas only, on the same objects and the same schemas:
//! `cargo bench --bench validate [-- --objects 90000] [--rounds 3] [--sample 9000]`.
//!
//! Objects are what the LMS stack renders for invented clients, without Secrets (kubeconform knows no `sops`), one a file and
//! again as a few streams. Beside them stands the limit: a program that only opens and reads the files, on all cores. kubeconform
//! is given a sample, extrapolated. Prints one comparison a line, `name ratio target ours theirs unit`, as medians of
//! interleaved rounds; lines with `#` say what was measured. `KUBECONFORM` names the program; else it is the one of
//! `go install`, made in the build's folder.

#[path = "../shared/make.rs"]
#[expect(dead_code, reason = "the other benchmark edits its fleet")]
mod make;
#[path = "../shared/measure.rs"]
#[expect(dead_code, reason = "the other benchmark measures folders")]
mod measure;

mod objects;
mod peer;

use std::error::Error;

use measure::{command, count, median, run, say};

type Result<T> = std::result::Result<T, Box<dyn Error>>;

const LMSGEN: &str = env!("CARGO_BIN_EXE_lmsgen");
const KUBERNETES: &str = "1.35";

struct Options {
    objects: usize,
    rounds: usize,
    sample: usize,
}

fn main() -> Result<()> {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    // `cargo bench` says so; `cargo test --benches` starts this program, too, and must be done at once.
    if !arguments.iter().any(|one| one == "--bench") {
        return Ok(());
    }
    let Options { objects, rounds, sample } = parse(&arguments)?;
    let folder = tempfile::Builder::new().prefix("validate-").tempdir_in(env!("CARGO_TARGET_TMPDIR"))?;
    let folder = folder.path().canonicalize()?;
    let made = objects::make(&folder, objects)?;
    let cores = std::thread::available_parallelism()?.get();
    say(&format!("# {cores} cores, lmsgen {}; medians of {rounds} rounds", env!("CARGO_PKG_VERSION")))?;
    say(&format!("# {} objects, {} bytes; schemas of Kubernetes {KUBERNETES}", made.files.len(), made.bytes))?;
    say("# name ratio target ours theirs unit")?;

    let validate = |paths: &[&str]| {
        let arguments = [&["validate", "-q", "--only", "server", "--kubernetes", KUBERNETES], paths].concat();
        run(command(LMSGEN, &folder, &arguments))
    };
    validate(&[objects::FILES])?;
    let sample = sample.min(made.files.len());
    let peer = peer::Peer::new(&folder, &made.files[..sample])?;
    let (mut files, mut streams, mut limit, mut theirs, mut load) =
        <(Vec<_>, Vec<_>, Vec<_>, Vec<_>, Vec<_>)>::default();
    for _ in 0..rounds {
        files.push(validate(&[objects::FILES])?.millis);
        limit.push(objects::read_all(&made.files, cores));
        streams.push(validate(&[objects::STREAMS])?.millis);
        theirs.push(peer.run(cores)?);
        // One object more than none: what a process with nothing to read does not need.
        let one = validate(&[objects::ONE])?.millis;
        load.push(one - run(command(LMSGEN, &folder, &["--version"]))?.millis);
    }
    let n = made.files.len();
    let rate = |millis: &[f64], n: usize| count(n) / median(millis.iter().copied()) * 1000.0;
    let (ours, peers) = (rate(&files, n), rate(&theirs, sample));
    say(&format!("# kubeconform {}: {sample} files in one process, -n {cores}", peer::VERSION))?;
    say(&format!("kubeconform {:.1} >=25 {ours:.0} {peers:.0} objects/s", ours / peers))?;
    say(&format!("files {:.2} >=1 {ours:.0} 100000 objects/s", ours / 100_000.0))?;
    let streamed = rate(&streams, n);
    say(&format!("streams {:.2} >=1 {streamed:.0} 100000 objects/s", streamed / 100_000.0))?;
    let (spent, least) = (median(files.into_iter()), median(limit.into_iter()));
    say(&format!("opening-and-reading {:.2} - {spent:.0} {least:.0} ms", spent / least))?;
    say(&format!("load - <50 {:.1} - ms", median(load.into_iter())))
}

fn parse(arguments: &[String]) -> Result<Options> {
    let mut options = Options { objects: 90_000, rounds: 3, sample: 9_000 };
    let mut rest = arguments.iter();
    while let Some(one) = rest.next() {
        let number = match one.as_str() {
            "--bench" => continue,
            "--objects" => &mut options.objects,
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
