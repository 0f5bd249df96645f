//! The catalog as it was, from the audit log.

use chrono::{DateTime, Utc};

use super::{Kind, Refusal, Remedy, address};
use crate::definition::{Document, ToolRef};
use crate::store::Transaction;
use crate::store::replay::{self, Versions};
use crate::store::tools::{self, Filter, StoredTool};

/// A state of the catalog that is gone by.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum At {
    /// That of a moment.
    Time(DateTime<Utc>),
    /// That of a revision.
    Revision(i64),
}

/// The revision that the catalog was at; 0 if there was none yet.
fn revision(transaction: &mut Transaction, at: At) -> Result<i64, Refusal> {
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
    Ok(revision)
}

/// The tool that the address meant then, with its definition and the revision.
///
/// # Errors
/// [`Kind::NotFound`], also for a revision that is still to come; [`Kind::Ambiguous`].
pub(super) fn one(
    transaction: &mut Transaction,
    at: At,
    reference: &ToolRef,
) -> Result<(StoredTool, Document, i64), Refusal> {
    let filter = Filter {
        tools: vec![reference.clone()],
        ..Filter::default()
    };
    let (mut found, revision) = list(transaction, at, &filter)?;
    address::keep_exact(reference, &mut found, |(tool, _)| tool.identity());
    match found.len() {
        1 => {
            let (stored, document) = found.remove(0);
            Ok((stored, document, revision))
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

/// The versions that the filter let through then, in the order of a list, and the revision.
///
/// # Errors
/// [`Kind::NotFound`] for a revision that is still to come.
pub(super) fn list(
    transaction: &mut Transaction,
    at: At,
    filter: &Filter,
) -> Result<(Versions, i64), Refusal> {
    let revision = revision(transaction, at)?;
    let readings = filter.tools.iter().flat_map(ToolRef::readings);
    let names: Vec<&str> = readings.map(|it| it.name).collect();
    let names = (!names.is_empty()).then_some(names.as_slice());
    let mut found = replay::state_at(transaction, revision, names)?;
    found.retain(|(tool, document)| filter.allows(tool, document));
    found.sort_by(|(a, _), (b, _)| {
        let key = |it: &StoredTool| (it.platform.clone(), it.tool_name.clone(), it.id);
        key(a).cmp(&key(b))
    });
    Ok((found, revision))
}
