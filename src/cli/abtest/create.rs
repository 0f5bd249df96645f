//! `toolcat abtest create`: a test of two versions, as a draft.

use clap::{Args, ValueEnum};
use uuid::Uuid;

use super::record::{self, TestRecord};
use super::sizing::{self, DEFAULT_PLANNED, MOST_PLANNED};
use super::{CommandError, Outcome, Session, input};
use crate::abtest::assignment::check_unit;
use crate::abtest::plan::Target;
use crate::abtest::success::CountedOutcome;
use crate::abtest::{Guardrail, Metric};
use crate::definition::ToolRef;
use crate::operations::address;
use crate::operations::change;
use crate::output::{Format, text};
use crate::store::Connection;
use crate::store::ab_tests::lifecycle::{self, NewTest};
use crate::store::ab_tests::{UnitKind, split_of};
use crate::store::tools::{self, StoredTool};

/// Make a test of two versions, as a draft.
///
/// Everything that decides is fixed here, before the first record: the metric, the guardrails with their
/// margins, the confidence and the planned size.
#[derive(Debug, Args)]
#[command(
    after_help = "Examples:\n  toolcat abtest create faster-df --a df@1.0 --b df@2.0 --metric time --mde 10% \\\n      \
                  --guardrail success:0.02 --hypothesis \"2.0 reads the mount table once\"\n  \
                  toolcat abtest create canary --a grep@1 --b ripgrep@1 --metric success --split 90/10"
)]
pub struct CreateArgs {
    /// Name of the test, unique in the catalog
    #[arg(value_name = "NAME")]
    name: String,

    /// Version in arm A, the one in use
    #[arg(long, value_name = "TOOL")]
    a: ToolRef,

    /// Version in arm B, the one on trial
    #[arg(long, value_name = "TOOL")]
    b: ToolRef,

    /// Metric that decides: success, time or cost (can be repeated)
    #[arg(long, value_name = "METRIC", required = true)]
    metric: Vec<String>,

    /// Metric that the winner must be shown to keep, with its margin: success:0.02 is two points,
    /// time:10% and cost:0.1 are relative (can be repeated); `none` for no guardrail
    /// [default: success:0.02 where time or cost decides]
    #[arg(long, value_name = "METRIC:MARGIN")]
    guardrail: Vec<String>,

    /// Share of B, as 0.1, 10% or 90/10 (A/B)
    #[arg(
        long,
        value_name = "SPLIT",
        default_value = "0.5",
        allow_hyphen_values = true
    )]
    split: String,

    /// Share of the traffic that takes part
    #[arg(
        long,
        value_name = "SHARE",
        default_value = "1",
        allow_hyphen_values = true
    )]
    coverage: String,

    /// Only this environment takes part [default: all]
    #[arg(long, value_name = "NAME")]
    environment: Option<String>,

    /// Only these users take part, apart by commas [default: all]
    #[arg(long, value_name = "ID", value_delimiter = ',')]
    users: Vec<String>,

    /// What is assigned: an execution, or a user with many executions
    #[arg(long, value_name = "KIND", value_enum, default_value_t)]
    unit: UnitArg,

    /// Planned total of records (or users) of both arms [default: 2000]
    #[arg(long, value_name = "N", value_parser = clap::value_parser!(u64).range(2..=MOST_PLANNED), conflicts_with = "mde")]
    planned: Option<u64>,

    /// Smallest effect that matters, to plan the size for: points of success, or a relative change
    #[arg(long, value_name = "EFFECT", value_parser = input::positive)]
    mde: Option<f64>,

    /// Confidence over all looks together
    #[arg(long, value_name = "SHARE", default_value = "0.95", value_parser = input::confidence)]
    confidence: f64,

    /// Shortest duration before a decision, as 7d or 12h
    #[arg(long, value_name = "DURATION", default_value = "1d", value_parser = input::duration)]
    min_duration: f64,

    /// What is expected, and why
    #[arg(long, value_name = "TEXT")]
    hypothesis: Option<String>,

    /// Seed of the assignment, a UUID [default: a new one]
    #[arg(long, value_name = "UUID")]
    seed: Option<Uuid>,

    /// Say what would be made, and write nothing
    #[arg(long)]
    dry_run: bool,

    /// How to write the test
    #[arg(long, value_enum, default_value_t, value_name = "FORMAT")]
    format: Format,
}

