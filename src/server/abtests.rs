//! `/abtests`: two versions of a tool compared on real traffic.

use std::sync::Arc;

use axum::extract::{OriginalUri, State};
use axum::http::{HeaderMap, StatusCode, header};
use axum::response::{IntoResponse as _, Response};
use serde::{Deserialize, Serialize};
use utoipa::{IntoParams, ToSchema};
use uuid::Uuid;

use super::app::{App, Asker};
use super::extract::{Answer, JsonBody, Named, Nothing, Params, encoded};
use super::problem::{Name, Problem};
use super::writes::reason;
use crate::abtest::{ArmLabel, Guardrail, Metric};
use crate::definition::ToolRef;
use crate::operations::Refusal;
use crate::operations::abtest::assign::{self, Assignment};
use crate::operations::abtest::conclude::{self, Wish};
use crate::operations::abtest::create::{self, Size};
use crate::operations::abtest::plan::{self, Subject};
use crate::operations::abtest::{self as operation, TestRecord, analyze};
use crate::select::request::DEFAULT_ENVIRONMENT;
use crate::store::Connection;
use crate::store::ab_tests::UnitKind;
use crate::store::ab_tests::lifecycle::Change;
use crate::store::tools;

/// Which tests are listed.
#[derive(Debug, Default, Deserialize, IntoParams)]
#[serde(deny_unknown_fields, default)]
#[into_params(parameter_in = Query)]
pub struct Which {
    /// Only tests in this status; can be repeated.
    #[param(inline)]
    status: Vec<TestStatus>,
}

/// The status of a test.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize, Serialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum TestStatus {
    /// Made, and not started.
    Draft,
    /// Started, and perhaps paused.
    Active,
    /// Ended with a decision.
    Completed,
    /// Ended without one.
    Cancelled,
}

impl TestStatus {
    fn name(self) -> &'static str {
        match self {
            TestStatus::Draft => "draft",
            TestStatus::Active => "active",
            TestStatus::Completed => "completed",
            TestStatus::Cancelled => "cancelled",
        }
    }
}

/// The tests by name.
#[derive(Debug, Serialize, ToSchema)]
pub struct Tests {
    /// Each as `toolcat abtest show --format json` writes it.
    #[schema(value_type = Vec<Object>)]
    tests: Vec<TestRecord>,
}

/// List the A/B tests
#[utoipa::path(get, path = "/abtests", tag = "abtests", params(Which), responses(
    (status = 200, body = Tests),
))]
pub async fn list(
    State(app): State<Arc<App>>,
    Params(which): Params<Which>,
) -> Result<Answer<Tests>, Problem> {
    let states: Vec<String> = (which.status.iter())
        .map(|it| it.name().to_owned())
        .collect();
    let read = app.pool.read(move |it| operation::list(it, &states));
    let tests = read.await?;
    Ok(Answer(Tests { tests }))
}

/// Show an A/B test
#[utoipa::path(get, path = "/abtests/{name}", tag = "abtests",
    params(("name" = String, Path, description = "The test")),
    responses((status = 200, body = Object, description = "The test, as `toolcat abtest show --format json` writes it")))]
pub async fn show(
    State(app): State<Arc<App>>,
    Named(name): Named,
    _: Params<Nothing>,
) -> Result<Answer<TestRecord>, Problem> {
    let read = app.pool.read(move |it| operation::find(it, &name));
    Ok(Answer(TestRecord::from(&read.await?)))
}

/// What is assigned to a version.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Deserialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum Unit {
    /// Each execution by itself, by its `execution_id`.
    #[default]
    Execution,
    /// Each user with all executions, by `user_id`.
    User,
}

