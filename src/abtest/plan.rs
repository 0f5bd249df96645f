//! How many records a test needs, and what it can detect: two-sided, with unequal arms.

use super::assignment::Split;
use super::evidence::{Guardrail, MIN_COSTS, MIN_COSTS_LOPSIDED, Metric};
use super::proportions::newcombe_effective;
use super::sequence::ConfidenceSequence;
use super::success::{CountedOutcome, RATE_PRIOR_WEIGHT, ln_e_value};
use crate::statistics::special::{
    bisect, noncentral_t_power, normal_quantile_upper, student_quantile_upper,
};
use serde::Serialize;

/// How many times as many records the sequential test needs for the power that the fixed-horizon formulas
/// promise, looked at as it goes (by simulation: tests/simulation_abtest.rs).
pub const SEQUENTIAL_INFLATION: f64 = 1.85;
/// What looking as it goes saves of the records that the last look alone would need.
const LOOKS: f64 = 0.88;

/// Error level and power.
#[derive(Debug, Clone, Copy, PartialEq, Serialize)]
pub struct Target {
    /// Two-sided error level, in 0..1.
    pub alpha: f64,
    /// Chance of finding the effect that is planned for, in 0..1.
    pub power: f64,
}

impl Default for Target {
    fn default() -> Self {
        Self {
            alpha: 0.05,
            power: 0.8,
        }
    }
}

impl Target {
    fn quantiles(self) -> (f64, f64) {
        (
            normal_quantile_upper(self.alpha / 2.0),
            normal_quantile_upper(1.0 - self.power),
        )
    }
}

/// Sizes for one look and for the sequential test.
#[derive(Debug, Clone, Copy, PartialEq, Serialize)]
pub struct SampleSize {
    /// Records in A for a single look at the end, unrounded.
    pub fixed_a: f64,
    /// Records in B for a single look at the end, unrounded.
    pub fixed_b: f64,
    /// Records in A for the sequential test, rounded up.
    pub sequential_a: u64,
    /// Records in B for the sequential test, rounded up.
    pub sequential_b: u64,
}

impl SampleSize {
    fn of_arm_a(fixed_a: f64, ratio: f64) -> Option<Self> {
        let fixed_b = fixed_a * ratio;
        (fixed_a.is_finite() && fixed_a > 0.0).then(|| Self {
            fixed_a,
            fixed_b,
            sequential_a: (fixed_a * SEQUENTIAL_INFLATION).ceil() as u64,
            sequential_b: (fixed_b * SEQUENTIAL_INFLATION).ceil() as u64,
        })
    }

    /// Raises the sequential size to at least `arm_a` records in A.
    fn at_least(self, arm_a: f64, ratio: f64) -> Self {
        Self {
            sequential_a: self.sequential_a.max(arm_a.ceil() as u64),
            sequential_b: self.sequential_b.max((arm_a * ratio).ceil() as u64),
            ..self
        }
    }

    /// Records of both arms for the sequential test: the planned total N*.
    pub fn total(&self) -> u64 {
        self.sequential_a.saturating_add(self.sequential_b)
    }

    /// Days until the total at `per_day` records a day, of which the share `coverage` is in the test.
    pub fn days(&self, per_day: f64, coverage: f64) -> Option<f64> {
        let rate = per_day * coverage;
        (rate > 0.0).then(|| self.total() as f64 / rate)
    }
}

/// By how much a planned arm should exceed the minimum of a decision, so that chance does not leave it short.
const ABOVE_MINIMUM: f64 = 1.25;

/// Records in A, with `ratio` times as many in B, to tell success rates `p_a` and `p_b` apart.
///
/// Pooled variance under no difference, no continuity correction (Fleiss). None when the rates are equal or
/// outside 0..=1.
pub fn size_for_rates(p_a: f64, p_b: f64, ratio: f64, target: Target) -> Option<SampleSize> {
    if !(0.0..=1.0).contains(&p_a) || !(0.0..=1.0).contains(&p_b) || ratio.is_nan() || ratio <= 0.0
    {
        return None;
    }
    let (z_alpha, z_power) = target.quantiles();
    let pooled = (p_a + ratio * p_b) / (1.0 + ratio);
    let under_null = (pooled * (1.0 - pooled) * (1.0 + 1.0 / ratio)).sqrt();
    let under_effect = (p_a * (1.0 - p_a) + p_b * (1.0 - p_b) / ratio).sqrt();
    let size = SampleSize::of_arm_a(
        ((z_alpha * under_null + z_power * under_effect) / (p_b - p_a)).powi(2),
        ratio,
    )?;
    let last_look = e_process_size(p_a, p_b, ratio, target);
    Some(size.at_least(LOOKS * last_look, ratio))
}

