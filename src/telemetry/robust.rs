//! Robust regression: lines by medians of slopes, and Huber's M-estimate.

use serde::Serialize;

use super::linear::{Matrix, dot};
use super::quantile_regression::quantile_regression;
use crate::statistics::{
    Interval, ROBUST_NORMAL, median, median_of_sorted, normal_quantile, sorted,
};

/// Huber's tuning constant: 95 % efficiency where the errors are normal.
pub const HUBER_C: f64 = 1.345;
/// Above this many points, slopes are taken between as many points drawn evenly over the whole.
pub const MAX_SLOPE_POINTS: usize = 1_000;

/// A straight line by medians of slopes.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Line {
    /// Value at 0: median(y) - slope median(x).
    pub intercept: f64,
    /// Change of y for 1 more of x.
    pub slope: f64,
    /// Interval of the slope (Sen 1968); absent if it cannot be computed.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub slope_interval: Option<Interval>,
}

/// A Huber fit.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct HuberFit {
    /// The coefficients in the order of the columns.
    pub coefficients: Vec<f64>,
    /// The scale of the residuals: median |residual| / 0.6745.
    pub scale: f64,
}

/// The positions of at most `limit` of `n` records: one drawn from each of `limit` equal stretches, always the same.
pub fn subsample(n: usize, limit: usize) -> Vec<usize> {
    if n <= limit {
        return (0..n).collect();
    }
    let mut state = 0x2545_F491_4F6C_DD1D_u64;
    (0..limit)
        .map(|k| {
            state ^= state << 13;
            state ^= state >> 7;
            state ^= state << 17;
            let (start, end) = (k * n / limit, (k + 1) * n / limit);
            start + (state % (end - start) as u64) as usize
        })
        .collect()
}

/// The Theil-Sen line: the median of the slopes between all pairs of points (Theil 1950), with Sen's interval at
/// `level`. `None` if x does not vary or a value is not finite. Above 1,000 points a fixed draw of 1,000.
pub fn theil_sen(x: &[f64], y: &[f64], level: f64) -> Option<Line> {
    let (x, y) = drawn(x, y)?;
    let n = x.len();
    let mut slopes = Vec::with_capacity(n * n.saturating_sub(1) / 2);
    for i in 0..n {
        for j in 0..i {
            if x[i] != x[j] {
                slopes.push((y[i] - y[j]) / (x[i] - x[j]));
            }
        }
    }
    slopes.sort_unstable_by(f64::total_cmp);
    let slope = median_of_sorted(&slopes).filter(|s| s.is_finite())?;
    Some(Line {
        intercept: median(&y)? - slope * median(&x)?,
        slope,
        slope_interval: sen_interval(&slopes, &x, &y, level),
    })
}

/// Sen's interval: the order statistics of the slopes at Kendall's S, its variance corrected for ties.
fn sen_interval(slopes: &[f64], x: &[f64], y: &[f64], level: f64) -> Option<Interval> {
    let n = x.len() as f64;
    let tied = |values: &[f64]| -> f64 {
        let ordered = sorted(values);
        ordered
            .chunk_by(|a, b| a == b)
            .map(|run| run.len() as f64)
            .map(|k| k * (k - 1.0) * (2.0 * k + 5.0))
            .sum()
    };
    let variance = (n * (n - 1.0) * (2.0 * n + 5.0) - tied(x) - tied(y)) / 18.0;
    let reach = normal_quantile(0.5 + level / 2.0) * variance.max(0.0).sqrt();
    let count = slopes.len() as f64;
    let lower = (((count - reach) / 2.0).round_ties_even() - 1.0).max(0.0) as usize;
    let upper = ((count + reach) / 2.0)
        .round_ties_even()
        .clamp(0.0, count - 1.0) as usize;
    let (low, high) = (*slopes.get(lower)?, *slopes.get(upper)?);
    Some(Interval { low, high, level })
}

/// Siegel's repeated medians: the median over the points of the median slope from each to the others (Siegel 1982).
/// `None` if x does not vary or a value is not finite. Above 1,000 points a fixed draw of 1,000.
pub fn siegel(x: &[f64], y: &[f64]) -> Option<Line> {
    let (x, y) = drawn(x, y)?;
    let mut medians = Vec::with_capacity(x.len());
    let mut slopes = Vec::with_capacity(x.len());
    for i in 0..x.len() {
        slopes.clear();
        slopes.extend(
            (0..x.len())
                .filter(|j| x[*j] != x[i])
                .map(|j| (y[j] - y[i]) / (x[j] - x[i])),
        );
        medians.extend(median(&slopes));
    }
    let slope = median(&medians).filter(|s| s.is_finite())?;
    Some(Line {
        intercept: median(&y)? - slope * median(&x)?,
        slope,
        slope_interval: None,
    })
}

