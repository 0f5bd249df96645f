//! What comes of trying to find a better estimate: a recommendation with its evidence, or a refusal with its reason.

use chrono::{DateTime, Utc};
use serde::Serialize;

use super::Measure;
use super::calibration::Calibration;
use super::problems::DataProblem;
use super::refit::{Alternative, Constant, Form, Range};
use crate::statistics::Interval;

/// What came of the attempt.
#[derive(Debug, Clone, PartialEq, Serialize)]
#[serde(rename_all = "snake_case", tag = "outcome")]
pub enum Outcome {
    /// A better estimate.
    Recommend(Box<Recommendation>),
    /// No better estimate, and why.
    Refuse(Box<Refusal>),
}

impl Outcome {
    /// The recommendation, if there is one.
    pub fn recommendation(&self) -> Option<&Recommendation> {
        match self {
            Self::Recommend(recommendation) => Some(recommendation),
            Self::Refuse(_) => None,
        }
    }

    /// The refusal, if it is one.
    pub fn refusal(&self) -> Option<&Refusal> {
        match self {
            Self::Recommend(_) => None,
            Self::Refuse(refusal) => Some(refusal),
        }
    }
}

/// The cross-validated comparison of the new estimate with the current one.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Evidence {
    /// Folds of the cross-validation.
    pub folds: usize,
    /// Records compared.
    pub records: usize,
    /// The error that is compared: `absolute_log_error`, `pinball_log_error` (where a quantile is estimated) or
    /// `gamma_deviance` (where the mean is).
    pub error: &'static str,
    /// Error of the current estimate: the median, or the mean where a quantile or the mean is estimated.
    pub current_error: f64,
    /// The same of the new estimate, each record predicted by a fit without its fold.
    pub cross_validated_error: f64,
    /// By how much the error falls, as a share of the current one (negative: it grows).
    pub improvement: f64,
    /// The paired test: `wilcoxon_signed_rank`, or `paired_t` where a quantile or the mean is estimated.
    pub test: &'static str,
    /// Its two-sided p-value.
    pub p: f64,
    /// Median |actual - estimate| / estimate of the current estimate, in percent.
    pub current_median_absolute_error_percent: f64,
    /// The same of the new estimate, cross-validated.
    pub cross_validated_median_absolute_error_percent: f64,
}

/// A better estimate with its evidence.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Recommendation {
    /// What was measured.
    pub measure: Measure,
    /// What the estimate now is: `median`, `mean` or `quantile`.
    pub estimand: &'static str,
    /// The quantile, where one was asked for.
    pub quantile: Option<f64>,
    /// The current expression.
    pub current: String,
    /// The recommended expression.
    pub expression: String,
    /// Its form.
    pub form: Form,
    /// The variable, where the form is another one.
    pub variable: Option<String>,
    /// Its constants in order.
    pub constants: Vec<Constant>,
    /// Records that count: those after the last change.
    pub records: usize,
    /// Records that were fitted (a fixed draw if there are very many).
    pub records_fitted: usize,
    /// Records before the last change, left out.
    pub records_before_change: usize,
    /// Records of executions that were stopped at their limit: they would have taken longer.
    pub timeouts: usize,
    /// How the current estimate fares on the records that count.
    pub calibration: Option<Calibration>,
    /// Whether the level alone is surely off: no fit predicts better otherwise.
    pub only_rescaled: bool,
    /// Time of the first record that counts.
    pub since: DateTime<Utc>,
    /// The range of each variable in the records: beyond it the estimate extrapolates.
    pub fitted_range: Vec<Range>,
    /// The variables whose constants were not fitted since they do not vary.
    pub constant_variables: Vec<String>,
    /// The cross-validated evidence.
    pub evidence: Evidence,
    /// Median |actual - estimate| / estimate of the recommended expression on the records, in percent.
    pub fitted_median_absolute_error_percent: f64,
    /// Other forms that were tried.
    pub alternatives: Vec<Alternative>,
    /// A variable that the current estimate lacks.
    pub unexplained: Option<Unexplained>,
    /// What was wrong with the records left out.
    pub problems: Vec<DataProblem>,
}

/// A recorded variable that the estimate does not read, and that its errors go with.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Unexplained {
    /// The variable.
    pub variable: String,
    /// Spearman's rank correlation of actual / estimate with it.
    pub rank_correlation: f64,
}

