//! Definitions out of the catalog.

use std::collections::BTreeSet;

use super::past::{self, At};
use super::{Kind, Refusal, Remedy};
use crate::definition::{Document, Identity};
use crate::format::{self, Format, Written};
use crate::store::Connection;
use crate::store::replay::Versions;
use crate::store::tools::{self, Filter, StoredTool};

/// The definitions of the tools that the filter means, as they are or as they were, in the order of a list.
///
/// # Errors
/// [`Kind::NotFound`] if the filter names tools and the catalog has none of them, and for a revision that is
/// still to come.
pub fn definitions(
    connection: &mut Connection,
    filter: &Filter,
    at: Option<At>,
) -> Result<Vec<(Identity, Document)>, Refusal> {
    let found: Versions = connection.snapshot(|transaction| match at {
        Some(at) => Ok::<_, Refusal>(past::list(transaction, at, filter)?.0),
        None => {
            let stored = tools::list(transaction, filter)?;
            let documents = tools::definitions(transaction, &stored)?;
            Ok(stored.into_iter().zip(documents).collect())
        }
    })?;
    if found.is_empty() && !filter.tools.is_empty() {
        let message = match at {
            None => "no such tool in the catalog",
            Some(_) => "there was no such tool in the catalog then",
        };
        return Err(Refusal::new(Kind::NotFound, message).remedy(Remedy::ListTools));
    }
    let named = |(tool, document): (StoredTool, Document)| (tool.identity(), document);
    Ok(found.into_iter().map(named).collect())
}

/// The tools of the catalog by platform and name, as they are or as they were.
///
/// # Errors
/// [`Kind::NotFound`] for a revision that is still to come.
pub fn tools_of(
    connection: &mut Connection,
    at: Option<At>,
) -> Result<BTreeSet<(String, String)>, Refusal> {
    let all = Filter::default();
    connection.snapshot(|transaction| {
        Ok(match at {
            Some(at) => (past::list(transaction, at, &all)?.0.into_iter())
                .map(|(it, _)| (it.platform, it.tool_name))
                .collect(),
            None => (tools::handles(transaction, &all)?.into_iter())
                .map(|it| (it.platform, it.tool_name))
                .collect(),
        })
    })
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
