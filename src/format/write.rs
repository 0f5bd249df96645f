//! From definitions to text.

use rayon::prelude::*;
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
    if let Some(mut stream) = Stream::of(format) {
        let text = stream.add(documents) + &stream.end();
        let notes = Vec::new();
        return Ok(Written { text, notes });
    }
    Ok(match format {
        Format::Profile => profile::write(documents),
        Format::Mcp => mcp::write(documents),
        Format::Openai => openai::write(documents),
        Format::Anthropic => anthropic::write(documents),
        _ => return Err(ReadOnly(format)),
    })
}

/// Writes definitions some at a time, in a format in which each stands for itself: what was written need
/// not be kept. One definition is written alone (as an object, without `---`), several as a list or a stream.
pub struct Stream {
    format: Format,
    /// The first definition, until it is known whether another follows.
    first: Option<String>,
    /// Whether several have begun.
    several: bool,
}

impl Stream {
    /// A text in that format; none for a format that is written from all definitions at once, or only read.
    pub fn of(format: Format) -> Option<Self> {
        matches!(format, Format::Yaml | Format::Json | Format::Jsonl).then_some(Self {
            format,
            first: None,
            several: false,
        })
    }

    /// The part of the text that these definitions add.
    pub fn add(&mut self, documents: &[Document]) -> String {
        let texts: Vec<String> = documents.par_iter().map(|it| self.text_of(it)).collect();
        let mut out = String::new();
        for text in texts {
            if let Some(first) = self.first.take() {
                self.several = true;
                self.put(&mut out, "[\n", &first);
                self.put(&mut out, ",\n", &text);
            } else if self.several {
                self.put(&mut out, ",\n", &text);
            } else {
                self.first = Some(text);
            }
        }
        out
    }

    /// The end of the text.
    pub fn end(self) -> String {
        match (self.format, self.first) {
            (Format::Json, Some(only)) => only + "\n",
            (_, Some(only)) => only,
            (Format::Json, None) if self.several => "\n]\n".to_owned(),
            (Format::Json, None) => "[]\n".to_owned(),
            (_, None) => String::new(),
        }
    }

    fn text_of(&self, document: &Document) -> String {
        let value = Value::Object(order::ordered(document));
        match self.format {
            Format::Json => format!("{value:#}"),
            Format::Jsonl => format!("{value}\n"),
            _ => yaml::write_value(&value),
        }
    }

    /// Puts one of several; in a list of JSON after that sign.
    fn put(&self, out: &mut String, sign: &str, text: &str) {
        match self.format {
            // A line break within a value is escaped, so that these are between values.
            Format::Json => {
                out.push_str(sign);
                out.push_str("  ");
                out.push_str(&text.replace('\n', "\n  "));
            }
            Format::Jsonl => out.push_str(text),
            _ => {
                out.push_str("---\n");
                out.push_str(text);
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::{Map, json};

    /// What is written some at a time is what is written at once, and JSON as serde writes it.
    #[test]
    fn a_text_written_in_parts_is_the_whole() {
        let documents: Vec<Document> = (0..5)
            .map(|at| {
                let text = format!("line {at}\nand another, [{{\"");
                let mut document = Document::new(Map::new());
                let fields = document.fields_mut();
                fields.insert("tool_name".to_owned(), json!(text));
                fields.insert("metadata".to_owned(), json!({}));
                fields.insert("capabilities".to_owned(), json!({"a": [1, []]}));
                document
            })
            .collect();
        for format in [Format::Yaml, Format::Json, Format::Jsonl] {
            for count in [0, 1, 2, 5] {
                let whole = write(format, &documents[..count]).expect("a text").text;
                for size in [1, 2, 3] {
                    let mut stream = Stream::of(format).expect("a stream");
                    let parts: String = (documents[..count].chunks(size))
                        .map(|it| stream.add(it))
                        .collect();
                    assert_eq!(parts + &stream.end(), whole, "{format} {count} {size}");
                }
            }
        }
        let values = documents.iter().map(|it| Value::Object(order::ordered(it)));
        let list = Value::Array(values.collect());
        let written = write(Format::Json, &documents).expect("a text");
        assert_eq!(written.text, format!("{list:#}\n"));
        assert!(Stream::of(Format::Profile).is_none());
    }
}
