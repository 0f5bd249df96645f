//! What changes a test: made, started, paused, split anew, cancelled, concluded. Each function is part of
//! a transaction of [`Connection::write`](crate::store::Connection::write).

use diesel::prelude::*;
use diesel::sql_types::{BigInt, Bool, Double, Integer, Jsonb, Nullable, Text};
use serde_json::{Value, json};

use super::{StoredTest, by_name};
use crate::abtest::{ArmLabel, Guardrail, Metric, success::CountedOutcome};
use crate::store::StoreError;

/// A test to be made.
#[derive(Debug, Clone, PartialEq)]
pub struct NewTest {
    /// Its name, unique.
    pub name: String,
    /// What is expected.
    pub hypothesis: Option<String>,
    /// Row number of the version in arm A.
    pub tool_a_id: i64,
    /// Row number of the version in arm B.
    pub tool_b_id: i64,
    /// Share of arm B, between 0 and 1.
    pub traffic_split: f64,
    /// Share of the traffic that takes part, above 0 and at most 1.
    pub coverage: f64,
    /// The only environment that takes part.
    pub environment: Option<String>,
    /// The only users that take part; empty for all.
    pub users: Vec<String>,
    /// What is assigned.
    pub unit: super::UnitKind,
    /// The metrics that decide.
    pub metrics: Vec<Metric>,
    /// The metrics that the winner must keep.
    pub guardrails: Vec<Guardrail>,
    /// The outcome that the success metric counts.
    pub counted: CountedOutcome,
    /// Planned total of records or units.
    pub planned: i64,
    /// Confidence over all looks.
    pub confidence: f64,
    /// Shortest duration before a decision, in seconds.
    pub minimum_duration_s: f64,
    /// Seed of the assignment, a UUID.
    pub seed: String,
}

/// How a test is changed.
#[derive(Debug, Clone, PartialEq)]
pub enum Change {
    /// Assignment begins.
    Start,
    /// No new unit is assigned for a while.
    Pause,
    /// Units are assigned again.
    Resume,
    /// Another split: a new phase with a new seed where the test is active.
    Split {
        /// Share of arm B.
        traffic_split: f64,
        /// Share of the traffic that takes part.
        coverage: f64,
        /// Seed of the new phase, a UUID.
        seed: String,
    },
    /// It ends without a result.
    Cancel,
}

/// What can be done with a test in its present state.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Next {
    /// Look at it.
    Show,
    /// Start it.
    Start,
    /// Pause it.
    Pause,
    /// Resume it.
    Resume,
    /// Nothing: it has ended, and another one must be made.
    Another,
}

/// A test that cannot be changed like that, and what would help.
#[derive(Debug, thiserror::Error)]
pub enum ChangeError {
    /// There is no such test.
    #[error("there is no A/B test `{0}`")]
    NoSuchTest(String),
    /// There is one already.
    #[error("there is an A/B test `{0}` already")]
    Exists(String),
    /// Its state forbids it.
    #[error("A/B test `{test}` {state}")]
    State {
        /// Its name.
        test: String,
        /// What it is, as the end of a sentence.
        state: String,
        /// What can be done with it instead.
        next: Next,
    },
    /// A version in it may not be selected.
    #[error("A/B test `{test}` cannot start: {tool} is switched off")]
    SwitchedOff {
        /// Its name.
        test: String,
        /// The version.
        tool: String,
    },
    /// Another active test has a version in common.
    #[error(
        "A/B test `{other}` is active on {tool}: a version takes part in one active test at a time"
    )]
    Overlap {
        /// The other test.
        other: String,
        /// The version in common.
        tool: String,
    },
    /// The database.
    #[error(transparent)]
    Store(#[from] StoreError),
}

impl From<diesel::result::Error> for ChangeError {
    fn from(error: diesel::result::Error) -> Self {
        ChangeError::Store(error.into())
    }
}

/// Makes a test as a draft.
///
/// # Errors
/// [`ChangeError::Exists`], or those of the database.
pub fn create(
    connection: &mut PgConnection,
    new: &NewTest,
    actor: &str,
) -> Result<StoredTest, ChangeError> {
    if by_name(connection, &new.name)?.is_some() {
        return Err(ChangeError::Exists(new.name.clone()));
    }
    let counted = match new.counted {
        CountedOutcome::Failures => "failures",
        CountedOutcome::Successes => "successes",
    };
    diesel::sql_query(
        "INSERT INTO tool_ab_tests (test_name, hypothesis, tool_a_id, tool_b_id, traffic_split, coverage, \
             target_environment, target_users, unit_kind, primary_metrics, guardrails, counted_outcome, \
             planned_size, confidence, minimum_duration_s, seed, created_by) \
         VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14, $15, $16::uuid, left($17, 100))",
    )
    .bind::<Text, _>(&new.name)
    .bind::<Nullable<Text>, _>(&new.hypothesis)
    .bind::<BigInt, _>(new.tool_a_id)
    .bind::<BigInt, _>(new.tool_b_id)
    .bind::<Double, _>(new.traffic_split)
    .bind::<Double, _>(new.coverage)
    .bind::<Nullable<Text>, _>(&new.environment)
    .bind::<Jsonb, _>(json!(new.users))
    .bind::<Text, _>(new.unit.as_str())
    .bind::<Jsonb, _>(json!(new.metrics))
    .bind::<Jsonb, _>(json!(new.guardrails))
    .bind::<Text, _>(counted)
    .bind::<BigInt, _>(new.planned)
    .bind::<Double, _>(new.confidence)
    .bind::<Double, _>(new.minimum_duration_s)
    .bind::<Text, _>(&new.seed)
    .bind::<Text, _>(actor)
    .execute(connection)?;
    existing(connection, &new.name)
}

