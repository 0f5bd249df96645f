//! A/B tests: listed, made with their plan, followed, concluded.

mod acts;
mod new;
mod show;

use std::sync::Arc;

use axum::extract::State;
use axum::response::Response;
use maud::{Markup, html};
use serde_json::Value;

use super::frame::{Place, Viewer};
use super::kit::{self, Column, badge, moment, shown};
use super::url;
use crate::abtest::Metric;
use crate::operations::abtest::{self, TestRecord};
use crate::operations::access::Deed;
use crate::server::app::App;
use crate::server::problem::Problem;

pub use acts::act;
pub use new::{begin, create};
pub use show::show;

fn path_of(name: &str) -> String {
    url::to(&format!("/abtests/{}", url::encoded(name)))
}

/// Why the viewer may start and end no test at all. Of which tools they may, the catalog says.
fn barred(viewer: &Viewer) -> Option<String> {
    viewer.barred(Deed::Change {
        tool: "A/B tests",
        owner: Some(&viewer.principal.name),
    })
}

fn state(test: &TestRecord) -> Markup {
    let tone = match test.state.as_str() {
        "active" => kit::Tone::Good,
        "paused" => kit::Tone::Warn,
        _ => kit::Tone::Plain,
    };
    badge(tone, &test.state)
}

/// The names of the metrics in a list of them.
fn metrics(list: &Value) -> String {
    let metrics: Vec<Metric> = serde_json::from_value(list.clone()).unwrap_or_default();
    let names: Vec<&str> = metrics.iter().map(|it| it.as_str()).collect();
    names.join(", ")
}

/// Lists them.
pub async fn list(State(app): State<Arc<App>>, viewer: Viewer) -> Result<Response, Problem> {
    let tests = app.pool.read(|it| abtest::list(it, &[])).await?;
    let barred = barred(&viewer);
    let columns = [
        Column::Text("Test"),
        Column::Text("State"),
        Column::Text("A"),
        Column::Text("B"),
        Column::Text("Decided by"),
        Column::Text("Started"),
        Column::Text("Winner"),
    ];
    let rows: Vec<Vec<Markup>> = tests
        .iter()
        .map(|it| {
            vec![
                html! { a href=(path_of(&it.name)) { (shown(&it.name)) } },
                state(it),
                html! { (shown(&it.tool_a)) },
                html! { (shown(&it.tool_b)) },
                html! { (metrics(&it.metrics)) },
                html! { @if let Some(at) = it.started_at { (moment(at)) } },
                html! { (shown(it.winner_tool.as_deref().unwrap_or_default())) },
            ]
        })
        .collect();
    let body = html! {
        form method="get" action=(url::to("/abtests/new")) {
            (kit::buttons(kit::button("New test", "main", barred.as_deref())))
        }
        @if rows.is_empty() {
            (kit::empty("No A/B test yet.", html! {
                "A test compares two versions of a tool on real traffic and says which is better, and how sure that is."
            }))
        } @else { (kit::table("A/B tests", &columns, rows)) }
    };
    Ok(viewer.page(Place::Tests, "A/B tests", body))
}
