//! `toolcat abtest selfcheck`: A/A replays of recorded telemetry.

use std::collections::HashMap;

use clap::Args;
use serde::Serialize;

use super::record;
use super::{CommandError, Outcome, Session, input};
use crate::abtest::simulate::{Schedule, replay, replay_units};
use crate::abtest::success::CountedOutcome;
use crate::abtest::{Execution, Metric, TestPlan};
use crate::definition::ToolRef;
use crate::operations::abtest::sizing::DEFAULT_PLANNED;
use crate::operations::address;
use crate::operations::{Refusal, abtest};
use crate::output::{Column, Format, Record, record as lists, text};
use crate::store::Connection;
use crate::store::ab_tests::{UnitKind, history, split_of};

/// Fewest records for a replay that says anything.
const FEWEST: usize = 20;

/// Replay recorded telemetry as A/A tests, and count false winners.
///
/// The recorded executions keep their order and get arms at random, so that no arm can be better: every
/// winner is a false one; in a test by user, whole users get an arm. The rule is looked at every few records, as it is
/// in life. The rate should not be above 1 - confidence.
#[derive(Debug, Args)]
#[command(
    after_help = "Exit codes: 0 the rate is as promised, 1 it is shown to be higher.\n\n\
                        Example:\n  toolcat abtest selfcheck --tool df@1.0 --metric time --split 90/10"
)]
pub struct SelfcheckArgs {
    /// Name of a test: its plan, and the telemetry of its versions
    #[arg(
        value_name = "NAME",
        required_unless_present = "tool",
        conflicts_with = "tool"
    )]
    name: Option<String>,

    /// Version whose telemetry is replayed
    #[arg(long, value_name = "TOOL")]
    tool: Option<ToolRef>,

    /// Metric, with --tool
    #[arg(
        long,
        value_name = "METRIC",
        default_value = "success",
        conflicts_with = "name"
    )]
    metric: Metric,

    /// Share of B, with --tool
    #[arg(long, value_name = "SPLIT", default_value = "0.5", value_parser = input::split, conflicts_with = "name")]
    split: f64,

    /// Confidence over all looks, with --tool
    #[arg(long, value_name = "SHARE", default_value = "0.95", value_parser = input::confidence, conflicts_with = "name")]
    confidence: f64,

    /// Replays
    #[arg(long, value_name = "N", default_value_t = 1000, value_parser = clap::value_parser!(u32).range(1..=1_000_000))]
    streams: u32,

    /// Records in each replay [default: the planned size, at most 2000]
    #[arg(long, value_name = "N", value_parser = clap::value_parser!(u32).range(1..=1_000_000))]
    records: Option<u32>,

    /// Records between two looks
    #[arg(long, value_name = "N", default_value_t = 10, value_parser = clap::value_parser!(u32).range(1..))]
    look_every: u32,

    /// Seed of the replays
    #[arg(long, value_name = "N", default_value_t = 1)]
    seed: u64,

    /// Latest records to replay
    #[arg(long, value_name = "N", default_value_t = 100_000, value_parser = clap::value_parser!(i64).range(1..=10_000_000))]
    limit: i64,

    /// How to write the result; name is the rate of false winners
    #[arg(long, short = 'o', value_enum, default_value_t, value_name = "FORMAT")]
    format: Format,
}

pub fn run(args: &SelfcheckArgs, session: &mut Session) -> Result<Outcome, CommandError> {
    let mut connection = session.connect()?;
    let Subject {
        what,
        plan,
        tools,
        by_user,
    } = Subject::of(args, &mut connection)?;
    let recorded =
        connection.read(|connection| history::executions(connection, &tools, args.limit))?;
    drop(connection);
    let recorded = numbered(recorded, by_user);
    let usable = usable(&plan, &recorded);
    if usable < FEWEST {
        return Err(CommandError::invalid(format!(
            "{what} has {} with what {} needs; a replay needs at least {FEWEST}",
            text::counted(usable, "record"),
            plan.primaries
                .iter()
                .map(|it| it.as_str())
                .collect::<Vec<_>>()
                .join(" and ")
        ))
        .hint("record telemetry first, or try `toolcat abtest simulate`"));
    }
    // a plan by user counts users, and not their records
    let usual = if by_user {
        recorded.len() as u64
    } else {
        plan.planned.min(2_000)
    };
    let records = args
        .records
        .unwrap_or(u32::try_from(usual).unwrap_or(2_000));
    let schedule = Schedule {
        streams: args.streams,
        records,
        look_every: args.look_every,
        seed: args.seed,
    };
    let outcome = match by_user {
        true => replay_units(&plan, &recorded, schedule),
        false => {
            let executions: Vec<Execution> = recorded.iter().map(|(_, it)| *it).collect();
            replay(&plan, &executions, schedule)
        }
    }
    .ok_or_else(|| CommandError::invalid("there is nothing to replay"))?;
    let alpha = plan.alpha();
    let check = Check {
        subject: what,
        recorded: recorded.len(),
        users: by_user.then(|| recorded.iter().map(|(user, _)| user + 1).max().unwrap_or(0)),
        schedule,
        metrics: plan.primaries.clone(),
        false_winners: outcome.wins.a + outcome.wins.b,
        false_winner_rate: outcome.winner_share,
        rate_lower: outcome.winner_share_interval.0,
        rate_upper: outcome.winner_share_interval.1,
        promised: alpha,
        as_promised: outcome.winner_share_interval.0 <= alpha,
    };
    present(args, session, &check)?;
    Ok(if check.as_promised {
        Outcome::Done
    } else {
        Outcome::No
    })
}

