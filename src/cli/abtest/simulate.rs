//! `toolcat abtest simulate`: a test on made-up traffic.

use clap::Args;
use serde::Serialize;

use super::record;
use super::{CommandError, Outcome, Session, input};
use crate::abtest::plan::Target;
use crate::abtest::simulate::{ArmModel, CostModel, Schedule, simulate};
use crate::abtest::success::CountedOutcome;
use crate::abtest::{Guardrail, Metric, PerArm, TestPlan};
use crate::definition::ToolRef;
use crate::operations::abtest::sizing::{self, Assumed, DEFAULT_PLANNED};
use crate::operations::address;
use crate::operations::{Refusal, abtest};
use crate::output::{Column, Format, Record, record as lists, text};
use crate::store::ab_tests::history::Baseline;
use crate::store::ab_tests::split_of;

/// Records of one stream that a simulation can have.
const MOST_RECORDS: u64 = 1_000_000;

/// Try a test on made-up traffic: power and duration.
///
/// Executions of A are drawn from the baseline (of a test, of a tool's telemetry, or as given), those of B with
/// the effects given; the rule is looked at every few records. Without --effect the arms are alike, and every
/// winner is a false one. Times and costs are lognormal.
#[derive(Debug, Args)]
#[command(
    after_help = "Examples:\n  toolcat abtest simulate --metric time --effect time:-10% --mde 10% --per-day 500\n  \
                  toolcat abtest simulate faster-df --effect time:-5% --effect success:-0.01"
)]
pub struct SimulateArgs {
    /// Name of a test: its plan, and the telemetry of its arm A as baseline
    #[arg(value_name = "NAME", conflicts_with_all = ["tool", "metric", "guardrail", "split", "confidence"])]
    name: Option<String>,

    /// Version whose telemetry is the baseline
    #[arg(long, value_name = "TOOL")]
    tool: Option<ToolRef>,

    /// Metric that decides (can be repeated) [default: success]
    #[arg(long, value_name = "METRIC")]
    metric: Vec<Metric>,

    /// Guardrail, as success:0.02 (can be repeated)
    #[arg(long, value_name = "METRIC:MARGIN", value_parser = input::guardrail)]
    guardrail: Vec<Guardrail>,

    /// Effect of B against A: success:+0.02 is two points, time:-10% and cost:0.1 are relative
    /// (can be repeated) [default: none]
    #[arg(long, value_name = "METRIC:CHANGE", value_parser = input::effect, allow_hyphen_values = true)]
    effect: Vec<(Metric, f64)>,

    /// Share of B
    #[arg(long, value_name = "SPLIT", default_value = "0.5", value_parser = input::split)]
    split: f64,

    /// Confidence over all looks
    #[arg(long, value_name = "SHARE", default_value = "0.95", value_parser = input::confidence)]
    confidence: f64,

    /// Planned total of records [default: that of the test, else 2000]
    #[arg(long, value_name = "N", value_parser = clap::value_parser!(u64).range(2..=MOST_RECORDS), conflicts_with = "mde")]
    planned: Option<u64>,

    /// Plan the size for this effect on the first metric
    #[arg(long, value_name = "EFFECT", value_parser = input::positive)]
    mde: Option<f64>,

    /// Success rate of A [default: recorded, else 0.95]
    #[arg(long, value_name = "SHARE", value_parser = input::power)]
    success_rate: Option<f64>,

    /// Geometric mean of the time of A in ms [default: recorded, else 1000]
    #[arg(long, value_name = "MS", value_parser = input::positive)]
    time: Option<f64>,

    /// Standard deviation of ln time [default: recorded, else 0.6]
    #[arg(long, value_name = "SD", value_parser = input::positive)]
    time_spread: Option<f64>,

    /// Mean cost of A [default: recorded, else 0.01]
    #[arg(long, value_name = "COST", value_parser = input::positive)]
    cost: Option<f64>,

    /// Standard deviation of the cost over its mean [default: recorded, else 1]
    #[arg(long, value_name = "RATIO", value_parser = input::positive)]
    cost_variation: Option<f64>,

    /// Records a day, to reckon the duration
    #[arg(long, value_name = "N", value_parser = input::positive)]
    per_day: Option<f64>,

    /// Simulated tests
    #[arg(long, value_name = "N", default_value_t = 1000, value_parser = clap::value_parser!(u32).range(1..=1_000_000))]
    streams: u32,

