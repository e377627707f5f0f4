//! A day of the calendar. Nothing here knows which day it is: a run is told.

use std::fmt;
use std::str::FromStr;

/// `2027-03-01`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Date {
    year: u16,
    month: u8,
    day: u8,
}

/// A text that is no day.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("write a day as `2027-03-01`")]
pub struct DateError;

impl Date {
    /// `None` if the calendar has no such day.
    #[must_use]
    pub fn new(year: u16, month: u8, day: u8) -> Option<Self> {
        let is_leap = year.is_multiple_of(4) && !year.is_multiple_of(100) || year.is_multiple_of(400);
        let last = match month {
            4 | 6 | 9 | 11 => 30,
            2 if is_leap => 29,
            2 => 28,
            1..=12 => 31,
            _ => return None,
        };
        ((1..=last).contains(&day) && year <= 9999).then_some(Self { year, month, day })
    }
}

impl FromStr for Date {
    type Err = DateError;

    fn from_str(text: &str) -> Result<Self, DateError> {
        let number = |range: std::ops::Range<usize>| {
            let digits = text.get(range).filter(|digits| digits.bytes().all(|b| b.is_ascii_digit()))?;
            digits.parse::<u16>().ok()
        };
        let is_written_so = text.len() == 10 && text.get(4..5) == Some("-") && text.get(7..8) == Some("-");
        let parts = is_written_so.then(|| (number(0..4), number(5..7), number(8..10)));
        let Some((Some(year), Some(month), Some(day))) = parts else { return Err(DateError) };
        let small = |number: u16| u8::try_from(number).map_err(|_| DateError);
        Self::new(year, small(month)?, small(day)?).ok_or(DateError)
    }
}

impl fmt::Display for Date {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{:04}-{:02}-{:02}", self.year, self.month, self.day)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn days_of_the_calendar() {
        for good in ["2027-03-01", "2028-02-29", "2000-02-29", "0000-01-01", "9999-12-31"] {
            assert_eq!(good.parse::<Date>().unwrap().to_string(), good);
        }
        for bad in [
            "",
            "2027-3-1",
            "2027-02-29",
            "2100-02-29",
            "2027-13-01",
            "2027-00-10",
            "2027-01-00",
            "27-01-01",
            "2027-04-31",
            "2027-03-01T00",
            "+027-03-01",
            "2027-03-0\u{661}",
        ] {
            assert_eq!(bad.parse::<Date>(), Err(DateError), "{bad}");
        }
        assert!("2027-03-01".parse::<Date>().unwrap() < "2027-10-01".parse().unwrap());
    }
}
