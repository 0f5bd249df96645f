//! The differences between two definitions, field by field.

use serde::Serialize;
use serde_json::{Map, Value};

use super::Document;

/// One field that differs.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Change {
    /// Where: the keys from the definition down, joined by dots.
    pub field: String,
    /// The value before; `null` if there was none.
    pub old: Value,
    /// The value after; `null` if there is none.
    pub new: Value,
}

/// Every difference from `old` to `new`, in the order of `old`'s fields, then `new`'s own. Maps are
/// compared key by key; lists and other values as a whole. Equal numbers written differently
/// (`1`, `1.0`) do not differ.
pub fn diff(old: &Value, new: &Value) -> Vec<Change> {
    let mut comparison = Comparison::default();
    comparison.values(old, new);
    comparison.changes
}

/// The same between two definitions.
pub fn diff_documents(old: &Document, new: &Document) -> Vec<Change> {
    let mut comparison = Comparison::default();
    comparison.fields(old.fields(), new.fields());
    comparison.changes
}

#[derive(Default)]
struct Comparison<'a> {
    /// The keys down to what is being compared.
    path: Vec<&'a str>,
    changes: Vec<Change>,
}

impl<'a> Comparison<'a> {
    fn values(&mut self, old: &'a Value, new: &'a Value) {
        match (old, new) {
            (Value::Object(old), Value::Object(new)) => self.fields(old, new),
            (old, new) if same(old, new) => {}
            (old, new) => self.changes.push(Change {
                field: self.path.join("."),
                old: old.clone(),
                new: new.clone(),
            }),
        }
    }

    fn fields(&mut self, old: &'a Map<String, Value>, new: &'a Map<String, Value>) {
        for (key, value) in old {
            self.within(key, value, new.get(key).unwrap_or(&Value::Null));
        }
        for (key, value) in new.iter().filter(|(key, _)| !old.contains_key(*key)) {
            self.within(key, &Value::Null, value);
        }
    }

    fn within(&mut self, key: &'a str, old: &'a Value, new: &'a Value) {
        self.path.push(key);
        self.values(old, new);
        self.path.pop();
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
