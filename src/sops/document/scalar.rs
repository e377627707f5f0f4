//! What a scalar without quotes is for SOPS, and the bytes that a value has for its cipher and its MAC.
//!
//! SOPS reads YAML as Go does: `017` is 15, `yes` is text. Knows neither places nor keys.

use crate::sops::Kind;

/// A scalar as SOPS understands it.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Resolved {
    /// Neither encrypted nor part of the MAC.
    Null,
    /// Text: the scalar itself.
    Str,
    /// Of another type, with the bytes it has.
    Typed(Kind, String),
    /// A number over the 64 bits with a sign, which SOPS refuses.
    TooLarge,
}

/// What the scalar `text`, neither quoted nor a block, is.
pub(super) fn resolve(text: &str) -> Resolved {
    let typed = |kind, text: &str| Resolved::Typed(kind, text.to_owned());
    match text {
        "" | "~" | "null" | "Null" | "NULL" => return Resolved::Null,
        "true" | "True" | "TRUE" => return typed(Kind::Bool, "True"),
        "false" | "False" | "FALSE" => return typed(Kind::Bool, "False"),
        ".nan" | ".NaN" | ".NAN" => return typed(Kind::Float, "NaN"),
        ".inf" | ".Inf" | ".INF" | "+.inf" | "+.Inf" | "+.INF" => return typed(Kind::Float, "+Inf"),
        "-.inf" | "-.Inf" | "-.INF" => return typed(Kind::Float, "-Inf"),
        _ => {}
    }
    match text.as_bytes()[0] {
        b'.' => float(text).map_or(Resolved::Str, |float| Resolved::Typed(Kind::Float, float)),
        b'0'..=b'9' | b'+' | b'-' => numeric(text),
        _ => Resolved::Str,
    }
}

fn numeric(text: &str) -> Resolved {
    if let Some(time) = time(text) {
        return Resolved::Typed(Kind::Time, time);
    }
    let digits: String = text.chars().filter(|&c| c != '_').collect();
    match integer(&digits) {
        Some(Ok(number)) => return Resolved::Typed(Kind::Int, number.to_string()),
        Some(Err(())) => return Resolved::TooLarge,
        None => {}
    }
    float(&digits).map_or(Resolved::Str, |float| Resolved::Typed(Kind::Float, float))
}

/// An integer as Go reads it with the base in its prefix; an error where it fits 64 bits only without a sign.
fn integer(text: &str) -> Option<Result<i64, ()>> {
    let (sign, digits) = match text.as_bytes().first()? {
        b'-' => ("-", &text[1..]),
        b'+' => ("", &text[1..]),
        _ => ("", text),
    };
    let lower = digits.to_ascii_lowercase();
    let (base, digits) = match lower.get(..2) {
        Some("0x") => (16, &lower[2..]),
        Some("0o") => (8, &lower[2..]),
        Some("0b") => (2, &lower[2..]),
        Some(two) if two.starts_with('0') => (8, &lower[1..]),
        _ => (10, &*lower),
    };
    // Rust would take a second sign here.
    if digits.is_empty() || !digits.bytes().all(|b| b.is_ascii_alphanumeric()) {
        return None;
    }
    if let Ok(number) = i64::from_str_radix(&format!("{sign}{digits}"), base) {
        return Some(Ok(number));
    }
    let unsigned = !text.starts_with(['-', '+']) && u64::from_str_radix(digits, base).is_ok();
    unsigned.then_some(Err(()))
}

/// Shortest digits without an exponent; `None` for text that is no float, and for one out of range.
fn float(text: &str) -> Option<String> {
    let body = text.strip_prefix(['-', '+']).unwrap_or(text);
    let (mantissa, exponent) = match body.find(['e', 'E']) {
        Some(at) => (&body[..at], Some(&body[at + 1..])),
        None => (body, None),
    };
    let digits = |text: &str| !text.is_empty() && text.bytes().all(|b| b.is_ascii_digit());
    let mantissa_is_right = match mantissa.split_once('.') {
        None => digits(mantissa),
        Some(("", fraction)) => digits(fraction),
        Some((whole, fraction)) => digits(whole) && (fraction.is_empty() || digits(fraction)),
    };
    let exponent_is_right = exponent.is_none_or(|text| digits(text.strip_prefix(['-', '+']).unwrap_or(text)));
    if !mantissa_is_right || !exponent_is_right {
        return None;
    }
    let number: f64 = text.parse().ok()?;
    number.is_finite().then(|| format!("{number}"))
}

/// A time in the one form that SOPS gives it, RFC 3339 with the offset it had; `None` for text that is no time.
pub(super) fn time(text: &str) -> Option<String> {
    let mut rest = Rest(text);
    if !text.is_ascii() || text.as_bytes().get(4) != Some(&b'-') {
        return None;
    }
    let year = rest.exactly(4)?;
    rest.skip("-")?;
    let month = rest.one_or_two()?;
    rest.skip("-")?;
    let day = rest.one_or_two()?;
    if !(1..=12).contains(&month) || day == 0 || day > days(year, month) {
        return None;
    }
    let date = format!("{year:04}-{month:02}-{day:02}");
    if rest.0.is_empty() {
        return Some(format!("{date}T00:00:00Z"));
    }
    let zoned = rest.skip("T").or_else(|| rest.skip("t")).is_some();
    if !zoned {
        rest.skip(" ")?;
    }
    let hour = rest.one_or_two()?;
    rest.skip(":")?;
    let minute = rest.one_or_two()?;
    rest.skip(":")?;
    let second = rest.one_or_two()?;
    if hour > 23 || minute > 59 || second > 59 {
        return None;
    }
    let fraction = rest.fraction()?;
    let zone = if zoned { rest.zone()? } else { "Z".to_owned() };
    rest.0.is_empty().then(|| format!("{date}T{hour:02}:{minute:02}:{second:02}{fraction}{zone}"))
}

