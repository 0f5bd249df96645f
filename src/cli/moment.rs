//! Times as people write them on a command line.

use chrono::{
    DateTime, Datelike, Duration, Local, NaiveDate, NaiveDateTime, NaiveTime, TimeZone, Utc,
};

use crate::operations::past::At;
use crate::outside;

/// Reads a time: RFC 3339 (`2026-01-15T10:30:00Z`), a date with or without a time in the local time
/// zone (`2026-01-15`, `2026-01-15 10:30`), `now`, `today`, `yesterday`, or how long ago (`90s`, `15m`, `2h`, `3d`, `1w`,
/// with or without ` ago`).
///
/// # Errors
/// A sentence on what is expected.
pub fn parse(text: &str) -> Result<DateTime<Utc>, String> {
    read(text).and_then(storable)
}

/// Reads a time as [`parse`] does, or a revision (`120`, `@120`).
///
/// # Errors
/// A sentence on what is expected.
pub fn at(text: &str) -> Result<At, String> {
    let number = text.strip_prefix('@').unwrap_or(text);
    match number.parse() {
        Ok(revision) if revision >= 0 => Ok(At::Revision(revision)),
        _ if number != text => Err(format!(
            "`{text}` is not a revision: expected one like @120"
        )),
        _ => parse(text).map(At::Time),
    }
}

/// The time, where the database can hold it: from the year 4713 BC on.
///
/// # Errors
/// A sentence that says so.
pub fn storable(time: DateTime<Utc>) -> Result<DateTime<Utc>, String> {
    match time.year() > -4712 {
        true => Ok(time),
        false => Err("this is before the year 4713 BC, the first that can be kept".to_owned()),
    }
}

fn read(text: &str) -> Result<DateTime<Utc>, String> {
    let text = text.trim();
    let expected = || {
        format!(
            "invalid time `{text}`: expected one like 2026-01-15T10:30:00Z, 2026-01-15, `2026-01-15 10:30`, today or 2h"
        )
    };
    if text == "now" {
        return Ok(outside::now());
    }
    let today = outside::now().with_timezone(&Local).date_naive();
    let day = match text {
        "today" => Some(today),
        "yesterday" => today.pred_opt(),
        _ => NaiveDate::parse_from_str(text, "%Y-%m-%d").ok(),
    };
    if let Ok(time) = DateTime::parse_from_rfc3339(text) {
        return Ok(time.with_timezone(&Utc));
    }
    if let Ok(time) = DateTime::parse_from_str(text, "%Y-%m-%d %H:%M:%S%.f%#z") {
        return Ok(time.with_timezone(&Utc));
    }
    if let Some(ago) = ago(text) {
        return outside::now().checked_sub_signed(ago).ok_or_else(expected);
    }
    let local = [
        "%Y-%m-%d %H:%M:%S%.f",
        "%Y-%m-%dT%H:%M:%S%.f",
        "%Y-%m-%d %H:%M",
        "%Y-%m-%dT%H:%M",
    ]
    .iter()
    .find_map(|form| NaiveDateTime::parse_from_str(text, form).ok())
    .or_else(|| day.map(|day| day.and_time(NaiveTime::MIN)))
    .ok_or_else(expected)?;
    Local
        .from_local_datetime(&local)
        .earliest()
        .map(|time| time.with_timezone(&Utc))
        .ok_or_else(expected)
}

fn ago(text: &str) -> Option<Duration> {
    let text = text.strip_suffix("ago").unwrap_or(text).trim();
    let unit = text.chars().next_back()?;
    let number: i64 = text[..text.len() - unit.len_utf8()].trim().parse().ok()?;
    if number < 0 {
        return None;
    }
    match unit {
        's' => Duration::try_seconds(number),
        'm' => Duration::try_minutes(number),
        'h' => Duration::try_hours(number),
        'd' => Duration::try_days(number),
        'w' => Duration::try_weeks(number),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn revisions_are_read_beside_times() {
        assert_eq!(at("120"), Ok(At::Revision(120)));
        assert_eq!(at("@120"), Ok(At::Revision(120)));
        assert!(matches!(at("2h"), Ok(At::Time(_))));
        assert!(matches!(at("2026-01-15"), Ok(At::Time(_))));
        for bad in ["@", "@x", "-1", "@-1", "x"] {
            assert!(at(bad).is_err(), "{bad}");
        }
    }

    #[test]
    fn times_are_read() {
        assert_eq!(
            parse("2026-01-15T10:30:00+02:00").unwrap().to_rfc3339(),
            "2026-01-15T08:30:00+00:00"
        );
        for good in [
            "2026-01-15",
            "2026-01-15 10:30",
            "2026-01-15T10:30:05.25",
            "2h",
            "3 d ago",
            "now",
            "today",
            "yesterday",
            "30m ago",
            "2026-01-15 10:30:00+02",
        ] {
            assert!(parse(good).is_ok(), "{good}");
        }
        for bad in [
            "",
            "d",
            "-1d",
            "7 years",
            "2026-13-01",
            "h",
            "99999999999999999d",
            "5000000d",
            "-262143-01-01",
            "ä",
        ] {
            assert!(parse(bad).is_err(), "{bad}");
        }
    }
}
