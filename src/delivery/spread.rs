//! Spreading instances over buckets and over time, so that a client that comes or goes moves no other.

use sha2::{Digest, Sha256};

/// A number made from a name, alike on every machine.
pub fn key(name: &str) -> u64 {
    let digest = Sha256::digest(name.as_bytes());
    digest[..8].iter().fold(0, |key, byte| key << 8 | u64::from(*byte))
}

/// The bucket of `key` among `buckets` (1 at least), from 0. One bucket more moves only what goes into it: jump consistent
/// hashing, Lamping and Veach, arXiv:1406.2294.
pub fn bucket(mut key: u64, buckets: u32) -> u32 {
    let mut bucket = 0;
    let mut next = 0.0_f64;
    while next < f64::from(buckets) {
        // Below `buckets`, so it fits.
        #[allow(clippy::cast_possible_truncation, clippy::cast_sign_loss)]
        {
            bucket = next as u32;
        }
        key = key.wrapping_mul(2_862_933_555_777_941_757).wrapping_add(1);
        #[allow(clippy::cast_precision_loss)]
        let share = (1_u64 << 31) as f64 / ((key >> 33) + 1) as f64;
        next = (f64::from(bucket) + 1.0) * share;
    }
    bucket
}

/// `seconds`, a twentieth less to a twentieth more, by `key`.
pub fn around(seconds: u32, key: u64) -> u32 {
    let width = u64::from(seconds / 10) + 1;
    let offset = u32::try_from(key % width).unwrap_or_default();
    seconds - seconds / 20 + offset
}

/// A time span as Go writes it: `1h2m3s`.
pub fn go_duration(seconds: u32) -> String {
    let (hours, minutes, seconds) = (seconds / 3600, seconds / 60 % 60, seconds % 60);
    match (hours, minutes) {
        (0, 0) => format!("{seconds}s"),
        (0, _) => format!("{minutes}m{seconds}s"),
        _ => format!("{hours}h{minutes}m{seconds}s"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn one_bucket_more_moves_only_what_goes_into_it() {
        let keys: Vec<u64> = (0..5000).map(|n| key(&format!("c{n}"))).collect();
        for buckets in 1..20 {
            let (mut moved, mut counts) = (0, vec![0; buckets as usize]);
            for &key in &keys {
                let (before, after) = (bucket(key, buckets), bucket(key, buckets + 1));
                assert!(before < buckets);
                assert!(after == before || after == buckets);
                moved += usize::from(after != before);
                counts[before as usize] += 1;
            }
            let fair = keys.len() / (buckets as usize + 1);
            assert!(moved > fair / 2 && moved < fair * 2, "{buckets}: {moved}");
            let fair = keys.len() / buckets as usize;
            assert!(counts.iter().all(|&n| n > fair / 2 && n < fair * 2), "{buckets}: {counts:?}");
        }
    }

    #[test]
    fn intervals_lie_around_what_was_asked_for() {
        for seconds in [1, 7, 60, 3600] {
            let all: Vec<u32> = (0..5000).map(|n| around(seconds, key(&n.to_string()))).collect();
            assert!(
                all.iter().all(|&one| one >= seconds - seconds / 20 && one <= seconds + seconds / 20 + 1),
                "{seconds}"
            );
        }
        let distinct: std::collections::HashSet<u32> = (0..5000).map(|n| around(3600, key(&n.to_string()))).collect();
        assert!(distinct.len() > 300, "{}", distinct.len());
    }

    #[test]
    fn durations_are_written_as_go_writes_them() {
        for (seconds, text) in [(5, "5s"), (60, "1m0s"), (600, "10m0s"), (3600, "1h0m0s"), (3723, "1h2m3s")] {
            assert_eq!(go_duration(seconds), text);
        }
    }
}
