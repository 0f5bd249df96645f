//! A test of two versions, made as a draft: everything that decides is fixed here, before the first record.

use uuid::Uuid;

use super::numbers;
use super::sizing::{self, Assumed, DEFAULT_PLANNED, MOST_PLANNED};
use crate::abtest::assignment::check_unit;
use crate::abtest::plan::Target;
use crate::abtest::success::CountedOutcome;
use crate::abtest::{Guardrail, Metric};
use crate::definition::ToolRef;
use crate::operations::{Caller, Kind, Refusal, Remedy, address, change};
use crate::outside::random_id;
use crate::store::ab_tests::lifecycle::{self, NewTest};
use crate::store::ab_tests::{StoredTest, UnitKind};
use crate::store::tools::{self, StoredTool};
use crate::store::{Connection, Transaction};

/// A test on time or cost does not trade failures for speed, unless that is asked for.
const DEFAULT_GUARDRAIL: Guardrail = Guardrail {
    metric: Metric::Success,
    margin: 0.02,
};

/// How large a test is to be.
#[derive(Debug, Clone, Copy, PartialEq)]
pub enum Size {
    /// As large as usual.
    Usual,
    /// So many records (or users) of both arms.
    Planned(u64),
    /// As large as it takes to show this effect: points of success, or a relative change.
    ToShow(f64),
}

/// The test to be made.
#[derive(Debug, Clone, PartialEq)]
pub struct Request {
    /// Its name, unique in the catalog.
    pub name: String,
    /// The version in arm A, the one in use.
    pub a: ToolRef,
    /// The version in arm B, the one on trial.
    pub b: ToolRef,
    /// The metrics that decide, at least one.
    pub metrics: Vec<Metric>,
    /// What the winner must be shown to keep.
    pub guardrails: Vec<Guardrail>,
    /// Whether the success rate is kept as well, if nothing else judges it.
    pub keep_success: bool,
    /// Share of B, between 0 and 1.
    pub split: f64,
    /// Share of the traffic that takes part, above 0 and at most 1.
    pub coverage: f64,
    /// Only this environment takes part.
    pub environment: Option<String>,
    /// Only these users take part.
    pub users: Vec<String>,
    /// What is assigned.
    pub unit: UnitKind,
    /// How large it is to be.
    pub size: Size,
    /// Confidence over all looks, between 0.5 and 1.
    pub confidence: f64,
    /// Shortest duration before a decision, in seconds.
    pub minimum_duration_s: f64,
    /// What is expected, and why.
    pub hypothesis: Option<String>,
    /// Seed of the assignment; a new one if it is not given.
    pub seed: Option<Uuid>,
}

/// Makes the test.
///
/// # Errors
/// [`Kind::Invalid`] for what cannot be tested; [`Kind::NotFound`] and [`Kind::Ambiguous`] for a tool;
/// [`Kind::Conflict`] for a name that is taken.
pub fn run(
    connection: &mut Connection,
    caller: &Caller,
    request: &Request,
) -> Result<StoredTest, Refusal> {
    check_texts(request)?;
    check_numbers(request)?;
    let (metrics, guardrails) = judges(request)?;
    let a = address::find(connection, &request.a)?;
    let b = address::find(connection, &request.b)?;
    let known = sizing::assumed(connection, &[a.id], request.environment.as_deref())?;
    let planned = planned(request, &metrics, &guardrails, &known)?;
    let seed = request.seed.unwrap_or_else(random_id).to_string();
    let success_rate = (known.records > 0).then_some(known.success_rate);
    let new = NewTest {
        name: request.name.clone(),
        hypothesis: request.hypothesis.clone(),
        tool_a_id: a.id,
        tool_b_id: b.id,
        traffic_split: request.split,
        coverage: request.coverage,
        environment: request.environment.clone(),
        users: request.users.clone(),
        unit: request.unit,
        metrics,
        guardrails,
        counted: CountedOutcome::for_success_rate(success_rate),
        planned: i64::try_from(planned).unwrap_or(i64::MAX),
        confidence: request.confidence,
        minimum_duration_s: request.minimum_duration_s,
        seed,
    };
    let (test, _) = change(connection, caller, None, |transaction| {
        check_arms(transaction, &a, &b)?;
        Ok(lifecycle::create(transaction, &new, &caller.actor)?)
    })?;
    Ok(test)
}

fn invalid(message: impl Into<String>) -> Refusal {
    Refusal::new(Kind::Invalid, message)
}

