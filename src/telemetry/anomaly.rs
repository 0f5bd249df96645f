//! Anomalies: bursts of failures by the exact binomial, and the onset of a drift by CUSUM.

use chrono::{DateTime, Utc};
use serde::Serialize;

use super::outlier::{OUTLIER_LIMIT, winsorise};
use super::{Residual, Sample};
use crate::statistics::{benjamini_hochberg, binomial_at_least, median, robust_scale};

/// Executions in the sliding window in which failures are counted.
const BURST_WINDOW: usize = 20;
/// A burst is reported below this, after Benjamini-Hochberg over the windows.
const BURST_LEVEL: f64 = 0.01;
/// Allowance of the CUSUM, in standard deviations.
pub const CUSUM_ALLOWANCE: f64 = 0.5;
/// Decision limit of the CUSUM, in standard deviations.
pub const CUSUM_LIMIT: f64 = 5.0;
/// The CUSUM watches this many of the latest records against those before.
const CUSUM_WATCHED: usize = 50;
/// An onset is reported where the level has moved by this share at least.
const MIN_SHIFT: f64 = 0.10;

/// Failures that come closer together than the usual failure rate explains.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct FailureBurst {
    /// Time of the first failure in the burst.
    pub from: DateTime<Utc>,
    /// Time of the last failure in the burst.
    pub to: DateTime<Utc>,
    /// Executions from the first to the last failure.
    pub executions: usize,
    /// Failures among them.
    pub failures: usize,
    /// The failure rate outside the burst, 0..1.
    pub baseline_rate: f64,
    /// P(so many failures or more | executions, baseline), exact binomial.
    pub p: f64,
    /// The p-value adjusted for the windows searched; `adjust_bursts` adjusts it across patterns as well.
    pub adjusted_p: f64,
}

/// Which way a drift goes.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Direction {
    /// Actuals grow against the estimates.
    Up,
    /// Actuals fall against the estimates.
    Down,
}

/// A CUSUM that crossed its limit, as positions in the series.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
pub struct Cusum {
    /// Which side crossed the limit.
    pub direction: Direction,
    /// Where the sum last left 0 before the alarm.
    pub onset: usize,
    /// Where it crossed the limit.
    pub alarm: usize,
}

/// A drift that may be under way in the latest records, before a change point could confirm it.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct DriftOnset {
    /// Which way it goes.
    pub direction: Direction,
    /// When it seems to have begun.
    pub onset_at: DateTime<Utc>,
    /// When the CUSUM crossed its limit.
    pub alarm_at: DateTime<Utc>,
    /// Records since the onset.
    pub records: usize,
    /// Level since the onset against the level before, in percent.
    pub change_percent: f64,
}

/// One-sided p-value of `failures` or more among `executions` at the baseline failure rate, exact binomial.
pub fn burst_p(failures: u64, executions: u64, baseline: f64) -> f64 {
    binomial_at_least(failures, executions, baseline)
}

/// Finds bursts of failures among samples taken in the order `chronological` gives them.
pub fn failure_bursts(samples: &[Sample], chronological: &[usize]) -> Vec<FailureBurst> {
    let failed: Vec<bool> = chronological.iter().map(|i| !samples[*i].success).collect();
    let n = failed.len();
    let width = BURST_WINDOW;
    if n < 2 * width {
        return Vec::new();
    }
    let mut prefix = vec![0usize; n + 1];
    for (i, f) in failed.iter().enumerate() {
        prefix[i + 1] = prefix[i] + usize::from(*f);
    }
    let baseline = |start: usize, end: usize| {
        let failures = prefix[n] - (prefix[end] - prefix[start]);
        // half a failure more keeps a spotless past from making one failure impossible
        (failures as f64 + 0.5) / ((n - (end - start)) as f64 + 1.0)
    };
    let p_values: Vec<f64> = (0..=n - width)
        .map(|start| {
            let failures = prefix[start + width] - prefix[start];
            burst_p(
                failures as u64,
                width as u64,
                baseline(start, start + width),
            )
        })
        .collect();
    let adjusted = benjamini_hochberg(&p_values);
    let mut bursts = Vec::new();
    let mut start = 0;
    while start < adjusted.len() {
        if adjusted[start] >= BURST_LEVEL {
            start += 1;
            continue;
        }
        let mut last = start;
        while last + 1 < adjusted.len() && adjusted[last + 1] < BURST_LEVEL {
            last += 1;
        }
        let smallest = adjusted[start..=last].iter().copied().fold(1.0, f64::min);
        let inside = start..last + width;
        let first = inside.clone().find(|i| failed[*i]);
        let end = inside.rev().find(|i| failed[*i]);
        if let (Some(first), Some(end)) = (first, end) {
            let (executions, failures) = (end + 1 - first, prefix[end + 1] - prefix[first]);
            let baseline_rate = baseline(first, end + 1);
            bursts.push(FailureBurst {
                from: samples[chronological[first]].executed_at,
                to: samples[chronological[end]].executed_at,
                executions,
                failures,
                baseline_rate,
                p: burst_p(failures as u64, executions as u64, baseline_rate),
                adjusted_p: smallest,
            });
        }
        start = last + width;
    }
    bursts
}

