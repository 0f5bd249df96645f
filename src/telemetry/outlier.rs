//! Outliers by the modified z-score (Iglewicz and Hoaglin 1993), on residuals, never on raw time.

use serde::Serialize;

use crate::statistics::{median, robust_scale};

/// Modified z-scores beyond this are outliers.
pub const OUTLIER_LIMIT: f64 = 3.5;

/// An execution far from the others of its time.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Outlier {
    /// Position in the samples that were given.
    pub index: usize,
    /// When it was executed.
    pub at: chrono::DateTime<chrono::Utc>,
    /// The caller's id of the execution.
    pub execution_id: Option<String>,
    /// What was measured.
    pub actual: f64,
    /// The estimate at that time.
    pub estimate: f64,
    /// actual / estimate.
    pub ratio: f64,
    /// 0.6745 (r - median) / MAD; beyond 3.5 in size is an outlier.
    pub modified_z: f64,
}

/// The modified z-score of each value: 0.6745 (x - median) / MAD, with the mean absolute deviation where the MAD
/// is 0; all 0 where nothing varies.
pub fn modified_z(values: &[f64]) -> Vec<f64> {
    let Some(centre) = median(values) else {
        return Vec::new();
    };
    match robust_scale(values, centre) {
        Some(scale) => values.iter().map(|v| (v - centre) / scale).collect(),
        None => vec![0.0; values.len()],
    }
}

/// The values with those beyond `limit` median absolute deviations from the median drawn in to that distance.
pub fn winsorise(values: &[f64], limit: f64) -> Vec<f64> {
    let Some(centre) = median(values) else {
        return Vec::new();
    };
    match robust_scale(values, centre) {
        Some(scale) => {
            let reach = limit * scale;
            values
                .iter()
                .map(|v| v.clamp(centre - reach, centre + reach))
                .collect()
        }
        None => values.to_vec(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn one_of_many_equal_values_stands_out() {
        let mut values = vec![1.0; 30];
        assert!(modified_z(&values).iter().all(|z| *z == 0.0));
        values.push(2.0);
        let z = modified_z(&values);
        assert!(z[30] > OUTLIER_LIMIT && z[..30].iter().all(|z| z.abs() < 1.0));
        assert!(modified_z(&[]).is_empty());
    }

    #[test]
    fn winsorising_keeps_the_middle() {
        let values: Vec<f64> = (0..20).map(f64::from).chain([1e9]).collect();
        let drawn_in = winsorise(&values, OUTLIER_LIMIT);
        assert_eq!(drawn_in[..20], values[..20]);
        assert!(drawn_in[20] < 100.0);
    }
}
