//! A test as it is shown and listed.

use chrono::{DateTime, Utc};
use serde::Serialize;
use serde_json::Value;

use crate::abtest::{ArmLabel, PerArm};
use crate::store::ab_tests::{Phase, StoredTest, UnitKind, split_of};

/// A test for machines and for people; the field names are stable.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct TestRecord {
    /// Its name.
    pub name: String,
    /// draft, active, paused, completed, cancelled.
    pub state: String,
    /// draft, active, completed, cancelled.
    pub status: String,
    /// The version in arm A.
    pub tool_a: String,
    /// The version in arm B.
    pub tool_b: String,
    /// The metrics that decide.
    pub metrics: Value,
    /// What the winner must be shown to keep.
    pub guardrails: Value,
    /// Share of each arm.
    pub split: PerArm<f64>,
    /// Share of the traffic that takes part.
    pub coverage: f64,
    /// What is assigned.
    pub unit: UnitKind,
    /// Only this environment takes part.
    pub environment: Option<String>,
    /// Only these users take part.
    pub users: Vec<String>,
    /// Planned total of both arms.
    pub planned: i64,
    /// Confidence over all looks.
    pub confidence: f64,
    /// Shortest duration before a decision, in seconds.
    pub minimum_duration_s: f64,
    /// What is expected.
    pub hypothesis: Option<String>,
    /// The present phase, from 1.
    pub phase: i32,
    /// The seed of its assignment.
    pub seed: String,
    /// When it was started.
    pub started_at: Option<DateTime<Utc>>,
    /// When it ended.
    pub completed_at: Option<DateTime<Utc>>,
    /// The arm that won.
    pub winner: Option<ArmLabel>,
    /// The version that won.
    pub winner_tool: Option<String>,
    /// Whether a person forced the winner.
    pub forced: bool,
    /// Who made it.
    pub created_by: String,
    /// The phases before the present one.
    pub earlier_phases: Vec<Phase>,
    /// What was decided, and from what.
    pub results: Value,
}

impl From<&StoredTest> for TestRecord {
    fn from(test: &StoredTest) -> Self {
        let state = if test.status == "active" && test.paused_at.is_some() {
            "paused"
        } else {
            &test.status
        };
        let mut earlier_phases = test.phases();
        earlier_phases.pop();
        Self {
            name: test.test_name.clone(),
            state: state.to_owned(),
            status: test.status.clone(),
            tool_a: test.identity(ArmLabel::A).to_string(),
            tool_b: test.identity(ArmLabel::B).to_string(),
            metrics: test.primary_metrics.clone(),
            guardrails: test.guardrails.clone(),
            split: shares(test.traffic_split),
            coverage: test.coverage,
            unit: test.unit(),
            environment: test.target_environment.clone(),
            users: test.users(),
            planned: test.planned_size,
            confidence: test.confidence,
            minimum_duration_s: test.minimum_duration_s,
            hypothesis: test.hypothesis.clone(),
            phase: test.phase,
            seed: test.seed.clone(),
            started_at: test.started_at,
            completed_at: test.completed_at,
            winner: test.winner(),
            winner_tool: test.winner().map(|arm| test.identity(arm).to_string()),
            forced: test.forced,
            created_by: test.created_by.clone(),
            earlier_phases,
            results: test.results.clone(),
        }
    }
}

/// The shares of both arms from that of B.
pub fn shares(share_b: f64) -> PerArm<f64> {
    match split_of(share_b) {
        Ok(split) => PerArm {
            a: split.a,
            b: split.b,
        },
        Err(_) => PerArm {
            a: 1.0 - share_b,
            b: share_b,
        },
    }
}
