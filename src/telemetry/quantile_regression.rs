//! Linear quantile regression: exactly the smallest pinball loss; least absolute deviations at the quantile 0.5.
//!
//! The smallest loss is reached at a fit that passes through as many points as it has coefficients (Koenker and
//! Bassett 1978). From one such fit the search moves along the edge that lowers the loss fastest to the lowest point
//! on it, a weighted median, until no edge goes down (Barrodale and Roberts 1973).

use super::linear::{Matrix, dot, invert};

/// Steps after which the search gives up improving further.
const MAX_STEPS: usize = 1_000;
/// Breaks ties between points on one line; relative to the largest value.
const PERTURBATION: f64 = 1e-10;

/// The pinball loss of one residual at `tau`: tau r above, (tau - 1) r below.
pub fn pinball(residual: f64, tau: f64) -> f64 {
    if residual >= 0.0 {
        tau * residual
    } else {
        (tau - 1.0) * residual
    }
}

/// The coefficients that minimise the pinball loss of y - X b at `tau` strictly between 0 and 1; `None` if there are
/// fewer points than columns, the columns are not independent or a value is not finite.
pub fn quantile_regression(x: &Matrix, y: &[f64], tau: f64) -> Option<Vec<f64>> {
    let (n, p) = (x.len(), x.width());
    if p == 0 || n < p || n != y.len() || !(tau > 0.0 && tau < 1.0) {
        return None;
    }
    if y.iter().chain(x.rows().flatten()).any(|v| !v.is_finite()) {
        return None;
    }
    let scales = x.scales();
    let inverse_scales: Vec<f64> = scales.iter().map(|s| 1.0 / s).collect();
    let mut scaled = Matrix::new(p);
    for row in x.rows() {
        scaled.push(
            &row.iter()
                .zip(&inverse_scales)
                .map(|(v, s)| v * s)
                .collect::<Vec<_>>(),
        );
    }
    let size = y.iter().fold(0.0_f64, |m, v| m.max(v.abs()));
    let moved: Vec<f64> = y
        .iter()
        .enumerate()
        .map(|(i, y)| y + PERTURBATION * size * spread(i))
        .collect();
    let basis = descend(&scaled, &moved, tau, first_basis(&scaled, &moved)?)?;
    let (inverse, _) = basis_inverse(&scaled, &basis)?;
    let values: Vec<f64> = basis.iter().map(|i| y[*i]).collect();
    Some(
        inverse
            .iter()
            .zip(&scales)
            .map(|(row, s)| dot(row, &values) / s)
            .collect(),
    )
}

/// A fixed number in 0..1 for each index, without pattern.
fn spread(index: usize) -> f64 {
    let mut z = (index as u64)
        .wrapping_add(1)
        .wrapping_mul(0x9E37_79B9_7F4A_7C15);
    z = (z ^ (z >> 30)).wrapping_mul(0xBF58_476D_1CE4_E5B9);
    z = (z ^ (z >> 27)).wrapping_mul(0x94D0_49BB_1331_11EB);
    ((z ^ (z >> 31)) >> 11) as f64 / (1u64 << 53) as f64
}

/// Independent rows near a least-squares fit.
fn first_basis(x: &Matrix, y: &[f64]) -> Option<Vec<usize>> {
    let mut weights = vec![1.0; y.len()];
    let mut fit = x.least_squares(y, &weights)?;
    let size = y.iter().fold(f64::MIN_POSITIVE, |m, v| m.max(v.abs()));
    for _ in 0..10 {
        for ((row, y), w) in x.rows().zip(y).zip(&mut weights) {
            *w = 1.0 / ((y - dot(row, &fit)).abs() / size).max(1e-6);
        }
        match x.least_squares(y, &weights) {
            Some(better) => fit = better,
            None => break,
        }
    }
    let mut order: Vec<usize> = (0..y.len()).collect();
    let distance: Vec<f64> = x
        .rows()
        .zip(y)
        .map(|(row, y)| (y - dot(row, &fit)).abs())
        .collect();
    order.sort_by(|a, b| distance[*a].total_cmp(&distance[*b]));
    // rows that are nearly parallel to those chosen are passed over, at first strictly
    [1e-3, 1e-6, 1e-9]
        .into_iter()
        .find_map(|limit| independent_rows(x, &order, limit))
}

