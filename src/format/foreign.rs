//! Tools of other catalogs as definitions, and back: what MCP, OpenAI and Anthropic have in common.
//!
//! Such a tool says what it is called, what it does and what it takes. The rest of a definition is
//! assumed, and a note says so: platform `custom`, category `automation`, one capability of the
//! tool's name with one pattern [`PATTERN`], an estimate of one second and cost 1, and approval for
//! every run, since nothing is known of its effects. What the other format says beyond that is kept
//! under [`INTERFACE`] and comes back on export.

use serde_json::{Map, Value, json};

use crate::definition::{Document, Invocation};
use crate::expression::{Expression, Variables};

use super::node::{Kind, Node};
use super::{Problem, Span, schema, tolerate};

/// The key of a definition that holds what other formats say of the tool's interface.
pub const INTERFACE: &str = "interface";

/// The pattern that calling a tool becomes.
pub const PATTERN: &str = "call";

/// A tool of another catalog.
#[derive(Debug, Clone, Default)]
pub struct Tool {
    /// Where it stands.
    pub span: Span,
    /// Its name.
    pub name: String,
    /// What it does.
    pub description: Option<String>,
    /// What it takes: a JSON Schema, whose references lead into itself.
    pub input_schema: Option<Node>,
    /// What else is known of its interface, kept as it is.
    pub interface: Map<String, Value>,
}

impl Tool {
    /// The tool as a definition.
    pub fn into_definition(self) -> (Node, Vec<Problem>) {
        let mut interface = self.interface;
        let given = self.input_schema.filter(|it| it.kind != Kind::Null);
        let inputs = given.as_ref().map(|it| schema::inputs(it, it, false));
        let inputs = inputs.unwrap_or_default();
        if let Some(schema) = &given {
            tolerate::keep(&mut interface, "input_schema", schema);
        }
        let name = clean(&self.name, 100);
        if name != self.name {
            interface.insert("name".to_owned(), json!(self.name));
        }
        let title = interface.get("title").and_then(Value::as_str);
        let description = self
            .description
            .clone()
            .filter(|it| !it.trim().is_empty())
            .or_else(|| title.map(str::to_owned))
            .unwrap_or_else(|| format!("The tool {name}"));
        if self.description.as_deref() != Some(description.as_str()) {
            interface.insert("description".to_owned(), json!(self.description));
        }
        let mut pattern = assumed_pattern(&description);
        pattern.insert("required_inputs".to_owned(), json!(inputs.required));
        pattern.insert("optional_inputs".to_owned(), json!(inputs.optional));
        let mut definition = assumed_tool(&name, "1.0", &description);
        if !interface.is_empty() {
            definition.insert(INTERFACE.to_owned(), Value::Object(interface));
        }
        definition.insert(
            "capabilities".to_owned(),
            json!({&name: {"description": &description, "patterns": {PATTERN: pattern}}}),
        );
        let note = Problem::new(
            "format/converted",
            self.span,
            format!(
                "`{name}` says nothing of platform, category, version, estimates and policy; they \
                 are assumed, with approval for every run"
            ),
        );
        let node = Node::from_value(self.span, &Value::Object(definition));
        let mut notes = vec![note];
        notes.extend(inputs.notes);
        (node, notes)
    }
}

/// The fields of a tool that other formats do not have.
pub fn assumed_tool(name: &str, version: &str, description: &str) -> Map<String, Value> {
    let fields = json!({
        "tool_name": name,
        "version": version,
        "description": description,
        "platform": "custom",
        "category": "automation",
    });
    match fields {
        Value::Object(fields) => fields,
        _ => Map::new(),
    }
}

/// The fields of a pattern that other formats do not have.
pub fn assumed_pattern(description: &str) -> Map<String, Value> {
    let fields = json!({
        "description": description,
        "typical_use_cases": [first_sentence(description)],
        "time_estimate_ms": 1000,
        "cost_estimate": 1,
        "complexity_score": 0.5,
        "scope": "single_item",
        "completeness": "complete",
        "policy": {"requires_approval": true},
        "preference_match": {},
    });
    match fields {
        Value::Object(fields) => fields,
        _ => Map::new(),
    }
}

fn first_sentence(text: &str) -> &str {
    let line = text.trim().lines().next().unwrap_or_default();
    line.find(". ").map_or(line, |at| &line[..at])
}

/// A name as the catalog takes it: no control characters, not blank, not too long.
pub fn clean(name: &str, length: usize) -> String {
    let kept: String = name
        .chars()
        .filter(|c| !c.is_control())
        .take(length)
        .collect();
    if kept.trim().is_empty() {
        "unnamed".to_owned()
    } else {
        kept
    }
}

/// The interface that a definition keeps, if it keeps one.
pub fn interface(document: &Document) -> Option<&Map<String, Value>> {
    document.fields().get(INTERFACE)?.as_object()
}

/// The interface as it was given; numbers that were rounded are marked for [`tolerate::finished`].
pub fn given_interface(document: &Document) -> Map<String, Value> {
    tolerate::with_exact_numbers(interface(document).cloned().unwrap_or_default())
}

/// A schema as the schema of an object, which the formats want of what a tool takes, and what was
/// changed for that.
pub fn of_object(schema: Value) -> (Value, Option<String>) {
    let Value::Object(mut fields) = schema else {
        let note = match schema {
            Value::Null | Value::Bool(true) => None,
            other => Some(format!(
                "left out: the input schema `{other}`, which does not describe an object"
            )),
        };
        return (json!({"type": "object"}), note);
    };
    let note = match fields.get("type") {
        Some(kind) if kind == "object" => return (Value::Object(fields), None),
        None | Some(Value::Null) => None,
        Some(kind) => Some(format!(
            "its input schema has the type {kind}; it is written as that of an object"
        )),
    };
    fields.shift_remove("type");
    let mut whole = Map::new();
    whole.insert("type".to_owned(), json!("object"));
    whole.extend(fields);
    (Value::Object(whole), note)
}

