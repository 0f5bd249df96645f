//! Changes of level over time: the best split by Welch's test, corrected for having searched for it, and again on
//! each side (binary segmentation), in what the season leaves.

use chrono::{DateTime, Utc};
use serde::Serialize;

use super::Residual;
use super::outlier::{OUTLIER_LIMIT, winsorise};
use super::season::Season;
use crate::statistics::{mean, median, student_two_sided};

/// A segment has at least this many records.
pub const MIN_SEGMENT: usize = 10;
/// A change is accepted below this, after the correction.
pub const CHANGE_LEVEL: f64 = 0.01;
/// A change smaller than this factor is of no consequence.
pub const MIN_SHIFT: f64 = 0.10;
/// At most this many changes are looked for.
const MAX_CHANGES: usize = 64;
/// Season and steps are fitted so often at most.
const ROUNDS: usize = 4;

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

/// What a split must show to be taken for a change.
#[derive(Clone, Copy)]
struct Bar {
    /// Smallest shift of the level.
    shift: f64,
    /// Whether the correlation of neighbours counts.
    correlated: bool,
    /// Changes at most.
    most: usize,
}

/// The bar of a change that is reported.
const REPORTED: Bar = Bar {
    shift: MIN_SHIFT,
    correlated: true,
    most: MAX_CHANGES,
};
/// The bar of a step that the season is fitted together with: it may turn out to be none.
const SUSPECTED: Bar = Bar {
    shift: 0.02,
    correlated: false,
    most: 12,
};

/// The first index of each segment after the first, ascending, with the corrected p-value.
fn segment(values: &[f64], bar: Bar) -> Vec<(usize, f64)> {
    let mut found = Vec::new();
    let mut pending = vec![(0, values.len())];
    let mut looked = 0;
    while let Some((start, end)) = pending.pop() {
        if found.len() >= bar.most || looked > 2 * MAX_CHANGES {
            break;
        }
        looked += 1;
        let part = winsorise(&values[start..end], OUTLIER_LIMIT);
        let Some(split) = best_split(&part, MIN_SEGMENT) else {
            continue;
        };
        let p = match bar.correlated {
            true => p_with_correlation(&part, &split),
            false => split.corrected_p,
        };
        if p < CHANGE_LEVEL && split.difference.abs().exp_m1() > bar.shift {
            let index = start + split.index;
            found.push((index, p));
            pending.push((start, index));
            pending.push((index, end));
        }
    }
    found.sort_unstable_by_key(|(index, _)| *index);
    found
}

/// The corrected p-value with Welch's error times (1 + r) / (1 - r), where neighbours correlate by r after the split:
/// then the records say less than as many independent ones.
fn p_with_correlation(values: &[f64], split: &Split) -> f64 {
    let (before, after) = values.split_at(split.index);
    let (Some(low), Some(high)) = (mean(before), mean(after)) else {
        return 1.0;
    };
    let around =
        |part: &[f64], level: f64| -> Vec<f64> { part.iter().map(|v| v - level).collect() };
    let rest = [around(before, low), around(after, high)].concat();
    let spread = |part: &[f64]| part.iter().map(|v| v * v).sum::<f64>();
    // another step on either side is no correlation
    let noise = [without_step(before), without_step(after)].concat();
    let (n1, n2) = (before.len() as f64, after.len() as f64);
    let (first, second) = rest.split_at(split.index);
    let (v1, v2) = (spread(first) / (n1 - 1.0), spread(second) / (n2 - 1.0));
    let (t, degrees) = welch(high - low, v1, n1, v2, n2);
    let p = student_two_sided(t / inflation(&noise), degrees);
    (p * split.splits as f64).min(1.0)
}

/// The values around their level, or around their two levels where they are best split.
fn without_step(values: &[f64]) -> Vec<f64> {
    let index = best_split(values, MIN_SEGMENT).map_or(values.len(), |split| split.index);
    let (before, after) = values.split_at(index);
    let around = |part: &[f64]| -> Vec<f64> {
        let level = mean(part).unwrap_or_default();
        part.iter().map(|v| v - level).collect()
    };
    [around(before), around(after)].concat()
}

/// (1 + r) / (1 - r) of the correlation r of neighbours in values around 0; 1 where they do not correlate.
pub(super) fn inflation(values: &[f64]) -> f64 {
    let total: f64 = values.iter().map(|v| v * v).sum();
    let shared: f64 = values.windows(2).map(|pair| pair[0] * pair[1]).sum();
    let r = if total > 0.0 { shared / total } else { 0.0 };
    let r = r.clamp(0.0, 0.99);
    (1.0 + r) / (1.0 - r)
}

/// Where the level of a series changes, and the series without its season.
pub struct Levels {
    /// The first record after each change, ascending, with the corrected p-value.
    pub changes: Vec<(usize, f64)>,
    /// The values less the hour of the day and the day of the week.
    pub values: Vec<f64>,
}

/// Finds where the level of `r` (logarithmic residuals in the order of execution) changes, at these times.
///
/// Season and steps are fitted together, and the steps looked for again in what is left, until they stay.
pub fn levels(times: &[DateTime<Utc>], r: &[f64]) -> Levels {
    let season = Season::of(times);
    if !season.is_known() {
        return Levels {
            changes: season.without_weekends(segment(r, REPORTED)),
            values: r.to_vec(),
        };
    }
    let indices =
        |found: &[(usize, f64)]| -> Vec<usize> { found.iter().map(|(at, _)| *at).collect() };
    let mut values = season.removed(r, &[]);
    let mut steps = indices(&segment(&values, SUSPECTED));
    let mut changes = Vec::new();
    for _ in 0..ROUNDS {
        values = season.removed(r, &steps);
        let reported = segment(&values, REPORTED);
        let found = indices(&reported);
        changes = season.without_weekends(reported);
        if found == steps {
            break;
        }
        steps = found;
    }
    Levels { changes, values }
}

/// The changes of level in residuals that are in the order of execution, and the same residuals without their season.
pub fn changes(records: &[Residual]) -> (Vec<Change>, Vec<Residual>) {
    let r: Vec<f64> = records.iter().map(|x| x.r).collect();
    let times: Vec<DateTime<Utc>> = records.iter().map(|x| x.at).collect();
    let found = levels(&times, &r);
    let r = &found.values;
    let mut bounds = vec![0];
    bounds.extend(found.changes.iter().map(|(index, _)| *index));
    bounds.push(r.len());
    let mut changes = Vec::with_capacity(found.changes.len());
    for (position, (index, corrected_p)) in found.changes.iter().copied().enumerate() {
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
    let steady = records
        .iter()
        .zip(r)
        .map(|(record, r)| Residual { r: *r, ..*record });
    (changes, steady.collect())
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Every five minutes.
    fn change_indices(r: &[f64]) -> Vec<usize> {
        let times: Vec<_> = (0..r.len() as i64)
            .filter_map(|i| DateTime::from_timestamp(1_777_852_800 + 300 * i, 0))
            .collect();
        let found = levels(&times, r).changes;
        found.into_iter().map(|(index, _)| index).collect()
    }

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
