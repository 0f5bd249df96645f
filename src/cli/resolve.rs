//! From an address to one tool.

use crate::definition::{Identity, ToolRef};
use crate::store::Connection;
use crate::store::tools::{self, Filter, StoredTool};

use super::CommandError;

/// The one tool that the address means: its latest version, or the version named.
///
/// # Errors
/// Not found, with names that are near; invalid, where several platforms have the tool.
pub fn one_tool(
    connection: &mut Connection,
    reference: &ToolRef,
) -> Result<StoredTool, CommandError> {
    let filter = Filter {
        tools: vec![reference.clone()],
        ..Filter::default()
    };
    let mut found = connection.read(|connection| tools::list(connection, &filter))?;
    keep_exact(reference, &mut found, StoredTool::identity);
    match found.len() {
        1 => Ok(found.remove(0)),
        0 => Err(not_found(connection, reference)?),
        _ => {
            let names: Vec<String> = found.iter().map(|it| it.identity().to_string()).collect();
            Err(CommandError::invalid(format!(
                "`{reference}` can mean {} tools: {}",
                names.len(),
                names.join(", ")
            ))
            .hint(format!("name the platform, as in `{}`", names[0])))
        }
    }
}

/// Keeps what the address says to the letter, where anything does: a name, or else an identity. That
/// is meant, whatever else the address can be read as.
pub fn keep_exact<T>(reference: &ToolRef, found: &mut Vec<T>, identity: impl Fn(&T) -> Identity) {
    let named = |it: &T| identity(it).name == reference.as_str();
    let identified = |it: &T| identity(it).to_string() == reference.as_str();
    if found.iter().any(named) {
        found.retain(named);
    } else if found.iter().any(identified) {
        found.retain(identified);
    }
}

/// The error for an address that names nothing, with names that are near.
pub fn not_found(
    connection: &mut Connection,
    reference: &ToolRef,
) -> Result<CommandError, CommandError> {
    let readings = reference.readings();
    let mut near = Vec::new();
    for reading in &readings {
        let any_version = Filter {
            tools: vec![reference.clone()],
            ..Filter::default()
        };
        if reading.version.is_some() && near.is_empty() {
            let name = Filter {
                tools: reading.name.parse().into_iter().collect(),
                all_versions: true,
                ..any_version
            };
            near = connection
                .read(|connection| tools::list(connection, &name))?
                .iter()
                .filter(|tool| reading.platform.is_none_or(|it| it == tool.platform))
                .map(|tool| tool.identity().to_string())
                .collect();
        }
    }
    for reading in readings {
        if near.is_empty() {
            near = connection.read(|connection| tools::similar_names(connection, reading.name))?;
        }
    }
    let error = CommandError::not_found(format!("there is no tool `{reference}` in the catalog"));
    Ok(match near.is_empty() {
        true => error.hint("`toolcat list` shows what there is"),
        false => error.hint(format!("did you mean {}?", near.join(" or "))),
    })
}
