//! What the analysis needs to know of an estimate: its constants, its variables, its value.

use super::Context;

/// An estimate whose constants can be estimated again.
pub trait Model {
    /// The constants, in a fixed order.
    fn parameters(&self) -> Vec<f64>;
    /// The names of the variables it needs.
    fn variables(&self) -> Vec<String>;
    /// Its value with `parameters` in place of its constants for each context; `None` where it has no finite value.
    fn predict(&self, parameters: &[f64], contexts: &[&Context]) -> Vec<Option<f64>>;
    /// Its text with `parameters` in place of its constants.
    fn render(&self, parameters: &[f64]) -> String;
}