#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, ValueEnum)]
enum UnitArg {
    /// Each execution by itself, by its execution_id
    #[default]
    Execution,
    /// Each user or agent with all of its executions, by its user_id
    User,
}

impl UnitArg {
    fn kind(self) -> UnitKind {
        match self {
            UnitArg::Execution => UnitKind::Execution,
            UnitArg::User => UnitKind::User,
        }
    }
}

pub fn run(args: &CreateArgs, session: &mut Session) -> Result<Outcome, CommandError> {
    check_texts(args)?;
    let terms = Terms::read(args)?;
    let mut connection = session.connect()?;
    let a = address::find(&mut connection, &args.a)?;
    let b = address::find(&mut connection, &args.b)?;
    check_arms(&mut connection, &a, &b)?;
    let known = sizing::assumed(&mut connection, &[a.id], args.environment.as_deref())?;
    let planned = planned(args, &terms, &known)?;
    let new = NewTest {
        name: args.name.clone(),
        hypothesis: args.hypothesis.clone(),
        tool_a_id: a.id,
        tool_b_id: b.id,
        traffic_split: terms.split,
        coverage: terms.coverage,
        environment: args.environment.clone(),
        users: args.users.clone(),
        unit: args.unit.kind(),
        metrics: terms.metrics,
        guardrails: terms.guardrails,
        counted: CountedOutcome::for_success_rate(
            (known.records > 0).then_some(known.success_rate),
        ),
        planned: i64::try_from(planned).unwrap_or(i64::MAX),
        confidence: args.confidence,
        minimum_duration_s: args.min_duration,
        seed: args.seed.unwrap_or_else(Uuid::new_v4).to_string(),
    };
    let caller = session.caller(args.dry_run);
    let (test, _) = change(&mut connection, &caller, None, |connection| {
        Ok(lifecycle::create(connection, &new, &caller.actor)?)
    })?;
    record::write(session, &TestRecord::from(&test), args.format)?;
    if args.dry_run {
        session.ui.status("dry run: nothing was written");
        return Ok(Outcome::Done);
    }
    if args.planned.is_none() && args.mde.is_none() {
        session.ui.hint(&format!(
            "planned for {} {}s: `toolcat abtest plan {}` says what that can show",
            text::grouped(DEFAULT_PLANNED as usize),
            new.unit.as_str(),
            args.name
        ));
    }
    session
        .ui
        .hint(&format!("`toolcat abtest start {}` starts it", args.name));
    Ok(Outcome::Done)
}

/// A test on time or cost does not trade failures for speed, unless that is asked for.
const DEFAULT_GUARDRAIL: Guardrail = Guardrail {
    metric: Metric::Success,
    margin: 0.02,
};

/// What is compared, and on whom.
struct Terms {
    metrics: Vec<Metric>,
    guardrails: Vec<Guardrail>,
    split: f64,
    coverage: f64,
}

