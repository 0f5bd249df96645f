//! One tool for each way of using one: an API of hundreds of operations becomes as many functions, each with
//! its own inputs, instead of one that takes them all.
//!
//! Such a list is for the model that calls the tools. It does not lead back to the definitions: the
//! whole-tool export does.

use std::collections::HashSet;

use serde_json::{Map, Value, json};

use crate::definition::Document;

use super::names::Limits;
use super::{Format, LeftOut, Written, anthropic, foreign, mcp, openai, tolerate};

/// A format that has no tools in the sense of an API for models.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("one tool per pattern is written as mcp, openai or anthropic, not as {0}")]
pub struct NoTools(pub Format);

/// A way of using a tool.
struct Way {
    /// The definition that it is of.
    label: String,
    tool: String,
    capability: String,
    pattern: String,
    description: String,
    schema: Value,
}

/// Writes each pattern of the definitions as a tool of its own. No two have the same name.
///
/// # Errors
/// For a format that has no such tools.
pub fn write_each_pattern(format: Format, documents: &[Document]) -> Result<Written, NoTools> {
    let limits = match format {
        Format::Mcp => mcp::NAMES,
        Format::Openai => openai::NAMES,
        Format::Anthropic => anthropic::NAMES,
        _ => return Err(NoTools(format)),
    };
    let ways: Vec<Way> = documents.iter().flat_map(ways).collect();
    let mut notes = Vec::new();
    let mut tools = Vec::new();
    for (way, (name, full)) in ways.iter().zip(names(&ways, limits)) {
        let (schema, note) = foreign::of_object(way.schema.clone());
        let shortened = (name != full).then(|| format!("`{full}` is called `{name}` there"));
        notes.extend(shortened.into_iter().chain(note).map(|message| LeftOut {
            subject: way.label.clone(),
            message,
        }));
        tools.push(tool(format, &name, &way.description, schema));
    }
    notes.extend(documents.iter().map(|document| LeftOut {
        subject: document.label(),
        message: foreign::left_out(document),
    }));
    let value = match format {
        Format::Mcp => json!({"tools": tools}),
        _ => Value::Array(tools),
    };
    Ok(Written {
        text: tolerate::finished(format!("{value:#}\n")),
        notes,
    })
}

fn tool(format: Format, name: &str, description: &str, schema: Value) -> Value {
    match format {
        Format::Mcp => json!({"name": name, "description": description, "inputSchema": schema}),
        Format::Openai => json!({
            "type": "function", "name": name, "description": description, "parameters": schema
        }),
        _ => json!({"name": name, "description": description, "input_schema": schema}),
    }
}

/// The ways of using a tool.
fn ways(document: &Document) -> Vec<Way> {
    let fields = document.fields();
    let text = |value: Option<&Value>| value.and_then(Value::as_str).map(str::to_owned);
    let name = foreign::original_name(document).map(str::to_owned);
    let tool = name
        .or_else(|| text(fields.get("tool_name")))
        .unwrap_or_default();
    let of_tool = foreign::description(document).unwrap_or_default();
    let none = Map::new();
    let capabilities = fields.get("capabilities").and_then(Value::as_object);
    let mut ways = Vec::new();
    for (capability, definition) in capabilities.unwrap_or(&none) {
        let patterns = definition.get("patterns").and_then(Value::as_object);
        let of_capability = text(definition.get("description")).unwrap_or_default();
        for (pattern, definition) in patterns.unwrap_or(&none) {
            let described = [
                text(definition.get("description")),
                Some(of_capability.clone()),
            ];
            let own = described.into_iter().flatten().find(|it| !it.is_empty());
            ways.push(Way {
                label: document.label(),
                tool: tool.clone(),
                capability: capability.clone(),
                pattern: pattern.clone(),
                description: own.unwrap_or_else(|| of_tool.clone()),
                schema: definition.as_object().map_or(Value::Null, |pattern| {
                    foreign::schema_of_patterns(document, std::slice::from_ref(pattern))
                }),
            });
        }
    }
    if let [way] = &mut ways[..] {
        // A tool with one way of use is that way, with the schema that it came with.
        way.schema = foreign::input_schema(document);
        way.pattern.clear();
    }
    ways
}

