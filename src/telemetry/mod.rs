//! What really happened, against what was promised: pure functions over samples.
//!
//! Everything works on r = ln(actual / estimate) in the order of execution. [`analyze`] describes the records of one
//! usage pattern; [`recommend`] proposes a better estimate with its evidence, or refuses with the reason. Neither
//! knows a database or a terminal, and no number they give is infinite or not a number: what cannot be computed is
//! absent, and what was wrong with the records is a [`DataProblem`] with a count.

mod analysis;
mod anomaly;
mod calibration;
mod candidate;
mod changepoint;
mod cross_validation;
mod design;
mod fit;
mod histogram;
mod input_shift;
pub mod intake;
mod linear;
mod masks;
mod model;
mod outcome;
mod outlier;
mod problems;
mod quantile_regression;
mod recommend;
mod refit;
mod residuals;
mod robust;
mod rows;
mod sample;
mod season;
mod simplex;
mod success;
mod verdict;

pub use analysis::{Analysis, AnalyzeOptions, Percentiles, adjust_bursts, analyze};
pub use anomaly::{
    Cusum, Direction, DriftOnset, FailureBurst, PlacedFailure, burst_p, cusum, drift_onset,
    failure_bursts,
};
pub use calibration::{Calibration, calibration};
pub use changepoint::{Change, Levels, MIN_SEGMENT, Split, best_split, changes, levels};
pub use design::Held;
pub use histogram::{Bin, SparkPoint, histogram, sparkline};
pub use input_shift::{InputShift, ShiftBand, input_shift, kolmogorov_smirnov, psi, psi_band};
pub use linear::Matrix;
pub use masks::{ErrorGroup, group_errors, mask};
pub use model::Model;
pub use outcome::{
    Evidence, Outcome, Recommendation, Refusal, RefusalReason, RescalingOffer, Unexplained,
};
pub use outlier::{OUTLIER_LIMIT, Outlier, modified_z, winsorise};
pub use problems::{DataProblem, ProblemKind};
pub use quantile_regression::{pinball, quantile_regression};
pub use recommend::{MIN_RECORDS, recommend};
pub use refit::{Alternative, Constant, Estimator, Form, Range, RefitOptions};
pub use residuals::{Residual, chronological, residuals};
pub use robust::{
    HUBER_C, HuberFit, Line, huber, relative_lad, relative_quantile, siegel, theil_sen,
};
pub use sample::{Context, Measure, Sample};
pub use success::{SuccessRate, success_rate, success_rate_of};
pub use verdict::Verdict;

#[cfg(test)]
mod tests;
