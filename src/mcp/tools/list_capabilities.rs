//! `list_capabilities`: what the tools of the catalog can do.

use serde_json::{Map, Value, json};

use crate::mcp::arguments::Arguments;
use crate::mcp::context::Context;
use crate::mcp::outcome::Outcome;
use crate::mcp::text::cut;

pub const NAME: &str = "list_capabilities";

pub const ARGUMENTS: &[&str] = &["words", "cursor", "limit"];

/// How many are listed if nothing is said.
const LIMIT: usize = 50;
/// The most that can be asked for.
const MOST: usize = 200;

pub fn shown() -> Value {
    json!({
        "name": NAME,
        "title": "List what the tools can do",
        "description": "Names of capabilities for find_tool, with the number of tools that offer each.",
        "inputSchema": {
            "type": "object",
            "properties": {
                "words": {"type": "string", "description": "Only names with all of these"},
                "cursor": {"type": "string", "description": "next of the page before"},
                "limit": {"type": "integer", "minimum": 1, "maximum": MOST, "default": LIMIT},
            },
            "additionalProperties": false,
        },
        "annotations": {"readOnlyHint": true, "openWorldHint": false},
    })
}

pub fn call(context: &mut Context<'_>, arguments: &Arguments<'_>) -> Outcome {
    let words = arguments.text("words")?.unwrap_or_default().to_lowercase();
    let after = arguments.text("cursor")?.unwrap_or_default();
    let limit = arguments.count("limit", 1, MOST)?.unwrap_or(LIMIT);
    let capabilities = context.catalog.capabilities()?;
    let fits = |name: &str| {
        let name = name.to_lowercase();
        let mut words = words.split(|c: char| c.is_whitespace() || c == '_');
        words.all(|word| name.contains(word))
    };
    let found: Vec<&(String, i64)> = (capabilities.iter())
        .filter(|(name, _)| fits(name))
        .collect();
    let rest: Vec<&(String, i64)> = (found.iter().copied())
        .filter(|(name, _)| after.is_empty() || name.as_str() > after)
        .collect();
    let shown: Map<String, Value> = (rest.iter().take(limit))
        .map(|(name, tools)| (cut(name, 100), json!(tools)))
        .collect();
    let mut told = json!({
        "capabilities": shown,
        "total": found.len(),
        "shown": shown.len(),
        "complete": shown.len() == found.len(),
    });
    if rest.len() > limit
        && let Some((last, _)) = rest.get(limit - 1)
    {
        told["next"] = json!(last);
    }
    Ok(told)
}