/// The first rows in `order` that are independent: what remains of each after projection on the others is above `limit`.
fn independent_rows(x: &Matrix, order: &[usize], limit: f64) -> Option<Vec<usize>> {
    let mut basis = Vec::with_capacity(x.width());
    let mut directions: Vec<Vec<f64>> = Vec::with_capacity(x.width());
    for index in order {
        let mut rest = x.row(*index).to_vec();
        let length = dot(&rest, &rest).sqrt();
        for direction in &directions {
            let along = dot(&rest, direction);
            rest.iter_mut()
                .zip(direction)
                .for_each(|(r, d)| *r -= along * d);
        }
        let left = dot(&rest, &rest).sqrt();
        if left > limit * length && length > 0.0 {
            rest.iter_mut().for_each(|r| *r /= left);
            directions.push(rest);
            basis.push(*index);
            if basis.len() == x.width() {
                return Some(basis);
            }
        }
    }
    None
}

/// The inverse of the basis rows, each row scaled to length 1 for the sake of precision and the inverse scaled back.
fn basis_inverse(x: &Matrix, basis: &[usize]) -> Option<(Vec<Vec<f64>>, Vec<f64>)> {
    let lengths: Vec<f64> = basis
        .iter()
        .map(|i| dot(x.row(*i), x.row(*i)).sqrt())
        .collect();
    let rows: Vec<Vec<f64>> = basis
        .iter()
        .zip(&lengths)
        .map(|(i, length)| x.row(*i).iter().map(|v| v / length).collect())
        .collect();
    let mut inverse = invert(&rows)?;
    for row in &mut inverse {
        row.iter_mut()
            .zip(&lengths)
            .for_each(|(v, length)| *v /= length);
    }
    Some((inverse, lengths))
}

