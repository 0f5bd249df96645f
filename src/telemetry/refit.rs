//! What a refit is asked for, and the parts of its answer.

use serde::Serialize;

use super::Measure;
use super::design::Held;
use super::fit::Method;
use crate::statistics::Interval;

/// How constants are estimated.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Estimator {
    /// Least absolute deviations divided by the level: the median. The default for time.
    RelativeLad,
    /// Huber's M-estimate of the deviations divided by the level.
    Huber,
    /// The median of the slopes between all pairs; with one variable only, else as `RelativeLad`.
    TheilSen,
    /// Least squares divided by the level: the mean. The default for cost.
    RelativeLeastSquares,
}

/// How to refit and when to recommend.
#[derive(Debug, Clone)]
pub struct RefitOptions {
    /// What the samples measure.
    pub measure: Measure,
    /// The estimator; `None` takes the measure's default.
    pub estimator: Option<Estimator>,
    /// Estimate this quantile (strictly between 0 and 1) instead of the middle.
    pub quantile: Option<f64>,
    /// Confidence level of the intervals.
    pub level: f64,
}

impl Default for RefitOptions {
    fn default() -> Self {
        Self {
            measure: Measure::Time,
            estimator: None,
            quantile: None,
            level: 0.95,
        }
    }
}

impl RefitOptions {
    pub(super) fn method(&self) -> Method {
        let default = match self.measure {
            Measure::Time => Estimator::RelativeLad,
            Measure::Cost => Estimator::RelativeLeastSquares,
        };
        match self.quantile.filter(|tau| *tau > 0.0 && *tau < 1.0) {
            Some(tau) => Method {
                estimator: Estimator::RelativeLad,
                tau,
            },
            None => Method {
                estimator: self.estimator.unwrap_or(default),
                tau: 0.5,
            },
        }
    }
}

/// The form of an estimate.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Form {
    /// The expression's own terms with other constants.
    Own,
    /// The expression as it is, times a factor.
    Rescaled,
    /// One number.
    Constant,
    /// a + b N.
    Linear,
    /// a + b N log N.
    NLogN,
    /// a + b N^2.
    Quadratic,
    /// a N^b.
    Power,
    /// a + b N^c.
    ShiftedPower,
    /// a + b N up to k, and another slope beyond.
    Hinge,
    /// The variables of the expression, and one that it lacks: a + b N + c M.
    Added,
    /// A variable of the expression times one that it lacks: a + b N M.
    Product,
}

/// A constant of the recommended estimate.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Constant {
    /// Its value in the current estimate; absent in another form.
    pub old: Option<f64>,
    /// Its recommended value, rounded within the interval.
    pub new: f64,
    /// Its fitted value before rounding.
    pub fitted: f64,
    /// The interval of the fitted value; absent if it was held or cannot be computed.
    pub interval: Option<Interval>,
    /// Why it kept its value, if it did.
    pub held: Option<Held>,
}

/// Another form that was tried.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Alternative {
    /// Its form.
    pub form: Form,
    /// The variable it is in; absent for a constant.
    pub variable: Option<String>,
    /// Its cross-validated median |ln(actual / estimate)|.
    pub cross_validated_error: f64,
    /// By how much that is smaller than with the expression's own terms, as a share (negative: larger).
    pub improvement_over_own: f64,
}

/// The range of a variable in the records of a fit.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Range {
    /// The variable.
    pub variable: String,
    /// Smallest value.
    pub low: f64,
    /// Largest value.
    pub high: f64,
}
