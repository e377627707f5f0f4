//! Amounts of resources: `100m`, `1.5Gi`, `1e3` (`k8s.io/apimachinery/pkg/api/resource`).

use crate::manifest::Value;

/// An amount in billionths of its unit, which is as fine as Kubernetes keeps it; finer amounts are rounded up.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Quantity(i128);

/// Billionths.
const ONE: i128 = 1_000_000_000;

impl Quantity {
    /// Nothing.
    pub const ZERO: Self = Self(0);

    /// `amount` of a unit.
    #[must_use]
    pub const fn whole(amount: u32) -> Self {
        Self(amount as i128 * ONE)
    }

    /// As people write it: `1500m`, `6Gi`, `40`.
    #[must_use]
    pub fn shown(self) -> String {
        let units = [("Ti", 1_i128 << 40), ("Gi", 1 << 30), ("Mi", 1 << 20), ("Ki", 1 << 10)];
        if self.is_whole() {
            let whole = self.0 / ONE;
            let unit = units.iter().find(|(_, size)| whole != 0 && whole % size == 0);
            return unit.map_or_else(|| whole.to_string(), |(name, size)| format!("{}{name}", whole / size));
        }
        format!("{}m", self.in_milli().0 / (ONE / 1000))
    }

    /// Reads a string, with or without spaces (no tabs) around it, or a number; null is nothing. `None` if it is no
    /// quantity.
    #[must_use]
    pub fn of(value: &Value) -> Option<Self> {
        match value {
            Value::String(text) => Self::parse(text.trim_matches(' ')),
            Value::Number(text) => Self::parse(text),
            Value::Null => Some(Self::ZERO),
            _ => None,
        }
    }

    /// Reads `<sign><digits>[.<digits>][<suffix>]`; amounts beyond 2^63 - 1 are capped, as Kubernetes caps them.
    /// Without digits it is nothing: Kubernetes takes `Mi` and `-` for 0.
    #[must_use]
    pub fn parse(text: &str) -> Option<Self> {
        let (is_negative, body) = match text.as_bytes().first()? {
            b'-' => (true, &text[1..]),
            b'+' => (false, &text[1..]),
            _ => (false, text),
        };
        let end = body.find(|c: char| !c.is_ascii_digit() && c != '.').unwrap_or(body.len());
        let (number, suffix) = body.split_at(end);
        let (whole, fraction) = number.split_once('.').unwrap_or((number, ""));
        if fraction.contains('.') {
            return None;
        }
        let amount = scaled(whole, fraction, &scale(suffix)?);
        let amount = amount.min(i128::from(i64::MAX) * ONE);
        Some(Self(if is_negative { -amount } else { amount }))
    }

    /// `true` below zero.
    #[must_use]
    pub const fn is_negative(self) -> bool {
        self.0 < 0
    }

    /// `true` without a fraction of the unit.
    #[must_use]
    pub const fn is_whole(self) -> bool {
        self.0 % ONE == 0
    }

    /// `true` without a fraction of a thousandth.
    #[must_use]
    pub const fn is_whole_milli(self) -> bool {
        self.0 % (ONE / 1000) == 0
    }

    /// Rounded up to thousandths, as amounts of resources are before they are compared.
    #[must_use]
    pub const fn in_milli(self) -> Self {
        const MILLI: i128 = ONE / 1000;
        Self(self.0.div_euclid(MILLI).saturating_add((self.0.rem_euclid(MILLI) != 0) as i128).saturating_mul(MILLI))
    }

    /// How many thousandths, rounded up.
    #[must_use]
    pub const fn milli(self) -> i128 {
        self.in_milli().0 / (ONE / 1000)
    }

    /// `true` if it is a whole number of times `unit`, which must not be nothing.
    #[must_use]
    pub const fn is_multiple_of(self, unit: Self) -> bool {
        self.0 % unit.0 == 0
    }

    /// Both together.
    #[must_use]
    pub const fn plus(self, other: Self) -> Self {
        Self(self.0.saturating_add(other.0))
    }

