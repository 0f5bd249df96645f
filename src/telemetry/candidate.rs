//! The forms an estimate can take when it is fitted again, and how each is fitted and predicts.

mod constants;
mod curve;
mod text;

use chrono::{DateTime, Utc};

use super::design::{Held, design};
use super::fit::{Method, fit};
use super::linear::Matrix;
use super::refit::{Constant, Form};
use super::robust::subsample;
use super::{Context, Model};
use crate::statistics::{mean, quantile_of_sorted, sorted};
use curve::fit_curve;

/// Times that a fit is repeated on the records where it is below the limit, at most.
const ROUNDS_BELOW_LIMIT: usize = 10;
/// Exponents that are tried beside a constant.
const EXPONENTS: [f64; 11] = [0.25, 0.33, 0.5, 0.6, 0.7, 0.8, 0.9, 1.25, 1.5, 1.75, 2.5];
/// Records on which a curved estimate is searched.
const CURVED_RECORDS: usize = 300;

/// One record of a fit.
#[derive(Debug, Clone, Copy)]
pub(super) struct Row<'a> {
    pub at: DateTime<Utc>,
    pub actual: f64,
    /// Whether it was stopped at `actual`, and would have taken longer.
    pub censored: bool,
    /// The value of the current expression; above 0.
    pub current: f64,
    pub context: &'a Context,
}

impl Row<'_> {
    /// ln(actual / estimate). An estimate above the limit is not wrong for an execution that was stopped there.
    pub fn error(&self, estimate: f64) -> f64 {
        let error = self.actual.ln() - estimate.ln();
        if self.censored { error.max(0.0) } else { error }
    }
}

/// The limit at which executions were stopped, where it was the same for all that were.
fn common_limit(rows: &[Row<'_>]) -> Option<f64> {
    let limits = || rows.iter().filter(|row| row.censored).map(|row| row.actual);
    let (low, high) = (limits().reduce(f64::min)?, limits().reduce(f64::max)?);
    (high <= 1.05 * low).then_some(low)
}

/// A form together with what its fit needs of the records.
pub(super) struct Candidate<'a> {
    pub form: Form,
    pub variable: Option<String>,
    /// The texts of the columns after the constant one, where the form does not say them.
    terms: Vec<String>,
    kind: Kind<'a>,
}

enum Kind<'a> {
    Linear {
        x: Matrix,
        offset: Vec<f64>,
        signs: Vec<f64>,
        own: Option<Own<'a>>,
    },
    /// ln y = ln a + b ln N.
    Power { logarithms: Vec<f64> },
    /// Terms of one variable, whose shape is chosen among some; the shape is the last coefficient.
    Shaped {
        values: Vec<f64>,
        shapes: Vec<f64>,
        terms: fn(f64, f64) -> Vec<f64>,
        signs: Vec<f64>,
    },
    /// The estimate bends in each of its constants.
    Curved {
        model: &'a dyn Model,
        contexts: Vec<&'a Context>,
    },
}

struct Own<'a> {
    model: &'a dyn Model,
    free: Vec<usize>,
    held: Vec<(usize, Held)>,
}