impl Terms {
    fn read(args: &CreateArgs) -> Result<Self, CommandError> {
        let mut metrics: Vec<Metric> = Vec::new();
        for text in &args.metric {
            let hint = "the metrics are success, time and cost";
            let metric = input::option("--metric", text, input::metric, hint)?;
            if !metrics.contains(&metric) {
                metrics.push(metric);
            }
        }
        let mut guardrails: Vec<Guardrail> = Vec::new();
        let waived = args.guardrail.iter().any(|text| text == "none");
        if waived && args.guardrail.len() > 1 {
            return Err(
                CommandError::invalid("--guardrail none stands beside other guardrails")
                    .hint("leave it out, or name no other guardrail"),
            );
        }
        for text in args.guardrail.iter().filter(|_| !waived) {
            let hint = "a guardrail is METRIC:MARGIN, as success:0.02 (two points) or time:10%";
            let guardrail = input::option("--guardrail", text, input::guardrail, hint)?;
            if guardrails.iter().any(|it| it.metric == guardrail.metric) {
                return Err(CommandError::invalid(format!(
                    "two guardrails on {}",
                    guardrail.metric
                ))
                .hint("give each metric one margin"));
            }
            guardrails.push(guardrail);
        }
        let judged =
            |metric| metrics.contains(&metric) || guardrails.iter().any(|it| it.metric == metric);
        if !waived && !judged(Metric::Success) {
            guardrails.push(DEFAULT_GUARDRAIL);
        }
        let hint = "the coverage is a share of the traffic, as 0.25, 10% or 1";
        Ok(Self {
            metrics,
            guardrails,
            split: input::option("--split", &args.split, input::split, input::SPLIT_HINT)?,
            coverage: input::option("--coverage", &args.coverage, input::coverage, hint)?,
        })
    }
}

fn check_texts(args: &CreateArgs) -> Result<(), CommandError> {
    let name = args.name.as_str();
    let chars = name.chars().count();
    if name.trim().is_empty() || chars > 100 || name.chars().any(char::is_control) {
        return Err(CommandError::invalid(format!(
            "`{name}` cannot name a test: a name has 1 to 100 characters on one line"
        )));
    }
    if let Some(environment) = &args.environment
        && (environment.trim().is_empty() || environment.chars().count() > 50)
    {
        return Err(CommandError::invalid(
            "the name of an environment has 1 to 50 characters",
        ));
    }
    for user in &args.users {
        check_unit(user).map_err(|error| {
            CommandError::invalid(format!("user `{user}`: {error}"))
                .hint("users are named as in the telemetry's user_id")
        })?;
    }
    Ok(())
}

/// Two different versions of one tool, or two tools that share a capability.
fn check_arms(
    connection: &mut Connection,
    a: &StoredTool,
    b: &StoredTool,
) -> Result<(), CommandError> {
    if a.id == b.id {
        return Err(CommandError::invalid(format!(
            "both arms are {}: a test compares two versions",
            a.identity()
        ))
        .hint("name the versions, as in --a df@1.0 --b df@2.0"));
    }
    if (&a.platform, &a.tool_name) == (&b.platform, &b.tool_name) {
        return Ok(());
    }
    let names = connection.read(|connection| tools::capability_names(connection, &[a.id, b.id]))?;
    let of = |tool: &StoredTool| names.get(&tool.id).cloned().unwrap_or_default();
    let others = of(b);
    if of(a).iter().any(|name| others.contains(name)) {
        return Ok(());
    }
    Err(CommandError::invalid(format!(
        "{} and {} have no capability in common: they do different jobs",
        a.identity(),
        b.identity()
    ))
    .hint("compare two versions of a tool, or two tools of one capability"))
}

/// The planned total: as given, for the effect given, or the default.
fn planned(args: &CreateArgs, terms: &Terms, known: &sizing::Assumed) -> Result<u64, CommandError> {
    let Some(effect) = args.mde else {
        return Ok(args.planned.unwrap_or(DEFAULT_PLANNED));
    };
    let split = split_of(terms.split).map_err(|error| CommandError::invalid(error.to_string()))?;
    let target = Target {
        alpha: 1.0 - args.confidence,
        ..Target::default()
    };
    let mut total = 0;
    for metric in &terms.metrics {
        total = total.max(sizing::planned_for(*metric, effect, known, split, target)?.total());
    }
    for guardrail in &terms.guardrails {
        let size = sizing::planned_for_guardrail(*guardrail, known, split, target)?;
        total = total.max(size.total());
    }
    Ok(total)
}
