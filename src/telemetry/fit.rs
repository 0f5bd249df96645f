//! Fitting the free constants of a linear design, no term of the wrong sign, and how sure each constant is.

use super::linear::Matrix;
use super::quantile_regression::pinball;
use super::refit::Estimator;
use super::robust::{HUBER_C, huber, relative_quantile, theil_sen};
use crate::statistics::{
    Interval, normal_density, normal_quantile, quantile_of_sorted, robust_scale, sorted,
};

/// Rounds in which the weights are taken from the fit before.
const REWEIGHTINGS: usize = 2;

/// How a design is fitted.
#[derive(Debug, Clone, Copy)]
pub(super) struct Method {
    /// The estimator.
    pub estimator: Estimator,
    /// The quantile that is estimated; 0.5 but on request.
    pub tau: f64,
}

impl Method {
    /// Whether the mean is estimated, and not a quantile.
    pub fn is_mean(self) -> bool {
        self.estimator == Estimator::RelativeLeastSquares
    }

    /// The loss of ln(actual / estimate) whose mean is smallest at what is estimated: half the gamma deviance for the
    /// mean (McCullagh and Nelder 1989), else the pinball loss.
    pub fn loss(self, logarithm: f64) -> f64 {
        if self.is_mean() {
            logarithm.exp_m1() - logarithm
        } else {
            2.0 * pinball(logarithm, self.tau)
        }
    }
}

/// Fits `offset + X b` to `y`; `reference` is a positive level per record by which deviations are divided, replaced
/// by the fit itself in further rounds. Coefficients keep their `signs`. `None` if the data do not determine a fit.
pub(super) fn fit(
    x: &Matrix,
    offset: &[f64],
    signs: &[f64],
    y: &[f64],
    reference: &[f64],
    method: Method,
) -> Option<Vec<f64>> {
    let target: Vec<f64> = y.iter().zip(offset).map(|(y, o)| y - o).collect();
    let mut reference = reference.to_vec();
    let mut fitted = None;
    for _ in 0..=REWEIGHTINGS {
        let coefficients = fit_with_signs(x, &target, signs, &reference, method)?;
        for ((reference, value), offset) in
            reference.iter_mut().zip(x.times(&coefficients)).zip(offset)
        {
            let level = value + offset;
            // a fit far below its first level gets no endless weight
            if level > 0.1 * *reference && level.is_finite() {
                *reference = level;
            }
        }
        fitted = Some(coefficients);
    }
    fitted
}

/// Fits with the columns whose coefficient would have the wrong sign taken out, the worst first.
fn fit_with_signs(
    x: &Matrix,
    y: &[f64],
    signs: &[f64],
    reference: &[f64],
    method: Method,
) -> Option<Vec<f64>> {
    let scales = x.scales();
    let mut active: Vec<usize> = (0..x.width()).collect();
    loop {
        let mut coefficients = vec![0.0; x.width()];
        if active.is_empty() {
            return Some(coefficients);
        }
        let fitted = fit_once(&x.select_columns(&active), y, reference, method)?;
        if fitted.iter().any(|c| !c.is_finite()) {
            return None;
        }
        for (column, value) in active.iter().zip(fitted) {
            coefficients[*column] = value;
        }
        let contribution = |c: &usize| coefficients[*c] * signs[*c] * scales[*c];
        let worst = active
            .iter()
            .copied()
            .filter(|c| contribution(c) < 0.0)
            .min_by(|a, b| contribution(a).total_cmp(&contribution(b)));
        match worst {
            Some(worst) => active.retain(|c| *c != worst),
            None => return Some(coefficients),
        }
    }
}

