//! Tools by words, ranked as a selection ranks them.

use serde::Serialize;

use super::Refusal;
use super::select::files::text_of;
use crate::definition::Document;
use crate::select::retrieval::Index;
use crate::store::tools::{self, Filter};
use crate::store::{Connection, StoreError};

/// What is looked for.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Request {
    /// Words of names, capabilities, descriptions, use cases and tags.
    pub words: String,
    /// Among which tools.
    pub filter: Filter,
    /// The most tools that are found.
    pub limit: Option<usize>,
}

/// A tool that was found.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Hit {
    /// Where it runs.
    pub platform: String,
    /// Its name.
    pub tool: String,
    /// The version of the definition.
    pub version: String,
    /// 0 to 1.
    pub relevance: f64,
    /// active, deprecated, disabled, testing.
    pub status: String,
    /// Whether it may be selected.
    pub enabled: bool,
    /// Its capabilities, in the order of the definition.
    pub capabilities: Vec<String>,
    /// What it is for.
    pub description: String,
}

/// The tools that the words are about, the best first.
///
/// # Errors
/// [`NoDatabase`](super::Kind::NoDatabase).
pub fn run(connection: &mut Connection, request: &Request) -> Result<Vec<Hit>, Refusal> {
    let (stored, documents) = connection.snapshot::<_, StoreError>(|connection| {
        let stored = tools::list(connection, &request.filter)?;
        let documents = tools::definitions(connection, &stored)?;
        Ok((stored, documents))
    })?;
    let tools = documents
        .iter()
        .map(Document::to_tool)
        .collect::<Result<Vec<_>, _>>()
        .map_err(StoreError::from)?;
    let texts: Vec<_> = tools.iter().map(text_of).collect();
    let ranking = Index::build(&texts).search(&request.words);
    let limit = request.limit.unwrap_or(usize::MAX);
    let hits = ranking.hits.iter().take(limit).filter_map(|hit| {
        let place = usize::try_from(hit.doc).ok()?;
        let (tool, stored) = (tools.get(place)?, stored.get(place)?);
        Some(Hit {
            platform: stored.platform.clone(),
            tool: stored.tool_name.clone(),
            version: stored.version.clone(),
            relevance: hit.relevance,
            status: stored.status.clone(),
            enabled: stored.enabled,
            capabilities: tool.capabilities.keys().cloned().collect(),
            description: stored.description.clone(),
        })
    });
    Ok(hits.collect())
}
