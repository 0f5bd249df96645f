//! What a plain scalar means: the core schema of YAML 1.2 (section 10.3), and where readers of
//! YAML 1.1 would disagree.

use serde_json::Number;

use crate::format::node::Kind;
use crate::format::number::{self, Unfit};

/// The value of a plain scalar.
///
/// # Errors
/// For a number that cannot be kept, or is none (`.inf`, `.nan`).
pub fn resolve(text: &str) -> Result<Kind, &'static str> {
    Ok(match text {
        "" | "~" | "null" | "Null" | "NULL" => Kind::Null,
        "true" | "True" | "TRUE" => Kind::Bool(true),
        "false" | "False" | "FALSE" => Kind::Bool(false),
        _ => match number(text) {
            Some(Ok(number)) => Kind::Number(number),
            Some(Err(reason)) => return Err(reason),
            None => Kind::Text(text.to_owned()),
        },
    })
}

/// The number that a plain scalar is, if it is one.
pub fn number(text: &str) -> Option<Result<Number, &'static str>> {
    let first = *text.as_bytes().first()?;
    if !(first.is_ascii_digit() || matches!(first, b'+' | b'-' | b'.')) {
        return None;
    }
    if let Some(radix) = [("0x", 16), ("0o", 8)]
        .into_iter()
        .find_map(|(prefix, radix)| Some((text.strip_prefix(prefix)?, radix)))
    {
        let (digits, radix) = radix;
        if digits.is_empty() || !digits.chars().all(|c| c.is_digit(radix)) {
            return None;
        }
        return Some(
            u64::from_str_radix(digits, radix)
                .map(Number::from)
                .map_err(|_| Unfit::TooLarge.reason()),
        );
    }
    let unsigned = text.strip_prefix(['+', '-']).unwrap_or(text);
    if matches!(
        unsigned,
        ".inf" | ".Inf" | ".INF" | ".nan" | ".NaN" | ".NAN"
    ) {
        return Some(Err("is not a finite number"));
    }
    is_decimal(unsigned).then(|| number::exact(text).map_err(Unfit::reason))
}

/// `( \. [0-9]+ | [0-9]+ ( \. [0-9]* )? ) ( [eE] [-+]? [0-9]+ )?`
fn is_decimal(text: &str) -> bool {
    let (mantissa, exponent) = match text.split_once(['e', 'E']) {
        Some((mantissa, exponent)) => (mantissa, Some(exponent)),
        None => (text, None),
    };
    let digits = |it: &str| it.bytes().all(|byte| byte.is_ascii_digit());
    let mantissa_fits = match mantissa.split_once('.') {
        Some((whole, fraction)) => {
            digits(whole) && digits(fraction) && !(whole.is_empty() && fraction.is_empty())
        }
        None => !mantissa.is_empty() && digits(mantissa),
    };
    let exponent_fits = exponent.is_none_or(|it| {
        let it = it.strip_prefix(['+', '-']).unwrap_or(it);
        !it.is_empty() && digits(it)
    });
    mantissa_fits && exponent_fits
}

/// What readers of YAML 1.1 take a plain text for, if that is not text: by the types of YAML 1.1
/// (<https://yaml.org/type/>) and, where PyYAML and libyaml users go further, by those.
pub fn reading_by_1_1(text: &str) -> Option<&'static str> {
    const BOOLEANS: [&str; 18] = [
        "yes", "Yes", "YES", "no", "No", "NO", "on", "On", "ON", "off", "Off", "OFF", "true",
        "True", "TRUE", "false", "False", "FALSE",
    ];
    match text {
        _ if BOOLEANS.contains(&text) => Some("a boolean"),
        "" | "~" | "null" | "Null" | "NULL" => Some("nothing"),
        "=" => Some("a default value"),
        "<<" => Some("a merge"),
        _ if is_date(text) => Some("a date"),
        _ if is_number_by_1_1(text) => Some("a number"),
        _ => None,
    }
}

/// Whether readers of YAML 1.1 may take a plain text for something else, those few that read one
/// letter as a boolean included. What is written for others is quoted then.
pub fn needs_quotes(text: &str) -> bool {
    matches!(text, "y" | "Y" | "n" | "N") || reading_by_1_1(text).is_some()
}

