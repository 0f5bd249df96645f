//! A connection to one catalog, and the transaction around every write.

use std::time::Duration;

use diesel::Connection as _;
use diesel::prelude::*;
use diesel::result::Error as DieselError;
use diesel::sql_types::Text;

use super::error::unreachable;
use super::import::{Known, Plan};
use super::tools::StoredTool;
use super::{Location, StoreError};
use crate::definition::Document;

/// How often a transaction is tried before a conflict is reported.
const ATTEMPTS: u32 = 5;

/// Who changes the catalog, and why. Kept in the audit log with each change.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Act {
    /// The acting person or program.
    pub actor: String,
    /// Why, in the actor's words.
    pub reason: Option<String>,
    /// What the audit log calls the updates of this act, where their fields do not say it.
    pub action: Option<&'static str>,
    /// Whether everything is undone at the end.
    pub dry_run: bool,
}

impl Act {
    /// An act of that person, without a reason.
    pub fn by(actor: impl Into<String>) -> Self {
        Self {
            actor: actor.into(),
            reason: None,
            action: None,
            dry_run: false,
        }
    }
}

/// A connection to one catalog.
pub struct Connection {
    inner: PgConnection,
    location: Location,
}

/// How a transaction that must not be kept ends.
enum Ending {
    Undone,
    Failed(StoreError),
}

impl From<DieselError> for Ending {
    fn from(error: DieselError) -> Self {
        Ending::Failed(error.into())
    }
}

impl Connection {
    /// Connects. The catalog need not exist yet; its schema is not looked at.
    ///
    /// # Errors
    /// [`StoreError::Unreachable`].
    pub fn open(location: &Location) -> Result<Self, StoreError> {
        let inner = PgConnection::establish(&location.conninfo())
            .map_err(|error| unreachable(location, &error))?;
        Ok(Self {
            inner,
            location: location.clone(),
        })
    }

    /// Where it leads.
    pub fn location(&self) -> &Location {
        &self.location
    }

    /// Reads in one statement, or in several that need not see the same state.
    ///
    /// # Errors
    /// As the query, classified.
    pub fn read<T>(
        &mut self,
        query: impl FnOnce(&mut PgConnection) -> QueryResult<T>,
    ) -> Result<T, StoreError> {
        query(&mut self.inner).map_err(|error| self.classify(error))
    }

    /// Adds rows that are no change of the catalog (assignments, looks at a test) in one statement,
    /// without the writers' lock.
    ///
    /// # Errors
    /// As the statement, classified.
    pub fn append<T>(
        &mut self,
        statement: impl FnOnce(&mut PgConnection) -> QueryResult<T>,
    ) -> Result<T, StoreError> {
        self.read(statement)
    }

    /// Reads several statements in one state of the catalog.
    ///
    /// # Errors
    /// As the queries, classified.
    pub fn read_consistently<T>(
        &mut self,
        query: impl FnOnce(&mut PgConnection) -> QueryResult<T>,
    ) -> Result<T, StoreError> {
        let result = self
            .inner
            .build_transaction()
            .repeatable_read()
            .read_only()
            .run(query);
        result.map_err(|error| self.classify(error))
    }

    /// The same for work that fails in other ways than its queries.
    ///
    /// # Errors
    /// As the work, classified.
    pub fn snapshot<T>(
        &mut self,
        work: impl FnOnce(&mut PgConnection) -> Result<T, StoreError>,
    ) -> Result<T, StoreError> {
        let result = self
            .inner
            .build_transaction()
            .repeatable_read()
            .read_only()
            .run(work);
        match result {
            Err(StoreError::Query(error)) => Err(self.classify(error)),
            result => result,
        }
    }

    /// Changes the catalog in one transaction, as `act` says. Writers of one catalog follow one
    /// another, so that each sees what the last one did; a deadlock or a serialization failure is
    /// tried again a few times. The index of selection follows in the same transaction. A dry run
    /// does everything but the commit.
    ///
    /// # Errors
    /// As the queries, classified; nothing is written then.
    pub fn write<T>(
        &mut self,
        act: &Act,
        change: impl FnMut(&mut PgConnection) -> Result<T, StoreError>,
    ) -> Result<T, StoreError> {
        self.write_if(act, change, |_| true)
    }

    /// The same, kept only where the outcome allows it: a change may find on its way that it must
    /// not be made.
    ///
    /// # Errors
    /// As [`write`](Self::write).
    pub fn write_if<T>(
        &mut self,
        act: &Act,
        mut change: impl FnMut(&mut PgConnection) -> Result<T, StoreError>,
        keep: impl Fn(&T) -> bool,
    ) -> Result<T, StoreError> {
        for attempt in 1.. {
            let mut outcome = None;
            let ending = self.inner.transaction::<(), Ending, _>(|connection| {
                begin(connection, act)?;
                let changed = change(connection).map_err(Ending::Failed)?;
                let kept = keep(&changed) && !act.dry_run;
                outcome = Some(changed);
                if !kept {
                    return Err(Ending::Undone);
                }
                super::index::refresh(connection).map_err(Ending::Failed)
            });
            match (ending, outcome) {
                (Ok(()) | Err(Ending::Undone), Some(outcome)) => return Ok(outcome),
                (Err(Ending::Failed(error)), _) if error.is_transient() && attempt < ATTEMPTS => {
                    std::thread::sleep(pause(attempt));
                }
                (Err(Ending::Failed(StoreError::Query(error))), _) => {
                    return Err(self.classify(error));
                }
                (Err(Ending::Failed(error)), _) => return Err(error),
                (Ok(()) | Err(Ending::Undone), None) => {
                    return Err(StoreError::Lost("the transaction did not run".to_owned()));
                }
            }
        }
        Err(StoreError::Conflict("the catalog kept changing".to_owned()))
    }

