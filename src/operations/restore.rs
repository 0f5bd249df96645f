//! Deleted tools back from the audit log.
//!
//! Rows come back as the log holds them, to the letter. What was in the catalog was valid under the rules of
//! its day: where today's rules have something against it, the report says so.

use std::collections::HashSet;

use chrono::{DateTime, Utc};
use serde::Serialize;

use super::address::{self, Selection, unsaid};
use super::misfits::Misfits;
use super::{Caller, Changed, Kind, Refusal, Remedy, Writes, change_or_tell};
use crate::definition::{Identity, ToolRef};
use crate::store::restore::{self, Deleted};
use crate::store::tools::{self, Filter, Handle};
use crate::store::{Connection, Transaction};

/// What the audit log calls it.
const ACTION: &str = "restored";

/// Brings back what the last deletion of each tool took away.
///
/// # Errors
/// [`Kind::NotFound`] and [`Kind::Ambiguous`] for an address, [`Kind::Conflict`] if the tool is in the
/// catalog, [`Kind::Invalid`] if nothing says which tools.
pub fn run(
    connection: &mut Connection,
    caller: &Caller,
    selection: &Selection,
) -> Result<Changed, Refusal> {
    if selection.tools.is_none() && selection.filter.is_empty() && !selection.all {
        return Err(unsaid().remedy(Remedy::ListDeleted));
    }
    let ((restored, misfits), revision) =
        change_or_tell(connection, caller, Some(ACTION), |transaction, writes| {
            let wanted = wanted(transaction, selection)?;
            refuse_present(transaction, &wanted)?;
            if writes == Writes::Yes {
                restore::restore(transaction, &wanted, &caller.actor)?;
            }
            let misfits = looked_at(transaction, &wanted)?;
            Ok((wanted, misfits))
        })?;
    let restored: Vec<Handle> = restored.iter().map(|it| Handle::from(&it.tool)).collect();
    let ids = restored.iter().map(|tool| tool.id).collect();
    Ok(Changed {
        misfits,
        ..Changed::new(ACTION, &restored, &ids, revision, caller.dry_run)
    })
}

/// What today's rules have against definitions that came back.
pub(super) fn looked_at(
    transaction: &mut Transaction,
    restored: &[Deleted],
) -> Result<Misfits, Refusal> {
    /// Definitions that are read at once.
    const PART: usize = 500;
    let mut misfits = Misfits::default();
    for part in restored.chunks(PART) {
        let ids: Vec<i64> = part.iter().map(|it| it.tool.id).collect();
        let stored = tools::by_ids(transaction, &ids)?;
        misfits.look(&tools::definitions(transaction, &stored)?);
    }
    Ok(misfits)
}

/// A tool that was deleted and can be brought back.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct DeletedTool {
    /// Its name.
    pub tool: String,
    /// The version of the definition.
    pub version: String,
    /// Where it ran.
    pub platform: String,
    /// What it was for.
    pub description: String,
    /// When it was deleted.
    pub deleted_at: DateTime<Utc>,
    /// By whom.
    pub deleted_by: String,
    /// Why.
    pub reason: Option<String>,
    /// The revision that deleted it.
    pub revision: i64,
}

impl From<Deleted> for DeletedTool {
    fn from(deleted: Deleted) -> Self {
        let tool = deleted.tool;
        Self {
            tool: tool.tool_name,
            version: tool.version,
            platform: tool.platform,
            description: tool.description,
            deleted_at: deleted.deleted_at,
            deleted_by: deleted.deleted_by,
            reason: deleted.reason,
            revision: deleted.revision,
        }
    }
}

/// The tools that [`run`] can bring back among those that the filter means, the last deleted first.
///
/// # Errors
/// [`Kind::NoDatabase`].
pub fn list(connection: &mut Connection, filter: &Filter) -> Result<Vec<DeletedTool>, Refusal> {
    let mut found = connection.direct(|connection| restore::deleted(connection, None))?;
    found.retain(|it| matches(it, filter));
    Ok(found.into_iter().map(DeletedTool::from).collect())
}

