//! A/B tests: made, started, split, assigned, analysed, concluded.

mod refusal;

use super::{Kind, Refusal, Remedy};
use crate::store::Connection;
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
