//! `toolcat abtest create`: a test of two versions, as a draft.

use clap::{Args, ValueEnum};
use uuid::Uuid;

use super::record;
use super::{CommandError, Outcome, Session, input};
use crate::definition::ToolRef;
use crate::operations::abtest::TestRecord;
use crate::operations::abtest::create::{self, Request, Size};
use crate::operations::abtest::sizing::{DEFAULT_PLANNED, MOST_PLANNED};
use crate::output::{Format, text};
use crate::store::ab_tests::UnitKind;

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
    #[arg(long, short = 'o', value_enum, default_value_t, value_name = "FORMAT")]
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
    let request = request(args)?;
    let caller = session.caller(args.dry_run);
    let test = create::run(&mut session.connect()?, &caller, &request)?;
    record::write(session, &TestRecord::from(&test), args.format)?;
    if args.dry_run {
        session.ui.status("dry run: nothing was written");
        return Ok(Outcome::Done);
    }
    if args.planned.is_none() && args.mde.is_none() {
        session.ui.hint(&format!(
            "planned for {} {}s: `toolcat abtest plan {}` says what that can show",
            text::grouped(DEFAULT_PLANNED as usize),
            test.unit().as_str(),
            args.name
        ));
    }
    session
        .ui
        .hint(&format!("`toolcat abtest start {}` starts it", args.name));
    Ok(Outcome::Done)
}

/// The request that the arguments describe.
fn request(args: &CreateArgs) -> Result<Request, CommandError> {
    let mut metrics = Vec::new();
    for text in &args.metric {
        let hint = "the metrics are success, time and cost";
        metrics.push(input::option("--metric", text, input::metric, hint)?);
    }
    let waived = args.guardrail.iter().any(|text| text == "none");
    if waived && args.guardrail.len() > 1 {
        return Err(
            CommandError::invalid("--guardrail none stands beside other guardrails")
                .hint("leave it out, or name no other guardrail"),
        );
    }
    let mut guardrails = Vec::new();
    for text in args.guardrail.iter().filter(|_| !waived) {
        let hint = "a guardrail is METRIC:MARGIN, as success:0.02 (two points) or time:10%";
        guardrails.push(input::option("--guardrail", text, input::guardrail, hint)?);
    }
    let hint = "the coverage is a share of the traffic, as 0.25, 10% or 1";
    Ok(Request {
        name: args.name.clone(),
        a: args.a.clone(),
        b: args.b.clone(),
        metrics,
        guardrails,
        keep_success: !waived,
        split: input::option("--split", &args.split, input::split, input::SPLIT_HINT)?,
        coverage: input::option("--coverage", &args.coverage, input::coverage, hint)?,
        environment: args.environment.clone(),
        users: args.users.clone(),
        unit: args.unit.kind(),
        size: match (args.planned, args.mde) {
            (Some(total), _) => Size::Planned(total),
            (None, Some(effect)) => Size::ToShow(effect),
            (None, None) => Size::Usual,
        },
        confidence: args.confidence,
        minimum_duration_s: args.min_duration,
        hypothesis: args.hypothesis.clone(),
        seed: args.seed,
    })
}
