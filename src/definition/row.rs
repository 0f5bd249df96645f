//! Dividing a definition into the columns of the database, and joining it again.
//!
//! Columns hold *effective* values, defaults applied, so that other programs can read them. What
//! the columns cannot say is kept in `extra`: fields that have no column, under their own names,
//! and under [`SHAPE`] how the author wrote the known ones (a value that equals its default but
//! was written out, an estimate written as a number). `join(divide(document))` gives an equal
//! document, and a column changed by hand shows in what is joined.

use std::borrow::Cow;

use serde::{Deserialize, Serialize};
use serde_json::{Map, Value, json};

use super::cells::Cells;
use super::columns::{Kind, column_default, kind};
use super::document::with_default;
use super::{Document, DocumentError};

pub(crate) use super::columns::pattern_fields;
pub use super::columns::{CAPABILITY_FIELDS, PATTERN_FIELDS, PatternRow, TOOL_FIELDS};

/// The key in `extra` that describes how the known fields were written. No definition may use it.
pub const SHAPE: &str = "$shape";

/// Every tool has an owner, who is its creator where the definition names none; only an owner that
/// was written down is part of the definition.
const OWNER: &str = "owner";

/// The field whose keys keep the order in which they were given: it holds schemas, whose properties
/// models fill in that order.
const ORDERED: &str = "interface";

/// A definition as rows of the three definition tables.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct ToolRow {
    /// The tool's name.
    pub tool_name: String,
    /// The version of the definition.
    pub version: String,
    /// What the tool is for.
    pub description: String,
    /// Where it runs.
    pub platform: String,
    /// What kind of tool it is.
    pub category: String,
    /// active, deprecated, disabled or testing.
    pub status: String,
    /// Whether it may be selected.
    pub enabled: bool,
    /// Who answers for it.
    pub owner: Option<String>,
    /// Values for pattern fields that a pattern leaves out.
    pub defaults: Value,
    /// What it needs to run.
    pub dependencies: Value,
    /// Author, tags, links.
    pub metadata: Value,
    /// What has no column, and the [`SHAPE`].
    pub extra: Value,
    /// Its capabilities, in the author's order.
    #[serde(skip)]
    pub capabilities: Vec<CapabilityRow>,
}

/// A row of `tool_capabilities`.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct CapabilityRow {
    /// The capability's name.
    #[serde(default)]
    pub capability_name: String,
    /// What it does.
    pub description: String,
    /// What has no column, and the [`SHAPE`].
    pub extra: Value,
    /// Its usage patterns, in the author's order.
    #[serde(skip)]
    pub patterns: Vec<PatternRow>,
}

/// Divides a definition into rows.
///
/// # Errors
/// If a field that a column needs is missing or of the wrong type; a validated document has
/// none.
pub fn divide(document: &Document) -> Result<ToolRow, DocumentError> {
    let refuse = |message: String| DocumentError {
        subject: document.label(),
        message,
    };
    let fields = document.fields();
    let none = Map::new();
    let defaults = fields
        .get("defaults")
        .and_then(Value::as_object)
        .unwrap_or(&none);
    let columns = divide_fields(fields, TOOL_FIELDS, "capabilities", &none);
    let mut tool: ToolRow =
        serde_json::from_value(columns).map_err(|error| refuse(error.to_string()))?;
    for (capability_name, capability) in children(fields, "capabilities") {
        let capability = capability
            .as_object()
            .ok_or_else(|| refuse(format!("capability {capability_name} is not a map")))?;
        let columns = divide_fields(capability, CAPABILITY_FIELDS, "patterns", &none);
        let mut row: CapabilityRow = serde_json::from_value(columns)
            .map_err(|error| refuse(format!("capability {capability_name}: {error}")))?;
        capability_name.clone_into(&mut row.capability_name);
        for (pattern_name, pattern) in children(capability, "patterns") {
            let place = || format!("pattern {capability_name}.{pattern_name}");
            let pattern = pattern
                .as_object()
                .ok_or_else(|| refuse(format!("{} is not a map", place())))?;
            let columns = divide_fields(pattern, PATTERN_FIELDS, "", defaults);
            let mut pattern: PatternRow = serde_json::from_value(columns)
                .map_err(|error| refuse(format!("{}: {error}", place())))?;
            pattern_name.clone_into(&mut pattern.pattern_name);
            row.patterns.push(pattern);
        }
        tool.capabilities.push(row);
    }
    Ok(tool)
}

