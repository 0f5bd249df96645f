//! P(B better) and the expected loss of choosing B: information beside the verdict, never the rule.

use super::proportions::Proportion;
use crate::statistics::special::{ln_beta_kernel, ln_beta_tails, normal_upper};
use serde::Serialize;

/// What a flat prior makes of the data.
#[derive(Debug, Clone, Copy, PartialEq, Serialize)]
pub struct Belief {
    /// P(B better than A).
    pub prob_b_better: f64,
    /// P(A better than B).
    pub prob_a_better: f64,
    /// Expected loss of choosing A, in the metric's unit.
    pub expected_loss_a: f64,
    /// Expected loss of choosing B, in the metric's unit.
    pub expected_loss_b: f64,
}

/// Success rates with independent Beta(1, 1) priors; the losses are in points of the success rate.
pub fn success_belief(a: Proportion, b: Proportion) -> Belief {
    let (a, b) = (Posterior::of(a), Posterior::of(b));
    Belief {
        prob_b_better: a.prob_beaten_by(b),
        prob_a_better: b.prob_beaten_by(a),
        expected_loss_a: b.expected_shortfall(a),
        expected_loss_b: a.expected_shortfall(b),
    }
}

/// A ratio B/A estimated on the log scale with a flat prior, smaller being better; the losses are in
/// units of ln ratio.
pub fn ln_ratio_belief(ln_ratio: f64, se: f64) -> Belief {
    let z = if ln_ratio == 0.0 { 0.0 } else { ln_ratio / se };
    // E[max(X, 0)] for X normal around `mean`
    let loss = |mean: f64, z: f64| {
        if z.is_infinite() {
            return mean.max(0.0);
        }
        let density = (-0.5 * z * z).exp() / (2.0 * std::f64::consts::PI).sqrt();
        (se * density + mean * normal_upper(-z)).max(0.0)
    };
    Belief {
        prob_b_better: normal_upper(z),
        prob_a_better: normal_upper(-z),
        expected_loss_a: loss(-ln_ratio, -z),
        expected_loss_b: loss(ln_ratio, z),
    }
}

/// Beta posterior of a success rate.
#[derive(Clone, Copy)]
struct Posterior {
    alpha: f64,
    beta: f64,
}

impl Posterior {
    fn of(proportion: Proportion) -> Self {
        let failures = proportion.n.saturating_sub(proportion.successes);
        Self {
            alpha: proportion.successes as f64 + 1.0,
            beta: failures as f64 + 1.0,
        }
    }

    fn logit_of_mean(self) -> f64 {
        (self.alpha / self.beta).ln()
    }

    /// P(self < other): other's density against self's lower tail.
    fn prob_beaten_by(self, other: Self) -> f64 {
        integrate(self, other, |x, y| {
            ln_beta_kernel(other.alpha, other.beta, x, y)
                + ln_beta_tails(self.alpha, self.beta, x, y).0
        })
    }

    /// E[max(self - other, 0)]: the chance that x lies between other and self, over all x.
    fn expected_shortfall(self, other: Self) -> f64 {
        integrate(self, other, |x, y| {
            let between = ln_beta_tails(other.alpha, other.beta, x, y).0
                + ln_beta_tails(self.alpha, self.beta, x, y).1;
            between + x.ln() + y.ln()
        })
    }
}

/// Integral of exp(ln_density) over the logit of x, for a log-concave integrand, by the trapezoid rule
/// around its peak.
fn integrate(one: Posterior, two: Posterior, ln_density: impl Fn(f64, f64) -> f64) -> f64 {
    const STEPS: u32 = 400;
    const NEGLIGIBLE: f64 = 42.0;
    let at = |u: f64| ln_density(1.0 / (1.0 + (-u).exp()), 1.0 / (1.0 + u.exp()));
    let (first, second) = (one.logit_of_mean(), two.logit_of_mean());
    let (mut low, mut high) = (first.min(second) - 5.0, first.max(second) + 5.0);
    for _ in 0..80 {
        let (left, right) = (low + (high - low) / 3.0, high - (high - low) / 3.0);
        if at(left) < at(right) {
            low = left
        } else {
            high = right
        }
    }
    let peak = 0.5 * (low + high);
    let floor = at(peak) - NEGLIGIBLE;
    let reach = |direction: f64| {
        let mut step = 1e-6;
        while at(peak + direction * step) > floor && step < 600.0 {
            step *= 1.5;
        }
        step
    };
    let (start, end) = (peak - reach(-1.0), peak + reach(1.0));
    let width = (end - start) / f64::from(STEPS);
    let sum: f64 = (0..=STEPS)
        .map(|step| at(start + width * f64::from(step)).exp())
        .sum();
    sum * width
}

#[cfg(test)]
mod tests {
    use super::*;

    fn of(successes: u64, n: u64) -> Proportion {
        Proportion { successes, n }
    }

    #[test]
    fn probabilities_are_complementary_and_losses_differ_by_the_means() {
        for (a, b) in [
            ((45, 50), (49, 50)),
            ((0, 0), (3, 3)),
            ((900_000, 1_000_000), (901_000, 1_000_000)),
        ] {
            let belief = success_belief(of(a.0, a.1), of(b.0, b.1));
            assert!(
                (belief.prob_a_better + belief.prob_b_better - 1.0).abs() < 1e-9,
                "{belief:?}"
            );
            let mean = |(s, n): (u64, u64)| (s as f64 + 1.0) / (n as f64 + 2.0);
            let gap = belief.expected_loss_a - belief.expected_loss_b;
            assert!((gap - (mean(b) - mean(a))).abs() < 1e-9, "{belief:?}");
        }
    }

    #[test]
    fn extreme_evidence_keeps_its_size() {
        // with no failure in either: P(A < B) for Beta(1, 1) and Beta(n + 1, 1) is (n + 1) / (n + 2)
        let belief = success_belief(of(0, 0), of(1000, 1000));
        assert!((belief.prob_a_better - 1.0 / 1002.0).abs() < 1e-12);
        let belief = success_belief(of(0, 100), of(100, 100));
        assert!(belief.prob_a_better > 0.0 && belief.prob_a_better < 1e-55);
    }

    #[test]
    fn ln_ratio_mirrors() {
        let (ab, ba) = (ln_ratio_belief(-0.25, 0.06), ln_ratio_belief(0.25, 0.06));
        assert_eq!(
            (ab.prob_b_better, ab.expected_loss_b),
            (ba.prob_a_better, ba.expected_loss_a)
        );
        assert!(ab.prob_b_better > 0.999);
        assert_eq!(ln_ratio_belief(0.0, 0.0).prob_b_better, 0.5);
    }
}
