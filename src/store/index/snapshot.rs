//! The index of selection in memory, as it was at one revision: it answers what the index in the
//! database answers, without a trip, and never changes. A later one shares what stayed the same.

use std::borrow::Cow;
use std::collections::{BTreeMap, HashMap, HashSet};
use std::sync::{Arc, Mutex, OnceLock};

use diesel::prelude::*;
use diesel::sql_types::{BigInt, Bytea, Text as SqlText};

use super::load::{Loaded, Texts, load};
use super::pool::{Eligible, guesses, retrieved};
use super::read::{StateRow, add, after_all_with, no_state};
use super::refresh::{EVERY_TOOL, analyzed, every_tool};
use super::vectors::kept;
use crate::definition::{DocumentError, Identity};
use crate::select::retrieval::{
    Analyzer, Encoding, Kept, Lists, PostingList, Postings, Query, Ranking, Stats, Text,
    WordMemory, order, rank,
};
use crate::select::search::{self, Found, Ranked, Words, relevance_of_text};
use crate::select::{Candidate, Pool, Request, Scope};
use crate::store::StoreError;

/// So many tools are read at once: memory for rows does not grow with the catalog.
const BATCH: usize = 1000;

/// Where more tools than this have changed, everything is read anew.
const MANY: usize = 2000;

/// What may be chosen, and the words that lead to it, at one revision of the catalog.
#[derive(Clone)]
pub struct Snapshot {
    revision: i64,
    documents: u64,
    total_length: u64,
    tools: HashMap<i64, Arc<Tool>>,
    offers: HashMap<String, Arc<Vec<i64>>>,
    terms: Terms,
    encoding: Encoding,
    memories: Memories,
}

/// The words that answers have met: a memory for each processor, so that answers made at the same time have one.
type Memories = Arc<Mutex<Vec<WordMemory>>>;

/// The postings of each term, in byte order of the terms.
#[derive(Clone, Default)]
struct Terms(BTreeMap<Arc<str>, Arc<PostingList>>);

impl Lists for Terms {
    fn get(&self, term: &str) -> Option<&PostingList> {
        self.0.get(term).map(|list| &**list)
    }
}

/// A tool that may be chosen.
struct Tool {
    identity: Identity,
    tags: Vec<String>,
    text: Text,
    /// The vectors of its texts: as they are kept, or made when they are first asked for.
    kept: OnceLock<Kept>,
    encoding: Encoding,
    /// Each capability with its candidates; an error where one was changed by hand into something that
    /// cannot be read.
    capabilities: Vec<(String, Result<Vec<Candidate>, DocumentError>)>,
}

impl Eligible for Arc<Tool> {
    fn name(&self) -> Option<(&str, &str)> {
        Some((&self.identity.name, &self.identity.platform))
    }

    fn is_within(&self, scope: &Scope) -> bool {
        scope.admits(&self.identity, |tag| self.tags.iter().any(|it| it == tag))
    }

    fn text(&self) -> Cow<'_, Text> {
        Cow::Borrowed(&self.text)
    }

    fn kept(&self) -> Option<&Kept> {
        let encoder = self.encoding.as_deref()?;
        let make = || Kept::of(encoder, &self.text.sentences());
        Some(self.kept.get_or_init(make))
    }

    fn candidates(&self) -> Result<Vec<Candidate>, DocumentError> {
        let mut all = Vec::new();
        for (_, candidates) in &self.capabilities {
            all.extend(candidates.clone()?);
        }
        Ok(all)
    }
}

#[derive(QueryableByName)]
struct StatsRow {
    #[diesel(embed)]
    state: StateRow,
    #[diesel(sql_type = BigInt)]
    documents: i64,
    #[diesel(sql_type = BigInt)]
    total_length: i64,
}

#[derive(QueryableByName)]
struct TermRow {
    #[diesel(sql_type = SqlText)]
    term: String,
    #[diesel(sql_type = Bytea)]
    postings: Vec<u8>,
}

