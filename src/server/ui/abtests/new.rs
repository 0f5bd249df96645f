//! A new A/B test: its form, and the plan before it is made.

use std::sync::Arc;

use axum::extract::State;
use axum::response::Response;
use maud::{Markup, html};
use serde::Deserialize;

use super::{barred, path_of};
use crate::abtest::{Guardrail, Metric};
use crate::operations::abtest::TestRecord;
use crate::operations::abtest::create::{self, Request, Size};
use crate::operations::abtest::plan::{self, Plan, Subject};
use crate::report::figures;
use crate::server::app::App;
use crate::server::problem::{Name, Problem};
use crate::server::ui::form::{Form, given};
use crate::server::ui::frame::{Place, Viewer};
use crate::server::ui::kit::{self, Column, Field, shown};
use crate::server::ui::url;
use crate::store::ab_tests::UnitKind;

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
                "The test is made as large as it takes to show it; 2,000 records if nothing is said.", false)
                .text(&new.effect))
            (field("Success may drop by less than, points", "keep_success",
                "What the winner must be shown to keep; nothing if it is empty.", false).text(&new.keep_success))
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
