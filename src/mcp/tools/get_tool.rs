//! `get_tool`: what the catalog says of one tool, as a whole or of one way of using it.

use serde_json::{Map, Value, json};

use crate::definition::{Document, Pattern, Tool};
use crate::expression::nearest;
use crate::format::INTERFACE;
use crate::mcp::arguments::Arguments;
use crate::mcp::context::Context;
use crate::mcp::outcome::{Mend, Outcome};
use crate::mcp::text::{cut, tokens};
use crate::operations::Refusal;
use crate::store::StoreError;

use super::find_tool::reference;

pub const NAME: &str = "get_tool";

pub const ARGUMENTS: &[&str] = &["tool", "section"];

/// The most tokens of an answer.
const LIMIT: usize = 2000;
/// Longest text that an overview tells, in characters.
const TEXT: usize = 120;
/// How many names of an overview are told.
const NAMES: usize = 60;

pub fn shown() -> Value {
    json!({
        "name": NAME,
        "title": "Look at one tool",
        "description": "What a tool offers. Without section: an overview of its ways of use. section \
            CAPABILITY.PATTERN: one of them in full; schema: how to call a tool of an MCP server or API.",
        "inputSchema": {
            "type": "object",
            "properties": {
                "tool": {"type": "string", "description": "[PLATFORM/]NAME[@VERSION]"},
                "section": {"type": "string"},
            },
            "required": ["tool"],
            "additionalProperties": false,
        },
        "annotations": {"readOnlyHint": true, "openWorldHint": false},
    })
}

pub fn call(context: &mut Context<'_>, arguments: &Arguments<'_>) -> Outcome {
    let Some(name) = arguments.text("tool")? else {
        return Err(Mend::new("`tool` is missing").help("find_tool gives names of tools"));
    };
    let document = context
        .catalog
        .definition(&reference("tool", name)?, None)?;
    let tool = (document.to_tool()).map_err(|error| Refusal::from(StoreError::from(error)))?;
    match arguments.text("section")? {
        None => Ok(overview(&tool)),
        Some("schema") => schema(&document),
        Some(section) => in_full(&tool, section),
    }
}

/// Each way of using a tool, with the section that tells it in full.
fn sections(tool: &Tool) -> impl Iterator<Item = (String, &Pattern)> + Clone {
    tool.capabilities.iter().flat_map(|(capability, it)| {
        let patterns = it.patterns.iter();
        patterns.map(move |(name, pattern)| (format!("{capability}.{name}"), pattern))
    })
}

fn overview(tool: &Tool) -> Value {
    let total = sections(tool).count();
    let mut told = json!({
        "tool": tool.identity().to_string(),
        "description": cut(&tool.description, 3 * TEXT),
        "category": tool.category,
        "status": tool.status,
        "enabled": tool.enabled,
        "tags": tool.tags().take(12).map(|it| cut(it, 40)).collect::<Vec<_>>(),
    });
    let mut shown = total.min(NAMES);
    loop {
        let ways: Map<String, Value> = sections(tool)
            .take(shown)
            .map(|(name, it)| (name, json!(cut(&it.description, TEXT))))
            .collect();
        told["sections"] = Value::Object(ways);
        told["total"] = json!(total);
        told["shown"] = json!(shown);
        told["complete"] = json!(shown == total);
        if shown <= 1 || tokens(&told.to_string()) <= LIMIT {
            return told;
        }
        shown /= 2;
    }
}

fn schema(document: &Document) -> Outcome {
    let interface = document.fields().get(INTERFACE);
    let schema = interface.and_then(|it| it.get("input_schema"));
    let Some(schema) = schema else {
        return Err(
            Mend::new(format!("{} has no schema of its own", document.label()))
                .help("a section CAPABILITY.PATTERN tells the inputs of one way of use"),
        );
    };
    let name = interface.and_then(|it| it.get("name"));
    let told = json!({
        "tool": document.label(),
        "name": name.or_else(|| document.fields().get("tool_name")),
        "input_schema": schema,
    });
    within_limit(told, &document.label())
}

fn in_full(tool: &Tool, section: &str) -> Outcome {
    let sections = sections(tool);
    let named = |(name, _): &(String, &Pattern)| {
        name == section || name.rsplit_once('.').is_some_and(|it| it.1 == section)
    };
    let mut found = sections.clone().filter(named);
    match (found.next(), found.next()) {
        (Some((name, pattern)), None) => {
            within_limit(whole(tool, &name, pattern), &tool.identity().to_string())
        }
        (Some(_), Some(_)) => Err(
            Mend::new(format!("several sections are called `{section}`"))
                .help("name it with its capability: CAPABILITY.PATTERN"),
        ),
        (None, _) => {
            let names: Vec<String> = sections.map(|(name, _)| name).collect();
            let near = nearest(section, names.iter().map(String::as_str));
            let mend = Mend::new(format!("{} has no section `{section}`", tool.identity()));
            Err(match near {
                Some(near) => mend.help(format!("did you mean `{near}`?")),
                None => {
                    let some: Vec<&str> = names.iter().map(String::as_str).take(10).collect();
                    mend.help(format!("its sections are {}", some.join(", ")))
                }
            })
        }
    }
}

fn whole(tool: &Tool, section: &str, pattern: &Pattern) -> Value {
    let mut told = json!({
        "tool": tool.identity().to_string(),
        "section": section,
        "description": pattern.description,
        "use_cases": pattern.typical_use_cases,
        "time_estimate_ms": pattern.time_estimate_ms,
        "cost_estimate": pattern.cost_estimate,
        "effect": pattern.effect,
        "policy": pattern.policy,
        "required_inputs": pattern.required_inputs,
        "optional_inputs": pattern.optional_inputs,
        "expected_outputs": pattern.expected_outputs,
        "limitations": pattern.limitations,
        "invocation": pattern.invocation.as_ref().map(ToString::to_string),
        "examples": pattern.examples,
    });
    if let Value::Object(fields) = &mut told {
        fields.retain(|_, it| !it.is_null() && *it != json!([]));
    }
    told
}

/// What is left out first where a section is too long.
const LEFT_OUT: &[&str] = &[
    "examples",
    "use_cases",
    "limitations",
    "expected_outputs",
    "optional_inputs",
];

fn within_limit(mut told: Value, label: &str) -> Outcome {
    let mut left_out: Vec<&str> = Vec::new();
    for name in LEFT_OUT {
        if tokens(&told.to_string()) <= LIMIT {
            return Ok(told);
        }
        if let Value::Object(fields) = &mut told
            && fields.shift_remove(*name).is_some()
        {
            left_out.push(name);
            told["left_out"] = json!(left_out);
        }
    }
    match tokens(&told.to_string()) <= LIMIT {
        true => Ok(told),
        false => Err(Mend::new(format!(
            "this section of {label} is too long to be told here"
        ))
        .help("the resource toolcat://tools/PLATFORM/NAME holds the whole definition")),
    }
}
