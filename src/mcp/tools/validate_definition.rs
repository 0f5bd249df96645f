//! `validate_definition`: what is wrong with a definition, before anybody proposes it.

use serde_json::{Value, json};

use crate::mcp::arguments::Arguments;
use crate::mcp::context::Context;
use crate::mcp::outcome::{Mend, Outcome};
use crate::mcp::text::cut;
use crate::operations::validate;
use crate::validate::Severity;

pub const NAME: &str = "validate_definition";

pub const ARGUMENTS: &[&str] = &["definition"];

/// Longest definition that is taken, in bytes.
const LONGEST: usize = 64 * 1024;
/// How many findings are told.
const FINDINGS: usize = 10;

pub fn shown() -> Value {
    json!({
        "name": NAME,
        "title": "Check a definition",
        "description": "Every problem of a tool definition (YAML or JSON) at its line. Writes nothing.",
        "inputSchema": {
            "type": "object",
            "properties": {"definition": {"type": "string", "description": "The text"}},
            "required": ["definition"],
            "additionalProperties": false,
        },
        "annotations": {"readOnlyHint": true, "openWorldHint": false},
    })
}

pub fn call(_: &mut Context<'_>, arguments: &Arguments<'_>) -> Outcome {
    let text = definition(arguments)?;
    let report = validate::text("definition", text, None);
    let mut found: Vec<_> = report.diagnostics.iter().collect();
    found.sort_by_key(|it| std::cmp::Reverse(it.severity));
    let findings: Vec<Value> = (found.iter().take(FINDINGS))
        .map(|it| {
            json!({
                "severity": it.severity,
                "line": it.line,
                "rule": it.rule,
                "message": cut(&it.message, 300),
                "help": it.help.as_ref().map(|it| cut(it, 200)),
            })
        })
        .collect();
    let errors = report.count(Severity::Error);
    Ok(json!({
        "valid": errors == 0,
        "errors": errors,
        "findings": findings,
        "total": found.len(),
        "complete": findings.len() == found.len(),
    }))
}

/// The definition that is given.
pub fn definition<'a>(arguments: &Arguments<'a>) -> Result<&'a str, Mend> {
    match arguments.text("definition")? {
        None => Err(Mend::new("`definition` is missing")),
        Some(text) if text.len() > LONGEST => Err(Mend::new(format!(
            "a definition may be {LONGEST} bytes long, and this has {}",
            text.len()
        ))),
        Some(text) => Ok(text),
    }
}
