//! The candidates of a request: one round trip by capability; two by words, and two more where
//! another word stands for an unknown one.

use std::borrow::Cow;
use std::collections::HashMap;

use diesel::PgConnection;

use super::entry::{Entry, IndexedTool};
use super::read::{State, by_capability, entries, near, postings};
use super::vectors::kept;
use crate::definition::{DocumentError, Identity};
use crate::select::retrieval::{
    Analyzer, Encoding, Hit, Kept, Query, Ranking, Reader, Text, WordMemory, beginnings, order,
    rank,
};
use crate::select::search::{self, Found, RETRIEVED, Ranked, Words};
use crate::select::{Candidate, Pool, Request, Scope};
use crate::store::StoreError;

/// The candidates of a request; of those that words find the encoding judges the meaning. Where the state says that the
/// index is stale, there are none.
///
/// # Errors
/// Those of the database; [`StoreError::Definition`] if a stored policy cannot be read.
pub fn pool(
    connection: &mut PgConnection,
    request: &Request,
    encoding: &Encoding,
) -> Result<State<Pool>, StoreError> {
    if !request.scope.capabilities.is_empty() {
        return offered(connection, &request.scope);
    }
    let ranked = ranked(connection, &request.query)?;
    let mut ranking = ranked.found;
    let mut memory = WordMemory::default();
    let read = |ids: &[i64]| tools(connection, ids, encoding);
    let found = retrieved(&mut ranking, &request.scope, encoding, &mut memory, read)?.0;
    Ok(State {
        catalog: ranked.catalog,
        found: Pool::Retrieved {
            words: Words::of(&ranking),
            found,
        },
    })
}

/// Every tool that shares words with a request.
#[derive(Debug, Clone, PartialEq)]
pub struct Listed {
    /// Those that a selection judges, best first.
    pub best: Vec<Ranked>,
    /// The hits after them, in no order.
    pub rest: Vec<Hit>,
}

/// Every tool that shares words with a request: those that a selection judges, best first, then the hits after them.
///
/// # Errors
/// Those of the database; [`StoreError::Definition`] if a stored policy cannot be read.
pub fn listed(
    connection: &mut PgConnection,
    request: &str,
    encoding: &Encoding,
) -> Result<State<Listed>, StoreError> {
    let State { catalog, mut found } = ranked(connection, request)?;
    let read = |ids: &[i64]| tools(connection, ids, encoding);
    let (scope, mut memory) = (Scope::default(), WordMemory::default());
    let (best, seen) = retrieved(&mut found, &scope, encoding, &mut memory, read)?;
    let rest = found.hits.after(seen).to_vec();
    Ok(State {
        catalog,
        found: Listed {
            best: search::ranked(best),
            rest,
        },
    })
}

/// A tool that may be chosen, wherever it is kept.
pub(super) trait Eligible {
    /// Its name and platform, by which equals are ordered.
    fn name(&self) -> Option<(&str, &str)>;
    /// Whether it is within the scope, capabilities aside.
    fn is_within(&self, scope: &Scope) -> bool;
    /// The texts by which its patterns are told apart.
    fn text(&self) -> Cow<'_, Text>;
    /// The vectors of its texts, where they are kept.
    fn kept(&self) -> Option<&Kept>;
    /// Its candidates, in the order of the text.
    fn candidates(&self) -> Result<Vec<Candidate>, DocumentError>;
}

impl Eligible for IndexedTool {
    fn name(&self) -> Option<(&str, &str)> {
        let head = self.head()?;
        Some((&head.tool, &head.platform))
    }

    fn is_within(&self, scope: &Scope) -> bool {
        self.head().is_some_and(|head| admits(scope, head))
    }

    fn text(&self) -> Cow<'_, Text> {
        Cow::Owned(IndexedTool::text(self))
    }

    fn kept(&self) -> Option<&Kept> {
        self.kept.as_ref()
    }

    fn candidates(&self) -> Result<Vec<Candidate>, DocumentError> {
        let mut candidates = Vec::new();
        for (capability, entry, _) in &self.capabilities {
            candidates.extend(entry.candidates(capability)?);
        }
        Ok(candidates)
    }
}

