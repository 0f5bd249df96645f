//! Distribution tails and quantiles, accurate far into the tails and for very large counts.
//!
//! statrs has the error function and the gamma function; its incomplete beta stops after a fixed
//! number of steps, so that and everything built on it is computed here, on the log scale.

use statrs::distribution::{ContinuousCDF, Normal};
use statrs::function::{erf::erfc, gamma::ln_gamma};

const HALF_LN_TWO_PI: f64 = 0.918_938_533_204_672_8;
/// Above this many degrees of freedom Student's quantile is the normal one with its first corrections.
const NORMAL_EXPANSION_DF: f64 = 10_000.0;
const MAX_STEPS: u32 = 2_000_000;

/// The error of Stirling's formula: ln Γ(x) - [(x - 1/2) ln x - x + ln √(2π)], for x > 0.
pub fn stirling_error(x: f64) -> f64 {
    if x < 15.0 {
        return ln_gamma(x) - ((x - 0.5) * x.ln() - x + HALF_LN_TWO_PI);
    }
    let y = 1.0 / (x * x);
    let series = 1.0 / 1680.0 - y * (1.0 / 1188.0 - y * (691.0 / 360_360.0));
    (1.0 / 12.0 - y * (1.0 / 360.0 - y * (1.0 / 1260.0 - y * series))) / x
}

/// ln of `pa^a pb^b / B(a, b)` for `pa + pb = 1` (Loader's saddle-point form: no large terms cancel).
///
/// Symmetric: swapping (a, pa) with (b, pb) gives the same value to the last bit.
pub fn ln_beta_kernel(a: f64, b: f64, pa: f64, pb: f64) -> f64 {
    let total = a + b;
    0.5 * (a / total * b).ln()
        - HALF_LN_TWO_PI
        - (deviance(a, b, pa, pb) + deviance(b, a, pb, pa))
        - (stirling_error(a) + stirling_error(b) - stirling_error(total))
}

/// x ln(x / (total p)), with total p - x written so that it stays accurate near zero.
fn deviance(x: f64, other: f64, p: f64, q: f64) -> f64 {
    if p == 0.0 {
        return f64::INFINITY;
    }
    x * ((x * q - other * p) / ((x + other) * p)).ln_1p()
}

/// ln B(a, b), for a, b > 0. Symmetric in its arguments.
pub fn ln_beta(a: f64, b: f64) -> f64 {
    let total = a + b;
    let part = |x: f64, y: f64| (x - 0.5) * -(y / x).ln_1p();
    HALF_LN_TWO_PI - 0.5 * total.ln()
        + (part(a, b) + part(b, a))
        + (stirling_error(a) + stirling_error(b))
        - stirling_error(total)
}

/// ln of the lower and of the upper tail of Beta(a, b) at x, where `y = 1 - x` is given separately.
///
/// The continued fraction of the incomplete beta function (Numerical Recipes 6.4, modified Lentz).
pub fn ln_beta_tails(a: f64, b: f64, x: f64, y: f64) -> (f64, f64) {
    if x <= 0.0 {
        return (f64::NEG_INFINITY, 0.0);
    }
    if y <= 0.0 {
        return (0.0, f64::NEG_INFINITY);
    }
    let kernel = ln_beta_kernel(a, b, x, y);
    if x * (a + b + 2.0) < a + 1.0 {
        let lower = (kernel + (beta_fraction(a, b, x) / a).ln()).min(0.0);
        (lower, ln_one_minus_exp(lower))
    } else {
        let upper = (kernel + (beta_fraction(b, a, y) / b).ln()).min(0.0);
        (ln_one_minus_exp(upper), upper)
    }
}

fn ln_one_minus_exp(value: f64) -> f64 {
    (-value.exp_m1()).ln()
}

