//! The fingerprint of what a definition says.

use serde_json::Value;
use sha2::{Digest, Sha256};

use super::document::{Document, LIFECYCLE_FIELDS};
use crate::words::hex;

/// SHA-256 of the canonical definition, in hexadecimal: the document without its
/// [lifecycle fields](LIFECYCLE_FIELDS), as JSON with sorted keys and no white space. Two
/// documents with the same digest say the same; neither layout nor order of fields matters.
pub fn digest(document: &Document) -> String {
    let mut canonical = Vec::with_capacity(4096);
    let mut fields: Vec<_> = document
        .fields()
        .iter()
        .filter(|(field, _)| !LIFECYCLE_FIELDS.contains(&field.as_str()))
        .collect();
    fields.sort_unstable_by(|a, b| a.0.cmp(b.0));
    write_object(&fields, &mut canonical);
    hex(Sha256::digest(&canonical))
}

fn write_object(fields: &[(&String, &Value)], out: &mut Vec<u8>) {
    out.push(b'{');
    for (index, (key, value)) in fields.iter().enumerate() {
        if index > 0 {
            out.push(b',');
        }
        write_text(key, out);
        out.push(b':');
        write_value(value, out);
    }
    out.push(b'}');
}

fn write_value(value: &Value, out: &mut Vec<u8>) {
    match value {
        Value::Object(map) => {
            let mut fields: Vec<_> = map.iter().collect();
            fields.sort_unstable_by(|a, b| a.0.cmp(b.0));
            write_object(&fields, out);
        }
        Value::Array(items) => {
            out.push(b'[');
            for (index, item) in items.iter().enumerate() {
                if index > 0 {
                    out.push(b',');
                }
                write_value(item, out);
            }
            out.push(b']');
        }
        Value::String(text) => write_text(text, out),
        Value::Number(number) => write_number(number, out),
        Value::Bool(true) => out.extend_from_slice(b"true"),
        Value::Bool(false) => out.extend_from_slice(b"false"),
        Value::Null => out.extend_from_slice(b"null"),
    }
}

/// `1` and `1.0` are one number to JSON Schema and to PostgreSQL, so they have one form here.
fn write_number(number: &serde_json::Number, out: &mut Vec<u8>) {
    use std::io::Write;
    let written = match (number.as_i64(), number.as_u64(), number.as_f64()) {
        (Some(whole), _, _) => write!(out, "{whole}"),
        (_, Some(whole), _) => write!(out, "{whole}"),
        (_, _, Some(float)) if float.fract() == 0.0 && float.abs() < 9e15 => {
            write!(out, "{}", float as i64)
        }
        (_, _, Some(float)) => write!(out, "{float:e}"),
        _ => write!(out, "{number}"),
    };
    debug_assert!(written.is_ok(), "writing to memory cannot fail");
}

fn write_text(text: &str, out: &mut Vec<u8>) {
    let written = serde_json::to_writer(&mut *out, text);
    debug_assert!(written.is_ok(), "writing to memory cannot fail");
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    fn digest_of(value: Value) -> String {
        let Value::Object(fields) = value else {
            panic!("an object is needed")
        };
        digest(&Document::new(fields))
    }

    #[test]
    fn order_layout_and_lifecycle_do_not_matter() {
        let one = digest_of(json!({"tool_name": "df", "n": {"a": 1, "b": 2.5}}));
        let two =
            digest_of(json!({"enabled": false, "n": {"b": 2.5, "a": 1.0}, "tool_name": "df"}));
        assert_eq!(one, two);
        assert_eq!(one.len(), 64);
    }

    #[test]
    fn content_matters() {
        assert_ne!(
            digest_of(json!({"tags": ["a", "b"]})),
            digest_of(json!({"tags": ["b", "a"]}))
        );
        assert_ne!(digest_of(json!({"v": "1"})), digest_of(json!({"v": 1})));
    }
}
