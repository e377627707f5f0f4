//! The language of schedules, as `ParseStandard` of `github.com/robfig/cron` reads it.

use super::words::Broken;

/// What one of the five fields may have.
struct Bounds {
    least: u32,
    most: u32,
    names: &'static [&'static str],
    rule: Broken,
}

const FIELDS: [Bounds; 5] = [
    Bounds { least: 0, most: 59, names: &[], rule: "has a wrong minute: 0 to 59" },
    Bounds { least: 0, most: 23, names: &[], rule: "has a wrong hour: 0 to 23" },
    Bounds { least: 1, most: 31, names: &[], rule: "has a wrong day of the month: 1 to 31" },
    Bounds {
        least: 1,
        most: 12,
        names: &["jan", "feb", "mar", "apr", "may", "jun", "jul", "aug", "sep", "oct", "nov", "dec"],
        rule: "has a wrong month: 1 to 12, or `jan` to `dec`",
    },
    Bounds {
        least: 0,
        most: 6,
        names: &["sun", "mon", "tue", "wed", "thu", "fri", "sat"],
        rule: "has a wrong day of the week: 0 to 6, Sunday is 0, or `sun` to `sat`",
    },
];

/// Units of a duration in nanoseconds.
const UNITS: [(&str, f64); 8] =
    [("ns", 1.0), ("us", 1e3), ("µs", 1e3), ("μs", 1e3), ("ms", 1e6), ("s", 1e9), ("m", 6e10), ("h", 3.6e12)];

/// A schedule: five fields, or a word such as `@daily`.
///
/// # Errors
/// The rule that is broken.
pub(super) fn check(schedule: &str) -> Result<(), Broken> {
    if schedule.starts_with('@') {
        return match schedule {
            "@yearly" | "@annually" | "@monthly" | "@weekly" | "@daily" | "@midnight" | "@hourly" => Ok(()),
            _ if schedule.strip_prefix("@every ").is_some_and(is_duration) => Ok(()),
            _ => Err("is none of `@yearly`, `@monthly`, `@weekly`, `@daily`, `@hourly` and `@every 1h30m`"),
        };
    }
    let mut fields = schedule.split_whitespace();
    for bounds in &FIELDS {
        let field = fields.next().ok_or("must have five fields")?;
        if !field.split(',').filter(|range| !range.is_empty()).all(|range| bounds.has(range)) {
            return Err(bounds.rule);
        }
    }
    if fields.next().is_some() { Err("must have five fields") } else { Ok(()) }
}

impl Bounds {
    /// `*`, `5`, `1-5`, each with or without a step: `/2`.
    fn has(&self, range: &str) -> bool {
        let mut parts = range.split('/');
        let span = parts.next().unwrap_or_default();
        let step = parts.next();
        if parts.next().is_some() || step.is_some_and(|step| number(step).is_none_or(|step| step == 0)) {
            return false;
        }
        let mut ends = span.split('-');
        let first = ends.next().unwrap_or_default();
        if matches!(first, "*" | "?") {
            return true;
        }
        let Some(start) = self.value(first) else { return false };
        let end = match (ends.next(), ends.next()) {
            (None, _) if step.is_some() => Some(self.most),
            (None, _) => Some(start),
            (Some(end), None) => self.value(end),
            (Some(_), Some(_)) => None,
        };
        end.is_some_and(|end| self.least <= start && start <= end && end <= self.most)
    }

    fn value(&self, text: &str) -> Option<u32> {
        let named = self.names.iter().position(|name| name.eq_ignore_ascii_case(text));
        let first = self.least;
        named.map_or_else(|| number(text), |at| u32::try_from(at).ok().map(|at| at + first))
    }
}

fn number(text: &str) -> Option<u32> {
    let digits = text.strip_prefix('+').unwrap_or(text);
    digits.bytes().all(|b| b.is_ascii_digit()).then(|| digits.parse().ok()).flatten()
}

/// A duration of Go: `1h30m`, `-1.5s`, `0`.
fn is_duration(text: &str) -> bool {
    let mut rest = text.strip_prefix(['-', '+']).unwrap_or(text);
    if rest == "0" {
        return true;
    }
    let mut total = 0.0;
    let is_begun = !rest.is_empty();
    while !rest.is_empty() {
        let end = rest.find(|c: char| !c.is_ascii_digit() && c != '.').unwrap_or(rest.len());
        let (amount, unit) = rest.split_at(end);
        let end = unit.find(|c: char| c.is_ascii_digit() || c == '.').unwrap_or(unit.len());
        let (unit, after) = unit.split_at(end);
        let Some((_, scale)) = UNITS.iter().find(|(name, _)| *name == unit) else { return false };
        let Ok(amount) = amount.parse::<f64>() else { return false };
        total += amount * scale;
        rest = after;
    }
    // Beyond 2^63 nanoseconds Go gives up.
    is_begun && total < 9.223_372_036e18
}
