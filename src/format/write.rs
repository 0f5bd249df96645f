//! From definitions to text.

use serde::Serialize;
use serde_json::Value;

use crate::definition::Document;

use super::Format;

/// What was written.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Written {
    /// The text.
    pub text: String,
    /// What the format could not carry, and for which definition.
    pub notes: Vec<LeftOut>,
}

/// Something that a format cannot carry.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct LeftOut {
    /// The definition.
    pub subject: String,
    /// What was left out or changed.
    pub message: String,
}

/// A format that is only read.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("definitions cannot be written as {0}; it is a format that is only read")]
pub struct ReadOnly(pub Format);

/// Writes definitions in a format.
///
/// # Errors
/// For a format that is only read.
pub fn write(format: Format, documents: &[Document]) -> Result<Written, ReadOnly> {
    let values: Vec<Value> = documents.iter().map(Document::to_value).collect();
    let text = match format {
        Format::Yaml => values
            .iter()
            .map(|it| format!("---\n{}", to_yaml(it)))
            .collect(),
        Format::Json => format!("{:#}\n", Value::Array(values)),
        Format::Jsonl => values.iter().map(|it| format!("{it}\n")).collect(),
        other => return Err(ReadOnly(other)),
    };
    Ok(Written {
        text,
        notes: Vec::new(),
    })
}

/// Any value as YAML.
pub fn to_yaml(value: &impl Serialize) -> String {
    serde_yaml::to_string(value).unwrap_or_default()
}
