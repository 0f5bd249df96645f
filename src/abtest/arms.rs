//! What is known about the two arms: sufficient statistics, so that a look costs the same however many
//! records there are, and a pair type that keeps formulas symmetric.

use super::assignment::ArmLabel;
use super::moments::{Moments, UnitSums};
use super::quantile::QuantileInterval;
use super::success::CountedOutcome;
use serde::{Deserialize, Serialize};

/// Shortest time that is told apart, in ms: shorter ones count as this, so that logarithms exist.
pub const SHORTEST_TIME_MS: f64 = 1.0;

/// One value for each arm.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct PerArm<T> {
    /// Of arm A.
    pub a: T,
    /// Of arm B.
    pub b: T,
}

impl<T> PerArm<T> {
    /// The value of one arm.
    pub fn get(&self, arm: ArmLabel) -> &T {
        match arm {
            ArmLabel::A => &self.a,
            ArmLabel::B => &self.b,
        }
    }

    /// The value of one arm, to change it.
    pub fn get_mut(&mut self, arm: ArmLabel) -> &mut T {
        match arm {
            ArmLabel::A => &mut self.a,
            ArmLabel::B => &mut self.b,
        }
    }

    /// The same values with the arms' names swapped.
    pub fn swapped(self) -> Self {
        Self {
            a: self.b,
            b: self.a,
        }
    }

    /// Applies a function to both.
    pub fn map<U>(self, mut f: impl FnMut(T) -> U) -> PerArm<U> {
        PerArm {
            a: f(self.a),
            b: f(self.b),
        }
    }
}

/// Outcome of one execution.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Execution {
    /// Whether it failed; a timeout is a failure.
    pub failed: bool,
    /// Duration in ms; a timed-out execution counts with its limit.
    pub time_ms: Option<f64>,
    /// Cost, not negative.
    pub cost: Option<f64>,
}

/// Sums per unit, where units have several executions each.
#[derive(Debug, Clone, Copy, Default, PartialEq, Serialize, Deserialize)]
pub struct UnitStats {
    /// Failures per unit.
    pub failures: UnitSums,
    /// ln of the time in ms per unit.
    pub ln_time: UnitSums,
    /// Cost per unit.
    pub cost: UnitSums,
}

/// Summary of the recorded outcomes of one arm.
#[derive(Debug, Clone, Copy, Default, PartialEq, Serialize, Deserialize)]
pub struct ArmStats {
    /// Executions with an outcome.
    pub records: u64,
    /// Failed executions among them.
    pub failures: u64,
    /// Timed-out executions among them; they are failures, and their time is their limit.
    pub timeouts: u64,
    /// ln of the time in ms, of all executions that have one (times below [`SHORTEST_TIME_MS`] raised to it).
    pub ln_time: Moments,
    /// Cost of all executions that have one.
    pub cost: Moments,
    /// Sums per unit; present where the unit of assignment has several executions.
    pub units: Option<UnitStats>,
    /// Median time in ms, for description.
    pub time_p50: Option<QuantileInterval>,
    /// 95th percentile of the time in ms, for description.
    pub time_p95: Option<QuantileInterval>,
}

impl ArmStats {
    /// Adds one execution of a unit that has no other.
    pub fn push(&mut self, execution: &Execution) {
        self.records += 1;
        self.failures += u64::from(execution.failed);
        if let Some(time) = execution.time_ms.filter(|time| time.is_finite()) {
            self.ln_time.push(time.max(SHORTEST_TIME_MS).ln());
        }
        if let Some(cost) = execution.cost.filter(|cost| cost.is_finite()) {
            self.cost.push(cost);
        }
    }

    /// Number of counted outcomes.
    pub fn counted(&self, outcome: CountedOutcome) -> u64 {
        match outcome {
            CountedOutcome::Failures => self.failures,
            CountedOutcome::Successes => self.records.saturating_sub(self.failures),
        }
    }

    /// What the arm would be with `factor` times as many records of the same kind.
    pub fn scaled(&self, factor: f64) -> Self {
        let count = |n: u64| (n as f64 * factor).round() as u64;
        let moments = |m: Moments| Moments {
            n: count(m.n),
            squared_deviations: m.squared_deviations * factor,
            ..m
        };
        let sums = |s: UnitSums| UnitSums {
            units: count(s.units),
            count: s.count * factor,
            count_squares: s.count_squares * factor,
            total: s.total * factor,
            total_squares: s.total_squares * factor,
            products: s.products * factor,
        };
        Self {
            records: count(self.records),
            failures: count(self.failures),
            timeouts: count(self.timeouts),
            ln_time: moments(self.ln_time),
            cost: moments(self.cost),
            units: self.units.map(|units| UnitStats {
                failures: sums(units.failures),
                ln_time: sums(units.ln_time),
                cost: sums(units.cost),
            }),
            ..*self
        }
    }
}
