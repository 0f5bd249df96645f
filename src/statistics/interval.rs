//! Confidence intervals that assume no shape of the data.

use serde::Serialize;

use super::special::ln_beta_tails;
use super::{normal_quantile, sorted};

/// A confidence interval and the level it was made for.
#[derive(Debug, Clone, Copy, PartialEq, Serialize)]
pub struct Interval {
    /// Lower end.
    pub low: f64,
    /// Upper end.
    pub high: f64,
    /// Confidence level, 0..1.
    pub level: f64,
}

impl Interval {
    /// Whether `value` lies in the closed interval.
    pub fn contains(&self, value: f64) -> bool {
        self.low <= value && value <= self.high
    }

    /// The interval with `transform`, an increasing function, applied to both ends.
    pub fn map(self, transform: impl Fn(f64) -> f64) -> Self {
        Self {
            low: transform(self.low),
            high: transform(self.high),
            level: self.level,
        }
    }
}

/// Wilson's score interval of a proportion (Wilson 1927); `None` without trials.
pub fn wilson(successes: u64, trials: u64, level: f64) -> Option<Interval> {
    if trials == 0 || successes > trials {
        return None;
    }
    let z = normal_quantile(0.5 + level / 2.0);
    let (hits, misses) = (successes as f64, (trials - successes) as f64);
    Some(Interval {
        low: wilson_lower(hits, misses, z),
        high: 1.0 - wilson_lower(misses, hits, z),
        level,
    })
}

/// The lower end of Wilson's score interval at `z` standard errors: the smaller root of the score equation, in the form that
/// does not cancel.
pub fn wilson_lower(successes: f64, failures: f64, z: f64) -> f64 {
    let (n, square) = (successes + failures, z * z);
    if successes <= 0.0 || square.is_infinite() {
        return 0.0;
    }
    let root = (square * (square + 4.0 * successes * (failures / n))).sqrt();
    (2.0 * successes * (successes / n) / (2.0 * successes + square + root)).clamp(0.0, 1.0)
}

/// The interval of the median between order statistics, by the exact binomial: valid for any distribution. `None`
/// if there are too few values for the level (fewer than 6 at 0.95).
pub fn median_interval(values: &[f64], level: f64) -> Option<Interval> {
    let n = values.len();
    let tail = (1.0 - level) / 2.0;
    // P(Binomial(n, 1/2) <= k)
    let below = |k: usize| {
        let (lower, _) = ln_beta_tails((n - k) as f64, (k + 1) as f64, 0.5, 0.5);
        lower.exp()
    };
    if n == 0 || below(0) > tail {
        return None;
    }
    let (mut kept, mut too_far) = (0, n / 2);
    while too_far - kept > 1 {
        let middle = (kept + too_far) / 2;
        if below(middle) <= tail {
            kept = middle;
        } else {
            too_far = middle;
        }
    }
    let ordered = sorted(values);
    Some(Interval {
        low: ordered[kept],
        high: ordered[n - 1 - kept],
        level,
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn median_interval_by_ranks() {
        let values: Vec<f64> = (1..=20).map(f64::from).collect();
        let interval = median_interval(&values, 0.95).unwrap();
        assert_eq!((interval.low, interval.high), (6.0, 15.0));
        assert!(median_interval(&values[..5], 0.95).is_none());
        assert!(median_interval(&values[..6], 0.95).is_some());
        assert!(median_interval(&[], 0.95).is_none());
    }

    #[test]
    fn wilson_stays_inside() {
        let none = wilson(0, 10, 0.95).unwrap();
        assert_eq!(none.low, 0.0);
        assert!((none.high - 0.277_5).abs() < 1e-3);
        assert_eq!(wilson(10, 10, 0.95).unwrap().high, 1.0);
        assert!(wilson(0, 0, 0.95).is_none());
    }
}
