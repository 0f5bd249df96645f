//! What the analysis needs to know of an estimate: its constants, its variables, its value.

use super::Context;
use crate::expression::{Expression, Variables};

/// An estimate whose constants can be estimated again.
pub trait Model {
    /// The constants, in a fixed order.
    fn parameters(&self) -> Vec<f64>;
    /// The names of the variables it needs.
    fn variables(&self) -> Vec<String>;
    /// Its value with `parameters` in place of its constants for each context; `None` if it has no finite value.
    fn predict(&self, parameters: &[f64], contexts: &[&Context]) -> Vec<Option<f64>>;
    /// Its text with `parameters` in place of its constants.
    fn render(&self, parameters: &[f64]) -> String;
}

/// The numeric literals are the constants.
impl Model for Expression {
    fn parameters(&self) -> Vec<f64> {
        self.constants()
    }

    fn variables(&self) -> Vec<String> {
        Expression::variables(self).map(str::to_owned).collect()
    }

    fn predict(&self, parameters: &[f64], contexts: &[&Context]) -> Vec<Option<f64>> {
        let Ok(expression) = self.with_constants(parameters) else {
            return vec![None; contexts.len()];
        };
        let value = |context: &&Context| {
            let needed = Expression::variables(&expression)
                .filter_map(|name| Some((name, *context.get(name)?)));
            expression.evaluate(&Variables::from_iter(needed)).ok()
        };
        contexts.iter().map(value).collect()
    }

    fn render(&self, parameters: &[f64]) -> String {
        match self.with_constants(parameters) {
            Ok(expression) => expression.source().to_owned(),
            Err(_) => self.source().to_owned(),
        }
    }
}