    /// Records between two looks
    #[arg(long, value_name = "N", default_value_t = 10, value_parser = clap::value_parser!(u32).range(1..))]
    look_every: u32,

    /// Seed of the simulation
    #[arg(long, value_name = "N", default_value_t = 1)]
    seed: u64,

    /// How to write the result; name is the power
    #[arg(long, short = 'o', value_enum, default_value_t, value_name = "FORMAT")]
    format: Format,
}

pub fn run(args: &SimulateArgs, session: &mut Session) -> Result<Outcome, CommandError> {
    let (mut plan, known) = subject(args, session)?;
    let known = Assumed {
        success_rate: args.success_rate.unwrap_or(known.success_rate),
        time_ms: args.time.unwrap_or(known.time_ms),
        ln_time_sd: args.time_spread.unwrap_or(known.ln_time_sd),
        cost: args.cost.unwrap_or(known.cost),
        cost_variation: args.cost_variation.unwrap_or(known.cost_variation),
        ..known
    };
    if let Some(effect) = args.mde {
        let target = Target {
            alpha: plan.alpha(),
            ..Target::default()
        };
        let rule = (
            plan.primaries.get(..1).unwrap_or_default(),
            &plan.guardrails[..],
        );
        plan.planned = sizing::planned_total(rule, effect, &known, plan.split, target)?;
    }
    plan.planned = args.planned.unwrap_or(plan.planned);
    if args.name.is_none() {
        plan.counted = CountedOutcome::for_success_rate(Some(known.success_rate));
    }
    let records = u32::try_from(plan.planned)
        .ok()
        .filter(|n| u64::from(*n) <= MOST_RECORDS)
        .ok_or_else(|| {
            CommandError::invalid(format!(
                "{} records are more than can be simulated ({MOST_RECORDS})",
                plan.planned
            ))
            .hint("choose a size with --planned, or a larger --mde")
        })?;
    let models = models(&known, &args.effect)?;
    let schedule = Schedule {
        streams: args.streams,
        records,
        look_every: args.look_every,
        seed: args.seed,
    };
    let outcome = simulate(&plan, &models, schedule);
    let days = |records: f64| args.per_day.map(|per_day| records / per_day);
    let result = Simulated {
        baseline: known,
        effects: args
            .effect
            .iter()
            .map(|(metric, change)| Effect {
                metric: *metric,
                change: *change,
            })
            .collect(),
        schedule,
        wins: outcome
            .wins
            .map(|wins| f64::from(wins) / f64::from(outcome.streams)),
        power: outcome.winner_share,
        power_lower: outcome.winner_share_interval.0,
        power_upper: outcome.winner_share_interval.1,
        mean_records_to_winner: outcome.mean_records_to_winner,
        mean_days_to_winner: outcome.mean_records_to_winner.and_then(days),
        days_to_planned: days(f64::from(records)),
        plan,
    };
    present(args, session, &result)?;
    Ok(Outcome::Done)
}

fn subject(
    args: &SimulateArgs,
    session: &mut Session,
) -> Result<(TestPlan, Assumed), CommandError> {
    if let Some(name) = &args.name {
        let mut connection = session.connect()?;
        let test = abtest::find(&mut connection, name)?;
        let plan = test.plan(&test.present_phase()).map_err(Refusal::from)?;
        let environment = test.target_environment.as_deref();
        let known = sizing::assumed(&mut connection, &[test.tool_a_id], environment)?;
        return Ok((plan, known));
    }
    let known = match &args.tool {
        Some(tool) => {
            let mut connection = session.connect()?;
            let tool = address::find(&mut connection, tool)?;
            sizing::assumed(&mut connection, &[tool.id], None)?
        }
        None => Baseline::default().into(),
    };
    let plan = TestPlan {
        split: split_of(args.split).map_err(|error| CommandError::invalid(error.to_string()))?,
        confidence: args.confidence,
        primaries: if args.metric.is_empty() {
            vec![Metric::Success]
        } else {
            args.metric.clone()
        },
        guardrails: args.guardrail.clone(),
        counted: CountedOutcome::Failures,
        planned: DEFAULT_PLANNED,
        minimum_duration_s: 0.0,
    };
    Ok((plan, known))
}

