//! How a choice is used: its command, with the values of its inputs as far as they are given.

use serde::Serialize;

use super::{Candidate, Choice, Pool};
use crate::definition::invocation::{FillError, Filled, Values};

/// The command of a choice.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Used {
    /// The command, filled in as far as values are given.
    pub command: Filled,
    /// Required inputs that have no value.
    pub missing_inputs: Vec<String>,
    /// As a person types it; placeholders stand where values are missing, and what may be left out is in
    /// brackets.
    #[serde(skip)]
    pub typed: String,
    /// Values given for inputs that the pattern does not have.
    #[serde(skip)]
    pub unknown: Vec<String>,
}

/// The command of a choice; none where its definition does not say how it is run.
///
/// # Errors
/// A value that cannot stand in its place.
pub fn used(choice: &Choice, pool: &Pool, values: &Values) -> Result<Option<Used>, FillError> {
    let same = |it: &&Candidate| {
        (&it.tool, &it.platform, &it.version) == (&choice.tool, &choice.platform, &choice.version)
            && (&it.capability, &it.pattern) == (&choice.capability, &choice.pattern)
    };
    let Some(candidate) = pool.candidates().find(same) else {
        return Ok(None);
    };
    candidate.usage.command(&candidate.platform, values)
}
