//! The analysis of one usage pattern: everything that is said about its records, in one record.

use std::collections::BTreeMap;

use chrono::{DateTime, Utc};
use serde::Serialize;

use super::anomaly::{DriftOnset, FailureBurst, drift_onset, failure_bursts, placed_failures};
use super::calibration::{Calibration, calibration};
use super::changepoint::{Change, changes};
use super::histogram::{Bin, SparkPoint, histogram, sparkline};
use super::input_shift::{InputShift, input_shift};
use super::masks::{ErrorGroup, group_errors};
use super::outlier::{OUTLIER_LIMIT, Outlier, modified_z};
use super::problems::DataProblem;
use super::residuals::{LARGEST_VALUE, Residual, chronological, residuals};
use super::success::{SuccessRate, success_rate_of};
use super::{Measure, Model, Sample};
use crate::statistics::{benjamini_hochberg, mean, quantile_of_sorted, sorted};

/// A ratio whose interval excludes 1 counts as drift from this distance on.
pub(super) const DRIFT_SHARE: f64 = 0.10;

/// How to analyse.
#[derive(Debug, Clone)]
pub struct AnalyzeOptions {
    /// What the samples measure.
    pub measure: Measure,
    /// Confidence level of the intervals, between 0 and 1.
    pub level: f64,
    /// Bins of the histogram.
    pub histogram_bins: usize,
    /// Points of the sparkline.
    pub spark_points: usize,
    /// How many groups of error messages to keep.
    pub top_errors: usize,
    /// How many outliers to list, the farthest first.
    pub top_outliers: usize,
}

impl Default for AnalyzeOptions {
    fn default() -> Self {
        Self {
            measure: Measure::Time,
            level: 0.95,
            histogram_bins: 12,
            spark_points: 24,
            top_errors: 5,
            top_outliers: 20,
        }
    }
}

/// Percentiles of the measured values.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Percentiles {
    /// Values counted.
    pub count: usize,
    /// Smallest value.
    pub min: f64,
    /// Median.
    pub p50: f64,
    /// 90th percentile.
    pub p90: f64,
    /// 95th percentile.
    pub p95: f64,
    /// 99th percentile.
    pub p99: f64,
    /// Largest value.
    pub max: f64,
    /// Arithmetic mean.
    pub mean: f64,
}

/// What the records of one usage pattern say.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Analysis {
    /// What was measured.
    pub measure: Measure,
    /// Records given.
    pub records: usize,
    /// Records with an actual and an estimate that can be compared.
    pub compared: usize,
    /// First execution.
    pub from: Option<DateTime<Utc>>,
    /// Last execution.
    pub to: Option<DateTime<Utc>>,
    /// Success rate of all executions.
    pub success: Option<SuccessRate>,
    /// Percentiles of the measured values (of successes for time).
    pub percentiles: Option<Percentiles>,
    /// Calibration over all compared records.
    pub calibration: Option<Calibration>,
    /// Calibration over the records after the last change; absent if nothing changed.
    pub calibration_since_change: Option<Calibration>,
    /// Whether the estimate is now off: the interval of the ratio, after the last change, excludes 1, and the ratio
    /// is off by more than 10 %.
    pub drift: bool,
    /// Changes of level, in order.
    pub changes: Vec<Change>,
    /// A drift that may have begun in the latest records, not confirmed yet.
    pub drift_onset: Option<DriftOnset>,
    /// Context variables of the later half against those of the earlier half.
    pub input_shift: Vec<InputShift>,
    /// How many outliers there are.
    pub outlier_count: usize,
    /// The farthest outliers, in the order of execution.
    pub outliers: Vec<Outlier>,
    /// Bursts of failures.
    pub failure_bursts: Vec<FailureBurst>,
    /// The most frequent error messages by shape.
    pub errors: Vec<ErrorGroup>,
    /// What was wrong with the records.
    pub problems: Vec<DataProblem>,
    /// Histogram of the measured values.
    pub histogram: Vec<Bin>,
    /// Summary over time.
    pub sparkline: Vec<SparkPoint>,
}

