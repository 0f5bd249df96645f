//! The recommendation of a better estimate, or the refusal with its reason.
//!
//! A new estimate is recommended only if blocked 5-fold cross-validation shows that it predicts better than the
//! current one: each fifth of the records, in the order of execution, is predicted by a fit on the other four.

use chrono::{DateTime, Utc};
use serde::Serialize;

use super::analysis::{is_off, outliers, shift_between_halves};
use super::calibration::{Calibration, calibration};
use super::changepoint::{Change, change_indices, changes};
use super::design::constant_variables;
use super::fit::round_within;
use super::input_shift::ShiftBand;
use super::problems::{DataProblem, ProblemCounter, ProblemKind};
use super::quantile_regression::pinball;
use super::refit::{Alternative, Candidate, Constant, Form, Range, RefitOptions, Row};
use super::residuals::{LARGEST_VALUE, LARGEST_VARIABLE, Residual, chronological, usable_actual};
use super::robust::subsample;
use super::{Measure, Model, Sample};
use crate::statistics::{Interval, mean, median, paired_t, wilcoxon_signed_rank};

/// Fewer records than this do not support a recommendation.
pub const MIN_RECORDS: usize = 30;
/// Folds of the cross-validation.
const FOLDS: usize = 5;
/// The paired test must be under this.
const EVIDENCE_LEVEL: f64 = 0.01;
/// The median error must fall by this share.
const MIN_IMPROVEMENT: f64 = 0.05;
/// Another form must lower the cross-validated error by this share.
const MIN_FORM_IMPROVEMENT: f64 = 0.10;
/// Of more records a fixed, even draw is fitted.
const MAX_FITTED: usize = 4_000;
/// Counts as the log error of a prediction that is not above 0.
const WORST_ERROR: f64 = 20.0;

/// What came of the attempt.
#[derive(Debug, Clone, PartialEq, Serialize)]
#[serde(rename_all = "snake_case", tag = "outcome")]
pub enum Outcome {
    /// A better estimate.
    Recommend(Box<Recommendation>),
    /// No better estimate, and why.
    Refuse(Box<Refusal>),
}

impl Outcome {
    /// The recommendation, if there is one.
    pub fn recommendation(&self) -> Option<&Recommendation> {
        match self {
            Self::Recommend(recommendation) => Some(recommendation),
            Self::Refuse(_) => None,
        }
    }

    /// The refusal, if it is one.
    pub fn refusal(&self) -> Option<&Refusal> {
        match self {
            Self::Recommend(_) => None,
            Self::Refuse(refusal) => Some(refusal),
        }
    }
}

/// The cross-validated comparison of the new estimate with the current one.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Evidence {
    /// Folds of the cross-validation.
    pub folds: usize,
    /// Records compared.
    pub records: usize,
    /// The error that is compared: `absolute_log_error` or `pinball_log_error` (where a quantile is estimated).
    pub error: &'static str,
    /// Error of the current estimate: the median, or the mean where a quantile is estimated.
    pub current_error: f64,
    /// The same of the new estimate, each record predicted by a fit without its fold.
    pub cross_validated_error: f64,
    /// By how much the error falls, as a share of the current one (negative: it grows).
    pub improvement: f64,
    /// The paired test: `wilcoxon_signed_rank`, or `paired_t` where a quantile is estimated.
    pub test: &'static str,
    /// Its two-sided p-value.
    pub p: f64,
    /// Median |actual - estimate| / estimate of the current estimate, in percent.
    pub current_median_absolute_error_percent: f64,
    /// The same of the new estimate, cross-validated.
    pub cross_validated_median_absolute_error_percent: f64,
}

