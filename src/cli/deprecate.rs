//! `toolcat deprecate`: take tools out of use, and say so.

use clap::Args;

use crate::definition::Status;
use crate::store::lifecycle::Mark;

use super::selection::{ActArgs, SelectionArgs};
use super::{CommandError, Outcome, Session, mark};

/// Take tools out of use, and say so
#[derive(Debug, Args)]
#[command(
    after_help = "Examples:\n  toolcat deprecate df@1.0\n  toolcat deprecate --category legacy --dry-run"
)]
pub struct DeprecateArgs {
    #[command(flatten)]
    how: ActArgs,

    #[command(flatten)]
    selection: SelectionArgs,
}

pub fn run(args: &DeprecateArgs, session: &mut Session) -> Result<Outcome, CommandError> {
    mark::run(
        &args.selection,
        &args.how,
        Mark::Status(Status::Deprecated),
        ("deprecated", "deprecate"),
        session,
    )
}
