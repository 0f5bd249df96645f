//! Location and spread.

/// The 0.75 quantile of the standard normal: a median absolute deviation divided by it estimates a standard
/// deviation (0.6745 in the literature).
pub const ROBUST_NORMAL: f64 = 0.674_489_750_196_081_7;

/// The mean absolute deviation of a standard normal, `sqrt(2 / pi)`.
const MEAN_ABSOLUTE_NORMAL: f64 = 0.797_884_560_802_865_4;

/// The values in ascending order.
pub fn sorted(values: &[f64]) -> Vec<f64> {
    let mut copy = values.to_vec();
    copy.sort_unstable_by(f64::total_cmp);
    copy
}

/// The arithmetic mean; `None` without values.
pub fn mean(values: &[f64]) -> Option<f64> {
    (!values.is_empty()).then(|| values.iter().sum::<f64>() / values.len() as f64)
}

/// The sample variance (divisor `n - 1`); `None` below two values.
pub fn sample_variance(values: &[f64]) -> Option<f64> {
    let centre = mean(values)?;
    (values.len() > 1).then(|| {
        values.iter().map(|v| (v - centre).powi(2)).sum::<f64>() / (values.len() - 1) as f64
    })
}

/// The median; `None` without values.
pub fn median(values: &[f64]) -> Option<f64> {
    let n = values.len();
    if n == 0 {
        return None;
    }
    let mut copy = values.to_vec();
    let (below, upper, _) = copy.select_nth_unstable_by(n / 2, f64::total_cmp);
    let upper = *upper;
    if n % 2 == 1 {
        return Some(upper);
    }
    let lower = below.iter().copied().max_by(f64::total_cmp)?;
    Some(lower + (upper - lower) / 2.0)
}

/// The median of values already in ascending order; `None` without values.
pub fn median_of_sorted(values: &[f64]) -> Option<f64> {
    quantile_of_sorted(values, 0.5)
}

/// The quantile at `level` (0..=1) of values in ascending order, linearly interpolated between order statistics
/// (Hyndman and Fan's type 7, the default of most packages); `None` without values.
pub fn quantile_of_sorted(values: &[f64], level: f64) -> Option<f64> {
    let last = values.len().checked_sub(1)?;
    let position = level.clamp(0.0, 1.0) * last as f64;
    let below = position.floor() as usize;
    let low = *values.get(below)?;
    let high = values.get(below + 1).copied().unwrap_or(low);
    Some(low + (position - below as f64) * (high - low))
}

/// The median of the absolute distances from `centre`; `None` without values.
pub fn median_absolute_deviation(values: &[f64], centre: f64) -> Option<f64> {
    median(
        &values
            .iter()
            .map(|v| (v - centre).abs())
            .collect::<Vec<_>>(),
    )
}

/// A standard deviation estimated robustly around `centre`: the median absolute deviation over 0.6745 or, where
/// more than half of the values are equal so that it is 0, the mean absolute deviation over `sqrt(2 / pi)`
/// (Iglewicz and Hoaglin 1993). `None` without values or without any spread.
pub fn robust_scale(values: &[f64], centre: f64) -> Option<f64> {
    let scale = match median_absolute_deviation(values, centre)? {
        mad if mad > 0.0 => mad / ROBUST_NORMAL,
        _ => {
            let distances: Vec<f64> = values.iter().map(|v| (v - centre).abs()).collect();
            mean(&distances)? / MEAN_ABSOLUTE_NORMAL
        }
    };
    (scale > 0.0 && scale.is_finite()).then_some(scale)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn medians_of_even_odd_and_no_values() {
        assert_eq!(median(&[]), None);
        assert_eq!(median(&[3.0, 1.0, 2.0]), Some(2.0));
        assert_eq!(median(&[4.0, 1.0, 2.0, 3.0]), Some(2.5));
    }

    #[test]
    fn quantiles_interpolate() {
        let values = [1.0, 2.0, 3.0, 4.0];
        assert_eq!(quantile_of_sorted(&values, 0.5), Some(2.5));
        assert_eq!(quantile_of_sorted(&values, 0.0), Some(1.0));
        assert_eq!(quantile_of_sorted(&values, 1.0), Some(4.0));
        assert_eq!(quantile_of_sorted(&[], 0.5), None);
    }

    #[test]
    fn scale_falls_back_where_most_values_are_equal() {
        assert!(robust_scale(&[1.0, 1.0, 1.0, 1.0, 5.0], 1.0).is_some());
        assert_eq!(robust_scale(&[2.0; 9], 2.0), None);
    }
}