/// Records in A for which the e-process of the counted outcome rejects with the target's power at the end.
///
/// It only sees where the events fell, so it needs more than the usual test where they are frequent. The
/// boundary is exact; the ln rate ratio is taken as normal with the delta method's error.
fn e_process_size(p_a: f64, p_b: f64, ratio: f64, target: Target) -> f64 {
    let (rate_a, rate_b) = match CountedOutcome::for_success_rate(Some(p_a)) {
        CountedOutcome::Failures => (1.0 - p_a, 1.0 - p_b),
        CountedOutcome::Successes => (p_a, p_b),
    };
    let split = Split {
        a: 1.0 / (1.0 + ratio),
        b: ratio / (1.0 + ratio),
    };
    let (_, z_power) = target.quantiles();
    let lacking = |ln_n: f64| {
        let n = ln_n.exp();
        let (events_a, events_b) = (n * rate_a, n * ratio * rate_b);
        let total = events_a + events_b;
        // an arm without events has the error of about one
        let error =
            ((1.0 - rate_a) / events_a.max(1.0) + (1.0 - rate_b) / events_b.max(1.0)).sqrt();
        let shortfall = z_power * error;
        let ln_odds = (events_b.max(1e-9) / events_a.max(1e-9)).ln();
        let direction = if rate_b > rate_a { -1.0 } else { 1.0 };
        // the share of events in B that is `shortfall` closer to no difference than expected
        let odds = (ln_odds + direction * shortfall).exp();
        let null_odds = split.b / split.a;
        if (odds - null_odds) * direction >= 0.0 {
            return 1.0;
        }
        let share = odds / (1.0 + odds);
        let ln_e = ln_e_value(
            total * (1.0 - share),
            total * share,
            split,
            RATE_PRIOR_WEIGHT,
        );
        -target.alpha.ln() - ln_e
    };
    bisect(lacking, 0.0, 45.0).exp()
}

/// Records to detect the ratio `effect` of geometric mean times, where ln time has standard deviation `spread`.
pub fn size_for_time(effect: f64, spread: f64, ratio: f64, target: Target) -> Option<SampleSize> {
    if !(effect > 0.0 && ratio > 0.0) {
        return None;
    }
    let (z_alpha, z_power) = target.quantiles();
    SampleSize::of_arm_a(
        ((z_alpha + z_power) * spread / effect.ln()).powi(2) * (1.0 + 1.0 / ratio),
        ratio,
    )
}

/// Records to detect the ratio `effect` of mean costs with coefficient of variation `variation`.
///
/// The larger of what the log ratio and the plain difference need, as both must be shown, and enough for the
/// minimum of a decision on cost.
pub fn size_for_cost(
    effect: f64,
    variation: f64,
    ratio: f64,
    target: Target,
) -> Option<SampleSize> {
    if !(effect > 0.0 && ratio > 0.0) {
        return None;
    }
    let (z_alpha, z_power) = target.quantiles();
    let of_log = (1.0 + 1.0 / ratio) / effect.ln().powi(2);
    let of_difference = (1.0 + effect * effect / ratio) / (effect - 1.0).powi(2);
    let size = SampleSize::of_arm_a(
        ((z_alpha + z_power) * variation).powi(2) * of_log.max(of_difference),
        ratio,
    )?;
    let lopsided = ratio.max(1.0 / ratio) > 4.0 + 1e-9;
    let minimum = ABOVE_MINIMUM
        * if lopsided {
            MIN_COSTS_LOPSIDED
        } else {
            MIN_COSTS
        } as f64;
    Some(size.at_least(minimum / ratio.min(1.0), ratio))
}

/// What is known of the metrics under no difference, to plan guardrails.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Spread {
    /// Share of successes.
    pub success_rate: f64,
    /// Standard deviation of ln time.
    pub ln_time: f64,
    /// Standard deviation of the cost over its mean.
    pub cost: f64,
}

/// Records to show that an arm without a difference keeps a guardrail: non-inferiority within the margin.
///
/// None if the margin is not positive.
pub fn size_for_guardrail(
    guardrail: Guardrail,
    spread: Spread,
    ratio: f64,
    target: Target,
) -> Option<SampleSize> {
    if !(guardrail.margin > 0.0 && ratio > 0.0) {
        return None;
    }
    let (z_alpha, z_power) = target.quantiles();
    let rate = spread.success_rate;
    let (deviation, margin) = match guardrail.metric {
        Metric::Success => ((rate * (1.0 - rate)).sqrt(), guardrail.margin),
        Metric::Time => (spread.ln_time, guardrail.margin.ln_1p()),
        Metric::Cost => (spread.cost, guardrail.margin.ln_1p()),
    };
    // at the planned size the multiplier depends on alpha alone
    let sequence = ConfidenceSequence {
        alpha: target.alpha,
        planned: 1.0,
    };
    let z = sequence.multiplier(1.0);
    let lacking = |ln_n: f64| {
        let n = ln_n.exp();
        let error = deviation * ((1.0 + 1.0 / ratio) / n).sqrt();
        let half = match guardrail.metric {
            Metric::Success => {
                let (lower, upper) = newcombe_effective((rate, n), (rate, n * ratio), z);
                upper.max(-lower)
            }
            Metric::Time | Metric::Cost => z * error,
        };
        half + z_power * error - margin
    };
    let fixed_a = ((z_alpha + z_power) * deviation / margin).powi(2) * (1.0 + 1.0 / ratio);
    let one_look = SampleSize {
        fixed_a,
        fixed_b: fixed_a * ratio,
        sequential_a: 0,
        sequential_b: 0,
    };
    (lacking(45.0) <= 0.0)
        .then(|| one_look.at_least(LOOKS * bisect(lacking, 0.0, 45.0).exp(), ratio))
}

