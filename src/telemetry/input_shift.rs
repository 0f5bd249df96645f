//! Input shift: whether the context variables lately come from another range than before. With steady residuals that
//! is not drift of the tool; it warns that the estimate is being extrapolated.

use serde::Serialize;

use crate::statistics::{benjamini_hochberg, quantile_of_sorted, sorted};

/// A population stability index from here on is a moderate shift.
pub const PSI_MODERATE: f64 = 0.1;
/// A population stability index from here on is a major shift.
pub const PSI_MAJOR: f64 = 0.25;
/// The Kolmogorov-Smirnov test must agree at this level (after Benjamini-Hochberg over the variables).
const KS_LEVEL: f64 = 0.01;
/// Fewer values than this on either side say nothing about a distribution.
const MIN_SIDE: usize = 20;
/// Stands for a share of 0, whose logarithm does not exist.
const SMALLEST_SHARE: f64 = 1e-4;

/// How large a shift is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum ShiftBand {
    /// PSI under 0.1, or not confirmed by the Kolmogorov-Smirnov test.
    Stable,
    /// PSI from 0.1 to 0.25.
    Moderate,
    /// PSI of 0.25 or more.
    Major,
}

/// The shift of one context variable between an earlier and a later period.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct InputShift {
    /// The variable.
    pub variable: String,
    /// Population stability index over bins of equal share in the earlier period.
    pub psi: f64,
    /// Largest distance between the two distribution functions (Kolmogorov-Smirnov), 0..1.
    pub ks_statistic: f64,
    /// Its asymptotic p-value, adjusted for the number of variables (Benjamini-Hochberg).
    pub ks_adjusted_p: f64,
    /// What the two say together.
    pub band: ShiftBand,
    /// Values in the earlier period.
    pub records_before: usize,
    /// Values in the later period.
    pub records_after: usize,
    /// Median in the earlier period.
    pub median_before: f64,
    /// Median in the later period.
    pub median_after: f64,
    /// Share of the later values outside the range of the earlier ones, 0..1: there the estimate extrapolates.
    pub share_outside_range: f64,
}

/// Population stability index of given shares per bin, `sum((c - r) ln(c / r))`. A share of 0 counts as 0.0001.
/// `None` if the two do not have the same bins, or a share is negative or not finite.
pub fn psi(reference: &[f64], current: &[f64]) -> Option<f64> {
    if reference.len() != current.len() || reference.is_empty() {
        return None;
    }
    if reference
        .iter()
        .chain(current)
        .any(|share| !share.is_finite() || *share < 0.0)
    {
        return None;
    }
    let sum = reference.iter().zip(current).map(|(r, c)| {
        let (r, c) = (r.max(SMALLEST_SHARE), c.max(SMALLEST_SHARE));
        (c - r) * (c / r).ln()
    });
    Some(sum.sum())
}

/// The band of a population stability index.
pub fn psi_band(psi: f64) -> ShiftBand {
    match psi {
        p if p >= PSI_MAJOR => ShiftBand::Major,
        p if p >= PSI_MODERATE => ShiftBand::Moderate,
        _ => ShiftBand::Stable,
    }
}

/// The largest distance between the empirical distribution functions of two samples in ascending order, and its
/// asymptotic p-value with Stephens's correction for small samples; 0 and 1 where one is empty.
pub fn kolmogorov_smirnov(first: &[f64], second: &[f64]) -> (f64, f64) {
    if first.is_empty() || second.is_empty() {
        return (0.0, 1.0);
    }
    let (n1, n2) = (first.len() as f64, second.len() as f64);
    let (mut i, mut j, mut distance) = (0, 0, 0.0_f64);
    while i < first.len() && j < second.len() {
        let value = first[i].min(second[j]);
        while i < first.len() && first[i] <= value {
            i += 1;
        }
        while j < second.len() && second[j] <= value {
            j += 1;
        }
        distance = distance.max((i as f64 / n1 - j as f64 / n2).abs());
    }
    let root = (n1 * n2 / (n1 + n2)).sqrt();
    (
        distance,
        kolmogorov_tail((root + 0.12 + 0.11 / root) * distance),
    )
}

/// P(K > x) = 2 sum (-1)^(k-1) exp(-2 k^2 x^2).
fn kolmogorov_tail(x: f64) -> f64 {
    if x < 0.2 {
        return 1.0;
    }
    let mut sum = 0.0;
    let mut sign = 1.0;
    for k in 1..=100 {
        let term = (-2.0 * f64::from(k * k) * x * x).exp();
        sum += sign * term;
        sign = -sign;
        if term < 1e-16 {
            break;
        }
    }
    (2.0 * sum).clamp(0.0, 1.0)
}

