//! Who changed what, when and why, and the proof that the log says so truly.

use std::fmt;
use std::str::FromStr;

use serde::Serialize;

use super::page::{from_text, to_text};
use super::{Kind, Page, Progress, Refusal, Remedy, Stage};
use crate::store::audit::{self as store, Entry, EntryFilter};
use crate::store::chain::{self, Head};
use crate::store::replay::{self, Discrepancy};
use crate::store::{Connection, Transaction, tools};

/// Where a page of the log begins: older than this revision and entry. As text it is opaque.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Cursor(i64, i64);

impl fmt::Display for Cursor {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&to_text(&(self.0, self.1)))
    }
}

impl FromStr for Cursor {
    type Err = Refusal;

    fn from_str(text: &str) -> Result<Self, Refusal> {
        let (revision, entry) = from_text(text)?;
        Ok(Self(revision, entry))
    }
}

/// Entries of the log.
#[derive(Debug, Clone, PartialEq)]
pub struct Log {
    /// The entries, the newest first.
    pub entries: Vec<Entry>,
    /// Where the next page begins, if there is one.
    pub next: Option<Cursor>,
}

/// The entries that the filter lets through, all of them or one page. A page goes before the filter's own
/// limit.
///
/// # Errors
/// [`Kind::NotFound`] for a tool that the log does not know; [`Kind::Invalid`] for a page without rows or
/// with too many.
pub fn list(
    connection: &mut Connection,
    filter: &EntryFilter,
    page: Option<&Page<Cursor>>,
) -> Result<Log, Refusal> {
    let mut wanted = filter.clone();
    if let Some(page) = page {
        wanted.limit = Some(page.rows()?);
        wanted.before = page.after.map(|it| (it.0, it.1));
    }
    connection.direct(|transaction| {
        let mut entries = store::list(transaction, &wanted)?;
        if entries.is_empty() {
            known(transaction, filter)?;
        }
        let place = |it: &Entry| Cursor(it.revision, it.id);
        let next = page.and_then(|page| page.cut(&mut entries, place));
        Ok(Log { entries, next })
    })
}

/// Refuses a tool of which the log knows nothing at all.
fn known(transaction: &mut Transaction, filter: &EntryFilter) -> Result<(), Refusal> {
    let Some(tool) = filter.tools.first() else {
        return Ok(());
    };
    let of_tools = EntryFilter {
        tools: filter.tools.clone(),
        limit: Some(1),
        ..EntryFilter::default()
    };
    if store::list(transaction, &of_tools)?.is_empty() {
        let message = format!("the audit log knows no tool `{tool}`");
        return Err(Refusal::new(Kind::NotFound, message).remedy(Remedy::ListTools));
    }
    Ok(())
}

/// The last hash of the log, to be kept elsewhere.
///
/// # Errors
/// [`Kind::NoDatabase`].
pub fn head(connection: &mut Connection) -> Result<Head, Refusal> {
    Ok(connection.read(chain::head)?)
}

/// The revision of the catalog: that of the latest change.
///
/// # Errors
/// [`Kind::NoDatabase`].
pub fn revision(connection: &mut Connection) -> Result<i64, Refusal> {
    Ok(connection.read(tools::revision)?)
}

/// What a proof of the log found.
#[derive(Debug, Clone, Serialize)]
pub struct Verified {
    /// Whether the log leads to the present state, and fits its hash chain.
    pub ok: bool,
    /// Entries of the log.
    pub entries: i64,
    /// Versions of tools in the catalog.
    pub tools: i64,
    /// The revision of the catalog.
    pub revision: i64,
    /// The last hash of the log.
    pub head: Head,
    /// Where the log and the catalog do not agree.
    pub discrepancies: Vec<Discrepancy>,
}

/// Replays the log from the start against the present state, and follows its hash chain; with a head that
/// was kept, also whether nothing before it was rewritten.
///
/// # Errors
/// [`Kind::NoDatabase`].
pub fn verify(
    connection: &mut Connection,
    kept: Option<&Head>,
    progress: &dyn Progress,
) -> Result<Verified, Refusal> {
    let verified = connection.read_consistently(|connection| {
        let extent = replay::prepare(connection)?;
        progress.begin(Stage::Verifying, extent.entries.unsigned_abs());
        let mut found = replay::chain(connection, kept, &|entries| progress.advance(entries))?;
        progress.begin(Stage::Replaying, 0);
        found.extend(replay::state(connection)?);
        Ok((extent, chain::head(connection)?, found))
    });
    progress.end();
    let (extent, head, discrepancies) = verified?;
    Ok(Verified {
        ok: discrepancies.is_empty(),
        entries: extent.entries,
        tools: extent.tools,
        revision: extent.revision,
        head,
        discrepancies,
    })
}