#[derive(QueryableByName)]
struct ChangedRow {
    #[diesel(sql_type = BigInt)]
    id: i64,
}

impl Snapshot {
    /// Reads the whole of it; the encoding judges meaning. Call within one consistent state of the catalog.
    ///
    /// # Errors
    /// Those of the database; [`StoreError::Definition`] if postings cannot be read.
    pub fn load(connection: &mut PgConnection, encoding: &Encoding) -> Result<Self, StoreError> {
        let row = state(connection)?;
        let state = row.state.into_state();
        let mut snapshot = Self {
            revision: state.revision,
            documents: 0,
            total_length: 0,
            tools: HashMap::new(),
            offers: HashMap::new(),
            terms: Terms::default(),
            encoding: encoding.clone(),
            memories: Memories::default(),
        };
        let ids: Vec<i64> = every_tool(connection)?.iter().map(|it| it.id).collect();
        let mut offers = HashMap::new();
        for part in ids.chunks(BATCH) {
            let loaded = load(connection, part, Texts::Read)?;
            if !state.fresh {
                snapshot.add_words(&loaded);
            }
            let mut kept = kept(connection, encoding, part)?;
            for tool in loaded {
                let kept = kept.remove(&tool.id);
                snapshot.add_tool(tool, kept, &mut offers);
            }
        }
        snapshot.offers = (offers.into_iter())
            .map(|(name, ids)| (name, Arc::new(ids)))
            .collect();
        if state.fresh {
            snapshot.read_words(connection)?;
            snapshot.documents = u64::try_from(row.documents).unwrap_or(0);
            snapshot.total_length = u64::try_from(row.total_length).unwrap_or(0);
        }
        Ok(snapshot)
    }

    /// The catalog as it is now; `None` if it is as this shows it. Call within one consistent state
    /// of the catalog.
    ///
    /// # Errors
    /// As [`load`](Self::load).
    pub fn renewed(&self, connection: &mut PgConnection) -> Result<Option<Self>, StoreError> {
        let now = state(connection)?.state.into_state().revision;
        if now == self.revision {
            return Ok(None);
        }
        if now < self.revision {
            return Self::load(connection, &self.encoding).map(Some);
        }
        let changed: Vec<ChangedRow> = diesel::sql_query(
            "SELECT DISTINCT CASE entity WHEN 'tool' THEN entity_id ELSE tool_id END AS id \
             FROM tool_audit_log \
             WHERE revision > $1 AND entity IN ('tool', 'capability', 'pattern') \
               AND CASE entity WHEN 'tool' THEN entity_id ELSE tool_id END IS NOT NULL",
        )
        .bind::<BigInt, _>(self.revision)
        .load(connection)?;
        if changed.len() > MANY {
            return Self::load(connection, &self.encoding).map(Some);
        }
        let ids: Vec<i64> = changed.iter().map(|row| row.id).collect();
        let loaded = load(connection, &ids, Texts::Read)?;
        let mut next = self.clone();
        next.revision = now;
        next.remove(&ids);
        next.add_words(&loaded);
        let mut offers = HashMap::new();
        let mut kept = kept(connection, &self.encoding, &ids)?;
        for tool in loaded {
            let kept = kept.remove(&tool.id);
            next.add_tool(tool, kept, &mut offers);
        }
        for (name, ids) in offers {
            let list = next.offers.entry(name).or_default();
            Arc::make_mut(list).extend(ids);
        }
        Ok(Some(next))
    }

    /// The revision of the catalog that it shows.
    pub fn revision(&self) -> i64 {
        self.revision
    }

    /// How many tools may be chosen.
    pub fn len(&self) -> usize {
        self.tools.len()
    }

    /// Whether no tool may be chosen.
    pub fn is_empty(&self) -> bool {
        self.tools.is_empty()
    }

