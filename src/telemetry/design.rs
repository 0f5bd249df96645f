//! What a fit can move: the constants of an estimate that enter linearly, with the column each one multiplies.
//!
//! The expression's own terms are kept. A constant is free where the estimate is a straight line in it, together with
//! the other free ones, and the records tell its effect from theirs. Others, such as exponents, keep their value.

use serde::Serialize;

use super::linear::{Matrix, dot};
use super::robust::subsample;
use super::{Context, Model};

/// Contexts on which the shape of the estimate is probed.
const PROBED: usize = 64;
/// Relative difference below which two values are the same.
const SAME: f64 = 1e-9;
/// A variable with this share of its records at one value says nothing about a slope.
const CONSTANT_SHARE: f64 = 0.95;
/// Nor does one whose middle 90 % lie within this share of its median.
const CONSTANT_WIDTH: f64 = 0.01;

/// Why a constant keeps its value.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case", tag = "reason")]
pub enum Held {
    /// It shapes the curve (an exponent, a threshold) rather than scaling a term.
    Shape,
    /// Its term depends on a variable that does not vary in the records.
    InputConstant {
        /// The variable.
        variable: String,
    },
    /// The records cannot tell its effect from that of the constants before it.
    NotIdentifiable,
}

/// The free constants of an estimate over given contexts.
#[derive(Debug, Clone)]
pub(super) struct Design {
    /// Positions of the free constants.
    pub free: Vec<usize>,
    /// The constants that keep their value.
    pub held: Vec<(usize, Held)>,
    /// One row per context, one column per free constant.
    pub x: Matrix,
    /// The part of the estimate that no free constant touches.
    pub offset: Vec<f64>,
    /// The sign each free constant has and keeps.
    pub signs: Vec<f64>,
}

/// Finds the free constants of `model`; `None` if it has no value somewhere.
pub(super) fn design(
    model: &dyn Model,
    contexts: &[&Context],
    constant_variables: &[String],
) -> Option<Design> {
    let base = model.parameters();
    let probes: Vec<&Context> = subsample(contexts.len(), PROBED)
        .into_iter()
        .map(|i| contexts[i])
        .collect();
    let shape = Shape::new(model, &base, &probes)?;
    let mut free: Vec<usize> = Vec::new();
    let mut held = Vec::new();
    for index in 0..base.len() {
        if !shape.is_affine(index) || !free.iter().all(|other| shape.is_additive(*other, index)) {
            held.push((index, Held::Shape));
        } else if let Some(variable) = constant_variables
            .iter()
            .find(|name| shape.depends_on(index, name))
        {
            held.push((
                index,
                Held::InputConstant {
                    variable: variable.clone(),
                },
            ));
        } else {
            free.push(index);
        }
    }
    let values = all_values(model, &base, contexts)?;
    let mut columns: Vec<Vec<f64>> = Vec::new();
    let mut kept: Vec<usize> = Vec::new();
    for index in free {
        let column = column(model, &base, index, contexts, &values)?;
        if is_independent(&columns, &column) {
            columns.push(column);
            kept.push(index);
        } else {
            held.push((index, Held::NotIdentifiable));
        }
    }
    held.sort_by_key(|(index, _)| *index);
    let mut x = Matrix::new(kept.len());
    let mut offset = Vec::with_capacity(values.len());
    for (row, value) in values.iter().enumerate() {
        let terms: Vec<f64> = columns.iter().map(|c| c[row]).collect();
        let moved: f64 = terms.iter().zip(&kept).map(|(t, i)| t * base[*i]).sum();
        let rest = value - moved;
        // what rounding leaves of a full sum is not a term
        offset.push(if rest.abs() <= SAME * value.abs() {
            0.0
        } else {
            rest
        });
        x.push(&terms);
    }
    let signs = kept
        .iter()
        .map(|i| if base[*i] < 0.0 { -1.0 } else { 1.0 })
        .collect();
    Some(Design {
        free: kept,
        held,
        x,
        offset,
        signs,
    })
}

/// The variables among `names` that do not vary over the contexts, so that no slope can be told.
pub(super) fn constant_variables(names: &[String], contexts: &[&Context]) -> Vec<String> {
    let constant = |name: &&String| {
        let mut values: Vec<f64> = contexts
            .iter()
            .filter_map(|c| c.get(*name).copied())
            .collect();
        values.sort_unstable_by(f64::total_cmp);
        let n = values.len();
        let longest = values
            .chunk_by(|a, b| a == b)
            .map(<[f64]>::len)
            .max()
            .unwrap_or(0);
        if n == 0 || longest as f64 >= CONSTANT_SHARE * n as f64 {
            return true;
        }
        let (low, middle, high) = (values[n / 20], values[n / 2], values[n - 1 - n / 20]);
        high - low <= CONSTANT_WIDTH * middle.abs()
    };
    names.iter().filter(constant).cloned().collect()
}

