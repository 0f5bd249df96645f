//! The best tool for a job: candidates, what tests and telemetry make of them, the answer, and its record.

pub mod catalog;
pub mod files;
mod installed;
pub mod replay;
pub mod source;
pub mod tie_break;
mod trial;

use std::fmt;
use std::time::{Duration, Instant};

use chrono::{DateTime, Utc};
use serde::Serialize;
use serde_json::{Value, json};

use super::{Caller, Kind, Refusal, Remedy};
use crate::definition::ToolRef;
use crate::definition::invocation::FillError;
use crate::outside;
use crate::select::crossover::variables;
use crate::select::used::{Used, usage_of, used};
use crate::select::why_not::{Standing, WhyNot, why_not};
use crate::select::{Answer, Choice, Request as Job};
use crate::store::index::Assigned;
use crate::store::{lessons, selections};

use source::Pooled;
pub use source::{Memory, Source};
pub use tie_break::TieBreak;

/// What is asked for.
#[derive(Debug, Clone)]
pub struct Request {
    /// The job, and what counts.
    pub job: Job,
    /// The variables whose values the caller gave: no recorded value takes their place.
    pub given: Vec<String>,
    /// Whether the other variables take the median of their recorded values.
    pub infer_context: bool,
    /// The user for whom it is: decides the version where an A/B test is on.
    pub user: Option<String>,
    /// The execution for which it is: decides the version where an A/B test is on.
    pub execution_id: Option<String>,
    /// The tool whose standing is to be explained.
    pub why_not: Option<ToolRef>,
    /// Whether only tools count whose program is on this machine.
    pub installed: bool,
    /// Whether the selection is kept in the catalog, so that it can be replayed.
    pub record: bool,
}

impl Request {
    /// A request for that job, which keeps nothing and asks nothing besides.
    pub fn of(job: Job) -> Self {
        Self {
            job,
            given: Vec::new(),
            infer_context: false,
            user: None,
            execution_id: None,
            why_not: None,
            installed: false,
            record: false,
        }
    }
}

/// An answer and its circumstances.
#[derive(Debug)]
pub struct Selected {
    /// What was asked, with inferred values.
    pub request: Job,
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
    /// What a tie-break chose.
    pub tie_break: Option<String>,
    /// How the answer is used; none if its definition does not say.
    pub used: Option<Used>,
    /// Examples of its use, as they are typed.
    pub examples: Vec<String>,
    /// Why a tool is not the answer.
    pub why_not: Option<WhyNot>,
    /// The number under which it was recorded.
    pub recorded: Option<i64>,
    /// What the caller should know.
    pub warnings: Vec<Warning>,
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

/// What a caller should know of a selection.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Warning {
    /// The database could not be used: the answer comes from definitions on disk.
    FellBack {
        /// Why.
        why: String,
        /// Where the definitions are.
        paths: Vec<String>,
    },
    /// The version that an A/B test assigns is not eligible.
    NotEligible {
        /// The test.
        test: String,
        /// The version.
        tool: String,
        /// The unit that it is assigned to.
        unit: String,
    },
    /// The test ended or changed its phase before the assignment was kept.
    TestChanged {
        /// The test.
        test: String,
    },
    /// The assignment could not be kept.
    AssignmentLost {
        /// The test.
        test: String,
        /// Why.
        why: String,
    },
}

impl fmt::Display for Warning {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Warning::FellBack { why, paths } => {
                write!(f, "{why}; choosing from {} instead", paths.join(", "))
            }
            Warning::NotEligible { test, tool, unit } => write!(
                f,
                "A/B test `{test}` assigns {tool} to {unit}, which is not eligible; this choice does not count in it"
            ),
            Warning::TestChanged { test } => write!(
                f,
                "A/B test `{test}` has just ended or changed its phase; this choice does not count in it"
            ),
            Warning::AssignmentLost { test, why } => {
                write!(
                    f,
                    "the assignment of A/B test `{test}` cannot be stored: {why}"
                )
            }
        }
    }
}