/// The tools of those row numbers, by number.
fn tools(
    connection: &mut PgConnection,
    ids: &[i64],
    encoding: &Encoding,
) -> Result<HashMap<i64, IndexedTool>, StoreError> {
    let found = entries(connection, ids)?;
    let mut kept = kept(connection, encoding, ids)?;
    let tools = found.into_iter().map(|mut tool| {
        tool.kept = kept.remove(&tool.id);
        (tool.id, tool)
    });
    Ok(tools.collect())
}

/// The tools that are judged, and how many hits were read for them.
pub(super) fn retrieved<T: Eligible>(
    ranking: &mut Ranking,
    scope: &Scope,
    encoding: &Encoding,
    memory: &mut WordMemory,
    mut read: impl FnMut(&[i64]) -> Result<HashMap<i64, T>, StoreError>,
) -> Result<(Vec<Found>, usize), StoreError> {
    let mut found: Vec<Found> = Vec::new();
    let mut seen = 0;
    let mut wanted = RETRIEVED;
    let Ranking {
        hits,
        weights,
        asked,
        ..
    } = ranking;
    let mut reader = Reader::of(weights, asked, encoding.as_deref(), memory);
    // Where the scope turns tools away, more of the hits are read, until enough remain.
    while found.len() < RETRIEVED && seen < hits.len() {
        let best = hits.top(wanted);
        let ids: Vec<i64> = best[seen..].iter().map(|hit| hit.doc).collect();
        let tools = read(&ids)?;
        found.extend(tools_of(&tools, &best[seen..], scope, &mut reader)?);
        seen = best.len();
        wanted = seen.saturating_mul(4);
    }
    found.truncate(RETRIEVED);
    Ok((found, seen))
}

fn offered(connection: &mut PgConnection, scope: &Scope) -> Result<State<Pool>, StoreError> {
    let state = by_capability(connection, &scope.capabilities)?;
    let mut candidates = Vec::new();
    for offer in &state.found {
        if scope.admits_all() || admits(scope, &offer.entry) {
            candidates.extend(offer.entry.candidates(&offer.capability)?);
        }
    }
    Ok(State {
        catalog: state.catalog,
        found: Pool::Offered(candidates),
    })
}

/// The ranking of all tools for the words; equal scores are not settled yet.
fn ranked(connection: &mut PgConnection, request: &str) -> Result<State<Ranking>, StoreError> {
    let mut query = Query::parse(&mut Analyzer::new(), request);
    let terms = query.terms();
    let State { catalog, found } = postings(connection, &terms)?;
    let mut lists = found.lists;
    let unknown = query.unknown(&lists);
    if !unknown.is_empty() {
        let near = near(connection, &guesses(&unknown))?;
        for term in &unknown {
            query.relate(term, near.iter().map(String::as_str));
        }
        let mut more = query.terms();
        more.retain(|term| !terms.contains(term));
        if !more.is_empty() {
            lists.extend(postings(connection, &more)?.found.lists);
        }
    }
    Ok(State {
        catalog,
        found: rank(&query, &found.stats, &lists),
    })
}

/// Each unknown term, with the letters that a term in its place may begin with.
pub(super) fn guesses(unknown: &[String]) -> Vec<(String, String)> {
    let guesses = |term: &String| -> Vec<(String, String)> {
        let beginnings = beginnings(term).into_iter();
        beginnings.map(|it| (term.clone(), it.to_owned())).collect()
    };
    unknown.iter().flat_map(guesses).collect()
}

/// The tools of those hits that are within the scope, equal ones by name.
fn tools_of<T: Eligible>(
    tools: &HashMap<i64, T>,
    hits: &[Hit],
    scope: &Scope,
    reader: &mut Reader,
) -> Result<Vec<Found>, StoreError> {
    let mut hits = hits.to_vec();
    order(&mut hits, |id| tools.get(&id).and_then(T::name));
    let mut found = Vec::new();
    for hit in hits {
        let Some(tool) = tools.get(&hit.doc) else {
            continue;
        };
        if !tool.is_within(scope) {
            continue;
        }
        let candidates = tool.candidates()?;
        if !candidates.is_empty() {
            let said = (&*tool.text(), tool.kept());
            found.push(Found::new(reader, &hit, said, candidates));
        }
    }
    Ok(found)
}

pub(super) fn admits(scope: &Scope, entry: &Entry) -> bool {
    let identity = Identity {
        platform: entry.platform.clone(),
        name: entry.tool.clone(),
        version: entry.version.clone(),
    };
    scope.admits(&identity, |tag| entry.tags.iter().any(|it| it == tag))
}
