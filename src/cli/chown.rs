//! `toolcat chown`: who answers for tools.

use clap::Args;

use crate::output::text;
use crate::store::lifecycle::Mark;

use super::selection::{ActArgs, SelectionArgs};
use super::{CommandError, Outcome, Session, mark};

/// Give tools to another owner
#[derive(Debug, Args)]
#[command(after_help = "Examples:\n  toolcat chown storage-team df du\n  \
                        toolcat chown carol --owner bob --reason \"bob has left\"")]
pub struct ChownArgs {
    /// Who answers for the tools from now on
    #[arg(value_name = "NEW_OWNER")]
    new_owner: String,

    #[command(flatten)]
    how: ActArgs,

    #[command(flatten)]
    selection: SelectionArgs,
}

pub fn run(args: &ChownArgs, session: &mut Session) -> Result<Outcome, CommandError> {
    let owner = args.new_owner.trim();
    let shown = text::visible(owner);
    let words = (format!("gave {shown}"), format!("give {shown}"));
    mark::run(
        &args.selection,
        &args.how,
        Mark::Owner(owner.to_owned()),
        (&words.0, &words.1),
        session,
    )
}
