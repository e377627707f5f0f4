//! Compares lmsgen with `cp -r` and `git commit` on a fleet of any size:
//! `cargo bench --bench fleet -- --clients 1000,10000 [--rounds 3] [--keep]`.
//!
//! Prints one comparison a line, `name ratio ours_ms theirs_ms`, as medians of interleaved rounds with a warm page
//! cache, then the peak memory of each command and what a client costs; lines with `#` say what was measured. A round
//! of 10,000 clients takes 2 GB of disk. Must delete nothing before the end: where files were deleted minutes ago, some
//! file systems make new ones ten times slower, which is why sizes are better given in one run than in two.

#[path = "../shared/make.rs"]
mod make;
#[path = "../shared/measure.rs"]
mod measure;
mod round;

use std::error::Error;

use measure::{count, median, say};
use round::{Bench, NAMES};

type Result<T> = std::result::Result<T, Box<dyn Error>>;

/// What the command line asks for.
struct Options {
    clients: Vec<usize>,
    rounds: usize,
    keep: bool,
}

fn main() -> Result<()> {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    // `cargo bench` says so; `cargo test --benches` starts this program, too, and must be done at once.
    if !arguments.iter().any(|one| one == "--bench") {
        return Ok(());
    }
    let options = parse(&arguments)?;
    let mut results = Vec::new();
    let mut folders = Vec::new();
    for &clients in &options.clients {
        let folder = tempfile::Builder::new()
            .prefix(&format!("fleet-{clients}-"))
            .disable_cleanup(options.keep)
            .tempdir_in(env!("CARGO_TARGET_TMPDIR"))?;
        let medians = run(&folder.path().canonicalize()?, clients, options.rounds)?;
        results.push((clients, medians));
        folders.push(folder);
    }
    if results.len() > 1 {
        say("# microseconds a client")?;
        for (at, name) in NAMES.iter().enumerate() {
            let cost =
                |(clients, medians): &(usize, Vec<f64>)| format!(" {:.0}", medians[at] * 1000.0 / count(*clients));
            say(&format!("# {name}{}", results.iter().map(cost).collect::<String>()))?;
        }
    }
    Ok(())
}

/// Measures a fleet of `clients` in `folder`; gives the median of each command in milliseconds.
fn run(folder: &std::path::Path, clients: usize, rounds: usize) -> Result<Vec<f64>> {
    let instances = make::fleet(&folder.join("fleet"), clients)?;
    let mut bench = Bench::new(folder, clients)?;
    for _ in 0..rounds {
        bench.round()?;
    }
    let (output, sources) = (bench.output, bench.sources()?);
    let cores = std::thread::available_parallelism()?;
    say(&format!("# {cores} cores, {}, lmsgen {}", measure::git_version()?, env!("CARGO_PKG_VERSION")))?;
    say(&format!(
        "# {clients} clients, {instances} instances, {} different sets of overrides",
        make::OVERRIDE_SETS.min(clients)
    ))?;
    say(&format!("# sources {sources}; output {output}; medians of {rounds} rounds"))?;
    say("# name ratio ours_ms theirs_ms")?;
    let mut medians = Vec::new();
    for (name, pairs) in NAMES.iter().zip(&bench.times) {
        let ours = median(pairs.iter().map(|pair| pair.0));
        let theirs = median(pairs.iter().map(|pair| pair.1));
        say(&format!("{name} {:.2} {ours:.0} {theirs:.0}", ours / theirs))?;
        medians.push(ours);
    }
    for (name, peak) in NAMES.iter().zip(&bench.peaks) {
        say(&format!("{name}-memory {peak} MB"))?;
    }
    Ok(medians)
}

fn parse(arguments: &[String]) -> Result<Options> {
    let mut options = Options { clients: vec![1000], rounds: 3, keep: false };
    let mut rest = arguments.iter();
    while let Some(one) = rest.next() {
        let mut value = || rest.next().ok_or_else(|| format!("{one} needs a value"));
        match one.as_str() {
            "--bench" => {}
            "--clients" => {
                options.clients = value()?.split(',').map(str::parse).collect::<std::result::Result<_, _>>()?;
            }
            "--rounds" => options.rounds = value()?.parse()?,
            "--keep" => options.keep = true,
            other => return Err(format!("unknown option {other}").into()),
        }
    }
    if options.rounds == 0 || options.clients.contains(&0) {
        return Err("at least one client and one round".into());
    }
    Ok(options)
}
