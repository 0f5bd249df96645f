//! Tools that came without estimates stay in testing until somebody has said how they are used.

use super::{Kind, Refusal, Remedy};
use crate::definition::{Document, Status};
use crate::format;
use crate::store::tools::StoredTool;

/// Refuses to take a tool out of testing whose patterns still have the values that were assumed at its import.
///
/// # Errors
/// [`Kind::Invalid`] with the patterns.
pub fn refuse_assumed(tool: &StoredTool, document: &Document) -> Result<(), Refusal> {
    if tool.status != Status::Testing.as_str() {
        return Ok(());
    }
    let assumed = format::assumed_patterns(document);
    if assumed.is_empty() {
        return Ok(());
    }
    let identity = tool.identity();
    let message = format!(
        "{identity} is not complete: estimates, scope and completeness of {} are assumed",
        assumed.join(", ")
    );
    Err(Refusal::new(Kind::Invalid, message).remedy(Remedy::Complete(identity.to_string())))
}