fn beta_fraction(a: f64, b: f64, x: f64) -> f64 {
    let tiny = 1e-300;
    let guard = |v: f64| if v.abs() < tiny { tiny } else { v };
    let mut c = 1.0;
    let mut d = 1.0 / guard(1.0 - (a + b) * x / (a + 1.0));
    let mut h = d;
    for step in 1..MAX_STEPS {
        let m = f64::from(step);
        let even = m * (b - m) * x / ((a + 2.0 * m - 1.0) * (a + 2.0 * m));
        d = 1.0 / guard(1.0 + even * d);
        c = guard(1.0 + even / c);
        h *= d * c;
        let odd = -(a + m) * (a + b + m) * x / ((a + 2.0 * m) * (a + 2.0 * m + 1.0));
        d = 1.0 / guard(1.0 + odd * d);
        c = guard(1.0 + odd / c);
        let change = d * c;
        h *= change;
        if (change - 1.0).abs() < 1e-16 {
            break;
        }
    }
    h
}

/// P(Z > z) of the standard normal distribution.
pub fn normal_upper(z: f64) -> f64 {
    if z > 2.0 {
        0.5 * chi_square_upper(z * z, 1.0)
    } else {
        0.5 * erfc(z / std::f64::consts::SQRT_2)
    }
}

/// Two-sided p-value of a standard normal statistic.
pub fn normal_two_sided(z: f64) -> f64 {
    2.0 * normal_upper(z.abs())
}

/// The standard normal quantile with `upper` probability above it, for 0 < upper < 1.
pub fn normal_quantile_upper(upper: f64) -> f64 {
    -Normal::standard().inverse_cdf(upper.clamp(0.0, 1.0))
}

/// Two-sided p-value of Student's t with `df` > 0 degrees of freedom (they may be fractional).
pub fn student_two_sided(t: f64, df: f64) -> f64 {
    if !t.is_finite() || !df.is_finite() || df > 1e10 {
        return normal_two_sided(t);
    }
    let square = t * t;
    if !square.is_finite() {
        return 0.0;
    }
    ln_beta_tails(df / 2.0, 0.5, df / (df + square), square / (df + square))
        .0
        .exp()
}

/// The positive quantile of Student's t with `upper` probability above it, for 0 < upper <= 0.5.
pub fn student_quantile_upper(upper: f64, df: f64) -> f64 {
    let z = normal_quantile_upper(upper);
    if df > NORMAL_EXPANSION_DF {
        let cube = z * z * z;
        return z
            + (cube + z) / (4.0 * df)
            + (5.0 * cube * z * z + 16.0 * cube + 3.0 * z) / (96.0 * df * df);
    }
    let target = (2.0 * upper).ln();
    if target >= 0.0 {
        return 0.0;
    }
    let excess = |ln_t: f64| {
        let square = (2.0 * ln_t).exp();
        ln_beta_tails(df / 2.0, 0.5, df / (df + square), square / (df + square)).0 - target
    };
    bisect(excess, -40.0, 340.0).exp()
}

/// P(X > x) of the chi-square distribution with `df` > 0 degrees of freedom.
pub fn chi_square_upper(x: f64, df: f64) -> f64 {
    if x <= 0.0 {
        return 1.0;
    }
    if x.is_infinite() {
        return 0.0;
    }
    let (a, half) = (df / 2.0, x / 2.0);
    // ln(half^a e^-half / Γ(a)), without the cancellation of its large terms
    let gap = (half - a) / a;
    let kernel = a * (gap.ln_1p() - gap) + 0.5 * a.ln() - HALF_LN_TWO_PI - stirling_error(a);
    if half < a + 1.0 {
        let (mut term, mut sum) = (1.0 / a, 1.0 / a);
        for step in 1..MAX_STEPS {
            term *= half / (a + f64::from(step));
            sum += term;
            if term < sum * 1e-17 {
                break;
            }
        }
        return (1.0 - (kernel + sum.ln()).exp()).clamp(0.0, 1.0);
    }
    let tiny = 1e-300;
    let mut b = half + 1.0 - a;
    let mut c = 1.0 / tiny;
    let mut d = 1.0 / b;
    let mut h = d;
    for step in 1..MAX_STEPS {
        let m = f64::from(step);
        let an = -m * (m - a);
        b += 2.0;
        d = 1.0 / (an * d + b);
        c = b + an / c;
        let change = d * c;
        h *= change;
        if (change - 1.0).abs() < 1e-16 {
            break;
        }
    }
    (kernel + h.ln()).exp().clamp(0.0, 1.0)
}

