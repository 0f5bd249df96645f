//! A/B tests: made, started, split, assigned, analysed, concluded.

pub mod analyze;
pub mod assign;
pub mod conclude;
pub mod create;
pub mod numbers;
pub mod plan;
mod refusal;
pub mod sizing;
mod test;

pub use test::{TestRecord, shares};

use super::{Caller, Kind, Refusal, Remedy};
use crate::store::Connection;
use crate::store::ab_tests::lifecycle::{self, Change};
use crate::store::ab_tests::{self, StoredTest};

/// The test of that name.
///
/// # Errors
/// [`Kind::NotFound`] with names that are near.
pub fn find(connection: &mut Connection, name: &str) -> Result<StoredTest, Refusal> {
    if let Some(test) = connection.read(|connection| ab_tests::by_name(connection, name))? {
        return Ok(test);
    }
    let near = connection.read(|connection| ab_tests::similar_names(connection, name))?;
    let refusal = Refusal::new(Kind::NotFound, format!("there is no A/B test `{name}`"));
    Err(refusal.remedy(match near.is_empty() {
        true => Remedy::ListTests,
        false => Remedy::DidYouMean(near),
    }))
}

/// The tests in any of those states, or, without any, all of them.
///
/// # Errors
/// [`Kind::NoDatabase`].
pub fn list(connection: &mut Connection, states: &[String]) -> Result<Vec<TestRecord>, Refusal> {
    let tests = connection.read(|connection| ab_tests::list(connection, states))?;
    Ok(tests.iter().map(TestRecord::from).collect())
}

/// Starts, pauses, resumes, cancels or splits a test; the test afterwards.
///
/// # Errors
/// [`Kind::NotFound`]; [`Kind::Conflict`] if its state, or another test, does not allow it.
pub fn change(
    connection: &mut Connection,
    caller: &Caller,
    name: &str,
    wanted: &Change,
) -> Result<StoredTest, Refusal> {
    let action = match wanted {
        Change::Start => "started",
        Change::Pause => "paused",
        Change::Resume => "resumed",
        Change::Cancel => "cancelled",
        Change::Split { .. } => "split",
    };
    let (test, _) = super::change(connection, caller, Some(action), |transaction| {
        Ok(lifecycle::change(transaction, name, wanted)?)
    })?;
    Ok(test)
}
