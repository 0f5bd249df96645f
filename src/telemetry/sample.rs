//! What the analysis reads: one executed run of one usage pattern.

use std::collections::BTreeMap;

use chrono::{DateTime, Utc};
use serde::Serialize;

/// The context variables of one execution, by name.
pub type Context = BTreeMap<String, f64>;

/// One execution. The samples of one analysis belong to one usage pattern and one measure.
#[derive(Debug, Clone, PartialEq)]
pub struct Sample {
    /// When it was executed.
    pub executed_at: DateTime<Utc>,
    /// The estimate that was stored when it ran, in the unit of `actual`; `None` if none was stored: it is then
    /// computed from the model and the context.
    pub estimate: Option<f64>,
    /// What was measured: milliseconds for time, the catalog's currency for cost; `None` if not recorded.
    pub actual: Option<f64>,
    /// Whether the execution succeeded.
    pub success: bool,
    /// The context variables that the estimate was computed over.
    pub context: Context,
    /// The caller's id of the execution.
    pub execution_id: Option<String>,
    /// The error message of a failed execution.
    pub error: Option<String>,
    /// Whether it failed because it was stopped at its limit: then it would have taken longer than `actual`.
    pub timed_out: bool,
}

/// What `actual` and the estimate measure.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Default)]
#[serde(rename_all = "snake_case")]
pub enum Measure {
    /// Time in milliseconds, of successful executions only: a failure tells how long it took to fail.
    #[default]
    Time,
    /// Cost, of all executions: a failure is paid for too.
    Cost,
}

impl Measure {
    /// What an estimate of this measure is meant to be: `median` for time, `mean` for cost.
    pub fn estimand(self) -> &'static str {
        match self {
            Self::Time => "median",
            Self::Cost => "mean",
        }
    }
}
