//! Calibration: how far the estimates are from what happened, as a whole.

use serde::Serialize;

use super::{Measure, Residual};
use crate::statistics::{
    Interval, mean, median, median_interval, normal_quantile, sample_variance,
};

/// An estimate within this factor of the actual counts as near.
const NEAR: f64 = 0.25;

/// How well the estimates are calibrated.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Calibration {
    /// Records compared.
    pub records: usize,
    /// What the estimate is meant to be: `median` (time) or `mean` (cost).
    pub estimand: &'static str,
    /// Median of actual / estimate; 1 is perfect, 1.5 means half as much again as promised.
    pub median_ratio: f64,
    /// Distribution-free interval of the median ratio; absent below 6 records.
    pub median_ratio_interval: Option<Interval>,
    /// Sum of the actuals over sum of the estimates (cost only).
    #[serde(skip_serializing_if = "Option::is_none")]
    pub mean_ratio: Option<f64>,
    /// Interval of the mean ratio by the delta method (cost only).
    #[serde(skip_serializing_if = "Option::is_none")]
    pub mean_ratio_interval: Option<Interval>,
    /// Median of |actual - estimate| / estimate, in percent.
    pub median_absolute_error_percent: f64,
    /// Median of |ln(actual / estimate)|.
    pub median_absolute_log_error: f64,
    /// Share of the records whose actual is within 25 % of the estimate, 0..1.
    pub share_within_25_percent: f64,
}

impl Calibration {
    /// The ratio of the estimand and its interval.
    pub fn ratio(&self) -> (f64, Option<Interval>) {
        match self.mean_ratio {
            Some(ratio) => (ratio, self.mean_ratio_interval),
            None => (self.median_ratio, self.median_ratio_interval),
        }
    }
}

/// Computes the calibration; `None` without records.
pub fn calibration(records: &[Residual], measure: Measure, level: f64) -> Option<Calibration> {
    let r: Vec<f64> = records.iter().map(|x| x.r).collect();
    let relative: Vec<f64> = r.iter().map(|r| r.exp_m1().abs()).collect();
    let absolute: Vec<f64> = r.iter().map(|r| r.abs()).collect();
    let near = relative.iter().filter(|e| **e <= NEAR).count();
    let (mean_ratio, mean_ratio_interval) = match measure {
        Measure::Time => (None, None),
        Measure::Cost => mean_ratio(records, level),
    };
    // the median of the ratios themselves, not exp(median r): they differ between two middle records
    let ratios: Vec<f64> = r.iter().map(|r| r.exp()).collect();
    Some(Calibration {
        records: records.len(),
        estimand: measure.estimand(),
        median_ratio: median(&ratios)?,
        median_ratio_interval: median_interval(&ratios, level),
        mean_ratio,
        mean_ratio_interval,
        median_absolute_error_percent: 100.0 * median(&relative)?,
        median_absolute_log_error: median(&absolute)?,
        share_within_25_percent: near as f64 / records.len() as f64,
    })
}

/// R = sum(actual) / sum(estimate) and its interval on the logarithm: the variance of a ratio of means is
/// var(actual - R estimate) / (n mean(estimate)^2).
fn mean_ratio(records: &[Residual], level: f64) -> (Option<f64>, Option<Interval>) {
    let n = records.len() as f64;
    let largest = records
        .iter()
        .fold(f64::MIN_POSITIVE, |m, x| m.max(x.actual).max(x.estimate));
    let actual: Vec<f64> = records.iter().map(|x| x.actual / largest).collect();
    let estimate: Vec<f64> = records.iter().map(|x| x.estimate / largest).collect();
    let (Some(a), Some(e)) = (mean(&actual), mean(&estimate)) else {
        return (None, None);
    };
    let ratio = a / e;
    if !ratio.is_finite() || ratio <= 0.0 {
        return (None, None);
    }
    let error: Vec<f64> = actual
        .iter()
        .zip(&estimate)
        .map(|(a, e)| a - ratio * e)
        .collect();
    let interval = sample_variance(&error).and_then(|variance| {
        let half = normal_quantile(0.5 + level / 2.0) * (variance / n).sqrt() / a;
        let (low, high) = (ratio * (-half).exp(), ratio * half.exp());
        high.is_finite().then_some(Interval { low, high, level })
    });
    (Some(ratio), interval)
}