/// Analyses the samples of one usage pattern. The model computes the estimates that were not stored, and names the
/// variables that are missed.
pub fn analyze(
    samples: &[Sample],
    model: Option<&dyn Model>,
    options: &AnalyzeOptions,
) -> Analysis {
    let measure = options.measure;
    let order = chronological(samples);
    let (compared, problems) = residuals(samples, model, measure);
    let (changes, steady) = changes(&compared);
    let latest = changes.last().map_or(0, |change| change.index);
    let overall = calibration(&compared, measure, options.level);
    let since_change = (latest > 0)
        .then(|| calibration(&compared[latest..], measure, options.level))
        .flatten();
    let drift = since_change
        .as_ref()
        .or(overall.as_ref())
        .is_some_and(is_off);
    let mut outliers = outliers(samples, &compared, &changes);
    let outlier_count = outliers.len();
    outliers.sort_by(|a, b| b.modified_z.abs().total_cmp(&a.modified_z.abs()));
    outliers.truncate(options.top_outliers);
    outliers.sort_by_key(|o| (o.at, o.index));
    let actuals = sorted(&measured(samples, measure));
    let mut errors = group_errors(
        samples
            .iter()
            .filter(|s| !s.success)
            .filter_map(|s| s.error.as_deref()),
    );
    errors.truncate(options.top_errors);
    Analysis {
        measure,
        records: samples.len(),
        compared: compared.len(),
        from: order.first().map(|i| samples[*i].executed_at),
        to: order.last().map(|i| samples[*i].executed_at),
        success: success_rate_of(samples, options.level),
        percentiles: percentiles(&actuals),
        calibration: overall,
        calibration_since_change: since_change,
        drift,
        drift_onset: drift_onset(&steady[latest..]),
        changes,
        input_shift: shift_between_halves(samples, &order, model),
        outlier_count,
        outliers,
        failure_bursts: failure_bursts(&placed_failures(samples, &order), samples.len() as u64),
        errors,
        problems,
        histogram: histogram(&actuals, options.histogram_bins),
        sparkline: sparkline(&compared, options.spark_points),
    }
}

/// Adjusts the p-values of failure bursts across the analyses of several patterns (Benjamini-Hochberg), and drops
/// those that are then 0.01 or more.
pub fn adjust_bursts(analyses: &mut [Analysis]) {
    let p_values: Vec<f64> = analyses
        .iter()
        .flat_map(|a| a.failure_bursts.iter().map(|b| b.adjusted_p))
        .collect();
    let mut adjusted = benjamini_hochberg(&p_values).into_iter();
    for burst in analyses
        .iter_mut()
        .flat_map(|a| a.failure_bursts.iter_mut())
    {
        burst.adjusted_p = adjusted.next().unwrap_or(1.0);
    }
    for analysis in analyses {
        analysis
            .failure_bursts
            .retain(|burst| burst.adjusted_p < 0.01);
    }
}

/// Whether a calibration is off: surely, and by enough to matter.
pub(super) fn is_off(calibration: &Calibration) -> bool {
    let (ratio, interval) = calibration.ratio();
    ratio.ln().abs().exp_m1() > DRIFT_SHARE && interval.is_some_and(|i| !i.contains(1.0))
}

/// The outliers among the compared records, each against the others between the same two changes.
pub(super) fn outliers(
    samples: &[Sample],
    compared: &[Residual],
    changes: &[Change],
) -> Vec<Outlier> {
    let mut bounds: Vec<usize> = changes.iter().map(|change| change.index).collect();
    bounds.push(compared.len());
    let mut start = 0;
    let mut found = Vec::new();
    for end in bounds {
        let segment = &compared[start..end];
        let r: Vec<f64> = segment.iter().map(|x| x.r).collect();
        for (record, z) in segment.iter().zip(modified_z(&r)) {
            if z.abs() > OUTLIER_LIMIT {
                found.push(Outlier {
                    index: record.index,
                    at: record.at,
                    execution_id: samples[record.index].execution_id.clone(),
                    actual: record.actual,
                    estimate: record.estimate,
                    ratio: record.r.exp(),
                    modified_z: z,
                });
            }
        }
        start = end;
    }
    found
}

/// The values that count for the measure, zeros included.
fn measured(samples: &[Sample], measure: Measure) -> Vec<f64> {
    samples
        .iter()
        .filter(|s| s.success || measure == Measure::Cost)
        .filter_map(|s| s.actual)
        .filter(|v| (0.0..=LARGEST_VALUE).contains(v))
        .collect()
}

fn percentiles(ordered: &[f64]) -> Option<Percentiles> {
    let at = |level| quantile_of_sorted(ordered, level);
    Some(Percentiles {
        count: ordered.len(),
        min: at(0.0)?,
        p50: at(0.5)?,
        p90: at(0.9)?,
        p95: at(0.95)?,
        p99: at(0.99)?,
        max: at(1.0)?,
        mean: mean(ordered)?,
    })
}

/// Compares the context variables of the later half of the executions with those of the earlier half: those that the
/// estimate reads, if it is known.
pub(super) fn shift_between_halves(
    samples: &[Sample],
    order: &[usize],
    model: Option<&dyn Model>,
) -> Vec<InputShift> {
    let read = model.map(Model::variables);
    let (before, after) = order.split_at(order.len() / 2);
    let mut variables: BTreeMap<&str, (Vec<f64>, Vec<f64>)> = BTreeMap::new();
    for (part, late) in [(before, false), (after, true)] {
        for index in part {
            for (name, value) in &samples[*index].context {
                if read.as_ref().is_some_and(|read| !read.contains(name)) {
                    continue;
                }
                let sides = variables.entry(name).or_default();
                if late {
                    sides.1.push(*value)
                } else {
                    sides.0.push(*value)
                }
            }
        }
    }
    let variables: Vec<(String, Vec<f64>, Vec<f64>)> = variables
        .into_iter()
        .map(|(name, (before, after))| (name.to_owned(), before, after))
        .collect();
    input_shift(&variables)
}
