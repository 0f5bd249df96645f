//! The features of a candidate, each 0 (worst) to 1 (best).

use serde::{Deserialize, Serialize};

use super::estimate::Estimate;
use super::{Candidate, Scoring};

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

/// The features of a candidate.
pub fn features(candidate: &Candidate, estimate: &Estimate, scoring: Scoring) -> Features {
    Features {
        time: scoring.time(estimate.time_ms),
        cost: scoring.cost(estimate.cost),
        complexity: 1.0 - candidate.complexity_score,
        accuracy: candidate.preference_match.accuracy.clamp(0.0, 1.0),
        completeness: candidate.preference_match.completeness.clamp(0.0, 1.0),
    }
}