/// Runs a two-sided CUSUM (Page 1954) over standardised values and returns the first alarm.
pub fn cusum(z: &[f64], allowance: f64, limit: f64) -> Option<Cusum> {
    let (mut up, mut down) = (0.0_f64, 0.0_f64);
    let (mut up_from, mut down_from) = (0, 0);
    for (i, z) in z.iter().enumerate() {
        up = (up + z - allowance).max(0.0);
        down = (down - z - allowance).max(0.0);
        if up == 0.0 {
            up_from = i + 1;
        }
        if down == 0.0 {
            down_from = i + 1;
        }
        if up > limit {
            return Some(Cusum {
                direction: Direction::Up,
                onset: up_from,
                alarm: i,
            });
        }
        if down > limit {
            return Some(Cusum {
                direction: Direction::Down,
                onset: down_from,
                alarm: i,
            });
        }
    }
    None
}

/// Looks for a drift that begins in the latest records of a segment without a confirmed change.
pub fn drift_onset(segment: &[Residual]) -> Option<DriftOnset> {
    let r: Vec<f64> = segment.iter().map(|x| x.r).collect();
    let watched = CUSUM_WATCHED.min(r.len() / 3);
    let (before, lately) = r.split_at(r.len() - watched);
    if before.len() < 20 {
        return None;
    }
    let centre = median(before)?;
    let scale = robust_scale(before, centre)?;
    let z: Vec<f64> = winsorise(lately, OUTLIER_LIMIT)
        .iter()
        .map(|v| (v - centre) / scale)
        .collect();
    // one far value alone is an outlier, not an onset
    let z: Vec<f64> = z
        .iter()
        .map(|z| z.clamp(-OUTLIER_LIMIT, OUTLIER_LIMIT))
        .collect();
    let found = cusum(&z, CUSUM_ALLOWANCE, CUSUM_LIMIT)?;
    let shift = median(&lately[found.onset..])? - centre;
    let same_way = (shift > 0.0) == (found.direction == Direction::Up);
    (same_way && shift.abs().exp_m1() > MIN_SHIFT).then(|| DriftOnset {
        direction: found.direction,
        onset_at: segment[before.len() + found.onset].at,
        alarm_at: segment[before.len() + found.alarm].at,
        records: lately.len() - found.onset,
        change_percent: 100.0 * shift.exp_m1(),
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use chrono::DateTime;

    fn samples(failed: impl Fn(usize) -> bool) -> Vec<Sample> {
        (0..300)
            .map(|i| Sample {
                executed_at: DateTime::from_timestamp(60 * i as i64, 0).unwrap_or_default(),
                estimate: Some(1.0),
                actual: Some(1.0),
                success: !failed(i),
                context: Default::default(),
                execution_id: None,
                error: None,
            })
            .collect()
    }

    #[test]
    fn a_burst_is_found_and_dated() {
        let samples = samples(|i| i % 50 == 7 || (200..212).contains(&i));
        let order: Vec<usize> = (0..samples.len()).collect();
        let bursts = failure_bursts(&samples, &order);
        assert_eq!(bursts.len(), 1);
        assert!(bursts[0].failures >= 12 && bursts[0].adjusted_p < 0.01);
        assert!(
            bursts[0].from <= samples[200].executed_at && bursts[0].to >= samples[211].executed_at
        );
    }

    #[test]
    fn even_failures_are_no_burst() {
        for every in [1, 2, 5, 20, 1000] {
            let samples = samples(|i| i % every == 0);
            let order: Vec<usize> = (0..samples.len()).collect();
            assert!(
                failure_bursts(&samples, &order).is_empty(),
                "one in {every}"
            );
        }
    }

    #[test]
    fn cusum_dates_the_onset() {
        let z: Vec<f64> = (0..60).map(|i| if i < 30 { 0.1 } else { 1.5 }).collect();
        let found = cusum(&z, CUSUM_ALLOWANCE, CUSUM_LIMIT).unwrap();
        assert_eq!(
            (found.direction, found.onset, found.alarm),
            (Direction::Up, 30, 35)
        );
        assert_eq!(cusum(&[0.0; 100], CUSUM_ALLOWANCE, CUSUM_LIMIT), None);
    }
}
