//! Two proportions at a size fixed beforehand: Wilson's and Newcombe's intervals, the pooled z-test and
//! Fisher's exact test. None of them degenerates at 0 % or 100 %.

use crate::statistics::special::{ln_beta_kernel, normal_two_sided};
use crate::statistics::wilson_lower;
use serde::Serialize;

/// Two table probabilities closer than this (relatively) count as a tie in Fisher's test.
const TIE: f64 = 1e-9;

/// Successes among trials.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize)]
pub struct Proportion {
    /// Number of successes, at most `n`.
    pub successes: u64,
    /// Number of trials.
    pub n: u64,
}

impl Proportion {
    /// Successes over trials; none without trials.
    pub fn rate(self) -> Option<f64> {
        (self.n > 0).then(|| self.successes as f64 / self.n as f64)
    }

    fn failures(self) -> u64 {
        self.n.saturating_sub(self.successes)
    }
}

/// Wilson's score interval at `z` standard errors, in 0..=1; the whole range without trials.
pub fn wilson(proportion: Proportion, z: f64) -> (f64, f64) {
    let (successes, failures) = (proportion.successes as f64, proportion.failures() as f64);
    (
        wilson_lower(successes, failures, z),
        1.0 - wilson_lower(failures, successes, z),
    )
}

/// Newcombe's hybrid score interval of rate(B) - rate(A) at `z` standard errors; none without trials in an arm.
pub fn newcombe(a: Proportion, b: Proportion, z: f64) -> Option<(f64, f64)> {
    Some(newcombe_effective(
        (a.rate()?, a.n as f64),
        (b.rate()?, b.n as f64),
        z,
    ))
}

/// Newcombe's interval for (rate, number of trials), where the number may be an effective, fractional one.
pub fn newcombe_effective(
    (rate_a, n_a): (f64, f64),
    (rate_b, n_b): (f64, f64),
    z: f64,
) -> (f64, f64) {
    // distances from the rate to Wilson's bounds
    let down = |rate: f64, n: f64| rate - wilson_lower(rate * n, (1.0 - rate) * n, z);
    let up = |rate: f64, n: f64| (1.0 - wilson_lower((1.0 - rate) * n, rate * n, z)) - rate;
    let difference = rate_b - rate_a;
    let below = down(rate_b, n_b).hypot(up(rate_a, n_a));
    let above = up(rate_b, n_b).hypot(down(rate_a, n_a));
    (
        (difference - below).max(-1.0),
        (difference + above).min(1.0),
    )
}

/// The z statistic of rate(B) - rate(A) with the pooled variance and its two-sided p-value.
/// None if the pooled variance is zero: nothing differs, so nothing can be tested.
pub fn pooled_z(a: Proportion, b: Proportion) -> Option<(f64, f64)> {
    let (rate_a, rate_b) = (a.rate()?, b.rate()?);
    let n = (a.n + b.n) as f64;
    let (success, failure) = (
        (a.successes + b.successes) as f64 / n,
        (a.failures() + b.failures()) as f64 / n,
    );
    let variance = success * failure * (1.0 / a.n as f64 + 1.0 / b.n as f64);
    (variance > 0.0).then(|| {
        let z = (rate_b - rate_a) / variance.sqrt();
        (z, normal_two_sided(z))
    })
}

/// Two-sided p-value of Fisher's exact test: the probability of all tables at most as likely as the observed one.
pub fn fisher_exact(a: Proportion, b: Proportion) -> f64 {
    let (n_a, n_b) = (a.n as f64, b.n as f64);
    let successes = (a.successes + b.successes) as f64;
    let low = (successes - n_b).max(0.0);
    let high = successes.min(n_a);
    if low >= high {
        return 1.0;
    }
    let observed = a.successes as f64;
    let ln_probability = |x: f64| ln_hypergeometric(x, n_a, n_b, successes);
    let at_observed = ln_probability(observed);
    let limit = at_observed + TIE;
    let mode = ((n_a + 1.0) * (successes + 1.0) / (n_a + n_b + 2.0))
        .floor()
        .clamp(low, high);
    // log-concave around the mode: each side has one edge where the tables become as unlikely as the observed
    let lower_edge = last_where(low - 1.0, mode, |x| ln_probability(x) <= limit);
    let upper_edge = -last_where(-(high + 1.0), -mode, |x| ln_probability(-x) <= limit);
    if lower_edge >= upper_edge {
        return 1.0;
    }
    let mut ln_terms = Vec::with_capacity(2);
    if lower_edge >= low {
        let ratio = |x: f64| x * (n_b - successes + x) / ((n_a - x + 1.0) * (successes - x + 1.0));
        ln_terms.push(ln_probability(lower_edge) + ln_sum(lower_edge, low, -1.0, ratio));
    }
    if upper_edge <= high {
        let ratio =
            |x: f64| (n_a - x) * (successes - x) / ((x + 1.0) * (n_b - successes + x + 1.0));
        ln_terms.push(ln_probability(upper_edge) + ln_sum(upper_edge, high, 1.0, ratio));
    }
    ln_terms.sort_by(f64::total_cmp);
    ln_terms
        .iter()
        .map(|term| term.exp())
        .sum::<f64>()
        .clamp(f64::MIN_POSITIVE, 1.0)
}

