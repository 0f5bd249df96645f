//! Changes of level over time: the best split by Welch's test, corrected for having searched for it, and again on
//! each side (binary segmentation).

use chrono::{DateTime, Utc};
use serde::Serialize;

use super::Residual;
use super::outlier::{OUTLIER_LIMIT, winsorise};
use crate::statistics::{median, student_two_sided};

/// A segment has at least this many records.
pub const MIN_SEGMENT: usize = 10;
/// A change is accepted below this, after the correction.
pub const CHANGE_LEVEL: f64 = 0.01;
/// A change smaller than this factor is of no consequence.
pub const MIN_SHIFT: f64 = 0.10;
/// At most this many changes are looked for.
const MAX_CHANGES: usize = 64;

/// The best place to split a series in two.
#[derive(Debug, Clone, Copy, PartialEq, Serialize)]
pub struct Split {
    /// The first record of the second part.
    pub index: usize,
    /// Two-sided p-value of Welch's test at this place, as if it had not been searched for.
    pub uncorrected_p: f64,
    /// The p-value times the number of places, at most 1 (Bonferroni).
    pub corrected_p: f64,
    /// How many places were tried.
    pub splits: usize,
    /// Mean of the second part minus mean of the first.
    pub difference: f64,
}

/// A change of level that was accepted.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Change {
    /// The first record after the change, counted among the usable records in the order of execution.
    pub index: usize,
    /// When that record was executed.
    pub at: DateTime<Utc>,
    /// Median of actual / estimate after the change over the one before: 1.25 is a quarter more.
    pub ratio: f64,
    /// The ratio as a change in percent.
    pub change_percent: f64,
    /// p-value corrected for the number of places tried, at most 1.
    pub corrected_p: f64,
    /// Records in the segment before, back to the change before that.
    pub records_before: usize,
    /// Records in the segment after, up to the next change.
    pub records_after: usize,
}

/// Finds the split with the smallest Welch p-value where both parts have at least `min_segment` values; `None`
/// where the series is too short. Linear in the length, by prefix sums.
pub fn best_split(values: &[f64], min_segment: usize) -> Option<Split> {
    let n = values.len();
    let least = min_segment.max(2);
    if n < 2 * least {
        return None;
    }
    let centre = median(values)?;
    let (mut total, mut total_squares) = (0.0, 0.0);
    for v in values {
        total += v - centre;
        total_squares += (v - centre).powi(2);
    }
    let (mut sum, mut squares) = (0.0, 0.0);
    let mut best: Option<(Split, f64, f64)> = None;
    for index in 1..=n - least {
        let v = values[index - 1] - centre;
        sum += v;
        squares += v * v;
        if index < least {
            continue;
        }
        let (n1, n2) = (index as f64, (n - index) as f64);
        let difference = (total - sum) / n2 - sum / n1;
        let (t, degrees) = welch(
            difference,
            variance(sum, squares, n1),
            n1,
            variance(total - sum, total_squares - squares, n2),
            n2,
        );
        // a smaller t with fewer degrees of freedom cannot have a smaller p
        if let Some((_, best_t, best_degrees)) = best
            && t <= best_t
            && degrees <= best_degrees
        {
            continue;
        }
        let p = student_two_sided(t, degrees);
        let better = best.as_ref().is_none_or(|(split, best_t, _)| {
            p < split.uncorrected_p || (p == split.uncorrected_p && t > *best_t)
        });
        if better {
            let splits = n - 2 * least + 1;
            let corrected_p = (p * splits as f64).min(1.0);
            best = Some((
                Split {
                    index,
                    uncorrected_p: p,
                    corrected_p,
                    splits,
                    difference,
                },
                t,
                degrees,
            ));
        }
    }
    best.map(|(split, _, _)| split)
}

fn variance(sum: f64, squares: f64, n: f64) -> f64 {
    let centred = squares - sum * sum / n;
    // what is left of equal values after the subtraction is rounding, not spread
    if centred <= 1e-13 * squares {
        0.0
    } else {
        centred / (n - 1.0)
    }
}