/// Compares each variable, given as (name, earlier values, later values). Variables with fewer than 20 finite values
/// on either side are left out.
pub fn input_shift(variables: &[(String, Vec<f64>, Vec<f64>)]) -> Vec<InputShift> {
    let mut shifts: Vec<InputShift> = variables
        .iter()
        .filter_map(|(name, before, after)| compare(name, before, after))
        .collect();
    let p_values: Vec<f64> = shifts.iter().map(|s| s.ks_adjusted_p).collect();
    for (shift, adjusted) in shifts.iter_mut().zip(benjamini_hochberg(&p_values)) {
        shift.ks_adjusted_p = adjusted;
        shift.band = if adjusted < KS_LEVEL {
            psi_band(shift.psi)
        } else {
            ShiftBand::Stable
        };
    }
    shifts
}

fn compare(name: &str, before: &[f64], after: &[f64]) -> Option<InputShift> {
    let finite = |values: &[f64]| {
        sorted(
            &values
                .iter()
                .copied()
                .filter(|v| v.is_finite())
                .collect::<Vec<_>>(),
        )
    };
    let (before, after) = (finite(before), finite(after));
    if before.len() < MIN_SIDE || after.len() < MIN_SIDE {
        return None;
    }
    let edges = edges(&before, (before.len().min(after.len()) / 10).clamp(2, 10));
    let (ks_statistic, ks_p) = kolmogorov_smirnov(&before, &after);
    let (low, high) = (before[0], before[before.len() - 1]);
    let outside = after.iter().filter(|v| **v < low || **v > high).count();
    Some(InputShift {
        variable: name.to_owned(),
        psi: psi(&shares(&before, &edges), &shares(&after, &edges))?,
        ks_statistic,
        ks_adjusted_p: ks_p,
        band: ShiftBand::Stable,
        records_before: before.len(),
        records_after: after.len(),
        median_before: quantile_of_sorted(&before, 0.5)?,
        median_after: quantile_of_sorted(&after, 0.5)?,
        share_outside_range: outside as f64 / after.len() as f64,
    })
}

/// Inner edges of bins of equal share; equal edges fall together, and a single value gets a bin of its own.
fn edges(ordered: &[f64], bins: usize) -> Vec<f64> {
    let mut edges: Vec<f64> = (1..bins)
        .filter_map(|k| quantile_of_sorted(ordered, k as f64 / bins as f64))
        .collect();
    edges.dedup();
    if let [only] = edges[..]
        && ordered.first() == ordered.last()
    {
        edges.push(only.next_up());
    }
    edges
}

/// Share of the values in each of the bins `[..e0), [e0, e1), ..`.
fn shares(ordered: &[f64], edges: &[f64]) -> Vec<f64> {
    let n = ordered.len() as f64;
    let mut previous = 0;
    let mut shares: Vec<f64> = Vec::with_capacity(edges.len() + 1);
    for edge in edges {
        let below = ordered.partition_point(|v| v < edge);
        shares.push((below - previous) as f64 / n);
        previous = below;
    }
    shares.push((ordered.len() - previous) as f64 / n);
    shares
}

#[cfg(test)]
mod tests {
    use super::*;

    fn grid(from: f64, to: f64) -> Vec<f64> {
        (0..200)
            .map(|i| from + (to - from) * f64::from(i * 37 % 200) / 200.0)
            .collect()
    }

    #[test]
    fn the_same_distribution_is_stable_and_another_is_not() {
        let shifts = input_shift(&[
            ("N".into(), grid(0.0, 100.0), grid(0.0, 100.0)),
            ("pages".into(), grid(0.0, 100.0), grid(300.0, 500.0)),
        ]);
        assert_eq!(shifts[0].band, ShiftBand::Stable);
        assert_eq!(shifts[1].band, ShiftBand::Major);
        assert_eq!(shifts[1].share_outside_range, 1.0);
    }

    #[test]
    fn a_constant_that_moves_is_a_shift_and_one_that_stays_is_none() {
        let shifts = input_shift(&[
            ("stays".into(), vec![5.0; 50], vec![5.0; 50]),
            ("moves".into(), vec![5.0; 50], vec![9.0; 50]),
        ]);
        assert_eq!((shifts[0].psi, shifts[0].band), (0.0, ShiftBand::Stable));
        assert_eq!(shifts[1].band, ShiftBand::Major);
        assert!(shifts[1].psi.is_finite());
    }

    #[test]
    fn shares_of_nothing_are_refused() {
        assert_eq!(psi(&[], &[]), None);
        assert_eq!(psi(&[1.0], &[0.5, 0.5]), None);
        assert_eq!(psi(&[f64::NAN], &[1.0]), None);
        assert!(psi(&[1.0, 0.0], &[0.5, 0.5]).is_some_and(f64::is_finite));
        assert!(input_shift(&[("N".into(), vec![1.0; 3], vec![2.0; 3])]).is_empty());
    }
}