/// What is left to read of a time.
struct Rest<'t>(&'t str);

impl Rest<'_> {
    fn skip(&mut self, text: &str) -> Option<()> {
        self.0 = self.0.strip_prefix(text)?;
        Some(())
    }

    fn exactly(&mut self, n: usize) -> Option<u32> {
        let (digits, rest) = self.0.split_at_checked(n)?;
        self.0 = rest;
        digits.bytes().all(|b| b.is_ascii_digit()).then(|| digits.parse().ok()).flatten()
    }

    fn one_or_two(&mut self) -> Option<u32> {
        let n = self.0.bytes().take(2).take_while(u8::is_ascii_digit).count();
        if n == 0 { None } else { self.exactly(n) }
    }

    /// With its point and without trailing zeros, nine digits at most; empty where there is none.
    fn fraction(&mut self) -> Option<String> {
        let Some(rest) = self.0.strip_prefix(['.', ',']) else { return Some(String::new()) };
        let n = rest.bytes().take_while(u8::is_ascii_digit).count();
        if n == 0 {
            return None;
        }
        let digits = rest[..n.min(9)].trim_end_matches('0');
        self.0 = &rest[n..];
        Some(if digits.is_empty() { String::new() } else { format!(".{digits}") })
    }

    fn zone(&mut self) -> Option<String> {
        if self.skip("Z").is_some() {
            return Some("Z".to_owned());
        }
        let sign = if self.skip("-").is_some() { '-' } else { self.skip("+").map(|()| '+')? };
        let hours = self.exactly(2)?;
        self.skip(":")?;
        let minutes = self.exactly(2)?;
        if hours > 24 || minutes > 59 {
            return None;
        }
        Some(if hours == 0 && minutes == 0 { "Z".to_owned() } else { format!("{sign}{hours:02}:{minutes:02}") })
    }
}

const fn days(year: u32, month: u32) -> u32 {
    match month {
        4 | 6 | 9 | 11 => 30,
        2 if year.is_multiple_of(4) && (!year.is_multiple_of(100) || year.is_multiple_of(400)) => 29,
        2 => 28,
        _ => 31,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn plain_scalars_are_what_go_takes_them_for() {
        let typed = |kind, text: &str| Resolved::Typed(kind, text.to_owned());
        for (text, kind, bytes) in [
            ("0x1F", Kind::Int, "31"),
            ("1_000", Kind::Int, "1000"),
            ("+5", Kind::Int, "5"),
            ("0b11", Kind::Int, "3"),
            ("-0", Kind::Int, "0"),
            ("017", Kind::Int, "15"),
            ("0o17", Kind::Int, "15"),
            ("-9223372036854775808", Kind::Int, "-9223372036854775808"),
            ("08", Kind::Float, "8"),
            ("5.", Kind::Float, "5"),
            (".5", Kind::Float, "0.5"),
            ("1_0.5", Kind::Float, "10.5"),
            ("1e3", Kind::Float, "1000"),
            ("1e21", Kind::Float, "1000000000000000000000"),
            ("1e-7", Kind::Float, "0.0000001"),
            ("-0.0", Kind::Float, "-0"),
            ("18446744073709551616", Kind::Float, "18446744073709552000"),
            (".inf", Kind::Float, "+Inf"),
            ("-.INF", Kind::Float, "-Inf"),
            (".NaN", Kind::Float, "NaN"),
            ("TRUE", Kind::Bool, "True"),
            ("false", Kind::Bool, "False"),
            ("2001-12-14", Kind::Time, "2001-12-14T00:00:00Z"),
            ("2001-1-2 3:4:5.10", Kind::Time, "2001-01-02T03:04:05.1Z"),
            ("2001-1-2 3:4:5,25", Kind::Time, "2001-01-02T03:04:05.25Z"),
            ("2001-12-14t21:59:43.10-05:00", Kind::Time, "2001-12-14T21:59:43.1-05:00"),
            ("2001-12-14T21:59:43+00:00", Kind::Time, "2001-12-14T21:59:43Z"),
        ] {
            assert_eq!(resolve(text), typed(kind, bytes), "{text}");
        }
        for text in
            ["yes", "off", "n", "12:30:45", "0x1p4", "1e400", "._1", ".e1", "2001-02-29", "2001-12-14T01:02:03", "+-5"]
        {
            assert_eq!(resolve(text), Resolved::Str, "{text}");
        }
        for text in ["", "~", "null", "NULL"] {
            assert_eq!(resolve(text), Resolved::Null);
        }
        assert_eq!(resolve("18446744073709551615"), Resolved::TooLarge);
    }
}
