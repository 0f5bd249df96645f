//! Who gets which arm: hashed, stored before the outcome, and kept.

use chrono::{DateTime, Utc};
use diesel::prelude::*;
use diesel::sql_types::{Array, BigInt, Bool, Double, Integer, Nullable, Text, Timestamptz};
use serde::Serialize;

use crate::abtest::assignment::check_unit;
use crate::abtest::{ArmLabel, AssignmentError};
use crate::definition::Identity;
use crate::store::{Connection, StoreError};

/// Units in one statement.
const CHUNK: usize = 10_000;

/// What is assigned to an arm.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum UnitKind {
    /// One execution, known by its `execution_id`.
    Execution,
    /// A user or agent with many executions, known by its `user_id`.
    User,
}

impl UnitKind {
    /// As the database writes it.
    pub fn as_str(self) -> &'static str {
        match self {
            UnitKind::Execution => "execution",
            UnitKind::User => "user",
        }
    }

    /// The column of the telemetry that holds the unit.
    pub(super) fn column(self) -> &'static str {
        match self {
            UnitKind::Execution => "execution_id",
            UnitKind::User => "user_id",
        }
    }
}

/// Who asks, for tests that only some take part in.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Caller<'a> {
    /// The execution.
    pub execution_id: Option<&'a str>,
    /// The user.
    pub user_id: Option<&'a str>,
    /// The environment.
    pub environment: Option<&'a str>,
}

/// Why a unit is not in a test.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Outside {
    /// The coverage leaves it out.
    Coverage,
    /// The test is for another environment.
    Environment,
    /// The test is for other users.
    User,
    /// The test is paused, and takes no new units.
    Paused,
}

/// What a unit got.
#[derive(Debug, Clone, PartialEq)]
pub struct Assigned {
    /// The unit.
    pub unit: String,
    /// Its arm; none outside the test.
    pub arm: Option<ArmLabel>,
    /// Why it is outside the test.
    pub outside: Option<Outside>,
    /// The version that serves it: its arm's, or the one in use.
    pub tool: Option<Identity>,
    /// Bucket of the unit in 0..1.
    pub bucket: f64,
    /// The phase of the test.
    pub phase: i32,
    /// Whether it had its arm before.
    pub stored: bool,
    /// Since when.
    pub assigned_at: Option<DateTime<Utc>>,
}

