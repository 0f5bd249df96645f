//! A connection to one catalog, and the transaction around every write.
//!
//! Names are looked up in the catalog's schema because the session's options say so. A pool between
//! this program and the server may refuse or drop them, and may give each transaction another
//! session; a connection proves that they arrived, and where they did not, each transaction sets
//! them for itself, and no statement is prepared beyond it.

use std::time::Duration;

use diesel::Connection as _;
use diesel::connection::{AnsiTransactionManager, CacheSize, TransactionManager as _};
use diesel::prelude::*;
use diesel::result::Error as DieselError;
use diesel::sql_types::{BigInt, Text};

use super::error::{SILENT, unreachable};
use super::import::{Known, OnConflict, Plan};
use super::session::{Arrived, Settings, establish};
use super::silence::{self, Watch};
use super::tools::StoredTool;
use super::{Act, Location, StoreError};
use crate::definition::{Brief, Document};

/// How often a transaction is tried before a conflict is reported.
const ATTEMPTS: u32 = 5;

/// How long a reader waits for the writers' lock: a change of a tool or two is done by then.
const LOCK_WAIT: &str = "100ms";

/// An error that the work inside a transaction may end with: the store's, or one that says no for a
/// reason of its own and carries the store's if there is one.
pub trait TransactionError: From<StoreError> + From<DieselError> {
    /// The store's error, if it is one: such an error may be worth another try.
    fn store(&self) -> Option<&StoreError>;
}

impl TransactionError for StoreError {
    fn store(&self) -> Option<&StoreError> {
        Some(self)
    }
}

fn is_transient(error: &impl TransactionError) -> bool {
    error.store().is_some_and(StoreError::is_transient)
}

/// A connection to one catalog.
pub struct Connection {
    inner: PgConnection,
    location: Location,
    settings: Settings,
    watch: Option<Watch>,
    speaker: Option<Act>,
}

#[derive(QueryableByName)]
struct Server {
    #[diesel(sql_type = Text)]
    version: String,
    #[diesel(sql_type = BigInt)]
    others: i64,
}

/// How a transaction that must not be kept ends.
enum Ending<E> {
    Undone,
    Failed(E),
}

impl<E: TransactionError> From<DieselError> for Ending<E> {
    fn from(error: DieselError) -> Self {
        Ending::Failed(E::from(error))
    }
}

impl Connection {
    /// Connects. The catalog need not exist yet; its schema is not looked at.
    ///
    /// # Errors
    /// [`StoreError::Unreachable`]; [`StoreError::Pool`] if a pool in between does not let
    /// the session be what it has to be.
    pub fn open(location: &Location) -> Result<Self, StoreError> {
        let (opened, watch) = silence::watched(location, || establish(location));
        let (mut inner, arrived) = opened.map_err(|error| {
            let silent = watch.as_ref().is_some_and(Watch::has_ended_it);
            unreachable(location, &error, silent)
        })?;
        if let Some(watch) = &watch {
            inner.set_instrumentation(watch.listener());
        }
        let mut connection = Self {
            inner,
            location: location.clone(),
            settings: Settings::InSession,
            watch,
            speaker: None,
        };
        if !arrived || (location.may_be_pooled() && !connection.has_its_options()?) {
            connection.set_in_transactions()?;
        }
        Ok(connection)
    }

    /// Whether the session's options arrived.
    fn has_its_options(&mut self) -> Result<bool, StoreError> {
        let [(path, path_value), (mark, mark_value)] = self.location.proof();
        let row = diesel::sql_query(
            "SELECT current_setting($1) = $2 AND current_setting($3, true) = $4 AS arrived",
        )
        .bind::<Text, _>(path)
        .bind::<Text, _>(path_value)
        .bind::<Text, _>(mark)
        .bind::<Text, _>(mark_value)
        .get_result::<Arrived>(&mut self.inner)
        .map_err(|error| self.better(error.into()))?;
        Ok(row.arrived == Some(true))
    }

