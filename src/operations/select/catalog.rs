//! Candidates from the catalog, whose index may have to be brought up to date first.

use std::collections::HashMap;

use crate::definition::Document;
use crate::select::Request;
use crate::select::retrieval::{Encoding, order};
use crate::select::search::{Ranked, relevance_of_text};
use crate::store::index::{self, Listed, State};
use crate::store::tools::{Filter, list};
use crate::store::{Connection, StoreError, Transaction, migrate};

use super::files::Files;
use super::source::Pooled;
use crate::operations::{Backend, Refusal};

/// How often a stale index is brought up to date before a selection does without.
pub const ATTEMPTS: usize = 3;

/// The catalog, as a selection reads it.
pub struct Catalog {
    backend: Backend,
    connection: Connection,
    /// Definitions on disk that stand in where the database is lost.
    pub fallback: Vec<String>,
    /// The whole catalog as it was at a revision, where the index cannot be brought up to date.
    whole: Option<(i64, Files)>,
    /// Names and platforms by row number, read once for an evaluation.
    names: Option<Names>,
}

/// Names and platforms by row number.
pub type Names = HashMap<i64, (String, String)>;

impl Catalog {
    /// Connects; nothing is read yet.
    ///
    /// # Errors
    /// [`Kind::NoDatabase`](crate::operations::Kind::NoDatabase).
    pub fn open(backend: Backend) -> Result<Self, Refusal> {
        Ok(Self {
            connection: backend.open()?,
            backend,
            fallback: Vec::new(),
            whole: None,
            names: None,
        })
    }

    /// The connection, for what is asked beside the candidates.
    pub fn connection(&mut self) -> &mut Connection {
        &mut self.connection
    }

    /// The encoder in use.
    pub fn encoding(&self) -> &Encoding {
        self.backend.encoding()
    }

    /// The connection alone.
    pub fn into_connection(self) -> Connection {
        self.connection
    }

    /// The candidates of a request.
    ///
    /// # Errors
    /// Those of the database.
    pub fn pool(&mut self, request: &Request) -> Result<Pooled, Refusal> {
        let encoding = self.backend.encoding().clone();
        let state = self.read(|connection| index::pool(connection, request, &encoding))?;
        Ok(match (state, &self.whole) {
            (Some(state), _) => Pooled {
                pool: state.found,
                revision: Some(state.catalog.revision),
            },
            (None, Some((revision, files))) => Pooled {
                pool: files.pool(request),
                revision: Some(*revision),
            },
            (None, None) => return Err(unread()),
        })
    }

    /// The tools that share words with the query, best first.
    ///
    /// # Errors
    /// Those of the database.
    pub fn ranked(&mut self, query: &str) -> Result<Vec<Ranked>, Refusal> {
        let encoding = self.backend.encoding().clone();
        let state = self.read(|connection| index::listed(connection, query, &encoding))?;
        match (state, &self.whole) {
            (Some(state), _) => in_order(
                &mut self.connection,
                state.found,
                &mut self.names,
                usize::MAX,
            ),
            (None, Some((_, files))) => Ok(files.ranked(query)),
            (None, None) => Err(unread()),
        }
    }

    /// Reads from a catalog that is as this program needs it, with a fresh index; `None` if the
    /// whole catalog had to be read instead.
    fn read<T>(
        &mut self,
        query: impl Fn(&mut Transaction) -> Result<State<T>, StoreError>,
    ) -> Result<Option<State<T>>, Refusal> {
        for _ in 0..ATTEMPTS {
            let state = match self.connection.direct(&query) {
                Ok(state) => state,
                Err(error @ (StoreError::NoCatalog(_) | StoreError::SchemaTooOld { .. })) => {
                    self.backend.bring_up_to_date(&mut self.connection, error)?;
                    continue;
                }
                Err(error) => return Err(error.into()),
            };
            if state.catalog.migration != migrate::newest_version()
                && let Err(error) = migrate::require_current(&mut self.connection)
            {
                self.backend.bring_up_to_date(&mut self.connection, error)?;
                continue;
            }
            if state.catalog.fresh {
                return Ok(Some(state));
            }
            let read = self.whole.as_ref().map(|(revision, _)| *revision);
            if read == Some(state.catalog.revision) {
                return Ok(None);
            }
            match self.connection.refresh_index() {
                Ok(true) => {}
                // Another transaction writes, for who knows how long, or the role may only read.
                Ok(false) | Err(StoreError::Forbidden(_)) => break,
                Err(error) => return Err(error.into()),
            }
        }
        self.read_whole()?;
        Ok(None)
    }

    /// Reads every tool that may be chosen: after a change by hand, for a role that may only read, and
    /// while another transaction holds the writers' lock.
    fn read_whole(&mut self) -> Result<(), Refusal> {
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
        self.whole = Some((revision, Files::of(tools, self.backend.encoding())));
        Ok(())
    }
}

/// What the index found, best first, equals by name: at least as many as are wanted, if there are. The names are
/// read where they are needed and not known yet.
///
/// # Errors
/// Those of the database.
pub fn in_order(
    connection: &mut Connection,
    listed: Listed,
    names: &mut Option<Names>,
    wanted: usize,
) -> Result<Vec<Ranked>, Refusal> {
    let Listed { best, mut rest } = listed;
    if best.len() >= wanted || rest.is_empty() {
        return Ok(best);
    }
    if names.is_none() {
        let read = connection.direct(index::names)?;
        *names = Some(read.into_iter().map(|it| (it.0, (it.1, it.2))).collect());
    }
    let name = |id: i64| names.as_ref()?.get(&id);
    order(&mut rest, name);
    let rest = rest.iter().filter_map(|hit| {
        let (tool, platform) = name(hit.doc)?.clone();
        Some(Ranked {
            tool,
            platform,
            relevance: relevance_of_text(hit.strength),
        })
    });
    Ok(best.into_iter().chain(rest).collect())
}

fn unread() -> Refusal {
    StoreError::Lost("the catalog was not read".to_owned()).into()
}
