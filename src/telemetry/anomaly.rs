//! Anomalies: bursts of failures by the exact binomial, and the onset of a drift by CUSUM.

use chrono::{DateTime, Utc};
use serde::Serialize;

use super::changepoint::inflation;
use super::outlier::{OUTLIER_LIMIT, winsorise};
use super::{Residual, Sample};
use crate::statistics::{binomial_at_least, median, robust_scale};

/// Executions in the sliding window in which failures are counted.
const BURST_WINDOW: u64 = 20;
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

/// A failure, and its place among all executions.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct PlacedFailure {
    /// How many executions were before it.
    pub place: u64,
    /// When it was.
    pub at: DateTime<Utc>,
}

/// The failures among samples taken in the order `chronological` gives them.
pub(super) fn placed_failures(samples: &[Sample], chronological: &[usize]) -> Vec<PlacedFailure> {
    let failed = chronological.iter().zip(0..).filter_map(|(index, place)| {
        let sample = &samples[*index];
        (!sample.success).then_some(PlacedFailure {
            place,
            at: sample.executed_at,
        })
    });
    failed.collect()
}

/// Finds bursts among failures, in their order, out of so many executions: windows of executions that hold more of them
/// than the others explain.
pub fn failure_bursts(failures: &[PlacedFailure], executions: u64) -> Vec<FailureBurst> {
    if executions < 2 * BURST_WINDOW || failures.is_empty() {
        return Vec::new();
    }
    let total = failures.len() as u64;
    let baseline = |failures: u64, among: u64| {
        // half a failure more keeps a spotless past from making one failure impossible
        ((total - failures) as f64 + 0.5) / ((executions - among) as f64 + 1.0)
    };
    let runs = window_runs(failures, executions);
    let adjusted = adjusted_by_count(&runs, |count| {
        burst_p(count, BURST_WINDOW, baseline(count, BURST_WINDOW))
    });
    let mut bursts = Vec::new();
    let mut free = 0;
    let mut runs = runs.iter().peekable();
    while let Some(run) = runs.next() {
        let is_burst = |count: u64| adjusted[count as usize] < BURST_LEVEL;
        if !is_burst(run.count) || run.end <= free {
            continue;
        }
        let start = run.start.max(free);
        let (mut end, mut smallest) = (run.end, adjusted[run.count as usize]);
        while let Some(next) = runs.next_if(|next| is_burst(next.count)) {
            end = next.end;
            smallest = smallest.min(adjusted[next.count as usize]);
        }
        free = end - 1 + BURST_WINDOW;
        let from = failures.partition_point(|it| it.place < start);
        let to = failures.partition_point(|it| it.place < free);
        let [first, .., last] = &failures[from..to] else {
            continue;
        };
        let (executions, count) = (last.place + 1 - first.place, (to - from) as u64);
        let baseline_rate = baseline(count, executions);
        bursts.push(FailureBurst {
            from: first.at,
            to: last.at,
            executions: executions as usize,
            failures: to - from,
            baseline_rate,
            p: burst_p(count, executions, baseline_rate),
            adjusted_p: smallest,
        });
    }
    bursts
}

/// Windows that begin at `start` up to before `end` and hold as many failures.
struct Run {
    start: u64,
    end: u64,
    count: u64,
}

/// All windows, in runs of neighbours with as many failures.
fn window_runs(failures: &[PlacedFailure], executions: u64) -> Vec<Run> {
    let windows = executions - BURST_WINDOW + 1;
    // a failure is in the windows that begin within a window's length before it
    let enters = failures
        .iter()
        .map(|it| it.place.saturating_sub(BURST_WINDOW - 1));
    let leaves = failures.iter().map(|it| it.place + 1);
    let mut leaves = leaves.peekable();
    let mut enters = enters.peekable();
    let (mut runs, mut start, mut count) = (Vec::new(), 0, 0);
    while start < windows {
        while enters.next_if(|at| *at <= start).is_some() {
            count += 1;
        }
        while leaves.next_if(|at| *at <= start).is_some() {
            count -= 1;
        }
        let next = enters.peek().into_iter().chain(leaves.peek()).min();
        let end = next.copied().unwrap_or(windows).min(windows);
        runs.push(Run { start, end, count });
        start = end;
    }
    runs
}

/// The p-values of windows by their number of failures, adjusted for all windows (Benjamini and Hochberg 1995).
fn adjusted_by_count(runs: &[Run], p: impl Fn(u64) -> f64) -> Vec<f64> {
    let mut windows = vec![0.0; BURST_WINDOW as usize + 1];
    for run in runs {
        windows[run.count as usize] += (run.end - run.start) as f64;
    }
    let total: f64 = windows.iter().sum();
    let mut rank = total;
    let mut smallest = 1.0_f64;
    let mut adjusted = vec![1.0; windows.len()];
    for (count, met) in windows.iter().enumerate().filter(|(_, met)| **met > 0.0) {
        smallest = smallest.min(p(count as u64) * total / rank);
        adjusted[count] = smallest;
        rank -= met;
    }
    adjusted
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
    let around: Vec<f64> = winsorise(before, OUTLIER_LIMIT)
        .iter()
        .map(|v| v - centre)
        .collect();
    // where neighbours correlate, a sum of them strays farther
    let scale = robust_scale(before, centre)? * inflation(&around).sqrt();
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
                timed_out: false,
            })
            .collect()
    }

    #[test]
    fn a_burst_is_found_and_dated() {
        let samples = samples(|i| i % 50 == 7 || (200..212).contains(&i));
        let order: Vec<usize> = (0..samples.len()).collect();
        let bursts = failure_bursts(&placed_failures(&samples, &order), 300);
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
                failure_bursts(&placed_failures(&samples, &order), 300).is_empty(),
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