fn check_texts(request: &Request) -> Result<(), Refusal> {
    let name = request.name.as_str();
    let chars = name.chars().count();
    if name.trim().is_empty() || chars > 100 || name.chars().any(char::is_control) {
        return Err(invalid(format!(
            "`{name}` cannot name a test: a name has 1 to 100 characters on one line"
        )));
    }
    if let Some(environment) = &request.environment
        && (environment.trim().is_empty() || environment.chars().count() > 50)
    {
        return Err(invalid("the name of an environment has 1 to 50 characters"));
    }
    for user in &request.users {
        check_unit(user).map_err(|error| {
            let hint = "users are named as in the telemetry's user_id";
            invalid(format!("user `{user}`: {error}")).remedy(Remedy::Said(hint.to_owned()))
        })?;
    }
    Ok(())
}

fn check_numbers(request: &Request) -> Result<(), Refusal> {
    numbers::split(request.split).map_err(invalid)?;
    numbers::coverage(request.coverage).map_err(invalid)?;
    numbers::confidence(request.confidence).map_err(invalid)?;
    if !(request.minimum_duration_s >= 0.0 && request.minimum_duration_s.is_finite()) {
        return Err(invalid("the shortest duration is not 0 seconds or more"));
    }
    match request.size {
        Size::Planned(total) if !(2..=MOST_PLANNED).contains(&total) => Err(invalid(format!(
            "the planned total {total} is not 2 to {MOST_PLANNED}"
        ))),
        Size::ToShow(effect) => numbers::positive(effect).map(drop).map_err(invalid),
        Size::Planned(_) | Size::Usual => Ok(()),
    }
}

/// What decides, each metric once, and what must be kept.
fn judges(request: &Request) -> Result<(Vec<Metric>, Vec<Guardrail>), Refusal> {
    let mut metrics: Vec<Metric> = Vec::new();
    for metric in &request.metrics {
        if !metrics.contains(metric) {
            metrics.push(*metric);
        }
    }
    if metrics.is_empty() {
        return Err(invalid("a test needs a metric that decides"));
    }
    let mut guardrails: Vec<Guardrail> = Vec::new();
    for guardrail in &request.guardrails {
        numbers::guardrail(guardrail.metric, guardrail.margin).map_err(invalid)?;
        if guardrails.iter().any(|it| it.metric == guardrail.metric) {
            let hint = "give each metric one margin".to_owned();
            let message = format!("two guardrails on {}", guardrail.metric);
            return Err(invalid(message).remedy(Remedy::Said(hint)));
        }
        guardrails.push(*guardrail);
    }
    let judged = metrics.contains(&Metric::Success)
        || guardrails.iter().any(|it| it.metric == Metric::Success);
    if request.keep_success && !judged {
        guardrails.push(DEFAULT_GUARDRAIL);
    }
    Ok((metrics, guardrails))
}

/// Two different versions of one tool, or two tools that share a capability.
fn check_arms(
    transaction: &mut Transaction,
    a: &StoredTool,
    b: &StoredTool,
) -> Result<(), Refusal> {
    if a.id == b.id {
        let message = format!(
            "both arms are {}: a test compares two versions",
            a.identity()
        );
        return Err(invalid(message).remedy(Remedy::NameTwoVersions));
    }
    if (&a.platform, &a.tool_name) == (&b.platform, &b.tool_name) {
        return Ok(());
    }
    let names = tools::capability_names(transaction, &[a.id, b.id])?;
    let of = |tool: &StoredTool| names.get(&tool.id).cloned().unwrap_or_default();
    let others = of(b);
    if of(a).iter().any(|name| others.contains(name)) {
        return Ok(());
    }
    let hint = "compare two versions of a tool, or two tools of one capability";
    Err(invalid(format!(
        "{} and {} have no capability in common: they do different jobs",
        a.identity(),
        b.identity()
    ))
    .remedy(Remedy::Said(hint.to_owned())))
}

/// The planned total: as given, for the effect given, or the usual one.
fn planned(
    request: &Request,
    metrics: &[Metric],
    guardrails: &[Guardrail],
    known: &Assumed,
) -> Result<u64, Refusal> {
    let effect = match request.size {
        Size::Usual => return Ok(DEFAULT_PLANNED),
        Size::Planned(total) => return Ok(total),
        Size::ToShow(effect) => effect,
    };
    let split = numbers::split(request.split).map_err(invalid)?;
    let target = Target {
        alpha: 1.0 - request.confidence,
        ..Target::default()
    };
    sizing::planned_total((metrics, guardrails), effect, known, split, target)
}
