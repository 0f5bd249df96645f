//! How many records a test needs, and what it can detect: two-sided, with unequal arms.

use super::assignment::Split;
use super::special::{bisect, noncentral_t_power, normal_quantile_upper, student_quantile_upper};
use serde::Serialize;

/// How many times as many records the sequential test needs for the power that the fixed-horizon formulas
/// promise (1.7 to 1.9 at 80 % power; the cautious end).
pub const SEQUENTIAL_INFLATION: f64 = 1.9;

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
        Self { alpha: 0.05, power: 0.8 }
    }
}

impl Target {
    fn quantiles(self) -> (f64, f64) {
        (normal_quantile_upper(self.alpha / 2.0), normal_quantile_upper(1.0 - self.power))
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

/// Records in A, with `ratio` times as many in B, to tell success rates `p_a` and `p_b` apart.
///
/// Pooled variance under no difference, no continuity correction (Fleiss). None when the rates are equal or
/// outside 0..=1.
pub fn size_for_rates(p_a: f64, p_b: f64, ratio: f64, target: Target) -> Option<SampleSize> {
    if !(0.0..=1.0).contains(&p_a) || !(0.0..=1.0).contains(&p_b) || ratio.is_nan() || ratio <= 0.0 {
        return None;
    }
    let (z_alpha, z_power) = target.quantiles();
    let pooled = (p_a + ratio * p_b) / (1.0 + ratio);
    let under_null = (pooled * (1.0 - pooled) * (1.0 + 1.0 / ratio)).sqrt();
    let under_effect = (p_a * (1.0 - p_a) + p_b * (1.0 - p_b) / ratio).sqrt();
    SampleSize::of_arm_a(((z_alpha * under_null + z_power * under_effect) / (p_b - p_a)).powi(2), ratio)
}

/// Records to detect the ratio `effect` of geometric means (time; `spread` is the standard deviation of
/// ln time) or of means (cost; `spread` is the coefficient of variation).
pub fn size_for_ratio(effect: f64, spread: f64, ratio: f64, target: Target) -> Option<SampleSize> {
    if effect.is_nan() || effect <= 0.0 || ratio.is_nan() || ratio <= 0.0 {
        return None;
    }
    let (z_alpha, z_power) = target.quantiles();
    SampleSize::of_arm_a(((z_alpha + z_power) * spread / effect.ln()).powi(2) * (1.0 + 1.0 / ratio), ratio)
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
    let shift = bisect(|shift| target.power - noncentral_t_power(critical, df, shift), 0.0, critical + 40.0);
    Some((shift * spread * (1.0 / n_a + 1.0 / n_b).sqrt()).exp())
}

/// The same from normal quantiles alone, as in the sample size formula.
pub fn detectable_ratio_normal(n_a: f64, n_b: f64, spread: f64, target: Target) -> Option<f64> {
    let (z_alpha, z_power) = target.quantiles();
    (n_a > 0.0 && n_b > 0.0).then(|| ((z_alpha + z_power) * spread * (1.0 / n_a + 1.0 / n_b).sqrt()).exp())
}

/// The nearest success rates of B, below and above `p_a`, that `n_a` and `n_b` records tell from it in one look.
/// None on a side where even 0 % or 100 % would not be told apart.
pub fn detectable_rates(p_a: f64, n_a: f64, n_b: f64, target: Target) -> (Option<f64>, Option<f64>) {
    let lacking = |p_b: f64| match size_for_rates(p_a, p_b, n_b / n_a, target) {
        Some(size) => size.fixed_a - n_a,
        None => f64::INFINITY,
    };
    let toward = |limit: f64| {
        (n_a > 0.0 && n_b > 0.0 && lacking(limit) <= 0.0)
            .then(|| p_a + (limit - p_a) * bisect(|share| lacking(p_a + (limit - p_a) * share), 0.0, 1.0))
    };
    (toward(0.0), toward(1.0))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn size_and_detectable_effect_are_inverse() {
        let target = Target::default();
        let size = size_for_ratio(1.2, 0.7, 1.0, target).unwrap();
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
        assert_eq!(size_for_ratio(1.0, 0.5, 1.0, target), None);
        assert_eq!(size_for_ratio(-1.0, 0.5, 1.0, target), None);
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