impl<'a> Candidate<'a> {
    /// The expression's own terms.
    pub fn own(model: &'a dyn Model, rows: &[Row<'a>], constant: &[String]) -> Option<Self> {
        let contexts: Vec<&Context> = rows.iter().map(|row| row.context).collect();
        if model.parameters().is_empty() {
            return Some(Self::rescaled(rows));
        }
        let design = design(model, &contexts, constant)?;
        let kind = if design.free.is_empty() {
            Kind::Curved { model, contexts }
        } else {
            Kind::Linear {
                x: design.x,
                offset: design.offset,
                signs: design.signs,
                own: Some(Own {
                    model,
                    free: design.free,
                    held: design.held,
                }),
            }
        };
        Some(Self {
            form: Form::Own,
            variable: None,
            terms: Vec::new(),
            kind,
        })
    }

    /// The current estimate times a factor.
    pub fn rescaled(rows: &[Row<'a>]) -> Self {
        let columns = rows.iter().map(|row| vec![row.current]);
        Self {
            form: Form::Rescaled,
            variable: None,
            terms: Vec::new(),
            kind: linear(1, columns),
        }
    }

    /// One number.
    pub fn constant(rows: &[Row<'a>]) -> Self {
        let columns = rows.iter().map(|_| vec![1.0]);
        Self {
            form: Form::Constant,
            variable: None,
            terms: Vec::new(),
            kind: linear(1, columns),
        }
    }

    /// The other forms in one variable, those that its values allow.
    pub fn in_variable(variable: &str, rows: &[Row<'a>]) -> Vec<Self> {
        let Some(values) = rows
            .iter()
            .map(|row| row.context.get(variable).copied())
            .collect::<Option<Vec<f64>>>()
        else {
            return Vec::new();
        };
        let make = |form, kind| Self {
            form,
            variable: Some(variable.to_owned()),
            terms: Vec::new(),
            kind,
        };
        let line = |term: fn(f64) -> f64| linear(2, values.iter().map(|n| vec![1.0, term(*n)]));
        let mut candidates = vec![make(Form::Linear, line(|n| n))];
        if values.iter().all(|n| *n >= 1.0) {
            candidates.push(make(Form::NLogN, line(|n| n * n.ln())));
        }
        if values.iter().all(|n| *n >= 0.0) {
            candidates.push(make(Form::Quadratic, line(|n| n * n)));
        }
        if values.iter().all(|n| *n > 0.0) {
            let logarithms = values.iter().map(|n| n.ln()).collect();
            candidates.push(make(Form::Power, Kind::Power { logarithms }));
            let kind = Kind::Shaped {
                values: values.clone(),
                shapes: EXPONENTS.to_vec(),
                terms: |n, exponent| vec![n.powf(exponent)],
                signs: vec![1.0, 1.0],
            };
            candidates.push(make(Form::ShiftedPower, kind));
        }
        let ordered = sorted(&values);
        let mut bends: Vec<f64> = (1..10)
            .filter_map(|tenth| quantile_of_sorted(&ordered, f64::from(tenth) / 10.0))
            .map(f64::round)
            .collect();
        bends.dedup();
        let kind = Kind::Shaped {
            values,
            shapes: bends,
            terms: |n, bend| vec![n, (n - bend).max(0.0)],
            // the slope may fall beyond the bend as well
            signs: vec![1.0, 1.0, 0.0],
        };
        candidates.push(make(Form::Hinge, kind));
        candidates
    }

    /// The variables of the expression with one that it lacks, added or multiplied.
    pub fn with_variable(names: &[String], extra: &str, rows: &[Row<'a>]) -> Vec<Self> {
        let value = |row: &Row<'_>, name: &str| row.context.get(name).copied().unwrap_or_default();
        let make = |form, terms: Vec<String>, columns: Vec<Vec<f64>>| Self {
            form,
            variable: Some(extra.to_owned()),
            kind: linear(terms.len() + 1, columns.into_iter()),
            terms,
        };
        let mut terms = names.to_vec();
        terms.push(extra.to_owned());
        let added = |row: &Row<'_>| -> Vec<f64> {
            let own = terms.iter().map(|name| value(row, name));
            std::iter::once(1.0).chain(own).collect()
        };
        let columns = rows.iter().map(added).collect();
        let mut candidates = vec![make(Form::Added, terms.clone(), columns)];
        for name in names {
            let columns = rows
                .iter()
                .map(|row| vec![1.0, value(row, name) * value(row, extra)])
                .collect();
            let term = vec![format!("{name} * {extra}")];
            candidates.push(make(Form::Product, term, columns));
        }
        candidates
    }

    /// Fits on some of the records.
    ///
    /// Executions that were stopped stay in at their limit, which moves no quantile below it (Powell 1986).
    pub fn fit(&self, rows: &[Row<'_>], chosen: &[usize], method: Method) -> Option<Vec<f64>> {
        let fitted = self.below_limit(rows, chosen, method);
        fitted.map(|(coefficients, _)| coefficients)
    }

    /// The fit, and the records where it is below the limit, if there is one limit: only those tell of it (Buchinsky 1994).
    pub fn below_limit(
        &self,
        rows: &[Row<'_>],
        chosen: &[usize],
        method: Method,
    ) -> Option<(Vec<f64>, Vec<usize>)> {
        let mut below = chosen.to_vec();
        let mut fitted = self.fit_all(rows, &below, method)?;
        let Some(limit) = common_limit(rows).filter(|_| !method.is_mean()) else {
            return Some((fitted, below));
        };
        for _ in 0..ROUNDS_BELOW_LIMIT {
            let is_below = |value: &Option<f64>| value.is_some_and(|value| value < limit);
            let values = self.predict(&fitted, chosen);
            let next: Vec<usize> = chosen
                .iter()
                .zip(&values)
                .filter(|(_, value)| is_below(value))
                .map(|(index, _)| *index)
                .collect();
            if next == below {
                break;
            }
            let Some(refitted) = self.fit_all(rows, &next, method) else {
                return Some((fitted, next));
            };
            (fitted, below) = (refitted, next);
        }
        Some((fitted, below))
    }

    fn fit_all(&self, rows: &[Row<'_>], chosen: &[usize], method: Method) -> Option<Vec<f64>> {
        let y: Vec<f64> = chosen.iter().map(|i| rows[*i].actual).collect();
        match &self.kind {
            Kind::Linear {
                x, offset, signs, ..
            } => {
                let offset: Vec<f64> = chosen.iter().map(|i| offset[*i]).collect();
                let reference: Vec<f64> = chosen.iter().map(|i| rows[*i].current).collect();
                fit(&x.select(chosen), &offset, signs, &y, &reference, method)
            }
            Kind::Power { logarithms } => {
                let x: Vec<f64> = chosen.iter().map(|i| logarithms[*i]).collect();
                let y: Vec<f64> = y.iter().map(|y| y.ln()).collect();
                let ones = vec![1.0; y.len()];
                // the coefficient a may be below 1, so its logarithm has either sign
                let line = Matrix::line(&x);
                let mut fitted = super::robust::relative_quantile(&line, &y, &ones, method.tau)?;
                if method.is_mean() {
                    // the mean is above the median by the mean of exp(residual) (Duan 1983)
                    let above: Vec<f64> = y
                        .iter()
                        .zip(line.times(&fitted))
                        .map(|(y, value)| (y - value).exp())
                        .collect();
                    fitted[0] += mean(&above)?.ln();
                }
                (fitted[1] >= 0.0).then_some(fitted)
            }
            Kind::Shaped { shapes, .. } => {
                let few: Vec<usize> = subsample(chosen.len(), CURVED_RECORDS)
                    .into_iter()
                    .map(|at| chosen[at])
                    .collect();
                let loss = |shape: f64| -> Option<f64> {
                    let fitted = self.fit_shape(rows, &few, shape, method)?;
                    let values = self.predict(&fitted, &few);
                    let losses = few.iter().zip(values);
                    losses
                        .map(|(i, value)| Some(method.loss(rows[*i].error(value?))))
                        .sum()
                };
                let best = shapes
                    .iter()
                    .filter_map(|shape| Some((loss(*shape)?, *shape)))
                    .min_by(|a, b| a.0.total_cmp(&b.0))?;
                self.fit_shape(rows, chosen, best.1, method)
            }
            Kind::Curved { model, contexts } => {
                let contexts: Vec<&Context> = chosen.iter().map(|i| contexts[*i]).collect();
                fit_curve(*model, &contexts, &y, method)
            }
        }
    }

    /// The columns of a shape at some of the records.
    fn shaped(&self, chosen: &[usize], shape: f64) -> Matrix {
        let mut x = Matrix::new(1);
        if let Kind::Shaped {
            values,
            terms,
            signs,
            ..
        } = &self.kind
        {
            x = Matrix::new(signs.len());
            for i in chosen {
                let mut row = vec![1.0];
                row.extend(terms(values[*i], shape));
                x.push(&row);
            }
        }
        x
    }

    fn fit_shape(
        &self,
        rows: &[Row<'_>],
        chosen: &[usize],
        shape: f64,
        method: Method,
    ) -> Option<Vec<f64>> {
        let Kind::Shaped { signs, .. } = &self.kind else {
            return None;
        };
        let y: Vec<f64> = chosen.iter().map(|i| rows[*i].actual).collect();
        let reference: Vec<f64> = chosen.iter().map(|i| rows[*i].current).collect();
        let offset = vec![0.0; y.len()];
        let x = self.shaped(chosen, shape);
        let mut fitted = fit(&x, &offset, signs, &y, &reference, method)?;
        fitted.push(shape);
        Some(fitted)
    }

    /// The values at some of the records; `None` if one is not above 0.
    pub fn predict(&self, coefficients: &[f64], chosen: &[usize]) -> Vec<Option<f64>> {
        let values: Vec<Option<f64>> = match &self.kind {
            Kind::Linear { x, offset, .. } => chosen
                .iter()
                .map(|i| Some(offset[*i] + super::linear::dot(x.row(*i), coefficients)))
                .collect(),
            Kind::Power { logarithms } => chosen
                .iter()
                .map(|i| Some((coefficients[0] + coefficients[1] * logarithms[*i]).exp()))
                .collect(),
            Kind::Shaped { .. } => {
                let (shape, linear) = coefficients.split_last().unwrap_or((&1.0, &[]));
                let values = self.shaped(chosen, *shape).times(linear);
                values.into_iter().map(Some).collect()
            }
            Kind::Curved { model, contexts } => {
                let contexts: Vec<&Context> = chosen.iter().map(|i| contexts[*i]).collect();
                model.predict(coefficients, &contexts)
            }
        };
        values
            .into_iter()
            .map(|v| v.filter(|v| *v > 0.0 && v.is_finite()))
            .collect()
    }

    /// The values with rounded constants, for all records.
    pub fn predict_rounded(&self, constants: &[Constant], all: &[usize]) -> Vec<Option<f64>> {
        let coefficients: Vec<f64> = match &self.kind {
            Kind::Linear { own: Some(own), .. } => {
                own.free.iter().map(|i| constants[*i].new).collect()
            }
            Kind::Power { .. } => vec![constants[0].new.ln(), constants[1].new],
            _ => constants.iter().map(|c| c.new).collect(),
        };
        self.predict(&coefficients, all)
    }
}

fn linear<'a>(width: usize, rows: impl Iterator<Item = Vec<f64>>) -> Kind<'a> {
    let mut x = Matrix::new(width);
    rows.for_each(|row| x.push(&row));
    Kind::Linear {
        offset: vec![0.0; x.len()],
        signs: vec![1.0; width],
        x,
        own: None,
    }
}