/// A better estimate with its evidence.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Recommendation {
    /// What was measured.
    pub measure: Measure,
    /// What the estimate now is: `median`, `mean` or `quantile`.
    pub estimand: &'static str,
    /// The quantile, where one was asked for.
    pub quantile: Option<f64>,
    /// The current expression.
    pub current: String,
    /// The recommended expression.
    pub expression: String,
    /// Its form.
    pub form: Form,
    /// The variable, where the form is another one.
    pub variable: Option<String>,
    /// Its constants in order.
    pub constants: Vec<Constant>,
    /// Records that count: those after the last change.
    pub records: usize,
    /// Records that were fitted (a fixed draw where there are very many).
    pub records_fitted: usize,
    /// Records before the last change, left out.
    pub records_before_change: usize,
    /// Time of the first record that counts.
    pub since: DateTime<Utc>,
    /// The range of each variable in the records: beyond it the estimate extrapolates.
    pub fitted_range: Vec<Range>,
    /// The variables whose constants were not fitted since they do not vary.
    pub constant_variables: Vec<String>,
    /// The cross-validated evidence.
    pub evidence: Evidence,
    /// Median |actual - estimate| / estimate of the recommended expression on the records, in percent.
    pub fitted_median_absolute_error_percent: f64,
    /// Other forms that were tried.
    pub alternatives: Vec<Alternative>,
    /// What was wrong with the records left out.
    pub problems: Vec<DataProblem>,
}

/// No recommendation.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Refusal {
    /// What was measured.
    pub measure: Measure,
    /// The current expression.
    pub current: String,
    /// Why.
    #[serde(flatten)]
    pub reason: RefusalReason,
    /// The reason as a sentence.
    pub message: String,
    /// Records that count: those after the last change.
    pub records: usize,
    /// Records before the last change, left out.
    pub records_before_change: usize,
    /// How the current estimate fares on the records that count; absent without any.
    pub calibration: Option<Calibration>,
    /// The comparison, where it came to one.
    pub evidence: Option<Evidence>,
    /// What was wrong with the records left out.
    pub problems: Vec<DataProblem>,
}

/// Why there is no recommendation.
#[derive(Debug, Clone, PartialEq, Serialize)]
#[serde(rename_all = "snake_case", tag = "reason")]
pub enum RefusalReason {
    /// Too few usable records since the last change.
    TooFewRecords {
        /// Usable records.
        usable: usize,
        /// How many are needed.
        required: usize,
        /// How many more.
        missing: usize,
    },
    /// No variable of the estimate varies: a slope cannot be told.
    ConstantInput {
        /// The variables with the value they have.
        variables: Vec<Range>,
        /// A rescaling that fits at this input; absent where the estimate is about right there.
        rescaling: Option<RescalingOffer>,
    },
    /// The estimate is 0 or less for most records, so that no ratio exists.
    EstimateNotPositive {
        /// Records where it is 0 or less.
        count: usize,
        /// The middle of the actuals, as a constant estimate.
        constant: Option<f64>,
    },
    /// The estimate is right but for some far executions, which no estimate would meet.
    OutliersOnly {
        /// How many.
        count: usize,
    },
    /// The estimate holds; its inputs have moved.
    InputShiftOnly {
        /// The variables that moved.
        variables: Vec<String>,
    },
    /// No fit predicts better than the current estimate.
    NoImprovement,
    /// The constants could not be determined from the records.
    NotIdentifiable,
}

/// A factor on the whole estimate.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct RescalingOffer {
    /// The factor, rounded within its interval.
    pub factor: f64,
    /// Its interval.
    pub interval: Interval,
    /// The rescaled expression.
    pub expression: String,
}