fn fit_once(x: &Matrix, y: &[f64], reference: &[f64], method: Method) -> Option<Vec<f64>> {
    let weights: Vec<f64> = reference.iter().map(|r| 1.0 / r).collect();
    match method.estimator {
        Estimator::RelativeLad => relative_quantile(x, y, reference, method.tau),
        Estimator::Huber => {
            let scaled: Vec<f64> = y.iter().zip(&weights).map(|(y, w)| y * w).collect();
            huber(&x.weighted(&weights), &scaled, HUBER_C).map(|fit| fit.coefficients)
        }
        Estimator::RelativeLeastSquares => {
            let squared: Vec<f64> = weights.iter().map(|w| w * w).collect();
            x.least_squares(y, &squared)
        }
        Estimator::TheilSen => match straight_line(x) {
            Some((level, values, ones, slope)) => {
                let line = theil_sen(&values, y, 0.95)?;
                let mut coefficients = vec![0.0; 2];
                coefficients[ones] = line.intercept / level;
                coefficients[slope] = line.slope;
                Some(coefficients)
            }
            // slopes between pairs exist for one variable only
            None => relative_quantile(x, y, reference, method.tau),
        },
    }
}

/// The constant column's value, the other column, and the positions of both, where X is a straight line.
fn straight_line(x: &Matrix) -> Option<(f64, Vec<f64>, usize, usize)> {
    if x.width() != 2 || x.is_empty() {
        return None;
    }
    let constant = |c: usize| x.rows().all(|row| row[c] == x.row(0)[c]) && x.row(0)[c] != 0.0;
    let ones = (0..2).find(|c| constant(*c))?;
    let slope = 1 - ones;
    Some((
        x.row(0)[ones],
        x.rows().map(|row| row[slope]).collect(),
        ones,
        slope,
    ))
}

/// Intervals of the coefficients from the spread of the relative residuals u = y / fitted - 1. For a quantile the
/// variance is tau (1 - tau) s^2 (Z'Z)^-1 where Z = X / fitted and s is the sparsity, the slope of the quantile
/// function of u, over the bandwidth of Hall and Sheather (1988); else sigma^2 (Z'Z)^-1 with a robust sigma. `None`
/// where the data do not determine them.
pub(super) fn intervals(
    x: &Matrix,
    fitted: &[f64],
    y: &[f64],
    coefficients: &[f64],
    method: Method,
    level: f64,
) -> Option<Vec<Interval>> {
    let active: Vec<usize> = (0..x.width()).filter(|c| coefficients[*c] != 0.0).collect();
    if fitted.iter().any(|f| !(*f > 0.0 && f.is_finite())) {
        return None;
    }
    let weights: Vec<f64> = fitted.iter().map(|f| 1.0 / (f * f)).collect();
    let used = x.select_columns(&active);
    let scales = used.scales();
    let mut unit = Matrix::new(used.width());
    for row in used.rows() {
        unit.push(
            &row.iter()
                .zip(&scales)
                .map(|(v, s)| v / s)
                .collect::<Vec<_>>(),
        );
    }
    let inverse = super::linear::invert(&unit.cross(&weights))?;
    let u: Vec<f64> = y.iter().zip(fitted).map(|(y, f)| y / f - 1.0).collect();
    let spread = match method.estimator {
        Estimator::RelativeLad => {
            (method.tau * (1.0 - method.tau)).sqrt() * sparsity(&sorted(&u), method.tau)?
        }
        // the error of a mean is that of all values, the far ones too
        Estimator::RelativeLeastSquares => {
            (u.iter().map(|u| u * u).sum::<f64>() / u.len().max(1) as f64).sqrt()
        }
        _ => robust_scale(&u, 0.0).unwrap_or(0.0),
    };
    let z = normal_quantile(0.5 + level / 2.0);
    let mut intervals: Vec<Interval> = coefficients
        .iter()
        .map(|c| Interval {
            low: *c,
            high: *c,
            level,
        })
        .collect();
    for (position, column) in active.into_iter().enumerate() {
        let error = inverse[position][position].max(0.0).sqrt() * spread / scales[position];
        let value = coefficients[column];
        let (low, high) = (value - z * error, value + z * error);
        // the sign is given
        let (low, high) = if value > 0.0 {
            (low.max(0.0), high)
        } else {
            (low, high.min(0.0))
        };
        if !(low.is_finite() && high.is_finite()) {
            return None;
        }
        intervals[column] = Interval { low, high, level };
    }
    Some(intervals)
}

