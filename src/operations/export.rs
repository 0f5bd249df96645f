//! Definitions out of the catalog.

use std::collections::{BTreeSet, HashMap};

use super::past::{self, At};
use super::{Kind, Refusal, Remedy};
use crate::definition::{Document, Identity};
use crate::format::{self, Format, LeftOut, Stream, Written};
use crate::store::replay::Versions;
use crate::store::tools::{self, Filter, Handle};
use crate::store::{Connection, Transaction};

/// Definitions that are read together: in memory one takes many times its text.
const PART: usize = 200;

/// What becomes one tool in a format of tools for models.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub enum OnePer {
    /// A whole tool, with the inputs of all its patterns.
    #[default]
    Tool,
    /// A pattern, such as an operation of an API.
    Pattern,
}

/// The definitions that a filter means, read some at a time in one state of the catalog.
pub struct Export<'a> {
    transaction: &'a mut Transaction,
    found: Found,
    at: Option<At>,
}

/// What was found, in the order of a list.
enum Found {
    /// Versions that are in the catalog; their definitions are still to be read.
    Present(Vec<Handle>),
    /// Versions as they were.
    Past(Versions),
}

/// Finds the tools that the filter means, as they are or as they were, and has `work` read their definitions in the
/// order of a list, all of one state. A past state is made from the audit log as a whole.
///
/// # Errors
/// [`Kind::NotFound`] if the filter names tools and the catalog has none of them, and for a revision that is
/// still to come; those of `work`.
pub fn run<T, E: From<Refusal>>(
    connection: &mut Connection,
    filter: &Filter,
    at: Option<At>,
    work: impl FnOnce(&mut Export<'_>) -> Result<T, E>,
) -> Result<T, E> {
    connection.snapshot(|transaction| {
        let found = match at {
            Some(at) => Found::Past(past::list(transaction, at, filter)?.0),
            None => Found::Present(tools::handles(transaction, filter)?),
        };
        let mut export = Export {
            transaction,
            found,
            at,
        };
        if export.identities().next().is_none() && !filter.tools.is_empty() {
            let message = match at {
                None => "no such tool in the catalog",
                Some(_) => "there was no such tool in the catalog then",
            };
            return Err(Refusal::new(Kind::NotFound, message).remedy(Remedy::ListTools));
        }
        Ok(work(&mut export))
    })?
}

impl Export<'_> {
    /// The versions that are still to be read.
    pub fn identities(&self) -> Box<dyn Iterator<Item = Identity> + '_> {
        match &self.found {
            Found::Present(handles) => Box::new(handles.iter().map(Handle::identity)),
            Found::Past(versions) => Box::new(versions.iter().map(|(tool, _)| tool.identity())),
        }
    }

    /// The next definitions; nothing at the end.
    ///
    /// # Errors
    /// Those of the database.
    pub fn next_part(&mut self) -> Result<Vec<(Identity, Document)>, Refusal> {
        match &mut self.found {
            Found::Present(handles) => {
                let part: Vec<Handle> = handles.drain(..handles.len().min(PART)).collect();
                definitions(self.transaction, &part)
            }
            Found::Past(versions) => {
                let part = versions.drain(..versions.len().min(PART));
                Ok(part.map(|(tool, it)| (tool.identity(), it)).collect())
            }
        }
    }

    /// What is still to be read as one text, given to `put` in parts; with what the format cannot carry. Definitions
    /// as YAML, JSON and JSON lines are in memory some at a time; the other formats need all of them at once.
    ///
    /// # Errors
    /// [`Kind::Invalid`] for a format that is only read, or that cannot hold them; those of `put`.
    pub fn text<E: From<Refusal>>(
        &mut self,
        format: Format,
        one_per: OnePer,
        mut put: impl FnMut(&str) -> Result<(), E>,
    ) -> Result<Vec<LeftOut>, E> {
        let stream = Stream::of(format).filter(|_| one_per == OnePer::Tool);
        let Some(mut stream) = stream else {
            let mut all = Vec::new();
            while let Some(mut part) = self.next_documents()? {
                all.append(&mut part);
            }
            let written = text(format, one_per, &all)?;
            put(&written.text)?;
            return Ok(written.notes);
        };
        while let Some(part) = self.next_documents()? {
            put(&stream.add(&part))?;
        }
        put(&stream.end())?;
        Ok(Vec::new())
    }

    fn next_documents(&mut self) -> Result<Option<Vec<Document>>, Refusal> {
        let part = self.next_part()?;
        let documents = part.into_iter().map(|(_, it)| it).collect();
        Ok(Some(documents).filter(|it: &Vec<_>| !it.is_empty()))
    }

    /// The tools of the catalog by platform and name, whatever the filter means.
    ///
    /// # Errors
    /// Those of the database.
    pub fn tools_of_catalog(&mut self) -> Result<BTreeSet<(String, String)>, Refusal> {
        let all = Filter::default();
        Ok(match self.at {
            Some(at) => (past::list(self.transaction, at, &all)?.0.into_iter())
                .map(|(it, _)| (it.platform, it.tool_name))
                .collect(),
            None => (tools::handles(self.transaction, &all)?.into_iter())
                .map(|it| (it.platform, it.tool_name))
                .collect(),
        })
    }
}

/// The definitions of those versions, in their order.
fn definitions(
    transaction: &mut Transaction,
    versions: &[Handle],
) -> Result<Vec<(Identity, Document)>, Refusal> {
    let ids: Vec<i64> = versions.iter().map(|it| it.id).collect();
    let place: HashMap<i64, usize> = ids.iter().enumerate().map(|(at, id)| (*id, at)).collect();
    let mut stored = tools::by_ids(transaction, &ids)?;
    stored.sort_by_key(|tool| place.get(&tool.id));
    let documents = tools::definitions(transaction, &stored)?;
    let identities = stored.iter().map(tools::StoredTool::identity);
    Ok(identities.zip(documents).collect())
}

/// Definitions as one text, with what the format cannot carry.
///
/// # Errors
/// [`Kind::Invalid`] for a format that is only read, that cannot hold them, or that has no tools for models.
pub fn text(format: Format, one_per: OnePer, documents: &[Document]) -> Result<Written, Refusal> {
    let refused = |message: String| Refusal::new(Kind::Invalid, message);
    match one_per {
        OnePer::Tool => format::write(format, documents).map_err(|it| refused(it.to_string())),
        OnePer::Pattern => {
            format::write_each_pattern(format, documents).map_err(|it| refused(it.to_string()))
        }
    }
}
