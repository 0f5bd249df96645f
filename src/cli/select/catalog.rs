//! Candidates from the catalog: one round trip by capability, two by words.

use std::collections::HashMap;

use diesel::PgConnection;

use crate::definition::{Document, Identity};
use crate::select::retrieval::{Analyzer, Hit, Query, Ranking, neighbour_prefix, order, rank, top};
use crate::select::search::{Found, RETRIEVED};
use crate::select::{Candidate, Pool, Request};
use crate::store::index::{self, Entry, IndexedTool, State};
use crate::store::tools::{Filter, list};
use crate::store::{Connection, StoreError, migrate};

use super::files::Files;
use super::source::Pooled;
use super::{CommandError, Session};

/// How often a stale index is brought up to date before a selection does without.
const ATTEMPTS: usize = 3;

/// The catalog, as a selection reads it.
pub struct Catalog {
    connection: Connection,
    /// The whole catalog, where the role may not bring the index up to date.
    whole: Option<(i64, Files)>,
    /// Names and platforms by row number, read once for an evaluation.
    names: Option<HashMap<i64, (String, String)>>,
}

/// What one statement found, or everything, where the index cannot be used.
enum Read<T> {
    Indexed(State<T>),
    Whole,
}

impl Catalog {
    /// Connects; nothing is read yet.
    ///
    /// # Errors
    /// Where there is no database.
    pub fn open(session: &Session) -> Result<Self, CommandError> {
        Ok(Self {
            connection: session.open()?,
            whole: None,
            names: None,
        })
    }

    /// The connection, for what is asked beside the candidates.
    pub fn connection(&mut self) -> &mut Connection {
        &mut self.connection
    }

    /// The candidates of a request.
    ///
    /// # Errors
    /// As the queries.
    pub fn pool(&mut self, request: &Request, session: &Session) -> Result<Pooled, CommandError> {
        if request.scope.capabilities.is_empty() {
            self.by_words(request, session)
        } else {
            self.by_capability(request, session)
        }
    }

    fn by_capability(
        &mut self,
        request: &Request,
        session: &Session,
    ) -> Result<Pooled, CommandError> {
        let scope = &request.scope;
        let capabilities = &scope.capabilities;
        let state = match self.read(session, |connection| {
            index::by_capability(connection, capabilities)
        })? {
            Read::Indexed(state) => state,
            Read::Whole => return self.from_whole(request),
        };
        let mut candidates: Vec<Candidate> = Vec::new();
        for offer in &state.found {
            if scope.admits_all() || admits(request, &offer.entry) {
                let offered = offer.entry.candidates(&offer.capability);
                candidates.extend(offered.map_err(StoreError::from)?);
            }
        }
        Ok(Pooled {
            pool: Pool::Offered(candidates),
            revision: Some(state.catalog.revision),
        })
    }

    fn by_words(&mut self, request: &Request, session: &Session) -> Result<Pooled, CommandError> {
        let Some((revision, ranking)) = self.rank(&request.query, session)? else {
            return self.from_whole(request);
        };
        let mut found: Vec<Found> = Vec::new();
        let mut seen = 0;
        let mut wanted = RETRIEVED;
        // Where the scope turns tools away, more of the hits are read, until enough remain.
        while found.len() < RETRIEVED && seen < ranking.hits.len() {
            let hits = top(&ranking.hits, wanted);
            found.extend(self.found(&hits[seen..], request)?);
            seen = hits.len();
            wanted = seen.saturating_mul(4);
        }
        found.truncate(RETRIEVED);
        Ok(Pooled {
            pool: Pool::Retrieved {
                ranking: Box::new(ranking),
                found,
            },
            revision: Some(revision),
        })
    }

    /// The tools of those hits that are within the scope, equal ones by name.
    fn found(&mut self, hits: &[Hit], request: &Request) -> Result<Vec<Found>, CommandError> {
        let ids: Vec<i64> = hits.iter().map(|hit| hit.doc).collect();
        let tools = self
            .connection
            .select(|connection| index::entries(connection, &ids))?;
        let tools: HashMap<i64, IndexedTool> =
            tools.into_iter().map(|tool| (tool.id, tool)).collect();
        let mut hits = hits.to_vec();
        order(&mut hits, |id| {
            let head = tools.get(&id).and_then(IndexedTool::head);
            head.map(|head| (head.tool.as_str(), head.platform.as_str()))
        });
        let mut found = Vec::new();
        for hit in hits {
            let Some(tool) = tools.get(&hit.doc) else {
                continue;
            };
            if !tool.head().is_some_and(|head| admits(request, head)) {
                continue;
            }
            let mut candidates = Vec::new();
            for (capability, entry, _) in &tool.capabilities {
                candidates.extend(entry.candidates(capability).map_err(StoreError::from)?);
            }
            if !candidates.is_empty() {
                found.push(Found {
                    hit,
                    text: tool.text(),
                    candidates,
                });
            }
        }
        Ok(found)
    }

