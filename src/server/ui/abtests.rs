//! A/B tests: listed, made with their plan, followed, concluded.

use std::sync::Arc;

use axum::extract::{Path, State};
use axum::response::Response;
use maud::{Markup, html};
use serde::Deserialize;
use serde_json::Value;

use super::charts::{charts, verdict};
use super::form::{Form, given};
use super::frame::{Place, Viewer};
use super::kit::{self, Column, Field, badge, moment, shown};
use super::url;
use crate::abtest::{ArmLabel, Guardrail, Metric};
use crate::operations::abtest::analyze::{self, Course, Report};
use crate::operations::abtest::conclude::{self, Wish};
use crate::operations::abtest::create::{self, Request, Size};
use crate::operations::abtest::plan::{self, Plan, Subject};
use crate::operations::abtest::{self, TestRecord};
use crate::operations::access::Deed;
use crate::report::{self, Tone, figures};
use crate::server::app::App;
use crate::server::problem::{Name, Problem};
use crate::store::ab_tests::UnitKind;
use crate::store::ab_tests::lifecycle::Change;

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

/// What the form of a new test says.
#[derive(Debug, Default, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct New {
    name: String,
    a: String,
    b: String,
    metric: String,
    share_b: String,
    effect: String,
    keep_success: String,
    minimum_days: String,
    hypothesis: String,
    reason: String,
    act: String,
}

impl New {
    /// What a form begins with.
    fn begun() -> Self {
        Self {
            metric: "time".to_owned(),
            share_b: "50".to_owned(),
            keep_success: "2".to_owned(),
            minimum_days: "1".to_owned(),
            ..Self::default()
        }
    }

    fn request(&self) -> Result<Request, Problem> {
        let wrong = |detail: String| Problem::new(Name::Invalid, detail);
        let metric: Metric = self
            .metric
            .parse()
            .map_err(|_| wrong("the metric is success, time or cost".to_owned()))?;
        let tool = |text: &str, arm: &str| {
            let address = text.trim().parse();
            address.map_err(|error| wrong(format!("version in arm {arm}: {error}")))
        };
        let number = |text: &str, what: &str| {
            let value = text.trim().parse::<f64>().ok().filter(|it| it.is_finite());
            value.ok_or_else(|| wrong(format!("{what}: `{text}` is not a number")))
        };
        let size = match self.effect.trim() {
            "" => Size::Usual,
            effect => Size::ToShow(number(effect, "smallest effect")? / 100.0),
        };
        let guardrails = match self.keep_success.trim() {
            "" => Vec::new(),
            _ if metric == Metric::Success => Vec::new(),
            points => vec![Guardrail {
                metric: Metric::Success,
                margin: number(points, "success may drop by")? / 100.0,
            }],
        };
        Ok(Request {
            name: self.name.trim().to_owned(),
            a: tool(&self.a, "A")?,
            b: tool(&self.b, "B")?,
            metrics: vec![metric],
            guardrails,
            keep_success: false,
            split: number(&self.share_b, "share of B")? / 100.0,
            coverage: 1.0,
            environment: None,
            users: Vec::new(),
            unit: UnitKind::Execution,
            size,
            confidence: 0.95,
            minimum_duration_s: number(&self.minimum_days, "shortest duration")? * 86_400.0,
            hypothesis: given(&self.hypothesis),
            seed: None,
        })
    }
}

/// The plan of a test that would be made.
type Planned = (TestRecord, Plan);

/// Shows the form of a new test.
pub async fn begin(viewer: Viewer) -> Response {
    let body = form(&viewer, &New::begun(), None);
    viewer.page(Place::Tests, "New A/B test", body)
}

/// Plans a test, or makes it.
pub async fn create(
    State(app): State<Arc<App>>,
    viewer: Viewer,
    Form(new): Form<New>,
) -> Result<Response, Problem> {
    let makes = new.act == "create";
    let outcome = match new.request() {
        Ok(request) => make(&app, &viewer, &new, request, makes).await,
        Err(problem) => Err(problem),
    };
    match outcome {
        Ok((test, _)) if makes => {
            let said = format!(
                "A/B test {} was made. Nothing is assigned until it is started.",
                test.name
            );
            Ok(viewer.done(&path_of(&test.name), said, None))
        }
        Err(problem) if problem.status >= 500 => Err(problem),
        outcome => {
            let body = form(&viewer, &new, Some(&outcome));
            Ok(viewer.page(Place::Tests, "New A/B test", body))
        }
    }
}

