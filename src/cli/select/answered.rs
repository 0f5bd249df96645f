//! One request, answered, with all that the answer carries beside the ranking.

use std::time::{Duration, Instant};

use chrono::{DateTime, Utc};
use serde::Serialize;

use crate::definition::ToolRef;
use crate::definition::invocation::FillError;
use crate::select::crossover::variables;
use crate::select::used::{Used, usage_of, used};
use crate::select::why_not::{Standing, WhyNot, why_not};
use crate::select::{Answer, Request};
use crate::store::index::Assigned;
use crate::store::{lessons, selections};

use super::source::{Pooled, Source};
use super::{CommandError, SelectArgs, Session, installed, tie_break, trial};

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
    /// What the A/B test assigns that this choice takes part in.
    pub assigned: Option<Assigned>,
    /// What a command of the user's chose.
    pub tie_break: Option<String>,
    /// How the answer is used; none where its definition does not say.
    pub used: Option<Used>,
    /// Examples of its use, as they are typed.
    pub examples: Vec<String>,
    /// Why a tool is not the answer.
    pub why_not: Option<WhyNot>,
    /// The number under which it was recorded.
    pub recorded: Option<i64>,
    /// How long the candidates took to be read.
    pub query_time: Duration,
    /// How long they took to be judged.
    pub score_time: Duration,
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
    let start = Instant::now();
    let mut pooled = source.pool(&request, session)?;
    if args.installed {
        installed::mark(pooled.pool.candidates_mut());
    }
    let mut assigned = None;
    if let Some(offer) = trial::offer(args, &request, &pooled, source)? {
        learn(args, &mut request, &mut pooled, source)?;
        assigned = offer.accept(&pooled.answer(&request)?, &mut pooled);
    }
    let inferred = learn(args, &mut request, &mut pooled, source)?;
    let query_time = start.elapsed();
    let mut answer = pooled.answer(&request)?;
    let score_time = start.elapsed().saturating_sub(query_time);
    if let Some(it) = &assigned {
        if trial::prefer(&mut answer, it) {
            trial::keep(it, source, session)?;
        } else {
            session.ui.warn(&format!(
                "A/B test `{}` assigns {}/{}@{} to {}, which is not eligible; this choice does not count in it",
                it.test, it.platform, it.tool, it.version, it.unit
            ));
        }
    }
    let tie_break = match &args.tie_break {
        // A test has settled it.
        Some(command) if assigned.is_none() => {
            let limit = Duration::from_secs_f64(args.tie_break_timeout);
            tie_break::settle(command, limit, &request, &mut answer)?
        }
        _ => None,
    };
    let used = match &answer.answer {
        Some(best) => used(best, &pooled.pool, &request.inputs).map_err(cannot_fill)?,
        None => None,
    };
    let usage = (answer.answer.as_ref()).and_then(|best| usage_of(best, &pooled.pool));
    let examples = usage.map_or_else(Vec::new, |it| it.examples.clone());
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
        used,
        examples,
        why_not,
        recorded,
        query_time,
        score_time,
    })
}

/// A value that has no place in the command.
pub fn cannot_fill(error: FillError) -> CommandError {
    let hint = match &error {
        FillError::Option { .. } => {
            "a path can be written `./-x`; else the definition must put `--` before the input, or the \
             option that it belongs to in the same nested list"
        }
        FillError::Unquotable { .. } => "give another value, or run the command by other means",
    };
    CommandError::invalid(error.to_string()).hint(hint)
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