fn drawn(x: &[f64], y: &[f64]) -> Option<(Vec<f64>, Vec<f64>)> {
    if x.len() != y.len() || x.iter().chain(y).any(|v| !v.is_finite()) {
        return None;
    }
    let chosen = subsample(x.len(), MAX_SLOPE_POINTS);
    Some((
        chosen.iter().map(|i| x[*i]).collect(),
        chosen.iter().map(|i| y[*i]).collect(),
    ))
}

/// Huber's M-estimate (Huber 1981) by reweighted least squares, the scale estimated again in each round. `None`
/// where the columns are not independent or a value is not finite.
pub fn huber(x: &Matrix, y: &[f64], c: f64) -> Option<HuberFit> {
    if x.is_empty()
        || x.len() != y.len()
        || y.iter().chain(x.rows().flatten()).any(|v| !v.is_finite())
    {
        return None;
    }
    let mut weights = vec![1.0; y.len()];
    let mut fit = x.least_squares(y, &weights)?;
    let largest = y.iter().fold(0.0_f64, |m, v| m.max(v.abs()));
    let mut scale = 0.0;
    for _ in 0..500 {
        let distances: Vec<f64> = x
            .rows()
            .zip(y)
            .map(|(row, y)| (y - dot(row, &fit)).abs())
            .collect();
        scale = median(&distances)? / ROBUST_NORMAL;
        if scale <= 1e-12 * largest {
            // more than half of the points are met exactly: least absolute deviations is the limit
            let coefficients = quantile_regression(x, y, 0.5).unwrap_or(fit);
            return Some(HuberFit {
                coefficients,
                scale: 0.0,
            });
        }
        for (w, d) in weights.iter_mut().zip(&distances) {
            *w = (c * scale / d.max(f64::MIN_POSITIVE)).min(1.0);
        }
        let next = x.least_squares(y, &weights)?;
        let settled = next
            .iter()
            .zip(&fit)
            .all(|(a, b)| (a - b).abs() <= 1e-12 * (a.abs() + b.abs()));
        fit = next;
        if settled {
            break;
        }
    }
    Some(HuberFit {
        coefficients: fit,
        scale,
    })
}

/// Relative least absolute deviations: minimises sum |y - X b| / reference, an exact minimum. The reference is a
/// level of each record (its estimate), not its own y: dividing by y would pull the fit below the median.
pub fn relative_lad(x: &Matrix, y: &[f64], reference: &[f64]) -> Option<Vec<f64>> {
    relative_quantile(x, y, reference, 0.5)
}

/// Relative quantile regression: minimises the pinball loss of (y - X b) / reference at `tau`.
pub fn relative_quantile(x: &Matrix, y: &[f64], reference: &[f64], tau: f64) -> Option<Vec<f64>> {
    if reference.len() != y.len() || reference.iter().any(|r| r.is_nan() || *r <= 0.0) {
        return None;
    }
    let weights: Vec<f64> = reference.iter().map(|r| 1.0 / r).collect();
    let scaled: Vec<f64> = y.iter().zip(&weights).map(|(y, w)| y * w).collect();
    quantile_regression(&x.weighted(&weights), &scaled, tau)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lines_survive_outliers_and_refuse_constant_inputs() {
        let x: Vec<f64> = (0..40).map(f64::from).collect();
        let mut y: Vec<f64> = x.iter().map(|x| 5.0 + 2.0 * x).collect();
        y[39] = 1e6;
        for line in [theil_sen(&x, &y, 0.95), siegel(&x, &y)] {
            let line = line.unwrap();
            assert!((line.slope - 2.0).abs() < 1e-9 && (line.intercept - 5.0).abs() < 1e-9);
        }
        let fit = huber(&Matrix::line(&x), &y, HUBER_C).unwrap();
        assert!((fit.coefficients[1] - 2.0).abs() < 0.1);
        assert!(theil_sen(&[1.0; 5], &[1.0; 5], 0.95).is_none());
        assert!(siegel(&[1.0; 5], &[1.0; 5]).is_none());
        assert!(theil_sen(&[], &[], 0.95).is_none());
        assert!(huber(&Matrix::line(&[1.0; 5]), &[1.0; 5], HUBER_C).is_none());
    }

    #[test]
    fn a_draw_is_even_and_always_the_same() {
        let chosen = subsample(100_000, 1_000);
        assert_eq!(chosen, subsample(100_000, 1_000));
        assert!(chosen.windows(2).all(|w| w[0] < w[1]));
        assert_eq!(subsample(3, 10), [0, 1, 2]);
    }
}
