//! How a choice is used: its command, with the values of its inputs as far as they are given.

use serde::Serialize;

use super::{Candidate, Choice, Pool, Usage};
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

/// How the pattern of a choice is used.
pub fn usage_of<'a>(choice: &Choice, pool: &'a Pool) -> Option<&'a Usage> {
    let same = |it: &&Candidate| {
        (&it.tool, &it.platform, &it.version) == (&choice.tool, &choice.platform, &choice.version)
            && (&it.capability, &it.pattern) == (&choice.capability, &choice.pattern)
    };
    pool.candidates().find(same).map(|it| &it.usage)
}

/// The command of a choice; none if its definition does not say how it is run.
///
/// # Errors
/// A value that cannot stand in its place.
pub fn used(choice: &Choice, pool: &Pool, values: &Values) -> Result<Option<Used>, FillError> {
    match usage_of(choice, pool) {
        Some(usage) => usage.command(&choice.platform, values),
        None => Ok(None),
    }
}
