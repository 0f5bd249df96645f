//! `toolcat enable`: let tools be selected again.

use clap::Args;

use crate::store::lifecycle::Mark;

use super::selection::{ActArgs, SelectionArgs};
use super::{CommandError, Outcome, Session, mark};

/// Let tools be selected again
#[derive(Debug, Args)]
#[command(
    after_help = "Examples:\n  toolcat enable df ping\n  toolcat enable --platform windows --tag network"
)]
pub struct EnableArgs {
    #[command(flatten)]
    how: ActArgs,

    #[command(flatten)]
    selection: SelectionArgs,
}

pub fn run(args: &EnableArgs, session: &mut Session) -> Result<Outcome, CommandError> {
    mark::run(
        &args.selection,
        &args.how,
        Mark::Enable,
        ("enabled", "enable"),
        session,
    )
}
