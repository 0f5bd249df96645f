//! `propose_definition`: a new tool, which nobody selects until a person has activated it.

use serde_json::{Value, json};

use crate::mcp::arguments::Arguments;
use crate::mcp::context::Context;
use crate::mcp::outcome::Outcome;

use super::validate_definition::definition;

pub const NAME: &str = "propose_definition";

pub const ARGUMENTS: &[&str] = &["definition", "reason"];

pub fn shown() -> Value {
    json!({
        "name": NAME,
        "title": "Propose a new tool",
        "description": "Adds the definition of a tool that the catalog does not have, in testing: find_tool does not \
            choose it until a person activates it. validate_definition says first what is wrong.",
        "inputSchema": {
            "type": "object",
            "properties": {
                "definition": {"type": "string", "description": "One definition, YAML or JSON"},
                "reason": {"type": "string", "description": "Why, for the audit log"},
            },
            "required": ["definition"],
            "additionalProperties": false,
        },
        "annotations": {
            "readOnlyHint": false, "destructiveHint": false, "idempotentHint": false, "openWorldHint": false
        },
    })
}

pub fn call(context: &mut Context<'_>, arguments: &Arguments<'_>) -> Outcome {
    let text = definition(arguments)?;
    let mut caller = context.caller.clone();
    if let Some(reason) = arguments.text("reason")? {
        caller.reason = Some(reason.to_owned());
    }
    let tool = context.catalog.propose(&caller, text)?;
    Ok(json!({"proposed": tool, "status": "testing"}))
}
