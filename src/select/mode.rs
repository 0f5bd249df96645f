//! The preference modes.

use std::fmt;
use std::str::FromStr;

use serde::{Deserialize, Serialize};

use super::scoring::Scoring;
use super::weights::Weights;

/// What the caller cares for most.
#[derive(
    Debug, Clone, Copy, Default, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize,
)]
#[serde(rename_all = "snake_case")]
pub enum Mode {
    /// Short running time.
    Fast,
    /// Accurate results.
    Accurate,
    /// Complete results.
    Thorough,
    /// Low cost.
    Cheap,
    /// Low complexity.
    Simple,
    /// Everything alike.
    #[default]
    Balanced,
}

impl Mode {
    /// Every mode, in the order in which ties between preferences are settled.
    pub const ALL: [Mode; 6] = [
        Mode::Fast,
        Mode::Accurate,
        Mode::Thorough,
        Mode::Cheap,
        Mode::Simple,
        Mode::Balanced,
    ];

    /// The mode's name: `fast`, `accurate`, `thorough`, `cheap`, `simple` or `balanced`.
    pub fn as_str(self) -> &'static str {
        match self {
            Mode::Fast => "fast",
            Mode::Accurate => "accurate",
            Mode::Thorough => "thorough",
            Mode::Cheap => "cheap",
            Mode::Simple => "simple",
            Mode::Balanced => "balanced",
        }
    }

    /// The weights of the features: the mode's own weighs most and the others alike; 0.20 each where
    /// balanced.
    pub fn weights(self, scoring: Scoring) -> Weights {
        let (own, other) = scoring.mode_weights();
        let mut weights = Weights {
            time: other,
            cost: other,
            complexity: other,
            accuracy: other,
            completeness: other,
        };
        match self {
            Mode::Fast => weights.time = own,
            Mode::Accurate => weights.accuracy = own,
            Mode::Thorough => weights.completeness = own,
            Mode::Cheap => weights.cost = own,
            Mode::Simple => weights.complexity = own,
            Mode::Balanced => return Weights::BALANCED,
        }
        weights
    }
}

impl fmt::Display for Mode {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(self.as_str())
    }
}

/// A word that does not name a mode.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("unknown mode {0:?}: expected fast, accurate, thorough, cheap, simple or balanced")]
pub struct UnknownMode(pub String);

impl FromStr for Mode {
    type Err = UnknownMode;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        Mode::ALL
            .into_iter()
            .find(|mode| mode.as_str().eq_ignore_ascii_case(text.trim()))
            .ok_or_else(|| UnknownMode(text.to_owned()))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_round_trip() {
        for mode in Mode::ALL {
            assert_eq!(mode.to_string().parse(), Ok(mode));
            assert_eq!(serde_json::to_value(mode).expect("json"), mode.as_str());
        }
        assert!("best".parse::<Mode>().is_err());
    }

    #[test]
    fn weights_sum_to_one() {
        for mode in Mode::ALL {
            for scoring in Scoring::ALL {
                assert!((mode.weights(scoring).sum() - 1.0).abs() < 1e-12);
            }
        }
        assert_eq!(Mode::Cheap.weights(Scoring::Classic).cost, 0.40);
        assert_eq!(Mode::Simple.weights(Scoring::Log).complexity, 0.80);
    }
}
