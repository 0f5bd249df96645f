//! Simulated records, with fixed seeds: what is planted is found, and nothing else.

mod analysing;
mod bad_records;
mod recommending;
mod refusing;

use chrono::{DateTime, TimeDelta};

use super::*;
use crate::expression::Expression;

/// A small generator (Vigna's splitmix64) with the draws the simulations need.
struct Draw(u64);

impl Draw {
    fn uniform(&mut self) -> f64 {
        self.0 = self.0.wrapping_add(0x9E37_79B9_7F4A_7C15);
        let mut z = self.0;
        z = (z ^ (z >> 30)).wrapping_mul(0xBF58_476D_1CE4_E5B9);
        z = (z ^ (z >> 27)).wrapping_mul(0x94D0_49BB_1331_11EB);
        ((z ^ (z >> 31)) >> 11) as f64 / (1u64 << 53) as f64
    }

    fn normal(&mut self) -> f64 {
        let (u, v) = (1.0 - self.uniform(), self.uniform());
        (-2.0 * u.ln()).sqrt() * (2.0 * std::f64::consts::PI * v).cos()
    }

    /// Between 100 and 20,000, evenly on a logarithmic scale.
    fn size(&mut self) -> f64 {
        (100.0 * 200f64.powf(self.uniform())).round()
    }
}

fn sample(position: usize, n: f64, actual: f64) -> Sample {
    Sample {
        executed_at: DateTime::UNIX_EPOCH + TimeDelta::hours(position as i64),
        estimate: None,
        actual: Some(actual),
        success: true,
        context: Context::from([("N".to_owned(), n)]),
        execution_id: Some(format!("run-{position}")),
        error: None,
        timed_out: false,
    }
}

/// `count` executions whose time is `law(position, N)` with lognormal noise.
fn simulate(seed: u64, count: usize, noise: f64, law: impl Fn(usize, f64) -> f64) -> Vec<Sample> {
    let mut draw = Draw(seed);
    (0..count)
        .map(|i| {
            let n = draw.size();
            sample(i, n, law(i, n) * (noise * draw.normal()).exp())
        })
        .collect()
}

fn expression(source: &str) -> Expression {
    Expression::parse(source).expect("an expression")
}

fn current() -> Expression {
    expression("2000 + 0.5 * N")
}

fn promised(n: f64) -> f64 {
    2000.0 + 0.5 * n
}

fn try_recommend(samples: &[Sample]) -> Outcome {
    recommend(samples, &current(), &RefitOptions::default())
}

fn refusal(samples: &[Sample]) -> Refusal {
    try_recommend(samples).refusal().expect("a refusal").clone()
}

/// Checks that no number of a result is infinite or not a number.
fn assert_finite(value: &(impl serde::Serialize + std::fmt::Debug)) {
    assert!(serde_json::to_value(value).is_ok());
    let text = format!("{value:?}");
    assert!(
        !text.contains("NaN") && !text.contains(" inf") && !text.contains("-inf"),
        "{text}"
    );
}
