//! The recommendation of a better estimate, or the refusal with its reason.
//!
//! A new estimate is recommended only if blocked 5-fold cross-validation shows that it predicts better than the
//! current one: each fifth of the records, in the order of execution, is predicted by a fit on the other four.

use super::analysis::{DRIFT_SHARE, is_off, outliers, shift_between_halves};
use super::calibration::{Calibration, calibration};
use super::candidate::{Candidate, Row};
use super::changepoint::{Change, changes, levels};
use super::cross_validation::{CrossValidated, Validator};
use super::design::constant_variables;
use super::fit::round_within;
use super::input_shift::ShiftBand;
use super::outcome::{
    Evidence, Outcome, Recommendation, Refusal, RefusalReason, RescalingOffer, Unexplained,
};
use super::problems::DataProblem;
use super::refit::{Alternative, Range, RefitOptions};
use super::residuals::{LARGEST_VARIABLE, Residual, chronological, usable_actual};
use super::robust::subsample;
use super::rows::{to_residuals, usable_rows};
use super::{Measure, Model, Sample};
use crate::statistics::{mean, median, rank_correlation};

/// Fewer records than this do not support a recommendation.
pub const MIN_RECORDS: usize = 30;
/// The paired test must be under this.
const EVIDENCE_LEVEL: f64 = 0.01;
/// The median error must fall by this share.
const MIN_IMPROVEMENT: f64 = 0.05;
/// Another form must lower the cross-validated error by this share.
const MIN_FORM_IMPROVEMENT: f64 = 0.10;
/// Slightly more executions than the quantile leaves may be stopped at their limit: chance.
const STOPPED_MARGIN: f64 = 1.1;
/// A weaker correlation of the errors with a variable is not worth a word.
const LEAST_CORRELATION: f64 = 0.2;
/// Of more records a fixed, even draw is fitted.
const MAX_FITTED: usize = 4_000;

/// Recommends a better estimate for the samples of one usage pattern, or refuses with the reason. The current
/// estimate is the model's value over each context, whatever was stored.
pub fn recommend(samples: &[Sample], model: &dyn Model, options: &RefitOptions) -> Outcome {
    let measure = options.measure;
    let order = chronological(samples);
    let (rows, indices, problems, not_positive) = usable_rows(samples, &order, model, measure);
    let mut attempt = Attempt {
        model,
        options,
        problems,
        rows: &rows,
        before_change: 0,
        calibration: None,
    };
    if not_positive > rows.len() {
        let actual: Vec<f64> = samples
            .iter()
            .filter_map(|s| usable_actual(s, measure, false, &mut Default::default()))
            .collect();
        let middle = if measure == Measure::Cost {
            mean(&actual)
        } else {
            median(&actual)
        };
        let constant = middle
            .filter(|_| actual.len() >= MIN_RECORDS)
            .map(|value| round_within(value, None));
        return attempt.refuse(
            RefusalReason::EstimateNotPositive {
                count: not_positive,
                constant,
            },
            None,
        );
    }
    let records = to_residuals(&rows, &indices);
    let (found, _) = changes(&records);
    let start = attempt.first_record(&found);
    attempt.rows = &rows[start..];
    attempt.before_change = start;
    let records = &records[start..];
    attempt.calibration = calibration(records, measure, options.level);
    let usable = records.len();
    if usable < MIN_RECORDS {
        let missing = MIN_RECORDS - usable;
        let reason = RefusalReason::TooFewRecords {
            usable,
            required: MIN_RECORDS,
            missing,
            before_change: start,
        };
        return attempt.refuse(reason, None);
    }
    let names = model.variables();
    let contexts: Vec<_> = attempt.rows.iter().map(|row| row.context).collect();
    let constant = constant_variables(&names, &contexts);
    if !names.is_empty() && constant.len() == names.len() {
        let reason = RefusalReason::ConstantInput {
            variables: ranges(&constant, attempt.rows),
            rescaling: attempt.rescaling(),
        };
        return attempt.refuse(reason, None);
    }
    if let Some(reason) = attempt.beyond_limit(&constant) {
        return attempt.refuse(reason, None);
    }
    match attempt.search(&names, &constant) {
        Ok(recommendation) => Outcome::Recommend(Box::new(recommendation)),
        Err(None) => attempt.refuse(RefusalReason::NotIdentifiable, None),
        Err(Some(evidence)) => {
            let later: Vec<Change> = Vec::new();
            let far = outliers(samples, records, &later);
            let counted: Vec<usize> = records.iter().map(|record| record.index).collect();
            let reason = attempt.why_not(samples, records, &counted, far.len());
            attempt.refuse(reason, Some(*evidence))
        }
    }
}