    /// The candidates of a request.
    ///
    /// # Errors
    /// [`StoreError::Definition`] if a stored policy cannot be read.
    pub fn pool(&self, request: &Request) -> Result<Pool, StoreError> {
        if !request.scope.capabilities.is_empty() {
            return self.offered(&request.scope);
        }
        let mut ranking = self.ranking(&request.query);
        let found = self.retrieved(&mut ranking, &request.scope)?.0;
        Ok(Pool::Retrieved {
            words: Words::of(&ranking),
            found,
        })
    }

    /// The tools that share words with a request, best first.
    ///
    /// # Errors
    /// As [`pool`](Self::pool).
    pub fn ranked(&self, query: &str) -> Result<Vec<Ranked>, StoreError> {
        let mut ranking = self.ranking(query);
        let (best, seen) = self.retrieved(&mut ranking, &Scope::default())?;
        let mut rest = ranking.hits.after(seen).to_vec();
        order(&mut rest, |id| self.tools.get(&id).and_then(Eligible::name));
        let rest = rest.iter().filter_map(|hit| {
            let identity = &self.tools.get(&hit.doc)?.identity;
            Some(Ranked {
                tool: identity.name.clone(),
                platform: identity.platform.clone(),
                relevance: relevance_of_text(hit.strength),
            })
        });
        Ok(search::ranked(best).into_iter().chain(rest).collect())
    }

    /// The tools that are judged, and how many hits were read for them.
    fn retrieved(
        &self,
        ranking: &mut Ranking,
        scope: &Scope,
    ) -> Result<(Vec<Found>, usize), StoreError> {
        let kept = self.memories.lock().ok().and_then(|mut it| it.pop());
        let mut memory = kept.unwrap_or_default();
        let read = |ids: &[i64]| Ok(self.pick(ids));
        let found = retrieved(ranking, scope, &self.encoding, &mut memory, read);
        if !memory.is_full()
            && let Ok(mut memories) = self.memories.lock()
            && memories.len() < rayon::current_num_threads()
        {
            memories.push(memory);
        }
        found
    }

    fn offered(&self, scope: &Scope) -> Result<Pool, StoreError> {
        let mut seen = HashSet::new();
        let mut candidates = Vec::new();
        for name in scope.capabilities.iter().filter(|it| seen.insert(*it)) {
            let offers = self.offers.get(name).map(|it| it.as_slice());
            for tool in offers
                .unwrap_or_default()
                .iter()
                .filter_map(|id| self.tools.get(id))
            {
                if !scope.admits_all() && !tool.is_within(scope) {
                    continue;
                }
                for (_, held) in tool.capabilities.iter().filter(|(it, _)| it == name) {
                    candidates.extend(held.clone()?);
                }
            }
        }
        Ok(Pool::Offered(candidates))
    }

    fn ranking(&self, request: &str) -> Ranking {
        let mut query = Query::parse(&mut Analyzer::new(), request);
        let unknown = query.unknown(&self.terms);
        let near: Vec<&str> = (guesses(&unknown).iter())
            .flat_map(|(term, start)| self.near(term, start))
            .collect();
        for term in &unknown {
            query.relate(term, near.iter().copied());
        }
        let stats = Stats {
            documents: self.documents,
            total_length: self.total_length,
        };
        rank(&query, &stats, &self.terms)
    }

    /// The terms that may stand for an unknown one, as the database picks them.
    fn near(&self, term: &str, start: &str) -> impl Iterator<Item = &str> {
        let letters = term.chars().count();
        let lengths = letters.saturating_sub(2)..=letters * 5 / 3;
        let (low, high): (Arc<str>, Arc<str>) = (start.into(), after_all_with(start).into());
        let terms = self.terms.0.range(low..high).map(|(term, _)| &**term);
        terms.filter(move |it| lengths.contains(&it.chars().count()))
    }

