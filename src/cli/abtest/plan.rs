//! `toolcat abtest plan`: how many records a test needs, and how long that takes.

use clap::Args;
use serde::Serialize;

use super::record;
use super::sizing::{self, Assumed, MOST_PLANNED};
use super::{CommandError, Outcome, Session, input};
use crate::abtest::plan::Target;
use crate::abtest::{Guardrail, Metric, Split};
use crate::definition::ToolRef;
use crate::operations::address;
use crate::operations::{Refusal, abtest};
use crate::output::{Column, Format, Record, record as lists, text};
use crate::store::Connection;
use crate::store::ab_tests::history;
use crate::store::ab_tests::{UnitKind, split_of};

/// Effects that are tried where none is named: points of success, relative changes of time and cost.
const LADDER: [f64; 4] = [0.02, 0.05, 0.1, 0.2];

/// Work out how many records a test needs, and how long that takes.
///
/// For a test that exists, or for versions of a tool. Rates, spreads and traffic come from the telemetry;
/// what is not recorded is assumed, and said. Sizes are for the sequential test, which needs 1.85 times the
/// records of a single look; each guardrail needs a size of its own, and the largest counts.
#[derive(Debug, Args)]
#[command(after_help = "Examples:\n  toolcat abtest plan faster-df\n  \
                  toolcat abtest plan --tool df@1.0 --metric time --mde 5% --split 90/10")]
pub struct PlanArgs {
    /// Name of a test
    #[arg(
        value_name = "NAME",
        required_unless_present = "tool",
        conflicts_with = "tool"
    )]
    name: Option<String>,

    /// Version whose telemetry is the baseline, where there is no test yet (can be repeated)
    #[arg(long, value_name = "TOOL")]
    tool: Vec<ToolRef>,

    /// Metric to plan for (can be repeated) [default: that of the test, else all]
    #[arg(long, value_name = "METRIC")]
    metric: Vec<Metric>,

    /// Smallest effect that matters: points of success, or a relative change (can be repeated)
    #[arg(long, value_name = "EFFECT", value_parser = input::positive)]
    mde: Vec<f64>,

    /// Planned total, to see what it can show [default: that of the test]
    #[arg(long, value_name = "N", value_parser = clap::value_parser!(u64).range(2..=MOST_PLANNED))]
    planned: Option<u64>,

    /// Share of B [default: that of the test, else 0.5]
    #[arg(long, value_name = "SPLIT", value_parser = input::split)]
    split: Option<f64>,

    /// Share of the traffic that takes part [default: that of the test, else 1]
    #[arg(long, value_name = "SHARE", value_parser = input::coverage)]
    coverage: Option<f64>,

    /// Confidence over all looks [default: that of the test, else 0.95]
    #[arg(long, value_name = "SHARE", value_parser = input::confidence)]
    confidence: Option<f64>,

    /// Chance of finding the effect
    #[arg(long, value_name = "SHARE", default_value = "0.8", value_parser = input::power)]
    power: f64,

    /// Days of traffic to reckon with
    #[arg(long, value_name = "DAYS", default_value = "7", value_parser = input::positive)]
    days: f64,

    /// How to write the plan
    #[arg(long, value_enum, default_value_t, value_name = "FORMAT")]
    format: Format,
}

