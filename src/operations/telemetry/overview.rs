//! Executions as a whole: day by day, by tool and by user, with what the analysis of each pattern says.

use std::collections::BTreeMap;

use serde::Serialize;

use super::Executions;
use super::analyze::{self, Analysed};
use crate::operations::Refusal;
use crate::store::Connection;
use crate::store::telemetry::{self as store, GroupBy, Total};
use crate::telemetry::{AnalyzeOptions, ErrorGroup, Measure};

/// Kinds of errors that are named.
const ERRORS: usize = 8;

/// What there is to see.
#[derive(Debug, Serialize)]
pub struct Overview {
    /// Totals of each day in UTC, in their order.
    pub days: Vec<Total>,
    /// Totals of each tool, the dearest first.
    pub tools: Vec<Total>,
    /// Totals of each user, the dearest first.
    pub users: Vec<Total>,
    /// The most frequent kinds of errors.
    pub errors: Vec<ErrorGroup>,
    /// The analysis of each pattern, by tool and pattern.
    pub patterns: Vec<Analysed>,
}

/// Adds up and analyses the executions that are meant. `samples` limits how many executions of a pattern are drawn.
///
/// # Errors
/// As [`Executions::scope`].
pub fn run(
    connection: &mut Connection,
    executions: &Executions,
    measure: Measure,
    samples: Option<u64>,
) -> Result<Overview, Refusal> {
    let scope = executions.scope(connection)?;
    let (days, tools, users) = connection.read_consistently(|connection| {
        let mut totals = |by| store::totals(connection, &scope, &[by]);
        Ok((
            totals(GroupBy::Day)?,
            totals(GroupBy::Tool)?,
            totals(GroupBy::User)?,
        ))
    })?;
    let options = AnalyzeOptions {
        measure,
        ..AnalyzeOptions::default()
    };
    let patterns = analyze::run(connection, &scope, &options, samples)?;
    Ok(Overview {
        days,
        tools,
        users,
        errors: errors(&patterns),
        patterns,
    })
}

/// The kinds of errors of all patterns together.
fn errors(patterns: &[Analysed]) -> Vec<ErrorGroup> {
    let mut counts: BTreeMap<&str, usize> = BTreeMap::new();
    for group in patterns.iter().flat_map(|it| &it.analysis.errors) {
        *counts.entry(&group.shape).or_default() += group.count;
    }
    let mut groups: Vec<ErrorGroup> = patterns
        .iter()
        .flat_map(|it| &it.analysis.errors)
        .filter_map(|it| {
            let count = counts.remove(it.shape.as_str())?;
            Some(ErrorGroup {
                count,
                ..it.clone()
            })
        })
        .collect();
    groups.sort_by(|a, b| b.count.cmp(&a.count).then_with(|| a.shape.cmp(&b.shape)));
    groups.truncate(ERRORS);
    groups
}
