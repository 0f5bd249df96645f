//! How many records a test needs, and how long that takes.

use serde::Serialize;

use super::find;
use super::numbers;
use super::sizing::{self, Assumed};
use super::test::shares;
use crate::abtest::plan::{SEQUENTIAL_INFLATION, SampleSize, Target};
use crate::abtest::{Guardrail, Metric, Split};
use crate::definition::ToolRef;
use crate::operations::{Kind, Refusal, address};
use crate::store::Connection;
use crate::store::ab_tests::{UnitKind, history};

/// Effects that are tried if none is named: points of success, relative changes of time and cost.
const LADDER: [f64; 4] = [0.02, 0.05, 0.1, 0.2];

/// For what is planned.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Subject {
    /// A test that exists.
    Test(String),
    /// Versions whose telemetry is the baseline, at least one.
    Tools(Vec<ToolRef>),
}

/// What to plan. What is not given is that of the test, or the usual.
#[derive(Debug, Clone, PartialEq)]
pub struct Request {
    /// For what.
    pub subject: Subject,
    /// The metrics.
    pub metrics: Vec<Metric>,
    /// Effects that matter: points of success, or relative changes, above 0.
    pub effects: Vec<f64>,
    /// The planned total, to see what it can show.
    pub planned: Option<u64>,
    /// Share of B, between 0 and 1.
    pub split: Option<f64>,
    /// Share of the traffic that takes part, above 0 and at most 1.
    pub coverage: Option<f64>,
    /// Confidence over all looks, between 0.5 and 1.
    pub confidence: Option<f64>,
    /// Chance of finding the effect, between 0 and 1.
    pub power: f64,
    /// Days of traffic to look at, above 0.
    pub days: f64,
}

/// The answer.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Plan {
    /// What is assigned.
    pub unit: UnitKind,
    /// Share of each arm.
    pub split: crate::abtest::PerArm<f64>,
    /// Share of the traffic that takes part.
    pub coverage: f64,
    /// Confidence over all looks.
    pub confidence: f64,
    /// Chance of finding the effect.
    pub power: f64,
    /// What is known of the version in use.
    pub baseline: Assumed,
    /// Units a day, over the days that were looked at.
    pub traffic_per_day: f64,
    /// How many days were looked at.
    pub traffic_days: f64,
    /// The effects and what they take.
    pub steps: Vec<Step>,
}

/// One effect and what it takes.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Step {
    /// The metric.
    pub metric: Metric,
    /// Smallest effect that is found: points of success, or a relative change.
    pub effect: Option<f64>,
    /// Records in A.
    pub a: u64,
    /// Records in B.
    pub b: u64,
    /// Records in all, for the sequential test.
    pub total: u64,
    /// Records in all for a single look at the end.
    pub one_look: u64,
    /// Days at the present traffic.
    pub days: Option<f64>,
    /// Whether it is the planned size, rather than a planned effect.
    pub planned: bool,
    /// Whether it is what shows a guardrail kept; the effect is its margin.
    pub guardrail: bool,
}

/// What is planned for, in full.
struct Terms {
    tools: Vec<i64>,
    environment: Option<String>,
    unit: UnitKind,
    metrics: Vec<Metric>,
    split: Split,
    coverage: f64,
    confidence: f64,
    planned: Option<u64>,
    guardrails: Vec<Guardrail>,
}

/// Works the plan out.
///
/// # Errors
/// [`Kind::NotFound`] for the test or a tool; [`Kind::Invalid`] for an effect that no test can show.
pub fn run(connection: &mut Connection, request: &Request) -> Result<Plan, Refusal> {
    numbers::power(request.power).map_err(invalid)?;
    numbers::positive(request.days).map_err(invalid)?;
    for effect in &request.effects {
        numbers::positive(*effect).map_err(invalid)?;
    }
    let terms = terms(connection, request)?;
    let Some(first) = terms.tools.get(..1) else {
        let message = "a plan needs a test, or a version of a tool";
        return Err(Refusal::new(Kind::Invalid, message));
    };
    let environment = terms.environment.as_deref();
    let known = sizing::assumed(connection, first, environment)?;
    let per_day = connection.read(|connection| {
        let users = terms.unit == UnitKind::User;
        history::traffic_per_day(connection, &terms.tools, environment, request.days, users)
    })?;
    let target = Target {
        alpha: 1.0 - terms.confidence,
        power: request.power,
    };
    Ok(Plan {
        unit: terms.unit,
        split: shares(terms.split.b),
        coverage: terms.coverage,
        confidence: terms.confidence,
        power: request.power,
        baseline: known,
        traffic_per_day: per_day,
        traffic_days: request.days,
        steps: steps(request, &terms, &known, target, per_day)?,
    })
}

