//! The weights of the five features in the score.

use std::fmt;
use std::str::FromStr;

use serde::{Deserialize, Serialize};

/// A weight for each feature, summing to 1. The fields are in the order in which the score is summed.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
pub struct Weights {
    /// Running time.
    pub time: f64,
    /// Cost.
    pub cost: f64,
    /// Complexity.
    pub complexity: f64,
    /// Accuracy.
    pub accuracy: f64,
    /// Completeness.
    pub completeness: f64,
}

/// Weights that cannot be used.
#[derive(Debug, Clone, PartialEq, thiserror::Error)]
pub enum WeightsError {
    /// A part that is not `feature=number`.
    #[error("weight {0:?} is not of the form feature=number, such as time=0.5")]
    Form(String),
    /// A feature that does not exist.
    #[error("unknown feature {0:?}: expected time, cost, complexity, accuracy or completeness")]
    Unknown(String),
    /// A feature given twice.
    #[error("the weight of {0} is given twice")]
    Twice(String),
    /// A weight that is not a number of 0 or more.
    #[error("the weight of {feature} is {value}: expected a finite number of 0 or more")]
    Value {
        /// The feature.
        feature: String,
        /// The weight as written.
        value: String,
    },
    /// Weights of which none is above 0.
    #[error("all weights are 0: at least one must be above")]
    AllZero,
    /// Weights too large to sum.
    #[error("the weights are too large to be summed")]
    TooLarge,
}

impl Weights {
    /// The features' names, in the order of the sum.
    pub const FEATURES: [&'static str; 5] =
        ["time", "cost", "complexity", "accuracy", "completeness"];

    /// Every feature alike.
    pub const BALANCED: Weights = Weights {
        time: 0.20,
        cost: 0.20,
        complexity: 0.20,
        accuracy: 0.20,
        completeness: 0.20,
    };

    /// The weights in the order of [`FEATURES`](Self::FEATURES).
    pub fn to_array(self) -> [f64; 5] {
        [
            self.time,
            self.cost,
            self.complexity,
            self.accuracy,
            self.completeness,
        ]
    }

    /// The sum of the weights.
    pub fn sum(self) -> f64 {
        self.to_array().iter().sum()
    }

    /// Scales the values, in the order of [`FEATURES`](Self::FEATURES), to a sum of 1.
    ///
    /// # Errors
    /// A value that is negative or not finite, and values that are all 0.
    pub fn normalised(values: [f64; 5]) -> Result<Weights, WeightsError> {
        for (feature, value) in Self::FEATURES.iter().zip(values) {
            if !value.is_finite() || value < 0.0 {
                return Err(WeightsError::Value {
                    feature: (*feature).to_owned(),
                    value: value.to_string(),
                });
            }
        }
        let sum: f64 = values.iter().sum();
        if sum == 0.0 {
            return Err(WeightsError::AllZero);
        }
        if !sum.is_finite() {
            return Err(WeightsError::TooLarge);
        }
        let [time, cost, complexity, accuracy, completeness] = values.map(|value| value / sum);
        Ok(Weights {
            time,
            cost,
            complexity,
            accuracy,
            completeness,
        })
    }
}

impl Default for Weights {
    fn default() -> Self {
        Self::BALANCED
    }
}

impl FromStr for Weights {
    type Err = WeightsError;

    /// Reads `time=2,cost=1`; features not named weigh 0, and the sum is scaled to 1.
    fn from_str(text: &str) -> Result<Self, Self::Err> {
        let mut values = [None; 5];
        for part in text
            .split(',')
            .map(str::trim)
            .filter(|part| !part.is_empty())
        {
            let Some((feature, number)) = part.split_once('=') else {
                return Err(WeightsError::Form(part.to_owned()));
            };
            let (feature, number) = (feature.trim(), number.trim());
            let Some(at) = Self::FEATURES
                .iter()
                .position(|known| known.eq_ignore_ascii_case(feature))
            else {
                return Err(WeightsError::Unknown(feature.to_owned()));
            };
            let value: f64 = number
                .parse()
                .ok()
                .filter(|v: &f64| v.is_finite() && *v >= 0.0)
                .ok_or_else(|| WeightsError::Value {
                    feature: Self::FEATURES[at].to_owned(),
                    value: format!("{number:?}"),
                })?;
            if values[at].replace(value).is_some() {
                return Err(WeightsError::Twice(Self::FEATURES[at].to_owned()));
            }
        }
        Self::normalised(values.map(|value| value.unwrap_or(0.0)))
    }
}

impl fmt::Display for Weights {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (i, (feature, weight)) in Self::FEATURES.iter().zip(self.to_array()).enumerate() {
            let comma = if i > 0 { "," } else { "" };
            write!(f, "{comma}{feature}={weight}")?;
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn weights_are_scaled_to_one() {
        let weights: Weights = "time=2, cost=1,accuracy=1".parse().expect("weights");
        assert_eq!(weights.to_array(), [0.5, 0.25, 0.0, 0.25, 0.0]);
    }

    #[test]
    fn what_cannot_be_weights_is_refused() {
        let error = |text: &str| text.parse::<Weights>().expect_err(text);
        assert_eq!(error("time"), WeightsError::Form("time".into()));
        assert_eq!(error("speed=1"), WeightsError::Unknown("speed".into()));
        assert_eq!(error("time=1,time=2"), WeightsError::Twice("time".into()));
        for bad in ["time=-1", "time=x", "time=nan", "time=inf", "time="] {
            assert!(matches!(error(bad), WeightsError::Value { .. }), "{bad}");
        }
        assert_eq!(error("time=0"), WeightsError::AllZero);
        assert_eq!(error(""), WeightsError::AllZero);
        assert_eq!(error("time=1e308,cost=1e308"), WeightsError::TooLarge);
    }

    proptest! {
        #[test]
        fn displayed_weights_parse_to_themselves(values in proptest::array::uniform5(0.001f64..1e6)) {
            let weights = Weights::normalised(values).expect("weights");
            prop_assert!((weights.sum() - 1.0).abs() < 1e-12);
            let again: Weights = weights.to_string().parse().expect("weights");
            for (a, b) in weights.to_array().into_iter().zip(again.to_array()) {
                prop_assert!((a - b).abs() < 1e-12);
            }
        }
    }
}
