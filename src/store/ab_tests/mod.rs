//! A/B tests: what was fixed, who got which arm, what came out of it.
//!
//! [`lifecycle`] changes a test, [`assign`] gives units their arms, [`outcomes`] sums up what was
//! recorded, [`look`] puts both together into an analysis, [`history`] reads telemetry for planning and replays.

pub mod assign;
pub mod history;
pub mod lifecycle;
pub mod look;
pub mod outcomes;

use chrono::{DateTime, Utc};
use diesel::prelude::*;
use diesel::sql_types::{Array, BigInt, Bool, Double, Integer, Jsonb, Nullable, Text, Timestamptz};
use serde::{Deserialize, Serialize};
use serde_json::Value;

use crate::abtest::success::CountedOutcome;
use crate::abtest::{ArmLabel, AssignmentError, Guardrail, Metric, PerArm, Split, TestPlan};
use crate::definition::Identity;
use crate::words::near;

pub use assign::{Assigned, Caller, Serving, UnitKind};

/// A test cannot be read back: it was changed by hand to something that no plan can be made of.
#[derive(Debug, Clone, PartialEq, thiserror::Error)]
#[error("A/B test `{test}` cannot be used: {why}")]
pub struct UnusableTest {
    /// Its name.
    pub test: String,
    /// Why.
    pub why: String,
}

/// A phase of a test: one seed, one split.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Phase {
    /// Its number, from 1.
    pub phase: i32,
    /// Seed of the assignment.
    pub seed: String,
    /// Share of arm B.
    pub traffic_split: f64,
    /// Share of the traffic that takes part.
    pub coverage: f64,
    /// When it began; none before the start.
    pub started_at: Option<DateTime<Utc>>,
    /// When it ended; none while it runs.
    pub ended_at: Option<DateTime<Utc>>,
    /// Seconds that its finished pauses lasted.
    pub paused_s: f64,
}

/// A row of `tool_ab_tests` with the versions that it compares.
#[derive(Debug, Clone, PartialEq, QueryableByName)]
pub struct StoredTest {
    /// Row number.
    #[diesel(sql_type = BigInt)]
    pub id: i64,
    /// Its name.
    #[diesel(sql_type = Text)]
    pub test_name: String,
    /// What is expected.
    #[diesel(sql_type = Nullable<Text>)]
    pub hypothesis: Option<String>,
    /// Row number of the version in arm A.
    #[diesel(sql_type = BigInt)]
    pub tool_a_id: i64,
    /// Row number of the version in arm B.
    #[diesel(sql_type = BigInt)]
    pub tool_b_id: i64,
    /// Platform, name and version of arm A.
    #[diesel(sql_type = Array<Text>)]
    pub tool_a: Vec<String>,
    /// Platform, name and version of arm B.
    #[diesel(sql_type = Array<Text>)]
    pub tool_b: Vec<String>,
    /// Share of arm B.
    #[diesel(sql_type = Double)]
    pub traffic_split: f64,
    /// Share of the traffic that takes part.
    #[diesel(sql_type = Double)]
    pub coverage: f64,
    /// The only environment that takes part.
    #[diesel(sql_type = Nullable<Text>)]
    pub target_environment: Option<String>,
    /// The only users that take part; an empty array for all.
    #[diesel(sql_type = Jsonb)]
    pub target_users: Value,
    /// draft, active, completed, cancelled.
    #[diesel(sql_type = Text)]
    pub status: String,
    /// Row number of the winner.
    #[diesel(sql_type = Nullable<BigInt>)]
    pub winner_tool_id: Option<i64>,
    /// The analysis that decided.
    #[diesel(sql_type = Jsonb)]
    pub results: Value,
    /// When assignment began.
    #[diesel(sql_type = Nullable<Timestamptz>)]
    pub started_at: Option<DateTime<Utc>>,
    /// When it ended.
    #[diesel(sql_type = Nullable<Timestamptz>)]
    pub completed_at: Option<DateTime<Utc>>,
    /// Who made it.
    #[diesel(sql_type = Text)]
    pub created_by: String,
    /// The metrics that decide.
    #[diesel(sql_type = Jsonb)]
    pub primary_metrics: Value,
    /// The metrics that the winner must keep.
    #[diesel(sql_type = Jsonb)]
    pub guardrails: Value,
    /// failures or successes.
    #[diesel(sql_type = Text)]
    pub counted_outcome: String,
    /// execution or user.
    #[diesel(sql_type = Text)]
    pub unit_kind: String,
    /// Confidence over all looks.
    #[diesel(sql_type = Double)]
    pub confidence: f64,
    /// Planned total of records or units.
    #[diesel(sql_type = BigInt)]
    pub planned_size: i64,
    /// Shortest duration before a decision, in seconds.
    #[diesel(sql_type = Double)]
    pub minimum_duration_s: f64,
    /// Seed of the present phase.
    #[diesel(sql_type = Text)]
    pub seed: String,
    /// Number of the present phase.
    #[diesel(sql_type = Integer)]
    pub phase: i32,
    /// When the present phase began.
    #[diesel(sql_type = Nullable<Timestamptz>)]
    pub phase_started_at: Option<DateTime<Utc>>,
    /// Earlier phases.
    #[diesel(sql_type = Jsonb)]
    pub earlier_phases: Value,
    /// Since when it is paused.
    #[diesel(sql_type = Nullable<Timestamptz>)]
    pub paused_at: Option<DateTime<Utc>>,
    /// Seconds that earlier pauses of this phase lasted.
    #[diesel(sql_type = Double)]
    pub paused_s: f64,
    /// Whether a person chose the winner.
    #[diesel(sql_type = Bool)]
    pub forced: bool,
    /// The database's time when this was read.
    #[diesel(sql_type = Timestamptz)]
    pub read_at: DateTime<Utc>,
}