/// What is replayed, and by which plan.
struct Subject {
    what: String,
    plan: TestPlan,
    tools: Vec<i64>,
    by_user: bool,
}

impl Subject {
    fn of(args: &SelfcheckArgs, connection: &mut Connection) -> Result<Self, CommandError> {
        match (&args.name, &args.tool) {
            (Some(name), _) => {
                let test = abtest::find(connection, name)?;
                Ok(Self {
                    what: name.clone(),
                    plan: test.plan(&test.present_phase()).map_err(Refusal::from)?,
                    tools: vec![test.tool_a_id, test.tool_b_id],
                    by_user: test.unit() == UnitKind::User,
                })
            }
            (None, Some(tool)) => {
                let tool = address::find(connection, tool)?;
                Ok(Self {
                    what: tool.identity().to_string(),
                    plan: plan_of(args)?,
                    tools: vec![tool.id],
                    by_user: false,
                })
            }
            (None, None) => Err(CommandError::invalid("name a test, or a tool with --tool")),
        }
    }
}

fn plan_of(args: &SelfcheckArgs) -> Result<TestPlan, CommandError> {
    Ok(TestPlan {
        split: split_of(args.split).map_err(|error| CommandError::invalid(error.to_string()))?,
        confidence: args.confidence,
        primaries: vec![args.metric],
        guardrails: Vec::new(),
        counted: CountedOutcome::Failures,
        planned: args.records.map_or(DEFAULT_PLANNED, u64::from),
        minimum_duration_s: 0.0,
    })
}

/// The executions with the number of their user; where users are not told apart, all with 0.
fn numbered(recorded: Vec<(Option<String>, Execution)>, by_user: bool) -> Vec<(usize, Execution)> {
    if !by_user {
        return recorded.into_iter().map(|(_, it)| (0, it)).collect();
    }
    let mut users: HashMap<String, usize> = HashMap::new();
    let known = recorded
        .into_iter()
        .filter_map(|(user, it)| Some((user?, it)));
    known
        .map(|(user, it)| {
            let next = users.len();
            (*users.entry(user).or_insert(next), it)
        })
        .collect()
}

/// Records that have every metric that decides.
fn usable(plan: &TestPlan, recorded: &[(usize, Execution)]) -> usize {
    recorded
        .iter()
        .filter(|(_, execution)| {
            plan.metrics().iter().all(|metric| match metric {
                Metric::Success => true,
                Metric::Time => execution.time_ms.is_some(),
                Metric::Cost => execution.cost.is_some(),
            })
        })
        .count()
}

/// The result.
#[derive(Debug, Serialize)]
struct Check {
    subject: String,
    recorded: usize,
    /// Users that the records are of, where whole users are drawn.
    users: Option<usize>,
    schedule: Schedule,
    metrics: Vec<Metric>,
    false_winners: u32,
    false_winner_rate: f64,
    /// Lower end of the 95 % interval of the rate.
    rate_lower: f64,
    /// Upper end of the 95 % interval of the rate.
    rate_upper: f64,
    /// 1 - confidence.
    promised: f64,
    as_promised: bool,
}

impl Record for Check {
    const COLUMNS: &'static [Column] = &[];

    fn cells(&self) -> Vec<String> {
        Vec::new()
    }

    fn name(&self) -> String {
        self.false_winner_rate.to_string()
    }
}

fn present(args: &SelfcheckArgs, session: &mut Session, check: &Check) -> Result<(), CommandError> {
    if !args.format.is_for_people() {
        return record::write_value(
            session,
            check,
            args.format,
            || check.name(),
            |ui| lists::write_list(ui, std::slice::from_ref(check), args.format),
        );
    }
    let schedule = check.schedule;
    writeln!(
        session.ui.out(),
        "{}: {} A/A replays of {}{}, {} each, looked at every {}",
        text::visible(&check.subject),
        text::grouped(schedule.streams as usize),
        text::counted(check.recorded, "record"),
        match check.users {
            Some(users) => format!(" of {}, drawn as a whole", text::counted(users, "user")),
            None => String::new(),
        },
        text::counted(schedule.records as usize, "record"),
        schedule.look_every
    )?;
    writeln!(
        session.ui.out(),
        "false winners: {} of {} ({:.1} %, 95 % interval {:.1} .. {:.1} %); promised at most {} %: {}",
        check.false_winners,
        schedule.streams,
        check.false_winner_rate * 100.0,
        check.rate_lower * 100.0,
        check.rate_upper * 100.0,
        text::number(check.promised * 100.0),
        if check.as_promised {
            "kept"
        } else {
            "not kept"
        }
    )?;
    if !check.as_promised && args.metric != Metric::Success {
        session.ui.finish()?;
        session.ui.hint(
            "intervals of time and cost need enough records in each arm: a more even split, or a later first look",
        );
    }
    Ok(())
}
