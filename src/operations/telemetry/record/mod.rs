//! Executions recorded: one, a batch in memory, or a stream of any length.
//!
//! An execution that has an id is recorded once, however often it is sent.

mod stream;

use std::collections::BTreeSet;

use serde::Serialize;
use serde_json::Value;

pub use stream::{Ending, Refused, Stream, Streamed, stream};

use crate::definition::ToolRef;
use crate::operations::{Caller, Kind, Refusal, Remedy};
use crate::outside;
use crate::store::Connection;
use crate::store::telemetry::{self as store, Rows};
use crate::telemetry::intake::{Entry, Field, Rejection, Targets};

/// What a batch came to.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize)]
pub struct Recorded {
    /// Executions recorded.
    pub recorded: u64,
    /// Executions passed over, since their ids were recorded before.
    pub duplicates: u64,
    /// The executions that were refused.
    pub rejected: Vec<Rejected>,
    /// Whether it was undone at the end.
    pub dry_run: bool,
}

/// An execution of a batch that was refused.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Rejected {
    /// Its place in the batch, from 0.
    pub index: usize,
    /// Why.
    pub reason: String,
    /// What to do about it.
    pub hint: Option<String>,
}

/// Reads an execution from a JSON object; a field that is not known refuses it.
///
/// # Errors
/// The first field that cannot be used, and why.
pub fn read(value: Value) -> Result<Entry, Rejection> {
    let Value::Object(fields) = value else {
        return Err("an execution is a JSON object".into());
    };
    let mut unknown = None;
    let entry = Entry::from_json(fields, &mut |name| {
        unknown.get_or_insert_with(|| name.to_owned());
    })?;
    match unknown {
        None => Ok(entry),
        Some(name) => Err(Rejection {
            message: format!("an execution has no field `{name}`"),
            hint: Field::near(&name).map(|near| format!("did you mean {near}?")),
            not_found: false,
        }),
    }
}

/// The tools that those addresses can mean, with their patterns. If one names nothing, all tools are
/// loaded, to find names that are near.
///
/// # Errors
/// [`Kind::NoDatabase`].
pub fn targets<'a>(
    connection: &mut Connection,
    tools: impl Iterator<Item = &'a str>,
) -> Result<Targets, Refusal> {
    let references: Vec<ToolRef> = tools.filter_map(|tool| tool.parse().ok()).collect();
    let names: BTreeSet<&str> = references
        .iter()
        .flat_map(ToolRef::readings)
        .map(|reading| reading.name)
        .collect();
    let names: Vec<&str> = names.into_iter().collect();
    let targets = connection.read(|connection| store::targets(connection, Some(&names)))?;
    let is_known = |reference: &ToolRef| names_a_tool(&targets, reference);
    if references.iter().all(is_known) {
        return Ok(targets);
    }
    Ok(connection.read(|connection| store::targets(connection, None))?)
}

/// Whether a tool has a name that the address can mean, on any platform, in any version.
fn names_a_tool(targets: &Targets, reference: &ToolRef) -> bool {
    let readings = reference.readings();
    readings.iter().any(|it| targets.has_name(it.name))
}

/// Records one execution: whether it is new.
///
/// # Errors
/// [`Kind::NotFound`] for a tool, a capability or a pattern, [`Kind::Invalid`] for a value.
pub fn one(connection: &mut Connection, caller: &Caller, entry: Entry) -> Result<bool, Refusal> {
    let mut targets = targets(connection, entry.tool.as_deref().into_iter())?;
    one_of(connection, caller, &mut targets, entry)
}

/// The same of tools that were loaded before.
///
/// # Errors
/// As [`one`].
pub fn one_of(
    connection: &mut Connection,
    caller: &Caller,
    targets: &mut Targets,
    entry: Entry,
) -> Result<bool, Refusal> {
    let execution = targets.execution(entry, outside::now())?;
    if caller.dry_run {
        return Ok(true);
    }
    let mut rows = Rows::default();
    rows.push(&execution);
    let recorded = caller.records(connection, |it| store::record(it, &rows))?;
    caller.kept.done();
    Ok(recorded > 0)
}

/// Records a batch in one transaction. What is refused is left out and reported; if it is `atomic`,
/// nothing is recorded then.
///
/// # Errors
/// [`Kind::NoDatabase`].
pub fn batch(
    connection: &mut Connection,
    caller: &Caller,
    entries: Vec<Result<Entry, Rejection>>,
    atomic: bool,
) -> Result<Recorded, Refusal> {
    let tools: BTreeSet<&str> = entries
        .iter()
        .filter_map(|entry| entry.as_ref().ok()?.tool.as_deref())
        .collect();
    let mut targets = targets(connection, tools.into_iter())?;
    let (mut rows, mut rejected) = (Rows::default(), Vec::new());
    let now = outside::now();
    for (index, entry) in entries.into_iter().enumerate() {
        match entry.and_then(|entry| targets.execution(entry, now)) {
            Ok(execution) => rows.push(&execution),
            Err(rejection) => rejected.push(Rejected {
                index,
                reason: rejection.message,
                hint: rejection.hint,
            }),
        }
    }
    let given = rows.len() as u64;
    if atomic && !rejected.is_empty() {
        return Ok(Recorded {
            rejected,
            dry_run: caller.dry_run,
            ..Recorded::default()
        });
    }
    let recorded = match caller.dry_run {
        true => given,
        false => {
            let recorded = caller.records(connection, |it| store::record(it, &rows))?;
            caller.kept.done();
            recorded
        }
    };
    Ok(Recorded {
        recorded,
        duplicates: given - recorded + rows.repeated(),
        rejected,
        dry_run: caller.dry_run,
    })
}

impl From<Rejection> for Refusal {
    fn from(rejection: Rejection) -> Self {
        let kind = match rejection.not_found {
            true => Kind::NotFound,
            false => Kind::Invalid,
        };
        let refusal = Self::new(kind, rejection.message);
        match rejection.hint {
            Some(hint) => refusal.remedy(Remedy::Said(hint)),
            None => refusal,
        }
    }
}
