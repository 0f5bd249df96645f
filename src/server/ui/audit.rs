//! The audit log: who changed what, when, and why.

use std::sync::Arc;

use axum::extract::State;
use axum::response::Response;
use chrono::{DateTime, NaiveDate, Utc};
use maud::{Markup, html};
use serde::Deserialize;
use serde_json::Value;

use super::form::given;
use super::frame::{Place, Viewer};
use super::kit::{self, Column, Field, shown};
use super::url::{self, Query};
use crate::definition::ToolRef;
use crate::operations::Page;
use crate::operations::audit::{self as log, Cursor};
use crate::server::app::App;
use crate::server::extract::Params;
use crate::server::problem::{Name, Problem};
use crate::store::Connection;
use crate::store::audit::{Entry, EntryFilter};

/// How many entries are listed at once.
const ROWS: u32 = 50;

/// How many entries of one revision are listed.
const LARGEST_REVISION: i64 = 50;

/// Which entries are listed, as the URL says it.
#[derive(Debug, Clone, Default, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct Which {
    tool: String,
    actor: String,
    action: String,
    since: String,
    until: String,
    revision: Option<i64>,
    cursor: Option<String>,
}

impl Which {
    fn query(&self) -> Query {
        Query::default()
            .with_some("tool", Some(&self.tool))
            .with_some("actor", Some(&self.actor))
            .with_some("action", Some(&self.action))
            .with_some("since", Some(&self.since))
            .with_some("until", Some(&self.until))
    }

    fn filter(&self) -> Result<EntryFilter, Problem> {
        let wrong = |detail: String| Problem::new(Name::Parameter, detail);
        let tools = given(&self.tool)
            .map(|it| it.parse::<ToolRef>())
            .transpose();
        let until = day(&self.until)?.and_then(|it| it.checked_add_days(chrono::Days::new(1)));
        Ok(EntryFilter {
            tools: tools
                .map_err(|error| wrong(error.to_string()))?
                .into_iter()
                .collect(),
            actors: given(&self.actor).into_iter().collect(),
            actions: given(&self.action).into_iter().collect(),
            since: day(&self.since)?,
            until,
            // The entries of a revision are the first of those before the next one.
            before: self.revision.map(|it| (it.saturating_add(1), 0)),
            limit: self.revision.map(|_| LARGEST_REVISION),
            ..EntryFilter::default()
        })
    }
}

/// The beginning of a day, in UTC.
fn day(text: &str) -> Result<Option<DateTime<Utc>>, Problem> {
    let Some(text) = given(text) else {
        return Ok(None);
    };
    let date = text.parse::<NaiveDate>().map_err(|_| {
        let detail = format!("`{text}` is not a day such as 2026-01-31");
        Problem::new(Name::Parameter, detail)
    })?;
    Ok(date.and_hms_opt(0, 0, 0).map(|it| it.and_utc()))
}

/// Lists them.
pub async fn show(
    State(app): State<Arc<App>>,
    viewer: Viewer,
    Params(which): Params<Which>,
) -> Result<Response, Problem> {
    let filter = which.filter()?;
    let after = which
        .cursor
        .as_deref()
        .map(str::parse::<Cursor>)
        .transpose();
    let wrong = |_| Problem::new(Name::Parameter, "the cursor is not one of this list");
    let page = Page {
        limit: ROWS,
        after: after.map_err(wrong)?,
    };
    let only = which.revision;
    let work = move |it: &mut Connection| log::list(it, &filter, only.is_none().then_some(&page));
    let mut found = app.pool.read(work).await?;
    if let Some(revision) = only {
        found.entries.retain(|it| it.revision == revision);
    }
    let next = found.next.map(|it| it.to_string());
    let body = html! {
        @match only {
            Some(revision) => p { "The changes of revision " (revision) ", the last " (LARGEST_REVISION) " at the most. " a href=(url::to("/audit")) { "The whole log" } },
            None => (filters(&which)),
        }
        @if found.entries.is_empty() {
            (kit::empty("No entry is like that", html! { a href=(url::to("/audit")) { "Show the whole log" } }))
        } @else {
            (table(&found.entries, only.is_some()))
            nav.pager aria-label="Pages of the log" {
                @if which.cursor.is_some() { a href={ (url::to("/audit")) (which.query().as_str()) } { "Newest" } }
                @if let Some(next) = &next {
                    a rel="next" href={ (url::to("/audit")) (which.query().with("cursor", next).as_str()) } { "Older" }
                }
            }
        }
    };
    Ok(viewer.page(Place::Audit, "Audit log", body))
}

