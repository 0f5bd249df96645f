//! `/telemetry`: executions recorded, one or a batch, and compared with the estimates.

use std::sync::Arc;

use axum::extract::State;
use chrono::{DateTime, Utc};
use serde::{Deserialize, Serialize};
use serde_json::Value;
use utoipa::{IntoParams, ToSchema};

use super::app::{App, Asker};
use super::extract::{Answer, AnyJson, Params};
use super::problem::{Name, Problem};
use crate::definition::ToolRef;
use crate::operations::Refusal;
use crate::operations::telemetry::analyze::Analysed;
use crate::operations::telemetry::{self as operation, overview, record};
use crate::store::Connection;
use crate::store::telemetry::Total;
use crate::telemetry::{ErrorGroup, Measure};

/// The most executions of one batch.
const LARGEST_BATCH: usize = 10_000;

/// How a batch is recorded.
#[derive(Debug, Default, Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub struct Recording {
    /// Record nothing if one of the executions is refused.
    #[serde(default)]
    pub atomic: bool,
    /// Do all but keep it, and answer what would be recorded.
    #[serde(default)]
    pub dry_run: bool,
}

/// What was recorded.
#[derive(Debug, Serialize, ToSchema)]
pub struct RecordedView {
    /// Executions recorded.
    pub recorded: u64,
    /// Executions passed over, since their ids were recorded before.
    pub duplicates: u64,
    /// The executions that were refused.
    pub rejected: Vec<RejectedView>,
    /// Whether nothing of it was kept.
    pub dry_run: bool,
}

/// An execution of a batch that was refused.
#[derive(Debug, Serialize, ToSchema)]
pub struct RejectedView {
    /// Its place in the batch, from 0.
    pub index: usize,
    /// Why.
    pub reason: String,
    /// What to do about it.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub hint: Option<String>,
}

/// One execution, or a list of them, with the fields of `toolcat telemetry record`.
#[derive(Serialize, ToSchema)]
#[serde(untagged)]
#[expect(dead_code, reason = "it describes what is read as JSON")]
enum Executions {
    /// Many.
    #[schema(value_type = Vec<Object>)]
    Batch(Vec<Value>),
    /// One.
    #[schema(value_type = Object)]
    One(Value),
}

/// Record executions: one as an object, or a batch as a list
///
/// An execution with an `execution_id` is recorded once, however often it is sent.
#[utoipa::path(post, path = "/telemetry", tag = "telemetry", params(Recording), request_body = Executions, responses(
    (status = 200, body = RecordedView),
    (status = 404, body = Problem, content_type = "application/problem+json", description = "A single execution names no tool that exists"),
))]
pub async fn record(
    State(app): State<Arc<App>>,
    asker: Asker,
    Params(recording): Params<Recording>,
    AnyJson(executions): AnyJson,
) -> Result<Answer<RecordedView>, Problem> {
    let caller = asker.caller(None, recording.dry_run);
    let dry_run = recording.dry_run;
    let values = match executions {
        Value::Array(values) if values.iter().all(Value::is_object) => values,
        one @ Value::Object(_) => {
            let entry = record::read(one).map_err(Refusal::from)?;
            let work = app.pool.run(move |connection| {
                connection.speak_for(caller.speaker());
                record::one(connection, &caller, entry)
            });
            let new = work.await?;
            return Ok(Answer(RecordedView {
                recorded: u64::from(new),
                duplicates: u64::from(!new),
                rejected: Vec::new(),
                dry_run,
            }));
        }
        _ => {
            let detail = "an execution is an object, and a batch is a list of objects";
            return Err(Problem::new(Name::Invalid, detail));
        }
    };
    if values.len() > LARGEST_BATCH {
        let detail = format!("a batch holds at most {LARGEST_BATCH} executions");
        return Err(Problem::new(Name::Invalid, detail));
    }
    let entries = values.into_iter().map(record::read).collect();
    let atomic = recording.atomic;
    let work = move |connection: &mut Connection| {
        connection.speak_for(caller.speaker());
        record::batch(connection, &caller, entries, atomic)
    };
    let recorded = app.pool.run(work).await?;
    let rejected = recorded.rejected.into_iter().map(|it| RejectedView {
        index: it.index,
        reason: it.reason,
        hint: it.hint,
    });
    Ok(Answer(RecordedView {
        recorded: recorded.recorded,
        duplicates: recorded.duplicates,
        rejected: rejected.collect(),
        dry_run,
    }))
}

