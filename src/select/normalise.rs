//! The features of a candidate, each 0 (worst) to 1 (best).

use serde::{Deserialize, Serialize};

use super::Candidate;
use super::estimate::Estimate;

/// Running times below this count as this, in milliseconds.
pub const MIN_TIME_MS: f64 = 50.0;
/// Running times above this count as this, in milliseconds.
pub const MAX_TIME_MS: f64 = 60_000.0;
/// Costs above this count as this.
pub const MAX_COST: f64 = 10.0;

/// One value for each feature, in the order in which a score is summed.
#[derive(Debug, Clone, Copy, Default, PartialEq, Serialize, Deserialize)]
pub struct Features {
    /// How short it runs.
    pub time: f64,
    /// How little it costs.
    pub cost: f64,
    /// How simple it is.
    pub complexity: f64,
    /// How accurate its result is.
    pub accuracy: f64,
    /// How complete its result is.
    pub completeness: f64,
}

impl Features {
    /// The values in the order time, cost, complexity, accuracy, completeness.
    pub fn to_array(self) -> [f64; 5] {
        [
            self.time,
            self.cost,
            self.complexity,
            self.accuracy,
            self.completeness,
        ]
    }

    /// The values in that order, to be changed.
    pub fn as_mut(&mut self) -> [&mut f64; 5] {
        [
            &mut self.time,
            &mut self.cost,
            &mut self.complexity,
            &mut self.accuracy,
            &mut self.completeness,
        ]
    }

    /// Features from values in that order.
    pub fn from_array(values: [f64; 5]) -> Self {
        let [time, cost, complexity, accuracy, completeness] = values;
        Self {
            time,
            cost,
            complexity,
            accuracy,
            completeness,
        }
    }
}

/// Running time on a logarithmic scale from 60 s (0) to 50 ms (1).
pub fn time(milliseconds: f64) -> f64 {
    let clamped = milliseconds.clamp(MIN_TIME_MS, MAX_TIME_MS);
    1.0 - (clamped.ln() - MIN_TIME_MS.ln()) / (MAX_TIME_MS.ln() - MIN_TIME_MS.ln())
}

/// Cost on a linear scale from 10 (0) to nothing (1).
pub fn cost(cost: f64) -> f64 {
    1.0 - cost.clamp(0.0, MAX_COST) / MAX_COST
}

/// The features of a candidate.
pub fn features(candidate: &Candidate, estimate: &Estimate) -> Features {
    Features {
        time: time(estimate.time_ms),
        cost: cost(estimate.cost),
        complexity: 1.0 - candidate.complexity_score,
        accuracy: candidate.preference_match.accuracy.clamp(0.0, 1.0),
        completeness: candidate.preference_match.completeness.clamp(0.0, 1.0),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn the_scales_have_their_ends() {
        assert_eq!(
            [time(0.0), time(50.0), time(60_000.0), time(1e9)],
            [1.0, 1.0, 0.0, 0.0]
        );
        assert_eq!(
            [cost(-1.0), cost(0.0), cost(5.0), cost(10.0), cost(1e9)],
            [1.0, 1.0, 0.5, 0.0, 0.0]
        );
        assert!((time(1732.0508) - 0.5).abs() < 1e-6);
    }

    proptest! {
        #[test]
        fn less_is_never_worse(a in 0.0..1e6f64, b in 0.0..1e6f64) {
            let (less, more) = (a.min(b), a.max(b));
            prop_assert!(time(less) >= time(more));
            prop_assert!(cost(less) >= cost(more));
            prop_assert!((0.0..=1.0).contains(&time(a)));
        }
    }
}
