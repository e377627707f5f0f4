//! Texts with a form of their own: quantities, times, base64, addresses.

use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;

/// `true` for what `resource.ParseQuantity` reads: an optional sign, digits with an optional point, and a suffix. It
/// asks for no digit at all: `+` and `Mi` are zero.
pub(super) fn is_quantity(text: &str) -> bool {
    // It trims the JSON, in which control characters are escaped.
    let text = text.trim_matches(|c: char| c.is_whitespace() && !c.is_control());
    let body = text.strip_prefix(['+', '-']).unwrap_or(text);
    let digits = |text: &str| text.bytes().take_while(u8::is_ascii_digit).count();
    let mut rest = &body[digits(body)..];
    if let Some(fraction) = rest.strip_prefix('.') {
        rest = &fraction[digits(fraction)..];
    }
    !text.is_empty() && is_suffix(rest)
}

fn is_suffix(text: &str) -> bool {
    const SUFFIXES: [&str; 16] = ["", "n", "u", "m", "k", "M", "G", "T", "P", "E", "Ki", "Mi", "Gi", "Ti", "Pi", "Ei"];
    if SUFFIXES.contains(&text) {
        return true;
    }
    let exponent = text.strip_prefix(['e', 'E']).map(|rest| rest.strip_prefix(['+', '-']).unwrap_or(rest));
    exponent.is_some_and(|digits| !digits.is_empty() && digits.len() < 19 && digits.bytes().all(|b| b.is_ascii_digit()))
}

/// `true` for a time of RFC 3339 as Go's `time.Parse` reads it; with exactly six digits of a fraction if `is_micro`.
pub(super) fn is_time(text: &str, is_micro: bool) -> bool {
    let Some((date, rest)) = text.split_once('T') else { return false };
    let clock_end = rest.find(|c: char| !c.is_ascii_digit() && c != ':').unwrap_or(rest.len());
    let (clock, rest) = rest.split_at(clock_end);
    let (fraction, zone) = match rest.strip_prefix(['.', ',']) {
        Some(rest) => {
            let end = rest.find(|c: char| !c.is_ascii_digit()).unwrap_or(rest.len());
            (Some(&rest[..end]), &rest[end..])
        }
        None => (None, rest),
    };
    let fraction_is_right = match fraction {
        Some(digits) => {
            if is_micro {
                digits.len() == 6
            } else {
                !digits.is_empty()
            }
        }
        None => !is_micro,
    };
    is_date(date) && is_clock(clock) && fraction_is_right && is_zone(zone)
}

/// `2006-01-02`, a day that there was.
fn is_date(text: &str) -> bool {
    let bytes = text.as_bytes();
    if bytes.len() != 10 || bytes[4] != b'-' || bytes[7] != b'-' {
        return false;
    }
    let (Some(year), Some(month), Some(day)) = (number(&text[..4]), number(&text[5..7]), number(&text[8..])) else {
        return false;
    };
    let is_leap = year % 4 == 0 && (year % 100 != 0 || year % 400 == 0);
    let days = match month {
        2 if is_leap => 29,
        2 => 28,
        4 | 6 | 9 | 11 => 30,
        1..=12 => 31,
        _ => return false,
    };
    (1..=days).contains(&day)
}

/// `15:04:05`; Go takes an hour of one digit, too.
fn is_clock(text: &str) -> bool {
    let mut parts = text.split(':');
    let (Some(hour), Some(minute), Some(second), None) = (parts.next(), parts.next(), parts.next(), parts.next())
    else {
        return false;
    };
    let below = |text: &str, most: u32| text.len() == 2 && number(text).is_some_and(|n| n <= most);
    (below(hour, 23) || hour.len() == 1 && number(hour).is_some()) && below(minute, 59) && below(second, 59)
}

fn is_zone(text: &str) -> bool {
    let below = |text: &str, most: u32| number(text).is_some_and(|n| n <= most);
    text == "Z"
        || text.len() == 6
            && text.is_ascii()
            && text.starts_with(['+', '-'])
            && below(&text[1..3], 24)
            && &text[3..4] == ":"
            && below(&text[4..], 60)
}