/// What is compared with its estimate.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Deserialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum MeasureName {
    /// Milliseconds, of executions that succeeded.
    #[default]
    Time,
    /// Cost, of all executions.
    Cost,
}

/// Which executions are analysed; all conditions must hold.
#[derive(Debug, Default, Deserialize, IntoParams)]
#[serde(deny_unknown_fields, default)]
#[into_params(parameter_in = Query)]
pub struct Analysing {
    /// Of this tool: [PLATFORM/]NAME[@VERSION].
    tool: Option<String>,
    /// Of this version.
    version: Option<String>,
    /// From this time on.
    since: Option<DateTime<Utc>>,
    /// Before this time.
    until: Option<DateTime<Utc>>,
    /// In this environment.
    environment: Option<String>,
    /// What is compared: time or cost.
    #[param(inline)]
    measure: MeasureName,
    /// The most executions of a pattern that a fit looks at.
    #[param(minimum = 50, maximum = 100000)]
    samples: Option<u64>,
}

/// What the executions say, as a whole and pattern by pattern.
#[derive(Debug, Serialize, ToSchema)]
pub struct AnalysisView {
    /// Executions, successes, times and costs of each day in UTC, in their order.
    #[schema(value_type = Vec<Object>)]
    days: Vec<Total>,
    /// The same of each tool, the dearest first.
    #[schema(value_type = Vec<Object>)]
    tools: Vec<Total>,
    /// The same of each user, the dearest first.
    #[schema(value_type = Vec<Object>)]
    users: Vec<Total>,
    /// The most frequent kinds of errors.
    #[schema(value_type = Vec<Object>)]
    errors: Vec<ErrorGroup>,
    /// Each as `toolcat telemetry analyze --format json` writes it.
    #[schema(value_type = Vec<Object>)]
    patterns: Vec<Analysed>,
}

/// Compare executions with the estimates
#[utoipa::path(get, path = "/telemetry/analysis", tag = "telemetry", params(Analysing), responses(
    (status = 200, body = AnalysisView),
    (status = 404, body = Problem, content_type = "application/problem+json", description = "There is no such tool or version"),
    (status = 409, body = Problem, content_type = "application/problem+json", description = "The name can mean several tools"),
    (status = 422, body = Problem, content_type = "application/problem+json", description = "The time ends before it begins"),
))]
pub async fn analysis(
    State(app): State<Arc<App>>,
    Params(analysing): Params<Analysing>,
) -> Result<Answer<AnalysisView>, Problem> {
    let wrong = |detail: String| Problem::new(Name::Parameter, detail);
    let samples = analysing.samples;
    if samples.is_some_and(|it| !(50..=100_000).contains(&it)) {
        return Err(wrong("samples must be 50 to 100000".to_owned()));
    }
    let tool = analysing.tool.as_deref().map(str::parse::<ToolRef>);
    let executions = operation::Executions {
        tool: (tool.transpose()).map_err(|error| wrong(format!("tool: {error}")))?,
        version: analysing.version,
        since: analysing.since,
        until: analysing.until,
        environment: analysing.environment,
    };
    let measure = match analysing.measure {
        MeasureName::Time => Measure::Time,
        MeasureName::Cost => Measure::Cost,
    };
    let read = app
        .pool
        .read(move |connection| overview::run(connection, &executions, measure, samples));
    let found = read.await?;
    Ok(Answer(AnalysisView {
        days: found.days,
        tools: found.tools,
        users: found.users,
        errors: found.errors,
        patterns: found.patterns,
    }))
}
