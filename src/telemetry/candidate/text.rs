//! A fitted estimate as text.

use super::Candidate;
use crate::telemetry::Model;
use crate::telemetry::refit::{Constant, Form};

impl Candidate<'_> {
    /// The estimate as text.
    pub fn render(&self, model: &dyn Model, constants: &[Constant]) -> String {
        let values: Vec<f64> = constants.iter().map(|c| c.new).collect();
        let n = self.variable.as_deref().unwrap_or("N");
        let (a, b) = (
            values.first().copied().unwrap_or_default(),
            values.get(1).copied().unwrap_or_default(),
        );
        let (a_text, b_text) = (number(a), number(b));
        let sum = |term: String| match (a, b) {
            (_, 0.0) => a_text.clone(),
            (0.0, _) => format!("{b_text} * {term}"),
            _ => format!("{a_text} + {b_text} * {term}"),
        };
        match self.form {
            Form::Own => model.render(&values),
            Form::Rescaled => format!("{a_text} * ({})", model.render(&model.parameters())),
            Form::Constant => a_text,
            Form::Linear => sum(n.to_owned()),
            Form::NLogN => sum(format!("{n} * ln({n})")),
            Form::Quadratic => sum(format!("{n} ^ 2")),
            Form::Power => format!("{a_text} * {n} ^ {b_text}"),
            Form::ShiftedPower => {
                let exponent = values.last().copied().unwrap_or(1.0);
                sum(format!("{n} ^ {}", number(exponent)))
            }
            Form::Hinge => {
                let bend = values.last().copied().unwrap_or_default();
                let term = format!("max(0, {n} - {})", number(bend));
                signed_sum(&values[..values.len().min(3)], &[n.to_owned(), term])
            }
            Form::Added | Form::Product => signed_sum(&values, &self.terms),
        }
    }
}

/// A constant and each term times its constant, without those that are 0.
fn signed_sum(values: &[f64], terms: &[String]) -> String {
    let terms = std::iter::once(None).chain(terms.iter().map(Some));
    let mut text = String::new();
    for (value, term) in values.iter().zip(terms) {
        if *value == 0.0 {
            continue;
        }
        match (text.is_empty(), *value < 0.0) {
            (true, false) => {}
            (true, true) => text.push('-'),
            (false, false) => text.push_str(" + "),
            (false, true) => text.push_str(" - "),
        }
        text.push_str(&number(value.abs()));
        if let Some(term) = term {
            text.push_str(&format!(" * {term}"));
        }
    }
    match text.is_empty() {
        true => number(0.0),
        false => text,
    }
}

/// The shortest text that reads back as the number, with an exponent where digits alone would be long.
fn number(value: f64) -> String {
    if value != 0.0 && !(1e-6..1e15).contains(&value.abs()) {
        format!("{value:e}")
    } else {
        format!("{value}")
    }
}
