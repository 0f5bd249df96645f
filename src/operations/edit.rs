//! A definition replaced by an edited one. What others changed since the edit began stays, as long as the
//! two changes touch different fields.

use std::collections::BTreeSet;

use chrono::{DateTime, TimeDelta, Utc};
use serde::Serialize;
use serde_json::Value;

use super::complete::refuse_assumed;
use super::import::Impacts;
use super::refusal::Flaw;
use super::show::etag;
use super::{Caller, Kind, Refusal, Writes, change_or_tell};
use crate::definition::diff::{Change, diff_documents};
use crate::definition::{Document, Identity, LIFECYCLE_FIELDS, Status, ValidDefinition, merge};
use crate::format::{Format, Source};
use crate::outside;
use crate::store::audit::{self, EntryFilter};
use crate::store::impact::Watched;
use crate::store::rewrite::{Rewrite, rewrite};
use crate::store::tools::{self, Handle, StoredTool};
use crate::store::{Connection, Transaction, lifecycle, replay};
use crate::validate::{self, Options, Report};

/// How many states of a tool that are gone by are looked at, to find the one that an edit began from.
const STATES: usize = 20;
/// How many entries of the audit log are read for them.
const ENTRIES: i64 = 1000;

/// What an edit began from.
#[derive(Debug, Clone, PartialEq)]
pub enum Base {
    /// The definition itself.
    Definition(Document),
    /// The mark of its state, as [`Shown::etag`](super::show::Shown::etag) gives it.
    Etag(String),
}

/// A definition to be replaced.
#[derive(Debug, Clone, PartialEq)]
pub struct Request {
    /// The version of the tool.
    pub tool: Handle,
    /// What the edit began from.
    pub base: Base,
    /// The definition as it was edited, with the same platform, name and version.
    pub edited: Document,
    /// The recorded selections that are answered before and after it.
    pub watch: Option<Watch>,
}

/// Recorded selections.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Watch {
    /// Those recorded since then.
    pub since: DateTime<Utc>,
    /// How many different requests at most, the newest.
    pub most: usize,
}

impl Watch {
    /// How many days [`recent`](Self::recent) goes back.
    pub const DAYS: i64 = 7;
    const MOST: usize = 100;

    /// Those of the last days, as many as are answered while somebody waits.
    pub fn recent() -> Self {
        Self {
            since: outside::now() - TimeDelta::days(Self::DAYS),
            most: Self::MOST,
        }
    }
}

/// What an edit did.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Edited {
    /// The version.
    pub tool: String,
    /// The fields that changed.
    pub changes: Vec<Change>,
    /// What would be answered otherwise, where that was asked for.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub impact: Option<Impacts>,
    /// The revision of the catalog afterwards; of a dry run, the present one.
    pub revision: i64,
    /// Whether it was undone at the end.
    pub dry_run: bool,
}

/// Reads an edited definition and validates it as one of the catalog.
///
/// # Errors
/// [`Kind::Invalid`] with every error at its place, or if the text does not hold one definition.
pub fn read(
    name: &str,
    bytes: impl Into<Vec<u8>>,
    format: Option<Format>,
) -> Result<Document, Refusal> {
    let mut report = check(name, bytes, format);
    let flaws = Flaw::errors(&report);
    if !flaws.is_empty() {
        let message = "the definition is not valid; nothing was saved";
        return Err(Refusal::new(Kind::Invalid, message).flaws(flaws));
    }
    match report.documents.len() {
        1 => Ok(report.documents.swap_remove(0).document),
        n => {
            let message = format!("one definition is expected, not {n}");
            Err(Refusal::new(Kind::Invalid, message))
        }
    }
}

/// The findings of an edited definition.
pub fn check(name: &str, bytes: impl Into<Vec<u8>>, format: Option<Format>) -> Report {
    let mut options = lenient();
    options.from = format;
    validate::check_sources(vec![Source::new(name, bytes)], &options)
}

fn lenient() -> Options {
    let mut options = Options::default();
    options.lenient = true;
    options
}