/// Numbers of YAML 1.1: `_` between digits, `0b`, `0o` and `0` as marks of a base, base 60.
fn is_number_by_1_1(text: &str) -> bool {
    let unsigned = text.strip_prefix(['+', '-']).unwrap_or(text);
    let first = unsigned.as_bytes().first().copied().unwrap_or_default();
    if !(first.is_ascii_digit() || first == b'.') {
        return false;
    }
    let all = |text: &str, allowed: fn(u8) -> bool| {
        !text.is_empty()
            && text
                .bytes()
                .all(|byte| allowed(byte) || matches!(byte, b'_' | b','))
    };
    for (mark, digit) in [
        ("0b", (|it| matches!(it, b'0' | b'1')) as fn(u8) -> bool),
        ("0o", |it| matches!(it, b'0'..=b'7')),
        ("0x", |it| it.is_ascii_hexdigit()),
    ] {
        if let Some(digits) = unsigned.strip_prefix(mark) {
            return all(digits, digit);
        }
    }
    if matches!(
        unsigned,
        ".inf" | ".Inf" | ".INF" | ".nan" | ".NaN" | ".NAN"
    ) {
        return true;
    }
    let decimal = |it: u8| it.is_ascii_digit();
    if let Some((first, rest)) = unsigned.split_once(':') {
        // Base 60, such as 12:30:45.5.
        let whole = rest.split_once('.').map_or(rest, |(whole, fraction)| {
            if fraction.is_empty() || all(fraction, decimal) {
                whole
            } else {
                ""
            }
        });
        let sixty = |it: &str| {
            (1..=2).contains(&it.len()) && it.parse::<u8>().is_ok_and(|number| number < 60)
        };
        return all(first, decimal) && whole.split(':').all(sixty);
    }
    let (mantissa, exponent) = match unsigned.split_once(['e', 'E']) {
        Some((mantissa, exponent)) => (mantissa, Some(exponent)),
        None => (unsigned, None),
    };
    let (whole, fraction) = mantissa.split_once('.').unwrap_or((mantissa, ""));
    let exponent_fits = exponent.is_none_or(|it| {
        let digits = it.strip_prefix(['+', '-']).unwrap_or(it);
        !digits.is_empty() && digits.bytes().all(decimal)
    });
    exponent_fits
        && (whole.is_empty() || all(whole, decimal))
        && (fraction.is_empty() || all(fraction, decimal))
        && (!whole.is_empty() || fraction.starts_with(|c: char| c.is_ascii_digit()))
}

/// `2001-12-14`, also with one digit for month or day, and with a time of day after it.
fn is_date(text: &str) -> bool {
    let (date, time) = match text.find(['T', 't', ' ', '\t']) {
        Some(at) => (&text[..at], text[at + 1..].trim_start()),
        None => (text, ""),
    };
    let mut parts = date.split('-');
    let mut part = |lengths: std::ops::RangeInclusive<usize>| {
        parts.next().is_some_and(|it| {
            lengths.contains(&it.len()) && it.bytes().all(|byte| byte.is_ascii_digit())
        })
    };
    let whole = part(4..=4) && part(1..=2) && part(1..=2) && parts.next().is_none();
    let starts_like_a_time = time
        .split_once(':')
        .is_some_and(|(hour, _)| (1..=2).contains(&hour.len()) && hour.parse::<u8>().is_ok());
    whole && (text.len() == date.len() || starts_like_a_time)
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn the_core_schema() {
        let value = |text: &str| match resolve(text) {
            Ok(Kind::Number(number)) => json!(number),
            Ok(Kind::Bool(value)) => json!(value),
            Ok(Kind::Null) => json!(null),
            Ok(Kind::Text(text)) => json!(text),
            other => panic!("{text}: {other:?}"),
        };
        for (text, expected) in [
            ("", json!(null)),
            ("~", json!(null)),
            ("True", json!(true)),
            ("yes", json!("yes")),
            ("012", json!(12)),
            ("0o14", json!(12)),
            ("0x1f", json!(31)),
            ("1e3", json!(1000.0)),
            ("+.5", json!(0.5)),
            ("1.", json!(1.0)),
            ("1.2.3", json!("1.2.3")),
            ("-", json!("-")),
            (".", json!(".")),
            ("e3", json!("e3")),
            ("1_000", json!("1_000")),
            ("2024-01-01", json!("2024-01-01")),
        ] {
            assert_eq!(value(text), expected, "{text}");
        }
        assert!(resolve(".inf").is_err());
        assert!(resolve("99999999999999999999").is_err());
    }

    #[test]
    fn disagreement_with_1_1_is_known() {
        for text in [
            "yes",
            "Off",
            "TRUE",
            "~",
            "=",
            "<<",
            "2024-01-01",
            "2024-1-1",
            "2024-01-01T10:00:00Z",
            "2024-01-01 10:00:00",
            "1_000",
            "-1_000",
            "685.230_15e+03",
            "12:30:45",
            "-12:30:45",
            "+12:30",
            "190:20:30.15",
            "1:30",
            "0b1_0",
            "0x_1F",
            "-0x1F",
            "0o7",
            "012",
            ".5",
            "+.5",
            "1.",
            "1e3",
            "1.5e-3",
            "-.inf",
            "1,000",
        ] {
            assert!(reading_by_1_1(text).is_some(), "{text}");
        }
        for text in [
            "y",
            "1.2.3",
            "7z",
            "2024-01-1x",
            "2024-01-01 x",
            "2024-13",
            "10:99",
            "a:b",
            ".",
            "-",
            "+",
            "..",
            "e3",
            "0b2",
            "0x",
            "1e",
            "1:2:x",
            "v1",
            "-a",
            "._5",
            "1-2",
            "10:",
            "é",
        ] {
            assert_eq!(reading_by_1_1(text), None, "{text}");
        }
        assert!(needs_quotes("y") && needs_quotes("N") && !needs_quotes("yn"));
    }
}
