//! What an application may read beside the tools: each definition, and the list of capabilities.

use serde_json::{Map, Value, json};

use crate::definition::ToolRef;

use super::context::Context;
use super::era::{Era, Served};
use super::message::{Fault, INTERNAL_ERROR, INVALID_PARAMS, RESOURCE_NOT_FOUND};
use super::outcome::Mend;
use super::text::{clean, clean_value};
use super::uri;

const CAPABILITIES: &str = "toolcat://capabilities";
const TOOLS: &str = "toolcat://tools/";

/// How long what the catalog says may be kept, in milliseconds.
const OF_THE_CATALOG: u64 = 10_000;

/// The resources that are listed; there are too many definitions for that.
pub fn list() -> Value {
    json!([{
        "uri": CAPABILITIES,
        "name": "capabilities",
        "title": "What the tools of the catalog can do",
        "mimeType": "application/json",
    }])
}

/// How the definition of a tool is addressed.
pub fn templates() -> Value {
    json!([{
        "uriTemplate": "toolcat://tools/{platform}/{name}",
        "name": "tool",
        "title": "The definition of a tool",
        "description": "Platform and name as find_tool gives them, such as toolcat://tools/linux/df",
        "mimeType": "application/json",
    }])
}

/// Reads one.
///
/// # Errors
/// If there is no such resource, or the catalog cannot be reached.
pub fn read(
    context: &mut Context<'_>,
    era: Era,
    params: &Map<String, Value>,
) -> Result<Served, Fault> {
    let Some(uri) = params.get("uri").and_then(Value::as_str) else {
        return Err(Fault::new(INVALID_PARAMS, "`uri` must be text"));
    };
    let content = content(context, uri).map_err(|mend| match mend {
        Some(mend) if !["not_found", "ambiguous", "invalid"].contains(&mend.kind) => {
            Fault::new(INTERNAL_ERROR, clean(&mend.message))
        }
        _ => {
            let code = match era {
                Era::Modern => INVALID_PARAMS,
                Era::Legacy(_) => RESOURCE_NOT_FOUND,
            };
            Fault::new(code, "Resource not found").with(json!({"uri": uri}))
        }
    })?;
    Ok(Served::new(json!({"contents": [{
        "uri": uri,
        "mimeType": "application/json",
        "text": clean_value(content).to_string(),
    }]}))
    .fresh(OF_THE_CATALOG, false))
}

/// What a resource holds; no error for what is not the address of one.
fn content(context: &mut Context<'_>, address: &str) -> Result<Value, Option<Mend>> {
    if address == CAPABILITIES {
        let names: Vec<Value> = (context.catalog.capabilities()?.iter())
            .map(|(name, tools)| json!({"capability": name, "tools": tools}))
            .collect();
        return Ok(json!({"capabilities": names}));
    }
    let path = address.strip_prefix(TOOLS).ok_or(None)?;
    let (platform, name) = path.split_once('/').ok_or(None)?;
    let (platform, name) = (
        uri::decode(platform).ok_or(None)?,
        uri::decode(name).ok_or(None)?,
    );
    let tool: ToolRef = format!("{platform}/{name}").parse().map_err(|_| None)?;
    Ok(context.catalog.definition(&tool, None)?.to_value())
}
