//! Telemetry: what ran, what it cost, and whether the estimates are right.

use std::sync::Arc;

use axum::extract::State;
use axum::response::Response;
use chrono::Days;
use maud::{Markup, html};
use serde::Deserialize;

use super::charts::{charts, verdict};
use super::frame::{Place, Viewer};
use super::kit::{self, Column, Field, badge, shown};
use super::url::{self, Query};
use crate::expression::Expression;
use crate::operations::telemetry::Executions;
use crate::operations::telemetry::analyze::Analysed;
use crate::operations::telemetry::overview::{self, Overview};
use crate::outside;
use crate::report::{self, figures};
use crate::server::app::App;
use crate::server::extract::Params;
use crate::server::problem::{Name, Problem};
use crate::telemetry::Measure;

/// Executions of a pattern that are drawn for the page.
const SAMPLES: u64 = 2_000;
/// Dots of a chart.
const DOTS: usize = 150;
/// Patterns in the table, and patterns whose charts are shown where one tool is asked for.
const LISTED: usize = 100;
const DRAWN: usize = 4;

/// Which executions are shown.
#[derive(Debug, Default, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct Asked {
    tool: String,
    days: String,
    environment: String,
    measure: String,
}

impl Asked {
    fn measure(&self) -> Result<Measure, Problem> {
        match self.measure.as_str() {
            "" | "time" => Ok(Measure::Time),
            "cost" => Ok(Measure::Cost),
            other => {
                let detail = format!("measure is time or cost, not `{other}`");
                Err(Problem::new(Name::Parameter, detail))
            }
        }
    }

    fn executions(&self) -> Result<Executions, Problem> {
        let wrong = |detail: String| Problem::new(Name::Parameter, detail);
        let tool = match self.tool.trim() {
            "" => None,
            tool => Some(
                tool.parse()
                    .map_err(|error| wrong(format!("tool: {error}")))?,
            ),
        };
        let since = match self.days.as_str() {
            "" | "all" => None,
            days => {
                let days = days.parse().ok().filter(|it| (1..=36_500).contains(it));
                let days = days.ok_or_else(|| wrong("days is a number of days".to_owned()))?;
                outside::now().checked_sub_days(Days::new(days))
            }
        };
        let environment = self.environment.trim();
        Ok(Executions {
            tool,
            since,
            environment: (!environment.is_empty()).then(|| environment.to_owned()),
            ..Executions::default()
        })
    }

    /// The query of the same executions of one tool.
    fn of_tool(&self, tool: &str) -> String {
        let query = Query::default()
            .with("tool", tool)
            .with_some("days", Some(&self.days))
            .with_some("environment", Some(&self.environment))
            .with_some("measure", Some(&self.measure));
        format!("{}{}", url::to("/telemetry"), query.as_str())
    }
}

/// Shows it.
pub async fn show(
    State(app): State<Arc<App>>,
    viewer: Viewer,
    Params(asked): Params<Asked>,
) -> Result<Response, Problem> {
    let measure = asked.measure()?;
    let executions = asked.executions()?;
    let read = app
        .pool
        .read(move |it| overview::run(it, &executions, measure, Some(SAMPLES)));
    let overview = read.await?;
    let body = html! {
        (filter(&asked))
        @if overview.patterns.is_empty() { (nothing()) } @else { (found(&asked, &overview, measure)) }
    };
    Ok(viewer.page(Place::Telemetry, "Telemetry", body))
}

fn filter(asked: &Asked) -> Markup {
    let field = |label, name, help| Field {
        label,
        name,
        help,
        error: None,
        required: false,
    };
    let days = [
        ("", "Any time"),
        ("1", "Last day"),
        ("7", "Last 7 days"),
        ("30", "Last 30 days"),
        ("90", "Last 90 days"),
    ];
    let measures = [("", "Time"), ("cost", "Cost")];
    html! {
        form.filters method="get" action=(url::to("/telemetry")) {
            (field("Tool", "tool", "As `df` or `linux/df@1.0`.").text(&asked.tool))
            (field("Since", "days", "").choice(&asked.days, &days))
            (field("Environment", "environment", "").text(&asked.environment))
            (field("Compare", "measure", "").choice(&asked.measure, &measures))
            (kit::buttons(html! { button type="submit" { "Show" } }))
        }
    }
}

