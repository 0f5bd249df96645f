//! Tests of a location with paired data, and the correction for many tests.

use super::{mean, normal_upper_tail, sample_variance, student_two_sided};

/// Two-sided p-value of Wilcoxon's signed-rank test that the differences are symmetric around 0: normal
/// approximation with the corrections for ties and continuity, zeros dropped (Wilcoxon 1945). 1 where nothing
/// differs.
pub fn wilcoxon_signed_rank(differences: &[f64]) -> f64 {
    let mut nonzero: Vec<f64> = differences
        .iter()
        .copied()
        .filter(|d| *d != 0.0 && d.is_finite())
        .collect();
    nonzero.sort_unstable_by(|a, b| a.abs().total_cmp(&b.abs()));
    let n = nonzero.len() as f64;
    let (mut positive, mut ties, mut start) = (0.0, 0.0, 0);
    while start < nonzero.len() {
        let size = nonzero[start..]
            .iter()
            .take_while(|d| d.abs() == nonzero[start].abs())
            .count();
        let rank = start as f64 + (size as f64 + 1.0) / 2.0;
        let above = nonzero[start..start + size]
            .iter()
            .filter(|d| **d > 0.0)
            .count();
        positive += rank * above as f64;
        ties += (size as f64).powi(3) - size as f64;
        start += size;
    }
    let variance = n * (n + 1.0) * (2.0 * n + 1.0) / 24.0 - ties / 48.0;
    if variance <= 0.0 {
        return 1.0;
    }
    let distance = ((positive - n * (n + 1.0) / 4.0).abs() - 0.5).max(0.0);
    (2.0 * normal_upper_tail(distance / variance.sqrt())).min(1.0)
}

/// Two-sided p-value of the paired t-test that the mean difference is 0. 1 below two differences.
pub fn paired_t(differences: &[f64]) -> f64 {
    let (Some(centre), Some(variance)) = (mean(differences), sample_variance(differences)) else {
        return 1.0;
    };
    if variance <= 0.0 {
        return if centre == 0.0 { 1.0 } else { 0.0 };
    }
    let n = differences.len() as f64;
    student_two_sided(centre / (variance / n).sqrt(), n - 1.0)
}

/// Spearman's rank correlation (1904), ties with their mean rank; `None` if one does not vary.
pub fn rank_correlation(x: &[f64], y: &[f64]) -> Option<f64> {
    let (x, y) = (ranks(x), ranks(y));
    let (mean_x, mean_y) = (mean(&x)?, mean(&y)?);
    let (mut products, mut squares_x, mut squares_y) = (0.0, 0.0, 0.0);
    for (x, y) in x.iter().zip(&y) {
        products += (x - mean_x) * (y - mean_y);
        squares_x += (x - mean_x).powi(2);
        squares_y += (y - mean_y).powi(2);
    }
    (squares_x > 0.0 && squares_y > 0.0).then(|| products / (squares_x * squares_y).sqrt())
}

fn ranks(values: &[f64]) -> Vec<f64> {
    let mut order: Vec<usize> = (0..values.len()).collect();
    order.sort_by(|a, b| values[*a].total_cmp(&values[*b]));
    let mut ranks = vec![0.0; values.len()];
    let mut start = 0;
    for run in order.chunk_by(|a, b| values[*a] == values[*b]) {
        let rank = start as f64 + (run.len() as f64 - 1.0) / 2.0;
        run.iter().for_each(|index| ranks[*index] = rank);
        start += run.len();
    }
    ranks
}

/// The p-values adjusted so that rejecting those below a level keeps the false discovery rate at that level
/// (Benjamini and Hochberg 1995), in the order given.
pub fn benjamini_hochberg(p_values: &[f64]) -> Vec<f64> {
    let total = p_values.len() as f64;
    let mut order: Vec<usize> = (0..p_values.len()).collect();
    order.sort_by(|a, b| p_values[*b].total_cmp(&p_values[*a]));
    let mut adjusted = vec![1.0; p_values.len()];
    let mut smallest = 1.0_f64;
    for (position, index) in order.into_iter().enumerate() {
        let rank = total - position as f64;
        smallest = smallest.min(p_values[index] * total / rank);
        adjusted[index] = smallest;
    }
    adjusted
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ranks_correlate_whatever_the_scale() {
        let x = [1.0, 2.0, 3.0, 4.0, 100.0];
        let up = rank_correlation(&x, &[1.0, 8.0, 27.0, 64.0, 1e6]).unwrap();
        assert!((up - 1.0).abs() < 1e-12);
        let tied = rank_correlation(&x, &[2.0, 2.0, 1.0, 1.0, 0.0]).unwrap();
        assert!(tied < -0.9);
        assert_eq!(rank_correlation(&x, &[1.0; 5]), None);
    }

    #[test]
    fn signed_rank_is_symmetric_and_counts_evidence() {
        let up: Vec<f64> = (1..=30).map(f64::from).collect();
        let down: Vec<f64> = up.iter().map(|d| -d).collect();
        assert!(wilcoxon_signed_rank(&up) < 1e-5);
        assert_eq!(wilcoxon_signed_rank(&up), wilcoxon_signed_rank(&down));
        assert_eq!(wilcoxon_signed_rank(&[0.0; 40]), 1.0);
        assert_eq!(wilcoxon_signed_rank(&[]), 1.0);
    }

    #[test]
    fn false_discovery_rate() {
        let adjusted = benjamini_hochberg(&[0.01, 0.04, 0.03, 0.5]);
        let expected = [0.04, 0.16 / 3.0, 0.16 / 3.0, 0.5];
        for (got, expected) in adjusted.iter().zip(expected) {
            assert!((got - expected).abs() < 1e-12);
        }
        assert!(benjamini_hochberg(&[]).is_empty());
    }
}
