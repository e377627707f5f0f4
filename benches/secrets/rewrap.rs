//! `secrets rewrap` of a whole fleet for one more recipient, next to the least that it could cost: copying the files, and
//! one multiplication on Curve25519 for each.

#![expect(clippy::disallowed_methods, reason = "a benchmark writes its own input")]

use std::hint::black_box;
use std::path::Path;

use super::measure::{command, copy, run};
use super::{IDENTITY, LMSGEN, Result, timed};

/// What a fleet is made of, but for its store.
const SOURCES: [&str; 4] = ["lmsgen.toml", "clients", "environments", "templates"];

/// Milliseconds of ours and theirs for a copy of the fleet in `folder/fleet`, which has `files` store files.
pub fn round(folder: &Path, round: usize, files: usize) -> Result<(f64, f64)> {
    let (from, to) = (folder.join("fleet"), folder.join(format!("rewrap-{round}")));
    std::fs::create_dir(&to)?;
    for name in SOURCES {
        copy(&from.join(name), &to.join(name))?;
    }
    let copied = copy(&from.join("secrets"), &to.join("secrets"))?.millis;
    let multiplied = timed(|| {
        let mut point = x25519_dalek::X25519_BASEPOINT_BYTES;
        for _ in 0..files {
            point = x25519_dalek::x25519(black_box([7; 32]), point);
        }
        black_box(point);
        Ok(())
    })?;
    let mut arguments = vec!["-q".to_owned(), "secrets".to_owned(), "rewrap".to_owned()];
    for environment in add_recipient(&to.join("environments"))? {
        arguments.extend(["-e".to_owned(), environment]);
    }
    arguments.extend(["--age-key-file".to_owned(), IDENTITY.to_owned()]);
    let mut ours = command(LMSGEN, &to, &[]);
    ours.args(arguments);
    Ok((run(ours)?.millis, copied + multiplied))
}

/// Declares a new recipient in every environment; gives their names.
fn add_recipient(folder: &Path) -> Result<Vec<String>> {
    let new = age::x25519::Identity::generate().to_public();
    let mut names = Vec::new();
    for entry in std::fs::read_dir(folder)? {
        let path = entry?.path();
        let text = std::fs::read_to_string(&path)?;
        let changed = text.replacen("recipients = [", &format!("recipients = [\"{new}\", "), 1);
        if changed == text {
            return Err(format!("{} declares no recipients", path.display()).into());
        }
        std::fs::write(&path, changed)?;
        names.extend(path.file_stem().and_then(|name| name.to_str()).map(str::to_owned));
    }
    Ok(names)
}
