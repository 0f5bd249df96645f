//! One tool: what it says, its versions, what happened to it, and what can be done with it.

use std::sync::Arc;

use axum::extract::State;
use axum::response::Response;
use maud::{Markup, html};
use serde::Deserialize;

use super::audit::{changes, timeline};
use super::form::{Form, given};
use super::frame::{Place, Viewer};
use super::kit::{self, Column, shown};
use super::tools::{act, standing};
use super::url::{self, Query};
use crate::definition::diff::{Change, diff_documents};
use crate::definition::{Status, ToolRef};
use crate::format::{self, Format};
use crate::operations::abtest;
use crate::operations::abtest::TestRecord;
use crate::operations::access::Deed;
use crate::operations::address::Selection;
use crate::operations::audit as log;
use crate::operations::show::{self as shows, Shown};
use crate::operations::telemetry::Executions;
use crate::operations::versions::{self as versions_of, VersionOf};
use crate::operations::{Caller, Page, Refusal, Seen, delete, mark, rollback};
use crate::server::app::App;
use crate::server::extract::{Named, Params, tool as reference};
use crate::server::problem::Problem;
use crate::store::Connection;
use crate::store::audit::{Entry, EntryFilter};
use crate::store::lifecycle::Mark;
use crate::store::telemetry::summaries;
use crate::telemetry::Measure;

/// How many entries of the audit log are shown.
const ENTRIES: u32 = 10;

/// Which version is shown, and with which it is compared.
#[derive(Debug, Default, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct Which {
    version: Option<String>,
    against: Option<String>,
}

/// What the page shows.
struct Everything {
    shown: Shown,
    versions: Vec<VersionOf>,
    changes: Option<Vec<Change>>,
    entries: Vec<Entry>,
    executions: (u64, u64),
    tests: Vec<TestRecord>,
}

/// Shows it.
pub async fn show(
    State(app): State<Arc<App>>,
    viewer: Viewer,
    Named(name): Named,
    Params(which): Params<Which>,
) -> Result<Response, Problem> {
    let tool = reference(&name, None, which.version.as_deref())?;
    let against = which.against.clone();
    let work = move |it: &mut Connection| read(it, &tool, against.as_deref());
    let seen = app.pool.read(work).await?;
    let stored = &seen.shown.stored;
    let title = format!("{}/{}", stored.platform, stored.tool_name);
    let body = html! {
        p { (shown(&stored.description)) }
        (facts(&seen))
        div.columns.acts-first {
            div {
                @if let Some(changes) = &seen.changes { (difference(which.against.as_deref(), &stored.version, changes)) }
                (definition(&seen.shown)?)
            }
            div {
                (kit::section("Do", acts(&viewer, &seen)))
                (versions(&seen))
                (tests(&seen.tests))
                (kit::section("What happened", timeline(&seen.entries)))
            }
        }
    };
    Ok(viewer.page(Place::Tools, &title, body))
}

fn read(
    connection: &mut Connection,
    tool: &ToolRef,
    against: Option<&str>,
) -> Result<Everything, Refusal> {
    let shown = shows::run(connection, tool, None)?;
    let address = format!("{}/{}", shown.stored.platform, shown.stored.tool_name);
    let of = |version: &str| format!("{address}@{version}").parse::<ToolRef>().ok();
    let versions = versions_of::run(connection, tool)?;
    let changes = match against.and_then(of) {
        Some(other) => {
            let other = shows::run(connection, &other, None)?;
            Some(diff_documents(&other.document, &shown.document))
        }
        None => None,
    };
    let filter = EntryFilter {
        tools: of(&shown.stored.version).into_iter().collect(),
        ..EntryFilter::default()
    };
    let page = Page {
        limit: ENTRIES,
        after: None,
    };
    let entries = log::list(connection, &filter, Some(&page))?.entries;
    let executions = Executions {
        tool: of(&shown.stored.version),
        ..Executions::default()
    };
    let scope = executions.scope(connection)?;
    let summaries = connection.read(|it| summaries(it, &scope, Measure::Time))?;
    let executions = summaries.iter().fold((0, 0), |(all, good), it| {
        (all + it.executions, good + it.successes)
    });
    let begins = format!("{address}@");
    let mut tests = abtest::list(connection, &[])?;
    tests.retain(|it| it.tool_a.starts_with(&begins) || it.tool_b.starts_with(&begins));
    Ok(Everything {
        shown,
        versions,
        changes,
        entries,
        executions,
        tests,
    })
}

