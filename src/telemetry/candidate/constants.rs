//! The constants of a fit on all records, each with its interval and rounded within it.

use super::{Candidate, Kind, Own, Row};
use crate::statistics::Interval;
use crate::telemetry::Model;
use crate::telemetry::design::Held;
use crate::telemetry::fit::{Method, intervals, round_within};
use crate::telemetry::linear::Matrix;
use crate::telemetry::refit::Constant;

/// A fit on all records, whose constants are asked for.
struct Fitted<'a> {
    coefficients: &'a [f64],
    actuals: Vec<f64>,
    method: Method,
    level: f64,
}

impl Candidate<'_> {
    /// The constants of a fit on all records, rounded within their intervals.
    pub fn constants(
        &self,
        coefficients: &[f64],
        rows: &[Row<'_>],
        method: Method,
        level: f64,
    ) -> Vec<Constant> {
        let fitted = Fitted {
            coefficients,
            actuals: rows.iter().map(|row| row.actual).collect(),
            method,
            level,
        };
        match &self.kind {
            Kind::Linear { x, offset, own, .. } => fitted.linear(x, offset, own.as_ref()),
            Kind::Power { logarithms } => fitted.power(logarithms),
            Kind::Shaped { .. } => {
                let all: Vec<usize> = (0..rows.len()).collect();
                let (shape, linear) = coefficients.split_last().unwrap_or((&1.0, &[]));
                fitted.shaped(&self.shaped(&all, *shape), *shape, linear)
            }
            Kind::Curved { model, .. } => fitted.curved(*model),
        }
    }
}

impl Fitted<'_> {
    fn intervals(&self, x: &Matrix, fitted: &[f64], coefficients: &[f64]) -> Option<Vec<Interval>> {
        let Self { method, level, .. } = *self;
        intervals(x, fitted, &self.actuals, coefficients, method, level)
    }

    fn linear(&self, x: &Matrix, offset: &[f64], own: Option<&Own<'_>>) -> Vec<Constant> {
        let values = x.times(self.coefficients);
        let fitted: Vec<f64> = values.iter().zip(offset).map(|(v, o)| v + o).collect();
        let found = self.intervals(x, &fitted, self.coefficients);
        let interval = |c: usize| found.as_ref().map(|f| f[c]);
        let Some(own) = own else {
            let all = self.coefficients.iter().enumerate();
            return all
                .map(|(c, fitted)| free(*fitted, None, interval(c)))
                .collect();
        };
        let constant =
            |(index, old): (usize, &f64)| match own.free.iter().position(|it| *it == index) {
                Some(c) => free(self.coefficients[c], Some(*old), interval(c)),
                None => {
                    let held = own.held.iter().find(|(it, _)| *it == index);
                    kept(*old, held.map(|(_, why)| why.clone()))
                }
            };
        own.model
            .parameters()
            .iter()
            .enumerate()
            .map(constant)
            .collect()
    }

    fn power(&self, logarithms: &[f64]) -> Vec<Constant> {
        let Self {
            coefficients,
            method,
            level,
            ..
        } = *self;
        let ones = vec![1.0; self.actuals.len()];
        // residuals of ln y on the scale of 1 + u, for small u
        let shifted: Vec<f64> = self
            .actuals
            .iter()
            .zip(logarithms)
            .map(|(actual, l)| 1.0 + actual.ln() - coefficients[0] - coefficients[1] * l)
            .collect();
        let line = Matrix::line(logarithms);
        let found = intervals(&line, &ones, &shifted, coefficients, method, level);
        // the clamp to the sign does not hold for a logarithm; a wide one is cut, never wrong
        let factor = found.as_ref().map(|f| f[0].map(f64::exp));
        vec![
            free(coefficients[0].exp(), None, factor),
            free(coefficients[1], None, found.map(|f| f[1])),
        ]
    }

    fn shaped(&self, x: &Matrix, shape: f64, linear: &[f64]) -> Vec<Constant> {
        let found = self.intervals(x, &x.times(linear), linear);
        let interval = |c: usize| found.as_ref().map(|it| it[c]);
        let terms = linear.iter().enumerate();
        let terms = terms.map(|(c, value)| free(*value, None, interval(c)));
        terms.chain([free(shape, None, None)]).collect()
    }

    fn curved(&self, model: &dyn Model) -> Vec<Constant> {
        let constants = model.parameters().into_iter().zip(self.coefficients);
        constants
            .map(|(old, fitted)| match old == *fitted {
                true => kept(old, Some(Held::Shape)),
                false => free(*fitted, Some(old), None),
            })
            .collect()
    }
}

/// A constant that was fitted.
fn free(fitted: f64, old: Option<f64>, interval: Option<Interval>) -> Constant {
    Constant {
        old,
        new: round_within(fitted, interval.as_ref()),
        fitted,
        interval,
        held: None,
    }
}

/// A constant that stays as it was.
fn kept(old: f64, held: Option<Held>) -> Constant {
    Constant {
        old: Some(old),
        new: old,
        fitted: old,
        interval: None,
        held,
    }
}
