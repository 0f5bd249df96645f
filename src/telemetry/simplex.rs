//! The downhill simplex search (Nelder and Mead 1965), for the few estimates that bend in their constants.

/// Lowers `loss` from `start` with first steps of `step`, in at most `rounds` rounds.
pub(super) fn minimise(
    loss: &dyn Fn(&[f64]) -> f64,
    start: &[f64],
    step: f64,
    rounds: usize,
) -> Vec<f64> {
    let n = start.len();
    let mut corners: Vec<(f64, Vec<f64>)> = (0..=n)
        .map(|k| {
            let mut corner = start.to_vec();
            if k > 0 {
                corner[k - 1] += step;
            }
            (loss(&corner), corner)
        })
        .collect();
    for _ in 0..rounds {
        corners.sort_by(|a, b| a.0.total_cmp(&b.0));
        let (best, worst) = (corners[0].0, corners[n].0);
        if (worst - best).abs() <= 1e-10 * (best.abs() + 1e-10) {
            break;
        }
        let centre: Vec<f64> = (0..n)
            .map(|i| corners[..n].iter().map(|c| c.1[i]).sum::<f64>() / n as f64)
            .collect();
        let away = |factor: f64| -> (f64, Vec<f64>) {
            let point: Vec<f64> = centre
                .iter()
                .zip(&corners[n].1)
                .map(|(c, w)| c + factor * (c - w))
                .collect();
            (loss(&point), point)
        };
        let reflected = away(1.0);
        let next = if reflected.0 < best {
            let expanded = away(2.0);
            if expanded.0 < reflected.0 {
                expanded
            } else {
                reflected
            }
        } else if reflected.0 < corners[n - 1].0 {
            reflected
        } else {
            let inside = away(if reflected.0 < worst { 0.5 } else { -0.5 });
            if inside.0 >= worst.min(reflected.0) {
                let nearest = corners[0].1.clone();
                for corner in &mut corners[1..] {
                    for (v, b) in corner.1.iter_mut().zip(&nearest) {
                        *v = 0.5 * (*v + b);
                    }
                    corner.0 = loss(&corner.1);
                }
                continue;
            }
            inside
        };
        corners[n] = next;
    }
    corners
        .into_iter()
        .min_by(|a, b| a.0.total_cmp(&b.0))
        .map_or_else(|| start.to_vec(), |c| c.1)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn finds_the_bottom_of_a_valley() {
        let valley = |p: &[f64]| (p[0] - 1.0).powi(2) + 10.0 * (p[1] - p[0] * p[0]).powi(2);
        let found = minimise(&valley, &[-1.0, 2.0], 0.3, 500);
        assert!((found[0] - 1.0).abs() < 1e-3 && (found[1] - 1.0).abs() < 1e-3);
    }
}