/// Size of Welch's t and its degrees of freedom (Welch 1947; Satterthwaite 1946).
fn welch(difference: f64, v1: f64, n1: f64, v2: f64, n2: f64) -> (f64, f64) {
    let (e1, e2) = (v1 / n1, v2 / n2);
    let error = e1 + e2;
    if error <= 0.0 {
        let t = if difference.abs() > 1e-12 {
            f64::INFINITY
        } else {
            0.0
        };
        return (t, n1 + n2 - 2.0);
    }
    let (s1, s2) = (e1 / error, e2 / error);
    let degrees = 1.0 / (s1 * s1 / (n1 - 1.0) + s2 * s2 / (n2 - 1.0));
    (difference.abs() / error.sqrt(), degrees)
}

/// The first index of each segment after the first, ascending, with the corrected p-value.
fn segment(values: &[f64]) -> Vec<(usize, f64)> {
    let mut found = Vec::new();
    let mut pending = vec![(0, values.len())];
    while let Some((start, end)) = pending.pop() {
        if found.len() >= MAX_CHANGES {
            break;
        }
        let part = winsorise(&values[start..end], OUTLIER_LIMIT);
        let Some(split) = best_split(&part, MIN_SEGMENT) else {
            continue;
        };
        if split.corrected_p < CHANGE_LEVEL && split.difference.abs().exp_m1() > MIN_SHIFT {
            let index = start + split.index;
            found.push((index, split.corrected_p));
            pending.push((start, index));
            pending.push((index, end));
        }
    }
    found.sort_unstable_by_key(|(index, _)| *index);
    found
}

/// The positions where the level of `r` (logarithmic residuals in the order of execution) changes.
pub fn change_indices(r: &[f64]) -> Vec<usize> {
    segment(r).into_iter().map(|(index, _)| index).collect()
}

/// The changes of level in residuals that are in the order of execution.
pub fn changes(records: &[Residual]) -> Vec<Change> {
    let r: Vec<f64> = records.iter().map(|x| x.r).collect();
    let found = segment(&r);
    let mut bounds = vec![0];
    bounds.extend(found.iter().map(|(index, _)| *index));
    bounds.push(r.len());
    let mut changes = Vec::with_capacity(found.len());
    for (position, (index, corrected_p)) in found.into_iter().enumerate() {
        let (start, end) = (bounds[position], bounds[position + 2]);
        let (Some(before), Some(after)) = (median(&r[start..index]), median(&r[index..end])) else {
            continue;
        };
        let ratio = (after - before).clamp(-700.0, 700.0).exp();
        changes.push(Change {
            index,
            at: records[index].at,
            ratio,
            change_percent: 100.0 * (ratio - 1.0),
            corrected_p,
            records_before: index - start,
            records_after: end - index,
        });
    }
    changes
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn too_short_or_level_series_do_not_change() {
        assert!(best_split(&[1.0; 19], MIN_SEGMENT).is_none());
        assert!(change_indices(&[0.1; 500]).is_empty());
        assert!(change_indices(&[]).is_empty());
    }

    #[test]
    fn a_step_without_noise_is_found_where_it_is() {
        let r: Vec<f64> = (0..100).map(|i| if i < 37 { 0.0 } else { 0.5 }).collect();
        assert_eq!(change_indices(&r), [37]);
    }

    #[test]
    fn two_steps_are_both_found() {
        let wave = |i: usize| 0.05 * ((i * 7919 % 101) as f64 / 50.0 - 1.0);
        let level = |i: usize| {
            if i < 60 {
                0.0
            } else if i < 130 {
                0.6
            } else {
                0.2
            }
        };
        let r: Vec<f64> = (0..220).map(|i| level(i) + wave(i)).collect();
        assert_eq!(change_indices(&r), [60, 130]);
    }
}
