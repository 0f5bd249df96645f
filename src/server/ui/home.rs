//! Home: what changed, and what is due.

use std::sync::Arc;

use axum::extract::State;
use axum::response::Response;
use maud::{Markup, html};

use super::audit::timeline;
use super::frame::{Place, Viewer};
use super::kit::{self, shown};
use super::url;
use crate::operations::abtest;
use crate::operations::audit as log;
use crate::operations::{Page, Refusal};
use crate::server::app::App;
use crate::server::problem::Problem;
use crate::store::Connection;
use crate::store::audit::{Entry, EntryFilter};
use crate::store::telemetry::untried;
use crate::store::tools::{self, Filter};

/// How many entries of each list are shown.
const ROWS: u32 = 12;

/// What the page shows.
struct Everything {
    tools: i64,
    off: i64,
    revision: i64,
    entries: Vec<Entry>,
    running: Vec<abtest::TestRecord>,
    untried: (i64, Vec<(String, String)>),
}

/// Shows it.
pub async fn show(State(app): State<Arc<App>>, viewer: Viewer) -> Result<Response, Problem> {
    let it = app.pool.read(read).await?;
    let body = html! {
        (kit::facts(vec![
            ("Tools", html! { a href=(url::to("/tools")) { (it.tools) } }),
            ("Switched off", html! { a href=(url::to("/tools?enabled=false")) { (it.off) } }),
            ("Without telemetry", html! { (it.untried.0) }),
            ("Running A/B tests", html! { (it.running.len()) }),
            ("Revision", html! { a href=(url::to("/audit")) { (it.revision) } }),
        ]))
        div.columns {
            (kit::section("What changed", timeline(&it.entries)))
            div {
                (kit::section("A/B tests that run", running(&it.running)))
                (kit::section("Tools without telemetry", without(&it.untried)))
            }
        }
    };
    Ok(viewer.page(Place::Home, "Home", body))
}

fn read(connection: &mut Connection) -> Result<Everything, Refusal> {
    let off = Filter {
        enabled: Some(false),
        ..Filter::default()
    };
    let page = Page {
        limit: ROWS,
        after: None,
    };
    let entries = log::list(connection, &EntryFilter::default(), Some(&page))?.entries;
    let running = abtest::list(connection, &["active".to_owned()])?;
    let (tools, off, revision, untried) = connection.read_consistently(|it| {
        Ok((
            tools::count(it, &Filter::default())?,
            tools::count(it, &off)?,
            tools::revision(it)?,
            untried(it, i64::from(ROWS))?,
        ))
    })?;
    Ok(Everything {
        tools,
        off,
        revision,
        entries,
        running,
        untried,
    })
}

fn running(tests: &[abtest::TestRecord]) -> Markup {
    html! {
        @if tests.is_empty() { p.soft { "None runs." } }
        ul.plain-list {
            @for test in tests.iter().take(ROWS as usize) {
                li { strong { (shown(&test.name)) } " " (kit::badge(kit::Tone::Plain, &test.state))
                    div.help { code { (shown(&test.tool_a)) } " against " code { (shown(&test.tool_b)) } } }
            }
        }
    }
}

fn without((count, tools): &(i64, Vec<(String, String)>)) -> Markup {
    html! {
        @if tools.is_empty() { p.soft { "Executions of every tool in use are recorded." } }
        ul.plain-list { @for (platform, name) in tools { li { (kit::tool_link(platform, name)) } } }
        @if *count > i64::from(ROWS) { p.soft { "and " (*count - i64::from(ROWS)) " more" } }
    }
}
