//! `toolcat abtest`: compare two versions of a tool on real traffic.

mod analyze;
mod assign;
mod auto;
mod conclude;
mod create;
mod input;
mod lifecycle;
mod list;
mod plan;
mod record;
mod report;
mod selfcheck;
mod show;
mod simulate;
mod split;

use clap::{Args, Subcommand};

use super::{CommandError, Outcome, Session};

/// Compare two versions of a tool on real traffic.
#[derive(Debug, Args)]
#[command(
    after_help = "Exit codes of analyze and conclude: 0 a winner, 1 none yet or no difference, 5 the data are invalid.\n\n\
                  Examples:\n  toolcat abtest create faster-df --a df@1.0 --b df@2.0 --metric time --guardrail success:0.02\n  \
                  toolcat abtest start faster-df\n  toolcat abtest assign faster-df --unit \"$EXECUTION_ID\" --format name\n  \
                  toolcat abtest analyze faster-df\n  toolcat abtest conclude faster-df --apply"
)]
pub struct AbtestArgs {
    #[command(subcommand)]
    command: AbtestCommand,
}

#[derive(Debug, Subcommand)]
enum AbtestCommand {
    /// Make a test of two versions, as a draft
    Create(create::CreateArgs),
    /// Work out how many records a test needs, and how long that takes
    Plan(plan::PlanArgs),
    /// Begin to assign units
    Start(lifecycle::ChangeArgs),
    /// Assign no new unit for a while
    Pause(lifecycle::ChangeArgs),
    /// Go on after a pause
    Resume(lifecycle::ChangeArgs),
    /// Change the split, which starts a new phase
    Split(split::SplitArgs),
    /// End a test without a result
    Cancel(lifecycle::ChangeArgs),
    /// List the tests
    List(list::ListArgs),
    /// Show one test
    Show(show::ShowArgs),
    /// Tell which version a unit gets, and keep it
    Assign(assign::AssignArgs),
    /// Judge what was recorded so far
    Analyze(analyze::AnalyzeArgs),
    /// End a test by the rule, or by force
    Conclude(conclude::ConcludeArgs),
    /// Conclude every test that is ready
    Auto(auto::AutoArgs),
    /// Replay recorded telemetry as A/A tests, and count false winners
    Selfcheck(selfcheck::SelfcheckArgs),
    /// Try a test on made-up traffic: power and duration
    Simulate(simulate::SimulateArgs),
}

pub fn run(args: &AbtestArgs, session: &mut Session) -> Result<Outcome, CommandError> {
    use crate::store::ab_tests::lifecycle::Change;
    match &args.command {
        AbtestCommand::Create(args) => create::run(args, session),
        AbtestCommand::Plan(args) => plan::run(args, session),
        AbtestCommand::Start(args) => lifecycle::run(args, &Change::Start, session),
        AbtestCommand::Pause(args) => lifecycle::run(args, &Change::Pause, session),
        AbtestCommand::Resume(args) => lifecycle::run(args, &Change::Resume, session),
        AbtestCommand::Split(args) => split::run(args, session),
        AbtestCommand::Cancel(args) => lifecycle::run(args, &Change::Cancel, session),
        AbtestCommand::List(args) => list::run(args, session),
        AbtestCommand::Show(args) => show::run(args, session),
        AbtestCommand::Assign(args) => assign::run(args, session),
        AbtestCommand::Analyze(args) => analyze::run(args, session),
        AbtestCommand::Conclude(args) => conclude::run(args, session),
        AbtestCommand::Auto(args) => auto::run(args, session),
        AbtestCommand::Selfcheck(args) => selfcheck::run(args, session),
        AbtestCommand::Simulate(args) => simulate::run(args, session),
    }
}
