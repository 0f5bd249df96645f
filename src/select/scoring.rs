//! The figures that scores are made of.

use std::fmt;
use std::str::FromStr;

use serde::{Deserialize, Serialize};

/// Which scales turn estimates into features, and how much a preference weighs.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Scoring {
    /// Narrow scales and a mild preference: time from 50 ms to a minute, cost from 0 to 10.
    Classic,
    /// Scales as wide as real tools differ, and a preference that decides: time from 1 ms to ten
    /// minutes, cost from 0.001 to 100, both logarithmic.
    #[default]
    Log,
}

impl Scoring {
    /// Every kind.
    pub const ALL: [Scoring; 2] = [Scoring::Classic, Scoring::Log];

    /// Its name: `classic` or `log`.
    pub fn as_str(self) -> &'static str {
        match self {
            Scoring::Classic => "classic",
            Scoring::Log => "log",
        }
    }

    /// The one that selections used before it could be chosen.
    pub fn unsaid() -> Self {
        Scoring::Classic
    }

    /// What the mode's own feature weighs, and what each of the other four.
    pub fn mode_weights(self) -> (f64, f64) {
        match self {
            Scoring::Classic => (0.40, 0.15),
            Scoring::Log => (0.80, 0.05),
        }
    }

    /// Running time in milliseconds on a logarithmic scale, 1 for the shortest.
    pub fn time(self, milliseconds: f64) -> f64 {
        match self {
            Scoring::Classic => logarithmic(milliseconds, 50.0, 60_000.0),
            Scoring::Log => logarithmic(milliseconds, 1.0, 600_000.0),
        }
    }

    /// Cost, 1 for the lowest: on a linear scale to 10, or a logarithmic one.
    pub fn cost(self, cost: f64) -> f64 {
        const MOST: f64 = 10.0;
        match self {
            Scoring::Classic => 1.0 - cost.clamp(0.0, MOST) / MOST,
            Scoring::Log => logarithmic(cost, 0.001, 100.0),
        }
    }
}

/// 1 at `least` and below, 0 at `most` and above.
fn logarithmic(value: f64, least: f64, most: f64) -> f64 {
    let clamped = value.clamp(least, most);
    1.0 - (clamped.ln() - least.ln()) / (most.ln() - least.ln())
}

impl fmt::Display for Scoring {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(self.as_str())
    }
}

/// A word that names no scoring.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("unknown scoring {0:?}: expected classic or log")]
pub struct UnknownScoring(pub String);

impl FromStr for Scoring {
    type Err = UnknownScoring;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        Scoring::ALL
            .into_iter()
            .find(|it| it.as_str() == text)
            .ok_or_else(|| UnknownScoring(text.to_owned()))
    }
}

#[cfg(test)]
mod tests {
    use super::Scoring::{Classic, Log};
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn the_scales_have_their_ends() {
        let times = [0.0, 50.0, 60_000.0, 1e9];
        assert_eq!(times.map(|it| Classic.time(it)), [1.0, 1.0, 0.0, 0.0]);
        let times = [0.0, 1.0, 600_000.0, 1e9];
        assert_eq!(times.map(|it| Log.time(it)), [1.0, 1.0, 0.0, 0.0]);
        let costs = [-1.0, 0.0, 5.0, 10.0, 1e9];
        assert_eq!(costs.map(|it| Classic.cost(it)), [1.0, 1.0, 0.5, 0.0, 0.0]);
        let costs = [-1.0, 0.001, 100.0, 1e9];
        assert_eq!(costs.map(|it| Log.cost(it)), [1.0, 1.0, 0.0, 0.0]);
        assert!((Classic.time(1732.0508) - 0.5).abs() < 1e-6);
        assert!((Log.cost(10f64.powf(-0.5)) - 0.5).abs() < 1e-9);
    }

    proptest! {
        #[test]
        fn less_is_never_worse(a in 0.0..1e6f64, b in 0.0..1e6f64) {
            let (less, more) = (a.min(b), a.max(b));
            for scoring in Scoring::ALL {
                prop_assert!(scoring.time(less) >= scoring.time(more));
                prop_assert!(scoring.cost(less) >= scoring.cost(more));
                prop_assert!((0.0..=1.0).contains(&scoring.time(a)));
            }
        }
    }
}
