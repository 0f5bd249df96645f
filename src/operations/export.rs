//! Definitions out of the catalog.

use super::{Kind, Refusal, Remedy};
use crate::definition::{Document, Identity};
use crate::format::{self, Format, Written};
use crate::store::Connection;
use crate::store::tools::{self, Filter, StoredTool};

/// The definitions of the tools that the filter means, in the order of a list.
///
/// # Errors
/// [`Kind::NotFound`] if the filter names tools and the catalog has none of them.
pub fn definitions(
    connection: &mut Connection,
    filter: &Filter,
) -> Result<Vec<(Identity, Document)>, Refusal> {
    let (stored, documents) = connection.read_consistently(|connection| {
        let stored = tools::list(connection, filter)?;
        let documents = tools::definitions(connection, &stored)?;
        Ok((stored, documents))
    })?;
    if stored.is_empty() && !filter.tools.is_empty() {
        let message = "no such tool in the catalog";
        return Err(Refusal::new(Kind::NotFound, message).remedy(Remedy::ListTools));
    }
    let identities = stored.iter().map(StoredTool::identity);
    Ok(identities.zip(documents).collect())
}

/// Definitions as one text, with what the format cannot carry.
///
/// # Errors
/// [`Kind::Invalid`] for a format that is only read, or that cannot hold them.
pub fn text(format: Format, documents: &[Document]) -> Result<Written, Refusal> {
    format::write(format, documents).map_err(|error| Refusal::new(Kind::Invalid, error.to_string()))
}

/// The same with each pattern as a tool of its own, for models that call the tools themselves.
///
/// # Errors
/// [`Kind::Invalid`] for a format that has no such tools.
pub fn text_of_patterns(format: Format, documents: &[Document]) -> Result<Written, Refusal> {
    format::write_each_pattern(format, documents)
        .map_err(|error| Refusal::new(Kind::Invalid, error.to_string()))
}