fn wanted(transaction: &mut Transaction, selection: &Selection) -> Result<Vec<Deleted>, Refusal> {
    let Some(references) = &selection.tools else {
        let mut found = restore::deleted(transaction, None)?;
        found.retain(|it| matches(it, &selection.filter));
        return Ok(last_of_each(&found));
    };
    let names: Vec<&str> = references
        .iter()
        .flat_map(ToolRef::readings)
        .map(|reading| reading.name)
        .collect();
    let mut found = restore::deleted(transaction, Some(&names))?;
    found.retain(|it| matches(it, &selection.filter));
    let mut wanted: Vec<Deleted> = Vec::new();
    for reference in references {
        for it in meant(transaction, reference, &found)? {
            if !wanted.iter().any(|known| known.tool.id == it.tool.id) {
                wanted.push(it);
            }
        }
    }
    Ok(wanted)
}

/// The versions that the last deletion of the tool took away which the address means.
fn meant(
    transaction: &mut Transaction,
    reference: &ToolRef,
    found: &[Deleted],
) -> Result<Vec<Deleted>, Refusal> {
    let mut meant: Vec<Deleted> = found
        .iter()
        .filter(|it| reference.matches(&it.tool.identity()))
        .cloned()
        .collect();
    if meant
        .iter()
        .any(|it| it.tool.tool_name == reference.as_str())
    {
        meant.retain(|it| it.tool.tool_name == reference.as_str());
    }
    let platforms: HashSet<&str> = meant.iter().map(|it| it.tool.platform.as_str()).collect();
    match platforms.len() {
        1 => Ok(last_of_each(&meant)),
        0 => Err(missing(transaction, reference)?),
        _ => {
            let identities = meant.iter().map(|it| it.tool.identity());
            Err(address::ambiguous(reference, identities, "deleted tools"))
        }
    }
}

/// The refusal of an address that no deleted tool answers to.
fn missing(transaction: &mut Transaction, reference: &ToolRef) -> Result<Refusal, Refusal> {
    let filter = Filter {
        tools: vec![reference.clone()],
        ..Filter::default()
    };
    let present = !tools::list(transaction, &filter)?.is_empty();
    Ok(match present {
        true => Refusal::new(
            Kind::Conflict,
            format!("`{reference}` is in the catalog, not deleted"),
        )
        .remedy(Remedy::ListVersions),
        false => Refusal::new(
            Kind::NotFound,
            format!("no deleted tool is called `{reference}`"),
        )
        .remedy(Remedy::ListDeleted),
    })
}

/// Refuses a version that is in the catalog again.
fn refuse_present(transaction: &mut Transaction, wanted: &[Deleted]) -> Result<(), Refusal> {
    let names: Vec<&str> = wanted.iter().map(|it| it.tool.tool_name.as_str()).collect();
    let present: HashSet<Identity> = tools::handles_named(transaction, &names)?
        .iter()
        .map(Handle::identity)
        .collect();
    let again = wanted.iter().map(|it| it.tool.identity());
    match again.into_iter().find(|it| present.contains(it)) {
        Some(identity) => Err(Refusal::new(
            Kind::Conflict,
            format!("{identity} is in the catalog again"),
        )
        .remedy(Remedy::DeleteOrRename)),
        None => Ok(()),
    }
}

/// Of each tool what its last deletion took away; of each version once.
fn last_of_each(found: &[Deleted]) -> Vec<Deleted> {
    let last = |it: &Deleted| {
        found
            .iter()
            .filter(|other| {
                other.tool.platform == it.tool.platform && other.tool.tool_name == it.tool.tool_name
            })
            .map(|other| other.revision)
            .max()
    };
    let mut seen: HashSet<Identity> = HashSet::new();
    found
        .iter()
        .filter(|it| last(it) == Some(it.revision) && seen.insert(it.tool.identity()))
        .cloned()
        .collect()
}

/// Whether a deleted tool is one that the filters mean.
fn matches(deleted: &Deleted, filter: &Filter) -> bool {
    let tool = &deleted.tool;
    let any =
        |wanted: &[String], value: &str| wanted.is_empty() || wanted.iter().any(|it| it == value);
    let tags: Vec<&str> = tool.metadata["tags"]
        .as_array()
        .into_iter()
        .flatten()
        .filter_map(|tag| tag.as_str())
        .collect();
    any(&filter.platforms, &tool.platform)
        && any(&filter.categories, &tool.category)
        && any(&filter.statuses, &tool.status)
        && any(&filter.owners, tool.owner.as_deref().unwrap_or_default())
        && filter.enabled.is_none_or(|it| it == tool.enabled)
        && filter.tags.iter().all(|tag| tags.contains(&tag.as_str()))
        && (filter.capabilities.is_empty()
            || filter
                .capabilities
                .iter()
                .any(|it| deleted.capabilities.contains(it)))
}