async fn make(
    app: &Arc<App>,
    viewer: &Viewer,
    new: &New,
    request: Request,
    makes: bool,
) -> Result<Planned, Problem> {
    let caller = viewer.caller(given(&new.reason), !makes);
    let made = app.pool.run(move |it| {
        let effects = match request.size {
            Size::ToShow(effect) => vec![effect],
            _ => Vec::new(),
        };
        let planned = plan::Request {
            subject: Subject::Tools(vec![request.a.clone(), request.b.clone()]),
            metrics: request.metrics.clone(),
            effects,
            planned: None,
            split: Some(request.split),
            coverage: Some(request.coverage),
            confidence: Some(request.confidence),
            power: 0.8,
            days: 14.0,
        };
        let plan = plan::run(it, &planned)?;
        let test = create::run(it, &caller, &request)?;
        Ok((TestRecord::from(&test), plan))
    });
    made.await
}

fn form(viewer: &Viewer, new: &New, outcome: Option<&Result<Planned, Problem>>) -> Markup {
    let field = |label, name, help, required| Field {
        label,
        name,
        help,
        error: None,
        required,
    };
    let metrics = [
        ("time", "Time: the faster wins"),
        ("cost", "Cost: the cheaper wins"),
        ("success", "Success: what fails less wins"),
    ];
    let barred = barred(viewer);
    let planned = matches!(outcome, Some(Ok(_)));
    html! {
        @if let Some(Err(problem)) = outcome {
            div.problem role="alert" {
                p { (shown(&problem.detail)) }
                @if let Some(hint) = &problem.hint { p.soft { (shown(hint)) } }
            }
        }
        form method="post" action=(url::to("/abtests/new")) {
            (field("Name", "name", "As `faster-df`.", true).text(&new.name))
            (field("Version in use, A", "a", "As `linux/df@1.0`.", true).text(&new.a))
            (field("Version on trial, B", "b", "As `linux/df@2.0`.", true).text(&new.b))
            (field("Decided by", "metric", "", true).choice(&new.metric, &metrics))
            (field("Share of B, percent", "share_b", "How much of the traffic goes to B.", true).text(&new.share_b))
            (field("Smallest effect that matters, percent", "effect",
                "The test is made as large as it takes to show it; 2,000 records where nothing is said.", false)
                .text(&new.effect))
            (field("Success may drop by less than, points", "keep_success",
                "What the winner must be shown to keep; nothing where it is empty.", false).text(&new.keep_success))
            (field("Shortest duration, days", "minimum_days", "No decision before.", true).text(&new.minimum_days))
            (field("Hypothesis", "hypothesis", "What is expected, and why.", false).area(&new.hypothesis, 2))
            (kit::reason(&new.reason))
            @if let Some(Ok((test, plan))) = outcome { (planned_size(test, plan)) }
            div.buttons {
                button class=[(!planned).then_some("main")] type="submit" name="act" value="plan" { "Show the plan" }
                @if planned {
                    @match &barred {
                        None => button.main type="submit" name="act" value="create" { "Make the test" },
                        Some(why) => span.barred {
                            button.main type="submit" disabled { "Make the test" }
                            span.why { (shown(why)) }
                        }
                    }
                }
            }
        }
    }
}

fn effect(metric: Metric, effect: f64) -> String {
    match metric {
        Metric::Success => format!("{} points", figures::percent(effect)),
        _ => format!("{} %", figures::percent(effect)),
    }
}

fn planned_size(test: &TestRecord, plan: &Plan) -> Markup {
    let count = |it: u64| kit::grouped(usize::try_from(it).unwrap_or(usize::MAX));
    let columns = [
        Column::Text("Metric"),
        Column::Number("To show"),
        Column::Number("Records of A"),
        Column::Number("Records of B"),
        Column::Number("In all"),
        Column::Number("Days"),
    ];
    let rows = plan.steps.iter().map(|it| {
        vec![
            html! { (it.metric) @if it.guardrail { " (guardrail)" } },
            html! { (it.effect.map_or_else(|| "–".to_owned(), |value| effect(it.metric, value))) },
            html! { (count(it.a)) },
            html! { (count(it.b)) },
            html! { (count(it.total)) },
            html! { (it.days.map_or_else(|| "–".to_owned(), figures::amount)) },
        ]
    });
    let known = plan.baseline.records;
    let planned = usize::try_from(test.planned).unwrap_or_default();
    kit::section(
        "The plan",
        html! {
            p { "This test is planned for " strong { (kit::grouped(planned)) } " records of both arms. "
                @if known > 0 {
                    "What A is like is known from " (kit::grouped(usize::try_from(known).unwrap_or_default())) " records; "
                } @else { "Nothing is recorded of A yet, so usual figures stand in; " }
                "traffic is " (figures::amount(plan.traffic_per_day)) " a day."
            }
            (kit::table("What it takes", &columns, rows.collect()))
        },
    )
}

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

