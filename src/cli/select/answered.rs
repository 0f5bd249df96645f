//! One request, answered, with all that the answer carries beside the ranking.

use std::time::Duration;

use chrono::{DateTime, Utc};
use serde::Serialize;

use crate::definition::ToolRef;
use crate::select::crossover::variables;
use crate::select::why_not::{Standing, WhyNot, why_not};
use crate::select::{Answer, Request};
use crate::store::ab_tests::{self, Caller};
use crate::store::index::{self, Assigned};
use crate::store::{StoreError, lessons, selections};

use super::source::{Pooled, Source};
use super::{CommandError, SelectArgs, Session, tie_break};

/// An answer and its circumstances.
pub struct Answered {
    /// What was asked, with inferred values.
    pub request: Request,
    /// What was found.
    pub answer: Answer,
    /// Revision of the catalog; none from files.
    pub revision: Option<i64>,
    /// When it was answered.
    pub clock: DateTime<Utc>,
    /// Variables that took a recorded value.
    pub inferred: Vec<Inferred>,
    /// What A/B tests decided about candidates.
    pub assigned: Vec<Assigned>,
    /// What a command of the user's chose.
    pub tie_break: Option<String>,
    /// Why a tool is not the answer.
    pub why_not: Option<WhyNot>,
    /// The number under which it was recorded.
    pub recorded: Option<i64>,
}

/// A variable that took the median of its recorded values.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Inferred {
    /// The variable.
    pub name: String,
    /// The median.
    pub value: f64,
    /// In how many records it has a value.
    pub records: i64,
}

/// Answers a request as the arguments say.
///
/// # Errors
/// As the queries, and those of a tie-break command.
pub fn answer(
    args: &SelectArgs,
    mut request: Request,
    source: &mut Source,
    session: &Session,
) -> Result<Answered, CommandError> {
    let mut pooled = source.pool(&request, session)?;
    let assigned = assign(args, &request, &mut pooled, source)?;
    let inferred = learn(args, &mut request, &mut pooled, source)?;
    let mut answer = pooled.answer(&request)?;
    let tie_break = match &args.tie_break {
        Some(command) => {
            let limit = Duration::from_secs_f64(args.tie_break_timeout);
            tie_break::settle(command, limit, &request, &mut answer)?
        }
        None => None,
    };
    keep(&answer, &assigned, source, session)?;
    let why_not = match &args.why_not {
        Some(tool) => Some(explain(&request, &pooled, &answer, tool, source)?),
        None => None,
    };
    let recorded = match (args.record, &mut *source, pooled.revision) {
        (true, Source::Catalog(catalog), Some(revision)) => {
            let actor = session.act().actor;
            let best = answer.answer.as_ref();
            Some(catalog.connection().direct(|connection| {
                selections::record(connection, &actor, revision, &request, &pooled.pool, best)
            })?)
        }
        (true, ..) => {
            return Err(CommandError::invalid(
                "a selection from files cannot be recorded: the record is kept in the catalog",
            ));
        }
        (false, ..) => None,
    };
    Ok(Answered {
        request,
        answer,
        revision: pooled.revision,
        clock: Utc::now(),
        inferred,
        assigned,
        tie_break,
        why_not,
        recorded,
    })
}

/// Lets the active A/B tests decide which version the caller gets.
fn assign(
    args: &SelectArgs,
    request: &Request,
    pooled: &mut Pooled,
    source: &mut Source,
) -> Result<Vec<Assigned>, CommandError> {
    let caller = Caller {
        execution_id: args.execution_id.as_deref(),
        user_id: args.user.as_deref(),
        environment: Some(&request.environment),
    };
    match source {
        Source::Catalog(catalog) if args.execution_id.is_some() || args.user.is_some() => {
            Ok(catalog.connection().direct(|connection| {
                index::assign(connection, caller, &request.scope, &mut pooled.pool)
            })?)
        }
        _ => Ok(Vec::new()),
    }
}

/// Stores the assignment of the tool that was chosen, before there is an outcome.
fn keep(
    answer: &Answer,
    assigned: &[Assigned],
    source: &mut Source,
    session: &Session,
) -> Result<(), CommandError> {
    let (Source::Catalog(catalog), Some(best)) = (source, &answer.answer) else {
        return Ok(());
    };
    for it in assigned
        .iter()
        .filter(|it| (&it.platform, &it.tool) == (&best.platform, &best.tool))
    {
        let kept = catalog
            .connection()
            .direct(|connection| Ok(ab_tests::assign::keep(connection, &it.serving)?));
        match kept {
            Ok(true) => {}
            Ok(false) => session.ui.warn(&format!(
                "A/B test `{}` has just ended or changed its phase; this choice does not count in it",
                it.test
            )),
            Err(StoreError::Forbidden(message)) => session.ui.warn(&format!(
                "the assignment of A/B test `{}` cannot be stored: {message}",
                it.test
            )),
            Err(error) => return Err(error.into()),
        }
    }
    Ok(())
}

/// Reads from telemetry what the arguments ask for.
fn learn(
    args: &SelectArgs,
    request: &mut Request,
    pooled: &mut Pooled,
    source: &mut Source,
) -> Result<Vec<Inferred>, CommandError> {
    let Source::Catalog(catalog) = source else {
        return Ok(Vec::new());
    };
    if args.learned {
        let candidates = pooled.pool.candidates_mut();
        catalog
            .connection()
            .direct(|connection| lessons::teach(connection, candidates))?;
    }
    if !args.infer_context {
        return Ok(Vec::new());
    }
    let given = |name: &String| args.context.iter().any(|(it, _)| it == name);
    let open: Vec<String> = variables(pooled.pool.candidates())
        .into_iter()
        .filter(|name| !given(name))
        .collect();
    if open.is_empty() {
        return Ok(Vec::new());
    }
    let medians = catalog
        .connection()
        .direct(|connection| lessons::medians(connection, pooled.pool.candidates(), &open))?;
    Ok(medians
        .into_iter()
        .map(|median| {
            request.context.set(median.name.as_str(), median.value);
            Inferred {
                name: median.name,
                value: median.value,
                records: median.records,
            }
        })
        .collect())
}

/// Why a tool is not the answer; one that is no candidate must exist.
fn explain(
    request: &Request,
    pooled: &Pooled,
    answer: &Answer,
    tool: &ToolRef,
    source: &mut Source,
) -> Result<WhyNot, CommandError> {
    let mut explained = why_not(request, &pooled.pool, answer, tool);
    if explained.standing == Standing::NoCandidate {
        explained.absence = source.absence(request, tool)?;
    }
    Ok(explained)
}