    fn pick(&self, ids: &[i64]) -> HashMap<i64, Arc<Tool>> {
        let tool = |id: &i64| Some((*id, Arc::clone(self.tools.get(id)?)));
        ids.iter().filter_map(tool).collect()
    }

    /// Reads the words as the database keeps them.
    fn read_words(&mut self, connection: &mut PgConnection) -> Result<(), StoreError> {
        let rows: Vec<TermRow> =
            diesel::sql_query("SELECT term, postings FROM search_terms ORDER BY term, block")
                .load(connection)?;
        let mut lists = Postings::new();
        for row in rows {
            add(&mut lists, row.term, &row.postings)?;
        }
        lists.remove(EVERY_TOOL);
        let lists = lists.into_iter().filter(|(_, list)| !list.is_empty());
        self.terms.0 = lists
            .map(|(term, list)| (term.into(), Arc::new(list)))
            .collect();
        Ok(())
    }

    fn add_words(&mut self, tools: &[Loaded]) {
        for (tool, (terms, length)) in tools.iter().zip(analyzed(tools)) {
            self.documents += 1;
            self.total_length += u64::from(length);
            for term in terms {
                let list = self.terms.0.entry(term.term.as_str().into()).or_default();
                Arc::make_mut(list).insert_use(tool.id, length, &term);
            }
        }
    }

    fn add_tool(
        &mut self,
        tool: Loaded,
        kept: Option<Kept>,
        offers: &mut HashMap<String, Vec<i64>>,
    ) {
        let Some((_, head, _)) = tool.capabilities.first() else {
            return;
        };
        let identity = Identity {
            platform: head.platform.clone(),
            name: head.tool.clone(),
            version: head.version.clone(),
        };
        let capabilities = tool.capabilities.iter().map(|(name, entry, _)| {
            offers.entry(name.clone()).or_default().push(tool.id);
            (name.clone(), entry.candidates(name))
        });
        let made = Tool {
            capabilities: capabilities.collect(),
            identity,
            tags: head.tags.clone(),
            text: tool.text,
            kept: kept.map(OnceLock::from).unwrap_or_default(),
            encoding: self.encoding.clone(),
        };
        self.tools.insert(tool.id, Arc::new(made));
    }

    /// Takes tools out, with their words.
    fn remove(&mut self, ids: &[i64]) {
        for id in ids {
            let Some(tool) = self.tools.remove(id) else {
                continue;
            };
            for (name, _) in &tool.capabilities {
                if let Some(list) = self.offers.get_mut(name) {
                    Arc::make_mut(list).retain(|it| it != id);
                }
            }
        }
        let gone: HashSet<i64> = ids.iter().copied().collect();
        let mut lengths: HashMap<i64, u32> = HashMap::new();
        self.terms.0.retain(|_, list| {
            let holds = match ids.len() < list.len() {
                true => ids.iter().any(|id| list.get(*id).is_some()),
                false => list.entries().iter().any(|it| gone.contains(&it.doc)),
            };
            if holds {
                // Made anew, so that it does not keep the positions of what is gone.
                let mut left = PostingList::new();
                for entry in list.entries() {
                    if gone.contains(&entry.doc) {
                        lengths.insert(entry.doc, entry.length);
                    } else {
                        let positions = list.positions(entry);
                        left.insert(entry.doc, entry.length, entry.frequency, positions);
                    }
                }
                *list = Arc::new(left);
            }
            !list.is_empty()
        });
        self.offers.retain(|_, list| !list.is_empty());
        self.documents -= u64::try_from(lengths.len()).unwrap_or(0);
        self.total_length -= lengths.values().map(|it| u64::from(*it)).sum::<u64>();
    }
}

fn state(connection: &mut PgConnection) -> Result<StatsRow, StoreError> {
    diesel::sql_query(
        "SELECT revision, indexed_revision, index_format, migration, documents, total_length \
         FROM catalog_state",
    )
    .get_result(connection)
    .optional()?
    .ok_or_else(no_state)
}
