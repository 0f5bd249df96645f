//! Times at equal inputs: what the estimate of each execution foretold is taken out (CUPED: Deng, Xu, Kohavi and
//! Walker 2013; with a prediction as covariate, CUPAC). Where inputs vary, most of the spread of the times is theirs, and
//! a difference of the versions shows in a fraction of the records. It also mends inputs that differ between the arms.

use super::arms::{ArmStats, PerArm};
use super::moments::{Joint, Moments};
use serde::Serialize;

/// Fewest pairs in each arm before a slope is fitted.
const FEWEST_PAIRS: u64 = 10;
/// An estimate is never followed farther than this.
const STEEPEST: f64 = 2.0;

/// How times were made comparable.
#[derive(Debug, Clone, Copy, Default, PartialEq, Serialize)]
pub struct EqualInputs {
    /// Outcomes with a time and an estimate that both versions share.
    pub outcomes: u64,
    /// Slope of ln time on ln estimate within the arms: by which power the times follow the estimates.
    pub slope: f64,
    /// Mean ln estimate of B less that of A.
    pub gap: f64,
    /// Its standard error.
    pub gap_error: f64,
}

impl EqualInputs {
    /// The same with the arms' names swapped.
    pub fn swapped(self) -> Self {
        Self {
            gap: -self.gap,
            ..self
        }
    }
}

/// The arms with their times at equal inputs, and how they were made so; as they are where no estimate tells.
///
/// The slope is fitted within both arms together, so that it knows nothing of their difference, and each ln time loses
/// slope times what its ln estimate is above the mean of both arms. Times without an estimate stay as they are.
pub fn at_equal_inputs(arms: &PerArm<ArmStats>) -> (PerArm<ArmStats>, Option<EqualInputs>) {
    let (a, b) = (arms.a.foretold, arms.b.foretold);
    let squares = a.squares_x + b.squares_x;
    if a.n.min(b.n) < FEWEST_PAIRS || squares <= 0.0 || arms.a.units.is_some() {
        return (*arms, None);
    }
    let slope = ((a.products + b.products) / squares).clamp(0.0, STEEPEST);
    let (n_a, n_b) = (a.n as f64, b.n as f64);
    let middle = (n_a * a.mean_x + n_b * b.mean_x) / (n_a + n_b);
    let variance = squares / (n_a + n_b - 2.0);
    let adjusted = arms.map(|arm| ArmStats {
        ln_time: adjusted(&arm.ln_time, &arm.foretold, slope, middle),
        ..arm
    });
    let inputs = EqualInputs {
        outcomes: a.n + b.n,
        slope,
        gap: b.mean_x - a.mean_x,
        gap_error: (variance * (1.0 / n_a + 1.0 / n_b)).sqrt(),
    };
    (adjusted, Some(inputs))
}

/// The moments of y - slope (x - middle), where x is as `joint` says for some values and `middle` for the others.
fn adjusted(y: &Moments, joint: &Joint, slope: f64, middle: f64) -> Moments {
    if y.n == 0 {
        return *y;
    }
    let (n, pairs) = (y.n as f64, joint.n as f64);
    let above = joint.mean_x - middle;
    let shift = pairs * above;
    let squares = joint.squares_x + pairs * above * above - shift * shift / n;
    let products = joint.products + pairs * (joint.mean_y - y.mean) * above;
    Moments {
        n: y.n,
        mean: y.mean - slope * shift / n,
        squared_deviations: (y.squared_deviations - 2.0 * slope * products
            + slope * slope * squares)
            .max(0.0),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn sums_give_what_the_values_give() {
        let pairs = [(1.0, 2.0), (2.0, 4.5), (4.0, 7.0), (3.0, 5.0)];
        let mut joint = Joint::default();
        pairs.iter().for_each(|(x, y)| joint.push(*x, *y));
        // one value more has no x
        let y = Moments::from_values(pairs.map(|(_, y)| y).into_iter().chain([6.0]));
        let (slope, middle) = (1.5, 2.2);
        let direct = pairs.map(|(x, y)| y - slope * (x - middle));
        let direct = Moments::from_values(direct.into_iter().chain([6.0]));
        let found = adjusted(&y, &joint, slope, middle);
        assert!((found.mean - direct.mean).abs() < 1e-12);
        assert!((found.squared_deviations - direct.squared_deviations).abs() < 1e-12);
    }

    #[test]
    fn the_difference_of_inputs_goes_and_that_of_the_versions_stays() {
        let arm = |from: u32, effect: f64| {
            let mut stats = ArmStats::default();
            for i in 0..100u32 {
                let x = f64::from(from + i * 37 % 100) / 20.0;
                let y = x + effect;
                stats.ln_time.push(y);
                stats.foretold.push(x, y);
            }
            stats
        };
        let arms = PerArm {
            a: arm(0, 0.0),
            b: arm(20, -0.1),
        };
        let (equal, inputs) = at_equal_inputs(&arms);
        let inputs = inputs.unwrap();
        assert!((inputs.slope - 1.0).abs() < 1e-12 && (inputs.gap - 1.0).abs() < 1e-12);
        assert!((equal.b.ln_time.mean - equal.a.ln_time.mean + 0.1).abs() < 1e-12);
        let (swapped, _) = at_equal_inputs(&arms.swapped());
        assert_eq!(swapped, equal.swapped());
        let (alone, none) = at_equal_inputs(&PerArm::default());
        assert_eq!((alone, none), (PerArm::default(), None));
    }
}