/// No recommendation.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Refusal {
    /// What was measured.
    pub measure: Measure,
    /// The current expression.
    pub current: String,
    /// Why.
    #[serde(flatten)]
    pub reason: RefusalReason,
    /// The reason as a sentence.
    pub message: String,
    /// Records that count: those after the last change.
    pub records: usize,
    /// Records before the last change, left out.
    pub records_before_change: usize,
    /// How the current estimate fares on the records that count; absent without any.
    pub calibration: Option<Calibration>,
    /// The comparison, where it came to one.
    pub evidence: Option<Evidence>,
    /// A variable that the current estimate lacks.
    pub unexplained: Option<Unexplained>,
    /// What was wrong with the records left out.
    pub problems: Vec<DataProblem>,
}

/// Why there is no recommendation.
#[derive(Debug, Clone, PartialEq, Serialize)]
#[serde(rename_all = "snake_case", tag = "reason")]
pub enum RefusalReason {
    /// Too few usable records since the last change.
    TooFewRecords {
        /// Usable records.
        usable: usize,
        /// How many are needed.
        required: usize,
        /// How many more.
        missing: usize,
        /// Records before the last change, left out.
        before_change: usize,
    },
    /// No variable of the estimate varies: a slope cannot be told.
    ConstantInput {
        /// The variables with the value they have.
        variables: Vec<Range>,
        /// A rescaling that fits at this input; absent if the estimate is about right there.
        rescaling: Option<RescalingOffer>,
    },
    /// The estimate is 0 or less for most records, so that no ratio exists.
    EstimateNotPositive {
        /// Records where it is 0 or less.
        count: usize,
        /// The middle of the actuals, as a constant estimate.
        constant: Option<f64>,
    },
    /// The estimate is right but for some far executions, which no estimate would meet.
    OutliersOnly {
        /// How many.
        count: usize,
    },
    /// The estimate holds; its inputs have moved.
    InputShiftOnly {
        /// The variables that moved.
        variables: Vec<String>,
    },
    /// The quantile lies above the limit at which executions were stopped.
    BeyondLimit {
        /// The quantile, between 0 and 1.
        quantile: f64,
        /// Executions that were stopped.
        timeouts: usize,
        /// Their share, 0..1.
        share: f64,
    },
    /// No fit predicts better than the current estimate.
    NoImprovement,
    /// The constants could not be determined from the records.
    NotIdentifiable,
}

/// A factor on the whole estimate.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct RescalingOffer {
    /// The factor, rounded within its interval.
    pub factor: f64,
    /// Its interval.
    pub interval: Interval,
    /// The rescaled expression.
    pub expression: String,
}

impl RefusalReason {
    /// The reason as a sentence for people.
    pub fn sentence(&self) -> String {
        match self {
            Self::TooFewRecords {
                usable,
                required,
                missing,
                before_change,
            } => {
                let since = match before_change {
                    0 => "",
                    _ => " since the last change",
                };
                format!(
                    "{usable} usable records{since}; {missing} more are needed ({required} in all)"
                )
            }
            Self::BeyondLimit {
                quantile,
                timeouts,
                share,
            } => format!(
                "{timeouts} executions ({:.1} %) were stopped at their limit, so what {} % of them stay under \
                 cannot be known; raise the limit, or ask for a lower quantile",
                100.0 * share,
                100.0 * quantile
            ),
            Self::ConstantInput {
                variables,
                rescaling,
            } => {
                let held: Vec<String> = variables
                    .iter()
                    .map(|range| {
                        if range.low == range.high {
                            format!("{} is always {}", range.variable, range.low)
                        } else {
                            format!(
                                "{} hardly varies ({} to {})",
                                range.variable, range.low, range.high
                            )
                        }
                    })
                    .collect();
                let held = held.join(", ");
                match rescaling {
                    Some(offer) => format!(
                        "{held}, so no slope can be told; at this input the estimate would be right as {}",
                        offer.expression
                    ),
                    None => format!(
                        "{held}, so no slope can be told; at this input the estimate is about right"
                    ),
                }
            }
            Self::EstimateNotPositive { count, constant } => {
                let start = format!(
                    "the estimate is 0 or less for {count} records, so it cannot be compared"
                );
                match constant {
                    Some(value) => {
                        format!("{start}; a constant of {value} would be right in the middle")
                    }
                    None => start,
                }
            }
            Self::OutliersOnly { count } => {
                format!("the estimate holds but for {count} outliers, which no estimate would meet")
            }
            Self::InputShiftOnly { variables } => format!(
                "the estimate holds; its inputs have shifted ({}), so it is used outside its earlier range",
                variables.join(", ")
            ),
            Self::NoImprovement => "no fit predicts better than the current estimate".to_owned(),
            Self::NotIdentifiable => {
                "the constants cannot be determined from these records".to_owned()
            }
        }
    }
}
