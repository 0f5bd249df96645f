//! From definitions to text.

use serde_json::Value;

use crate::definition::Document;

use super::{Format, anthropic, mcp, openai, order, profile, yaml};

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

/// Writes definitions in a format, fields in a fixed order: the same definitions always give the
/// same text.
///
/// # Errors
/// For a format that is only read.
pub fn write(format: Format, documents: &[Document]) -> Result<Written, ReadOnly> {
    let plain = |text: String| Written {
        text,
        notes: Vec::new(),
    };
    Ok(match format {
        Format::Yaml => plain(yaml::write(documents)),
        Format::Json => plain(json(documents)),
        Format::Jsonl => plain(lines(documents)),
        Format::Profile => profile::write(documents),
        Format::Mcp => mcp::write(documents),
        Format::Openai => openai::write(documents),
        Format::Anthropic => anthropic::write(documents),
        Format::Openapi => return Err(ReadOnly(format)),
    })
}

/// One definition as an object, several as a list.
fn json(documents: &[Document]) -> String {
    let mut values: Vec<Value> = documents
        .iter()
        .map(|it| Value::Object(order::ordered(it)))
        .collect();
    let value = match values.len() {
        1 => values.remove(0),
        _ => Value::Array(values),
    };
    format!("{value:#}\n")
}

fn lines(documents: &[Document]) -> String {
    documents
        .iter()
        .map(|it| format!("{}\n", Value::Object(order::ordered(it))))
        .collect()
}