/// A test to be made: two versions of one tool, or two tools of one capability.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
#[schema(example = json!({"name": "faster-df", "a": "df@1.0", "b": "df@2.0", "metrics": ["time"]}))]
pub struct NewTest {
    /// Its name, unique in the catalog.
    name: String,
    /// The version in arm A, the one in use: [PLATFORM/]NAME[@VERSION].
    a: String,
    /// The version in arm B, the one on trial.
    b: String,
    /// The metrics that decide: success, time, cost.
    #[schema(value_type = Vec<String>)]
    metrics: Vec<Metric>,
    /// What the winner must be shown to keep, each with `metric` and `margin`. If nothing is said and time or cost
    /// decides, success may drop by less than 0.02; an empty list means no guardrail.
    #[schema(value_type = Option<Vec<Object>>)]
    guardrails: Option<Vec<Guardrail>>,
    /// Share of B, between 0 and 1; 0.5 if nothing is said.
    split: Option<f64>,
    /// Share of the traffic that takes part; 1 if nothing is said.
    coverage: Option<f64>,
    /// Only this environment takes part.
    environment: Option<String>,
    /// Only these users take part.
    #[serde(default)]
    users: Vec<String>,
    /// What is assigned.
    #[serde(default)]
    unit: Unit,
    /// Planned total of records of both arms; 2,000 if nothing is said.
    planned: Option<u64>,
    /// In place of `planned`: the smallest effect to be shown, in points of success, or as a relative change.
    effect: Option<f64>,
    /// Confidence over all looks; 0.95 if nothing is said.
    confidence: Option<f64>,
    /// Shortest duration before a decision, in seconds; a day if nothing is said.
    minimum_duration_s: Option<f64>,
    /// What is expected, and why.
    hypothesis: Option<String>,
    /// Seed of the assignment; a new one if nothing is said.
    #[schema(format = "uuid")]
    seed: Option<String>,
    /// Do all but keep it, and answer what would be made.
    #[serde(default)]
    dry_run: bool,
    /// Why, for the audit log.
    reason: Option<String>,
}

impl NewTest {
    fn into_request(self) -> Result<create::Request, Problem> {
        let size = match (self.planned, self.effect) {
            (Some(_), Some(_)) => return Err(wrong("planned and effect say the same twice")),
            (Some(total), None) => Size::Planned(total),
            (None, Some(effect)) => Size::ToShow(effect),
            (None, None) => Size::Usual,
        };
        let seed = self.seed.as_deref().map(Uuid::parse_str);
        Ok(create::Request {
            a: tool("a", &self.a)?,
            b: tool("b", &self.b)?,
            name: self.name,
            metrics: self.metrics,
            keep_success: self.guardrails.is_none(),
            guardrails: self.guardrails.unwrap_or_default(),
            split: self.split.unwrap_or(0.5),
            coverage: self.coverage.unwrap_or(1.0),
            environment: self.environment,
            users: self.users,
            unit: match self.unit {
                Unit::Execution => UnitKind::Execution,
                Unit::User => UnitKind::User,
            },
            size,
            confidence: self.confidence.unwrap_or(0.95),
            minimum_duration_s: self.minimum_duration_s.unwrap_or(86_400.0),
            hypothesis: self.hypothesis,
            seed: seed.transpose().map_err(|_| wrong("seed: not a UUID"))?,
        })
    }
}

fn wrong(detail: impl Into<String>) -> Problem {
    Problem::new(Name::Invalid, detail)
}

fn tool(field: &str, address: &str) -> Result<ToolRef, Problem> {
    address
        .parse()
        .map_err(|error| wrong(format!("{field}: {error}")))
}

/// Make an A/B test, as a draft
///
/// Everything that decides is fixed here, before the first record.
#[utoipa::path(post, path = "/abtests", tag = "abtests", request_body = NewTest,
    params(("Toolcat-Reason" = Option<String>, Header, description = "Why, for the audit log")),
    responses(
        (status = 200, body = Object, description = "A dry run: the test that would be made"),
        (status = 201, body = Object, description = "The test", headers(("Location" = String, description = "Where it is"))),
        (status = 404, body = Problem, content_type = "application/problem+json", description = "An arm names no version that exists"),
        (status = 409, body = Problem, content_type = "application/problem+json", description = "The name is taken, or that of an arm is ambiguous"),
    ))]
