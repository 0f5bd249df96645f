//! `toolcat rollback`: an earlier version of a tool into use.

use clap::Args;

use crate::definition::ToolRef;
use crate::operations::rollback::{self, Request};
use crate::output::{SummaryFormat, text};

use super::{CommandError, Outcome, Session};

/// Take an earlier version of a tool into use; nothing is deleted
#[derive(Debug, Args)]
#[command(
    after_help = "Examples:\n  toolcat rollback df\n  toolcat rollback linux/df --to 1.0 --dry-run"
)]
pub struct RollbackArgs {
    /// Tool to roll back: [PLATFORM/]NAME
    #[arg(value_name = "TOOL")]
    tool: ToolRef,

    /// Version to take into use [default: the parent of the present one]
    #[arg(long, value_name = "VERSION")]
    to: Option<String>,

    /// Roll back even while an A/B test runs on the tool
    #[arg(long)]
    force: bool,

    /// Say what would change, and write nothing
    #[arg(long)]
    dry_run: bool,

    /// Accepted for scripts; a rollback destroys nothing and does not ask
    #[arg(long, short)]
    yes: bool,

    /// How to write what was done
    #[arg(long, short = 'o', value_enum, default_value_t, value_name = "FORMAT")]
    format: SummaryFormat,
}

pub fn run(args: &RollbackArgs, session: &mut Session) -> Result<Outcome, CommandError> {
    let request = Request {
        tool: args.tool.clone(),
        to: args.to.clone(),
        force: args.force,
    };
    let mut connection = session.connect()?;
    let done = rollback::run(&mut connection, &session.caller(args.dry_run), &request)?;
    if args.format == SummaryFormat::Json {
        session.ui.json(&done)?;
        return Ok(Outcome::Done);
    }
    let tool = format!("{}/{}", done.platform, done.tool);
    let line = match (done.changed, done.dry_run) {
        (false, _) => format!("{tool}@{} is the latest version already", done.to),
        (true, true) => format!("would roll back {tool} from {} to {}", done.from, done.to),
        (true, false) => format!("rolled back {tool} from {} to {}", done.from, done.to),
    };
    writeln!(session.ui.out(), "{}", text::visible(&line))?;
    Ok(Outcome::Done)
}
