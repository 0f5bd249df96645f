//! How well a candidate predicts records that it was not fitted on.

use super::candidate::{Candidate, Row};
use super::fit::Method;
use super::outcome::Evidence;
use crate::statistics::{mean, median, paired_t, wilcoxon_signed_rank};

/// Folds of the cross-validation.
const FOLDS: usize = 5;
/// Counts as the log error of a prediction that is not above 0.
const WORST_ERROR: f64 = 20.0;

/// Errors on the logarithm of a candidate, predicted without the record's own fold.
pub(super) struct CrossValidated {
    /// The losses.
    pub errors: Vec<f64>,
    logarithms: Vec<f64>,
}

/// Validates what is fitted by a method.
pub(super) struct Validator(pub Method);

impl Validator {
    fn is_median(&self) -> bool {
        self.0.tau == 0.5 && !self.0.is_mean()
    }

    /// The loss of an error on the logarithm.
    pub fn loss(&self, logarithm: f64) -> f64 {
        self.0.loss(logarithm)
    }

    /// What losses are summed up by: their median or, of a quantile and of the mean, their mean.
    pub fn middle(&self, errors: &[f64]) -> Option<f64> {
        if self.is_median() {
            median(errors)
        } else {
            mean(errors)
        }
    }

    /// Predicts each of five consecutive blocks by a fit on the others; `None` if a fit is not determined.
    pub fn cross_validate(
        &self,
        candidate: &Candidate<'_>,
        rows: &[Row<'_>],
    ) -> Option<CrossValidated> {
        let n = rows.len();
        let mut logarithms = Vec::with_capacity(n);
        for fold in 0..FOLDS {
            let (from, to) = (fold * n / FOLDS, (fold + 1) * n / FOLDS);
            let training: Vec<usize> = (0..from).chain(to..n).collect();
            let left_out: Vec<usize> = (from..to).collect();
            let fitted = candidate.fit(rows, &training, self.0)?;
            for (value, i) in candidate
                .predict(&fitted, &left_out)
                .into_iter()
                .zip(&left_out)
            {
                let error = value.map_or(WORST_ERROR, |v| rows[*i].error(v));
                logarithms.push(error.clamp(-WORST_ERROR, WORST_ERROR));
            }
        }
        let errors = logarithms.iter().map(|l| self.loss(*l)).collect();
        Some(CrossValidated { errors, logarithms })
    }

    /// What speaks for the candidate, against the current estimate.
    pub fn evidence(&self, validated: &CrossValidated, rows: &[Row<'_>]) -> Option<Evidence> {
        let current: Vec<f64> = rows.iter().map(|row| row.error(row.current)).collect();
        let current_errors: Vec<f64> = current.iter().map(|l| self.loss(*l)).collect();
        let differences: Vec<f64> = current_errors
            .iter()
            .zip(&validated.errors)
            .map(|(old, new)| old - new)
            .collect();
        let (current_error, new_error) = (
            self.middle(&current_errors)?,
            self.middle(&validated.errors)?,
        );
        let percent = |logarithms: &[f64]| {
            let relative: Vec<f64> = logarithms.iter().map(|l| l.exp_m1().abs()).collect();
            median(&relative).map(|middle| 100.0 * middle)
        };
        Some(Evidence {
            folds: FOLDS,
            records: rows.len(),
            error: match (self.is_median(), self.0.is_mean()) {
                (true, _) => "absolute_log_error",
                (_, true) => "gamma_deviance",
                _ => "pinball_log_error",
            },
            current_error,
            cross_validated_error: new_error,
            improvement: if current_error > 0.0 {
                1.0 - new_error / current_error
            } else {
                0.0
            },
            test: if self.is_median() {
                "wilcoxon_signed_rank"
            } else {
                "paired_t"
            },
            p: if self.is_median() {
                wilcoxon_signed_rank(&differences)
            } else {
                paired_t(&differences)
            },
            current_median_absolute_error_percent: percent(&current)?,
            cross_validated_median_absolute_error_percent: percent(&validated.logarithms)?,
        })
    }
}
