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

/// What readers of YAML 1.1 take a plain text for, where that is not text.
pub fn reading_by_1_1(text: &str) -> Option<&'static str> {
    const BOOLEANS: [&str; 12] = [
        "yes", "Yes", "YES", "no", "No", "NO", "on", "On", "ON", "off", "Off", "OFF",
    ];
    if BOOLEANS.contains(&text) {
        return Some("a boolean");
    }
    let bytes = text.as_bytes();
    if !bytes.first()?.is_ascii_digit() {
        return None;
    }
    if is_date(text) {
        return Some("a date");
    }
    let unsigned = |allowed: &[u8]| {
        bytes
            .iter()
            .all(|byte| byte.is_ascii_digit() || allowed.contains(byte))
    };
    if bytes.contains(&b'_') && unsigned(b"_.") {
        return Some("a number");
    }
    // Base 60, such as 12:30:45.
    let mut parts = text.split(':');
    let first = parts.next()?;
    let rest: Vec<&str> = parts.collect();
    let sixty =
        |it: &&str| (1..=2).contains(&it.len()) && it.parse::<u8>().is_ok_and(|number| number < 60);
    if !rest.is_empty() && first.bytes().all(|it| it.is_ascii_digit()) && rest.iter().all(sixty) {
        return Some("a number");
    }
    None
}

fn is_date(text: &str) -> bool {
    let date = text.get(..10).unwrap_or_default();
    let shape = date.bytes().enumerate().all(|(at, byte)| match at {
        4 | 7 => byte == b'-',
        _ => byte.is_ascii_digit(),
    });
    date.len() == 10 && shape && matches!(text.as_bytes().get(10), None | Some(b'T' | b't' | b' '))
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
        for text in ["yes", "Off", "2024-01-01", "1_000", "12:30:45"] {
            assert!(reading_by_1_1(text).is_some(), "{text}");
        }
        for text in ["y", "1.2.3", "7z", "2024-01-1x", "10:99", "a:b"] {
            assert_eq!(reading_by_1_1(text), None, "{text}");
        }
    }
}
