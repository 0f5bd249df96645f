//! `toolcat schema`: the JSON Schema of definitions, for editors and other validators.

use clap::Args;

use crate::validate::TOOL_SCHEMA;

use super::{CommandError, Outcome, Session};

/// Print the JSON Schema of definitions.
#[derive(Debug, Args)]
#[command(after_help = "Example:\n  toolcat schema > tool.schema.json")]
pub struct SchemaArgs {}

pub fn run(_args: &SchemaArgs, session: &mut Session) -> Result<Outcome, CommandError> {
    session.ui.out().write_all(TOOL_SCHEMA.as_bytes())?;
    Ok(Outcome::Done)
}
