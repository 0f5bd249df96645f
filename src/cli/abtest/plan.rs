//! `toolcat abtest plan`: how many records a test needs, and how long that takes.

use clap::Args;

use super::{CommandError, Outcome, Session, input, record};
use crate::abtest::Metric;
use crate::definition::ToolRef;
use crate::operations::abtest::plan::{self, Plan, Request, Step, Subject};
use crate::operations::abtest::sizing::MOST_PLANNED;
use crate::output::{Column, Format, Record, record as lists, text};
use crate::report::figures;

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

    /// Version whose telemetry is the baseline, if there is no test yet (can be repeated)
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
    #[arg(long, short = 'o', value_enum, default_value_t, value_name = "FORMAT")]
    format: Format,
}

pub fn run(args: &PlanArgs, session: &mut Session) -> Result<Outcome, CommandError> {
    let request = Request {
        subject: match &args.name {
            Some(name) => Subject::Test(name.clone()),
            None => Subject::Tools(args.tool.clone()),
        },
        metrics: args.metric.clone(),
        effects: args.mde.clone(),
        planned: args.planned,
        split: args.split,
        coverage: args.coverage,
        confidence: args.confidence,
        power: args.power,
        days: args.days,
    };
    let plan = plan::run(&mut session.connect()?, &request)?;
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
        figures::split(plan.split)
    )?;
    lists::write_list(&mut session.ui, &plan.steps, format)?;
    Ok(())
}
