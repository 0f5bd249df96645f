//! One tool with its definition, as it is or as it was.

use chrono::{DateTime, Utc};
use sha2::{Digest as _, Sha256};

use super::{Kind, Refusal, Remedy, address};
use crate::definition::{Document, ToolRef, digest};
use crate::store::tools::{self, StoredTool};
use crate::store::{Connection, Transaction, replay};

/// A state of the catalog that is gone by.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum At {
    /// That of a moment.
    Time(DateTime<Utc>),
    /// That of a revision.
    Revision(i64),
}

/// A tool with its definition.
#[derive(Debug, Clone, PartialEq)]
pub struct Shown {
    /// Its row.
    pub stored: StoredTool,
    /// Its definition, as it was imported.
    pub document: Document,
    /// The revision of the catalog that it is shown at.
    pub revision: i64,
}

impl Shown {
    /// What tells this state of the version from any other: of what the definition says, the status, the
    /// owner, whether it is on and whether it is the latest.
    pub fn etag(&self) -> String {
        etag(&self.stored, &self.document)
    }
}

/// The same of a row and its definition, in hexadecimal.
pub(super) fn etag(stored: &StoredTool, document: &Document) -> String {
    let life = serde_json::json!([
        digest(document),
        stored.status,
        stored.enabled,
        stored.owner,
        stored.is_latest
    ]);
    let hash = Sha256::digest(life.to_string());
    hash.iter().take(16).map(|it| format!("{it:02x}")).collect()
}

/// The tool that the address means, as it is now or as it was.
///
/// # Errors
/// [`Kind::NotFound`], also for a revision that is still to come; [`Kind::Ambiguous`].
pub fn run(connection: &mut Connection, tool: &ToolRef, at: Option<At>) -> Result<Shown, Refusal> {
    connection.snapshot(|transaction| match at {
        Some(at) => earlier(transaction, tool, at),
        None => {
            let stored = address::one(transaction, tool)?;
            let revision = tools::revision(transaction)?;
            let stored = [stored];
            let mut documents = tools::definitions(transaction, &stored)?;
            let [stored] = stored;
            Ok(Shown {
                document: documents.swap_remove(0),
                stored,
                revision,
            })
        }
    })
}

/// The tool as it was, from the audit log.
fn earlier(transaction: &mut Transaction, reference: &ToolRef, at: At) -> Result<Shown, Refusal> {
    let readings = reference.readings();
    let names: Vec<&str> = readings.iter().map(|it| it.name).collect();
    let now = tools::revision(transaction)?;
    let revision = match at {
        At::Time(time) => replay::revision_at(transaction, time)?.unwrap_or(0),
        At::Revision(revision) => revision,
    };
    if revision > now {
        let message =
            format!("there is no revision {revision} yet: the catalog is at revision {now}");
        return Err(Refusal::new(Kind::NotFound, message));
    }
    let mut found = replay::state_at(transaction, revision, &names)?;
    let meant = |tool: &StoredTool| {
        readings.iter().any(|reading| {
            reading.name == tool.tool_name
                && reading.platform.is_none_or(|it| it == tool.platform)
                && reading
                    .version
                    .map_or(tool.is_latest, |it| it == tool.version)
        })
    };
    found.retain(|(tool, _)| meant(tool));
    address::keep_exact(reference, &mut found, |(tool, _)| tool.identity());
    match found.len() {
        1 => {
            let (stored, document) = found.remove(0);
            Ok(Shown {
                stored,
                document,
                revision,
            })
        }
        0 => {
            let message = format!("there was no tool `{reference}` then, at revision {revision}");
            let remedy = Remedy::ShowChanges(reference.to_string());
            Err(Refusal::new(Kind::NotFound, message).remedy(remedy))
        }
        _ => {
            let choices = found.iter().map(|(tool, _)| tool.identity());
            Err(address::ambiguous(reference, choices, "tools"))
        }
    }
}