const SELECT: &str = "\
    SELECT x.id, x.test_name, x.hypothesis, x.tool_a_id, x.tool_b_id, \
           ARRAY[a.platform, a.tool_name, a.version]::text[] AS tool_a, \
           ARRAY[b.platform, b.tool_name, b.version]::text[] AS tool_b, \
           x.traffic_split, x.coverage, x.target_environment, x.target_users, x.status, x.winner_tool_id, \
           x.results, x.started_at, x.completed_at, x.created_by, x.primary_metrics, x.guardrails, \
           x.counted_outcome, x.unit_kind, x.confidence, x.planned_size, x.minimum_duration_s, \
           x.seed::text AS seed, x.phase, x.phase_started_at, x.earlier_phases, x.paused_at, x.paused_s, x.forced, \
           clock_timestamp() AS read_at \
    FROM tool_ab_tests x JOIN tools a ON a.id = x.tool_a_id JOIN tools b ON b.id = x.tool_b_id";

/// The test of that name.
pub fn by_name(connection: &mut PgConnection, name: &str) -> QueryResult<Option<StoredTest>> {
    diesel::sql_query(format!("{SELECT} WHERE x.test_name = $1"))
        .bind::<Text, _>(name)
        .get_result(connection)
        .optional()
}

/// The tests in any of those statuses (all for none), newest first.
pub fn list(connection: &mut PgConnection, statuses: &[String]) -> QueryResult<Vec<StoredTest>> {
    diesel::sql_query(format!(
        "{SELECT} WHERE cardinality($1) = 0 OR x.status = ANY ($1) ORDER BY x.id DESC"
    ))
    .bind::<Array<Text>, _>(statuses)
    .load(connection)
}

/// Names near a wrong one.
pub fn similar_names(connection: &mut PgConnection, name: &str) -> QueryResult<Vec<String>> {
    let names: Vec<String> = super::schema::tool_ab_tests::table
        .select(super::schema::tool_ab_tests::test_name)
        .load(connection)?;
    Ok(near(name, names))
}

impl StoredTest {
    /// Platform, name and version of an arm.
    pub fn identity(&self, arm: ArmLabel) -> Identity {
        let parts = match arm {
            ArmLabel::A => &self.tool_a,
            ArmLabel::B => &self.tool_b,
        };
        let part = |index: usize| parts.get(index).cloned().unwrap_or_default();
        Identity {
            platform: part(0),
            name: part(1),
            version: part(2),
        }
    }

