//! Following committed changes: PostgreSQL tells that there is something, the audit log what.

use std::time::Duration;

use diesel::prelude::*;

use super::audit::{Entry, after};
use super::chain::{self, Head};
use super::tools::revision;
use super::{Connection, Location, StoreError};

/// How many entries are fetched at once.
const PAGE: i64 = 1000;

/// A connection that hears of changes, and its place in the log. The place outlives the connection,
/// so that nothing is missed in between.
pub struct Follower {
    location: Location,
    connection: Option<Connection>,
    place: Option<(i64, i64)>,
    /// The last hash of the place's revision, once it was looked at.
    head: Option<Option<Head>>,
}

impl Follower {
    /// Follows from a revision on, or from now.
    pub fn new(location: &Location, since: Option<i64>) -> Self {
        Self {
            location: location.clone(),
            connection: None,
            // Every entry of that revision counts as seen.
            place: since.map(|revision| (revision, i64::MAX)),
            head: None,
        }
    }

    /// Whether there is a connection.
    pub fn is_connected(&self) -> bool {
        self.connection.is_some()
    }

    /// Connects and listens. Returns the revision from which it follows.
    ///
    /// # Errors
    /// If there is no database or no catalog; [`StoreError::Overtaken`] if the catalog stands
    /// before the place, as after a backup was restored.
    pub fn connect(&mut self) -> Result<i64, StoreError> {
        self.connection = None;
        let mut connection = Connection::open(&self.location)?;
        // A pool that gives each transaction another session passes nothing on, and a standby is told
        // nothing: there, changes are found by looking.
        if connection.keeps_its_session() {
            let listening = connection
                .read(|connection| diesel::sql_query("LISTEN toolcat").execute(connection));
            match listening {
                Err(StoreError::Forbidden(denial)) if denial.is_read_only() => {}
                listening => drop(listening?),
            }
        }
        // Read after LISTEN: a change in between is told, one before is in the log.
        let now = connection.read(revision)?;
        let (revision, _) = *self.place.get_or_insert((now, i64::MAX));
        let head = connection.read(|connection| chain::at(connection, revision))?;
        went_on(revision, now, self.head.get_or_insert(head), &head)?;
        self.connection = Some(connection);
        Ok(revision)
    }

    /// The changes committed since the last call, in their order; empty if there are none. After
    /// an error, [`connect`](Self::connect) again: nothing is skipped.
    ///
    /// # Errors
    /// If the connection is lost; else as [`connect`](Self::connect).
    pub fn fetch(&mut self) -> Result<Vec<Entry>, StoreError> {
        let Some(connection) = &mut self.connection else {
            return Ok(Vec::new());
        };
        let (place, id) = self.place.unwrap_or((0, i64::MAX));
        let entries = connection.read(|connection| {
            let now = revision(connection)?;
            let head = chain::at(connection, place)?;
            let entries = after(connection, place, id, PAGE)?;
            let next = match entries.last() {
                Some(last) => chain::at(connection, last.revision)?,
                None => head,
            };
            Ok((now, head, entries, next))
        });
        let followed = *self.head.get_or_insert(None);
        let entries = entries.and_then(|(now, head, entries, next)| {
            went_on(place, now, &followed, &head)?;
            self.head = Some(next);
            Ok(entries)
        });
        match entries {
            Ok(entries) => {
                if let Some(last) = entries.last() {
                    self.place = Some((last.revision, last.id));
                }
                Ok(entries)
            }
            Err(error) => {
                self.connection = None;
                Err(error)
            }
        }
    }

    /// Whether a change was told since the last call. Does not wait.
    ///
    /// # Errors
    /// If the connection is lost.
    pub fn is_told(&mut self) -> Result<bool, StoreError> {
        let Some(connection) = &mut self.connection else {
            return Ok(false);
        };
        let told = connection.read(|connection| {
            let mut told = false;
            for notification in connection.notifications_iter() {
                notification?;
                told = true;
            }
            Ok(told)
        });
        if told.is_err() {
            self.connection = None;
        }
        told
    }
}

/// A catalog that stands before a place would be followed only from there on, and all until then be
/// missed; so would one whose log is another than the one that was followed.
fn went_on(
    place: i64,
    now: i64,
    followed: &Option<Head>,
    head: &Option<Head>,
) -> Result<(), StoreError> {
    if place > now {
        return Err(StoreError::Overtaken(format!(
            "the catalog is at revision {now}, before revision {place} from which it was to be followed"
        )));
    }
    if followed != head {
        return Err(StoreError::Overtaken(format!(
            "the catalog was replaced: its revision {place} is not the one that was followed"
        )));
    }
    Ok(())
}

/// How often a follower looks whether something was told.
pub const LOOK: Duration = Duration::from_millis(20);