/// Answers a request.
///
/// # Errors
/// Those of the database and of the tie-break; [`Kind::Invalid`] if a selection from files is to be
/// recorded; [`Kind::NotFound`] if the tool to be explained does not exist.
pub fn run(
    source: &mut Source,
    caller: &Caller,
    request: &Request,
    tie_break: Option<&TieBreak<'_>>,
) -> Result<Selected, Refusal> {
    let start = Instant::now();
    let mut job = request.job.clone();
    let mut warnings = Vec::new();
    let mut pooled = source.pool(&job, &mut warnings)?;
    if request.installed {
        installed::mark(pooled.pool.candidates_mut());
    }
    let mut assigned = None;
    if let Some(offer) = trial::offer(request, &job, &pooled, source)? {
        learn(request, &mut job, &mut pooled, source)?;
        assigned = offer.accept(&pooled.answer(&job)?, &mut pooled);
    }
    let inferred = learn(request, &mut job, &mut pooled, source)?;
    let query_time = start.elapsed();
    let mut answer = pooled.answer(&job)?;
    let score_time = start.elapsed().saturating_sub(query_time);
    if let Some(it) = &assigned {
        warnings.extend(match trial::prefer(&mut answer, it) {
            true => trial::keep(caller, it, source)?,
            false => Some(Warning::NotEligible {
                test: it.test.clone(),
                tool: format!("{}/{}@{}", it.platform, it.tool, it.version),
                unit: it.unit.clone(),
            }),
        });
    }
    let tie_break = match tie_break {
        // A test has settled it.
        Some(tie_break) if assigned.is_none() => tie_break::settle(tie_break, &job, &mut answer)?,
        _ => None,
    };
    let used = match &answer.answer {
        Some(best) => used(best, &pooled.pool, &job.inputs)?,
        None => None,
    };
    let usage = (answer.answer.as_ref()).and_then(|best| usage_of(best, &pooled.pool));
    let examples = usage.map_or_else(Vec::new, |it| it.examples.clone());
    let why_not = match &request.why_not {
        Some(tool) => Some(explain(&job, &pooled, &answer, tool, source)?),
        None => None,
    };
    let recorded = match request.record {
        true => Some(record(caller, source, &pooled, &job, &answer)?),
        false => None,
    };
    Ok(Selected {
        request: job,
        answer,
        revision: pooled.revision,
        clock: outside::now(),
        inferred,
        assigned,
        tie_break,
        used,
        examples,
        why_not,
        recorded,
        warnings,
        query_time,
        score_time,
    })
}

impl From<FillError> for Refusal {
    /// A value that has no place in the command.
    fn from(error: FillError) -> Self {
        let hint = match &error {
            FillError::Option { .. } => {
                "a path can be written `./-x`; else the definition must put `--` before the input, or the \
                 option that it belongs to in the same nested list"
            }
            FillError::Unquotable { .. } => "give another value, or run the command by other means",
        };
        Self::new(Kind::Invalid, error.to_string()).remedy(Remedy::Said(hint.to_owned()))
    }
}

/// Keeps the selection in the catalog.
fn record(
    caller: &Caller,
    source: &mut Source,
    pooled: &Pooled,
    job: &Job,
    answer: &Answer,
) -> Result<i64, Refusal> {
    let (Some(connection), Some(revision)) = (source.connection(), pooled.revision) else {
        return Err(Refusal::new(
            Kind::Invalid,
            "a selection from files cannot be recorded: the record is kept in the catalog",
        ));
    };
    let best = answer.answer.as_ref();
    Ok(caller.records(connection, |connection| {
        connection
            .direct(|it| selections::record(it, &caller.actor, revision, job, &pooled.pool, best))
    })?)
}

