//! What the numbers of a test may be, wherever they come from.

use crate::abtest::{Guardrail, Metric, Split};
use crate::store::ab_tests::split_of;

/// The shares of both arms from that of B, which is between 0 and 1.
///
/// # Errors
/// Why it cannot be one.
pub fn split(share_b: f64) -> Result<Split, String> {
    split_of(share_b).map_err(|error| error.to_string())
}

/// A share of the traffic: above 0 and at most 1.
///
/// # Errors
/// Why it cannot be one.
pub fn coverage(share: f64) -> Result<f64, String> {
    match share > 0.0 && share <= 1.0 {
        true => Ok(share),
        false => Err(format!("the coverage {share} is not above 0 and at most 1")),
    }
}

/// A confidence over all looks: between 0.5 and 1.
///
/// # Errors
/// Why it cannot be one.
pub fn confidence(share: f64) -> Result<f64, String> {
    match share > 0.5 && share < 1.0 {
        true => Ok(share),
        false => Err(format!("the confidence {share} is not between 0.5 and 1")),
    }
}

/// A power: between 0 and 1.
///
/// # Errors
/// Why it cannot be one.
pub fn power(share: f64) -> Result<f64, String> {
    match share > 0.0 && share < 1.0 {
        true => Ok(share),
        false => Err(format!("the power {share} is not between 0 and 1")),
    }
}

/// A finite number above 0.
///
/// # Errors
/// Why it is not.
pub fn positive(value: f64) -> Result<f64, String> {
    match value > 0.0 && value.is_finite() {
        true => Ok(value),
        false => Err(format!("{value} is not above 0")),
    }
}

/// A guardrail with a margin that can be kept.
///
/// # Errors
/// Why it cannot.
pub fn guardrail(metric: Metric, margin: f64) -> Result<Guardrail, String> {
    let margin = positive(margin)?;
    if metric == Metric::Success && margin >= 1.0 {
        return Err(format!(
            "a success rate cannot drop by {margin}: the margin is in shares, 0.02 for two points"
        ));
    }
    Ok(Guardrail { metric, margin })
}
