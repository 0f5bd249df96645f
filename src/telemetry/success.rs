//! The success rate and how sure it is.

use serde::Serialize;

use super::Sample;
use crate::statistics::{Interval, wilson};

/// How often executions succeed.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct SuccessRate {
    /// All executions.
    pub executions: u64,
    /// Those that succeeded.
    pub successes: u64,
    /// Successes over executions, 0..1.
    pub rate: f64,
    /// Wilson's score interval of the rate.
    pub interval: Interval,
}

/// Computes the success rate from its counts; `None` without executions.
pub fn success_rate(successes: u64, executions: u64, level: f64) -> Option<SuccessRate> {
    let interval = wilson(successes, executions, level)?;
    Some(SuccessRate {
        executions,
        successes,
        rate: successes as f64 / executions as f64,
        interval,
    })
}

/// Counts the successes among samples; `None` without samples.
pub fn success_rate_of(samples: &[Sample], level: f64) -> Option<SuccessRate> {
    let successes = samples.iter().filter(|s| s.success).count() as u64;
    success_rate(successes, samples.len() as u64, level)
}
