//! What is known about the two arms: sufficient statistics, so that a look costs the same however many
//! records there are, and a pair type that keeps formulas symmetric.

use super::assignment::ArmLabel;
use super::moments::{Joint, Moments, UnitSums};
use super::quantile::QuantileInterval;
use super::success::CountedOutcome;
use serde::{Deserialize, Serialize};

/// Shortest time that is kept, in ms: a time of 0 counts as this, so that logarithms exist.
pub const SHORTEST_TIME_MS: f64 = 0.001;

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
    /// Duration in ms of a success, or of a timeout with its limit; none for any other failure, which must
    /// not make an arm fast.
    pub time_ms: Option<f64>,
    /// Cost, not negative.
    pub cost: Option<f64>,
    /// What its time was estimated at in ms, where both versions share the estimate.
    pub estimate_ms: Option<f64>,
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
    /// ln of the time in ms, of successes and timeouts (times below [`SHORTEST_TIME_MS`] raised to it).
    pub ln_time: Moments,
    /// Largest of them.
    pub ln_time_max: Option<f64>,
    /// ln of the estimates with ln of the times, of those that have an estimate which both versions share.
    #[serde(skip)]
    pub foretold: Joint,
    /// Cost of all executions that have one.
    pub cost: Moments,
    /// Largest of them.
    pub cost_max: Option<f64>,
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
            let ln_time = time.max(SHORTEST_TIME_MS).ln();
            self.ln_time.push(ln_time);
            self.ln_time_max = Some(self.ln_time_max.map_or(ln_time, |it| it.max(ln_time)));
            if let Some(estimate) = execution.estimate_ms.filter(|it| it.is_finite()) {
                self.foretold
                    .push(estimate.max(SHORTEST_TIME_MS).ln(), ln_time);
            }
        }
        if let Some(cost) = execution.cost.filter(|cost| cost.is_finite()) {
            self.cost.push(cost);
            self.cost_max = Some(self.cost_max.map_or(cost, |it| it.max(cost)));
        }
    }

    /// Number of counted outcomes.
    pub fn counted(&self, outcome: CountedOutcome) -> u64 {
        match outcome {
            CountedOutcome::Failures => self.failures,
            CountedOutcome::Successes => self.records.saturating_sub(self.failures),
        }
    }

    /// What the arm would be if `silent` more executions had failed, at that time and cost.
    fn with_failures(&self, silent: u64, ln_time: Option<f64>, cost: Option<f64>) -> Self {
        let moments = |moments: Moments, value: Option<f64>| match value {
            Some(value) => moments.with_equal(silent, value),
            None => moments,
        };
        let units = |sums: UnitSums, value: Option<f64>| match value {
            Some(value) => sums.with_equal(silent, value),
            None => sums,
        };
        Self {
            records: self.records + silent,
            failures: self.failures + silent,
            ln_time: moments(self.ln_time, ln_time),
            cost: moments(self.cost, cost),
            units: self.units.map(|it| UnitStats {
                failures: units(it.failures, Some(1.0)),
                ln_time: units(it.ln_time, ln_time),
                cost: units(it.cost, cost),
            }),
            ..*self
        }
    }
}

/// The worst that outcomes which have not come can still be: each of them a failure, at the longest time and
/// the highest cost that any execution had.
pub fn with_silent_as_failures(arms: &PerArm<ArmStats>, silent: PerArm<u64>) -> PerArm<ArmStats> {
    let largest = |of: fn(&ArmStats) -> Option<f64>| match (of(&arms.a), of(&arms.b)) {
        (Some(a), Some(b)) => Some(f64::max(a, b)),
        (a, b) => a.or(b),
    };
    let ln_time = largest(|arm| arm.ln_time_max);
    let cost = largest(|arm| arm.cost_max);
    PerArm {
        a: arms.a.with_failures(silent.a, ln_time, cost),
        b: arms.b.with_failures(silent.b, ln_time, cost),
    }
}
