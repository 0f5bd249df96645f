//! The records that a fit can use.

use super::candidate::Row;
use super::problems::{DataProblem, ProblemCounter, ProblemKind};
use super::residuals::{LARGEST_VALUE, LARGEST_VARIABLE, Residual, usable_actual};
use super::{Measure, Model, Sample};

/// The records a fit can use in the order of execution, their positions in the samples, what was wrong with the others,
/// and how many have an estimate of 0 or less.
pub(super) fn usable_rows<'a>(
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
        if let (Some(actual), true) = (
            usable_actual(sample, measure, true, &mut problems),
            complete,
        ) {
            usable.push((*index, actual));
        }
    }
    let contexts: Vec<_> = usable
        .iter()
        .map(|(index, _)| &samples[*index].context)
        .collect();
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
        rows.push(Row {
            at: sample.executed_at,
            actual,
            censored: measure == Measure::Time && !sample.success,
            current,
            context: &sample.context,
        });
        indices.push(index);
    }
    (rows, indices, problems.finish(), not_positive)
}

pub(super) fn to_residuals(rows: &[Row<'_>], indices: &[usize]) -> Vec<Residual> {
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
