//! The clock: read here only, so that the library gives the same output whenever it runs.

use std::time::Instant;

/// Now in UTC, as SOPS writes it: `2026-01-02T03:04:05Z`.
#[must_use]
pub fn now() -> String {
    let second = jiff::Unit::Second;
    let now = jiff::Timestamp::now();
    now.round(second).unwrap_or(now).to_string()
}

/// A stopwatch.
pub struct Watch(Instant);

impl Watch {
    /// Starts it.
    #[expect(clippy::disallowed_methods, reason = "how long a run took is said to the person who waited")]
    pub fn start() -> Self {
        Self(Instant::now())
    }

    /// Time since, as people read it: `0.3 s`, `12 ms`.
    pub fn shown(&self) -> String {
        let time = self.0.elapsed();
        if time.as_millis() < 100 { format!("{} ms", time.as_millis()) } else { format!("{:.1} s", time.as_secs_f64()) }
    }

    /// Milliseconds since.
    pub fn millis(&self) -> u64 {
        u64::try_from(self.0.elapsed().as_millis()).unwrap_or(u64::MAX)
    }
}

/// A number that differs from run to run: the waits of publishers that collided must not be the same.
#[expect(clippy::disallowed_methods, reason = "the clock and the process id are all the difference that is needed")]
pub fn jitter_seed() -> u64 {
    let nanos =
        std::time::SystemTime::now().duration_since(std::time::UNIX_EPOCH).map_or(0, |time| time.subsec_nanos());
    (u64::from(std::process::id()) << 32) ^ u64::from(nanos)
}
