//! The preference modes.

use std::fmt;
use std::str::FromStr;

use serde::{Deserialize, Serialize};

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

    /// The weights of the features: 0.40 for the mode's own and 0.15 for each other; 0.20 each where balanced.
    pub fn weights(self) -> Weights {
        const OWN: f64 = 0.40;
        let mut weights = Weights {
            time: 0.15,
            cost: 0.15,
            complexity: 0.15,
            accuracy: 0.15,
            completeness: 0.15,
        };
        match self {
            Mode::Fast => weights.time = OWN,
            Mode::Accurate => weights.accuracy = OWN,
            Mode::Thorough => weights.completeness = OWN,
            Mode::Cheap => weights.cost = OWN,
            Mode::Simple => weights.complexity = OWN,
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

/// A word that is no mode.
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
            assert!((mode.weights().sum() - 1.0).abs() < 1e-12);
        }
        assert_eq!(Mode::Cheap.weights().cost, 0.40);
        assert_eq!(Mode::Simple.weights().complexity, 0.40);
    }
}