fn nothing() -> Markup {
    kit::empty(
        "No execution was recorded there.",
        html! { "Programs record what they ran by " code { "POST /api/v1/telemetry" } ", people by "
        code { "toolcat telemetry record" } "." },
    )
}

fn found(asked: &Asked, overview: &Overview, measure: Measure) -> Markup {
    let (tone, sentence) = report::telemetry::headline(&overview.patterns);
    let detailed = match asked.tool.trim() {
        "" => &[][..],
        _ => &overview.patterns[..overview.patterns.len().min(DRAWN)],
    };
    html! {
        (verdict(tone, &sentence))
        (charts(&report::overview::charts(overview)))
        h2 { "Usage patterns" }
        (patterns(asked, overview, measure))
        @for one in detailed { (detail(one, measure)) }
    }
}

fn patterns(asked: &Asked, overview: &Overview, measure: Measure) -> Markup {
    let columns = [
        Column::Text("Tool"),
        Column::Text("Pattern"),
        Column::Number("Runs"),
        Column::Number("Success"),
        Column::Number("p50"),
        Column::Number("p95"),
        Column::Number("Actual / estimate"),
        Column::Text("Drift"),
    ];
    let all = &overview.patterns;
    let rows = all.iter().take(LISTED).map(|it| row(asked, it, measure));
    html! {
        (kit::table("Usage patterns", &columns, rows.collect()))
        @if all.len() > LISTED {
            p.soft { (kit::grouped(all.len() - LISTED)) " more: ask for one tool to see its patterns." }
        }
    }
}

fn row(asked: &Asked, one: &Analysed, measure: Measure) -> Vec<Markup> {
    let analysis = &one.analysis;
    let or_dash = |text: Option<String>| html! { (text.unwrap_or_else(|| "–".to_owned())) };
    let percentiles = analysis.percentiles.as_ref();
    let changed = analysis.changes.last().map(|it| {
        let percent = format!(
            "{:+.0} % on {}",
            it.change_percent,
            it.at.format("%Y-%m-%d")
        );
        html! { " " (percent) }
    });
    vec![
        html! { a href=(asked.of_tool(&one.tool)) { (shown(&one.tool)) } },
        html! { (shown(&one.place())) },
        html! { (kit::grouped(analysis.records)) },
        or_dash(
            analysis
                .success
                .as_ref()
                .map(|it| format!("{} %", figures::percent(it.rate))),
        ),
        or_dash(percentiles.map(|it| figures::measured(it.p50, measure))),
        or_dash(percentiles.map(|it| figures::measured(it.p95, measure))),
        or_dash(analysis.current().map(|it| format!("{:.2}", it.ratio().0))),
        html! {
            @if analysis.drift { (badge(kit::Tone::Bad, "drift")) } @else { "no" }
            @if let Some(changed) = changed { (changed) }
        },
    ]
}

fn detail(one: &Analysed, measure: Measure) -> Markup {
    let model = one
        .expression
        .as_deref()
        .and_then(|it| Expression::parse(it).ok());
    let drawn = report::telemetry::charts(one, measure, model.as_ref(), None, DOTS);
    let title = format!("{} {}", one.tool, one.place());
    let lines = report::findings::lines(one);
    kit::section(
        &shown(&title),
        html! {
            (verdict(report::telemetry::tone(one), &format!("It {}.", one.sentence)))
            (charts(&drawn))
            @if !lines.is_empty() {
                ul { @for (kind, line) in &lines { li { strong { (kind) } " " (shown(line)) } } }
            }
        },
    )
}
