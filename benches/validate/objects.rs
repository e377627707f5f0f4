//! The objects that are validated: one a file, as streams, and one alone.

#![expect(clippy::disallowed_methods, reason = "a benchmark writes its own input and reads the clock")]

use std::path::{Path, PathBuf};
use std::time::Instant;

use super::measure::{command, run};
use super::{LMSGEN, Result, make};

/// Folders and files below the benchmark's own.
pub const FILES: &str = "files/";
pub const STREAMS: &str = "streams/";
pub const ONE: &str = "one.yaml";

/// Objects that a client has, its Secrets left out.
const A_CLIENT: usize = 6;
/// Objects in a stream.
const A_STREAM: usize = 5_000;

/// What was made.
pub struct Objects {
    /// One object each.
    pub files: Vec<PathBuf>,
    pub bytes: usize,
}

/// Renders a fleet and keeps `wanted` of its objects, or a few less.
pub fn make(folder: &Path, wanted: usize) -> Result<Objects> {
    let fleet = folder.join("fleet");
    make::fleet(&fleet, wanted.div_ceil(A_CLIENT))?;
    run(command(LMSGEN, &fleet, &["-q", "render"]))?;
    let mut found = Vec::new();
    walk(&fleet.join("rendered"), &mut found)?;
    found.sort();
    found.truncate(wanted);
    let mut made = Objects { files: Vec::with_capacity(found.len()), bytes: 0 };
    let (mut stream, mut n_streams) = (String::new(), 0);
    std::fs::create_dir_all(folder.join(STREAMS))?;
    for (at, path) in found.iter().enumerate() {
        let text = std::fs::read_to_string(path)?;
        made.bytes += text.len();
        let below = folder.join(FILES).join(format!("{:03}", at / 1_000));
        if at % 1_000 == 0 {
            std::fs::create_dir_all(&below)?;
        }
        let path = below.join(format!("{at}.yaml"));
        std::fs::write(&path, &text)?;
        made.files.push(path);
        stream.push_str("---\n");
        stream.push_str(&text);
        if (at + 1) % A_STREAM == 0 || at + 1 == found.len() {
            std::fs::write(folder.join(STREAMS).join(format!("{n_streams}.yaml")), std::mem::take(&mut stream))?;
            n_streams += 1;
        }
        if at == 0 {
            std::fs::write(folder.join(ONE), &text)?;
        }
    }
    Ok(made)
}

/// Objects of clients and environments that are no Secrets.
fn walk(folder: &Path, found: &mut Vec<PathBuf>) -> Result<()> {
    for entry in std::fs::read_dir(folder)? {
        let path = entry?.path();
        let name = path.file_name().and_then(|name| name.to_str()).unwrap_or_default();
        if path.is_dir() {
            if name != "delivery" {
                walk(&path, found)?;
            }
        } else if !name.starts_with("secret-") && name != "kustomization.yaml" {
            found.push(path);
        }
    }
    Ok(())
}

/// Milliseconds to open and read every file, on so many threads.
pub fn read_all(files: &[PathBuf], threads: usize) -> f64 {
    let start = Instant::now();
    let sizes = std::thread::scope(|scope| {
        let parts = files.chunks(files.len().div_ceil(threads));
        let read = |part: &[PathBuf]| {
            part.iter().map(|path| std::fs::read(path).map_or(0, |bytes| bytes.len())).sum::<usize>()
        };
        let running: Vec<_> = parts.map(|part| scope.spawn(move || read(part))).collect();
        running.into_iter().map(|one| one.join().unwrap_or_default()).sum::<usize>()
    });
    assert!(sizes > 0, "the files are there");
    start.elapsed().as_secs_f64() * 1000.0
}