/// Both arms: A as known, B with the effects.
fn models(known: &Assumed, effects: &[(Metric, f64)]) -> Result<PerArm<ArmModel>, CommandError> {
    // lognormal: the variation fixes the spread of ln cost
    let sigma = known.cost_variation.powi(2).ln_1p().sqrt();
    let cost = |mean: f64| CostModel::Lognormal { mean, sigma };
    let a = ArmModel {
        success_rate: known.success_rate,
        time_ms: known.time_ms,
        time_sigma: known.ln_time_sd,
        cost: cost(known.cost),
    };
    let mut b = a;
    for (metric, change) in effects {
        match metric {
            Metric::Success => b.success_rate += change,
            Metric::Time => b.time_ms *= 1.0 + change,
            Metric::Cost => b.cost = cost(known.cost * (1.0 + change)),
        }
    }
    if !(0.0..=1.0).contains(&b.success_rate) {
        return Err(CommandError::invalid(format!(
            "a success rate of {:.3} in B is not possible: A has {:.3}",
            b.success_rate, a.success_rate
        ))
        .hint("the effect on success is in shares: +0.02 is two points"));
    }
    Ok(PerArm { a, b })
}

#[derive(Debug, Serialize)]
struct Effect {
    metric: Metric,
    change: f64,
}

/// The result.
#[derive(Debug, Serialize)]
struct Simulated {
    plan: TestPlan,
    baseline: Assumed,
    effects: Vec<Effect>,
    schedule: Schedule,
    /// Share of the tests that each arm won.
    wins: PerArm<f64>,
    /// Share of the tests with a winner.
    power: f64,
    /// Lower end of its 95 % interval.
    power_lower: f64,
    /// Upper end of its 95 % interval.
    power_upper: f64,
    mean_records_to_winner: Option<f64>,
    mean_days_to_winner: Option<f64>,
    days_to_planned: Option<f64>,
}

impl Record for Simulated {
    const COLUMNS: &'static [Column] = &[];

    fn cells(&self) -> Vec<String> {
        Vec::new()
    }

    fn name(&self) -> String {
        self.power.to_string()
    }
}

fn present(
    args: &SimulateArgs,
    session: &mut Session,
    result: &Simulated,
) -> Result<(), CommandError> {
    if !args.format.is_for_people() {
        return record::write_value(
            session,
            result,
            args.format,
            || result.name(),
            |ui| lists::write_list(ui, std::slice::from_ref(result), args.format),
        );
    }
    let known = &result.baseline;
    let out = session.ui.out();
    writeln!(
        out,
        "A: success {:.1} %, time {} (spread of ln {:.2}), cost {} (variation {:.2}); B: {}",
        known.success_rate * 100.0,
        text::duration(known.time_ms),
        known.ln_time_sd,
        text::number(known.cost),
        known.cost_variation,
        effects(&result.effects)
    )?;
    writeln!(
        out,
        "{} tests of {}, looked at every {}",
        text::grouped(result.schedule.streams as usize),
        text::counted(result.schedule.records as usize, "record"),
        result.schedule.look_every
    )?;
    let what = if result.effects.is_empty() {
        "false winners"
    } else {
        "a winner"
    };
    writeln!(
        out,
        "{what}: {:.1} % (95 % interval {:.1} .. {:.1} %): A in {:.1} %, B in {:.1} %",
        result.power * 100.0,
        result.power_lower * 100.0,
        result.power_upper * 100.0,
        result.wins.a * 100.0,
        result.wins.b * 100.0
    )?;
    if let Some(records) = result.mean_records_to_winner {
        let days = result
            .mean_days_to_winner
            .map_or_else(String::new, |days| format!(", {days:.1} days"));
        writeln!(
            out,
            "with a winner after {} on average{days}",
            text::counted(records.round() as usize, "record")
        )?;
    }
    if let Some(days) = result.days_to_planned {
        writeln!(out, "without one, after the planned size: {days:.1} days")?;
    }
    Ok(())
}

fn effects(effects: &[Effect]) -> String {
    if effects.is_empty() {
        return "the same".to_owned();
    }
    effects
        .iter()
        .map(|it| match it.metric {
            Metric::Success => format!("success {:+.2} points", it.change * 100.0),
            metric => format!("{metric} {:+.1} %", it.change * 100.0),
        })
        .collect::<Vec<_>>()
        .join(", ")
}
