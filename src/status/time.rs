//! Times as Kubernetes writes them, in seconds since 1970.

/// `2026-01-02T03:04:05Z`, with or without fractions, in any offset.
#[must_use]
pub fn parse_time(text: &str) -> Option<i64> {
    // The shape is looked at first: nearly every text is none.
    let bytes = text.as_bytes();
    let has_shape =
        bytes.len() >= 20 && bytes.len() <= 40 && bytes[4] == b'-' && bytes[10] == b'T' && bytes[13] == b':';
    if !has_shape {
        return None;
    }
    text.parse::<jiff::Timestamp>().ok().map(jiff::Timestamp::as_second)
}

/// The time as Kubernetes writes it.
#[must_use]
pub fn shown_time(seconds: i64) -> String {
    jiff::Timestamp::from_second(seconds).map_or_else(|_| String::new(), |time| time.to_string())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn times_are_read_and_nothing_else() {
        assert_eq!(parse_time("1970-01-01T00:00:01Z"), Some(1));
        assert_eq!(parse_time("1970-01-01T03:00:01.999999+03:00"), Some(1));
        assert_eq!(shown_time(1), "1970-01-01T00:00:01Z");
        for text in ["", "2026-01-02", "2026-01-02T99:04:05Z", "lms-deployment-c42-6f", "2026-01-02T03:04:05"] {
            assert_eq!(parse_time(text), None, "{text}");
        }
    }
}