/// Why units cannot be assigned.
#[derive(Debug, thiserror::Error)]
pub enum AssignError {
    /// The id of a unit cannot be used.
    #[error("unit {place}: {error}")]
    Unit {
        /// Its place among the units, from 1.
        place: usize,
        /// Why.
        error: AssignmentError,
    },
    /// There is no such test.
    #[error("there is no A/B test `{0}`")]
    NoSuchTest(String),
    /// The test has not begun.
    #[error("A/B test `{0}` has not started")]
    NotStarted(String),
    /// The test has ended.
    #[error("A/B test `{test}` ended on {at}: no unit is assigned after the end")]
    Ended {
        /// Its name.
        test: String,
        /// When.
        at: String,
    },
    /// The test is for some users only, and none was named.
    #[error("A/B test `{0}` is for certain users, and no user is named")]
    NeedsUser(String),
    /// The database.
    #[error(transparent)]
    Store(#[from] StoreError),
}

#[derive(QueryableByName)]
struct Row {
    #[diesel(sql_type = Text)]
    status: String,
    #[diesel(sql_type = Bool)]
    running: bool,
    #[diesel(sql_type = Integer)]
    phase: i32,
    #[diesel(sql_type = Text)]
    unit_kind: String,
    #[diesel(sql_type = Nullable<Timestamptz>)]
    completed_at: Option<DateTime<Utc>>,
    #[diesel(sql_type = Bool)]
    for_users: bool,
    #[diesel(sql_type = Nullable<Text>)]
    unit: Option<String>,
    #[diesel(sql_type = Nullable<Double>)]
    bucket: Option<f64>,
    #[diesel(sql_type = Nullable<Text>)]
    arm: Option<String>,
    #[diesel(sql_type = Nullable<Bool>)]
    stored: Option<bool>,
    #[diesel(sql_type = Nullable<Bool>)]
    right_environment: Option<bool>,
    #[diesel(sql_type = Nullable<Bool>)]
    right_user: Option<bool>,
    #[diesel(sql_type = Nullable<Timestamptz>)]
    assigned_at: Option<DateTime<Utc>>,
    #[diesel(sql_type = Nullable<Text>)]
    platform: Option<String>,
    #[diesel(sql_type = Nullable<Text>)]
    tool_name: Option<String>,
    #[diesel(sql_type = Nullable<Text>)]
    version: Option<String>,
}

fn arm_of(text: Option<&str>) -> Option<ArmLabel> {
    match text {
        Some("A") => Some(ArmLabel::A),
        Some("B") => Some(ArmLabel::B),
        _ => None,
    }
}

/// Assigns units to the arms of a test: one round trip for each 10,000 of them. A unit that has an
/// arm keeps it. Nothing is stored where `store` is false.
///
/// # Errors
/// See [`AssignError`]; nothing of a chunk is stored then.
pub fn assign(
    connection: &mut Connection,
    test: &str,
    units: &[String],
    caller: Caller<'_>,
    store: bool,
) -> Result<Vec<Assigned>, AssignError> {
    for (index, unit) in units.iter().enumerate() {
        check_unit(unit).map_err(|error| AssignError::Unit {
            place: index + 1,
            error,
        })?;
    }
    let mut assigned = Vec::with_capacity(units.len());
    for chunk in units.chunks(CHUNK) {
        let rows: Vec<Row> = connection.append(|connection| {
            diesel::sql_query(include_str!("assign.sql"))
                .bind::<Text, _>(test)
                .bind::<Array<Text>, _>(chunk)
                .bind::<Nullable<Text>, _>(caller.user_id)
                .bind::<Nullable<Text>, _>(caller.environment)
                .bind::<Bool, _>(store)
                .load(connection)
        })?;
        let Some(first) = rows.first() else {
            return Err(AssignError::NoSuchTest(test.to_owned()));
        };
        refuse(test, first, caller)?;
        assigned.extend(rows.into_iter().filter_map(from_row));
    }
    Ok(assigned)
}

fn refuse(test: &str, row: &Row, caller: Caller<'_>) -> Result<(), AssignError> {
    match row.status.as_str() {
        "active" => {}
        "draft" => return Err(AssignError::NotStarted(test.to_owned())),
        _ => {
            let at = row.completed_at.map_or_else(
                || "an unknown date".to_owned(),
                |at| at.to_rfc3339_opts(chrono::SecondsFormat::Secs, true),
            );
            return Err(AssignError::Ended {
                test: test.to_owned(),
                at,
            });
        }
    }
    if row.for_users && row.unit_kind != "user" && caller.user_id.is_none() {
        return Err(AssignError::NeedsUser(test.to_owned()));
    }
    Ok(())
}

fn from_row(row: Row) -> Option<Assigned> {
    let arm = arm_of(row.arm.as_deref());
    let outside = match arm {
        Some(_) => None,
        None if row.right_environment == Some(false) => Some(Outside::Environment),
        None if row.right_user == Some(false) => Some(Outside::User),
        None if !row.running => Some(Outside::Paused),
        None => Some(Outside::Coverage),
    };
    Some(Assigned {
        unit: row.unit?,
        arm,
        outside,
        tool: identity(row.platform, row.tool_name, row.version),
        bucket: row.bucket?,
        phase: row.phase,
        stored: row.stored.unwrap_or(false),
        assigned_at: row.assigned_at,
    })
}

fn identity(
    platform: Option<String>,
    name: Option<String>,
    version: Option<String>,
) -> Option<Identity> {
    Some(Identity {
        platform: platform?,
        name: name?,
        version: version?,
    })
}

/// The version that an active test gives to a caller, for a selection.
#[derive(Debug, Clone, PartialEq, QueryableByName)]
pub struct Serving {
    /// Row number of the test.
    #[diesel(sql_type = BigInt)]
    pub test_id: i64,
    /// Name of the test.
    #[diesel(sql_type = Text)]
    pub test: String,
    /// Its phase.
    #[diesel(sql_type = Integer)]
    pub phase: i32,
    /// The unit: the caller's execution or user.
    #[diesel(sql_type = Text)]
    pub unit: String,
    /// `A` or `B`.
    #[diesel(sql_type = Text)]
    pub arm: String,
    /// Bucket of the unit.
    #[diesel(sql_type = Double)]
    pub bucket: f64,
    /// Whether the assignment is stored already.
    #[diesel(sql_type = Bool)]
    pub stored: bool,
    /// Row number of the version that serves.
    #[diesel(sql_type = BigInt)]
    pub tool_id: i64,
    /// Row number of the version in the other arm.
    #[diesel(sql_type = BigInt)]
    pub other_tool_id: i64,
    /// Platform of the version that serves.
    #[diesel(sql_type = Text)]
    pub platform: String,
    /// Its name.
    #[diesel(sql_type = Text)]
    pub tool_name: String,
    /// Its version.
    #[diesel(sql_type = Text)]
    pub version: String,
    /// Platform of the version in the other arm.
    #[diesel(sql_type = Text)]
    pub other_platform: String,
    /// Its name.
    #[diesel(sql_type = Text)]
    pub other_tool_name: String,
}

/// What every active test that the caller takes part in gives to it, in one round trip. Nothing is
/// stored: see [`keep`].
///
/// # Errors
/// Those of the database. Ids that cannot be units take part in nothing.
pub fn serving(connection: &mut PgConnection, caller: Caller<'_>) -> QueryResult<Vec<Serving>> {
    let usable = |id: Option<&str>| {
        id.filter(|id| check_unit(id).is_ok())
            .map(ToOwned::to_owned)
    };
    let (execution, user) = (usable(caller.execution_id), usable(caller.user_id));
    if execution.is_none() && user.is_none() {
        return Ok(Vec::new());
    }
    diesel::sql_query(include_str!("serving.sql"))
        .bind::<Nullable<Text>, _>(execution)
        .bind::<Nullable<Text>, _>(user)
        .bind::<Nullable<Text>, _>(caller.environment)
        .load(connection)
}

/// Stores an assignment that a selection made, before its outcome. The test may have gone on to a new
/// phase or ended meanwhile: then nothing is stored, and false returned.
///
/// # Errors
/// Those of the database.
pub fn keep(connection: &mut PgConnection, serving: &Serving) -> QueryResult<bool> {
    if serving.stored {
        return Ok(true);
    }
    let kept = diesel::sql_query(
        "WITH test AS (SELECT id, seed FROM tool_ab_tests WHERE id = $1 AND phase = $2 AND status = 'active'), \
              kept AS (INSERT INTO tool_ab_assignments (test_id, phase, unit, arm, bucket, seed) \
                       SELECT id, $2, $3, $4, $5, seed FROM test ON CONFLICT DO NOTHING) \
         SELECT id AS id FROM test",
    )
    .bind::<BigInt, _>(serving.test_id)
    .bind::<Integer, _>(serving.phase)
    .bind::<Text, _>(&serving.unit)
    .bind::<Text, _>(&serving.arm)
    .bind::<Double, _>(serving.bucket)
    .load::<Id>(connection)?;
    Ok(!kept.is_empty())
}

#[derive(QueryableByName)]
struct Id {
    #[diesel(sql_type = BigInt)]
    #[diesel(column_name = id)]
    _id: i64,
}