/// What is planned for.
struct Subject {
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

pub fn run(args: &PlanArgs, session: &mut Session) -> Result<Outcome, CommandError> {
    let mut connection = session.connect()?;
    let subject = subject(args, &mut connection)?;
    let environment = subject.environment.as_deref();
    let known = sizing::assumed(&mut connection, &subject.tools[..1], environment)?;
    let per_day = connection.read(|connection| {
        let users = subject.unit == UnitKind::User;
        history::traffic_per_day(connection, &subject.tools, environment, args.days, users)
    })?;
    let target = Target {
        alpha: 1.0 - subject.confidence,
        power: args.power,
    };
    let plan = Plan {
        unit: subject.unit,
        split: super::record::shares(subject.split.b),
        coverage: subject.coverage,
        confidence: subject.confidence,
        power: args.power,
        baseline: known,
        traffic_per_day: per_day,
        traffic_days: args.days,
        steps: steps(args, &subject, &known, target, per_day)?,
    };
    match args.format {
        Format::Table | Format::Wide => present(session, &plan, args.format)?,
        other => record::write_value(
            session,
            &plan,
            other,
            || "plan".to_owned(),
            |ui| lists::write_list(ui, &plan.steps, other),
        )?,
    }
    Ok(Outcome::Done)
}

fn subject(args: &PlanArgs, connection: &mut Connection) -> Result<Subject, CommandError> {
    let mut subject = match &args.name {
        Some(name) => {
            let test = abtest::find(connection, name)?;
            let plan = test.plan(&test.present_phase()).map_err(Refusal::from)?;
            Subject {
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
        None => Subject {
            tools: args
                .tool
                .iter()
                .map(|tool| Ok(address::find(connection, tool)?.id))
                .collect::<Result<_, CommandError>>()?,
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
    if !args.metric.is_empty() {
        subject.metrics.clone_from(&args.metric);
    }
    if let Some(share_b) = args.split {
        subject.split =
            split_of(share_b).map_err(|error| CommandError::invalid(error.to_string()))?;
    }
    subject.coverage = args.coverage.unwrap_or(subject.coverage);
    subject.confidence = args.confidence.unwrap_or(subject.confidence);
    subject.planned = args.planned.or(subject.planned);
    Ok(subject)
}

fn steps(
    args: &PlanArgs,
    subject: &Subject,
    known: &Assumed,
    target: Target,
    per_day: f64,
) -> Result<Vec<Step>, CommandError> {
    let mut steps = Vec::new();
    for metric in &subject.metrics {
        let days = |total: u64| {
            let rate = per_day * subject.coverage;
            (rate > 0.0).then(|| total as f64 / rate)
        };
        if args.mde.is_empty()
            && let Some(total) = subject.planned
        {
            let share = |share: f64| (total as f64 * share).round() as u64;
            steps.push(Step {
                metric: *metric,
                effect: sizing::detectable(*metric, total, known, subject.split, target),
                one_look: (total as f64 / crate::abtest::plan::SEQUENTIAL_INFLATION).round() as u64,
                a: share(subject.split.a),
                b: share(subject.split.b),
                total,
                days: days(total),
                planned: true,
                guardrail: false,
            });
        }
        let ladder: &[f64] = if args.mde.is_empty() {
            &LADDER
        } else {
            &args.mde
        };
        for effect in ladder {
            let size = match sizing::planned_for(*metric, *effect, known, subject.split, target) {
                Ok(size) => size,
                Err(_) if args.mde.is_empty() => continue,
                Err(error) => return Err(error),
            };
            steps.push(Step {
                metric: *metric,
                effect: Some(*effect),
                one_look: (size.fixed_a.ceil() + size.fixed_b.ceil()) as u64,
                a: size.sequential_a,
                b: size.sequential_b,
                total: size.total(),
                days: days(size.total()),
                planned: false,
                guardrail: false,
            });
        }
    }
    for guardrail in &subject.guardrails {
        let size = sizing::planned_for_guardrail(*guardrail, known, subject.split, target)?;
        let rate = per_day * subject.coverage;
        steps.push(Step {
            metric: guardrail.metric,
            effect: Some(guardrail.margin),
            one_look: (size.fixed_a.ceil() + size.fixed_b.ceil()) as u64,
            a: size.sequential_a,
            b: size.sequential_b,
            total: size.total(),
            days: (rate > 0.0).then(|| size.total() as f64 / rate),
            planned: false,
            guardrail: true,
        });
    }
    Ok(steps)
}

/// The answer.
#[derive(Debug, Serialize)]
struct Plan {
    unit: UnitKind,
    split: crate::abtest::PerArm<f64>,
    coverage: f64,
    confidence: f64,
    power: f64,
    baseline: Assumed,
    traffic_per_day: f64,
    traffic_days: f64,
    steps: Vec<Step>,
}

/// One effect and what it takes.
#[derive(Debug, Serialize)]
struct Step {
    metric: Metric,
    /// Smallest effect that is found: points of success, or a relative change.
    effect: Option<f64>,
    /// Records in A.
    a: u64,
    /// Records in B.
    b: u64,
    /// Records in all, for the sequential test.
    total: u64,
    /// Records in all for a single look at the end.
    one_look: u64,
    /// Days at the present traffic.
    days: Option<f64>,
    /// Whether it is the planned size, rather than a planned effect.
    planned: bool,
    /// Whether it is what shows a guardrail kept; the effect is its margin.
    guardrail: bool,
}

impl Record for Step {
    const COLUMNS: &'static [Column] = &[
        Column::text("metric"),
        Column::number("smallest effect"),
        Column::number("records"),
        Column::number("in a"),
        Column::number("in b"),
        Column::number("one look"),
        Column::number("days"),
        Column::text("note"),
    ];

    fn cells(&self) -> Vec<String> {
        let effect = match (self.effect, self.metric) {
            (Some(effect), Metric::Success) => format!("{} points", text::number(effect * 100.0)),
            (Some(effect), _) => format!("{} %", text::number((effect * 1000.0).round() / 10.0)),
            (None, _) => "none".to_owned(),
        };
        let count = |n: u64| text::grouped(usize::try_from(n).unwrap_or(usize::MAX));
        vec![
            self.metric.to_string(),
            effect,
            count(self.total),
            count(self.a),
            count(self.b),
            count(self.one_look),
            self.days
                .map_or_else(|| "?".to_owned(), |days| format!("{days:.1}")),
            match (self.planned, self.guardrail) {
                (true, _) => "planned size",
                (_, true) => "to show the guardrail kept",
                _ => "",
            }
            .to_owned(),
        ]
    }

    fn name(&self) -> String {
        self.total.to_string()
    }
}

fn present(session: &mut Session, plan: &Plan, format: Format) -> Result<(), CommandError> {
    let known = &plan.baseline;
    let source = match known.records {
        0 => "assumed, as too little is recorded".to_owned(),
        n => format!(
            "from the latest {} of A",
            text::counted(n as usize, "record")
        ),
    };
    let out = session.ui.out();
    writeln!(
        out,
        "baseline  success {:.1} %, time {} (spread of ln {:.2}), cost {} (variation {:.2}): {source}",
        known.success_rate * 100.0,
        text::duration(known.time_ms),
        known.ln_time_sd,
        text::number(known.cost),
        known.cost_variation
    )?;
    writeln!(
        out,
        "traffic   {} {}s a day over the last {} days, of which {} % take part",
        text::number((plan.traffic_per_day * 10.0).round() / 10.0),
        plan.unit.as_str(),
        text::number(plan.traffic_days),
        text::number(plan.coverage * 100.0)
    )?;
    writeln!(
        out,
        "aim       {} % power at {} % confidence over all looks, split {}\n",
        text::number(plan.power * 100.0),
        text::number(plan.confidence * 100.0),
        record::split_words(plan.split)
    )?;
    lists::write_list(&mut session.ui, &plan.steps, format)?;
    Ok(())
}
