//! What the records of past runs teach about a candidate: a correction of its estimates, and its
//! reliability as a sixth feature.
//!
//! - The estimates are multiplied by the ratio of actual to estimated since it last changed (the median of times, the
//!   ratio of the sums of costs), shrunk towards 1 on the logarithmic scale by n / (n + 20), n being the number of records
//!   behind the ratio, from [`MIN_RECORDS`] records on and [`MIN_RATIOS`] behind the ratio.
//! - Reliability is the mean of Beta([`PRIOR_SUCCESSES`] + successes, [`PRIOR_FAILURES`] + failures); a
//!   pattern with fewer records has the prior's mean. It weighs [`RELIABILITY_WEIGHT`], and the five
//!   features share the rest.

use serde::{Deserialize, Serialize};

use super::estimate::Estimate;

/// Fewer records than this teach nothing.
pub const MIN_RECORDS: u64 = 20;

/// A ratio of fewer records than this corrects nothing: so many are needed to see a change.
pub const MIN_RATIOS: u64 = 10;

/// What reliability weighs in the score; the other five features share the rest as before.
pub const RELIABILITY_WEIGHT: f64 = 0.10;

/// Successes assumed before the first record.
pub const PRIOR_SUCCESSES: f64 = 9.0;

/// Failures assumed before the first record.
pub const PRIOR_FAILURES: f64 = 1.0;

/// As many records weigh as much as the estimate itself.
const SHRINKAGE: f64 = 20.0;

/// The records of one pattern, summed up.
#[derive(Debug, Clone, Copy, Default, PartialEq, Serialize, Deserialize)]
pub struct Lesson {
    /// How many runs were recorded.
    pub records: u64,
    /// How many of them succeeded.
    pub successes: u64,
    /// Median of actual over estimated time since it last changed.
    pub time_ratio: Option<f64>,
    /// Sum of the actual over sum of the estimated costs since they last changed.
    pub cost_ratio: Option<f64>,
    /// Runs behind the ratio of the time; all of them if it is not said.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub time_records: Option<u64>,
    /// Runs behind the ratio of the cost; all of them if it is not said.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub cost_records: Option<u64>,
}

/// What the records changed in one choice.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
pub struct Learned {
    /// How many runs were recorded.
    pub records: u64,
    /// What the pattern's own expression gives, in milliseconds.
    pub expression_time_ms: f64,
    /// What it was multiplied by.
    pub time_factor: f64,
    /// What the pattern's own expression of the cost gives.
    pub expression_cost: f64,
    /// What it was multiplied by.
    pub cost_factor: f64,
    /// Expected share of runs that succeed, 0 to 1.
    pub reliability: f64,
    /// Its weight in the score.
    pub reliability_weight: f64,
    /// Its part in the score.
    pub reliability_contribution: f64,
}

impl Lesson {
    /// The estimates, corrected.
    pub fn correct(&self, estimate: Estimate) -> Estimate {
        Estimate {
            time_ms: estimate.time_ms * self.time_factor(),
            cost: estimate.cost * self.cost_factor(),
            ..estimate
        }
    }

    /// What it changes, for the answer.
    pub fn learned(&self, estimate: Estimate) -> Learned {
        let reliability = self.reliability();
        Learned {
            records: self.records,
            expression_time_ms: estimate.time_ms,
            time_factor: self.time_factor(),
            expression_cost: estimate.cost,
            cost_factor: self.cost_factor(),
            reliability,
            reliability_weight: RELIABILITY_WEIGHT,
            reliability_contribution: RELIABILITY_WEIGHT * reliability,
        }
    }

    /// Expected share of runs that succeed: the posterior mean.
    pub fn reliability(&self) -> f64 {
        let (successes, records) = if self.records >= MIN_RECORDS {
            (self.successes as f64, self.records as f64)
        } else {
            (0.0, 0.0)
        };
        (PRIOR_SUCCESSES + successes) / (PRIOR_SUCCESSES + PRIOR_FAILURES + records)
    }

    fn time_factor(&self) -> f64 {
        self.factor(self.time_ratio, self.time_records)
    }

    fn cost_factor(&self) -> f64 {
        self.factor(self.cost_ratio, self.cost_records)
    }

    fn factor(&self, ratio: Option<f64>, behind: Option<u64>) -> f64 {
        let usable = ratio.filter(|it| it.is_finite() && *it > 0.0);
        let behind = behind.unwrap_or(self.records);
        match usable {
            Some(ratio) if self.records >= MIN_RECORDS && behind >= MIN_RATIOS => {
                let records = behind as f64;
                (ratio.ln() * records / (records + SHRINKAGE)).exp()
            }
            _ => 1.0,
        }
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn lesson(records: u64, successes: u64, ratio: f64) -> Lesson {
        Lesson {
            records,
            successes,
            time_ratio: Some(ratio),
            cost_ratio: None,
            ..Lesson::default()
        }
    }

    #[test]
    fn few_records_teach_nothing() {
        let few = lesson(19, 0, 4.0);
        assert_eq!(few.time_factor(), 1.0);
        assert_eq!(few.reliability(), 0.9);
        let enough = lesson(20, 20, 4.0);
        assert!((enough.time_factor() - 2.0).abs() < 1e-12);
        assert!((enough.reliability() - 29.0 / 30.0).abs() < 1e-12);
    }

    /// S08: the weight is that of the records behind the ratio.
    #[test]
    fn successes_weigh_and_not_failures() {
        let few = Lesson {
            time_records: Some(5),
            ..lesson(100, 5, 4.0)
        };
        assert_eq!(few.time_factor(), 1.0);
        let more = Lesson {
            time_records: Some(20),
            ..few
        };
        assert!((more.time_factor() - 2.0).abs() < 1e-12);
    }

    proptest! {
        #[test]
        fn a_correction_lies_between_the_estimate_and_the_records(
            records in 20u64..100_000, ratio in 0.01f64..100.0
        ) {
            let lesson = lesson(records, records, ratio);
            let factor = lesson.time_factor();
            let (low, high) = (ratio.min(1.0), ratio.max(1.0));
            prop_assert!((low - 1e-12..=high + 1e-12).contains(&factor));
        }
    }
}