/// Recommends a better estimate for the samples of one usage pattern, or refuses with the reason. The current
/// estimate is the model's value over each context, whatever was stored.
pub fn recommend(samples: &[Sample], model: &dyn Model, options: &RefitOptions) -> Outcome {
    let measure = options.measure;
    let order = chronological(samples);
    let (rows, indices, problems, not_positive) = usable_rows(samples, &order, model, measure);
    let mut attempt =
        Attempt { model, options, problems, rows: &rows, before_change: 0, calibration: None };
    if not_positive > rows.len() {
        let actual: Vec<f64> =
            samples.iter().filter_map(|s| usable_actual(s, measure, &mut Default::default())).collect();
        let middle = if measure == Measure::Cost { mean(&actual) } else { median(&actual) };
        let constant = middle
            .filter(|_| actual.len() >= MIN_RECORDS)
            .map(|value| round_within(value, None));
        return attempt.refuse(RefusalReason::EstimateNotPositive { count: not_positive, constant }, None);
    }
    let records = to_residuals(&rows, &indices);
    let found = changes(&records);
    let start = attempt.first_record(&found);
    attempt.rows = &rows[start..];
    attempt.before_change = start;
    let records = &records[start..];
    attempt.calibration = calibration(records, measure, options.level);
    let usable = records.len();
    if usable < MIN_RECORDS {
        let missing = MIN_RECORDS - usable;
        let reason = RefusalReason::TooFewRecords { usable, required: MIN_RECORDS, missing };
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

/// The records a fit can use in the order of execution, their positions in the samples, what was wrong with the others,
/// and how many have an estimate of 0 or less.
fn usable_rows<'a>(
    samples: &'a [Sample],
    order: &[usize],
    model: &dyn Model,
    measure: Measure,
) -> (Vec<Row<'a>>, Vec<usize>, Vec<DataProblem>, usize) {
    let mut problems = ProblemCounter::default();
    if samples.is_empty() {
        problems.set(ProblemKind::NoRecords, None, 0);
    }
    let names = model.variables();
    let mut usable = Vec::new();
    for index in order {
        let sample = &samples[*index];
        let mut complete = true;
        for name in &names {
            let kind = match sample.context.get(name) {
                None => ProblemKind::MissingVariable,
                Some(v) if !v.is_finite() => ProblemKind::NonFiniteVariable,
                Some(v) if v.abs() > LARGEST_VARIABLE => ProblemKind::ExtremeVariable,
                Some(_) => continue,
            };
            problems.add_variable(kind, name);
            complete = false;
        }
        if let (Some(actual), true) = (usable_actual(sample, measure, &mut problems), complete) {
            usable.push((*index, actual));
        }
    }
    let contexts: Vec<_> = usable.iter().map(|(index, _)| &samples[*index].context).collect();
    let estimates = model.predict(&model.parameters(), &contexts);
    let (mut rows, mut indices, mut not_positive) = (Vec::new(), Vec::new(), 0);
    for ((index, actual), estimate) in usable.into_iter().zip(estimates) {
        let current = match estimate {
            Some(v) if v.is_finite() && v < f64::MIN_POSITIVE => {
                not_positive += 1;
                problems.add(ProblemKind::NonPositiveEstimate);
                continue;
            }
            Some(v) if v <= LARGEST_VALUE => v,
            _ => {
                problems.add(ProblemKind::NonFiniteEstimate);
                continue;
            }
        };
        if (actual.ln() - current.ln()).abs() > 700.0 {
            problems.add(ProblemKind::NonFiniteResidual);
            continue;
        }
        let sample = &samples[index];
        rows.push(Row { at: sample.executed_at, actual, current, context: &sample.context });
        indices.push(index);
    }
    (rows, indices, problems.finish(), not_positive)
}

fn to_residuals(rows: &[Row<'_>], indices: &[usize]) -> Vec<Residual> {
    rows.iter()
        .zip(indices)
        .map(|(row, index)| Residual {
            index: *index,
            at: row.at,
            actual: row.actual,
            estimate: row.current,
            r: row.actual.ln() - row.current.ln(),
        })
        .collect()
}

fn ranges(names: &[String], rows: &[Row<'_>]) -> Vec<Range> {
    names
        .iter()
        .filter_map(|name| {
            let values = || rows.iter().filter_map(|row| row.context.get(name).copied());
            let low = values().min_by(f64::total_cmp)?;
            let high = values().max_by(f64::total_cmp)?;
            Some(Range { variable: name.clone(), low, high })
        })
        .collect()
}

/// Errors on the logarithm of a candidate, predicted without the record's own fold.
struct CrossValidated {
    errors: Vec<f64>,
    logarithms: Vec<f64>,
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

    /// The last change left in the residuals of a fit on all records, 0 where none is; `None` without a fit.
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
        Some(change_indices(&r).last().map_or(0, |index| drawn[*index]))
    }

    fn loss(&self, logarithm: f64) -> f64 {
        let tau = self.options.method().tau;
        if tau == 0.5 { logarithm.abs() } else { 2.0 * pinball(logarithm, tau) }
    }

    fn middle(&self, errors: &[f64]) -> Option<f64> {
        if self.options.method().tau == 0.5 { median(errors) } else { mean(errors) }
    }

    /// Predicts each of five consecutive blocks by a fit on the others; `None` where a fit is not determined.
    fn cross_validate(&self, candidate: &Candidate<'a>, rows: &[Row<'a>]) -> Option<CrossValidated> {
        let n = rows.len();
        let mut logarithms = Vec::with_capacity(n);
        for fold in 0..FOLDS {
            let (from, to) = (fold * n / FOLDS, (fold + 1) * n / FOLDS);
            let training: Vec<usize> = (0..from).chain(to..n).collect();
            let left_out: Vec<usize> = (from..to).collect();
            let fitted = candidate.fit(rows, &training, self.options.method())?;
            for (value, i) in candidate.predict(&fitted, &left_out).into_iter().zip(&left_out) {
                let error = value.map_or(WORST_ERROR, |v| rows[*i].actual.ln() - v.ln());
                logarithms.push(error.clamp(-WORST_ERROR, WORST_ERROR));
            }
        }
        let errors = logarithms.iter().map(|l| self.loss(*l)).collect();
        Some(CrossValidated { errors, logarithms })
    }

    fn evidence(&self, validated: &CrossValidated, rows: &[Row<'a>]) -> Option<Evidence> {
        let current: Vec<f64> = rows.iter().map(|row| row.actual.ln() - row.current.ln()).collect();
        let current_errors: Vec<f64> = current.iter().map(|l| self.loss(*l)).collect();
        let differences: Vec<f64> =
            current_errors.iter().zip(&validated.errors).map(|(old, new)| old - new).collect();
        let is_median = self.options.method().tau == 0.5;
        let (current_error, new_error) =
            (self.middle(&current_errors)?, self.middle(&validated.errors)?);
        let percent = |logarithms: &[f64]| {
            let relative: Vec<f64> = logarithms.iter().map(|l| l.exp_m1().abs()).collect();
            median(&relative).map(|middle| 100.0 * middle)
        };
        Some(Evidence {
            folds: FOLDS,
            records: rows.len(),
            error: if is_median { "absolute_log_error" } else { "pinball_log_error" },
            current_error,
            cross_validated_error: new_error,
            improvement: if current_error > 0.0 { 1.0 - new_error / current_error } else { 0.0 },
            test: if is_median { "wilcoxon_signed_rank" } else { "paired_t" },
            p: if is_median { wilcoxon_signed_rank(&differences) } else { paired_t(&differences) },
            current_median_absolute_error_percent: percent(&current)?,
            cross_validated_median_absolute_error_percent: percent(&validated.logarithms)?,
        })
    }

    /// The best candidate with its evidence; the evidence against it, if there is any, where it is not good enough.
    fn search(
        &self,
        names: &[String],
        constant: &[String],
    ) -> Result<Recommendation, Option<Box<Evidence>>> {
        let drawn = subsample(self.rows.len(), MAX_FITTED);
        let rows: Vec<Row<'a>> = drawn.iter().map(|i| self.rows[*i]).collect();
        let own = Candidate::own(self.model, &rows, constant)
            .and_then(|own| Some((self.cross_validate(&own, &rows)?, own)));
        let (mut alternatives, best_other) = self.other_forms(&rows, names, constant, own.as_ref());
        let (validated, candidate) = best_other.or(own).ok_or(None)?;
        let evidence = self.evidence(&validated, &rows).ok_or(None)?;
        // a level that is met exactly leaves no rank to test, and nothing to improve
        let better = evidence.improvement >= MIN_IMPROVEMENT && evidence.p < EVIDENCE_LEVEL;
        if !better {
            return Err(Some(Box::new(evidence)));
        }
        alternatives.sort_by(|a, b| a.cross_validated_error.total_cmp(&b.cross_validated_error));
        self.recommendation(&candidate, &rows, names, constant, evidence.clone(), alternatives)
            .ok_or(Some(Box::new(evidence)))
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
            [] => rows.first().map(|row| row.context.keys().cloned().collect()).unwrap_or_default(),
            names => names.to_vec(),
        };
        let contexts: Vec<_> = rows.iter().map(|row| row.context).collect();
        let constant = if names.is_empty() { constant_variables(&named, &contexts) } else { constant.to_vec() };
        for name in named.iter().filter(|name| !constant.contains(name)) {
            let finite = rows.iter().all(|row| {
                row.context.get(name).is_some_and(|v| v.abs() <= LARGEST_VARIABLE)
            });
            if finite && is_variable_name(name) {
                candidates.extend(Candidate::in_variable(name, rows));
            }
        }
        let bar = own.and_then(|(own, _)| Some((self.middle(&own.errors)?, mean(&own.errors)?)));
        let mut tried = Vec::new();
        let mut best: Option<(f64, CrossValidated, Candidate<'a>)> = None;
        for candidate in candidates {
            let Some(validated) = self.cross_validate(&candidate, rows) else {
                continue;
            };
            let (Some(error), Some(average)) = (self.middle(&validated.errors), mean(&validated.errors))
            else {
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
        (tried, best.map(|(_, validated, candidate)| (validated, candidate)))
    }

    fn recommendation(
        &self,
        candidate: &Candidate<'a>,
        rows: &[Row<'a>],
        names: &[String],
        constant: &[String],
        evidence: Evidence,
        alternatives: Vec<Alternative>,
    ) -> Option<Recommendation> {
        let method = self.options.method();
        let all: Vec<usize> = (0..rows.len()).collect();
        let fitted = candidate.fit(rows, &all, method)?;
        let constants = candidate.constants(&fitted, rows, method, self.options.level);
        if constants.iter().any(|c| !c.new.is_finite() || !c.fitted.is_finite()) {
            return None;
        }
        let relative = candidate
            .predict_rounded(&constants, &all)
            .into_iter()
            .zip(rows)
            .map(|(value, row)| value.map(|v| (row.actual - v).abs() / v))
            .collect::<Option<Vec<f64>>>()?;
        let ranged: Vec<String> = match (&candidate.variable, names) {
            (Some(variable), []) => vec![variable.clone()],
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
            since: self.rows.first()?.at,
            fitted_range: ranges(&ranged, self.rows),
            constant_variables: constant.to_vec(),
            evidence,
            fitted_median_absolute_error_percent: 100.0 * median(&relative)?,
            alternatives,
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
        let uses = self.model.variables();
        let moved: Vec<String> = shift_between_halves(samples, counted)
            .into_iter()
            .filter(|s| s.band != ShiftBand::Stable && uses.contains(&s.variable))
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
            problems: self.problems.clone(),
        }))
    }
}

/// Whether an expression could name it.
fn is_variable_name(name: &str) -> bool {
    name.starts_with(|c: char| c.is_ascii_alphabetic() || c == '_')
        && name.bytes().all(|b| b.is_ascii_alphanumeric() || b == b'_')
}

impl RefusalReason {
    /// The reason as a sentence for people.
    pub fn sentence(&self) -> String {
        match self {
            Self::TooFewRecords { usable, required, missing } => format!(
                "{usable} usable records since the last change; {missing} more are needed ({required} in all)"
            ),
            Self::ConstantInput { variables, rescaling } => {
                let held: Vec<String> = variables
                    .iter()
                    .map(|range| {
                        if range.low == range.high {
                            format!("{} is always {}", range.variable, range.low)
                        } else {
                            format!("{} hardly varies ({} to {})", range.variable, range.low, range.high)
                        }
                    })
                    .collect();
                let held = held.join(", ");
                match rescaling {
                    Some(offer) => format!(
                        "{held}, so no slope can be told; at this input the estimate would be right as {}",
                        offer.expression
                    ),
                    None => format!("{held}, so no slope can be told; at this input the estimate is about right"),
                }
            }
            Self::EstimateNotPositive { count, constant } => {
                let start = format!("the estimate is 0 or less for {count} records, so it cannot be compared");
                match constant {
                    Some(value) => format!("{start}; a constant of {value} would be right in the middle"),
                    None => start,
                }
            }
            Self::OutliersOnly { count } => format!(
                "the estimate holds but for {count} outliers, which no estimate would meet"
            ),
            Self::InputShiftOnly { variables } => format!(
                "the estimate holds; its inputs have shifted ({}), so it is used outside its earlier range",
                variables.join(", ")
            ),
            Self::NoImprovement => "no fit predicts better than the current estimate".to_owned(),
            Self::NotIdentifiable => "the constants cannot be determined from these records".to_owned(),
        }
    }
}