/// Power of the two-sided t-test: P(|T| > critical) for the noncentral t with `df` and noncentrality `shift`.
///
/// T = (Z + shift) / S with S² chi-square over df; the mean over ln S by the trapezoid rule.
pub fn noncentral_t_power(critical: f64, df: f64, shift: f64) -> f64 {
    let spread = (45.0 / df).sqrt();
    let (low, high) = (
        -(45.0 / df + 0.5 + spread).min(spread * 2.0 + 45.0 / df),
        spread,
    );
    let steps = 800;
    let width = (high - low) / f64::from(steps);
    let (mut sum, mut weight_sum) = (0.0, 0.0);
    for step in 0..=steps {
        let w = low + width * f64::from(step);
        let weight = (df * (w - 0.5 * (2.0 * w).exp_m1())).exp();
        let bound = critical * w.exp();
        sum += weight * (normal_upper(bound - shift) + normal_upper(bound + shift));
        weight_sum += weight;
    }
    sum / weight_sum
}

/// The root of a decreasing function between `low` and `high`, by bisection to the last bits.
pub fn bisect(decreasing: impl Fn(f64) -> f64, mut low: f64, mut high: f64) -> f64 {
    for _ in 0..200 {
        let middle = 0.5 * (low + high);
        if middle <= low || middle >= high {
            break;
        }
        if decreasing(middle) > 0.0 {
            low = middle;
        } else {
            high = middle;
        }
    }
    0.5 * (low + high)
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
    fn tails_keep_their_relative_accuracy() {
        close(normal_two_sided(13.9), 6.334136536261571e-44, 1e-12);
        close(
            chi_square_upper(185.226_551_563_229_12, 1.0),
            3.502_192_273_048_579e-42,
            1e-9,
        );
        close(chi_square_upper(1.22, 2.0), 0.543_350_869_074_499_8, 1e-12);
        close(chi_square_upper(400.0, 2.0), (-200f64).exp(), 1e-12);
        close(chi_square_upper(0.01, 2.0), (-0.005f64).exp(), 1e-12);
    }

    #[test]
    fn student_matches_closed_forms() {
        // one degree of freedom is Cauchy, two has an algebraic distribution function
        for t in [0.3f64, 1.0, 5.0, 1e6] {
            close(
                student_two_sided(t, 1.0),
                2.0 * (1.0 / t).atan() / std::f64::consts::PI,
                1e-12,
            );
            let root = (t * t + 2.0).sqrt();
            close(student_two_sided(t, 2.0), 2.0 / (root * (root + t)), 1e-12);
        }
        for df in [1.0, 2.5, 27.839, 400.0, 9_999.0] {
            let t = student_quantile_upper(0.025, df);
            close(student_two_sided(t, df), 0.05, 1e-11);
        }
        close(
            student_quantile_upper(0.025, 10_001.0),
            student_quantile_upper(0.025, 9_999.0),
            1e-7,
        );
        close(student_two_sided(1.96, 1e9), normal_two_sided(1.96), 1e-7);
    }

    #[test]
    fn beta_tails_sum_to_one_and_survive_huge_counts() {
        for (a, b, x) in [
            (1.0, 1.0, 0.3),
            (0.5, 7.0, 0.9),
            (5e6, 5e6, 0.5001),
            (46.0, 6.0, 0.9),
        ] {
            let (lower, upper) = ln_beta_tails(a, b, x, 1.0 - x);
            close(lower.exp() + upper.exp(), 1.0, 1e-12);
        }
        close(ln_beta(3.0, 4.0), (1.0f64 / 60.0).ln(), 1e-13);
        assert_eq!(ln_beta(12.5, 3.25).to_bits(), ln_beta(3.25, 12.5).to_bits());
    }

    #[test]
    fn central_case_of_the_power_is_the_level() {
        for df in [1.0, 4.0, 30.0, 798.0, 1e6] {
            close(
                noncentral_t_power(student_quantile_upper(0.025, df), df, 0.0),
                0.05,
                1e-7,
            );
        }
    }
}
