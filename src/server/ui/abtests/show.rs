//! One A/B test: what it is, what it found so far, what can be done.

use std::sync::Arc;

use axum::extract::{Path, State};
use axum::response::Response;
use maud::{Markup, html};

use super::acts::acts;
use super::{metrics, state};
use crate::abtest::ArmLabel;
use crate::operations::abtest::analyze::{self, Course, Report};
use crate::operations::abtest::{self, TestRecord};
use crate::report::{self, Tone, figures};
use crate::server::app::App;
use crate::server::problem::Problem;
use crate::server::ui::charts::{charts, verdict};
use crate::server::ui::frame::{Place, Viewer};
use crate::server::ui::kit::{self, Column, badge, moment, shown};

/// Shows a test: what it is, what it found so far, what can be done.
pub async fn show(
    State(app): State<Arc<App>>,
    viewer: Viewer,
    Path(name): Path<String>,
) -> Result<Response, Problem> {
    let read = app.pool.run(move |it| {
        let test = abtest::find(it, &name)?;
        let found = match test.started_at {
            Some(_) => {
                let judged = analyze::run(it, &name, None)?;
                let course = analyze::course(it, &judged)?;
                Some((judged.report, course))
            }
            None => None,
        };
        Ok((TestRecord::from(&test), found))
    });
    let (test, found) = read.await?;
    let body = html! {
        @match &found {
            Some((report, _)) => (verdict(report::abtest::tone(report), &report.analysis.decision.sentence)),
            None => (verdict(Tone::Plain, "Not started: nothing is assigned yet.")),
        }
        @if test.forced { (verdict(Tone::Bad, "The winner was forced by a person.")) }
        (facts(&test))
        @if let Some((report, course)) = &found { (result(report, course)) }
        (acts(&viewer, &test))
    };
    let title = format!("A/B test {}", test.name);
    Ok(viewer.page(Place::Tests, &title, body))
}

fn facts(test: &TestRecord) -> Markup {
    let count = usize::try_from(test.planned).unwrap_or_default();
    let mut facts = vec![
        ("State", state(test)),
        ("A", html! { (shown(&test.tool_a)) }),
        ("B", html! { (shown(&test.tool_b)) }),
        ("Decided by", html! { (metrics(&test.metrics)) }),
        ("Split", html! { (figures::split(test.split)) }),
        ("Planned", html! { (kit::grouped(count)) " records" }),
        ("Phase", html! { (test.phase) }),
    ];
    if let Some(at) = test.started_at {
        facts.push(("Started", moment(at)));
    }
    if let Some(at) = test.completed_at {
        facts.push(("Ended", moment(at)));
    }
    if let Some(winner) = &test.winner_tool {
        facts.push(("Winner", html! { (shown(winner)) }));
    }
    facts.push(("Made by", html! { (shown(&test.created_by)) }));
    html! {
        (kit::facts(facts))
        @if let Some(hypothesis) = &test.hypothesis { p { "Hypothesis: " (shown(hypothesis)) } }
    }
}

fn result(report: &Report, course: &Course) -> Markup {
    let mut drawn = vec![report::abtest::intervals(report)];
    drawn.extend(report::abtest::sequences(report, course));
    drawn.extend(report::abtest::per_day(&course.days));
    let columns = [
        Column::Text("Holds"),
        Column::Text("Clause"),
        Column::Wide("Why"),
    ];
    let clauses = report.analysis.decision.clauses.iter().map(|it| {
        let (tone, word) = match it.holds {
            true => (kit::Tone::Good, "yes"),
            false => (kit::Tone::Warn, "no"),
        };
        vec![
            badge(tone, word),
            html! { (figures::clause(it.kind)) },
            html! { (shown(&it.detail)) },
        ]
    });
    html! {
        (charts(&drawn))
        h2 { "Arms" }
        (arms(report))
        h2 { "Health" }
        @if report.analysis.health.findings.is_empty() { p { "No finding: the data can be trusted." } }
        @else {
            ul {
                @for it in &report.analysis.health.findings {
                    li { (shown(&it.message)) " " span.soft { (it.hint) } }
                }
            }
        }
        h2 { "Rule" }
        (kit::table("The rule, clause by clause", &columns, clauses.collect()))
    }
}

fn arms(report: &Report) -> Markup {
    let count = |it: u64| kit::grouped(usize::try_from(it).unwrap_or(usize::MAX));
    let columns = [
        Column::Text("Arm"),
        Column::Text("Version"),
        Column::Number("Assigned"),
        Column::Number("Recorded"),
        Column::Number("Failures"),
    ];
    let arms = [(ArmLabel::A, &report.tool_a), (ArmLabel::B, &report.tool_b)];
    let rows = arms.into_iter().map(|(label, tool)| {
        let arm = report.analysis.arms.get(label);
        vec![
            html! { (label) },
            html! { (shown(tool)) },
            html! { (count(arm.assigned)) },
            html! { (count(arm.stats.records)) },
            html! { (count(arm.stats.failures)) },
        ]
    });
    kit::table("Arms", &columns, rows.collect())
}