/// Reads from telemetry what the request asks for.
fn learn(
    request: &Request,
    job: &mut Job,
    pooled: &mut Pooled,
    source: &mut Source,
) -> Result<Vec<Inferred>, Refusal> {
    let Some(connection) = source.connection() else {
        return Ok(Vec::new());
    };
    if job.learned {
        let candidates = pooled.pool.candidates_mut();
        let environment = Some(job.environment.as_str());
        connection.direct(|connection| lessons::teach(connection, candidates, environment))?;
    }
    if !request.infer_context {
        return Ok(Vec::new());
    }
    let open: Vec<String> = variables(pooled.pool.candidates())
        .into_iter()
        .filter(|name| !request.given.contains(name))
        .collect();
    if open.is_empty() {
        return Ok(Vec::new());
    }
    let medians = connection
        .direct(|connection| lessons::medians(connection, pooled.pool.candidates(), &open))?;
    Ok(medians
        .into_iter()
        .map(|median| {
            job.context.set(median.name.as_str(), median.value);
            Inferred {
                name: median.name,
                value: median.value,
                records: median.records,
            }
        })
        .collect())
}

/// Why a tool is not the answer; one that is not a candidate must exist.
fn explain(
    job: &Job,
    pooled: &Pooled,
    answer: &Answer,
    tool: &ToolRef,
    source: &mut Source,
) -> Result<WhyNot, Refusal> {
    let mut explained = why_not(job, &pooled.pool, answer, tool);
    if explained.standing == Standing::NoCandidate {
        explained.absence = source.absence(job, tool)?;
    }
    Ok(explained)
}

impl Selected {
    /// The first choices of the ranking; all of them where `limit` is 0.
    pub fn shown(&self, limit: usize) -> &[Choice] {
        let ranking = &self.answer.ranking;
        match limit {
            0 => ranking,
            limit => &ranking[..limit.min(ranking.len())],
        }
    }

    /// The answer as one object; the ranking cut to `limit`, 0 for all of it. Equal requests over equal
    /// catalogs give equal objects.
    pub fn to_json(&self, limit: usize) -> Value {
        let answer = &self.answer;
        let mut whole = json!({
            "mode": answer.mode,
            "answer": answer.answer,
            "ambiguous": answer.ambiguous,
            "score_gap": answer.score_gap,
            "clarifying_question": answer.clarifying_question,
            "ranking": self.shown(limit),
            "set_aside": answer.set_aside,
            "candidates": answer.candidates,
            "weights": answer.weights,
            "request_hash": self.request.hash(),
        });
        if let Value::Object(fields) = &mut whole {
            if let (Some(Value::Object(best)), Some(Value::Object(used))) = (
                fields.get_mut("answer"),
                self.used.as_ref().map(|it| json!(it)),
            ) {
                best.extend(used);
            }
            if let Some(Value::Object(best)) = fields.get_mut("answer")
                && !self.examples.is_empty()
            {
                best.insert("examples".to_owned(), json!(self.examples));
            }
            let mut add = |name: &str, value: Option<Value>| {
                if let Some(value) = value {
                    fields.insert(name.to_owned(), value);
                }
            };
            add("doubtful", answer.doubtful.then(|| json!(true)));
            add("blocked", answer.blocked.as_ref().map(|it| json!(it)));
            add("retrieval", answer.retrieval.as_ref().map(|it| json!(it)));
            add("tie_break", self.tie_break.as_ref().map(|it| json!(it)));
            add("ab_tests", self.assigned.as_ref().map(|it| json!([it])));
            add("why_not", self.why_not.as_ref().map(|it| json!(it)));
            add(
                "inferred_context",
                (!self.inferred.is_empty()).then(|| json!(self.inferred)),
            );
        }
        whole
    }

    /// The same with the circumstances that differ from run to run.
    pub fn full_json(&self, limit: usize) -> Value {
        let mut whole = self.to_json(limit);
        if let Value::Object(fields) = &mut whole {
            fields.insert("catalog_revision".to_owned(), json!(self.revision));
            fields.insert("clock".to_owned(), json!(self.clock));
            if let Some(id) = self.recorded {
                fields.insert("selection_id".to_owned(), json!(id));
            }
        }
        whole
    }
}