fn descend(x: &Matrix, y: &[f64], tau: f64, mut basis: Vec<usize>) -> Option<Vec<usize>> {
    let (n, p) = (x.len(), x.width());
    let mut in_basis = vec![false; n];
    basis.iter().for_each(|i| in_basis[*i] = true);
    let mut crossings: Vec<(f64, f64, usize)> = Vec::with_capacity(n);
    for _ in 0..MAX_STEPS {
        let (inverse, lengths) = basis_inverse(x, &basis)?;
        let values: Vec<f64> = basis.iter().map(|i| y[*i]).collect();
        let fit: Vec<f64> = inverse.iter().map(|row| dot(row, &values)).collect();
        let residuals: Vec<f64> = x.rows().zip(y).map(|(row, y)| y - dot(row, &fit)).collect();
        let mut gradient = vec![0.0; p];
        let mut total = 0.0;
        for (i, row) in x.rows().enumerate().filter(|(i, _)| !in_basis[*i]) {
            let slope = if residuals[i] > 0.0 { -tau } else { 1.0 - tau };
            gradient
                .iter_mut()
                .zip(row)
                .for_each(|(g, v)| *g += slope * v);
            total += dot(row, row).sqrt();
        }
        let mut steepest: Option<(f64, usize, f64)> = None;
        for leaving in 0..p {
            // a unit step along this column raises the fit at the leaving point by 1
            let along: f64 = (0..p).map(|k| gradient[k] * inverse[k][leaving]).sum();
            let column = (0..p)
                .map(|k| inverse[k][leaving].powi(2))
                .sum::<f64>()
                .sqrt();
            for (sign, own) in [(1.0, 1.0 - tau), (-1.0, tau)] {
                let slope = (sign * along + own) / column;
                let limit = -1e-11 * (total + lengths[leaving]);
                if slope < limit && steepest.is_none_or(|(best, _, _)| slope < best) {
                    steepest = Some((slope, leaving, sign));
                }
            }
        }
        let Some((_, leaving, sign)) = steepest else {
            return Some(basis);
        };
        let direction: Vec<f64> = (0..p).map(|k| sign * inverse[k][leaving]).collect();
        let own = if sign > 0.0 { 1.0 - tau } else { tau };
        let mut slope = dot(&gradient, &direction) + own;
        crossings.clear();
        for (i, row) in x.rows().enumerate().filter(|(i, _)| !in_basis[*i]) {
            let change = dot(row, &direction);
            let step = residuals[i] / change;
            if change != 0.0 && step > 0.0 && step.is_finite() {
                crossings.push((step, change.abs(), i));
            }
        }
        crossings.sort_unstable_by(|a, b| a.0.total_cmp(&b.0).then(a.2.cmp(&b.2)));
        let mut entering = None;
        for (_, change, index) in &crossings {
            slope += change;
            if slope >= 0.0 {
                entering = Some(*index);
                break;
            }
        }
        let Some(entering) = entering else {
            return Some(basis);
        };
        in_basis[basis[leaving]] = false;
        in_basis[entering] = true;
        basis[leaving] = entering;
    }
    Some(basis)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn loss(x: &Matrix, y: &[f64], fit: &[f64], tau: f64) -> f64 {
        x.times(fit)
            .iter()
            .zip(y)
            .map(|(f, y)| pinball(y - f, tau))
            .sum()
    }

    #[test]
    fn a_constant_is_fitted_by_the_quantile() {
        let mut x = Matrix::new(1);
        let y: Vec<f64> = (1..=11).map(f64::from).collect();
        y.iter().for_each(|_| x.push(&[1.0]));
        let near = |fit: Option<Vec<f64>>, expected: f64| (fit.unwrap()[0] - expected).abs() < 1e-9;
        assert!(near(quantile_regression(&x, &y, 0.5), 6.0));
        assert!(near(quantile_regression(&x, &y, 0.9), 10.0));
    }

    #[test]
    fn degenerate_designs_have_no_fit() {
        assert!(quantile_regression(&Matrix::new(2), &[], 0.5).is_none());
        assert!(quantile_regression(&Matrix::line(&[3.0; 10]), &[1.0; 10], 0.5).is_none());
        assert!(quantile_regression(&Matrix::line(&[1.0, 2.0]), &[1.0, f64::NAN], 0.5).is_none());
    }

    #[test]
    fn exact_lines_and_ties_are_no_trouble() {
        let x: Vec<f64> = (0..50).map(|i| f64::from(i / 5)).collect();
        let y: Vec<f64> = x.iter().map(|x| 3.0 + 2.0 * x).collect();
        let fit = quantile_regression(&Matrix::line(&x), &y, 0.5).unwrap();
        assert!((fit[0] - 3.0).abs() < 1e-9 && (fit[1] - 2.0).abs() < 1e-9);
    }

    proptest::proptest! {
        #[test]
        fn no_line_through_two_points_is_better(
            points in proptest::collection::vec((0i32..40, 0i32..100), 3..14),
            tau in 0.05f64..0.95,
        ) {
            let x: Vec<f64> = points.iter().map(|p| f64::from(p.0)).collect();
            let y: Vec<f64> = points.iter().map(|p| f64::from(p.1)).collect();
            let design = Matrix::line(&x);
            if let Some(fit) = quantile_regression(&design, &y, tau) {
                let reached = loss(&design, &y, &fit, tau);
                for i in 0..x.len() {
                    for j in 0..i {
                        if x[i] != x[j] {
                            let slope = (y[i] - y[j]) / (x[i] - x[j]);
                            let other = loss(&design, &y, &[y[i] - slope * x[i], slope], tau);
                            proptest::prop_assert!(reached <= other + 1e-6);
                        }
                    }
                }
            }
        }
    }
}