    /// `n` times as much.
    #[must_use]
    pub const fn times(self, n: u32) -> Self {
        Self(self.0.saturating_mul(n as i128))
    }
}

enum Scale {
    Decimal(i32),
    Binary(u32),
}

fn scale(suffix: &str) -> Option<Scale> {
    Some(match suffix {
        "" => Scale::Decimal(0),
        "n" => Scale::Decimal(-9),
        "u" => Scale::Decimal(-6),
        "m" => Scale::Decimal(-3),
        "k" => Scale::Decimal(3),
        "M" => Scale::Decimal(6),
        "G" => Scale::Decimal(9),
        "T" => Scale::Decimal(12),
        "P" => Scale::Decimal(15),
        "E" => Scale::Decimal(18),
        "Ki" => Scale::Binary(10),
        "Mi" => Scale::Binary(20),
        "Gi" => Scale::Binary(30),
        "Ti" => Scale::Binary(40),
        "Pi" => Scale::Binary(50),
        "Ei" => Scale::Binary(60),
        _ => Scale::Decimal(suffix.strip_prefix(['e', 'E'])?.parse().ok()?),
    })
}

/// The amount in billionths, rounded away from zero.
fn scaled(whole: &str, fraction: &str, scale: &Scale) -> i128 {
    // Nothing beyond 40 digits changes an amount that is capped at 19.
    let digits = whole.trim_start_matches('0');
    if digits.len() > 40 {
        return i128::MAX;
    }
    let kept = &fraction[..fraction.len().min(30)];
    let is_cut = fraction[kept.len()..].bytes().any(|b| b != b'0');
    let mut amount = 0_i128;
    for digit in digits.bytes().chain(kept.bytes()) {
        amount = amount.saturating_mul(10).saturating_add(i128::from(digit - b'0'));
    }
    let mut exponent = 9 - i32::try_from(kept.len()).expect("at most 30");
    match scale {
        Scale::Decimal(by) => exponent = exponent.saturating_add(*by),
        Scale::Binary(bits) => amount = amount.saturating_mul(1 << bits),
    }
    times_ten_to(amount, exponent, is_cut)
}

fn times_ten_to(amount: i128, exponent: i32, is_cut: bool) -> i128 {
    if amount == 0 {
        return i128::from(is_cut);
    }
    let power = 10_i128.checked_pow(exponent.unsigned_abs());
    if exponent >= 0 {
        return power.map_or(i128::MAX, |power| amount.saturating_mul(power));
    }
    let Some(power) = power else { return 1 };
    let rest = i128::from(amount % power != 0 || is_cut);
    amount / power + rest
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn amounts() {
        let parse = |text: &str| Quantity::parse(text).unwrap_or_else(|| panic!("{text}"));
        assert_eq!(parse("1"), parse("1000m"));
        assert_eq!(parse("1Ki"), parse("1024"));
        assert_eq!(parse("1.5Gi"), parse("1536Mi"));
        assert_eq!(parse("1e3"), parse("1k"));
        assert_eq!(parse("1E3"), parse("1000"));
        assert_eq!(parse("1E"), parse("1e18"));
        assert_eq!(parse(".5"), parse("500m"));
        assert_eq!(parse("5."), parse("5"));
        assert_eq!(parse("0.1n"), parse("1n"));
        assert_eq!(parse("9999999999999999999999"), parse("9223372036854775807"));
        assert!(parse("-1").is_negative() && !parse("+1").is_negative());
        assert!(parse("256Mi") < parse("512Mi"));
        assert!(!parse("1m").is_whole() && parse("1m").is_whole_milli() && !parse("1u").is_whole_milli());
        for nothing in ["0", "Mi", "-", ".", "+.k"] {
            assert_eq!(parse(nothing), Quantity::ZERO, "{nothing}");
        }
        for bad in ["", "1mi", "1 Mi", "1.2.3", "1e", "1e1.5", "--1", "0x1", "1KB", "1Gb", " 1"] {
            assert_eq!(Quantity::parse(bad), None, "{bad}");
        }
    }
}
