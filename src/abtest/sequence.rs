//! Asymptotic confidence sequence for an estimate with a standard error, tuned to a planned total
//! (Waudby-Smith et al., arXiv:2103.06476): valid at every look, narrowest around the plan.

use serde::Serialize;

/// A confidence sequence at one level, tuned to be narrow near `planned` records.
#[derive(Debug, Clone, Copy, PartialEq, Serialize)]
pub struct ConfidenceSequence {
    /// Two-sided error level over all looks together, in 0..1.
    pub alpha: f64,
    /// Planned total number of records of both arms, N*.
    pub planned: f64,
}

impl ConfidenceSequence {
    /// ρ² = (-2 ln α + ln(1 - 2 ln α)) / N*.
    pub fn rho_squared(&self) -> f64 {
        let twice = -2.0 * self.alpha.ln();
        (twice + twice.ln_1p()) / self.planned.max(1.0)
    }

    /// Half-width in standard errors after `n` records: √(2 (nρ² + 1) / (nρ²) · ln(√(nρ² + 1) / α)).
    ///
    /// Infinite without records.
    pub fn multiplier(&self, n: f64) -> f64 {
        let scaled = n * self.rho_squared();
        if scaled <= 0.0 {
            return f64::INFINITY;
        }
        (2.0 * (scaled + 1.0) / scaled * (0.5 * scaled.ln_1p() - self.alpha.ln())).sqrt()
    }

    /// Half-width of the interval for standard error `se` after `n` records.
    pub fn half_width(&self, se: f64, n: f64) -> f64 {
        se * self.multiplier(n)
    }

    /// Anytime-valid p-value of `estimate` = 0: below alpha exactly when the interval excludes 0.
    ///
    /// 1 when both the estimate and its error are 0; never below the smallest positive number.
    pub fn p_value(&self, estimate: f64, se: f64, n: f64) -> f64 {
        let scaled = n * self.rho_squared();
        let z = if estimate == 0.0 { 0.0 } else { estimate / se };
        let ln_p = 0.5 * scaled.ln_1p() - 0.5 * z * z * scaled / (scaled + 1.0);
        if ln_p.is_nan() {
            1.0
        } else {
            ln_p.min(0.0).exp().max(f64::MIN_POSITIVE)
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn interval_and_p_agree() {
        for n in [10.0, 500.0, 1e6] {
            let sequence = ConfidenceSequence {
                alpha: 0.05,
                planned: 1000.0,
            };
            let edge = sequence.half_width(0.1, n);
            assert!((sequence.p_value(edge, 0.1, n) - 0.05).abs() < 1e-12);
            assert!(sequence.p_value(edge * 1.01, 0.1, n) < 0.05);
        }
    }

    #[test]
    fn nothing_known_excludes_nothing() {
        let sequence = ConfidenceSequence {
            alpha: 0.05,
            planned: 1000.0,
        };
        assert_eq!(sequence.multiplier(0.0), f64::INFINITY);
        assert_eq!(sequence.p_value(0.0, 0.0, 50.0), 1.0);
        assert_eq!(sequence.p_value(3.0, 0.1, 0.0), 1.0);
        assert!(sequence.p_value(1e9, 1e-9, 1e6) > 0.0);
    }
}
