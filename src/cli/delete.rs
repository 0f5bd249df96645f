//! `toolcat delete`: tools out of the catalog, with a way back.

use clap::Args;

use crate::operations::delete::{self, Request};
use crate::output::text;
use crate::store::tools::Handle;

use super::selection::{ActArgs, SelectionArgs, present};
use super::{CommandError, Outcome, Session};

/// Delete tools; `restore` brings them back
///
/// A tool that is named without a version goes with all its versions.
#[derive(Debug, Args)]
#[command(
    after_help = "Examples:\n  toolcat delete df --reason \"replaced by duf\"\n  \
                        toolcat delete linux/df@1.0 --yes"
)]
pub struct DeleteArgs {
    /// Delete also what was recorded of them: telemetry and A/B tests
    #[arg(long)]
    purge: bool,

    /// Delete also tools on which an A/B test is running (with --purge)
    #[arg(long, requires = "purge")]
    force: bool,

    #[command(flatten)]
    how: ActArgs,

    #[command(flatten)]
    selection: SelectionArgs,
}

pub fn run(args: &DeleteArgs, session: &mut Session) -> Result<Outcome, CommandError> {
    let selection = args.selection.selection()?;
    let mut connection = session.connect()?;
    let request = Request {
        tools: delete::selected(&mut connection, &selection)?,
        purge: args.purge,
        force: args.force,
    };
    if request.tools.is_empty() {
        session.ui.status("no tool matches");
        return Ok(Outcome::Done);
    }
    let question = format!("Delete {}?", summary(&request.tools));
    if !args.how.confirmed(session, &question)? {
        return Ok(Outcome::No);
    }
    let done = delete::run(&mut connection, &session.caller(args.how.dry_run), &request)?;
    present(&done, session, args.how.format, ("deleted", "delete"))
}

fn summary(selected: &[Handle]) -> String {
    const SHOWN: usize = 5;
    let mut names: Vec<String> = selected
        .iter()
        .take(SHOWN)
        .map(|tool| tool.identity().to_string())
        .collect();
    if selected.len() > SHOWN {
        names.push(format!("{} more", text::grouped(selected.len() - SHOWN)));
    }
    names.join(", ")
}