    /// The ranking of all tools for the words; `None` where the index cannot be used.
    fn rank(
        &mut self,
        request: &str,
        session: &Session,
    ) -> Result<Option<(i64, Ranking)>, CommandError> {
        let mut query = Query::parse(&mut Analyzer::new(), request);
        let terms = query.terms();
        let state = match self.read(session, |connection| index::postings(connection, &terms))? {
            Read::Indexed(state) => state,
            Read::Whole => return Ok(None),
        };
        let (stats, mut postings) = state.found;
        let unknown = query.unknown(&postings);
        let prefixes: Vec<String> = unknown
            .iter()
            .filter_map(|term| neighbour_prefix(term).map(str::to_owned))
            .collect();
        if !prefixes.is_empty() {
            let vocabulary = self
                .connection
                .select(|connection| index::vocabulary(connection, &prefixes))?;
            let mut taken = Vec::new();
            for term in &unknown {
                let near = query.relate(term, vocabulary.iter().map(String::as_str));
                taken.extend(near.map(str::to_owned));
            }
            taken.retain(|term| !postings.contains_key(term));
            if !taken.is_empty() {
                let more = self
                    .connection
                    .select(|connection| index::postings(connection, &taken))?;
                postings.extend(more.found.1);
            }
        }
        let ranking = rank(&query, &stats, &postings);
        Ok(Some((state.catalog.revision, ranking)))
    }

    /// The names and platforms of the tools that share words with the query, best first.
    ///
    /// # Errors
    /// As the queries.
    pub fn ranked(
        &mut self,
        query: &str,
        session: &Session,
    ) -> Result<Vec<(String, String)>, CommandError> {
        let Some((_, mut ranking)) = self.rank(query, session)? else {
            return Ok(self
                .whole
                .as_ref()
                .map_or_else(Vec::new, |(_, files)| files.ranked(query)));
        };
        if self.names.is_none() {
            let names = self.connection.select(index::names)?;
            self.names = Some(names.into_iter().map(|it| (it.0, (it.1, it.2))).collect());
        }
        let names = self.names.as_ref();
        order(&mut ranking.hits, |id| {
            names.and_then(|names| names.get(&id))
        });
        Ok(ranking
            .hits
            .iter()
            .filter_map(|hit| names?.get(&hit.doc).cloned())
            .collect())
    }

    /// Runs one statement on a catalog that is as this program needs it, with a fresh index.
    fn read<T>(
        &mut self,
        session: &Session,
        query: impl Fn(&mut PgConnection) -> Result<State<T>, StoreError>,
    ) -> Result<Read<T>, CommandError> {
        if self.whole.is_some() {
            return Ok(Read::Whole);
        }
        for _ in 0..ATTEMPTS {
            match self.connection.select(&query) {
                Ok(state) if state.catalog.migration != migrate::newest_version() => {
                    match migrate::require_current(&mut self.connection) {
                        Err(error) => session.bring_up_to_date(&mut self.connection, error)?,
                        Ok(()) => return Ok(Read::Indexed(state)),
                    }
                }
                Ok(state) if state.catalog.fresh => return Ok(Read::Indexed(state)),
                Ok(_) => match self.connection.refresh_index() {
                    Err(StoreError::Forbidden(_)) => break,
                    other => other?,
                },
                Err(error @ (StoreError::NoCatalog(_) | StoreError::SchemaTooOld { .. })) => {
                    session.bring_up_to_date(&mut self.connection, error)?;
                }
                Err(error) => return Err(error.into()),
            }
        }
        self.read_whole()?;
        Ok(Read::Whole)
    }

    /// Reads every tool that may be chosen: for a role that may only read, after a change by hand.
    fn read_whole(&mut self) -> Result<(), CommandError> {
        let filter = Filter {
            statuses: vec!["active".to_owned()],
            enabled: Some(true),
            ..Filter::default()
        };
        let (revision, stored) = self.connection.read_consistently(|connection| {
            let revision = crate::store::tools::revision(connection)?;
            Ok((revision, list(connection, &filter)?))
        })?;
        let documents = self.connection.definitions(&stored)?;
        let tools = documents
            .iter()
            .map(Document::to_tool)
            .collect::<Result<Vec<_>, _>>()
            .map_err(StoreError::from)?;
        self.whole = Some((revision, Files::of(tools)));
        Ok(())
    }

    fn from_whole(&self, request: &Request) -> Result<Pooled, CommandError> {
        match &self.whole {
            Some((revision, files)) => Ok(Pooled {
                pool: files.pool(request),
                revision: Some(*revision),
            }),
            None => Err(StoreError::Lost("the catalog was not read".to_owned()).into()),
        }
    }
}

fn admits(request: &Request, entry: &Entry) -> bool {
    let identity = Identity {
        platform: entry.platform.clone(),
        name: entry.tool.clone(),
        version: entry.version.clone(),
    };
    request
        .scope
        .admits(&identity, |tag| entry.tags.iter().any(|it| it == tag))
}
