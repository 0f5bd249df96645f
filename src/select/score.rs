//! The score, and the order it gives.

use std::cmp::Ordering;

use super::Weights;
use super::answer::Choice;
use super::normalise::Features;

/// Each feature's part in the score.
pub fn contributions(features: Features, weights: Weights) -> Features {
    let mut parts = features.to_array();
    for (part, weight) in parts.iter_mut().zip(weights.to_array()) {
        *part *= weight;
    }
    Features::from_array(parts)
}

/// The sum of the parts, in the order time, cost, complexity, accuracy, completeness.
pub fn total(contributions: Features) -> f64 {
    contributions
        .to_array()
        .into_iter()
        .fold(0.0, |sum, part| sum + part)
}

/// Best first: tools of other operating systems than the asker's last, then by score; equal scores by name, platform, capability, pattern, version, in byte
/// order.
pub fn order(a: &Choice, b: &Choice) -> Ordering {
    (a.away.cmp(&b.away))
        .then_with(|| b.score.total_cmp(&a.score))
        .then_with(|| by_name(a, b))
}

/// By name, platform, capability, pattern, version, in byte order.
pub fn by_name(a: &Choice, b: &Choice) -> Ordering {
    fn key(choice: &Choice) -> (&str, &str, &str, &str, &str) {
        (
            &choice.tool,
            &choice.platform,
            &choice.capability,
            &choice.pattern,
            &choice.version,
        )
    }
    key(a).cmp(&key(b))
}