fn facts(seen: &Everything) -> Markup {
    let stored = &seen.shown.stored;
    let (all, good) = seen.executions;
    let in_use = if stored.is_latest {
        "the version in use"
    } else {
        "not in use"
    };
    kit::facts(vec![
        (
            "Version",
            html! { (shown(&stored.version)) span.soft { ", " (in_use) } },
        ),
        ("State", standing(&stored.status, stored.enabled)),
        ("Category", html! { (shown(&stored.category)) }),
        (
            "Owner",
            html! { (shown(stored.owner.as_deref().unwrap_or("nobody"))) },
        ),
        (
            "Changed",
            html! { (kit::moment(stored.updated_at)) " by " (shown(&stored.updated_by)) },
        ),
        (
            "Executions",
            match all {
                0 => html! { "none recorded" },
                _ => {
                    html! { (all) ", " (format!("{:.1} %", good as f64 / all as f64 * 100.0)) " succeeded" }
                }
            },
        ),
    ])
}

fn definition(shown: &Shown) -> Result<Markup, Problem> {
    let written = format::write(Format::Yaml, std::slice::from_ref(&shown.document));
    let text = written
        .map_err(|error| Problem::internal(error.to_string()))?
        .text;
    Ok(kit::section("Definition", kit::numbered(&text, &[])))
}

fn difference(from: Option<&str>, to: &str, found: &[Change]) -> Markup {
    let title = format!("From {} to {to}", from.unwrap_or_default());
    let body = match found.is_empty() {
        true => html! { p { "Nothing differs." } },
        false => changes(found.iter().map(|it| (it.field.as_str(), &it.old, &it.new))),
    };
    kit::section(&title, body)
}

fn versions(seen: &Everything) -> Markup {
    const COLUMNS: &[Column] = &[
        Column::Text("Version"),
        Column::Text("State"),
        Column::Text("Made"),
        Column::Text("Compare"),
    ];
    let stored = &seen.shown.stored;
    let page = url::tool(&stored.platform, &stored.tool_name);
    let rows = seen.versions.iter().map(|it| {
        let of = |query: Query| format!("{page}{}", query.as_str());
        let own = of(Query::default().with("version", &it.version));
        let compared = of(Query::default().with("version", &stored.version).with("against", &it.version));
        vec![
            html! { a href=(own) { (shown(&it.version)) } @if it.is_latest { " " (kit::badge(kit::Tone::Plain, "in use")) } },
            standing(&it.status, it.enabled),
            html! { (kit::moment(it.created_at)) },
            html! { @if it.version != stored.version { a href=(compared) { "Show" } } },
        ]
    });
    kit::section("Versions", kit::table("Versions", COLUMNS, rows.collect()))
}

fn tests(tests: &[TestRecord]) -> Markup {
    html! {
        @if !tests.is_empty() {
            (kit::section("A/B tests", html! {
                ul.plain-list {
                    @for test in tests {
                        li { (shown(&test.name)) " " (kit::badge(kit::Tone::Plain, &test.state))
                            div.help { code { (shown(&test.tool_a)) } " against " code { (shown(&test.tool_b)) } } }
                    }
                }
            }))
        }
    }
}

