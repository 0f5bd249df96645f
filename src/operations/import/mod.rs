//! Definitions into the catalog, all or nothing or file by file; of a dry run, what that would do.
//!
//! [`files`] and [`texts`] read and validate definitions, without a connection; [`run`] plans and writes
//! them in one transaction.

mod read;
mod report;
mod starter;
mod write_back;

use std::collections::HashSet;

use chrono::{DateTime, Utc};

pub use read::{Definitions, Refused, files, texts};
pub use report::{Impacts, Imported, PlanReport, Planned, Summary};
pub use starter::starter;
pub use write_back::{Rewritten, write_back};

use super::{Caller, Kind, Progress, Refusal, Stage, Writes, change_or_tell};
use crate::store::Connection;
use crate::store::apply::Order;
use crate::store::impact::Watched;
use crate::store::import::OnConflict;
use crate::store::tools::{Filter, Handle};
use crate::words::counted;

/// How definitions are imported.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Request {
    /// What becomes of one that differs under a version that the catalog has.
    pub on_conflict: OnConflict,
    /// Whether files that cannot be imported are left out, instead of stopping everything.
    pub keep_going: bool,
    /// Among which tools those are retired that the definitions do not hold.
    pub prune: Option<Filter>,
    /// The rows that may be retired, if that was agreed to before.
    pub agreed: Option<HashSet<i64>>,
    /// The selections recorded since then are answered before and after the import.
    pub impact: Option<DateTime<Utc>>,
}

impl Request {
    fn order<'a>(&self, definitions: &'a Definitions, places: &'a [usize]) -> Order<'a> {
        Order {
            documents: &definitions.documents,
            files: places,
            on_conflict: self.on_conflict,
            keep_going: self.keep_going,
            prune: self.prune.clone(),
            retire: self.agreed.clone(),
        }
    }
}

/// The tools that would be retired, since the definitions do not hold them.
///
/// # Errors
/// [`NoDatabase`](super::Kind::NoDatabase); [`Invalid`](super::Kind::Invalid) if it is not known what the files hold.
pub fn retiring(
    connection: &mut Connection,
    definitions: &Definitions,
    request: &Request,
) -> Result<Vec<Handle>, Refusal> {
    may_retire(definitions, request)?;
    let places = definitions.places();
    let order = request.order(definitions, &places);
    let found = connection.snapshot(|transaction| order.retiring(transaction))?;
    Ok(found.iter().map(Handle::from).collect())
}

/// Whether it is known which tools the definitions no longer hold: every file was read, and there are some.
fn may_retire(definitions: &Definitions, request: &Request) -> Result<(), Refusal> {
    if request.prune.is_none() {
        return Ok(());
    }
    let why = match definitions.refused.len() {
        0 if !definitions.documents.is_empty() => return Ok(()),
        0 => "the files hold no definition, so that every tool would be retired".to_owned(),
        refused => format!(
            "{} cannot be read, so that it is not known what {} no longer hold",
            counted(refused, "file"),
            if refused == 1 { "the files" } else { "they" },
        ),
    };
    Err(Refusal::new(
        Kind::Invalid,
        format!("{why}; nothing was imported"),
    ))
}

fn needs_trying() -> Refusal {
    let message = "what an import changes of selections is found out by trying it, and nothing may be written here";
    Refusal::new(Kind::Forbidden, message)
}

/// Imports the definitions. What differs under a version that the catalog has stops everything, unless
/// the request says otherwise; [`Imported::accepted`] makes that a refusal.
///
/// # Errors
/// [`Invalid`](super::Kind::Invalid) if a definition is not valid and nothing is left out.
pub fn run(
    connection: &mut Connection,
    caller: &Caller,
    definitions: &Definitions,
    request: &Request,
    progress: &dyn Progress,
) -> Result<Imported, Refusal> {
    if let Some(refusal) = definitions.refusal().filter(|_| !request.keep_going) {
        return Err(refusal);
    }
    may_retire(definitions, request)?;
    let places = definitions.places();
    let order = request.order(definitions, &places);
    let (done, revision) = change_or_tell(connection, caller, None, |transaction, writes| {
        if writes == Writes::No {
            return match request.impact {
                None => Ok((order.worked_out(transaction)?, None)),
                Some(_) => Err(needs_trying()),
            };
        }
        progress.begin(Stage::Writing, definitions.documents.len() as u64);
        let watched = match request.impact {
            Some(since) => Some(Watched::since(transaction, since, usize::MAX)?),
            None => None,
        };
        let written = |count| progress.advance(count);
        let carried = order.carry_out(transaction, &caller.actor, &written)?;
        let impact = match &watched {
            Some(watched) => Some(Impacts {
                selections: watched.len(),
                changed: watched.changed(transaction)?,
            }),
            None => None,
        };
        progress.end();
        Ok((carried, impact))
    })?;
    let (carried, impact) = done;
    Ok(Imported::new(
        definitions,
        carried,
        impact,
        revision,
        caller.dry_run,
    ))
}
