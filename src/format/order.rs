//! The order of fields in what is written: as the schema has them, then others by name, then what
//! holds everything else.

use serde_json::{Map, Value};

use crate::definition::Document;
use crate::definition::row::{CAPABILITY_FIELDS, PATTERN_FIELDS, TOOL_FIELDS};

/// A definition's fields in their order. Capabilities and patterns stay in the author's.
pub fn ordered(document: &Document) -> Map<String, Value> {
    let known = [TOOL_FIELDS, &["examples"]].concat();
    let mut fields = arrange(document.fields().clone(), &known, "capabilities");
    if let Some(Value::Object(defaults)) = fields.get_mut("defaults") {
        *defaults = arrange(std::mem::take(defaults), PATTERN_FIELDS, "");
    }
    if let Some(Value::Object(capabilities)) = fields.get_mut("capabilities") {
        for capability in capabilities.values_mut() {
            let Value::Object(capability) = capability else {
                continue;
            };
            *capability = arrange(std::mem::take(capability), CAPABILITY_FIELDS, "patterns");
            let Some(Value::Object(patterns)) = capability.get_mut("patterns") else {
                continue;
            };
            for pattern in patterns.values_mut() {
                if let Value::Object(pattern) = pattern {
                    *pattern = arrange(std::mem::take(pattern), PATTERN_FIELDS, "");
                }
            }
        }
    }
    fields
}

/// The known fields, the others by name, and the one that holds everything else.
fn arrange(mut fields: Map<String, Value>, known: &[&str], last: &str) -> Map<String, Value> {
    let mut arranged = Map::new();
    let last = fields.shift_remove_entry(last);
    for field in known {
        if let Some((key, value)) = fields.shift_remove_entry(*field) {
            arranged.insert(key, value);
        }
    }
    let mut others: Vec<(String, Value)> = fields.into_iter().collect();
    others.sort_by(|a, b| a.0.cmp(&b.0));
    arranged.extend(others);
    arranged.extend(last);
    arranged
}