fn number(digits: &str) -> Option<u32> {
    if digits.bytes().all(|b| b.is_ascii_digit()) { digits.parse().ok() } else { None }
}

/// `true` for base64 as Go's standard encoding reads it: padded, line breaks anywhere.
pub(super) fn is_base64(text: &str) -> bool {
    let decodes = |text: &[u8]| {
        let shape = text.len().is_multiple_of(4);
        shape && STANDARD.decode_slice(text, &mut vec![0; text.len() / 4 * 3]).is_ok() || is_loose_base64(text)
    };
    if text.contains(['\n', '\r']) {
        let lines: String = text.chars().filter(|c| !matches!(c, '\n' | '\r')).collect();
        return decodes(lines.as_bytes());
    }
    decodes(text.as_bytes())
}

/// Go does not mind bits set behind the last byte.
fn is_loose_base64(text: &[u8]) -> bool {
    let body = text.strip_suffix(b"==").or_else(|| text.strip_suffix(b"=")).unwrap_or(text);
    text.len().is_multiple_of(4) && body.iter().all(|b| b.is_ascii_alphanumeric() || matches!(b, b'+' | b'/'))
}

/// Formats of strings in custom resources that the API server checks. Others it ignores, or we do.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) enum Format {
    Bytes,
    Date,
    DateTime,
    Ipv4,
    Ipv6,
    Cidr,
    Uuid,
}

impl Format {
    pub fn of(name: &str) -> Option<Self> {
        Some(match name {
            "byte" => Self::Bytes,
            "date" => Self::Date,
            "date-time" | "datetime" => Self::DateTime,
            "ipv4" => Self::Ipv4,
            "ipv6" => Self::Ipv6,
            "cidr" => Self::Cidr,
            "uuid" => Self::Uuid,
            _ => return None,
        })
    }

    pub const fn name(self) -> &'static str {
        match self {
            Self::Bytes => BASE64,
            Self::Date => "a date such as `2026-01-31`",
            Self::DateTime => TIME,
            Self::Ipv4 => "an IPv4 address such as `192.0.2.1`",
            Self::Ipv6 => "an IPv6 address such as `2001:db8::1`",
            Self::Cidr => "a network such as `192.0.2.0/24`",
            Self::Uuid => "a UUID",
        }
    }

    pub fn holds(self, text: &str) -> bool {
        match self {
            Self::Bytes => is_base64(text),
            Self::Date => is_date(text),
            // Letters of either case are fine here.
            Self::DateTime => is_time(&text.to_ascii_uppercase(), false),
            Self::Ipv4 => text.parse::<Ipv4Addr>().is_ok(),
            Self::Ipv6 => text.parse::<Ipv6Addr>().is_ok(),
            Self::Cidr => is_cidr(text),
            Self::Uuid => text.len() - text.matches('-').count() == 32 && is_hex_or_dash(text),
        }
    }
}

fn is_cidr(text: &str) -> bool {
    text.split_once('/').is_some_and(|(address, bits)| {
        let most = match address.parse() {
            Ok(IpAddr::V4(_)) => 32,
            Ok(IpAddr::V6(_)) => 128,
            Err(_) => return false,
        };
        number(bits).is_some_and(|bits| bits <= most)
    })
}

fn is_hex_or_dash(text: &str) -> bool {
    text.bytes().all(|b| b.is_ascii_hexdigit() || b == b'-')
}

/// What base64 is called in a message.
pub(super) const BASE64: &str = "base64";
/// What a time is called in a message.
pub(super) const TIME: &str = "a time such as `2026-01-31T12:00:00Z`";
/// What a time with microseconds is called in a message.
pub(super) const MICRO_TIME: &str = "a time such as `2026-01-31T12:00:00.000000Z`";
/// What a quantity is called in a message.
pub(super) const QUANTITY: &str = "a quantity such as `500m` or `1Gi`";
