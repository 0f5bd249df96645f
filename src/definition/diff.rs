//! The differences between two definitions, field by field.

use serde::Serialize;
use serde_json::Value;

/// One field that differs.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Change {
    /// Where: the keys from the definition down, joined by dots.
    pub field: String,
    /// The value before; `null` where there was none.
    pub old: Value,
    /// The value after; `null` where there is none.
    pub new: Value,
}

/// Every difference from `old` to `new`, in the order of `old`'s fields, then `new`'s own. Maps are
/// compared key by key; lists and other values as a whole. Equal numbers written differently
/// (`1`, `1.0`) do not differ.
pub fn diff(old: &Value, new: &Value) -> Vec<Change> {
    let mut changes = Vec::new();
    compare("", old, new, &mut changes);
    changes
}

fn compare(field: &str, old: &Value, new: &Value, changes: &mut Vec<Change>) {
    match (old, new) {
        (Value::Object(a), Value::Object(b)) => {
            let within = |key: &str| match field {
                "" => key.to_owned(),
                field => format!("{field}.{key}"),
            };
            for (key, value) in a {
                compare(
                    &within(key),
                    value,
                    b.get(key).unwrap_or(&Value::Null),
                    changes,
                );
            }
            for (key, value) in b.iter().filter(|(key, _)| !a.contains_key(*key)) {
                compare(&within(key), &Value::Null, value, changes);
            }
        }
        (old, new) if same(old, new) => {}
        (old, new) => changes.push(Change {
            field: field.to_owned(),
            old: old.clone(),
            new: new.clone(),
        }),
    }
}

fn same(a: &Value, b: &Value) -> bool {
    match (a, b) {
        (Value::Number(a), Value::Number(b)) => a == b || a.as_f64() == b.as_f64(),
        (Value::Array(a), Value::Array(b)) => {
            a.len() == b.len() && a.iter().zip(b).all(|(a, b)| same(a, b))
        }
        (Value::Object(a), Value::Object(b)) => {
            a.len() == b.len()
                && a.iter()
                    .all(|(key, a)| b.get(key).is_some_and(|b| same(a, b)))
        }
        (a, b) => a == b,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn fields_are_compared_one_by_one() {
        let changes = diff(
            &json!({"a": {"b": 1, "c": [1]}, "gone": true, "same": 2}),
            &json!({"a": {"b": 2, "c": [1, 2]}, "same": 2.0, "new": null, "more": {"x": 1}}),
        );
        let fields: Vec<&str> = changes.iter().map(|it| it.field.as_str()).collect();
        assert_eq!(fields, ["a.b", "a.c", "gone", "more"]);
    }

    #[test]
    fn a_value_does_not_differ_from_itself() {
        let value = json!({"a": [1, {"b": null}]});
        assert_eq!(diff(&value, &value), []);
    }
}