/// Replaces the definition.
///
/// # Errors
/// [`Kind::Overtaken`] if others changed the same fields meanwhile (with each field), if both changes
/// together are not valid, or if the state that the edit began from is not known; [`Kind::Invalid`] for
/// another identity or a definition that is not valid.
pub fn run(
    connection: &mut Connection,
    caller: &Caller,
    request: &Request,
) -> Result<Edited, Refusal> {
    let (edited, revision) = change_or_tell(connection, caller, None, |transaction, writes| {
        let identity = request.tool.identity();
        if request.edited.identity().as_ref() != Some(&identity) {
            return Err(another(&identity));
        }
        let now = lifecycle::present(transaction, std::slice::from_ref(&request.tool))?;
        let theirs = tools::definitions(transaction, &now)?.swap_remove(0);
        let base = base(transaction, &request.base, &now[0], &theirs)?;
        let ours = with_life(&base, request.edited.clone());
        let merged = merge(base.fields(), ours.fields(), theirs.fields())
            .map_err(|overlaps| same_fields(&identity).overlapping(overlaps))?;
        let document = allowed(&identity, &Document::new(merged), &ours)?;
        if document
            .fields()
            .get("status")
            .is_some_and(|it| it == Status::Active.as_str())
        {
            refuse_assumed(&now[0], &document)?;
        }
        let changes = diff_documents(&theirs, &document);
        let wanted = Rewrite {
            id: request.tool.id,
            document: &document,
        };
        if writes == Writes::No {
            return Ok((identity, changes, None));
        }
        let watch = request.watch;
        let watched = watch
            .map(|it| Watched::since(transaction, it.since, it.most))
            .transpose()?;
        rewrite(transaction, &[wanted])?;
        let impact = match &watched {
            Some(watched) => Some(Impacts {
                selections: watched.len(),
                changed: watched.changed(transaction)?,
            }),
            None => None,
        };
        Ok((identity, changes, impact))
    })?;
    let (identity, changes, impact) = edited;
    Ok(Edited {
        tool: identity.to_string(),
        changes,
        impact,
        revision,
        dry_run: caller.dry_run,
    })
}

/// The definition that the edit began from.
fn base(
    transaction: &mut Transaction,
    base: &Base,
    stored: &StoredTool,
    present: &Document,
) -> Result<Document, Refusal> {
    let wanted = match base {
        Base::Definition(document) => return Ok(document.clone()),
        Base::Etag(wanted) => wanted,
    };
    if etag(stored, present) == *wanted {
        return Ok(present.clone());
    }
    let identity = stored.identity();
    let unknown = || {
        let message = format!("{identity} was changed meanwhile; nothing was saved");
        Refusal::new(Kind::Overtaken, message)
    };
    let filter = EntryFilter {
        tools: vec![identity.to_string().parse().map_err(|_| unknown())?],
        limit: Some(ENTRIES),
        ..EntryFilter::default()
    };
    let entries = audit::list(transaction, &filter)?;
    let revisions: BTreeSet<i64> = entries.iter().map(|it| it.revision).collect();
    for revision in revisions.into_iter().rev().take(STATES) {
        let states = replay::state_at(transaction, revision, Some(&[&identity.name]))?;
        let same = |(tool, document): &(StoredTool, Document)| {
            tool.identity() == identity && etag(tool, document) == *wanted
        };
        if let Some((_, document)) = states.into_iter().find(same) {
            return Ok(document);
        }
    }
    Err(unknown())
}

/// A field that was taken out goes back to its default; the owner stays.
fn with_life(base: &Document, mut edited: Document) -> Document {
    for field in LIFECYCLE_FIELDS {
        let default = match *field {
            "status" => Value::from("active"),
            "enabled" => Value::from(true),
            _ => continue,
        };
        if base.fields().contains_key(*field) && !edited.fields().contains_key(*field) {
            edited.fields_mut().insert((*field).to_owned(), default);
        }
    }
    edited
}

/// Refuses a definition that is not valid: as it was edited, or only with what others changed.
fn allowed(
    identity: &Identity,
    merged: &Document,
    ours: &Document,
) -> Result<ValidDefinition, Refusal> {
    let name = identity.to_string();
    let options = lenient();
    validate::definition(&name, merged, &options).map_err(|_| {
        match validate::definition(&name, ours, &options) {
            Err(report) => {
                let message = "the definition is not valid; nothing was saved";
                Refusal::new(Kind::Invalid, message).flaws(Flaw::errors(&report))
            }
            Ok(_) => Refusal::new(
                Kind::Overtaken,
                format!("{name} was changed meanwhile, and both changes together are not valid"),
            ),
        }
    })
}

fn another(identity: &Identity) -> Refusal {
    let message =
        format!("the definition of {identity} cannot get another platform, name or version");
    Refusal::new(Kind::Invalid, message)
}

fn same_fields(identity: &Identity) -> Refusal {
    let message =
        format!("{identity} was changed meanwhile, in fields that were edited; nothing was saved");
    Refusal::new(Kind::Overtaken, message)
}
