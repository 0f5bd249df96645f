//! The logarithmic residuals r = ln(actual / estimate) on which the analysis works.

use chrono::{DateTime, Utc};

use super::problems::{ProblemCounter, ProblemKind};
use super::{Context, DataProblem, Measure, Model, Sample};

/// Values above this are not computed with.
pub(super) const LARGEST_VALUE: f64 = 1e300;
/// A residual beyond this is a ratio that no longer fits a number.
const LARGEST_RESIDUAL: f64 = 700.0;
/// Whole numbers above 2^53 are no longer exact.
pub(super) const LARGEST_VARIABLE: f64 = 9_007_199_254_740_992.0;

/// One usable execution.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Residual {
    /// Position in the samples that were given.
    pub index: usize,
    /// When it was executed.
    pub at: DateTime<Utc>,
    /// What was measured; above 0.
    pub actual: f64,
    /// The estimate at that time; above 0.
    pub estimate: f64,
    /// ln(actual / estimate); finite.
    pub r: f64,
}

/// The positions of the samples in the order of execution; equal times keep the order given.
pub fn chronological(samples: &[Sample]) -> Vec<usize> {
    let mut order: Vec<usize> = (0..samples.len()).collect();
    order.sort_by_key(|i| samples[*i].executed_at);
    order
}

/// The residuals in the order of execution, and what was wrong with the records left out. Time is taken from
/// successes only. A stored estimate counts before the model's.
pub fn residuals(
    samples: &[Sample],
    model: Option<&dyn Model>,
    measure: Measure,
) -> (Vec<Residual>, Vec<DataProblem>) {
    let mut problems = ProblemCounter::default();
    if samples.is_empty() {
        problems.set(ProblemKind::NoRecords, None, 0);
        return (Vec::new(), problems.finish());
    }
    let order = chronological(samples);
    let computed = computed_estimates(samples, &order, model);
    let names = model.map(Model::variables).unwrap_or_default();
    let mut usable = Vec::with_capacity(samples.len());
    for (&index, computed) in order.iter().zip(computed) {
        let sample = &samples[index];
        count_variables(sample, &names, &mut problems);
        let actual = usable_actual(sample, measure, false, &mut problems);
        let estimate = usable_estimate(
            sample.estimate.or(computed),
            sample,
            model.map(|_| names.as_slice()),
            &mut problems,
        );
        let (Some(actual), Some(estimate)) = (actual, estimate) else {
            continue;
        };
        let r = actual.ln() - estimate.ln();
        if r.abs() > LARGEST_RESIDUAL {
            problems.add(ProblemKind::NonFiniteResidual);
            continue;
        }
        usable.push(Residual {
            index,
            at: sample.executed_at,
            actual,
            estimate,
            r,
        });
    }
    if usable.len() < 2 {
        problems.set(ProblemKind::TooFewRecords, None, usable.len());
    } else if usable.iter().all(|u| u.actual == usable[0].actual) {
        problems.set(ProblemKind::AllActualsEqual, None, usable.len());
    }
    (usable, problems.finish())
}

/// The model's estimates of the samples that have none stored, aligned with `order`.
fn computed_estimates(
    samples: &[Sample],
    order: &[usize],
    model: Option<&dyn Model>,
) -> Vec<Option<f64>> {
    let mut estimates = vec![None; order.len()];
    let Some(model) = model else {
        return estimates;
    };
    let wanted: Vec<usize> = (0..order.len())
        .filter(|slot| samples[order[*slot]].estimate.is_none())
        .collect();
    let contexts: Vec<&Context> = wanted
        .iter()
        .map(|slot| &samples[order[*slot]].context)
        .collect();
    for (slot, value) in wanted
        .into_iter()
        .zip(model.predict(&model.parameters(), &contexts))
    {
        estimates[slot] = value;
    }
    estimates
}

fn count_variables(sample: &Sample, variables: &[String], problems: &mut ProblemCounter) {
    for name in variables {
        match sample.context.get(name) {
            None => problems.add_variable(ProblemKind::MissingVariable, name),
            Some(v) if !v.is_finite() => {
                problems.add_variable(ProblemKind::NonFiniteVariable, name)
            }
            Some(v) if v.abs() > LARGEST_VARIABLE => {
                problems.add_variable(ProblemKind::ExtremeVariable, name);
            }
            Some(_) => {}
        }
    }
}

/// The measured value if it counts for `measure` and has a logarithm; of an execution that was stopped at its limit if
/// `timeouts` count.
pub(super) fn usable_actual(
    sample: &Sample,
    measure: Measure,
    timeouts: bool,
    problems: &mut ProblemCounter,
) -> Option<f64> {
    let counts = sample.success || (timeouts && sample.timed_out);
    if measure == Measure::Time && !counts {
        return None;
    }
    let kind = match sample.actual {
        None => ProblemKind::MissingActual,
        Some(v) if !v.is_finite() || v > LARGEST_VALUE => ProblemKind::NonFiniteActual,
        Some(v) if v < 0.0 => ProblemKind::NegativeActual,
        Some(v) if v < f64::MIN_POSITIVE => ProblemKind::ZeroActual,
        Some(v) => return Some(v),
    };
    problems.add(kind);
    None
}

fn usable_estimate(
    estimate: Option<f64>,
    sample: &Sample,
    names: Option<&[String]>,
    problems: &mut ProblemCounter,
) -> Option<f64> {
    let kind = match estimate {
        // a missing variable is named already
        None if names.is_some_and(|names| !has_values(sample, names)) => return None,
        None if names.is_some() => ProblemKind::NonFiniteEstimate,
        None => ProblemKind::MissingEstimate,
        Some(v) if !v.is_finite() || v > LARGEST_VALUE => ProblemKind::NonFiniteEstimate,
        Some(v) if v < f64::MIN_POSITIVE => ProblemKind::NonPositiveEstimate,
        Some(v) => return Some(v),
    };
    problems.add(kind);
    None
}

/// Whether the sample has a finite value for each of the variables.
pub(super) fn has_values(sample: &Sample, variables: &[String]) -> bool {
    variables
        .iter()
        .all(|name| sample.context.get(name).is_some_and(|v| v.is_finite()))
}
