//! Catalogs of a database: listed, made, copied, renamed, dropped.

use std::io::{BufReader, BufWriter};

use chrono::SecondsFormat;
use serde::Serialize;

use super::backend::unknown_catalog;
use super::backup::{self, Restored};
use super::{Caller, Kind, Refusal, Remedy, Silent};
use crate::outside;
use crate::store::backup::{self as store, BackupError};
use crate::store::catalogs::{self, Entry, Holding};
use crate::store::location::Catalog;
use crate::store::{Connection, migrate};

/// How long to wait for another migrator, in seconds.
const LOCK_WAIT: f64 = 60.0;

/// A catalog with what it holds, where this role may look into it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Described {
    /// The catalog.
    #[serde(flatten)]
    pub entry: Entry,
    /// Its tools.
    pub tools: Option<i64>,
    /// Executions recorded.
    pub executions: Option<i64>,
    /// Its revision.
    pub revision: Option<i64>,
}

/// The catalogs of the database.
///
/// # Errors
/// That of the database.
pub fn list(connection: &mut Connection) -> Result<Vec<Described>, Refusal> {
    let entries = connection.read(catalogs::list)?;
    entries
        .into_iter()
        .map(|entry| {
            let catalog = entry.name.parse::<Catalog>().ok();
            let holding = match catalog.filter(|_| entry.readable) {
                Some(catalog) => Some(connection.read(|it| catalogs::holding(it, &catalog))?),
                None => None,
            };
            Ok(Described {
                entry,
                tools: holding.map(|it| it.tools),
                executions: holding.map(|it| it.executions),
                revision: holding.map(|it| it.revision),
            })
        })
        .collect()
}

/// Makes the catalog that the connection leads to, and returns how many migrations that took.
///
/// # Errors
/// [`Kind::Conflict`] if there is a schema of that name; that of the database.
pub fn create(connection: &mut Connection) -> Result<usize, Refusal> {
    refuse_taken(connection)?;
    Ok(migrate::up(connection, LOCK_WAIT)?.len())
}

/// Fails if the name that the connection leads to is taken.
fn refuse_taken(connection: &mut Connection) -> Result<(), Refusal> {
    let catalog = connection.location().catalog().clone();
    let what = match connection.read(|it| catalogs::standing(it, &catalog))? {
        None => return Ok(()),
        Some(it) if it.is_catalog => "there is a catalog",
        Some(_) => "there is a schema, which is not a catalog,",
    };
    let message = format!("{what} with the name `{catalog}` already");
    Err(Refusal::new(Kind::Conflict, message).remedy(Remedy::ListCatalogs))
}

fn require(connection: &mut Connection, catalog: &Catalog) -> Result<(), Refusal> {
    match connection.read(|it| catalogs::standing(it, catalog))? {
        Some(it) if it.is_catalog => Ok(()),
        _ => Err(unknown_catalog(connection, catalog.as_str())),
    }
}

/// Copies a catalog, as a backup and a restore do, into the one that `into` leads to, which must not exist.
/// Tokens and sessions are not copied.
///
/// # Errors
/// [`Kind::NotFound`] if there is no such catalog, [`Kind::Conflict`] if the other one exists; that of the
/// database.
pub fn copy(
    from: &mut Connection,
    into: &mut Connection,
    caller: &Caller,
) -> Result<Restored, Refusal> {
    let name = from.location().catalog().clone();
    require(from, &name)?;
    refuse_taken(into)?;
    let made_at = outside::now().to_rfc3339_opts(SecondsFormat::Secs, true);
    let (reader, writer) = std::io::pipe()
        .map_err(|error| Refusal::new(Kind::Invalid, format!("a pipe cannot be made: {error}")))?;
    let (written, restored) = std::thread::scope(|scope| {
        let written = scope.spawn(|| {
            let mut out = BufWriter::with_capacity(1 << 16, writer);
            store::backup(from, &made_at, &mut out, &|_| {})
        });
        let mut input = BufReader::with_capacity(1 << 16, reader);
        let request = backup::Request {
            input: &mut input,
            length: 0,
            replace: false,
        };
        let restored = backup::restore(into, caller, request, &Silent);
        // Where it failed, nobody reads on, and the writer ends as well.
        drop(input);
        (written.join(), restored)
    });
    match (written, restored) {
        (Ok(Ok(_)), Ok(restored)) => Ok(restored),
        // A restore that fails breaks the pipe, and a backup that fails cuts it off: its reason says more.
        (Ok(Err(error)), _) if !matches!(error, BackupError::Io(_)) => Err(error.into()),
        (_, Err(refusal)) => Err(refusal),
        (Ok(Err(error)), Ok(_)) => Err(error.into()),
        (Err(_), Ok(_)) => Err(Refusal::new(Kind::Invalid, "the copy was cut off")),
    }
}

/// Gives a catalog the name of the one that the connection leads to, which must not exist.
///
/// # Errors
/// [`Kind::NotFound`] if there is no such catalog, [`Kind::Conflict`] if the name is taken,
/// [`Kind::Forbidden`] if the database role does not own it.
pub fn rename(connection: &mut Connection, caller: &Caller, old: &Catalog) -> Result<(), Refusal> {
    require(connection, old)?;
    refuse_taken(connection)?;
    Ok(catalogs::rename(connection, &caller.act(None), old)?)
}

/// What a catalog holds, before it is dropped.
///
/// # Errors
/// [`Kind::NotFound`] if there is no such catalog, [`Kind::Conflict`] if others keep tables in it.
pub fn losses(connection: &mut Connection, catalog: &Catalog) -> Result<Holding, Refusal> {
    require(connection, catalog)?;
    let strangers = connection.read(|it| catalogs::strangers(it, catalog))?;
    if !strangers.is_empty() {
        let message = format!(
            "catalog `{catalog}` holds tables that are not of toolcat: {}",
            strangers.join(", ")
        );
        let remedy = Remedy::Said("move them to another schema first".to_owned());
        return Err(Refusal::new(Kind::Conflict, message).remedy(remedy));
    }
    Ok(connection.read(|it| catalogs::holding(it, catalog))?)
}

/// Drops a catalog with everything in it.
///
/// # Errors
/// As [`losses`]; [`Kind::Forbidden`] if the database role does not own it.
pub fn remove(
    connection: &mut Connection,
    caller: &Caller,
    catalog: &Catalog,
) -> Result<Holding, Refusal> {
    let lost = losses(connection, catalog)?;
    catalogs::remove(connection, catalog, caller.dry_run)?;
    Ok(lost)
}
