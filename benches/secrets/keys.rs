//! RSA keys a second per core, ours and those of `openssl genrsa`. Both sides keep all cores busy.

use std::path::Path;
use std::process::Stdio;

use lmsgen::secret::{Generator, RsaFormat, RsaKey, RsaSize, generate};
use rayon::prelude::*;

use super::measure::command;
use super::{Result, count, timed};

/// What `openssl version` prints.
pub fn openssl_version() -> Result<String> {
    let output = command("openssl", Path::new("/"), &["version"]).stdout(Stdio::piped()).output()?;
    Ok(String::from_utf8(output.stdout)?.trim().to_owned())
}

/// Makes `keys` keys each; gives the keys a second per core of ours and theirs.
pub fn round(keys: usize) -> Result<(f64, f64)> {
    let wanted = Generator::Rsa(RsaKey { size: RsaSize::Bits2048, format: RsaFormat::Pkcs8, public: false });
    let ours = rate(keys, || generate(&[("key", &wanted)], &[]).map(drop).map_err(|error| error.to_string()))?;
    let theirs = rate(keys, || {
        let status = command("openssl", Path::new("/"), &["genrsa", "2048"]).stderr(Stdio::null()).status();
        let status = status.map_err(|error| format!("openssl: {error}"))?;
        if status.success() { Ok(()) } else { Err("openssl genrsa failed".to_owned()) }
    })?;
    Ok((ours, theirs))
}

fn rate(keys: usize, make: impl Fn() -> std::result::Result<(), String> + Sync) -> Result<f64> {
    let millis = timed(|| Ok((0..keys).into_par_iter().with_max_len(1).try_for_each(|_| make())?))?;
    Ok(count(keys) * 1000.0 / millis / count(rayon::current_num_threads()))
}