/// Joins rows to the definition they came from.
pub fn join(tool: &ToolRow) -> Document {
    let none = Map::new();
    let defaults = tool.defaults.as_object().unwrap_or(&none);
    let mut fields = join_fields(tool, TOOL_FIELDS, &tool.extra, &none);
    let mut capabilities = Map::new();
    for capability in &tool.capabilities {
        let mut capability_fields =
            join_fields(capability, CAPABILITY_FIELDS, &capability.extra, &none);
        let mut patterns = Map::new();
        for pattern in &capability.patterns {
            let fields = join_fields(pattern, PATTERN_FIELDS, &pattern.extra, defaults);
            patterns.insert(pattern.pattern_name.clone(), Value::Object(fields));
        }
        capability_fields.insert("patterns".to_owned(), Value::Object(patterns));
        capabilities.insert(
            capability.capability_name.clone(),
            Value::Object(capability_fields),
        );
    }
    fields.insert("capabilities".to_owned(), Value::Object(capabilities));
    Document::new(fields)
}

fn children<'a>(
    fields: &'a Map<String, Value>,
    name: &str,
) -> impl Iterator<Item = (&'a String, &'a Value)> {
    fields
        .get(name)
        .and_then(Value::as_object)
        .into_iter()
        .flatten()
}

fn default_of<'a>(field: &str, defaults: &'a Map<String, Value>) -> Option<Cow<'a, Value>> {
    defaults
        .get(field)
        .map(|value| column_form(field, value))
        .or_else(|| column_default(field).map(Cow::Owned))
}

/// The value as its column holds it: an estimate given as a number becomes text.
fn column_form<'a>(field: &str, value: &'a Value) -> Cow<'a, Value> {
    match value {
        Value::Number(number) if kind(field) == Some(Kind::Expression) => {
            Cow::Owned(json!(number.to_string()))
        }
        other => Cow::Borrowed(other),
    }
}

fn divide_fields(
    own: &Map<String, Value>,
    known: &[&str],
    children: &str,
    defaults: &Map<String, Value>,
) -> Value {
    let mut columns = Map::with_capacity(known.len() + 1);
    let mut written = Map::new();
    let mut numbers = Vec::new();
    for &field in known {
        let default = default_of(field, defaults);
        let value = own.get(field).map(|value| column_form(field, value));
        if let Some(value) = value.as_deref() {
            if own[field].is_number() && kind(field) == Some(Kind::Expression) {
                numbers.push(json!(field));
            }
            match (value, default.as_deref()) {
                (Value::Object(value), Some(Value::Object(default))) => {
                    let same: Vec<&String> = value
                        .iter()
                        .filter(|(key, value)| default.get(*key) == Some(value))
                        .map(|(key, _)| key)
                        .collect();
                    if value.is_empty() || !same.is_empty() {
                        written.insert(field.to_owned(), json!(same));
                    }
                }
                (value, Some(default)) if value == default || field == OWNER => {
                    written.insert(field.to_owned(), json!(true));
                }
                _ => {}
            }
        }
        if let Some(value) = with_default(value.as_deref(), default.as_deref()) {
            columns.insert(field.to_owned(), value);
        }
    }
    let mut extra: Map<String, Value> = own
        .iter()
        .filter(|(field, _)| !known.contains(&field.as_str()) && *field != children)
        .map(|(field, value)| (field.clone(), value.clone()))
        .collect();
    let mut shape = Map::new();
    if !written.is_empty() {
        shape.insert("written".to_owned(), Value::Object(written));
    }
    if !numbers.is_empty() {
        shape.insert("numbers".to_owned(), Value::Array(numbers));
    }
    if let Some(value) = extra.get(ORDERED).filter(|it| !is_in_jsonb_order(it)) {
        shape.insert("order".to_owned(), json!({ORDERED: value.to_string()}));
    }
    if !shape.is_empty() {
        extra.insert(SHAPE.to_owned(), Value::Object(shape));
    }
    columns.insert("extra".to_owned(), Value::Object(extra));
    Value::Object(columns)
}

