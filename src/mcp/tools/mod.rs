//! The tools that agents call: one file each, with what a client sees of it and its call.

mod advice;
mod difference;
mod find_tool;
mod get_tool;
mod list_capabilities;
mod propose_definition;
mod record_outcome;
mod selection_id;
mod validate_definition;

use serde_json::{Map, Value};

use super::arguments::Arguments;
use super::context::{Context, Rights};
use super::era::{Era, Served};
use super::message::{Fault, INVALID_PARAMS};
use super::outcome::{Outcome, called};

/// A tool of this server.
struct Tool {
    name: &'static str,
    /// What a client sees.
    shown: fn() -> Value,
    arguments: &'static [&'static str],
    call: fn(&mut Context<'_>, &Arguments<'_>) -> Outcome,
    /// Whether a caller may use it.
    allowed: fn(Rights) -> bool,
}

const TOOLS: [Tool; 6] = [
    Tool {
        name: find_tool::NAME,
        shown: find_tool::shown,
        arguments: find_tool::ARGUMENTS,
        call: find_tool::call,
        allowed: |_| true,
    },
    Tool {
        name: record_outcome::NAME,
        shown: record_outcome::shown,
        arguments: record_outcome::ARGUMENTS,
        call: record_outcome::call,
        allowed: |rights| rights.record,
    },
    Tool {
        name: get_tool::NAME,
        shown: get_tool::shown,
        arguments: get_tool::ARGUMENTS,
        call: get_tool::call,
        allowed: |_| true,
    },
    Tool {
        name: list_capabilities::NAME,
        shown: list_capabilities::shown,
        arguments: list_capabilities::ARGUMENTS,
        call: list_capabilities::call,
        allowed: |_| true,
    },
    Tool {
        name: validate_definition::NAME,
        shown: validate_definition::shown,
        arguments: validate_definition::ARGUMENTS,
        call: validate_definition::call,
        allowed: |rights| rights.propose,
    },
    Tool {
        name: propose_definition::NAME,
        shown: propose_definition::shown,
        arguments: propose_definition::ARGUMENTS,
        call: propose_definition::call,
        allowed: |rights| rights.propose,
    },
];

/// The tools that a caller may use, always in the same order.
pub fn list(rights: Rights) -> Value {
    let allowed = TOOLS.iter().filter(|it| (it.allowed)(rights));
    allowed.map(|it| (it.shown)()).collect()
}

/// Calls a tool.
///
/// # Errors
/// [`INVALID_PARAMS`] if there is no such tool, or the arguments are not an object.
pub fn call(
    context: &mut Context<'_>,
    era: Era,
    params: &Map<String, Value>,
) -> Result<Served, Fault> {
    let Some(name) = params.get("name").and_then(Value::as_str) else {
        return Err(Fault::new(INVALID_PARAMS, "`name` must be text"));
    };
    let allowed = |it: &&Tool| it.name == name && (it.allowed)(context.rights);
    let Some(tool) = TOOLS.iter().find(allowed) else {
        let name: String = name.chars().take(100).collect();
        let message = format!("Unknown tool: {name}");
        return Err(Fault::new(INVALID_PARAMS, message));
    };
    let none = Map::new();
    let fields = match params.get("arguments") {
        None | Some(Value::Null) => &none,
        Some(Value::Object(fields)) => fields,
        Some(_) => return Err(Fault::new(INVALID_PARAMS, "`arguments` must be an object")),
    };
    let outcome = Arguments::new(fields, tool.arguments).and_then(|it| (tool.call)(context, &it));
    Ok(called(era, outcome))
}
