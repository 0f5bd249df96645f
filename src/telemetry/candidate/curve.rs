//! The fit of an estimate that bends in each of its constants.

use super::CURVED_RECORDS;
use crate::statistics::median;
use crate::telemetry::fit::Method;
use crate::telemetry::robust::subsample;
use crate::telemetry::simplex::minimise;
use crate::telemetry::{Context, Model};

/// Constants that are searched for together, at most.
const MAX_CURVED: usize = 4;

/// Searches the constants of an estimate that bends in each of them, on a logarithmic scale from where they are.
pub(super) fn fit_curve(
    model: &dyn Model,
    contexts: &[&Context],
    y: &[f64],
    method: Method,
) -> Option<Vec<f64>> {
    let base = model.parameters();
    let moved: Vec<usize> = (0..base.len())
        .filter(|i| base[*i] != 0.0)
        .take(MAX_CURVED)
        .collect();
    let chosen = subsample(y.len(), CURVED_RECORDS);
    let contexts: Vec<&Context> = chosen.iter().map(|i| contexts[*i]).collect();
    let y: Vec<f64> = chosen.iter().map(|i| y[*i].ln()).collect();
    let parameters = |steps: &[f64]| {
        let mut parameters = base.clone();
        for (index, step) in moved.iter().zip(steps) {
            parameters[*index] = base[*index] * step.exp();
        }
        parameters
    };
    let loss = |steps: &[f64]| -> f64 {
        if steps.iter().any(|s| s.abs() > 20.0) {
            return f64::MAX;
        }
        let mut loss = 0.0;
        for (value, y) in model
            .predict(&parameters(steps), &contexts)
            .into_iter()
            .zip(&y)
        {
            match value {
                Some(v) if v > 0.0 && v.is_finite() => loss += method.loss(y - v.ln()),
                _ => return f64::MAX,
            }
        }
        loss
    };
    if moved.is_empty() || y.is_empty() {
        return None;
    }
    // the level first: then the search starts near
    let start = model
        .predict(&base, &contexts)
        .into_iter()
        .collect::<Option<Vec<f64>>>()?;
    let ratios: Vec<f64> = y
        .iter()
        .zip(&start)
        .map(|(y, f)| y - f.max(f64::MIN_POSITIVE).ln())
        .collect();
    let level = median(&ratios)?.clamp(-5.0, 5.0);
    let zero = vec![0.0; moved.len()];
    let raised = vec![level; moved.len()];
    let from = if loss(&raised) < loss(&zero) {
        raised
    } else {
        zero
    };
    let found = minimise(&loss, &from, 0.3, 400);
    (loss(&found) < f64::MAX).then(|| parameters(&found))
}