pub async fn create(
    State(app): State<Arc<App>>,
    asker: Asker,
    uri: OriginalUri,
    headers: HeaderMap,
    JsonBody(mut new): JsonBody<NewTest>,
) -> Result<Response, Problem> {
    let dry_run = new.dry_run;
    let caller = asker.caller(reason(new.reason.take(), &headers)?, dry_run);
    let request = new.into_request()?;
    let place = format!("{}/{}", uri.0.path(), encoded(&request.name));
    let work = move |it: &mut Connection| create::run(it, &caller, &request);
    let test = TestRecord::from(&app.pool.run(work).await?);
    Ok(match dry_run {
        true => Answer(test).into_response(),
        false => {
            let place = [(header::LOCATION, place)];
            (StatusCode::CREATED, place, Answer(test)).into_response()
        }
    })
}

/// For which sizes a plan is made.
#[derive(Debug, Default, Deserialize, IntoParams)]
#[serde(deny_unknown_fields, default)]
#[into_params(parameter_in = Query)]
pub struct Planning {
    /// Version whose telemetry is the baseline, if there is no test yet; can be repeated.
    tool: Vec<String>,
    /// Name of the test that is planned, in place of `tool`.
    test: Option<String>,
    /// Metric to plan for: success, time or cost; can be repeated.
    #[param(value_type = Vec<String>)]
    metric: Vec<Metric>,
    /// Smallest effect that matters, in points of success or as a relative change; can be repeated.
    effect: Vec<f64>,
    /// Planned total, to see what it can show.
    planned: Option<u64>,
    /// Share of B.
    split: Option<f64>,
    /// Share of the traffic that takes part.
    coverage: Option<f64>,
    /// Confidence over all looks.
    confidence: Option<f64>,
    /// Chance of finding the effect; 0.8 if nothing is said.
    power: Option<f64>,
    /// Days of traffic to reckon with; 7 if nothing is said.
    days: Option<f64>,
}

/// Work out how many records an A/B test needs, and how long that takes
#[utoipa::path(get, path = "/abtests/plan", tag = "abtests", params(Planning), responses(
    (status = 200, body = Object, description = "The plan, as `toolcat abtest plan --format json` writes it"),
    (status = 404, body = Problem, content_type = "application/problem+json"),
    (status = 409, body = Problem, content_type = "application/problem+json", description = "The name of a tool is ambiguous"),
    (status = 422, body = Problem, content_type = "application/problem+json", description = "No test can show that"),
))]
pub async fn plan(
    State(app): State<Arc<App>>,
    Params(planning): Params<Planning>,
) -> Result<Answer<plan::Plan>, Problem> {
    let subject = match (planning.test, planning.tool.is_empty()) {
        (Some(test), true) => Subject::Test(test),
        (None, false) => {
            let tools = planning.tool.iter().map(|it| tool("tool", it));
            Subject::Tools(tools.collect::<Result<_, _>>()?)
        }
        _ => {
            let detail = "either test or tool says what is planned";
            return Err(Problem::new(Name::Parameter, detail));
        }
    };
    let request = plan::Request {
        subject,
        metrics: planning.metric,
        effects: planning.effect,
        planned: planning.planned,
        split: planning.split,
        coverage: planning.coverage,
        confidence: planning.confidence,
        power: planning.power.unwrap_or(0.8),
        days: planning.days.unwrap_or(7.0),
    };
    let read = app.pool.read(move |it| plan::run(it, &request));
    Ok(Answer(read.await?))
}

/// What is done with a test.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum TestAction {
    /// Begin to assign units.
    Start,
    /// Assign no new unit for a while.
    Pause,
    /// Go on after a pause.
    Resume,
    /// Change the split, which starts a new phase.
    Split,
    /// End it without a result.
    Cancel,
}

/// A change of a test.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
#[schema(example = json!({"action": "start"}))]
pub struct TestChange {
    /// What is done.
    action: TestAction,
    /// Share of B, for `split`.
    split: Option<f64>,
    /// Share of the traffic that takes part, for `split`; as before if nothing is said.
    coverage: Option<f64>,
    /// Do all but keep it, and answer what the test would be.
    #[serde(default)]
    dry_run: bool,
    /// Why, for the audit log.
    reason: Option<String>,
}

