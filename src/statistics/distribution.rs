//! Tails and quantiles of the normal, Student and binomial distributions, for any arguments.

use std::f64::consts::PI;

use super::special;

/// The density of the standard normal at `z`.
pub fn normal_density(z: f64) -> f64 {
    (-0.5 * z * z).exp() / (2.0 * PI).sqrt()
}

/// P(Z > z) of the standard normal.
pub fn normal_upper_tail(z: f64) -> f64 {
    special::normal_upper(z)
}

/// The quantile of the standard normal at `level` strictly between 0 and 1.
pub fn normal_quantile(level: f64) -> f64 {
    -special::normal_quantile_upper(level.clamp(1e-300, 1.0 - 1e-16))
}

/// P(|T| > |t|) of Student's distribution with `degrees` of freedom; 1 if either is not a number.
pub fn student_two_sided(t: f64, degrees: f64) -> f64 {
    if t.is_nan() || degrees.is_nan() || degrees <= 0.0 {
        return 1.0;
    }
    special::student_two_sided(t, degrees).clamp(0.0, 1.0)
}

/// The quantile of Student's distribution at `level` strictly between 0 and 1 with `degrees` of freedom.
pub fn student_quantile(level: f64, degrees: f64) -> f64 {
    let upper = special::student_quantile_upper(level.min(1.0 - level), degrees);
    upper.copysign(level - 0.5)
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
    let (a, b) = (successes as f64, (trials - successes + 1) as f64);
    special::ln_beta_tails(a, b, p, 1.0 - p).0.exp()
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
