//! A definition as its author wrote it.

use serde_json::{Map, Value};

use super::{Identity, Tool};

/// The fields that say where a tool stands in its life rather than what it is. A file that leaves
/// them out has no opinion on them: importing it again does not undo `disable` or `chown`.
pub const LIFECYCLE_FIELDS: &[&str] = &["status", "enabled", "owner"];

/// A tool definition in the present layout, exactly as written: fields left out stay left out,
/// unknown fields are kept, and the order of fields is the author's.
#[derive(Debug, Clone, PartialEq)]
pub struct Document(Map<String, Value>);

/// A definition that cannot be read for use. Validation reports such problems with their place;
/// this error is for documents that were never validated.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("the definition of {subject} cannot be read: {message}")]
pub struct DocumentError {
    /// Which definition, as far as it can be named.
    pub subject: String,
    /// What is wrong with it.
    pub message: String,
}

impl Document {
    /// Wraps the fields of a definition, which must already be in the present layout.
    pub fn new(fields: Map<String, Value>) -> Self {
        Self(fields)
    }

    /// The fields, in the author's order.
    pub fn fields(&self) -> &Map<String, Value> {
        &self.0
    }

    /// The fields, for a change in place.
    pub fn fields_mut(&mut self) -> &mut Map<String, Value> {
        &mut self.0
    }

    /// Gives the fields up.
    pub fn into_fields(self) -> Map<String, Value> {
        self.0
    }

    /// The whole definition as one JSON object.
    pub fn to_value(&self) -> Value {
        Value::Object(self.0.clone())
    }

    /// Platform, name and version, where all three are strings.
    pub fn identity(&self) -> Option<Identity> {
        let text = |field: &str| self.0.get(field)?.as_str().map(str::to_owned);
        Some(Identity {
            platform: text("platform")?,
            name: text("tool_name")?,
            version: text("version")?,
        })
    }

    /// Reads the definition for use, with the tool's `defaults` applied to its patterns.
    ///
    /// # Errors
    /// If a required field is missing or has the wrong type; a validated document has none.
    pub fn to_tool(&self) -> Result<Tool, DocumentError> {
        Tool::from_document(self)
    }

    /// A name for messages: the identity, or as much of it as there is.
    pub fn label(&self) -> String {
        let text = |field: &str| self.0.get(field).and_then(Value::as_str);
        match (self.identity(), text("tool_name")) {
            (Some(identity), _) => identity.to_string(),
            (None, Some(name)) => format!("{name} (platform or version missing)"),
            (None, None) => "a definition without a name".to_owned(),
        }
    }
}

impl AsRef<Document> for Document {
    fn as_ref(&self) -> &Document {
        self
    }
}

/// The value that a pattern field takes where the pattern does not give it: the tool's default,
/// merged under the pattern's own keys where both are objects.
pub(super) fn with_default(own: Option<&Value>, default: Option<&Value>) -> Option<Value> {
    match (own, default) {
        (Some(Value::Object(own)), Some(Value::Object(default))) => {
            let mut merged = own.clone();
            for (key, value) in default {
                merged.entry(key).or_insert_with(|| value.clone());
            }
            Some(Value::Object(merged))
        }
        (Some(own), _) => Some(own.clone()),
        (None, default) => default.cloned(),
    }
}
