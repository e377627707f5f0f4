//! Lengths of time on the command line: `90s`, `10m`, `1h`.

use std::str::FromStr;
use std::time::Duration;

/// A length of time, more than none.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Span(pub Duration);

impl FromStr for Span {
    type Err = &'static str;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        const WRONG: &str = "write a number with a unit: 90s, 10m, 1h";
        let digits = text.bytes().take_while(u8::is_ascii_digit).count();
        let (number, unit) = text.split_at(digits);
        let number: u64 = number.parse().map_err(|_| WRONG)?;
        let millis = match unit {
            "ms" => 1,
            "s" => 1000,
            "m" => 60_000,
            "h" => 3_600_000,
            _ => return Err(WRONG),
        };
        let millis = number.checked_mul(millis).filter(|&n| n > 0 && n <= 7 * 24 * 3_600_000);
        millis.map(|n| Self(Duration::from_millis(n))).ok_or("must be more than nothing and at most a week")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_number_needs_a_unit() {
        assert_eq!("90s".parse(), Ok(Span(Duration::from_secs(90))));
        assert_eq!("10m".parse(), Ok(Span(Duration::from_mins(10))));
        assert_eq!("200ms".parse(), Ok(Span(Duration::from_millis(200))));
        for wrong in ["", "10", "m", "-1s", "1.5h", "0s", "10 m", "99999999999999999999h", "9999h"] {
            assert!(wrong.parse::<Span>().is_err(), "{wrong}");
        }
    }
}
