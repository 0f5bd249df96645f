//! Tools out of the catalog, with a way back.

use std::collections::{HashMap, HashSet};

use super::address::Selection;
use super::{Caller, Changed, Kind, Refusal, Remedy, Writes, change_or_tell};
use crate::store::lifecycle::{self, Ties};
use crate::store::tools::{self, Handle};
use crate::store::{Connection, Transaction};
use crate::words::counted;

/// What is to be deleted.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Request {
    /// The versions.
    pub tools: Vec<Handle>,
    /// Whether what was recorded of them goes as well: telemetry and A/B tests.
    pub purge: bool,
    /// Whether even a running A/B test goes with them; only with `purge`.
    pub force: bool,
}

/// The versions that a selection means: all of a tool that is named without one.
///
/// # Errors
/// [`Kind::NotFound`] and [`Kind::Ambiguous`] for an address, [`Kind::Invalid`] if nothing says which.
pub fn selected(
    connection: &mut Connection,
    selection: &Selection,
) -> Result<Vec<Handle>, Refusal> {
    let named = selection.resolve_exactly(connection, false)?;
    let names: Vec<&str> = named
        .iter()
        .map(|(tool, _)| tool.tool_name.as_str())
        .collect();
    let all = connection.read(|connection| tools::handles_named(connection, &names))?;
    let mut of_tool: HashMap<(&str, &str), Vec<&Handle>> = HashMap::new();
    for tool in &all {
        of_tool
            .entry((&tool.platform, &tool.tool_name))
            .or_default()
            .push(tool);
    }
    let mut seen = HashSet::new();
    let mut selected = Vec::new();
    for (tool, alone) in &named {
        let versions = match of_tool.get(&(tool.platform.as_str(), tool.tool_name.as_str())) {
            Some(versions) if !alone => versions.clone(),
            _ => vec![tool],
        };
        selected.extend(
            versions
                .into_iter()
                .filter(|it| seen.insert(it.id))
                .cloned(),
        );
    }
    Ok(selected)
}

/// Deletes them, all or none.
///
/// # Errors
/// [`Kind::Conflict`] if one has telemetry or A/B tests and `purge` is not asked for, or if a test is
/// running on it and `force` is not; [`Kind::Overtaken`] if one was deleted meanwhile.
pub fn run(
    connection: &mut Connection,
    caller: &Caller,
    request: &Request,
) -> Result<Changed, Refusal> {
    let (deleted, revision) = change_or_tell(connection, caller, None, |transaction, writes| {
        within(transaction, request, writes)
    })?;
    let deleted = deleted.into_iter().collect();
    Ok(Changed::new(
        "deleted",
        &request.tools,
        &deleted,
        revision,
        caller.dry_run,
    ))
}

/// The same within a transaction: the row numbers.
pub(super) fn within(
    transaction: &mut Transaction,
    request: &Request,
    writes: Writes,
) -> Result<Vec<i64>, Refusal> {
    let present = lifecycle::present(transaction, &request.tools)?;
    let ids: Vec<i64> = present.iter().map(|tool| tool.id).collect();
    refuse_ties(request, &lifecycle::ties(transaction, &ids)?)?;
    if writes == Writes::Yes {
        lifecycle::delete(transaction, &present, request.purge)?;
    }
    Ok(ids)
}

/// Refuses the deletion of tools to which records are tied that are to stay.
fn refuse_ties(request: &Request, ties: &[Ties]) -> Result<(), Refusal> {
    let blocking: Vec<&Ties> = ties
        .iter()
        .filter(|it| !request.purge || (!it.running.is_empty() && !request.force))
        .collect();
    let Some(first) = blocking.first() else {
        return Ok(());
    };
    let name = request
        .tools
        .iter()
        .find(|tool| tool.id == first.id)
        .map(|tool| tool.identity().to_string())
        .unwrap_or_default();
    let count = |n: i64, one: &str| counted(usize::try_from(n).unwrap_or(0), one);
    let mut reasons = Vec::new();
    if first.executions > 0 {
        reasons.push(count(first.executions, "recorded execution"));
    }
    if !first.running.is_empty() {
        reasons.push(format!("a running A/B test ({})", first.running.join(", ")));
    } else if first.tests > 0 {
        reasons.push(count(first.tests, "A/B test"));
    }
    let others = match blocking.len() {
        1 => String::new(),
        n => format!("; {} more cannot be deleted either", n - 1),
    };
    let message = format!(
        "{name} has {}{others}; nothing was deleted",
        reasons.join(" and ")
    );
    Err(
        Refusal::new(Kind::Conflict, message).remedy(match first.running.first() {
            Some(test) => Remedy::EndTest {
                test: test.clone(),
                or_force: request.purge,
            },
            None => Remedy::DeprecateOrPurge,
        }),
    )
}
