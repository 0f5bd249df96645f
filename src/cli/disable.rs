//! `toolcat disable`: keep tools from being selected.

use clap::Args;

use crate::store::lifecycle::Mark;

use super::selection::{ActArgs, SelectionArgs};
use super::{CommandError, Outcome, Session, mark};

/// Keep tools from being selected
#[derive(Debug, Args)]
#[command(
    after_help = "Examples:\n  toolcat disable df --reason \"wrong numbers on NFS\"\n  toolcat list --owner carol --format name | toolcat disable -"
)]
pub struct DisableArgs {
    #[command(flatten)]
    how: ActArgs,

    #[command(flatten)]
    selection: SelectionArgs,
}

pub fn run(args: &DisableArgs, session: &mut Session) -> Result<Outcome, CommandError> {
    mark::run(
        &args.selection,
        &args.how,
        Mark::Disable,
        ("disabled", "disable"),
        session,
    )
}
