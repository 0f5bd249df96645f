//! `toolcat telemetry run`: a command, measured and recorded.

use chrono::{DateTime, Utc};
use clap::Args;

use super::child::{self, Ended};
use super::execution::ExecutionArgs;
use crate::cli::{CommandError, ErrorKind, Outcome, Session};
use crate::definition::ToolRef;
use crate::operations::Refusal;
use crate::operations::telemetry::record;
use crate::outside;
use crate::telemetry::intake::{Entry, Targets};

/// Run a command, measure it and record it.
///
/// Its input, output and exit code are its own. Where the database cannot be reached, the command runs all the same,
/// and a warning says that it was not recorded.
#[derive(Debug, Args)]
#[command(
    after_help = "Examples:\n  toolcat telemetry run df --pattern mount_summary --context N=12 -- df -h"
)]
pub struct RunArgs {
    /// Tool that runs, as [PLATFORM/]NAME[@VERSION]
    tool: ToolRef,

    #[command(flatten)]
    execution: ExecutionArgs,

    /// Command to run, with its arguments
    #[arg(last = true, required = true, value_name = "COMMAND")]
    command: Vec<String>,
}

pub fn run(args: &RunArgs, session: &mut Session) -> Result<Outcome, CommandError> {
    // A wrong name is said before anything runs. The connection is not held meanwhile: a command can take hours.
    let targets = match prepare(args, session) {
        Ok(targets) => Some(targets),
        Err(error) if error.kind == ErrorKind::NoDatabase => {
            session
                .ui
                .warn(&format!("this will not be recorded: {}", error.message));
            None
        }
        Err(error) => return Err(error),
    };
    session.ui.finish()?;
    let at = outside::now();
    let ended = child::run(&args.command);
    if let (true, Some(failure)) = (ended.not_started, &ended.failure) {
        session.ui.error(failure);
    }
    if let Some(targets) = targets
        && let Err(error) = record_ended(args, session, targets, &ended, at)
    {
        session
            .ui
            .warn(&format!("this was not recorded: {}", error.message));
    }
    Ok(Outcome::Code(ended.code))
}

/// Loads what is needed to record, and finds out whether it can be.
fn prepare(args: &RunArgs, session: &Session) -> Result<Targets, CommandError> {
    let mut connection = session.connect()?;
    let mut targets = record::targets(&mut connection, std::iter::once(args.tool.as_str()))?;
    let trial = Entry {
        time_ms: Some(0.0),
        success: Some(true),
        ..args.execution.entry(&args.tool)
    };
    targets
        .execution(trial, outside::now())
        .map_err(Refusal::from)?;
    Ok(targets)
}

fn record_ended(
    args: &RunArgs,
    session: &Session,
    mut targets: Targets,
    ended: &Ended,
    at: DateTime<Utc>,
) -> Result<(), CommandError> {
    let failure = ended.failure.clone();
    let longest = f64::from(crate::telemetry::intake::LONGEST_TIME_MS);
    let entry = Entry {
        time_ms: Some((ended.took.as_secs_f64() * 1000.0).min(longest)),
        success: Some(failure.is_none()),
        error: failure.map(|failure| args.execution.error.clone().unwrap_or(failure)),
        at: Some(at),
        ..args.execution.entry(&args.tool)
    };
    let caller = session.caller(false);
    let mut connection = session.connect()?;
    if !record::one_of(&mut connection, &caller, &mut targets, entry)? {
        session
            .ui
            .warn("an execution with this id was recorded before; this one was not");
    }
    Ok(())
}