impl TestChange {
    /// The change; the coverage is what a split leaves as it is.
    fn wanted(&self, coverage: f64) -> Result<Change, Problem> {
        Ok(match self.action {
            TestAction::Start => Change::Start,
            TestAction::Pause => Change::Pause,
            TestAction::Resume => Change::Resume,
            TestAction::Cancel => Change::Cancel,
            TestAction::Split => {
                let split = self.split.ok_or_else(|| wrong("split needs a share"))?;
                operation::numbers::split(split).map_err(wrong)?;
                Change::Split {
                    traffic_split: split,
                    coverage: operation::numbers::coverage(self.coverage.unwrap_or(coverage))
                        .map_err(wrong)?,
                    seed: crate::outside::random_id().to_string(),
                }
            }
        })
    }
}

/// Start, pause, resume, split or cancel an A/B test
#[utoipa::path(post, path = "/abtests/{name}/actions", tag = "abtests", request_body = TestChange,
    params(("name" = String, Path, description = "The test"),
        ("Toolcat-Reason" = Option<String>, Header, description = "Why, for the audit log")),
    responses(
        (status = 200, body = Object, description = "The test afterwards"),
        (status = 409, body = Problem, content_type = "application/problem+json", description = "Its state, or another test, does not allow it"),
    ))]
pub async fn change(
    State(app): State<Arc<App>>,
    asker: Asker,
    Named(name): Named,
    headers: HeaderMap,
    JsonBody(mut body): JsonBody<TestChange>,
) -> Result<Answer<TestRecord>, Problem> {
    if body.action != TestAction::Split && (body.split.is_some() || body.coverage.is_some()) {
        return Err(wrong("split and coverage go with the action split alone"));
    }
    let caller = asker.caller(reason(body.reason.take(), &headers)?, body.dry_run);
    let read = app.pool.read({
        let name = name.clone();
        move |it| operation::find(it, &name)
    });
    let wanted = body.wanted(read.await?.coverage)?;
    let work = move |it: &mut Connection| operation::change(it, &caller, &name, &wanted);
    Ok(Answer(TestRecord::from(&app.pool.run(work).await?)))
}

/// Which phase is judged.
#[derive(Debug, Default, Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub struct PhaseOf {
    /// The phase, from 1; the present one if nothing is said.
    #[param(minimum = 1)]
    phase: Option<i32>,
}

/// Judge what an A/B test recorded so far
///
/// Intervals and p-values are valid at every look.
#[utoipa::path(get, path = "/abtests/{name}/analysis", tag = "abtests",
    params(("name" = String, Path, description = "The test"), PhaseOf),
    responses(
        (status = 200, body = Object, description = "The analysis, as `toolcat abtest analyze --format json` writes it"),
        (status = 409, body = Problem, content_type = "application/problem+json", description = "It has not started"),
        (status = 422, body = Problem, content_type = "application/problem+json", description = "Its row was changed by hand"),
    ))]
pub async fn analysis(
    State(app): State<Arc<App>>,
    asker: Asker,
    Named(name): Named,
    Params(which): Params<PhaseOf>,
) -> Result<Answer<analyze::Report>, Problem> {
    let caller = asker.caller(None, false);
    let work = move |it: &mut Connection| {
        it.speak_for(caller.speaker());
        analyze::run(it, &name, which.phase)
    };
    Ok(Answer(app.pool.run(work).await?.report))
}

/// An arm of a test.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize, Serialize, ToSchema)]
pub enum Arm {
    /// The version in use.
    A,
    /// The version on trial.
    B,
}

