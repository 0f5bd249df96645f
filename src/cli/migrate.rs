//! `toolcat migrate`: the catalog's tables, up to date or back.

use clap::{Args, Subcommand};

use crate::output::style::{DIM, GOOD, WARN};
use crate::output::text;
use crate::store::Connection;
use crate::store::migrate::{self, Step};

use super::{CommandError, Outcome, Session};

/// Bring the catalog's tables up to date.
#[derive(Debug, Args)]
pub struct MigrateArgs {
    #[command(subcommand)]
    command: MigrateCommand,

    /// How long to wait for another migrator, in seconds
    #[arg(long, global = true, value_name = "SECONDS", default_value_t = 10.0, value_parser = seconds)]
    lock_wait: f64,
}

#[derive(Debug, Subcommand)]
enum MigrateCommand {
    /// Apply every pending migration
    Up {
        /// Say what would be applied, and apply nothing
        #[arg(long)]
        dry_run: bool,
        /// Divide telemetry by month as well, for very many executions
        #[arg(long)]
        partition_telemetry: bool,
    },
    /// Revert the last migrations
    Down {
        /// How many to revert
        #[arg(long, short = 'n', value_name = "COUNT", default_value_t = 1)]
        count: usize,
        /// Do not ask: reverting drops tables with what is in them
        #[arg(long, short)]
        yes: bool,
        /// Say what would be reverted, and revert nothing
        #[arg(long)]
        dry_run: bool,
    },
    /// Revert the last migration and apply it again
    Redo {
        /// Do not ask: reverting drops tables with what is in them
        #[arg(long, short)]
        yes: bool,
    },
    /// Show the migrations; exit code 1 where some are pending
    Status,
    /// Print the SQL of the pending migrations
    Plan,
}

fn seconds(text: &str) -> Result<f64, String> {
    text.parse::<f64>()
        .ok()
        .filter(|seconds| (0.0..=86_400.0).contains(seconds))
        .ok_or_else(|| "a number of seconds from 0 to 86400 is needed".to_owned())
}

pub fn run(args: &MigrateArgs, session: &mut Session) -> Result<Outcome, CommandError> {
    let mut connection = session.open()?;
    let wait = args.lock_wait;
    match &args.command {
        MigrateCommand::Up {
            dry_run: false,
            partition_telemetry,
        } => {
            let applied = migrate::up(&mut connection, wait)?;
            made(session, "applied", &applied)?;
            if *partition_telemetry {
                let done = crate::store::telemetry::partition(&mut connection)?;
                session.ui.status(match done {
                    true => "telemetry is now divided by month",
                    false => "telemetry is divided by month already",
                });
            }
        }
        MigrateCommand::Up { dry_run: true, .. } => {
            let pending: Vec<Step> = migrate::plan(&mut connection)?
                .into_iter()
                .map(|(step, _)| step)
                .collect();
            report(session, "would apply", &pending)?;
        }
        MigrateCommand::Down {
            count,
            yes,
            dry_run,
        } => {
            let last = last(&mut connection, *count)?;
            if *dry_run {
                report(session, "would revert", &last)?;
            } else {
                allow_drop(session, *yes, &last)?;
                let reverted = migrate::down(&mut connection, *count, wait)?;
                made(session, "reverted", &reverted)?;
            }
        }
        MigrateCommand::Redo { yes } => {
            let last = last(&mut connection, 1)?;
            allow_drop(session, *yes, &last)?;
            let reverted = migrate::down(&mut connection, 1, wait)?;
            made(session, "reverted", &reverted)?;
            let applied = migrate::up(&mut connection, wait)?;
            made(session, "applied", &applied)?;
        }
        MigrateCommand::Status => return status(session, &mut connection),
        MigrateCommand::Plan => {
            for (step, sql) in migrate::plan(&mut connection)? {
                writeln!(
                    session.ui.out(),
                    "-- {} {}\n\n{sql}",
                    step.version,
                    step.name
                )?;
            }
        }
    }
    Ok(Outcome::Done)
}

/// The migrations that were applied last, the newest first.
fn last(connection: &mut Connection, count: usize) -> Result<Vec<Step>, CommandError> {
    let steps = migrate::progress(connection)?.steps.into_iter().rev();
    Ok(steps.filter(|step| step.applied).take(count).collect())
}

/// Reverting drops tables, so it is asked about, and needs `--yes` if nobody can be asked.
fn allow_drop(session: &Session, yes: bool, steps: &[Step]) -> Result<(), CommandError> {
    if yes || steps.is_empty() {
        return Ok(());
    }
    let names: Vec<&str> = steps.iter().map(|step| step.name.as_str()).collect();
    let question = format!(
        "Reverting `{}` drops tables with everything in them. Go on?",
        names.join("`, `")
    );
    match session.ui.confirm(&question)? {
        Some(true) => Ok(()),
        Some(false) => Err(CommandError::invalid("nothing was reverted")),
        None => Err(
            CommandError::invalid("reverting drops tables, and nobody can be asked")
                .hint("give --yes to do it all the same"),
        ),
    }
}

/// Reports steps that were taken.
fn made(session: &mut Session, done: &str, steps: &[Step]) -> Result<(), CommandError> {
    if !steps.is_empty() {
        session.kept.done();
    }
    report(session, done, steps)
}

fn report(session: &mut Session, done: &str, steps: &[Step]) -> Result<(), CommandError> {
    for step in steps {
        writeln!(session.ui.out(), "{done} {} {}", step.version, step.name)?;
    }
    if steps.is_empty() {
        session.ui.status("nothing to do");
    }
    Ok(())
}

fn status(
    session: &mut Session,
    connection: &mut crate::store::Connection,
) -> Result<Outcome, CommandError> {
    let progress = migrate::progress(connection)?;
    for step in &progress.steps {
        let state = match step.applied {
            true => session.ui.paint(GOOD, "applied"),
            false => session.ui.paint(WARN, "pending"),
        };
        writeln!(session.ui.out(), "{state}  {}  {}", step.version, step.name)?;
    }
    for version in &progress.unknown {
        let state = session.ui.paint(DIM, "unknown");
        writeln!(
            session.ui.out(),
            "{state}  {}  made by a newer toolcat",
            text::visible(version)
        )?;
    }
    let pending = progress.pending().count();
    if pending > 0 {
        session
            .ui
            .hint("`toolcat migrate up` applies what is pending");
    }
    Ok(if pending + progress.unknown.len() > 0 {
        Outcome::No
    } else {
        Outcome::Done
    })
}