    /// Records what happened, which changes no definition: one transaction, without the writers'
    /// lock and without the audit log. What is transient is tried again a few times.
    ///
    /// # Errors
    /// As the queries, classified; nothing is recorded then.
    pub fn record<T>(
        &mut self,
        mut change: impl FnMut(&mut PgConnection) -> Result<T, StoreError>,
    ) -> Result<T, StoreError> {
        for attempt in 1.. {
            match self.inner.transaction(&mut change) {
                Err(error) if error.is_transient() && attempt < ATTEMPTS => {
                    std::thread::sleep(pause(attempt));
                }
                Err(StoreError::Query(error)) => return Err(self.classify(error)),
                result => return result,
            }
        }
        Err(StoreError::Conflict("the catalog kept changing".to_owned()))
    }

    /// The definitions of those tools, in their order.
    ///
    /// # Errors
    /// As the queries, classified.
    pub fn definitions(&mut self, stored: &[StoredTool]) -> Result<Vec<Document>, StoreError> {
        self.read(|connection| super::tools::definitions(connection, stored))
    }

    /// The definition of one tool.
    ///
    /// # Errors
    /// As [`definitions`](Self::definitions).
    pub fn definition(&mut self, stored: &StoredTool) -> Result<Document, StoreError> {
        let mut found = self.definitions(std::slice::from_ref(stored))?;
        found
            .pop()
            .ok_or_else(|| StoreError::Query(DieselError::NotFound))
    }

    /// Runs statements that change no tool, outside of a transaction: reads of the index, or a
    /// selection that is recorded.
    ///
    /// # Errors
    /// As the statements, classified.
    pub fn direct<T>(
        &mut self,
        query: impl FnOnce(&mut PgConnection) -> Result<T, StoreError>,
    ) -> Result<T, StoreError> {
        match query(&mut self.inner) {
            Err(StoreError::Query(error)) => Err(self.classify(error)),
            result => result,
        }
    }

    /// Brings the index of selection up to the catalog's revision.
    ///
    /// # Errors
    /// As [`write`](Self::write); [`StoreError::Forbidden`] where the role may only read.
    pub fn refresh_index(&mut self) -> Result<(), StoreError> {
        // The index is derived, so that the log does not mention it: the actor does not matter.
        self.write(&Act::by("toolcat"), |_| Ok(()))
    }

    /// The definitions that the catalog holds.
    ///
    /// # Errors
    /// As the query.
    pub fn known(&mut self) -> Result<Known, StoreError> {
        self.read(Known::load)
    }

    /// What an import of those definitions would do.
    ///
    /// # Errors
    /// As the queries.
    pub fn plan(&mut self, documents: &[Document]) -> Result<Plan, StoreError> {
        super::import::plan(&mut self.inner, documents, super::import::OnConflict::Fail)
    }

    /// Diesel's connection, for the migration harness and for COPY.
    pub(super) fn raw(&mut self) -> &mut PgConnection {
        &mut self.inner
    }

    /// A missing table means a missing or outdated catalog, which has a better message.
    fn classify(&mut self, error: DieselError) -> StoreError {
        if super::error::is_undefined(&error)
            && let Err(better) = super::migrate::require_current(self)
        {
            return better;
        }
        error.into()
    }
}

/// Takes the writers' lock and tells the triggers who acts.
fn begin(connection: &mut PgConnection, act: &Act) -> QueryResult<()> {
    diesel::sql_query(
        "SELECT set_config('toolcat.actor', $1, true), set_config('toolcat.reason', $2, true), \
                set_config('toolcat.action', $3, true), set_config('toolcat.keeps_digest', 'on', true) \
         FROM catalog_state FOR UPDATE",
    )
    .bind::<Text, _>(&act.actor)
    .bind::<Text, _>(act.reason.as_deref().unwrap_or_default())
    .bind::<Text, _>(act.action.unwrap_or_default())
    .execute(connection)
    .map(drop)
}

/// Doubling pauses from 10 ms, with jitter from the process so that rivals do not meet again.
fn pause(attempt: u32) -> Duration {
    let jitter = u64::from(std::process::id())
        .wrapping_mul(0x9E37_79B9)
        .rotate_left(attempt)
        % 10;
    Duration::from_millis((10 << attempt) + jitter)
}