/// How a test ends.
#[derive(Debug, Default, Deserialize, ToSchema)]
#[serde(deny_unknown_fields, default)]
#[schema(example = json!({"apply": true}))]
pub struct Concluding {
    /// Whether the winner is made the latest version of its tool.
    apply: bool,
    /// The winner, whatever the rule says; needs a reason, and is marked for ever.
    force: Option<Arm>,
    /// Do all but keep it, and answer what would become of the test.
    dry_run: bool,
    /// Why, for the audit log.
    reason: Option<String>,
}

/// End an A/B test by the rule, or by force
///
/// Before the rule says so, and while the data are invalid, nothing is changed: `concluded` is false.
#[utoipa::path(post, path = "/abtests/{name}/conclude", tag = "abtests", request_body = Concluding,
    params(("name" = String, Path, description = "The test"),
        ("Toolcat-Reason" = Option<String>, Header, description = "Why, for the audit log")),
    responses(
        (status = 200, body = Object, description = "What became of it, as `toolcat abtest conclude --format json` writes it"),
        (status = 409, body = Problem, content_type = "application/problem+json", description = "It has not started, or has ended"),
    ))]
pub async fn conclude(
    State(app): State<Arc<App>>,
    asker: Asker,
    Named(name): Named,
    headers: HeaderMap,
    JsonBody(body): JsonBody<Concluding>,
) -> Result<Answer<conclude::Conclusion>, Problem> {
    let caller = asker.caller(reason(body.reason, &headers)?, body.dry_run);
    let wish = Wish {
        apply: body.apply,
        force: body.force.map(|it| match it {
            Arm::A => ArmLabel::A,
            Arm::B => ArmLabel::B,
        }),
    };
    let work = move |it: &mut Connection| conclude::run(it, &caller, &name, wish);
    let conclusion = app.pool.run(work).await?;
    if conclusion.applied {
        let now = app.pool.read(|it| Ok(it.read(tools::revision)?)).await?;
        app.following.settle(now).await;
    }
    Ok(Answer(conclusion))
}

/// Whom to assign.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
#[schema(example = json!({"units": ["run-17"]}))]
pub struct Assigning {
    /// Ids of executions or users, as their telemetry will have them: 1 to 10,000.
    #[schema(min_items = 1, max_items = 10000)]
    units: Vec<String>,
    /// The user, for a test of executions that is for certain users.
    user: Option<String>,
    /// Where the tool will run; production if nothing is said.
    environment: Option<String>,
    /// Tell the arms, and keep nothing.
    #[serde(default)]
    dry_run: bool,
}

/// Which versions units get.
#[derive(Debug, Serialize, ToSchema)]
pub struct Assignments {
    /// In the order of the units, each as `toolcat abtest assign --format json` writes it.
    #[schema(value_type = Vec<Object>)]
    assignments: Vec<Assignment>,
}

/// The most units that are assigned at once.
const MOST_UNITS: usize = 10_000;

/// Tell which version each unit gets, and keep it, all or none
///
/// A unit always gets the same within a phase. One outside the test gets the version in use, and no arm.
#[utoipa::path(post, path = "/abtests/{name}/assignments", tag = "abtests", request_body = Assigning,
    params(("name" = String, Path, description = "The test")),
    responses(
        (status = 200, body = Assignments),
        (status = 409, body = Problem, content_type = "application/problem+json", description = "It has not started, or has ended"),
    ))]
pub async fn assign(
    State(app): State<Arc<App>>,
    asker: Asker,
    Named(name): Named,
    JsonBody(body): JsonBody<Assigning>,
) -> Result<Answer<Assignments>, Problem> {
    if !(1..=MOST_UNITS).contains(&body.units.len()) {
        return Err(wrong(format!(
            "1 to {MOST_UNITS} units are assigned at once"
        )));
    }
    let caller = asker.caller(None, body.dry_run);
    let request = assign::Request {
        test: name,
        units: body.units,
        user: body.user,
        environment: (body.environment).unwrap_or_else(|| DEFAULT_ENVIRONMENT.to_owned()),
    };
    let work = move |it: &mut Connection| assign::run(it, &caller, &request).map_err(Refusal::from);
    let assignments = app.pool.run(work).await?;
    Ok(Answer(Assignments { assignments }))
}
