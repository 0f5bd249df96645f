//! Tails and quantiles of the normal, Student and binomial distributions.

use statrs::function::beta::beta_reg;
use statrs::function::erf::{erfc, erfc_inv};
use std::f64::consts::{PI, SQRT_2};

/// Beyond this many degrees of freedom Student's distribution is taken from its normal expansion.
const LARGE_DEGREES: f64 = 10_000.0;

/// The density of the standard normal at `z`.
pub fn normal_density(z: f64) -> f64 {
    (-0.5 * z * z).exp() / (2.0 * PI).sqrt()
}

/// P(Z > z) of the standard normal.
pub fn normal_upper_tail(z: f64) -> f64 {
    0.5 * erfc(z / SQRT_2)
}

/// The quantile of the standard normal at `level` strictly between 0 and 1.
pub fn normal_quantile(level: f64) -> f64 {
    -SQRT_2 * erfc_inv(2.0 * level.clamp(1e-300, 1.0 - 1e-16))
}

/// P(|T| > |t|) of Student's distribution with `degrees` of freedom: the regularised incomplete beta function
/// I(v / (v + t^2); v/2, 1/2). Above 10,000 degrees the normal tail at
/// z = t (1 - 1/(4v)) / sqrt(1 + t^2/(2v)) (Abramowitz and Stegun 26.7.8).
pub fn student_two_sided(t: f64, degrees: f64) -> f64 {
    let t = t.abs();
    if t.is_nan() || degrees.is_nan() || degrees <= 0.0 {
        return 1.0;
    }
    if t.is_infinite() {
        return 0.0;
    }
    if degrees > LARGE_DEGREES {
        let z = t * (1.0 - 0.25 / degrees) / (1.0 + t / degrees * t / 2.0).sqrt();
        return (2.0 * normal_upper_tail(z)).min(1.0);
    }
    let x = degrees / (degrees + t * t);
    if x <= 0.0 {
        return 0.0;
    }
    beta_reg(degrees / 2.0, 0.5, x.min(1.0)).clamp(0.0, 1.0)
}

/// The quantile of Student's distribution at `level` strictly between 0 and 1 with `degrees` of freedom, by
/// bisection on the tail; the normal expansion z + (z^3 + z) / (4v) above 10,000 degrees.
pub fn student_quantile(level: f64, degrees: f64) -> f64 {
    let z = normal_quantile(level);
    if degrees > LARGE_DEGREES {
        return z + (z.powi(3) + z) / (4.0 * degrees);
    }
    let tail = 2.0 * level.min(1.0 - level);
    let (mut low, mut high) = (0.0, 1.0);
    while student_two_sided(high, degrees) > tail && high < 1e300 {
        low = high;
        high *= 2.0;
    }
    for _ in 0..200 {
        let middle = 0.5 * (low + high);
        if middle <= low || middle >= high {
            break;
        }
        if student_two_sided(middle, degrees) > tail {
            low = middle;
        } else {
            high = middle;
        }
    }
    high.copysign(level - 0.5)
}

/// P(X >= `successes`) where X counts successes among `trials` at probability `p`, exactly:
/// I(p; x, n - x + 1).
pub fn binomial_at_least(successes: u64, trials: u64, p: f64) -> f64 {
    if successes == 0 {
        return 1.0;
    }
    if successes > trials || p.is_nan() || p <= 0.0 {
        return 0.0;
    }
    if p >= 1.0 {
        return 1.0;
    }
    beta_reg(successes as f64, (trials - successes + 1) as f64, p).clamp(0.0, 1.0)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn close(got: f64, expected: f64, tolerance: f64) {
        assert!(
            (got - expected).abs() <= tolerance * expected.abs(),
            "{got} is not {expected}"
        );
    }

    #[test]
    fn published_values() {
        close(normal_quantile(0.975), 1.959_963_984_540_054, 1e-12);
        close(normal_upper_tail(6.0), 9.865_876_450_376_98e-10, 1e-9);
        close(student_two_sided(2.228_138_851_964_938_6, 10.0), 0.05, 1e-9);
        close(student_quantile(0.975, 10.0), 2.228_138_851_964_938_6, 1e-9);
        close(
            student_quantile(0.025, 10.0),
            -2.228_138_851_964_938_6,
            1e-9,
        );
        close(
            binomial_at_least(5, 20, 0.05),
            0.002_573_940_334_652_279_2,
            1e-9,
        );
    }

    #[test]
    fn large_degrees_join_without_a_step() {
        let below = student_two_sided(3.0, 9_999.9);
        close(student_two_sided(3.0, 10_000.1), below, 1e-5);
        close(
            student_quantile(0.99, 10_001.0),
            student_quantile(0.99, 9_999.0),
            1e-6,
        );
    }

    #[test]
    fn edges_are_finite() {
        assert_eq!(student_two_sided(f64::INFINITY, 5.0), 0.0);
        assert_eq!(student_two_sided(f64::NAN, 5.0), 1.0);
        assert_eq!(binomial_at_least(0, 0, 0.5), 1.0);
        assert_eq!(binomial_at_least(3, 2, 0.5), 0.0);
        assert!(student_two_sided(1e200, 5e4).is_finite());
    }
}
