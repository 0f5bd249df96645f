//! Points in time as people and programs write them.

use chrono::{DateTime, NaiveDate, NaiveDateTime, Utc};

/// Reads a point in time: RFC 3339 (`2026-01-31T12:00:00Z`), the same with a blank for the `T`, or without an offset,
/// which means UTC; or a day, which means its start in UTC.
pub fn parse_time(text: &str) -> Option<DateTime<Utc>> {
    let text = text.trim();
    if let Ok(time) = DateTime::parse_from_rfc3339(text) {
        return Some(time.to_utc());
    }
    for format in ["%Y-%m-%d %H:%M:%S%.f%#z", "%Y-%m-%dT%H:%M:%S%.f%#z"] {
        if let Ok(time) = DateTime::parse_from_str(text, format) {
            return Some(time.to_utc());
        }
    }
    for format in [
        "%Y-%m-%dT%H:%M:%S%.f",
        "%Y-%m-%d %H:%M:%S%.f",
        "%Y-%m-%dT%H:%M",
        "%Y-%m-%d %H:%M",
    ] {
        if let Ok(time) = NaiveDateTime::parse_from_str(text, format) {
            return Some(time.and_utc());
        }
    }
    let day = NaiveDate::parse_from_str(text, "%Y-%m-%d").ok()?;
    Some(day.and_hms_opt(0, 0, 0)?.and_utc())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn times_are_read_in_the_usual_forms() {
        let noon = "2026-01-31T12:00:00+00:00";
        for text in [
            "2026-01-31T12:00:00Z",
            "2026-01-31 12:00:00+00",
            "2026-01-31 13:00:00+01:00",
            "2026-01-31T12:00:00.000",
            "2026-01-31 12:00",
        ] {
            let time = parse_time(text).map(|it| it.to_rfc3339());
            assert_eq!(time.as_deref(), Some(noon), "{text}");
        }
        assert!(parse_time("2026-01-31").is_some());
        for text in ["", "yesterday", "2026-13-01", "12:00", "1769860800"] {
            assert_eq!(parse_time(text), None, "{text}");
        }
    }
}
