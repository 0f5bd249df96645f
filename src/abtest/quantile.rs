//! Quantiles with distribution-free intervals from order statistics (Conover), as description.

use crate::statistics::special::ln_beta_tails;
use serde::{Deserialize, Serialize};

/// A quantile of a sample and its interval.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
pub struct QuantileInterval {
    /// Which quantile, in 0..1.
    pub q: f64,
    /// Estimate, interpolated between order statistics.
    pub estimate: f64,
    /// Lower bound; none when the sample is too small to have one.
    pub lower: Option<f64>,
    /// Upper bound; none when the sample is too small to have one.
    pub upper: Option<f64>,
}

/// Zero-based indices into the sorted sample of `n` values that bound the quantile `q` with at least `confidence`.
pub fn order_statistic_bounds(n: usize, q: f64, confidence: f64) -> (Option<usize>, Option<usize>) {
    let tail = (1.0 - confidence) / 2.0;
    // smallest counts with P(X <= low) >= tail and with P(X > high) <= tail, X binomial(n, q)
    let low = smallest(n, |k| binomial_lower(k, n, q) >= tail);
    let high = smallest(n, |k| 1.0 - binomial_lower(k, n, q) <= tail);
    (low.checked_sub(1), (high < n).then_some(high))
}

fn smallest(n: usize, holds: impl Fn(usize) -> bool) -> usize {
    let (mut low, mut high) = (0, n);
    while low < high {
        let middle = low + (high - low) / 2;
        if holds(middle) {
            high = middle
        } else {
            low = middle + 1
        }
    }
    low
}

/// P(X <= k) for X binomial(n, q).
fn binomial_lower(k: usize, n: usize, q: f64) -> f64 {
    if k >= n {
        return 1.0;
    }
    ln_beta_tails(k as f64 + 1.0, (n - k) as f64, q, 1.0 - q)
        .1
        .exp()
}

/// The quantile `q` (in 0..=1) of an ascending sample with its interval; none for an empty sample.
pub fn quantile_interval(sorted: &[f64], q: f64, confidence: f64) -> Option<QuantileInterval> {
    let last = sorted.len().checked_sub(1)?;
    let position = q.clamp(0.0, 1.0) * last as f64;
    let below = position.floor() as usize;
    let above = (below + 1).min(last);
    let estimate = sorted[below] + (sorted[above] - sorted[below]) * (position - below as f64);
    let (low, high) = order_statistic_bounds(sorted.len(), q, confidence);
    Some(QuantileInterval {
        q,
        estimate,
        lower: low.map(|i| sorted[i]),
        upper: high.map(|i| sorted[i]),
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn known_ranks() {
        // the classical table for the median: n = 10 covers 97.9 % between the 2nd and the 9th value
        assert_eq!(order_statistic_bounds(10, 0.5, 0.95), (Some(1), Some(8)));
        assert_eq!(order_statistic_bounds(5, 0.5, 0.95), (None, None));
        assert_eq!(order_statistic_bounds(0, 0.5, 0.95), (None, None));
        let (low, high) = order_statistic_bounds(1_000_000, 0.95, 0.95);
        assert!(low.unwrap() < 950_000 && high.unwrap() > 950_000);
    }

    #[test]
    fn small_samples() {
        assert_eq!(quantile_interval(&[], 0.5, 0.95), None);
        let one = quantile_interval(&[7.0], 0.95, 0.95).unwrap();
        assert_eq!((one.estimate, one.lower, one.upper), (7.0, None, None));
    }
}
