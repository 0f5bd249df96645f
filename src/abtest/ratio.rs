//! Ratios of means with the delta method: ln(mean B / mean A), whose answer only changes its sign when
//! the arms swap names (unlike (B - A) / A), and means per execution of clustered units.

use super::moments::{Moments, UnitSums};
use crate::statistics::special::{normal_quantile_upper, normal_two_sided};
use serde::Serialize;

/// A mean with its squared standard error.
#[derive(Debug, Clone, Copy, PartialEq, Serialize)]
pub struct Estimate {
    /// The mean.
    pub mean: f64,
    /// Squared standard error of the mean.
    pub squared_error: f64,
}

impl Estimate {
    /// From independent values; none below two.
    pub fn of_values(moments: &Moments) -> Option<Self> {
        Some(Self {
            mean: moments.mean,
            squared_error: moments.squared_error()?,
        })
    }

    /// Per execution, from units with several executions; none below two units.
    pub fn of_units(sums: &UnitSums) -> Option<Self> {
        Some(Self {
            mean: sums.mean()?,
            squared_error: sums.squared_error()?,
        })
    }

    /// Of the logarithm of the mean (delta method); none unless the mean is positive.
    pub fn ln(self) -> Option<Self> {
        (self.mean > 0.0 && self.mean.is_finite()).then(|| Self {
            mean: self.mean.ln(),
            squared_error: self.squared_error / self.mean / self.mean,
        })
    }
}

/// A difference B - A of two estimates with its normal test; valid for one look.
#[derive(Debug, Clone, Copy, PartialEq, Serialize)]
pub struct NormalTest {
    /// Estimate of B minus estimate of A.
    pub difference: f64,
    /// Standard error of the difference.
    pub se: f64,
    /// Difference over its error; 0 when both are 0.
    pub z: f64,
    /// Two-sided p-value.
    pub p: f64,
    /// Lower bound of the two-sided interval.
    pub lower: f64,
    /// Upper bound of the two-sided interval.
    pub upper: f64,
}

/// Compares two independent estimates.
pub fn compare(a: Estimate, b: Estimate, alpha: f64) -> NormalTest {
    let difference = b.mean - a.mean;
    let se = (a.squared_error + b.squared_error).sqrt();
    let z = if difference == 0.0 {
        0.0
    } else {
        difference / se
    };
    let half = normal_quantile_upper(alpha / 2.0) * se;
    NormalTest {
        difference,
        se,
        z,
        p: normal_two_sided(z),
        lower: difference - half,
        upper: difference + half,
    }
}

/// ln(mean B / mean A): the exponentials of the bounds are the interval of the ratio.
/// None unless both means are positive.
pub fn ln_ratio(a: Estimate, b: Estimate, alpha: f64) -> Option<NormalTest> {
    Some(compare(a.ln()?, b.ln()?, alpha))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn no_ratio_without_positive_means() {
        let zero = Estimate::of_values(&Moments::from_values([0.0, 0.0])).unwrap();
        let one = Estimate::of_values(&Moments::from_values([1.0, 1.0])).unwrap();
        assert!(ln_ratio(zero, one, 0.05).is_none());
        assert_eq!(ln_ratio(one, one, 0.05).unwrap().p, 1.0);
    }
}
