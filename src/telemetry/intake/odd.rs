//! An execution that cannot be read, among others that can.

use serde_json::Value;

use super::Rejection;

/// What is known of it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Odd {
    /// What it is named after.
    pub tool: Option<String>,
    /// Why it cannot be read.
    pub reason: String,
    /// Its own text; none if that is the whole record.
    pub text: Option<String>,
}

impl Odd {
    /// One that is named after nothing.
    pub(super) fn other(reason: &str, value: &Value) -> Self {
        Self {
            tool: None,
            reason: reason.to_owned(),
            text: Some(value.to_string()),
        }
    }

    /// An execution that was read, and that the catalog refuses; with its id where it stands in one record with others.
    pub fn rejected(id: Option<String>, rejection: &Rejection) -> Self {
        let reason = rejection.line();
        Self {
            tool: None,
            reason: match &id {
                Some(id) => format!("{id}: {reason}"),
                None => reason,
            },
            text: id,
        }
    }
}
