//! Exact anytime-valid comparison of two failure (or success) rates.
//!
//! Given an event, under no difference it fell in B with probability w_B, whatever the rate. The mixture
//! over a Beta(k w_A, k w_B) prior is an e-process: it may be looked at after every event
//! (Lindon and Malek, arXiv:2011.03567).

use super::assignment::Split;
use crate::statistics::special::{bisect, stirling_error};
use serde::{Deserialize, Serialize};

/// Prior weight of the test of equal rates.
pub const RATE_PRIOR_WEIGHT: f64 = 10.0;
/// Success rate at creation below which successes are counted instead of failures.
pub const COUNT_SUCCESSES_BELOW: f64 = 0.5;

/// Which outcome the success metric counts; fixed when the test is created.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum CountedOutcome {
    /// Failures: the rarer outcome where most executions succeed.
    #[default]
    Failures,
    /// Successes: the rarer outcome where most executions fail.
    Successes,
}

impl CountedOutcome {
    /// The outcome to count for a success rate known at creation (none known: failures).
    pub fn for_success_rate(rate: Option<f64>) -> Self {
        match rate {
            Some(rate) if rate < COUNT_SUCCESSES_BELOW => Self::Successes,
            _ => Self::Failures,
        }
    }
}

/// ln of the e-value against equal rates, for `a` and `b` events in the arms and prior weight `k` > 0.
///
/// lnB(k w_A + a, k w_B + b) - lnB(k w_A, k w_B) - a ln w_A - b ln w_B.
pub fn ln_e_value(a: f64, b: f64, split: Split, k: f64) -> f64 {
    ln_e_against(a, b, split, k, (split.a, split.b))
}

/// ln of the e-value against the rate ratio B/A being `exp(ln_ratio)`.
pub fn ln_e_value_at_ratio(a: f64, b: f64, split: Split, k: f64, ln_ratio: f64) -> f64 {
    let (in_a, in_b) = (split.a, split.b * ln_ratio.exp());
    let sum = in_a + in_b;
    ln_e_against(
        a,
        b,
        split,
        k,
        if sum.is_finite() {
            (in_a / sum, in_b / sum)
        } else {
            (0.0, 1.0)
        },
    )
}

fn ln_e_against(a: f64, b: f64, split: Split, k: f64, (p_a, p_b): (f64, f64)) -> f64 {
    let (prior_a, prior_b) = (k * split.a, k * split.b);
    let (post_a, post_b) = (prior_a + a, prior_b + b);
    let (prior, post) = (prior_a + prior_b, post_a + post_b);
    // Stirling's form of both beta functions with the likelihood folded in: no large terms cancel.
    let arm = |events: f64, own: f64, other: f64, own_prior: f64, p: f64, q: f64| {
        let likelihood = if events == 0.0 {
            0.0
        } else {
            events * ((own * q - other * p) / ((own + other) * p)).ln_1p()
        };
        let weight = own_prior - 0.5;
        likelihood + weight * ((own / post) / (own_prior / prior)).ln() + stirling_error(own)
            - stirling_error(own_prior)
    };
    (arm(a, post_a, post_b, prior_a, p_a, p_b) + arm(b, post_b, post_a, prior_b, p_b, p_a))
        - 0.5 * (post / prior).ln()
        - (stirling_error(post) - stirling_error(prior))
}

/// The anytime-valid p-value of an e-value: min(1, 1/E), never below the smallest positive number.
pub fn p_from_ln_e(ln_e: f64) -> f64 {
    if ln_e.is_nan() {
        1.0
    } else {
        (-ln_e.max(0.0)).exp().max(f64::MIN_POSITIVE)
    }
}

/// Confidence sequence for ln of the rate ratio B/A: all ratios with an e-value below 1/alpha.
///
/// The bounds are infinite on a side where no event can exclude anything.
pub fn ln_ratio_interval(a: f64, b: f64, split: Split, k: f64, alpha: f64) -> (f64, f64) {
    (
        -upper_bound(b, a, split.swapped(), k, alpha),
        upper_bound(a, b, split, k, alpha),
    )
}