/// A name for each way, no two the same, with what it stands for: tool and pattern, with the capability
/// and the whole identity where several have that name.
fn names(ways: &[Way], limits: Limits) -> Vec<(String, String)> {
    let mut taken = HashSet::new();
    let named = |way: &Way| {
        let short = match way.pattern.as_str() {
            "" => way.tool.clone(),
            pattern => format!("{}_{pattern}", way.tool),
        };
        let longer = format!("{}_{}_{}", way.tool, way.capability, way.pattern);
        let whole = format!("{} {} {}", way.label, way.capability, way.pattern);
        let numbered = (2..).map({
            let whole = whole.clone();
            move |number| format!("{whole} ({number})")
        });
        let mut candidates = [short, longer, whole].into_iter().chain(numbered);
        candidates
            .find_map(|full| {
                let name = limits.shorten(&full);
                taken.insert(name.clone()).then_some((name, full))
            })
            .unwrap_or_default()
    };
    ways.iter().map(named).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn document(name: &str, patterns: &[(&str, &str)]) -> Document {
        let mut capabilities = Map::new();
        for (capability, pattern) in patterns {
            let patterns = capabilities
                .entry(*capability)
                .or_insert_with(|| json!({"description": "What it does", "patterns": {}}));
            patterns["patterns"][*pattern] = json!({
                "description": format!("Does {pattern}"),
                "required_inputs": [{"name": format!("{pattern}_id"), "type": "integer"}],
                "optional_inputs": ["depth"],
                "time_estimate_ms": 1, "cost_estimate": 1, "complexity_score": 0,
            });
        }
        let fields = json!({
            "tool_name": name, "version": "1.0", "platform": "custom", "description": "A tool",
            "capabilities": capabilities,
        });
        Document::new(fields.as_object().cloned().expect("an object"))
    }

    fn written(format: Format, documents: &[Document]) -> Vec<Value> {
        let text = write_each_pattern(format, documents)
            .expect("a format with tools")
            .text;
        let value: Value = serde_json::from_str(&text).expect("JSON");
        match value {
            Value::Array(tools) => tools,
            other => other["tools"].as_array().cloned().expect("tools"),
        }
    }

    #[test]
    fn each_pattern_has_its_own_inputs() {
        let api = document(
            "pets",
            &[("read", "list"), ("read", "show"), ("write", "add")],
        );
        let tools = written(Format::Openai, &[api]);
        let names: Vec<&str> = tools.iter().filter_map(|it| it["name"].as_str()).collect();
        assert_eq!(names, ["pets_list", "pets_show", "pets_add"]);
        assert_eq!(tools[1]["description"], "Does show");
        assert_eq!(
            tools[1]["parameters"],
            json!({
                "type": "object",
                "properties": {"show_id": {"type": "integer"}, "depth": {}},
                "required": ["show_id"],
            })
        );
    }

    #[test]
    fn names_differ_and_keep_to_the_limits() {
        let long = "operation ".repeat(12);
        let documents = [
            document(
                "api",
                &[("a", "get"), ("b", "get"), ("a", &long), ("b", &long)],
            ),
            document("api", &[("a", "get"), ("b", "put")]),
            document("api_get", &[("a", "only")]),
        ];
        for (format, limits) in [
            (Format::Mcp, mcp::NAMES),
            (Format::Openai, openai::NAMES),
            (Format::Anthropic, anthropic::NAMES),
        ] {
            let tools = written(format, &documents);
            let names: HashSet<&str> = tools.iter().filter_map(|it| it["name"].as_str()).collect();
            assert_eq!(names.len(), 7, "{names:?}");
            assert!(names.iter().all(|it| limits.fits(it)), "{names:?}");
        }
        assert_eq!(
            write_each_pattern(Format::Yaml, &documents),
            Err(NoTools(Format::Yaml))
        );
    }

    #[test]
    fn a_tool_with_one_way_keeps_its_name_and_schema() {
        let mut one = document("tickets.create", &[("tickets", "call")]);
        let schema = json!({"type": "object", "properties": {"title": {"maxLength": 9}}});
        one.fields_mut()
            .insert("interface".to_owned(), json!({"input_schema": schema}));
        let tools = written(Format::Mcp, std::slice::from_ref(&one));
        assert_eq!(tools[0]["name"], "tickets.create");
        assert_eq!(tools[0]["inputSchema"], schema);
        assert_eq!(
            written(Format::Anthropic, &[one])[0]["input_schema"],
            schema
        );
    }
}