/// What can be done, and why something cannot.
fn acts(viewer: &Viewer, seen: &Everything) -> Markup {
    let stored = &seen.shown.stored;
    let address = stored.identity().to_string();
    let change = viewer.barred(Deed::Change {
        tool: &address,
        owner: stored.owner.as_deref(),
    });
    let admin = viewer.barred(Deed::Administer);
    let unless = |so: bool, why: &str| change.clone().or_else(|| so.then(|| why.to_owned()));
    let page = url::tool(&stored.platform, &stored.tool_name);
    let query = Query::default().with("version", &stored.version);
    let others: Vec<&VersionOf> = seen.versions.iter().filter(|it| !it.is_latest).collect();
    html! {
        div.buttons {
            @match &change {
                None => a.button.main href={ (page) "/edit" (query.as_str()) } { "Edit" },
                Some(why) => span.barred { button disabled { "Edit" } span.why { (shown(why)) } }
            }
        }
        form.acts method="post" action={ (page) "/act" } {
            input type="hidden" name="version" value=(stored.version);
            input type="hidden" name="etag" value=(seen.shown.etag());
            (kit::reason(""))
            div.buttons {
                (act("Enable", "enable", "", unless(stored.enabled, "it is on already").as_deref()))
                (act("Disable", "disable", "", unless(!stored.enabled, "it is off already").as_deref()))
                (act("Activate", "activate", "", unless(stored.status == "active", "it is active already").as_deref()))
                (act("Deprecate", "deprecate", "", unless(stored.status == "deprecated", "it is deprecated already").as_deref()))
            }
            @if !others.is_empty() {
                div {
                    label for="to" { "Another version into use" }
                    select id="to" name="to" { @for it in &others { option value=(it.version) { (shown(&it.version)) } } }
                }
                div.buttons { (act("Take into use", "roll_back", "", change.as_deref())) }
            }
            details.more {
                summary { "Delete" }
                p.help { "Disable keeps the definition and what was recorded. Delete takes this version out of the catalog; \
                          the audit log keeps it, and `toolcat restore` brings it back." }
                (act("Delete this version", "delete", "grave", admin.as_deref()))
            }
        }
    }
}

/// What is to be done.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Act {
    action: String,
    version: String,
    etag: String,
    #[serde(default)]
    to: String,
    #[serde(default)]
    reason: String,
}

/// Does it, if the tool is still as the page showed it.
pub async fn run(
    State(app): State<Arc<App>>,
    viewer: Viewer,
    Named(name): Named,
    Form(form): Form<Act>,
) -> Result<Response, Problem> {
    let whole = reference(&name, None, None)?;
    let tool = reference(&name, None, Some(&form.version))?;
    let caller = Caller {
        seen: Some(Seen {
            tool: tool.clone(),
            states: vec![form.etag.clone()],
        }),
        ..viewer.caller(given(&form.reason), false)
    };
    let action = form.action.clone();
    let work = move |it: &mut Connection| carry_out(it, &caller, &form, whole, tool);
    let (said, revision) = app.pool.run(work).await?;
    app.following.settle(revision).await;
    let to = match action.as_str() {
        "delete" => url::to("/tools"),
        _ => url::to(&format!("/tools/{}", url::encoded(&name))),
    };
    Ok(viewer.done(&to, said, Some(revision)))
}

fn carry_out(
    connection: &mut Connection,
    caller: &Caller,
    form: &Act,
    whole: ToolRef,
    tool: ToolRef,
) -> Result<(String, i64), Refusal> {
    let selection = Selection {
        tools: Some(vec![tool]),
        ..Selection::default()
    };
    let mark = match form.action.as_str() {
        "enable" => Mark::Enable,
        "disable" => Mark::Disable,
        "activate" => Mark::Status(Status::Active),
        "deprecate" => Mark::Status(Status::Deprecated),
        "roll_back" => {
            let request = rollback::Request {
                tool: whole,
                to: given(&form.to),
                force: false,
            };
            let done = rollback::run(connection, caller, &request)?;
            let said = format!("Version {} is in use instead of {}.", done.to, done.from);
            return Ok((said, done.revision));
        }
        "delete" => {
            let tools = selection.resolve(connection, false)?;
            let request = delete::Request {
                tools,
                purge: false,
                force: false,
            };
            let done = delete::run(connection, caller, &request)?;
            return Ok((
                format!("{} was deleted.", done.changed.join(", ")),
                done.revision,
            ));
        }
        other => {
            let message = format!("`{other}` is not something to do with a tool");
            return Err(Refusal::new(crate::operations::Kind::Invalid, message));
        }
    };
    let done = mark::run(connection, caller, &mark::Request { selection, mark })?;
    let said = match done.changed.is_empty() {
        true => "It was so already.".to_owned(),
        false => format!(
            "{} was {}.",
            done.changed.join(", "),
            done.action.replace('_', " ")
        ),
    };
    Ok((said, done.revision))
}
