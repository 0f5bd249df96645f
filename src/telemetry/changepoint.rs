//! Changes of level over time: the best split by Welch's test, corrected for having searched for it, and again on
//! each side (binary segmentation), in what the season leaves.

use chrono::{DateTime, Utc};
use serde::Serialize;

use super::Residual;
use super::outlier::{OUTLIER_LIMIT, winsorise};
use super::season::Season;
use crate::statistics::{mean, median, normal_density, normal_quantile, student_two_sided};

/// A segment has at least this many records.
pub const MIN_SEGMENT: usize = 10;
/// A change is accepted below this, after the correction. Where neighbours correlate by 0.6, hours and weekends on top, a
/// week then has a false one in one case of 17, and a quarter more is found within 100 records in 16 of 17 (tests/analysing.rs).
pub const CHANGE_LEVEL: f64 = 0.025;
/// A change smaller than this factor is of no consequence.
pub const MIN_SHIFT: f64 = 0.10;
/// Levels that are taken out before neighbours are compared.
const LEVELS: f64 = 4.0;
/// Neighbours in this many independent values, by its root, rarely correlate more.
const SURE_CORRELATION: f64 = 2.0;
/// A correlation of neighbours is taken for no more.
const MOST_CORRELATED: f64 = 0.99;
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
        let split = match bar.correlated {
            true => best_split_of_correlated(&part),
            false => best_split(&part, MIN_SEGMENT),
        };
        let Some(split) = split else {
            continue;
        };
        if split.corrected_p < CHANGE_LEVEL && split.difference.abs().exp_m1() > bar.shift {
            let index = start + split.index;
            found.push((index, split.corrected_p));
            pending.push((start, index));
            pending.push((index, end));
        }
    }
    found.sort_unstable_by_key(|(index, _)| *index);
    found
}

/// The best split where neighbours may correlate, with its p-value corrected for the search.
///
/// Each value less r times the one before it, over 1 - r, has the same level and no correlation (Cochrane and Orcutt
/// 1949). r is the correlation of neighbours in what the best split, and the best split on either side, leave: another
/// step is not a correlation. It comes out too low by (1 + 3 r) / n for each level that is taken out (Kendall 1954).
fn best_split_of_correlated(values: &[f64]) -> Option<Split> {
    let first = best_split(values, MIN_SEGMENT)?;
    let (before, after) = values.split_at(first.index);
    let found = neighbours(&[without_step(before), without_step(after)].concat());
    let n = values.len() as f64;
    if found < SURE_CORRELATION / n.sqrt() {
        return Some(first);
    }
    let r = (found + LEVELS * (1.0 + 3.0 * found) / n).min(MOST_CORRELATED);
    let independent: Vec<f64> = values
        .windows(2)
        .map(|pair| (pair[1] - r * pair[0]) / (1.0 - r))
        .collect();
    let split = best_split(&independent, MIN_SEGMENT)?;
    let index = split.index + 1;
    let (before, after) = values.split_at(index);
    let searched = p_of_search(split.uncorrected_p, independent.len());
    Some(Split {
        index,
        corrected_p: searched.min(split.corrected_p),
        difference: mean(after)? - mean(before)?,
        ..split
    })
}

/// The p-value of the best of all splits of `n` values, given its own: neighbouring splits share nearly all of their
/// values, so that there are far fewer independent ones than splits (Vostrikova 1981; James, James and Siegmund 1987).
fn p_of_search(p: f64, n: usize) -> f64 {
    let z = -normal_quantile(0.5 * p.max(1e-300));
    let edge = MIN_SEGMENT as f64 / n as f64;
    let range = 2.0 * ((1.0 - edge) / edge).ln();
    (z * normal_density(z) * (range * (1.0 - 1.0 / (z * z)) + 4.0 / (z * z))).clamp(p, 1.0)
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

/// The correlation of neighbours in values around 0; 0 if it is negative.
fn neighbours(values: &[f64]) -> f64 {
    let total: f64 = values.iter().map(|v| v * v).sum();
    let shared: f64 = values.windows(2).map(|pair| pair[0] * pair[1]).sum();
    let r = if total > 0.0 { shared / total } else { 0.0 };
    r.clamp(0.0, MOST_CORRELATED)
}

/// (1 + r) / (1 - r) of the correlation r of neighbours in values around 0; 1 where they do not correlate.
pub(super) fn inflation(values: &[f64]) -> f64 {
    let r = neighbours(values);
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