fn all_values(model: &dyn Model, parameters: &[f64], contexts: &[&Context]) -> Option<Vec<f64>> {
    model
        .predict(parameters, contexts)
        .into_iter()
        .map(|v| v.filter(|v| v.is_finite()))
        .collect()
}

fn column(
    model: &dyn Model,
    base: &[f64],
    index: usize,
    contexts: &[&Context],
    values: &[f64],
) -> Option<Vec<f64>> {
    let mut moved = base.to_vec();
    let step = if base[index] == 0.0 { 1.0 } else { base[index] };
    moved[index] += step;
    let moved = all_values(model, &moved, contexts)?;
    Some(
        moved
            .iter()
            .zip(values)
            .map(|(m, v)| (m - v) / step)
            .collect(),
    )
}

/// Whether enough of the column is left after projection on the others.
fn is_independent(others: &[Vec<f64>], column: &[f64]) -> bool {
    let length = |v: &[f64]| dot(v, v).sqrt();
    let whole = length(column);
    let mut rest = column.to_vec();
    let mut directions: Vec<Vec<f64>> = Vec::new();
    for other in others.iter().map(Vec::as_slice).chain([column]) {
        let mut direction = other.to_vec();
        for known in &directions {
            let along = dot(&direction, known);
            direction
                .iter_mut()
                .zip(known)
                .for_each(|(d, k)| *d -= along * k);
        }
        rest.clone_from(&direction);
        let size = length(&direction);
        if size > 0.0 {
            direction.iter_mut().for_each(|d| *d /= size);
            directions.push(direction);
        }
    }
    whole.is_finite() && length(&rest) > 1e-6 * whole
}

/// Probes how the estimate answers to its constants.
struct Shape<'a> {
    model: &'a dyn Model,
    base: &'a [f64],
    probes: &'a [&'a Context],
    values: Vec<f64>,
    size: f64,
}

impl<'a> Shape<'a> {
    fn new(model: &'a dyn Model, base: &'a [f64], probes: &'a [&'a Context]) -> Option<Self> {
        let values = all_values(model, base, probes)?;
        let size = values.iter().fold(f64::MIN_POSITIVE, |m, v| m.max(v.abs()));
        Some(Self {
            model,
            base,
            probes,
            values,
            size,
        })
    }

    fn with(&self, changes: &[(usize, f64)]) -> Option<Vec<f64>> {
        let mut parameters = self.base.to_vec();
        for (index, value) in changes {
            parameters[*index] = *value;
        }
        all_values(self.model, &parameters, self.probes)
    }

    fn unit(&self, index: usize) -> f64 {
        if self.base[index] == 0.0 {
            1.0
        } else {
            self.base[index]
        }
    }

    /// Whether the estimate is a straight line in this constant, far beyond its present value too.
    fn is_affine(&self, index: usize) -> bool {
        let unit = self.unit(index);
        let Some(double) = self.with(&[(index, self.base[index] + unit)]) else {
            return false;
        };
        [-0.99, -0.4, 0.37, 3.0, 30.0].iter().all(|factor| {
            self.with(&[(index, self.base[index] + factor * unit)])
                .is_some_and(|values| {
                    values
                        .iter()
                        .zip(&double)
                        .zip(&self.values)
                        .all(|((got, double), value)| {
                            let expected = value + factor * (double - value);
                            let tolerance = SAME * (self.size + got.abs() + expected.abs());
                            (got - expected).abs() <= tolerance
                        })
                })
        })
    }

    /// Whether two constants move the estimate independently of each other.
    fn is_additive(&self, first: usize, second: usize) -> bool {
        let a = (first, self.base[first] + self.unit(first));
        let b = (second, self.base[second] + self.unit(second));
        let (Some(only_a), Some(only_b), Some(both)) =
            (self.with(&[a]), self.with(&[b]), self.with(&[a, b]))
        else {
            return false;
        };
        (0..both.len()).all(|i| {
            let expected = only_a[i] + only_b[i] - self.values[i];
            (both[i] - expected).abs() <= SAME * (self.size + both[i].abs() + expected.abs())
        })
    }

    /// Whether the column of this constant changes with the variable.
    fn depends_on(&self, index: usize, variable: &str) -> bool {
        let moved: Vec<Context> = self
            .probes
            .iter()
            .map(|context| {
                let mut moved = (*context).clone();
                if let Some(value) = moved.get_mut(variable) {
                    *value = *value * 1.7 + 1.0;
                }
                moved
            })
            .collect();
        let moved: Vec<&Context> = moved.iter().collect();
        let here = column(self.model, self.base, index, self.probes, &self.values);
        let there = all_values(self.model, self.base, &moved)
            .and_then(|values| column(self.model, self.base, index, &moved, &values));
        match (here, there) {
            (Some(here), Some(there)) => here
                .iter()
                .zip(&there)
                .any(|(a, b)| (a - b).abs() > 1e-6 * (a.abs() + b.abs())),
            _ => true,
        }
    }
}
