//! Confidence intervals that assume no shape of the data.

use serde::Serialize;
use statrs::function::beta::beta_reg;

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
    let (n, p) = (trials as f64, successes as f64 / trials as f64);
    let z2 = normal_quantile(0.5 + level / 2.0).powi(2);
    let centre = p + z2 / (2.0 * n);
    let half = (z2 * (p * (1.0 - p) / n + z2 / (4.0 * n * n))).sqrt();
    let scale = 1.0 + z2 / n;
    Some(Interval {
        low: if successes == 0 {
            0.0
        } else {
            ((centre - half) / scale).max(0.0)
        },
        high: if successes == trials {
            1.0
        } else {
            ((centre + half) / scale).min(1.0)
        },
        level,
    })
}

/// The interval of the median between order statistics, by the exact binomial: valid for any distribution. `None`
/// where there are too few values for the level (fewer than 6 at 0.95).
pub fn median_interval(values: &[f64], level: f64) -> Option<Interval> {
    let n = values.len();
    let tail = (1.0 - level) / 2.0;
    // P(Binomial(n, 1/2) <= k)
    let below = |k: usize| beta_reg((n - k) as f64, (k + 1) as f64, 0.5);
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