fn upper_bound(a: f64, b: f64, split: Split, k: f64, alpha: f64) -> f64 {
    if a <= 0.0 {
        return f64::INFINITY;
    }
    let slack = |ln_ratio: f64| -alpha.ln() - ln_e_value_at_ratio(a, b, split, k, ln_ratio);
    let start = ((b.max(1e-9) / split.b) / (a / split.a)).ln();
    let mut step = 1.0;
    while slack(start + step) > 0.0 {
        step *= 2.0;
        if start + step > 600.0 {
            return f64::INFINITY;
        }
    }
    bisect(slack, start, start + step)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::statistics::special::ln_beta;
    use proptest::prelude::*;

    fn split(share_a: f64) -> Split {
        Split::from_share_of_a(share_a).unwrap()
    }

    #[test]
    fn matches_the_textbook_formula() {
        for (a, b, share) in [
            (60.0, 18.0, 0.5),
            (90.0, 4.0, 0.9),
            (0.0, 7.0, 0.3),
            (0.0, 0.0, 0.5),
            (1e4, 9e3, 0.5),
        ] {
            let w = split(share);
            let k = RATE_PRIOR_WEIGHT;
            let plain = ln_beta(k * w.a + a, k * w.b + b)
                - ln_beta(k * w.a, k * w.b)
                - a * f64::ln(w.a)
                - b * f64::ln(w.b);
            assert!(
                (ln_e_value(a, b, w, k) - plain).abs() < 1e-8,
                "{a} {b} {share}"
            );
        }
    }

    #[test]
    fn no_event_says_nothing() {
        assert_eq!(p_from_ln_e(ln_e_value(0.0, 0.0, split(0.5), 10.0)), 1.0);
        assert_eq!(
            ln_ratio_interval(0.0, 0.0, split(0.5), 10.0, 0.05),
            (f64::NEG_INFINITY, f64::INFINITY)
        );
        let (lower, upper) = ln_ratio_interval(50.0, 0.0, split(0.5), 10.0, 0.05);
        assert!(lower == f64::NEG_INFINITY && upper < 0.0);
    }

    #[test]
    fn huge_counts_stay_finite() {
        let e = ln_e_value(1e9, 1e9 + 1e5, split(0.5), 10.0);
        assert!(e.is_finite() && e < 0.0);
        assert!(p_from_ln_e(ln_e_value(1e6, 0.0, split(0.5), 10.0)) > 0.0);
    }

    proptest! {
        #[test]
        fn interval_excludes_one_exactly_when_p_is_below_alpha(a in 0u32..300, b in 0u32..300, percent in 5u32..96) {
            let (w, a, b) = (split(f64::from(percent) / 100.0), f64::from(a), f64::from(b));
            let p = p_from_ln_e(ln_e_value(a, b, w, 10.0));
            let (lower, upper) = ln_ratio_interval(a, b, w, 10.0, 0.05);
            prop_assume!((p - 0.05).abs() > 1e-9);
            prop_assert_eq!(p < 0.05, lower > 0.0 || upper < 0.0);
        }

        #[test]
        fn swapping_mirrors_exactly(a in 0u32..100_000, b in 0u32..100_000, percent in 1u32..100) {
            let (w, a, b) = (split(f64::from(percent) / 100.0), f64::from(a), f64::from(b));
            prop_assert_eq!(ln_e_value(a, b, w, 10.0), ln_e_value(b, a, w.swapped(), 10.0));
            let (lower, upper) = ln_ratio_interval(a, b, w, 10.0, 0.05);
            prop_assert_eq!(ln_ratio_interval(b, a, w.swapped(), 10.0, 0.05), (-upper, -lower));
        }
    }
}
