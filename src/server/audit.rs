//! `GET /audit`: who changed what, when and why.

use std::sync::Arc;

use axum::extract::State;
use chrono::{DateTime, Utc};
use serde::{Deserialize, Serialize};
use serde_json::Value;
use utoipa::{IntoParams, ToSchema};

use super::app::App;
use super::extract::{Answer, Params};
use super::problem::{Name, Problem};
use crate::definition::ToolRef;
use crate::operations::Page;
use crate::operations::audit::{self, Cursor};
use crate::store::audit::EntryFilter;

/// Which entries are listed; all conditions must hold.
#[derive(Debug, Default, Deserialize, IntoParams)]
#[serde(deny_unknown_fields, default)]
#[into_params(parameter_in = Query)]
pub struct Which {
    /// Of the tools with this address, as it was at the time; can be repeated.
    tool: Vec<String>,
    /// By this person or program; can be repeated.
    actor: Vec<String>,
    /// What was done: created, updated, deleted, enabled, disabled and so on; can be repeated.
    action: Vec<String>,
    /// That change this field, by its path.
    field: Option<String>,
    /// Not before.
    since: Option<DateTime<Utc>>,
    /// Not after.
    until: Option<DateTime<Utc>>,
    /// How many entries are listed at once, 1 to 200; 50 if nothing is said.
    #[param(minimum = 1, maximum = 200)]
    limit: Option<u32>,
    /// Where the page begins, as the page before says.
    cursor: Option<String>,
}

/// A page of the log, the newest first.
#[derive(Debug, Serialize, ToSchema)]
pub struct Log {
    /// The entries, as `toolcat audit --format json` writes them.
    #[schema(value_type = Vec<Object>)]
    entries: Value,
    /// The cursor of the next page, if there is one.
    next: Option<String>,
}

/// List who changed what, when and why, the newest first
#[utoipa::path(get, path = "/audit", tag = "audit", params(Which), responses(
    (status = 200, body = Log),
    (status = 404, body = Problem, content_type = "application/problem+json", description = "The log knows no such tool"),
))]
pub async fn list(
    State(app): State<Arc<App>>,
    Params(which): Params<Which>,
) -> Result<Answer<Log>, Problem> {
    let wrong = |text: String| Problem::new(Name::Parameter, text);
    let limit = which.limit.unwrap_or(50);
    if !(1..=200).contains(&limit) {
        return Err(wrong("limit must be 1 to 200".to_owned()));
    }
    let after = which
        .cursor
        .as_deref()
        .map(str::parse::<Cursor>)
        .transpose();
    let page = Page {
        limit,
        after: after.map_err(|_| wrong("the cursor is not one of this list".to_owned()))?,
    };
    let tools = which.tool.iter().map(|it| it.parse::<ToolRef>());
    let tools = tools.collect::<Result<Vec<_>, _>>();
    let filter = EntryFilter {
        tools: tools.map_err(|error| wrong(format!("tool: {error}")))?,
        since: which.since,
        until: which.until,
        actors: which.actor,
        actions: which.action,
        field: which.field,
        ..EntryFilter::default()
    };
    let read = app
        .pool
        .read(move |it| audit::list(it, &filter, Some(&page)));
    let log = read.await?;
    let entries = serde_json::to_value(&log.entries);
    Ok(Answer(Log {
        entries: entries.map_err(|error| Problem::internal(error.to_string()))?,
        next: log.next.map(|it| it.to_string()),
    }))
}