/// What can be done with a test in its state: the act, its button, what it does.
fn possible(test: &TestRecord) -> &'static [(&'static str, &'static str, &'static str)] {
    const CONCLUDE: (&str, &str, &str) = (
        "conclude",
        "Conclude",
        "Ends the test where the rule has a verdict; the version in use stays.",
    );
    const APPLY: (&str, &str, &str) = (
        "apply",
        "Conclude and use the winner",
        "The winner becomes the latest version.",
    );
    const FORCE_A: (&str, &str, &str) = (
        "force_a",
        "End with A",
        "Whatever the rule says; needs a reason, and stays marked.",
    );
    const FORCE_B: (&str, &str, &str) = (
        "force_b",
        "End with B",
        "Whatever the rule says; needs a reason, and stays marked.",
    );
    const CANCEL: (&str, &str, &str) = ("cancel", "Cancel", "Ends the test without a result.");
    match test.state.as_str() {
        "draft" => &[
            ("start", "Start", "From now on units are assigned."),
            CANCEL,
        ],
        "active" => &[
            CONCLUDE,
            APPLY,
            ("pause", "Pause", "No new unit is assigned."),
            FORCE_A,
            FORCE_B,
            CANCEL,
        ],
        "paused" => &[
            CONCLUDE,
            APPLY,
            ("resume", "Resume", "Units are assigned again."),
            FORCE_A,
            FORCE_B,
            CANCEL,
        ],
        "completed" => &[(
            "apply",
            "Use the winner",
            "The winner becomes the latest version.",
        )],
        _ => &[],
    }
}

fn acts(viewer: &Viewer, test: &TestRecord) -> Markup {
    let possible = possible(test);
    let barred = barred(viewer);
    html! {
        @if !possible.is_empty() {
            h2 { "What to do" }
            form method="post" action=(path_of(&test.name)) {
                (kit::reason(""))
                ul.acts {
                    @for (at, (act, label, what)) in possible.iter().enumerate() {
                        li {
                            button type="submit" name="act" value=(act) class=[(at == 0).then_some("main")]
                                disabled[barred.is_some()] { (label) }
                            " " span.soft { (what) }
                        }
                    }
                }
                @if let Some(why) = &barred { p.why { (shown(why)) } }
            }
        }
    }
}

/// What is to be done with a test.
#[derive(Debug, Default, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct Acting {
    act: String,
    reason: String,
}

/// Does it.
pub async fn act(
    State(app): State<Arc<App>>,
    viewer: Viewer,
    Path(name): Path<String>,
    Form(acting): Form<Acting>,
) -> Result<Response, Problem> {
    let caller = viewer.caller(given(&acting.reason), false);
    let page = path_of(&name);
    let change = |change: Change, word: &'static str| (Some(change), None, word);
    let ends = |apply, force| (None, Some(Wish { apply, force }), "");
    let (change, wish, word) = match acting.act.as_str() {
        "start" => change(Change::Start, "started"),
        "pause" => change(Change::Pause, "paused"),
        "resume" => change(Change::Resume, "resumed"),
        "cancel" => change(Change::Cancel, "cancelled"),
        "conclude" => ends(false, None),
        "apply" => ends(true, None),
        "force_a" => ends(false, Some(ArmLabel::A)),
        "force_b" => ends(false, Some(ArmLabel::B)),
        other => {
            let detail = format!("a test cannot be `{other}`");
            return Err(Problem::new(Name::Invalid, detail));
        }
    };
    let done = app.pool.run(move |it| {
        if let Some(change) = change {
            abtest::change(it, &caller, &name, &change)?;
            return Ok(format!("The test was {word}."));
        }
        let conclusion = conclude::run(it, &caller, &name, wish.unwrap_or_default())?;
        Ok(said(&conclusion))
    });
    Ok(viewer.done(&page, done.await?, None))
}

fn said(conclusion: &conclude::Conclusion) -> String {
    let used = if conclusion.applied {
        " It is the latest version now."
    } else {
        ""
    };
    match (&conclusion.winner_tool, conclusion.concluded) {
        (Some(winner), _) => format!("Concluded: {winner} wins.{used}"),
        (None, true) => "Concluded without a winner: the version in use stays.".to_owned(),
        (None, false) => format!("Not concluded: {}", conclusion.sentence),
    }
}
