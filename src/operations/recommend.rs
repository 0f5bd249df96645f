//! Recommended estimates, written as the next version of their tools.

use super::refusal::Flaw;
use super::{Kind, Refusal};
use crate::definition::diff::diff_documents;
use crate::definition::{Document, Identity};
use crate::store::telemetry::{self, NewEstimate};
use crate::store::{Act, Connection};
use crate::validate::{self, Options};

/// Writes the next version of each tool with its new estimates; all or none. Returns each version with the
/// one it was made from.
///
/// # Errors
/// [`Kind::Invalid`] if a definition would not be valid, [`Kind::Conflict`] if a version is no longer the one
/// in use; nothing is written then.
pub fn apply(
    connection: &mut Connection,
    act: &Act,
    estimates: &[NewEstimate],
) -> Result<Vec<(Identity, Identity)>, Refusal> {
    telemetry::apply(connection, act, estimates, check)
}

/// Whether a definition with new estimates may be written.
fn check(present: &Document, document: &mut Document) -> Result<(), Refusal> {
    let changes = diff_documents(present, document);
    let problems = validate::errors(document, &changes, &Options::default());
    if problems.is_empty() {
        return Ok(());
    }
    let name = document
        .identity()
        .map_or_else(String::new, |it| it.to_string());
    let flaws = problems.into_iter().map(|it| Flaw::new(&name, it));
    let message = format!("{name} would not be valid; nothing was written");
    Err(Refusal::new(Kind::Invalid, message).flaws(flaws.collect()))
}
