//! Two changes of one definition, made from the same base, brought together.

use serde::Serialize;
use serde_json::{Map, Value};

/// A field that both sides changed, to different values.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Overlap {
    /// Where: the keys from the definition down, joined by dots.
    pub field: String,
    /// The value both started from; `null` if there was none.
    pub base: Value,
    /// What our side made of it.
    pub ours: Value,
    /// What the other side made of it.
    pub theirs: Value,
}

/// Applies the changes from `base` to `ours` on top of `theirs`. Maps are merged key by key; lists
/// and other values as a whole.
///
/// # Errors
/// Every field that both sides changed differently.
pub fn merge(
    base: &Map<String, Value>,
    ours: &Map<String, Value>,
    theirs: &Map<String, Value>,
) -> Result<Map<String, Value>, Vec<Overlap>> {
    let mut overlaps = Vec::new();
    let merged = merge_maps("", base, ours, theirs, &mut overlaps);
    if overlaps.is_empty() {
        Ok(merged)
    } else {
        Err(overlaps)
    }
}

fn merge_maps(
    place: &str,
    base: &Map<String, Value>,
    ours: &Map<String, Value>,
    theirs: &Map<String, Value>,
    overlaps: &mut Vec<Overlap>,
) -> Map<String, Value> {
    let mut merged = Map::new();
    let keys = ours
        .keys()
        .chain(theirs.keys().filter(|key| !ours.contains_key(*key)));
    for key in keys {
        let field = match place {
            "" => key.clone(),
            place => format!("{place}.{key}"),
        };
        let (b, o, t) = (base.get(key), ours.get(key), theirs.get(key));
        let value = match (b, o, t) {
            (_, o, t) if o == t => o.cloned(),
            (b, o, t) if b == t => o.cloned(),
            (b, o, t) if b == o => t.cloned(),
            (b, Some(Value::Object(o)), Some(Value::Object(t)))
                if b.is_none_or(Value::is_object) =>
            {
                let none = Map::new();
                let b = b.and_then(Value::as_object).unwrap_or(&none);
                Some(Value::Object(merge_maps(&field, b, o, t, overlaps)))
            }
            (b, o, t) => {
                let plain = |value: Option<&Value>| value.cloned().unwrap_or_default();
                overlaps.push(Overlap {
                    field,
                    base: plain(b),
                    ours: plain(o),
                    theirs: plain(t),
                });
                None
            }
        };
        if let Some(value) = value {
            merged.insert(key.clone(), value);
        }
    }
    merged
}

/// The same, with our value in every field that both sides changed.
pub fn merge_in_favour(
    base: &Map<String, Value>,
    ours: &Map<String, Value>,
    theirs: &Map<String, Value>,
) -> Map<String, Value> {
    let mut merged = Map::new();
    let keys = ours
        .keys()
        .chain(theirs.keys().filter(|key| !ours.contains_key(*key)));
    for key in keys {
        let value = match (base.get(key), ours.get(key), theirs.get(key)) {
            (b, o, t) if b == o => t.cloned(),
            (b, Some(Value::Object(o)), Some(Value::Object(t))) => {
                let none = Map::new();
                let b = b.and_then(Value::as_object).unwrap_or(&none);
                Some(Value::Object(merge_in_favour(b, o, t)))
            }
            (_, o, _) => o.cloned(),
        };
        if let Some(value) = value {
            merged.insert(key.clone(), value);
        }
    }
    merged
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    fn merged(base: Value, ours: Value, theirs: Value) -> Result<Value, Vec<String>> {
        let map = |value: &Value| value.as_object().cloned().unwrap();
        merge(&map(&base), &map(&ours), &map(&theirs))
            .map(Value::Object)
            .map_err(|overlaps| overlaps.into_iter().map(|it| it.field).collect())
    }

    #[test]
    fn different_fields_come_together() {
        assert_eq!(
            merged(
                json!({"a": 1, "b": {"c": 1, "d": 1}, "gone": 1}),
                json!({"a": 2, "b": {"c": 1, "d": 1, "e": 3}}),
                json!({"a": 1, "b": {"c": 5, "d": 1}, "gone": 1}),
            ),
            Ok(json!({"a": 2, "b": {"c": 5, "d": 1, "e": 3}}))
        );
    }

    #[test]
    fn ours_is_taken_where_both_changed_a_field_and_theirs_stays_elsewhere() {
        let map = |value: Value| value.as_object().cloned().unwrap();
        let merged = merge_in_favour(
            &map(json!({"a": 1, "b": {"c": 1, "d": 1}, "gone": 1})),
            &map(json!({"a": 2, "b": {"c": 2, "d": 1}, "gone": 1, "new": 1})),
            &map(json!({"a": 3, "b": {"c": 1, "d": 4}, "more": 5})),
        );
        let expected = json!({"a": 2, "b": {"c": 2, "d": 4}, "new": 1, "more": 5});
        assert_eq!(Value::Object(merged), expected);
    }

    #[test]
    fn the_same_field_is_an_overlap_unless_both_agree() {
        let base = json!({"a": 1, "b": {"c": 1}});
        assert_eq!(
            merged(
                base.clone(),
                json!({"a": 2, "b": {"c": 2}}),
                json!({"a": 3, "b": {"c": 2}})
            ),
            Err(vec!["a".to_owned()])
        );
        assert_eq!(
            merged(base, json!({"a": 1}), json!({"a": 1, "b": {"c": 9}})),
            Err(vec!["b".to_owned()])
        );
    }
}
