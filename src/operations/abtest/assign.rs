//! Which version a unit gets, kept so that it always gets the same.

use chrono::{DateTime, Utc};
use serde::Serialize;

use crate::abtest::ArmLabel;
use crate::operations::Caller;
use crate::store::Connection;
use crate::store::ab_tests::assign::{self as store, AssignError, Assigned, Outside};

/// Whom to assign.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Request {
    /// The name of the test.
    pub test: String,
    /// Ids of executions or users, as their telemetry will have them.
    pub units: Vec<String>,
    /// The user, for a test of executions that is for certain users.
    pub user: Option<String>,
    /// Where the tool will run.
    pub environment: String,
}

/// One assignment.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Assignment {
    /// The name of the test.
    pub test: String,
    /// The id.
    pub unit: String,
    /// The arm; none outside the test.
    pub arm: Option<ArmLabel>,
    /// The version that serves.
    pub tool: Option<String>,
    /// Why it is outside the test.
    pub outside: Option<Outside>,
    /// Where the id falls, 0 to 1.
    pub bucket: f64,
    /// The phase of the test.
    pub phase: i32,
    /// Whether it was assigned before.
    pub sticky: bool,
    /// When it was assigned.
    pub assigned_at: Option<DateTime<Utc>>,
}

impl Assignment {
    fn new(test: &str, assigned: Assigned) -> Self {
        Self {
            test: test.to_owned(),
            unit: assigned.unit,
            arm: assigned.arm,
            tool: assigned.tool.map(|tool| tool.to_string()),
            outside: assigned.outside,
            bucket: assigned.bucket,
            phase: assigned.phase,
            sticky: assigned.stored,
            assigned_at: assigned.assigned_at,
        }
    }
}

/// Assigns the units, all or none; of a dry run, nothing is kept.
///
/// # Errors
/// As the store says them, with the place of a unit that cannot be assigned.
pub fn run(
    connection: &mut Connection,
    caller: &Caller,
    request: &Request,
) -> Result<Vec<Assignment>, AssignError> {
    let of = store::Caller {
        execution_id: None,
        user_id: request.user.as_deref(),
        environment: Some(&request.environment),
    };
    let keep = !caller.dry_run;
    let assigned = caller.records(connection, |it| {
        store::assign(it, &request.test, &request.units, of, keep)
    })?;
    let named = |it| Assignment::new(&request.test, it);
    Ok(assigned.into_iter().map(named).collect())
}