fn filters(which: &Which) -> Markup {
    let line = |label, name, kind: &str, value: &str| {
        let field = Field {
            label,
            name,
            help: "",
            error: None,
            required: true,
        };
        field.with(|it| html! { input type=(kind) id=(it.id) name=(name) value=(value); })
    };
    html! {
        form.filters method="get" action=(url::to("/audit")) {
            (line("Tool", "tool", "text", &which.tool))
            (line("Who", "actor", "text", &which.actor))
            (line("Action", "action", "text", &which.action))
            (line("From day", "since", "date", &which.since))
            (line("To day", "until", "date", &which.until))
            button.main type="submit" { "Filter" }
            @if !which.query().as_str().is_empty() { a.button href=(url::to("/audit")) { "Clear" } }
        }
    }
}

fn table(entries: &[Entry], whole: bool) -> Markup {
    const COLUMNS: &[Column] = &[
        Column::Text("When (UTC)"),
        Column::Text("Who"),
        Column::Text("Did"),
        Column::Wide("What"),
        Column::Wide("Why"),
    ];
    let rows = entries.iter().map(|it| {
        vec![
            html! { (kit::moment(it.changed_at)) div.help { a href=(format!("{}?revision={}", url::to("/audit"), it.revision)) { "revision " (it.revision) } } },
            html! { (shown(&it.changed_by)) @if let Some(via) = &it.via { div.help { "by " (shown(via)) } } },
            html! { (shown(&it.action.replace('_', " "))) },
            html! { (subject(it)) @if whole { (detail(it)) } @else { (touched(it)) } },
            html! { @match &it.reason { Some(reason) => (shown(reason)), None => span.soft { "no reason given" } } },
        ]
    });
    kit::table("Entries of the audit log", COLUMNS, rows.collect())
}

/// What an entry is about.
fn subject(entry: &Entry) -> Markup {
    html! {
        (shown(&entry.entity.replace('_', " "))) " "
        @match (&entry.platform, &entry.tool_name) {
            (Some(platform), Some(name)) => {
                (kit::tool_link(platform, name))
                @if let Some(version) = &entry.version { " " (shown(version)) }
                @if entry.entity != "tool" { " " code { (shown(&entry.entity_name)) } }
            },
            _ => code { (shown(&entry.entity_name)) }
        }
    }
}

/// The fields that an entry is about; its revision shows their values.
fn touched(entry: &Entry) -> Markup {
    const MOST: usize = 4;
    let fields: Vec<&str> = match &entry.changes {
        Value::Object(fields) => fields
            .keys()
            .map(String::as_str)
            .filter(|it| *it != "row")
            .collect(),
        _ => Vec::new(),
    };
    html! {
        @if !fields.is_empty() {
            div.help {
                (shown(&fields.iter().take(MOST).copied().collect::<Vec<_>>().join(", ")))
                @if fields.len() > MOST { " and " (fields.len() - MOST) " more" }
            }
        }
    }
}

/// Everything that an entry says.
fn detail(entry: &Entry) -> Markup {
    let given =
        |name, value: Option<String>| value.map(|it| (name, html! { code { (shown(&it)) } }));
    let origin = [
        given("Database user", Some(entry.db_user.clone())),
        given("Address", entry.ip_address.clone()),
        given("Request", entry.request_id.clone()),
        given("Token", entry.token_id.map(|it| it.to_string())),
    ];
    html! {
        details.more {
            summary { "Details" }
            @if let Value::Object(fields) = &entry.changes {
                (changes(fields.iter().map(|(field, it)| (field.as_str(), &it["old"], &it["new"]))))
            }
            (kit::facts(origin.into_iter().flatten().collect()))
        }
    }
}

/// Fields with what they were and what they became.
pub fn changes<'a>(fields: impl Iterator<Item = (&'a str, &'a Value, &'a Value)>) -> Markup {
    html! {
        ul.plain-list {
            @for (field, old, new) in fields {
                li {
                    code { (shown(field)) }
                    div.change {
                        div { span.help { "Before" } " " (kit::value(old)) }
                        div { span.help { "After" } " " (kit::value(new)) }
                    }
                }
            }
        }
    }
}

/// What happened to something, the newest first.
pub fn timeline(entries: &[Entry]) -> Markup {
    html! {
        @if entries.is_empty() { p.soft { "Nothing yet." } }
        ul.plain-list {
            @for entry in entries {
                li {
                    (kit::moment(entry.changed_at)) " " strong { (shown(&entry.changed_by)) } " "
                    (shown(&entry.action.replace('_', " "))) " " (subject(entry))
                    @if let Some(reason) = &entry.reason { div.help { "“" (shown(reason)) "”" } }
                }
            }
        }
    }
}
