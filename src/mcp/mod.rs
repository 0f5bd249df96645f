//! The Model Context Protocol: agents ask the catalog which tool is best for a job, and say what happened.
//!
//! [`answer`] is one function from a message to an answer; the transports (stdin and stdout, HTTP) are the
//! front ends' own. Nothing is run here, and no call is passed on: the catalog advises.
//! Specification: <https://modelcontextprotocol.io/specification/2026-07-28>

mod arguments;
pub mod context;
mod desk;
pub mod era;
pub mod http;
pub mod message;
mod outcome;
mod resources;
pub mod text;
pub mod tools;
mod uri;

use serde_json::{Map, Value, json};

pub use context::{Context, Defaults, Rights};
pub use desk::{Desk, Lent};
use era::{Era, Revision, Served, server, spoken, unsupported};
use message::{Fault, INVALID_PARAMS, METHOD_NOT_FOUND, Message, Request};

/// How long what this program says of itself may be kept, in milliseconds.
const OWN: u64 = 3_600_000;

/// What a client tells its model of this server.
pub const INSTRUCTIONS: &str = "Call find_tool with a job in words before you choose a command, script or API: it \
    answers which tool to use and how, or null if nothing fits. Run the answer yourself, after a person approved \
    it where requires_approval is true. Then call record_outcome, so that estimates become true.";

/// Answers what came in at once: a message, or in the revision 2025-03-26 a list of them.
pub fn exchange(context: &mut Context<'_>, bytes: &[u8]) -> Option<Value> {
    if context.agreed.is_some_and(Revision::has_batches)
        && let Ok(Value::Array(items)) = crate::reading::json::value(bytes)
        && !items.is_empty()
    {
        let answers: Vec<Value> = (items.into_iter())
            .filter_map(|item| match message::read(item) {
                Ok(message) => answer(context, message),
                Err(unreadable) => Some(unreadable.answer()),
            })
            .collect();
        return (!answers.is_empty()).then_some(Value::Array(answers));
    }
    match message::parse(bytes) {
        Ok(message) => answer(context, message),
        Err(unreadable) => Some(unreadable.answer()),
    }
}

/// Answers a message; a notification gets no answer.
pub fn answer(context: &mut Context<'_>, message: Message) -> Option<Value> {
    let Message::Request(request) = message else {
        return None;
    };
    Some(match serve(context, &request) {
        Ok(result) => message::result(&request.id, result),
        Err(fault) => fault.answer(Some(&request.id)),
    })
}

fn serve(context: &mut Context<'_>, request: &Request) -> Result<Value, Fault> {
    let params = &request.params;
    let says_its_revision = Era::is_said(params);
    match request.method.as_str() {
        "initialize" if !says_its_revision => return Ok(initialize(context, params)),
        // A client may look whether anybody is there before it agrees on anything.
        "ping" if !says_its_revision => return Ok(json!({})),
        _ => {}
    }
    let era = Era::of(params, context.agreed)?;
    let served = match (request.method.as_str(), era) {
        ("server/discover", Era::Modern) => discover(),
        ("tools/list", _) => {
            let tools = tools::list(context.rights);
            of_one_page(params, "tools", &tools)?
        }
        ("tools/call", _) => tools::call(context, era, params)?,
        ("resources/list", _) => of_one_page(params, "resources", &resources::list())?,
        ("resources/templates/list", _) => {
            of_one_page(params, "resourceTemplates", &resources::templates())?
        }
        ("resources/read", _) => resources::read(context, era, params)?,
        ("prompts/list", _) => of_one_page(params, "prompts", &json!([]))?,
        (method, _) => {
            let method: String = method.chars().take(100).collect();
            let message = format!("there is no method `{method}`");
            return Err(Fault::new(METHOD_NOT_FOUND, message));
        }
    };
    Ok(era.shaped(served))
}

/// What this server can do.
fn capabilities() -> Value {
    json!({"tools": {}, "resources": {}, "prompts": {}})
}

fn initialize(context: &mut Context<'_>, params: &Map<String, Value>) -> Value {
    let asked = params.get("protocolVersion").and_then(Value::as_str);
    let agreed = Revision::agreed(asked);
    context.agreed = Some(agreed);
    json!({
        "protocolVersion": agreed.as_str(),
        "capabilities": capabilities(),
        "serverInfo": server(),
        "instructions": INSTRUCTIONS,
    })
}

fn discover() -> Served {
    Served::new(json!({
        "supportedVersions": spoken(),
        "capabilities": capabilities(),
        "instructions": INSTRUCTIONS,
    }))
    .fresh(OWN, true)
}

/// A list that has one page.
fn of_one_page(params: &Map<String, Value>, name: &str, items: &Value) -> Result<Served, Fault> {
    match params.get("cursor") {
        None | Some(Value::Null) => Ok(Served::new(json!({name: items})).fresh(OWN, true)),
        Some(_) => Err(Fault::new(INVALID_PARAMS, "there is no such cursor")),
    }
}

/// The answer that a client gets for a fault of this program.
pub fn broken(id: Option<&Value>) -> Value {
    Fault::new(message::INTERNAL_ERROR, "internal error").answer(id)
}