fn invalid(message: String) -> Refusal {
    Refusal::new(Kind::Invalid, message)
}

fn terms(connection: &mut Connection, request: &Request) -> Result<Terms, Refusal> {
    let mut terms = match &request.subject {
        Subject::Test(name) => {
            let test = find(connection, name)?;
            let plan = test.plan(&test.present_phase()).map_err(Refusal::from)?;
            Terms {
                tools: vec![test.tool_a_id, test.tool_b_id],
                environment: test.target_environment.clone(),
                unit: test.unit(),
                metrics: plan.primaries,
                split: plan.split,
                coverage: test.coverage,
                confidence: test.confidence,
                planned: Some(plan.planned),
                guardrails: plan.guardrails,
            }
        }
        Subject::Tools(tools) => Terms {
            tools: tools
                .iter()
                .map(|tool| Ok(address::find(connection, tool)?.id))
                .collect::<Result<_, Refusal>>()?,
            environment: None,
            unit: UnitKind::Execution,
            metrics: Metric::ALL.to_vec(),
            split: Split { a: 0.5, b: 0.5 },
            coverage: 1.0,
            confidence: 0.95,
            planned: None,
            guardrails: Vec::new(),
        },
    };
    if !request.metrics.is_empty() {
        terms.metrics.clone_from(&request.metrics);
    }
    if let Some(share_b) = request.split {
        terms.split = numbers::split(share_b).map_err(invalid)?;
    }
    if let Some(coverage) = request.coverage {
        terms.coverage = numbers::coverage(coverage).map_err(invalid)?;
    }
    if let Some(confidence) = request.confidence {
        terms.confidence = numbers::confidence(confidence).map_err(invalid)?;
    }
    terms.planned = request.planned.or(terms.planned);
    Ok(terms)
}

fn steps(
    request: &Request,
    terms: &Terms,
    known: &Assumed,
    target: Target,
    per_day: f64,
) -> Result<Vec<Step>, Refusal> {
    let rate = per_day * terms.coverage;
    let asked = !request.effects.is_empty();
    let effects: &[f64] = if asked { &request.effects } else { &LADDER };
    let mut steps = Vec::new();
    for metric in &terms.metrics {
        if let Some(total) = terms.planned.filter(|_| !asked) {
            let effect = sizing::detectable(*metric, total, known, terms.split, target);
            steps.push(Step::of_size(*metric, effect, total, terms.split, rate));
        }
        for effect in effects {
            match sizing::planned_for(*metric, *effect, known, terms.split, target) {
                Ok(size) => steps.push(Step::to_show(*metric, *effect, &size, rate)),
                Err(_) if !asked => {}
                Err(error) => return Err(error),
            }
        }
    }
    for guardrail in &terms.guardrails {
        let size = sizing::planned_for_guardrail(*guardrail, known, terms.split, target)?;
        steps.push(Step {
            guardrail: true,
            ..Step::to_show(guardrail.metric, guardrail.margin, &size, rate)
        });
    }
    Ok(steps)
}

impl Step {
    /// What it takes to show an effect, with so many units a day.
    fn to_show(metric: Metric, effect: f64, size: &SampleSize, rate: f64) -> Self {
        Self {
            metric,
            effect: Some(effect),
            one_look: (size.fixed_a.ceil() + size.fixed_b.ceil()) as u64,
            a: size.sequential_a,
            b: size.sequential_b,
            total: size.total(),
            days: days(size.total(), rate),
            planned: false,
            guardrail: false,
        }
    }

    /// What a planned total shows, with so many units a day.
    fn of_size(metric: Metric, effect: Option<f64>, total: u64, split: Split, rate: f64) -> Self {
        let share = |share: f64| (total as f64 * share).round() as u64;
        Self {
            metric,
            effect,
            one_look: (total as f64 / SEQUENTIAL_INFLATION).round() as u64,
            a: share(split.a),
            b: share(split.b),
            total,
            days: days(total, rate),
            planned: true,
            guardrail: false,
        }
    }
}

/// How long so many units take; unknown without traffic.
fn days(total: u64, rate: f64) -> Option<f64> {
    (rate > 0.0).then(|| total as f64 / rate)
}