    /// Row number of the version in an arm.
    pub fn tool_id(&self, arm: ArmLabel) -> i64 {
        match arm {
            ArmLabel::A => self.tool_a_id,
            ArmLabel::B => self.tool_b_id,
        }
    }

    /// The arm that won, if any.
    pub fn winner(&self) -> Option<ArmLabel> {
        let winner = self.winner_tool_id?;
        [ArmLabel::A, ArmLabel::B]
            .into_iter()
            .find(|arm| self.tool_id(*arm) == winner)
    }

    /// Whether both arms are versions of one tool on one platform.
    pub fn compares_versions(&self) -> bool {
        self.tool_a.get(..2) == self.tool_b.get(..2)
    }

    /// Whether it takes new units.
    pub fn is_running(&self) -> bool {
        self.status == "active" && self.paused_at.is_none()
    }

    /// Whether it has ended.
    pub fn has_ended(&self) -> bool {
        matches!(self.status.as_str(), "completed" | "cancelled")
    }

    /// What is assigned.
    pub fn unit(&self) -> UnitKind {
        if self.unit_kind == "user" {
            UnitKind::User
        } else {
            UnitKind::Execution
        }
    }

    /// The users that take part; empty for all.
    pub fn users(&self) -> Vec<String> {
        serde_json::from_value(self.target_users.clone()).unwrap_or_default()
    }

    /// The present phase.
    pub fn present_phase(&self) -> Phase {
        Phase {
            phase: self.phase,
            seed: self.seed.clone(),
            traffic_split: self.traffic_split,
            coverage: self.coverage,
            started_at: self.phase_started_at,
            ended_at: self.completed_at,
            paused_s: self.paused_s,
        }
    }

    /// All phases, oldest first.
    pub fn phases(&self) -> Vec<Phase> {
        let mut phases: Vec<Phase> =
            serde_json::from_value(self.earlier_phases.clone()).unwrap_or_default();
        phases.push(self.present_phase());
        phases
    }

    /// What the statistics need to know of a phase.
    ///
    /// # Errors
    /// If the row was changed by hand to something that cannot be used.
    pub fn plan(&self, phase: &Phase) -> Result<TestPlan, UnusableTest> {
        let unusable = |why: String| UnusableTest {
            test: self.test_name.clone(),
            why,
        };
        let primaries: Vec<Metric> = serde_json::from_value(self.primary_metrics.clone())
            .map_err(|error| unusable(format!("primary_metrics: {error}")))?;
        let guardrails: Vec<Guardrail> = serde_json::from_value(self.guardrails.clone())
            .map_err(|error| unusable(format!("guardrails: {error}")))?;
        let counted = match self.counted_outcome.as_str() {
            "successes" => CountedOutcome::Successes,
            _ => CountedOutcome::Failures,
        };
        Ok(TestPlan {
            split: split_of(phase.traffic_split).map_err(|error| unusable(error.to_string()))?,
            confidence: self.confidence,
            primaries,
            guardrails,
            counted,
            planned: u64::try_from(self.planned_size).unwrap_or(1),
            minimum_duration_s: self.minimum_duration_s,
        })
    }

    /// Seconds that a phase has run, without its pauses, as of when the test was read.
    pub fn elapsed_s(&self, phase: &Phase) -> f64 {
        let Some(start) = phase.started_at else {
            return 0.0;
        };
        let seconds = |from: DateTime<Utc>, to: DateTime<Utc>| {
            (to - from).num_milliseconds().max(0) as f64 / 1000.0
        };
        let end = phase.ended_at.unwrap_or(self.read_at);
        let pause = match self.paused_at {
            Some(since) if phase.phase == self.phase => seconds(since, end),
            _ => 0.0,
        };
        (seconds(start, end) - phase.paused_s - pause).max(0.0)
    }

    /// Both tools.
    pub fn identities(&self) -> PerArm<Identity> {
        PerArm {
            a: self.identity(ArmLabel::A),
            b: self.identity(ArmLabel::B),
        }
    }
}

/// The split with that share of arm B, as `traffic_split` holds it.
///
/// # Errors
/// [`AssignmentError::Split`] unless the share is between 0 and 1.
pub fn split_of(share_b: f64) -> Result<Split, AssignmentError> {
    Split::from_share_of_a(share_b).map(Split::swapped)
}
