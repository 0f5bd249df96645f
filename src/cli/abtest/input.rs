//! Values as people write them: shares, margins, durations.

use super::CommandError;
use crate::abtest::{Guardrail, Metric};
use crate::operations::abtest::numbers;

/// Reads the value of an option, with a hint where it cannot be read.
///
/// # Errors
/// Invalid, naming the option.
pub fn option<T>(
    name: &str,
    text: &str,
    read: impl FnOnce(&str) -> Result<T, String>,
    hint: &str,
) -> Result<T, CommandError> {
    read(text).map_err(|why| CommandError::invalid(format!("{name} {text}: {why}")).hint(hint))
}

/// `success`, `time` or `cost`.
pub fn metric(text: &str) -> Result<Metric, String> {
    text.parse()
        .map_err(|error: crate::abtest::evidence::UnknownMetric| error.to_string())
}

/// What a split may be.
pub const SPLIT_HINT: &str = "a split is the share of B, as 0.5, 10% or 90/10 (A/B)";

/// A share of B: `0.1`, `10%`, or both arms as `90/10`.
pub fn split(text: &str) -> Result<f64, String> {
    let share = match text.split_once(['/', ':']) {
        Some((a, b)) => {
            let (a, b) = (positive(a)?, positive(b)?);
            b / (a + b)
        }
        None => number(text)?,
    };
    numbers::split(share)?;
    Ok(share)
}

/// A share above 0 and at most 1: `0.25` or `25%`.
pub fn coverage(text: &str) -> Result<f64, String> {
    numbers::coverage(number(text)?)
}

/// A confidence: `0.95` or `95%`.
pub fn confidence(text: &str) -> Result<f64, String> {
    numbers::confidence(number(text)?)
}

/// A power: `0.8` or `80%`.
pub fn power(text: &str) -> Result<f64, String> {
    numbers::power(number(text)?)
}

/// `METRIC:MARGIN`, as in `success:0.02` or `time:10%`.
pub fn guardrail(text: &str) -> Result<Guardrail, String> {
    let (metric, margin) = text
        .split_once([':', '='])
        .ok_or("expected METRIC:MARGIN, as in success:0.02 or time:10%")?;
    let metric: Metric = metric
        .parse()
        .map_err(|error: crate::abtest::evidence::UnknownMetric| error.to_string())?;
    numbers::guardrail(metric, number(margin)?)
}

/// `METRIC:CHANGE`, as in `time:-0.1` or `success:+2%`; a change of B against A.
pub fn effect(text: &str) -> Result<(Metric, f64), String> {
    let (metric, change) = text
        .split_once([':', '='])
        .ok_or("expected METRIC:CHANGE, as in time:-10% or success:+0.02")?;
    let metric: Metric = metric
        .parse()
        .map_err(|error: crate::abtest::evidence::UnknownMetric| error.to_string())?;
    let change = number(change)?;
    if change <= -1.0 || (metric == Metric::Success && change >= 1.0) {
        return Err(format!("a change of {change} is not possible"));
    }
    Ok((metric, change))
}

/// A duration in seconds: `90s`, `30m`, `12h`, `7d`, `2w`; a bare number is seconds.
pub fn duration(text: &str) -> Result<f64, String> {
    let text = text.trim();
    let (digits, unit) = match text.char_indices().find(|(_, c)| c.is_ascii_alphabetic()) {
        Some((at, _)) => text.split_at(at),
        None => (text, "s"),
    };
    let seconds = match unit.trim() {
        "s" => 1.0,
        "m" | "min" => 60.0,
        "h" => 3_600.0,
        "d" => 86_400.0,
        "w" => 604_800.0,
        other => return Err(format!("unknown unit `{other}`: expected s, m, h, d or w")),
    };
    let value = number(digits)? * seconds;
    if (0.0..=3.2e9).contains(&value) {
        Ok(value)
    } else {
        Err(format!("{text} is not a duration between 0 and 100 years"))
    }
}

/// A positive finite number, also as a percentage.
pub fn positive(text: &str) -> Result<f64, String> {
    numbers::positive(number(text)?)
}

fn number(text: &str) -> Result<f64, String> {
    let text = text.trim();
    let (digits, scale) = match text.strip_suffix('%') {
        Some(digits) => (digits.trim_end(), 100.0),
        None => (text, 1.0),
    };
    match digits.parse::<f64>() {
        Ok(value) if value.is_finite() => Ok(value / scale),
        _ => Err(format!("`{text}` is not a number")),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn shares() {
        assert_eq!(split("0.1"), Ok(0.1));
        assert_eq!(split("90/10"), Ok(0.1));
        assert_eq!(split("25%"), Ok(0.25));
        for bad in [
            "0", "1", "1.2", "-0.1", "nan", "inf", "x", "100/0", "", "1/",
        ] {
            assert!(split(bad).is_err(), "{bad}");
        }
        assert!(coverage("0").is_err() && coverage("1.1").is_err() && coverage("1") == Ok(1.0));
        assert!(
            confidence("0.5").is_err() && confidence("1").is_err() && confidence("95%") == Ok(0.95)
        );
    }

    #[test]
    fn margins_and_effects() {
        let kept = guardrail("time:10%").unwrap();
        assert_eq!((kept.metric, kept.margin), (Metric::Time, 0.1));
        for bad in [
            "speed:1",
            "time",
            "time:0",
            "time:-1",
            "success:2",
            "time:NaN",
        ] {
            assert!(guardrail(bad).is_err(), "{bad}");
        }
        assert_eq!(effect("time:-10%"), Ok((Metric::Time, -0.1)));
        assert!(effect("time:-100%").is_err() && effect("success:1").is_err());
    }

    #[test]
    fn durations() {
        assert_eq!(duration("7d"), Ok(604_800.0));
        assert_eq!(duration("90"), Ok(90.0));
        assert_eq!(duration("1.5 h"), Ok(5_400.0));
        assert!(duration("7 years").is_err() && duration("-1s").is_err());
    }
}
