//! A straight-line estimate and executions of it.

use std::collections::BTreeMap;

use chrono::{DateTime, TimeDelta};
use toolcat::telemetry::{Context, Model, Sample};

/// The estimate `a + b * N`.
pub struct Line([f64; 2]);

impl Line {
    pub fn new(a: f64, b: f64) -> Self {
        Self([a, b])
    }
}

impl Model for Line {
    fn parameters(&self) -> Vec<f64> {
        self.0.to_vec()
    }

    fn variables(&self) -> Vec<String> {
        vec!["N".to_owned()]
    }

    fn predict(&self, parameters: &[f64], contexts: &[&Context]) -> Vec<Option<f64>> {
        let value = |c: &&Context| Some(parameters[0] + parameters[1] * c.get("N")?);
        contexts.iter().map(value).collect()
    }

    fn render(&self, parameters: &[f64]) -> String {
        format!("{} + {} * N", parameters[0], parameters[1])
    }
}

/// A successful execution, one an hour.
pub fn executed(position: usize, n: f64, actual: f64) -> Sample {
    Sample {
        executed_at: DateTime::UNIX_EPOCH + TimeDelta::hours(position as i64),
        estimate: None,
        actual: Some(actual),
        success: true,
        context: BTreeMap::from([("N".to_owned(), n)]),
        execution_id: Some(format!("run-{position}")),
        error: None,
    }
}
