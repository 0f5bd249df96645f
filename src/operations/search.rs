//! Tools by words: those that may be chosen by the catalog's index, the others by one that is made
//! for the search.

use serde::Serialize;

use super::Refusal;
use super::select::catalog::{ATTEMPTS, in_order};
use super::select::files::text_of;
use crate::definition::{Document, Status, ToolRef};
use crate::select::retrieval::{Encoding, Index};
use crate::select::search::{Ranked, relevance_of_text};
use crate::store::index::{self, Listed};
use crate::store::tools::{self, Filter, StoredTool};
use crate::store::{Connection, StoreError};

/// How many tools are looked up at a time.
const CHUNK: usize = 200;

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
    /// The version.
    pub version: String,
    /// The chance that it is what was meant, 0 to 1.
    pub relevance: f64,
    /// testing, active, deprecated ...
    pub status: String,
    /// Whether it is switched on.
    pub enabled: bool,
    /// Names of its capabilities.
    pub capabilities: Vec<String>,
    /// What it does.
    pub description: String,
}

impl Hit {
    fn new(stored: &StoredTool, relevance: f64, capabilities: Vec<String>) -> Self {
        Self {
            platform: stored.platform.clone(),
            tool: stored.tool_name.clone(),
            version: stored.version.clone(),
            relevance,
            status: stored.status.clone(),
            enabled: stored.enabled,
            capabilities,
            description: stored.description.clone(),
        }
    }
}

/// The tools that the words are about, the best first; equals by name. The encoding judges their meaning.
///
/// # Errors
/// [`NoDatabase`](super::Kind::NoDatabase).
pub fn run(
    connection: &mut Connection,
    request: &Request,
    encoding: &Encoding,
) -> Result<Vec<Hit>, Refusal> {
    let limit = request.limit.unwrap_or(usize::MAX);
    let chosen = match request.filter.all_versions {
        true => None,
        false => chosen_from(connection, request, limit, encoding)?,
    };
    let Some(mut hits) = chosen else {
        let tools = tools_within(connection, std::slice::from_ref(&request.filter))?;
        return Ok(among(&tools, &request.words, limit));
    };
    let others = tools_within(connection, &left_out(&request.filter))?;
    if !others.is_empty() {
        hits.extend(among(&others, &request.words, limit));
        hits.sort_by(|a, b| {
            let by_relevance = b.relevance.total_cmp(&a.relevance);
            by_relevance.then_with(|| (&a.tool, &a.platform).cmp(&(&b.tool, &b.platform)))
        });
        hits.truncate(limit);
    }
    Ok(hits)
}

/// Tools that may be chosen, by the catalog's index; `None` if it cannot be brought up to date now.
fn chosen_from(
    connection: &mut Connection,
    request: &Request,
    limit: usize,
    encoding: &Encoding,
) -> Result<Option<Vec<Hit>>, Refusal> {
    let filter = &request.filter;
    let statuses = &filter.statuses;
    let active = statuses.is_empty() || statuses.iter().any(|it| it == Status::Active.as_str());
    if !active || filter.enabled == Some(false) {
        return Ok(Some(Vec::new()));
    }
    let Some(listed) = listed(connection, &request.words, encoding)? else {
        return Ok(None);
    };
    let wanted = match *filter == Filter::default() {
        true => limit,
        false => usize::MAX,
    };
    let ranked = in_order(connection, listed, &mut None, wanted)?;
    let mut hits = Vec::new();
    for ranked in ranked.chunks(CHUNK) {
        let reference = |it: &Ranked| format!("{}/{}", it.platform, it.tool).parse::<ToolRef>();
        let these = Filter {
            tools: ranked.iter().flat_map(reference).collect(),
            ..filter.clone()
        };
        let (stored, mut capabilities) = connection.read(|connection| {
            let stored = tools::list(connection, &these)?;
            let ids: Vec<i64> = stored.iter().map(|it| it.id).collect();
            let names = tools::capability_names(connection, &ids)?;
            Ok((stored, names))
        })?;
        for it in ranked {
            let same = |stored: &&StoredTool| {
                (&stored.platform, &stored.tool_name) == (&it.platform, &it.tool)
            };
            let meant = |tool: &&StoredTool| {
                filter.tools.is_empty()
                    || filter.tools.iter().any(|it| it.matches(&tool.identity()))
            };
            let Some(stored) = stored.iter().find(same).filter(meant) else {
                continue;
            };
            let capabilities = capabilities.remove(&stored.id).unwrap_or_default();
            hits.push(Hit::new(stored, it.relevance, capabilities));
            if hits.len() == limit {
                return Ok(Some(hits));
            }
        }
    }
    Ok(Some(hits))
}

/// What the index finds, brought up to date if need be.
fn listed(
    connection: &mut Connection,
    words: &str,
    encoding: &Encoding,
) -> Result<Option<Listed>, Refusal> {
    for _ in 0..ATTEMPTS {
        let state = connection.direct(|connection| index::listed(connection, words, encoding))?;
        if state.catalog.fresh {
            return Ok(Some(state.found));
        }
        match connection.refresh_index() {
            Ok(true) => {}
            // Another transaction writes, or the role may only read.
            Ok(false) | Err(StoreError::Forbidden(_)) => break,
            Err(error) => return Err(error.into()),
        }
    }
    Ok(None)
}

/// Filters for the tools that may not be chosen: those of another status, and those switched off.
fn left_out(filter: &Filter) -> Vec<Filter> {
    let active = Status::Active.as_str();
    let mut statuses = filter.statuses.clone();
    if statuses.is_empty() {
        statuses = Status::ALL
            .iter()
            .map(|it| it.as_str().to_owned())
            .collect();
    }
    let of_active = statuses.iter().any(|it| it == active);
    statuses.retain(|it| it != active);
    let mut filters = Vec::new();
    if of_active && filter.enabled != Some(true) {
        filters.push(Filter {
            statuses: vec![active.to_owned()],
            enabled: Some(false),
            ..filter.clone()
        });
    }
    if !statuses.is_empty() {
        filters.push(Filter {
            statuses,
            ..filter.clone()
        });
    }
    filters
}

/// The tools within the filters, with their definitions.
fn tools_within(
    connection: &mut Connection,
    filters: &[Filter],
) -> Result<Vec<(StoredTool, Document)>, Refusal> {
    let found = connection.snapshot::<_, StoreError>(|connection| {
        let mut stored = Vec::new();
        for filter in filters {
            stored.extend(tools::list(connection, filter)?);
        }
        let documents = tools::definitions(connection, &stored)?;
        Ok(stored.into_iter().zip(documents).collect())
    })?;
    Ok(found)
}

/// The best of some tools, by an index of their own.
fn among(tools: &[(StoredTool, Document)], words: &str, limit: usize) -> Vec<Hit> {
    let read = tools.iter().filter_map(|(stored, document)| {
        // What was changed by hand into something other than a definition cannot be found by its words.
        Some((stored, document.to_tool().ok()?))
    });
    let read: Vec<_> = read.collect();
    let texts: Vec<_> = read.iter().map(|(_, tool)| text_of(tool)).collect();
    let mut ranking = Index::build(&texts).search(words);
    let hits = ranking.hits.all().iter().take(limit).filter_map(|hit| {
        let (stored, tool) = read.get(usize::try_from(hit.doc).ok()?)?;
        let relevance = if hit.exact {
            1.0
        } else {
            relevance_of_text(hit.strength)
        };
        let capabilities = tool.capabilities.keys().cloned().collect();
        Some(Hit::new(stored, relevance, capabilities))
    });
    hits.collect()
}