/// The slope of the quantile function at `tau`, by a difference over the bandwidth of Hall and Sheather.
fn sparsity(ordered: &[f64], tau: f64) -> Option<f64> {
    let n = ordered.len() as f64;
    let z = normal_quantile(tau);
    let bandwidth = n.powf(-1.0 / 3.0)
        * normal_quantile(0.975).powf(2.0 / 3.0)
        * (1.5 * normal_density(z).powi(2) / (2.0 * z * z + 1.0)).powf(1.0 / 3.0);
    let (low, high) = ((tau - bandwidth).max(0.01), (tau + bandwidth).min(0.99));
    let difference = quantile_of_sorted(ordered, high)? - quantile_of_sorted(ordered, low)?;
    (high > low).then(|| difference / (high - low))
}

/// The value with the fewest significant digits, two or more, that stays within a quarter of the way from `value` to
/// the nearer end of its interval; three digits without an interval.
pub(super) fn round_within(value: f64, interval: Option<&Interval>) -> f64 {
    if value == 0.0 || !value.is_finite() {
        return value;
    }
    let Some(interval) = interval else {
        return significant(value, 3);
    };
    let reach = (value - interval.low).min(interval.high - value).max(0.0) / 4.0;
    (2..=8)
        .map(|digits| significant(value, digits))
        .find(|rounded| (rounded - value).abs() <= reach)
        .unwrap_or_else(|| significant(value, 8))
}

/// The value rounded to a number of significant decimal digits.
fn significant(value: f64, digits: usize) -> f64 {
    format!("{value:.*e}", digits.saturating_sub(1))
        .parse()
        .unwrap_or(value)
}

#[cfg(test)]
mod tests {
    use super::*;

    const METHOD: Method = Method {
        estimator: Estimator::RelativeLad,
        tau: 0.5,
    };

    #[test]
    fn rounding_stays_near() {
        let interval = |low, high| Interval {
            low,
            high,
            level: 0.95,
        };
        assert_eq!(
            round_within(1483.2, Some(&interval(1440.0, 1526.0))),
            1480.0
        );
        assert_eq!(round_within(0.9123, Some(&interval(0.89, 0.935))), 0.91);
        assert_eq!(round_within(1483.2, None), 1480.0);
        assert_eq!(round_within(0.0, None), 0.0);
        assert_eq!(
            round_within(1234.5678, Some(&interval(1234.5678, 1234.5678))),
            1234.5678
        );
    }

    #[test]
    fn a_slope_that_would_be_negative_is_zero() {
        let x: Vec<f64> = (0..50).map(f64::from).collect();
        let y: Vec<f64> = x.iter().map(|x| 1000.0 - 3.0 * x).collect();
        for estimator in [
            Estimator::RelativeLad,
            Estimator::Huber,
            Estimator::TheilSen,
            Estimator::RelativeLeastSquares,
        ] {
            let method = Method {
                estimator,
                tau: 0.5,
            };
            let fitted = fit(
                &Matrix::line(&x),
                &[0.0; 50],
                &[1.0; 2],
                &y,
                &[1.0; 50],
                method,
            )
            .unwrap();
            assert_eq!(fitted[1], 0.0);
            assert!((850.0..1000.0).contains(&fitted[0]));
        }
    }

    #[test]
    fn an_exact_line_has_narrow_intervals() {
        let x: Vec<f64> = (0..50).map(f64::from).collect();
        let y: Vec<f64> = x.iter().map(|x| 10.0 + 3.0 * x).collect();
        let design = Matrix::line(&x);
        let fitted = fit(&design, &[0.0; 50], &[1.0; 2], &y, &[1.0; 50], METHOD).unwrap();
        let values = design.times(&fitted);
        let found = intervals(&design, &values, &y, &fitted, METHOD, 0.95).unwrap();
        assert!((fitted[1] - 3.0).abs() < 1e-9 && found[1].high - found[1].low < 1e-6);
    }
}