    /// Keeps the settings in each transaction from now on, and tries it.
    fn set_in_transactions(&mut self) -> Result<(), StoreError> {
        let Some(mut settings) = self.location.session() else {
            return Err(StoreError::Pool(
                "it does not pass the session's options on, and these can be set in no other way"
                    .to_owned(),
            ));
        };
        self.inner
            .set_prepared_statement_cache_size(CacheSize::Disabled);
        let mut tried = Ok(());
        // An old server does not know how to notice that a client is gone.
        for _ in 0..2 {
            self.settings = Settings::InTransaction(settings.clone());
            tried = self.with_settings(|_| QueryResult::Ok(()));
            match &tried {
                Err(DieselError::DatabaseError(_, information))
                    if Location::is_about_notice(information.message()) =>
                {
                    settings.retain(|(name, _)| !Location::is_about_notice(name));
                }
                _ => break,
            }
        }
        tried.map_err(|error| match StoreError::from(error) {
            StoreError::Query(error) => StoreError::Pool(error.to_string()),
            // PgBouncer's way of saying that it has no transactions.
            StoreError::Lost(message) => {
                StoreError::Pool(format!("it ended the first transaction: {message}"))
            }
            other => other,
        })
    }

    /// Whether what is set in the session stays: there is no pool in between.
    pub(super) fn keeps_its_session(&self) -> bool {
        matches!(self.settings, Settings::InSession)
    }

    /// Says for whom this connection records from now on, where it speaks for others: each of its statements
    /// is then a transaction of its own that begins with it. A [`write`](Self::write) says so itself. Returns
    /// for whom it was before.
    pub fn speak_for(&mut self, act: Option<Act>) -> Option<Act> {
        std::mem::replace(&mut self.speaker, act)
    }

    /// Where it leads.
    pub fn location(&self) -> &Location {
        &self.location
    }

    /// The version of the server, such as `15.18`, and how many other clients it has.
    ///
    /// # Errors
    /// The database's error, if the query fails.
    pub fn server(&mut self) -> Result<(String, i64), StoreError> {
        let found: Server = self.read(|connection| {
            diesel::sql_query(
                "SELECT split_part(current_setting('server_version'), ' ', 1) AS version, \
                        (SELECT count(*) FROM pg_stat_activity \
                         WHERE backend_type = 'client backend' AND pid <> pg_backend_pid()) AS others",
            )
            .get_result(connection)
        })?;
        Ok((found.version, found.others))
    }