/// The known fields in the order of the columns, then what `extra` holds.
fn join_fields(
    row: &impl Cells,
    known: &[&str],
    extra: &Value,
    defaults: &Map<String, Value>,
) -> Map<String, Value> {
    let shape = &extra[SHAPE];
    let mut fields = Map::with_capacity(known.len());
    for (field, cell) in row.cells() {
        let written = &shape["written"][field];
        if !known.contains(&field) || field == OWNER && written != &json!(true) {
            continue;
        }
        let number = shape["numbers"]
            .as_array()
            .is_some_and(|fields| fields.iter().any(|it| it == field));
        let default = default_of(field, defaults);
        if let Some(value) = written_form(cell.to_value(), default.as_deref(), written) {
            fields.insert(
                field.to_owned(),
                if number { number_form(value) } else { value },
            );
        }
    }
    for (field, value) in extra.as_object().into_iter().flatten() {
        if field != SHAPE {
            fields.insert(field.clone(), in_given_order(value, &shape["order"][field]));
        }
    }
    fields
}

/// Whether the keys of every object stand as PostgreSQL's JSONB keeps them: by length, then by byte.
fn is_in_jsonb_order(value: &Value) -> bool {
    match value {
        Value::Array(items) => items.iter().all(is_in_jsonb_order),
        Value::Object(fields) => {
            fields
                .keys()
                .is_sorted_by(|a, b| (a.len(), a.as_bytes()) <= (b.len(), b.as_bytes()))
                && fields.values().all(is_in_jsonb_order)
        }
        _ => true,
    }
}

/// The value with its keys in the order in which they were given, where it says the same still.
fn in_given_order(value: &Value, given: &Value) -> Value {
    given
        .as_str()
        .and_then(|text| serde_json::from_str::<Value>(text).ok())
        .filter(|given| given == value)
        .unwrap_or_else(|| value.clone())
}

/// The value as the author wrote it, or `None` if it was left to its default.
fn written_form(value: Value, default: Option<&Value>, written: &Value) -> Option<Value> {
    match (value, default) {
        (Value::Object(own), Some(Value::Object(default))) if default.is_empty() => {
            (!own.is_empty() || written.is_array()).then_some(Value::Object(own))
        }
        (Value::Object(value), Some(Value::Object(default))) => {
            let listed = |key: &String| {
                written
                    .as_array()
                    .is_some_and(|keys| keys.iter().any(|it| it == key))
            };
            let own: Map<String, Value> = value
                .into_iter()
                .filter(|(key, value)| listed(key) || default.get(key) != Some(value))
                .collect();
            (!own.is_empty() || written.is_array()).then_some(Value::Object(own))
        }
        (value, Some(default)) if value == *default && written != &json!(true) => None,
        (value, _) => Some(value),
    }
}

