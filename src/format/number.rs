//! Numbers that keep what was written.

use serde_json::Number;

/// Why a text is not a number that can be kept.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Unfit {
    /// Too large to be held.
    TooLarge,
    /// More digits than a number holds.
    TooPrecise,
}

/// Digits that a double distinguishes (IEEE 754: 17 identify any double).
const DIGITS: usize = 17;

/// Reads a decimal number: an integer of 64 bits, or a double where nothing of the text is lost.
/// The text must already be in the form of a number.
///
/// # Errors
/// If the number would not be the one that was written.
pub fn exact(text: &str) -> Result<Number, Unfit> {
    let plain = text.strip_prefix('+').unwrap_or(text);
    let whole = plain.strip_prefix('-').unwrap_or(plain);
    if whole.bytes().all(|byte| byte.is_ascii_digit()) {
        if let Ok(number) = plain.parse::<i64>() {
            return Ok(number.into());
        }
        return plain
            .parse::<u64>()
            .map(Number::from)
            .map_err(|_| Unfit::TooLarge);
    }
    let number: f64 = plain.parse().map_err(|_| Unfit::TooLarge)?;
    let number = Number::from_f64(number).ok_or(Unfit::TooLarge)?;
    let mantissa = plain.split(['e', 'E']).next().unwrap_or(plain);
    let digits: String = mantissa.chars().filter(char::is_ascii_digit).collect();
    let digits = digits.trim_start_matches('0').trim_end_matches('0');
    let vanished = number.as_f64() == Some(0.0) && !digits.is_empty();
    if digits.len() > DIGITS || vanished {
        return Err(Unfit::TooPrecise);
    }
    Ok(number)
}

/// The finite double nearest to a decimal number.
pub fn nearest(text: &str) -> Option<Number> {
    let double = |text: &str| Some(text.parse::<f64>().ok()?.clamp(f64::MIN, f64::MAX));
    exact(text).ok().or_else(|| Number::from_f64(double(text)?))
}

impl Unfit {
    /// The reason, in words.
    pub fn reason(self) -> &'static str {
        match self {
            Unfit::TooLarge => "is too large to be kept exactly",
            Unfit::TooPrecise => "has more digits than can be kept exactly",
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_can_be_kept_is_kept() {
        for text in [
            "0",
            "-7",
            "18446744073709551615",
            "0.1",
            "1e3",
            "-2.50",
            "1e-300",
            "0.30000000000000004",
        ] {
            assert!(exact(text).is_ok(), "{text}");
        }
        assert_eq!(exact("12").unwrap(), Number::from(12));
    }

    #[test]
    fn what_would_be_lost_is_refused() {
        assert_eq!(exact("18446744073709551616"), Err(Unfit::TooLarge));
        assert_eq!(exact("1e400"), Err(Unfit::TooLarge));
        assert_eq!(exact("3.14159265358979323846"), Err(Unfit::TooPrecise));
        assert_eq!(exact("1e-400"), Err(Unfit::TooPrecise));
    }
}