/// The test of that name, locked until the end of the transaction.
///
/// # Errors
/// [`ChangeError::NoSuchTest`], or those of the database.
pub fn existing(connection: &mut PgConnection, name: &str) -> Result<StoredTest, ChangeError> {
    diesel::sql_query("SELECT FROM tool_ab_tests WHERE test_name = $1 FOR UPDATE")
        .bind::<Text, _>(name)
        .execute(connection)?;
    by_name(connection, name)?.ok_or_else(|| ChangeError::NoSuchTest(name.to_owned()))
}

/// Changes a test.
///
/// # Errors
/// See [`ChangeError`]; nothing is changed then.
pub fn change(
    connection: &mut PgConnection,
    name: &str,
    change: &Change,
) -> Result<StoredTest, ChangeError> {
    let test = existing(connection, name)?;
    refuse(connection, &test, change)?;
    let id = test.id;
    match change {
        Change::Start => diesel::sql_query(
            "UPDATE tool_ab_tests SET status = 'active', started_at = clock_timestamp(), \
             phase_started_at = clock_timestamp(), paused_at = NULL, paused_s = 0 WHERE id = $1",
        )
        .bind::<BigInt, _>(id)
        .execute(connection)?,
        Change::Pause => diesel::sql_query(
            "UPDATE tool_ab_tests SET paused_at = clock_timestamp() WHERE id = $1",
        )
        .bind::<BigInt, _>(id)
        .execute(connection)?,
        Change::Resume => diesel::sql_query(
            "UPDATE tool_ab_tests SET paused_at = NULL, paused_s = paused_s \
             + greatest(extract(epoch FROM clock_timestamp() - paused_at), 0) WHERE id = $1",
        )
        .bind::<BigInt, _>(id)
        .execute(connection)?,
        Change::Cancel => diesel::sql_query(
            "UPDATE tool_ab_tests SET status = 'cancelled', completed_at = clock_timestamp() WHERE id = $1",
        )
        .bind::<BigInt, _>(id)
        .execute(connection)?,
        Change::Split {
            traffic_split,
            coverage,
            seed,
        } => split(connection, &test, (*traffic_split, *coverage), seed)?,
    };
    existing(connection, name)
}

fn split(
    connection: &mut PgConnection,
    test: &StoredTest,
    (traffic_split, coverage): (f64, f64),
    seed: &str,
) -> QueryResult<usize> {
    if test.status == "draft" {
        return diesel::sql_query(
            "UPDATE tool_ab_tests SET traffic_split = $2, coverage = $3 WHERE id = $1",
        )
        .bind::<BigInt, _>(test.id)
        .bind::<Double, _>(traffic_split)
        .bind::<Double, _>(coverage)
        .execute(connection);
    }
    let mut ended = test.present_phase();
    ended.ended_at = Some(test.read_at);
    if let Some(since) = test.paused_at {
        ended.paused_s += (test.read_at - since).num_milliseconds().max(0) as f64 / 1000.0;
    }
    diesel::sql_query(
        "UPDATE tool_ab_tests SET earlier_phases = earlier_phases || $5, phase = phase + 1, seed = $4::uuid, \
         traffic_split = $2, coverage = $3, phase_started_at = $6, paused_s = 0, \
         paused_at = CASE WHEN paused_at IS NULL THEN NULL ELSE $6 END WHERE id = $1",
    )
    .bind::<BigInt, _>(test.id)
    .bind::<Double, _>(traffic_split)
    .bind::<Double, _>(coverage)
    .bind::<Text, _>(seed)
    .bind::<Jsonb, _>(json!([ended]))
    .bind::<diesel::sql_types::Timestamptz, _>(test.read_at)
    .execute(connection)
}

fn refuse(
    connection: &mut PgConnection,
    test: &StoredTest,
    change: &Change,
) -> Result<(), ChangeError> {
    let state = |state: &str, next: Next| {
        Err(ChangeError::State {
            test: test.test_name.clone(),
            state: state.to_owned(),
            next,
        })
    };
    if test.has_ended() {
        return state(&format!("is {}", test.status), Next::Another);
    }
    let draft = test.status == "draft";
    match change {
        Change::Start if !draft => state("has started already", Next::Show),
        Change::Start => startable(connection, test),
        Change::Pause | Change::Resume if draft => state("has not started", Next::Start),
        Change::Pause if test.paused_at.is_some() => state("is paused already", Next::Resume),
        Change::Resume if test.paused_at.is_none() => state("is not paused", Next::Pause),
        _ => Ok(()),
    }
}

