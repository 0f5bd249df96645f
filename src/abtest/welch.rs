//! Welch's t-test of two means from sufficient statistics: variances are never pooled.
//! Valid for one look at a size fixed beforehand.

use super::moments::Moments;
use crate::statistics::special::{student_quantile_upper, student_two_sided};
use serde::Serialize;

/// A comparison of mean(B) - mean(A).
#[derive(Debug, Clone, Copy, PartialEq, Serialize)]
pub struct WelchTest {
    /// mean(B) - mean(A).
    pub difference: f64,
    /// Standard error of the difference.
    pub se: f64,
    /// Difference over its error; 0 when both are 0, infinite when only the error is.
    pub t: f64,
    /// Welch-Satterthwaite degrees of freedom.
    pub df: f64,
    /// Two-sided p-value.
    pub p: f64,
    /// Lower bound of the two-sided interval.
    pub lower: f64,
    /// Upper bound of the two-sided interval.
    pub upper: f64,
}

/// Compares two means; none when an arm has fewer than two values.
pub fn welch(a: &Moments, b: &Moments, alpha: f64) -> Option<WelchTest> {
    let (error_a, error_b) = (a.squared_error()?, b.squared_error()?);
    let sum = error_a + error_b;
    let difference = b.mean - a.mean;
    let se = sum.sqrt();
    let (free_a, free_b) = (a.n as f64 - 1.0, b.n as f64 - 1.0);
    // written with shares of the variance, so that tiny variances do not underflow when squared
    let df = if sum > 0.0 {
        let (share_a, share_b) = (error_a / sum, error_b / sum);
        1.0 / (share_a * share_a / free_a + share_b * share_b / free_b)
    } else {
        free_a + free_b
    };
    let t = if difference == 0.0 {
        0.0
    } else {
        difference / se
    };
    let half = if se > 0.0 {
        student_quantile_upper(alpha / 2.0, df) * se
    } else {
        0.0
    };
    Some(WelchTest {
        difference,
        se,
        t,
        df,
        p: student_two_sided(t, df),
        lower: difference - half,
        upper: difference + half,
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn degenerate_arms() {
        let constant = Moments::from_values([2.0, 2.0, 2.0]);
        let same = welch(&constant, &constant, 0.05).unwrap();
        assert_eq!((same.p, same.lower, same.upper), (1.0, 0.0, 0.0));
        assert!(welch(&constant, &Moments::from_values([1.0]), 0.05).is_none());
    }

    #[test]
    fn swapping_mirrors_exactly() {
        let a = Moments::from_values([1.0, 4.0, 2.5]);
        let b = Moments::from_values([7.0, 3.0, 9.0, 1.5]);
        let (ab, ba) = (welch(&a, &b, 0.05).unwrap(), welch(&b, &a, 0.05).unwrap());
        assert_eq!(
            (ab.difference, ab.p, ab.lower),
            (-ba.difference, ba.p, -ba.upper)
        );
    }
}