/// Records in B for each record in A.
pub fn arm_ratio(split: Split) -> f64 {
    split.b / split.a
}

/// Smallest ratio above 1 that `n_a` and `n_b` records detect in one look, by the t-test with `spread` as
/// common standard deviation of ln time. None below two records in an arm.
pub fn detectable_ratio(n_a: f64, n_b: f64, spread: f64, target: Target) -> Option<f64> {
    if !(n_a >= 2.0 && n_b >= 2.0 && spread > 0.0) {
        return None;
    }
    let df = n_a + n_b - 2.0;
    let critical = student_quantile_upper(target.alpha / 2.0, df);
    let shift = bisect(
        |shift| target.power - noncentral_t_power(critical, df, shift),
        0.0,
        critical + 40.0,
    );
    Some((shift * spread * (1.0 / n_a + 1.0 / n_b).sqrt()).exp())
}

/// The same from normal quantiles alone, as in the sample size formula.
pub fn detectable_ratio_normal(n_a: f64, n_b: f64, spread: f64, target: Target) -> Option<f64> {
    let (z_alpha, z_power) = target.quantiles();
    (n_a > 0.0 && n_b > 0.0)
        .then(|| ((z_alpha + z_power) * spread * (1.0 / n_a + 1.0 / n_b).sqrt()).exp())
}

/// The nearest success rates of B, below and above `p_a`, that `n_a` and `n_b` records tell from it in one look.
/// None on a side where even 0 % or 100 % would not be told apart.
pub fn detectable_rates(
    p_a: f64,
    n_a: f64,
    n_b: f64,
    target: Target,
) -> (Option<f64>, Option<f64>) {
    let lacking = |p_b: f64| match size_for_rates(p_a, p_b, n_b / n_a, target) {
        Some(size) => size.fixed_a - n_a,
        None => f64::INFINITY,
    };
    let toward = |limit: f64| {
        (n_a > 0.0 && n_b > 0.0 && lacking(limit) <= 0.0).then(|| {
            p_a + (limit - p_a) * bisect(|share| lacking(p_a + (limit - p_a) * share), 0.0, 1.0)
        })
    };
    (toward(0.0), toward(1.0))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn size_and_detectable_effect_are_inverse() {
        let target = Target::default();
        let size = size_for_time(1.2, 0.7, 1.0, target).unwrap();
        let back = detectable_ratio_normal(size.fixed_a, size.fixed_b, 0.7, target).unwrap();
        assert!((back - 1.2).abs() < 1e-12);
        let exact = detectable_ratio(size.fixed_a, size.fixed_b, 0.7, target).unwrap();
        assert!(exact > back && exact < 1.202);
        let size = size_for_rates(0.95, 0.97, 0.25, target).unwrap();
        let (below, above) = detectable_rates(0.95, size.fixed_a, size.fixed_b, target);
        assert!((above.unwrap() - 0.97).abs() < 1e-9 && below.unwrap() < 0.93);
    }

    #[test]
    fn impossible_plans_are_none() {
        let target = Target::default();
        assert_eq!(size_for_rates(0.9, 0.9, 1.0, target), None);
        assert_eq!(size_for_rates(1.2, 0.9, 1.0, target), None);
        assert_eq!(size_for_rates(0.9, 0.8, 0.0, target), None);
        assert_eq!(size_for_time(1.0, 0.5, 1.0, target), None);
        assert_eq!(size_for_time(-1.0, 0.5, 1.0, target), None);
        assert_eq!(detectable_ratio(1.0, 1.0, 0.5, target), None);
        assert_eq!(detectable_rates(0.95, 3.0, 3.0, target).1, None);
    }

    #[test]
    fn swapping_the_arms_swaps_the_sizes() {
        let target = Target::default();
        let one = size_for_rates(0.95, 0.9, 1.0 / 9.0, target).unwrap();
        let other = size_for_rates(0.9, 0.95, 9.0, target).unwrap();
        assert!((one.fixed_a / other.fixed_b - 1.0).abs() < 1e-12);
    }
}