/// The largest whole x in low..=high where the predicate (true, then false) holds; `low` if nowhere above it.
fn last_where(low: f64, high: f64, holds: impl Fn(f64) -> bool) -> f64 {
    let (mut yes, mut no) = (low, high + 1.0);
    while no - yes > 1.0 {
        let middle = ((yes + no) / 2.0).floor();
        if holds(middle) {
            yes = middle
        } else {
            no = middle
        }
    }
    yes
}

/// ln of 1 + ratio + ratio·ratio + ... from one table outward to the end of the tail.
fn ln_sum(start: f64, end: f64, step: f64, ratio: impl Fn(f64) -> f64) -> f64 {
    let (mut x, mut term, mut sum) = (start, 1.0, 1.0);
    while x != end {
        term *= ratio(x);
        x += step;
        sum += term;
        if term < sum * 1e-17 {
            break;
        }
    }
    sum.ln()
}

/// ln P(x successes in A) given both margins: binomial saddle-point terms (Loader), exact for huge tables.
fn ln_hypergeometric(x: f64, n_a: f64, n_b: f64, successes: f64) -> f64 {
    let total = n_a + n_b;
    let (p, q) = (successes / total, (total - successes) / total);
    ln_binomial(x, n_a, p, q) + ln_binomial(successes - x, n_b, p, q)
        - ln_binomial(successes, total, p, q)
}

fn ln_binomial(x: f64, n: f64, p: f64, q: f64) -> f64 {
    if x == 0.0 {
        return if q < 0.5 {
            n * q.ln()
        } else {
            n * (-p).ln_1p()
        };
    }
    if x == n {
        return if p < 0.5 {
            n * p.ln()
        } else {
            n * (-q).ln_1p()
        };
    }
    // C(n, x) p^x q^(n-x) = kernel · n / (x (n - x))
    ln_beta_kernel(x, n - x, p, q) + (n / x / (n - x)).ln()
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn of(successes: u64, n: u64) -> Proportion {
        Proportion { successes, n }
    }

    fn brute_force_fisher(a: Proportion, b: Proportion) -> f64 {
        let choose =
            |n: u64, k: u64| (0..k).fold(1.0f64, |c, i| c * (n - i) as f64 / (i + 1) as f64);
        let successes = a.successes + b.successes;
        let table =
            |x: u64| choose(a.n, x) * choose(b.n, successes - x) / choose(a.n + b.n, successes);
        let observed = table(a.successes);
        (successes.saturating_sub(b.n)..=successes.min(a.n))
            .map(table)
            .filter(|p| *p <= observed * (1.0 + 1e-9))
            .sum()
    }

    #[test]
    fn edges_of_the_range() {
        assert_eq!(wilson(of(0, 0), 1.96), (0.0, 1.0));
        assert_eq!(wilson(of(40, 40), 1.96).1, 1.0);
        assert_eq!(wilson(of(0, 40), 1.96).0, 0.0);
        assert_eq!(newcombe(of(0, 0), of(1, 2), 1.96), None);
        assert_eq!(pooled_z(of(40, 40), of(40, 40)), None);
        assert_eq!(fisher_exact(of(0, 0), of(3, 5)), 1.0);
        assert_eq!(fisher_exact(of(40, 40), of(40, 40)), 1.0);
    }

    #[test]
    fn fisher_survives_huge_and_extreme_tables() {
        // lady tasting tea, and one table that is the whole tail
        assert!((fisher_exact(of(3, 4), of(1, 4)) - 34.0 / 70.0).abs() < 1e-12);
        let all = fisher_exact(of(50, 50), of(0, 50));
        assert!(
            (all / (2.0 / 1.008_913_445_455_642e29) - 1.0).abs() < 1e-9,
            "{all}"
        );
        let huge = fisher_exact(of(500_000, 1_000_000), of(501_000, 1_000_000));
        let (_, z) = pooled_z(of(500_000, 1_000_000), of(501_000, 1_000_000)).unwrap();
        assert!((huge / z - 1.0).abs() < 0.01, "{huge} {z}");
    }

    proptest! {
        #[test]
        fn fisher_is_the_sum_over_tables(n_a in 1u64..40, n_b in 1u64..40, s_a in 0u64..40, s_b in 0u64..40) {
            let (a, b) = (of(s_a.min(n_a), n_a), of(s_b.min(n_b), n_b));
            let (got, expected) = (fisher_exact(a, b), brute_force_fisher(a, b));
            prop_assert!((got - expected).abs() < 1e-9 * expected, "{got} {expected}");
            prop_assert!((fisher_exact(b, a) - got).abs() < 1e-10 * got);
        }

        #[test]
        fn newcombe_mirrors_exactly(n_a in 1u64..4000, n_b in 1u64..4000, s_a in 0u64..4000, s_b in 0u64..4000) {
            let (a, b) = (of(s_a.min(n_a), n_a), of(s_b.min(n_b), n_b));
            let (low, high) = newcombe(a, b, 2.5).unwrap();
            prop_assert_eq!(newcombe(b, a, 2.5).unwrap(), (-high, -low));
        }
    }
}