    /// Reads in one statement, or in several that need not see the same state.
    ///
    /// # Errors
    /// Those of the database.
    pub fn read<T>(
        &mut self,
        query: impl FnOnce(&mut PgConnection) -> QueryResult<T>,
    ) -> Result<T, StoreError> {
        self.with_settings(query)
            .map_err(|error| self.classify(error))
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
    /// Those of the database.
    pub fn read_consistently<T>(
        &mut self,
        query: impl FnOnce(&mut PgConnection) -> QueryResult<T>,
    ) -> Result<T, StoreError> {
        self.consistently(query)
            .map_err(|error| self.classify(error))
    }

    /// The same for work that fails in other ways than its queries.
    ///
    /// # Errors
    /// Those of the work.
    pub fn snapshot<T, E: TransactionError>(
        &mut self,
        work: impl FnOnce(&mut PgConnection) -> Result<T, E>,
    ) -> Result<T, E> {
        self.consistently(work)
            .map_err(|error| self.classified(error))
    }

    /// Changes the catalog in one transaction, as `act` says. Writers of one catalog follow one
    /// another, so that each sees what the last one did. An error of `change` undoes everything; a
    /// deadlock or a serialization failure is tried again a few times first. The index of selection
    /// follows in the same transaction. A dry run does everything but the commit.
    ///
    /// # Errors
    /// Those of `change` and of the database; nothing is written then.
    pub fn write<T, E: TransactionError>(
        &mut self,
        act: &Act,
        mut change: impl FnMut(&mut PgConnection) -> Result<T, E>,
    ) -> Result<T, E> {
        for attempt in 1.. {
            let mut outcome = None;
            let settings = &self.settings;
            let ending = self.inner.transaction::<(), Ending<E>, _>(|connection| {
                settings.enter(connection)?;
                act.declare(connection, true)?;
                outcome = Some(change(connection).map_err(Ending::Failed)?);
                if act.dry_run {
                    return Err(Ending::Undone);
                }
                super::audit::fold(connection)?;
                let failed = |error: StoreError| Ending::Failed(E::from(error));
                super::index::refresh(connection).map_err(failed)
            });
            match (ending, outcome) {
                (Ok(()) | Err(Ending::Undone), Some(outcome)) => return Ok(outcome),
                (Err(Ending::Failed(error)), _) if is_transient(&error) && attempt < ATTEMPTS => {
                    std::thread::sleep(pause(attempt));
                }
                (Err(Ending::Failed(error)), _) => return Err(self.classified(error)),
                (Ok(()) | Err(Ending::Undone), None) => return Err(E::from(did_not_run())),
            }
        }
        Err(E::from(kept_changing()))
    }

    /// Records what happened, which changes no definition: one transaction, without the writers'
    /// lock and without the audit log. What is transient is tried again a few times.
    ///
    /// # Errors
    /// Those of the database; nothing is recorded then.
    pub fn record<T>(
        &mut self,
        mut change: impl FnMut(&mut PgConnection) -> Result<T, StoreError>,
    ) -> Result<T, StoreError> {
        for attempt in 1.. {
            match self.transaction(&mut change) {
                Err(error) if error.is_transient() && attempt < ATTEMPTS => {
                    std::thread::sleep(pause(attempt));
                }
                result => return result.map_err(|error| self.better(error)),
            }
        }
        Err(kept_changing())
    }

    /// The definitions of those tools, in their order.
    ///
    /// # Errors
    /// Those of the database.
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
    /// Those of the statements.
    pub fn direct<T, E: TransactionError>(
        &mut self,
        query: impl FnOnce(&mut PgConnection) -> Result<T, E>,
    ) -> Result<T, E> {
        self.with_settings(query)
            .map_err(|error| self.classified(error))
    }

    /// Brings the index of selection up to the catalog's revision, unless another transaction goes
    /// on holding the writers' lock: whether it was done.
    ///
    /// # Errors
    /// As [`write`](Self::write); [`StoreError::Forbidden`] if the role may only read.
    pub fn refresh_index(&mut self) -> Result<bool, StoreError> {
        let done = self.transaction::<(), StoreError>(|connection| {
            diesel::sql_query("SELECT set_config('lock_timeout', $1, true)")
                .bind::<Text, _>(LOCK_WAIT)
                .execute(connection)?;
            // The index is derived, so that the log does not mention it: the actor does not matter.
            Act::by("toolcat").declare(connection, true)?;
            super::index::refresh(connection)
        });
        match done {
            Ok(()) => Ok(true),
            Err(StoreError::Conflict(_)) => Ok(false),
            Err(error) => Err(self.better(error)),
        }
    }

    /// The definitions that the catalog holds.
    ///
    /// # Errors
    /// The database's error, if the query fails.
    pub fn known(&mut self) -> Result<Known, StoreError> {
        self.read(Known::load)
    }

    /// What an import of those definitions would do. Each must have an identity.
    ///
    /// # Errors
    /// The database's error, if a query fails.
    pub fn plan(&mut self, documents: &[&Document]) -> Result<Plan, StoreError> {
        let briefs = documents.iter().map(|it| Brief::new(it));
        let briefs: Vec<Brief> = briefs.collect::<Result<_, _>>()?;
        let briefs: Vec<&Brief> = briefs.iter().collect();
        let document = |index: usize| Ok(documents[index].clone());
        self.with_settings(|connection| {
            super::import::plan(connection, &briefs, &document, OnConflict::Fail)
        })
    }

    /// Work that fails in other ways than its queries, where the session is as it has to be. Behind
    /// a pool it is one transaction.
    ///
    /// # Errors
    /// As the work; and where the session cannot be made so.
    pub(super) fn with_settings<T, E: From<DieselError>>(
        &mut self,
        work: impl FnOnce(&mut PgConnection) -> Result<T, E>,
    ) -> Result<T, E> {
        match (&self.settings, &self.speaker) {
            (Settings::InSession, None) => work(&mut self.inner),
            _ => self.transaction(work),
        }
    }

    /// Work in one transaction.
    ///
    /// # Errors
    /// As the work, and as the transaction around it.
    pub(super) fn transaction<T, E: From<DieselError>>(
        &mut self,
        work: impl FnOnce(&mut PgConnection) -> Result<T, E>,
    ) -> Result<T, E> {
        let (settings, speaker) = (&self.settings, &self.speaker);
        self.inner.transaction(|connection| {
            settings.enter(connection)?;
            if let Some(act) = speaker {
                act.declare(connection, false)?;
            }
            work(connection)
        })
    }

    /// Work that only reads, and sees one state of the catalog.
    ///
    /// # Errors
    /// As the work, and as the transaction around it.
    pub(super) fn consistently<T, E: From<DieselError>>(
        &mut self,
        work: impl FnOnce(&mut PgConnection) -> Result<T, E>,
    ) -> Result<T, E> {
        let settings = &self.settings;
        self.inner
            .build_transaction()
            .repeatable_read()
            .read_only()
            .run(|connection| {
                settings.enter(connection)?;
                work(connection)
            })
    }

    /// Work on this connection that needs one session for all of its transactions: behind a pool it
    /// is one transaction, and theirs are parts of it.
    ///
    /// # Errors
    /// As the work, and as the transaction around it.
    pub(super) fn in_one_session<T>(
        &mut self,
        work: impl FnOnce(&mut Self) -> Result<T, StoreError>,
    ) -> Result<T, StoreError> {
        if self.keeps_its_session() {
            return work(self);
        }
        self.whole(true, work)
    }

    /// Work on this connection in one transaction, of which its own transactions are parts. Undone
    /// if it fails, or if it is not to be kept.
    ///
    /// # Errors
    /// As the work, and as the transaction around it.
    pub(super) fn whole<T, E: From<DieselError>>(
        &mut self,
        keep: bool,
        work: impl FnOnce(&mut Self) -> Result<T, E>,
    ) -> Result<T, E> {
        AnsiTransactionManager::begin_transaction(&mut self.inner)?;
        let entered = self.settings.enter(&mut self.inner).map_err(E::from);
        let result = entered.and_then(|()| work(self));
        match result {
            Ok(value) if keep => {
                AnsiTransactionManager::commit_transaction(&mut self.inner)?;
                Ok(value)
            }
            Ok(value) => {
                AnsiTransactionManager::rollback_transaction(&mut self.inner)?;
                Ok(value)
            }
            Err(error) => {
                // The error of the work says more than that of the end.
                let _ = AnsiTransactionManager::rollback_transaction(&mut self.inner);
                Err(error)
            }
        }
    }

    /// Diesel's connection. Only [`in_one_session`](Self::in_one_session) its settings are in force.
    pub(super) fn raw(&mut self) -> &mut PgConnection {
        &mut self.inner
    }

    /// The error with what this connection knows of it: a missing table means a missing or outdated
    /// catalog, which has a better message.
    fn classified<E: TransactionError>(&mut self, error: E) -> E {
        match error.store() {
            Some(StoreError::Query(cause))
                if super::error::is_undefined(cause)
                    && let Err(better) = super::migrate::require_current(self) =>
            {
                E::from(better)
            }
            Some(StoreError::Lost(_)) if self.watch.as_ref().is_some_and(Watch::has_ended_it) => {
                E::from(StoreError::Lost(SILENT.to_owned()))
            }
            _ => error,
        }
    }

    /// The same for an error of the store.
    fn better(&mut self, error: StoreError) -> StoreError {
        self.classified(error)
    }

    /// The same for an error of diesel's.
    fn classify(&mut self, error: DieselError) -> StoreError {
        self.classified(error.into())
    }
}

fn did_not_run() -> StoreError {
    StoreError::Lost("the transaction did not run".to_owned())
}

fn kept_changing() -> StoreError {
    StoreError::Conflict("the catalog kept changing".to_owned())
}

/// Doubling pauses from 10 ms, with jitter from the process so that rivals do not meet again.
fn pause(attempt: u32) -> Duration {
    let jitter = u64::from(std::process::id())
        .wrapping_mul(0x9E37_79B9)
        .rotate_left(attempt)
        % 10;
    Duration::from_millis((10 << attempt) + jitter)
}