#[derive(QueryableByName)]
struct Overlap {
    #[diesel(sql_type = Text)]
    other: String,
    #[diesel(sql_type = Text)]
    tool: String,
}

#[derive(QueryableByName)]
struct SwitchedOff {
    #[diesel(sql_type = Text)]
    tool: String,
}

fn startable(connection: &mut PgConnection, test: &StoredTest) -> Result<(), ChangeError> {
    let overlap = diesel::sql_query(
        "SELECT x.test_name::text AS other, t.platform || '/' || t.tool_name || '@' || t.version AS tool \
         FROM tool_ab_tests x JOIN tools t ON t.id IN (x.tool_a_id, x.tool_b_id) \
         WHERE x.status = 'active' AND x.id <> $1 AND t.id IN ($2, $3) ORDER BY x.id LIMIT 1",
    )
    .bind::<BigInt, _>(test.id)
    .bind::<BigInt, _>(test.tool_a_id)
    .bind::<BigInt, _>(test.tool_b_id)
    .get_result::<Overlap>(connection)
    .optional()?;
    if let Some(Overlap { other, tool }) = overlap {
        return Err(ChangeError::Overlap { other, tool });
    }
    let off = diesel::sql_query(
        "SELECT platform || '/' || tool_name || '@' || version AS tool FROM tools \
         WHERE id IN ($1, $2) AND (NOT enabled OR status = 'disabled') ORDER BY id LIMIT 1",
    )
    .bind::<BigInt, _>(test.tool_a_id)
    .bind::<BigInt, _>(test.tool_b_id)
    .get_result::<SwitchedOff>(connection)
    .optional()?;
    match off {
        Some(SwitchedOff { tool }) => Err(ChangeError::SwitchedOff {
            test: test.test_name.clone(),
            tool,
        }),
        None => Ok(()),
    }
}

/// Ends a test with its result; `winner` may be none.
pub fn conclude(
    connection: &mut PgConnection,
    test: &StoredTest,
    winner: Option<ArmLabel>,
    results: &Value,
    forced: bool,
) -> Result<(), StoreError> {
    diesel::sql_query(
        "UPDATE tool_ab_tests SET status = 'completed', completed_at = clock_timestamp(), winner_tool_id = $2, \
         results = $3, forced = forced OR $4 WHERE id = $1",
    )
    .bind::<BigInt, _>(test.id)
    .bind::<Nullable<BigInt>, _>(winner.map(|arm| test.tool_id(arm)))
    .bind::<Jsonb, _>(results)
    .bind::<Bool, _>(forced)
    .execute(connection)?;
    Ok(())
}

/// Makes a version the latest of its tool, and says whether it was not.
pub fn make_latest(connection: &mut PgConnection, tool_id: i64) -> Result<bool, StoreError> {
    #[derive(QueryableByName)]
    struct Latest {
        #[diesel(sql_type = Bool)]
        is_latest: bool,
    }
    let latest = diesel::sql_query("SELECT is_latest FROM tools WHERE id = $1 FOR UPDATE")
        .bind::<BigInt, _>(tool_id)
        .get_result::<Latest>(connection)?;
    if latest.is_latest {
        return Ok(false);
    }
    // two statements: the index allows one latest version at any moment
    for statement in [
        "UPDATE tools SET is_latest = false WHERE is_latest \
         AND (platform, tool_name) = (SELECT platform, tool_name FROM tools WHERE id = $1)",
        "UPDATE tools SET is_latest = true WHERE id = $1",
    ] {
        diesel::sql_query(statement)
            .bind::<BigInt, _>(tool_id)
            .execute(connection)?;
    }
    Ok(true)
}

/// Names the updates that follow in this transaction for the audit log.
pub fn name_action(connection: &mut PgConnection, action: &str) -> Result<(), StoreError> {
    diesel::sql_query("SELECT set_config('toolcat.action', $1, true)")
        .bind::<Text, _>(action)
        .execute(connection)?;
    Ok(())
}

/// Notes a look at a test, where records came since the last one.
pub fn note_look(
    connection: &mut PgConnection,
    test: &StoredTest,
    phase: i32,
    recorded: u64,
    verdict: &str,
    p: &Value,
) -> QueryResult<()> {
    let recorded = i64::try_from(recorded).unwrap_or(i64::MAX);
    diesel::sql_query(
        "INSERT INTO tool_ab_looks (test_id, phase, recorded, verdict, p) \
         SELECT $1, $2, $3, $4, $5 \
         WHERE $3 IS DISTINCT FROM (SELECT recorded FROM tool_ab_looks WHERE test_id = $1 AND phase = $2 \
                                    ORDER BY id DESC LIMIT 1)",
    )
    .bind::<BigInt, _>(test.id)
    .bind::<Integer, _>(phase)
    .bind::<BigInt, _>(recorded)
    .bind::<Text, _>(verdict)
    .bind::<Jsonb, _>(p)
    .execute(connection)
    .map(drop)
}
