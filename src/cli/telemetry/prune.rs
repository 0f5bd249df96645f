//! `toolcat telemetry prune`: old executions, removed.

use chrono::{DateTime, Utc};
use clap::Args;
use serde_json::json;

use crate::cli::{CommandError, Outcome, Session};
use crate::output::text;
use crate::store::telemetry::{self as store, Prunable};

/// Remove old executions.
///
/// Whole months are dropped at once where telemetry is divided by month; other rows go in batches.
#[derive(Debug, Args)]
#[command(
    after_help = "Examples:\n  toolcat telemetry prune --before 365d --dry-run\n  \
                        toolcat telemetry prune --before 2025-01-01 --yes"
)]
pub struct PruneArgs {
    /// Remove what ran before this time, such as 2026-01-31 or 365d (ago)
    #[arg(long, value_name = "TIME", value_parser = crate::cli::moment::parse)]
    before: DateTime<Utc>,

    /// Do not ask
    #[arg(long, short)]
    yes: bool,

    /// Say what would be removed, and remove nothing
    #[arg(long)]
    dry_run: bool,
}

pub fn run(args: &PruneArgs, session: &mut Session) -> Result<Outcome, CommandError> {
    let mut connection = session.connect()?;
    let plan = connection.read(|connection| store::prunable(connection, args.before))?;
    if plan.rows == 0 && plan.partitions.is_empty() {
        session.ui.status("nothing is that old");
        return Ok(Outcome::Done);
    }
    let plan_text = sentence(&plan);
    if args.dry_run {
        writeln!(session.ui.out(), "would remove {plan_text}")?;
        return Ok(Outcome::Done);
    }
    session.ui.status(&format!("to be removed: {plan_text}"));
    if !args.yes {
        match session.ui.confirm("They cannot be brought back. Go on?")? {
            Some(true) => {}
            Some(false) => return Err(CommandError::invalid("nothing was removed")),
            None => {
                return Err(CommandError::invalid(format!(
                    "this would remove {plan_text}, and nobody can be asked"
                ))
                .hint("give --yes to do it all the same"));
            }
        }
    }
    let rows = u64::try_from(plan.rows).unwrap_or_default();
    let progress = session.ui.progress(rows, "removing");
    let pruned = store::prune(&mut connection, args.before, |n| progress.advance(n))?;
    drop(progress);
    session.kept.done();
    let dropped = match pruned.dropped.len() {
        0 => String::new(),
        n => format!(", {} dropped", text::counted(n, "partition")),
    };
    writeln!(
        session.ui.out(),
        "removed {}{dropped}",
        text::counted(usize::try_from(rows).unwrap_or_default(), "execution")
    )?;
    Ok(Outcome::Done)
}

fn sentence(plan: &Prunable) -> String {
    let mut line = text::counted(usize::try_from(plan.rows).unwrap_or_default(), "execution");
    if let (Some(from), Some(to)) = (plan.from, plan.to) {
        let day = |at: DateTime<Utc>| at.format("%Y-%m-%d").to_string();
        line.push_str(&format!(" from {} to {}", day(from), day(to)));
    }
    if !plan.partitions.is_empty() {
        let list = json!(plan.partitions).to_string().replace('"', "");
        line.push_str(&format!(", whole partitions {list}"));
    }
    line
}
