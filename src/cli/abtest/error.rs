//! Errors of A/B tests at the boundary, and finding a test by its name.

use crate::store::ab_tests::assign::AssignError;
use crate::store::ab_tests::lifecycle::ChangeError;
use crate::store::ab_tests::look::LookError;
use crate::store::ab_tests::{self, StoredTest, UnusableTest};
use crate::store::{Act, Connection, StoreError, Transaction};

use super::CommandError;
use crate::abtest::AssignmentError;

impl From<ChangeError> for CommandError {
    fn from(error: ChangeError) -> Self {
        let message = error.to_string();
        match error {
            ChangeError::NoSuchTest(_) => {
                Self::not_found(message).hint("`toolcat abtest list` shows the tests")
            }
            ChangeError::Exists(name) => Self::conflict(message)
                .hint(format!("choose another name, or see `toolcat abtest show {name}`")),
            ChangeError::State { hint, .. } => Self::conflict(message).hint(hint),
            ChangeError::Overlap { other, .. } => Self::conflict(message).hint(format!(
                "end the other test first: `toolcat abtest conclude {other}` or `toolcat abtest cancel {other}`"
            )),
            ChangeError::Store(error) => error.into(),
        }
    }
}

impl From<UnusableTest> for CommandError {
    fn from(error: UnusableTest) -> Self {
        Self::invalid(error.to_string())
            .hint("the row was changed by hand; cancel the test and create it again")
    }
}

impl From<LookError> for CommandError {
    fn from(error: LookError) -> Self {
        match error {
            LookError::Unusable(error) => error.into(),
            LookError::Store(error) => error.into(),
        }
    }
}

impl From<AssignError> for CommandError {
    fn from(error: AssignError) -> Self {
        let message = error.to_string();
        match error {
            AssignError::Unit { error, .. } => Self::invalid(message).hint(match error {
                AssignmentError::EmptyUnit => {
                    "give the id that the telemetry will be recorded with"
                }
                AssignmentError::LongUnit(_) => {
                    "telemetry could not be recorded under so long an id: use a shorter one, or a hash of it"
                }
                _ => "give the id on one line, without control characters",
            }),
            AssignError::NoSuchTest(_) => {
                Self::not_found(message).hint("`toolcat abtest list` shows the tests")
            }
            AssignError::NotStarted(name) => {
                Self::conflict(message).hint(format!("`toolcat abtest start {name}` starts it"))
            }
            AssignError::Ended { .. } => {
                Self::conflict(message).hint("use the latest version of the tool")
            }
            AssignError::NeedsUser(_) => Self::invalid(message).hint("name the user with --user"),
            AssignError::Store(error) => error.into(),
        }
    }
}

/// The test of that name.
///
/// # Errors
/// Not found, with names that are near.
pub fn find(connection: &mut Connection, name: &str) -> Result<StoredTest, CommandError> {
    if let Some(test) = connection.read(|connection| ab_tests::by_name(connection, name))? {
        return Ok(test);
    }
    let near = connection.read(|connection| ab_tests::similar_names(connection, name))?;
    let error = CommandError::not_found(format!("there is no A/B test `{name}`"));
    Err(if near.is_empty() {
        error.hint("`toolcat abtest list` shows the tests")
    } else {
        error.hint(format!("did you mean {}?", near.join(" or ")))
    })
}

/// Changes a test in one transaction; a refusal writes nothing.
///
/// # Errors
/// As the change.
pub fn write<T>(
    connection: &mut Connection,
    act: &Act,
    mut change: impl FnMut(&mut Transaction) -> Result<T, CommandError>,
) -> Result<T, CommandError> {
    let mut refused = None;
    let undone = || StoreError::Conflict("refused".to_owned());
    let written = connection.write(act, |connection| {
        change(connection).map_err(|error| {
            refused = Some(error);
            undone()
        })
    });
    match (written, refused) {
        (Ok(value), _) => Ok(value),
        (Err(_), Some(error)) => Err(error),
        (Err(error), None) => Err(error.into()),
    }
}