fn number_form(value: Value) -> Value {
    match &value {
        Value::String(text) => text
            .parse::<serde_json::Number>()
            .map_or(value, Value::Number),
        _ => value,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn document(value: Value) -> Document {
        match value {
            Value::Object(fields) => Document::new(fields),
            other => panic!("not an object: {other}"),
        }
    }

    fn sample() -> Value {
        json!({
            "tool_name": "df", "version": "1.0", "description": "d", "platform": "linux",
            "category": "filesystem", "enabled": true, "team": {"name": "storage"},
            "defaults": {"complexity_score": 0.3, "policy": {"max_cost": 5, "production_safe": true},
                         "cost_estimate": 2},
            "examples": ["df -h"],
            "capabilities": {"disk_usage": {"description": "c", "note": 1, "patterns": {"all": {
                "description": "p", "time_estimate_ms": 40, "policy": {"max_cost": 5, "x": null},
                "cost_estimate": "2", "scope": "batch", "completeness": "summary",
                "preference_match": {}
            }}}}
        })
    }

    #[test]
    fn columns_hold_effective_values_and_join_gives_the_document_back() {
        let document = document(sample());
        let row = divide(&document).unwrap();
        let pattern = &row.capabilities[0].patterns[0];
        assert_eq!(pattern.complexity_score, 0.3);
        assert_eq!(pattern.time_estimate_ms, "40");
        assert_eq!(
            pattern.policy,
            json!({"max_cost": 5, "x": null, "production_safe": true})
        );
        assert_eq!(row.extra["team"], json!({"name": "storage"}));
        assert_eq!(join(&row), document);
    }

    /// M2: JSONB forgets the order of keys.
    #[test]
    fn the_keys_of_an_interface_keep_their_order() {
        let mut tool = sample();
        tool["interface"] = json!({"input_schema": {"properties": {"reasoning": {}, "sure": {}}}});
        let mut row = divide(&document(tool.clone())).unwrap();
        let stored = json!({"properties": {"sure": {}, "reasoning": {}}});
        row.extra["interface"] = json!({"input_schema": stored});
        let joined = join(&row).into_fields();
        assert_eq!(
            joined["interface"].to_string(),
            tool["interface"].to_string()
        );
        row.extra["interface"]["title"] = json!("changed by hand");
        assert_eq!(
            join(&row).into_fields()["interface"]["title"],
            "changed by hand"
        );
    }

    #[test]
    fn a_column_changed_by_hand_shows_in_the_document() {
        let mut row = divide(&document(sample())).unwrap();
        row.enabled = false;
        row.capabilities[0].patterns[0].complexity_score = 0.9;
        let joined = join(&row).into_fields();
        assert_eq!(joined["enabled"], json!(false));
        assert_eq!(
            joined["capabilities"]["disk_usage"]["patterns"]["all"]["complexity_score"],
            json!(0.9)
        );
    }

    fn value() -> impl Strategy<Value = Value> {
        let leaf = prop_oneof![
            Just(Value::Null),
            any::<bool>().prop_map(Value::from),
            any::<i32>().prop_map(Value::from),
            "[a-c]{0,2}".prop_map(Value::from),
        ];
        leaf.prop_recursive(2, 8, 3, |inner| {
            prop_oneof![
                prop::collection::vec(inner.clone(), 0..3).prop_map(Value::from),
                prop::collection::btree_map("[a-c]", inner, 0..3)
                    .prop_map(|map| Value::Object(map.into_iter().collect())),
            ]
        })
    }

    fn object() -> impl Strategy<Value = Value> {
        prop::collection::btree_map("[a-c]", value(), 0..3)
            .prop_map(|map| Value::Object(map.into_iter().collect()))
    }

    proptest! {
        #[test]
        fn join_inverts_divide(
            defaults in object(), policy in prop::option::of(object()),
            default_policy in prop::option::of(object()), extra in object(),
            estimate in prop_oneof![any::<u16>().prop_map(Value::from), "N|1|2.5".prop_map(Value::from)],
            effect in prop::option::of(prop_oneof![Just(Value::Null), Just(json!("read"))]),
            invocation in prop::option::of(object()), default_invocation in prop::option::of(object()),
            enabled in prop::option::of(any::<bool>()), limitations in prop::option::of(Just(json!([]))),
        ) {
            let mut tool = sample();
            let pattern = &mut tool["capabilities"]["disk_usage"]["patterns"]["all"];
            pattern["time_estimate_ms"] = estimate;
            pattern["more"] = extra.clone();
            if let Some(limitations) = limitations { pattern["limitations"] = limitations; }
            if let Some(effect) = effect { pattern["effect"] = effect; }
            if let Some(invocation) = invocation { pattern["invocation"] = invocation; }
            match policy {
                Some(policy) => pattern["policy"] = policy,
                None => { pattern.as_object_mut().unwrap().remove("policy"); }
            }
            let own = tool["defaults"].as_object_mut().unwrap();
            own.extend(defaults.as_object().unwrap().clone());
            if let Some(invocation) = default_invocation { own.insert("invocation".into(), invocation); }
            if let Some(policy) = default_policy { own.insert("policy".into(), policy); }
            if let Some(enabled) = enabled { tool["enabled"] = json!(enabled); }
            tool["other"] = extra;
            let document = document(tool);
            prop_assert_eq!(join(&divide(&document).unwrap()), document);
        }
    }
}