fn ranges(names: &[String], rows: &[Row<'_>]) -> Vec<Range> {
    names
        .iter()
        .filter_map(|name| {
            let values = || rows.iter().filter_map(|row| row.context.get(name).copied());
            let low = values().min_by(f64::total_cmp)?;
            let high = values().max_by(f64::total_cmp)?;
            Some(Range {
                variable: name.clone(),
                low,
                high,
            })
        })
        .collect()
}

struct Attempt<'a, 'r> {
    model: &'a dyn Model,
    options: &'a RefitOptions,
    problems: Vec<DataProblem>,
    rows: &'r [Row<'a>],
    before_change: usize,
    calibration: Option<Calibration>,
}

impl<'a> Attempt<'a, '_> {
    /// The first record after the last change. A change that a refit on all records explains is one of the inputs, met
    /// by a wrong slope, and none of the tool.
    fn first_record(&self, found: &[Change]) -> usize {
        let Some(last) = found.last() else {
            return 0;
        };
        self.last_unexplained_change().unwrap_or(last.index)
    }

    /// The last change left in the residuals of a fit on all records, 0 if none is; `None` without a fit.
    fn last_unexplained_change(&self) -> Option<usize> {
        let drawn = subsample(self.rows.len(), MAX_FITTED);
        let rows: Vec<Row<'a>> = drawn.iter().map(|i| self.rows[*i]).collect();
        let contexts: Vec<_> = rows.iter().map(|row| row.context).collect();
        let names = self.model.variables();
        let constant = constant_variables(&names, &contexts);
        if constant.len() == names.len() {
            return None;
        }
        let candidate = Candidate::own(self.model, &rows, &constant)?;
        let all: Vec<usize> = (0..rows.len()).collect();
        let fitted = candidate.fit(&rows, &all, self.options.method())?;
        let r = candidate
            .predict(&fitted, &all)
            .into_iter()
            .zip(&rows)
            .map(|(value, row)| value.map(|v| row.actual.ln() - v.ln()))
            .collect::<Option<Vec<f64>>>()?;
        let times: Vec<_> = rows.iter().map(|row| row.at).collect();
        let found = levels(&times, &r).changes;
        Some(found.last().map_or(0, |(index, _)| drawn[*index]))
    }

    fn validator(&self) -> Validator {
        Validator(self.options.method())
    }

    /// The best candidate with its evidence; or, if it is not good enough, the evidence against it, if there is any.
    fn search(
        &self,
        names: &[String],
        constant: &[String],
    ) -> Result<Recommendation, Option<Box<Evidence>>> {
        let drawn = subsample(self.rows.len(), MAX_FITTED);
        let rows: Vec<Row<'a>> = drawn.iter().map(|i| self.rows[*i]).collect();
        let own = Candidate::own(self.model, &rows, constant)
            .and_then(|own| Some((self.validator().cross_validate(&own, &rows)?, own)));
        let (mut alternatives, best_other) = self.other_forms(&rows, names, constant, own.as_ref());
        let (validated, candidate) = best_other.or(own).ok_or(None)?;
        let evidence = self.validator().evidence(&validated, &rows).ok_or(None)?;
        // a level that is met exactly leaves no rank to test, and nothing to improve
        let better = evidence.improvement >= MIN_IMPROVEMENT && evidence.p < EVIDENCE_LEVEL;
        if !better {
            return self
                .surely_off(&rows, names, constant)
                .ok_or(Some(Box::new(evidence)));
        }
        alternatives.sort_by(|a, b| a.cross_validated_error.total_cmp(&b.cross_validated_error));
        self.recommendation(
            &candidate,
            &rows,
            names,
            constant,
            evidence.clone(),
            alternatives,
            true,
        )
        .or_else(|| self.surely_off(&rows, names, constant))
        .ok_or(Some(Box::new(evidence)))
    }

    /// A factor on the whole estimate where its ratio is surely off by a tenth, although no fit predicts better: in noisy
    /// records the error hardly falls, however wrong the level is.
    fn surely_off(
        &self,
        rows: &[Row<'a>],
        names: &[String],
        constant: &[String],
    ) -> Option<Recommendation> {
        if self.options.quantile.is_some() {
            return None;
        }
        let (_, interval) = self.calibration.as_ref().map(Calibration::ratio)?;
        let far = 1.0 + DRIFT_SHARE;
        interval.filter(|it| it.low > far || it.high < 1.0 / far)?;
        let candidate = Candidate::rescaled(rows);
        let validated = self.validator().cross_validate(&candidate, rows)?;
        let evidence = self.validator().evidence(&validated, rows)?;
        self.recommendation(
            &candidate,
            rows,
            names,
            constant,
            evidence,
            Vec::new(),
            false,
        )
    }

    /// Why the quantile cannot be known, where too many executions were stopped before they reached it.
    fn beyond_limit(&self, constant: &[String]) -> Option<RefusalReason> {
        let method = self.options.method();
        let stopped = self.rows.iter().filter(|row| row.censored).count();
        if stopped == 0 || method.is_mean() {
            return None;
        }
        let drawn = subsample(self.rows.len(), MAX_FITTED);
        let rows: Vec<Row<'a>> = drawn.iter().map(|i| self.rows[*i]).collect();
        let all: Vec<usize> = (0..rows.len()).collect();
        let fitted = Candidate::own(self.model, &rows, constant)
            .and_then(|own| own.below_limit(&rows, &all, method));
        let below = fitted.map_or(all, |(_, below)| below);
        let share = |part: usize, of: usize| part as f64 / of.max(1) as f64;
        let stopped_below = below.iter().filter(|i| rows[**i].censored).count();
        let known = share(stopped_below, below.len()) <= STOPPED_MARGIN * (1.0 - method.tau)
            && 2 * below.len() >= rows.len();
        (!known).then(|| RefusalReason::BeyondLimit {
            quantile: method.tau,
            timeouts: stopped,
            share: share(stopped, self.rows.len()),
        })
    }

    /// The recorded variable that the estimate does not read and that its errors go with most, if they surely do.
    fn unexplained(&self) -> Option<Unexplained> {
        let read = self.model.variables();
        let first = self.rows.first()?;
        let errors: Vec<f64> = self.rows.iter().map(|row| row.error(row.current)).collect();
        let correlations = first.context.keys().filter_map(|name| {
            if read.contains(name) || !is_variable_name(name) {
                return None;
            }
            let values = self
                .rows
                .iter()
                .map(|row| row.context.get(name).copied())
                .map(|value| value.filter(|value| value.abs() <= LARGEST_VARIABLE))
                .collect::<Option<Vec<f64>>>()?;
            Some(Unexplained {
                variable: name.clone(),
                rank_correlation: rank_correlation(&values, &errors)?,
            })
        });
        let size = |it: &Unexplained| it.rank_correlation.abs();
        let most = correlations.max_by(|a, b| size(a).total_cmp(&size(b)))?;
        // five standard errors of no correlation: many variables may be looked at
        let sure = LEAST_CORRELATION.max(5.0 / (self.rows.len() as f64).sqrt());
        (size(&most) >= sure).then_some(most)
    }

    /// Tries the other forms. The best one is returned if its cross-validated error, as median and as mean, is a tenth
    /// or more below that of the expression's own terms.
    fn other_forms(
        &self,
        rows: &[Row<'a>],
        names: &[String],
        constant: &[String],
        own: Option<&(CrossValidated, Candidate<'a>)>,
    ) -> (Vec<Alternative>, Option<(CrossValidated, Candidate<'a>)>) {
        let mut candidates = vec![Candidate::constant(rows)];
        let named: Vec<String> = match names {
            [] => rows
                .first()
                .map(|row| row.context.keys().cloned().collect())
                .unwrap_or_default(),
            names => names.to_vec(),
        };
        let contexts: Vec<_> = rows.iter().map(|row| row.context).collect();
        let constant = if names.is_empty() {
            constant_variables(&named, &contexts)
        } else {
            constant.to_vec()
        };
        for name in named.iter().filter(|name| !constant.contains(name)) {
            let finite = rows.iter().all(|row| {
                row.context
                    .get(name)
                    .is_some_and(|v| v.abs() <= LARGEST_VARIABLE)
            });
            if finite && is_variable_name(name) {
                candidates.extend(Candidate::in_variable(name, rows));
            }
        }
        let extra = self.unexplained().filter(|_| !names.is_empty());
        if let Some(extra) = &extra {
            let varying: Vec<String> = names
                .iter()
                .filter(|name| !constant.contains(name))
                .cloned()
                .collect();
            candidates.extend(Candidate::with_variable(&varying, &extra.variable, rows));
        }
        let bar = own
            .and_then(|(own, _)| Some((self.validator().middle(&own.errors)?, mean(&own.errors)?)));
        let mut tried = Vec::new();
        let mut best: Option<(f64, CrossValidated, Candidate<'a>)> = None;
        for candidate in candidates {
            let Some(validated) = self.validator().cross_validate(&candidate, rows) else {
                continue;
            };
            let (Some(error), Some(average)) = (
                self.validator().middle(&validated.errors),
                mean(&validated.errors),
            ) else {
                continue;
            };
            let keep = 1.0 - MIN_FORM_IMPROVEMENT;
            // an own error of rounding size is met: no form is better than right
            let better = bar.is_none_or(|(own, own_average)| {
                own > 1e-6 && error <= keep * own && average <= keep * own_average
            });
            let improvement_over_own = match bar {
                Some((own, _)) if own > 1e-12 => 1.0 - error / own,
                _ => 0.0,
            };
            tried.push(Alternative {
                form: candidate.form,
                variable: candidate.variable.clone(),
                cross_validated_error: error,
                improvement_over_own,
            });
            if better && best.as_ref().is_none_or(|(least, _, _)| error < *least) {
                best = Some((error, validated, candidate));
            }
        }
        (
            tried,
            best.map(|(_, validated, candidate)| (validated, candidate)),
        )
    }

    #[expect(clippy::too_many_arguments, reason = "each is a part of the answer")]
    fn recommendation(
        &self,
        candidate: &Candidate<'a>,
        rows: &[Row<'a>],
        names: &[String],
        constant: &[String],
        evidence: Evidence,
        alternatives: Vec<Alternative>,
        must_improve: bool,
    ) -> Option<Recommendation> {
        let method = self.options.method();
        let all: Vec<usize> = (0..rows.len()).collect();
        let fitted = candidate.fit(rows, &all, method)?;
        let constants = candidate.constants(&fitted, rows, method, self.options.level);
        if constants
            .iter()
            .any(|c| !c.new.is_finite() || !c.fitted.is_finite())
        {
            return None;
        }
        let logarithms = candidate
            .predict_rounded(&constants, &all)
            .into_iter()
            .zip(rows)
            .map(|(value, row)| value.map(|v| row.error(v)))
            .collect::<Option<Vec<f64>>>()?;
        let errors: Vec<f64> = logarithms
            .iter()
            .map(|l| self.validator().loss(*l))
            .collect();
        let relative: Vec<f64> = logarithms.iter().map(|l| l.exp_m1().abs()).collect();
        // what rounding makes of the fit must still be better, and not the current estimate again
        let rounded_error = self.validator().middle(&errors)?;
        let improves = rounded_error <= (1.0 - MIN_IMPROVEMENT) * evidence.current_error;
        if (must_improve && !improves) || relative.iter().any(|e| !e.is_finite()) {
            return None;
        }
        let ranged: Vec<String> = match (&candidate.variable, names) {
            (Some(variable), []) => vec![variable.clone()],
            (Some(variable), names) if !names.contains(variable) => {
                let own = names.iter().cloned();
                own.chain([variable.clone()]).collect()
            }
            (_, names) => names.to_vec(),
        };
        Some(Recommendation {
            measure: self.options.measure,
            estimand: match self.options.quantile {
                Some(_) => "quantile",
                None => self.options.measure.estimand(),
            },
            quantile: self.options.quantile,
            current: self.current(),
            expression: candidate.render(self.model, &constants),
            form: candidate.form,
            variable: candidate.variable.clone(),
            constants,
            records: self.rows.len(),
            records_fitted: rows.len(),
            records_before_change: self.before_change,
            timeouts: self.rows.iter().filter(|row| row.censored).count(),
            calibration: self.calibration.clone(),
            only_rescaled: !must_improve,
            since: self.rows.first()?.at,
            fitted_range: ranges(&ranged, self.rows),
            constant_variables: constant.to_vec(),
            evidence,
            fitted_median_absolute_error_percent: 100.0 * median(&relative)?,
            alternatives,
            unexplained: self.unexplained(),
            problems: self.problems.clone(),
        })
    }

    fn current(&self) -> String {
        self.model.render(&self.model.parameters())
    }

    /// A factor where the ratio is surely off at the one input there is.
    fn rescaling(&self) -> Option<RescalingOffer> {
        let (ratio, interval) = self.calibration.as_ref().map(Calibration::ratio)?;
        let interval = interval.filter(|i| !i.contains(1.0))?;
        let factor = round_within(ratio, Some(&interval));
        let far = (ratio.ln().abs()).exp_m1() >= MIN_IMPROVEMENT;
        far.then(|| RescalingOffer {
            factor,
            interval,
            expression: format!("{factor} * ({})", self.current()),
        })
    }

    /// Why no fit is better than the current estimate.
    fn why_not(
        &self,
        samples: &[Sample],
        records: &[Residual],
        counted: &[usize],
        outliers: usize,
    ) -> RefusalReason {
        let off = self.calibration.as_ref().is_some_and(is_off);
        if off {
            return RefusalReason::NoImprovement;
        }
        let moved: Vec<String> = shift_between_halves(samples, counted, Some(self.model))
            .into_iter()
            .filter(|s| s.band != ShiftBand::Stable)
            .map(|s| s.variable)
            .collect();
        if !moved.is_empty() {
            return RefusalReason::InputShiftOnly { variables: moved };
        }
        let absolute: Vec<f64> = records.iter().map(|x| x.r.abs()).collect();
        let far = absolute.iter().sum::<f64>();
        let mut near = absolute;
        near.sort_unstable_by(f64::total_cmp);
        near.truncate(records.len() - outliers.min(records.len()));
        // the outliers carry the error, not the estimate
        let kept = near.iter().sum::<f64>() / near.len().max(1) as f64;
        if outliers > 0 && far / records.len() as f64 > 1.1 * kept {
            return RefusalReason::OutliersOnly { count: outliers };
        }
        RefusalReason::NoImprovement
    }

    fn refuse(&self, reason: RefusalReason, evidence: Option<Evidence>) -> Outcome {
        Outcome::Refuse(Box::new(Refusal {
            measure: self.options.measure,
            current: self.current(),
            message: reason.sentence(),
            reason,
            records: self.rows.len(),
            records_before_change: self.before_change,
            calibration: self.calibration.clone(),
            evidence,
            unexplained: self.unexplained(),
            problems: self.problems.clone(),
        }))
    }
}

/// Whether an expression could name it.
fn is_variable_name(name: &str) -> bool {
    name.starts_with(|c: char| c.is_ascii_alphabetic() || c == '_')
        && name.bytes().all(|b| b.is_ascii_alphanumeric() || b == b'_')
}