/// The input schema of a definition: the one it was imported with, else one made of the inputs of
/// its patterns. An input is required where every pattern requires it.
pub fn input_schema(document: &Document) -> Value {
    if let Some(schema) = given_interface(document).shift_remove("input_schema") {
        return schema;
    }
    let capabilities = document.fields().get("capabilities");
    let patterns: Vec<Map<String, Value>> = (capabilities.and_then(Value::as_object).into_iter())
        .flat_map(Map::values)
        .filter_map(|capability| capability.get("patterns")?.as_object())
        .flat_map(|patterns| patterns.values())
        .filter_map(|pattern| pattern.as_object().cloned())
        .collect();
    schema_of_patterns(document, &patterns)
}

/// The schema of what some patterns of a definition take. An input is required where each of them
/// requires it.
pub fn schema_of_patterns(document: &Document, patterns: &[Map<String, Value>]) -> Value {
    let defaults = document.fields().get("defaults");
    let defaults = defaults.and_then(Value::as_object).cloned();
    let defaults = defaults.unwrap_or_default();
    let mut properties = Map::new();
    let mut required: Option<Vec<String>> = None;
    for pattern in patterns {
        let field = |name: &str| {
            pattern
                .get(name)
                .or_else(|| defaults.get(name))
                .and_then(Value::as_array)
                .cloned()
                .unwrap_or_default()
        };
        let counted = counted(pattern, &defaults);
        let mut here = Vec::new();
        for (given, is_required) in [("required_inputs", true), ("optional_inputs", false)] {
            for input in field(given) {
                let Some(name) = input_name(&input).filter(|it| !counted.contains(it)) else {
                    continue;
                };
                properties
                    .entry(name.clone())
                    .or_insert_with(|| property(&input));
                if is_required {
                    here.push(name);
                }
            }
        }
        required = Some(match required {
            None => here,
            Some(all) => all.into_iter().filter(|it| here.contains(it)).collect(),
        });
    }
    let mut schema = json!({"type": "object", "properties": properties});
    if let Some(required) = required.filter(|it| !it.is_empty()) {
        schema["required"] = json!(required);
    }
    schema
}

/// The inputs of a pattern that are there for its estimates, and that nobody can give to the tool: the
/// variables that every selection has, and where the command is known, every variable without a place
/// in it.
fn counted(pattern: &Map<String, Value>, defaults: &Map<String, Value>) -> Vec<String> {
    let field = |name: &str| pattern.get(name).or_else(|| defaults.get(name));
    let invocation =
        field("invocation").and_then(|it| serde_json::from_value::<Invocation>(it.clone()).ok());
    let standard = Variables::defaults();
    let variables = ["time_estimate_ms", "cost_estimate"]
        .into_iter()
        .filter_map(|name| {
            let expression = Expression::parse(field(name)?.as_str()?).ok()?;
            Some(
                expression
                    .variables()
                    .map(str::to_owned)
                    .collect::<Vec<_>>(),
            )
        });
    variables
        .flatten()
        .chain(standard.names().map(str::to_owned))
        .filter(|name| match &invocation {
            Some(invocation) => !invocation.takes(name),
            None => standard.get(name).is_some(),
        })
        .collect()
}

fn input_name(input: &Value) -> Option<String> {
    let name = input
        .as_str()
        .or_else(|| input.get("name").and_then(Value::as_str))?;
    Some(name.to_owned())
}

/// The JSON Schema of an input of a definition.
fn property(input: &Value) -> Value {
    const TYPES: [(&str, &str); 12] = [
        ("string", "string"),
        ("str", "string"),
        ("text", "string"),
        ("integer", "integer"),
        ("int", "integer"),
        ("number", "number"),
        ("float", "number"),
        ("boolean", "boolean"),
        ("bool", "boolean"),
        ("array", "array"),
        ("list", "array"),
        ("object", "object"),
    ];
    let mut schema = Map::new();
    let given = input.get("type").and_then(Value::as_str);
    if let Some((_, name)) = TYPES.iter().find(|(known, _)| Some(*known) == given) {
        schema.insert("type".to_owned(), json!(name));
    }
    for field in ["description", "default", "enum"] {
        match input.get(field) {
            Some(value) if field != "description" || value.is_string() => {
                schema.insert(field.to_owned(), value.clone());
            }
            _ => {}
        }
    }
    Value::Object(schema)
}

/// The name that a tool had in the format that it was imported from.
pub fn original_name(document: &Document) -> Option<&str> {
    interface(document)?.get("name")?.as_str()
}

/// The description that a tool had there: none if it had none.
pub fn description(document: &Document) -> Option<String> {
    match interface(document).and_then(|it| it.get("description")) {
        Some(given) => given.as_str().map(str::to_owned),
        None => document
            .fields()
            .get("description")
            .and_then(Value::as_str)
            .map(str::to_owned),
    }
}

/// What a format without a place for whole definitions leaves out.
pub fn left_out(document: &Document) -> String {
    let patterns = document
        .fields()
        .get("capabilities")
        .and_then(Value::as_object)
        .into_iter()
        .flat_map(Map::values)
        .filter_map(|it| it.get("patterns")?.as_object().map(Map::len))
        .sum::<usize>();
    format!(
        "left out: version, platform, category, and the estimates and policies of {patterns} \
         pattern{}",
        if patterns == 1 { "" } else { "s" }
    )
}
