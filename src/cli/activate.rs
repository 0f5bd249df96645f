//! `toolcat activate`: put tools into use that were in testing.

use clap::Args;

use crate::definition::Status;
use crate::store::lifecycle::Mark;

use super::selection::{ActArgs, SelectionArgs};
use super::{CommandError, Outcome, Session, mark};

/// Put tools into use that were in testing
#[derive(Debug, Args)]
#[command(
    after_help = "Examples:\n  toolcat activate df@2.0\n  toolcat activate --status testing --platform linux"
)]
pub struct ActivateArgs {
    #[command(flatten)]
    how: ActArgs,

    #[command(flatten)]
    selection: SelectionArgs,
}

pub fn run(args: &ActivateArgs, session: &mut Session) -> Result<Outcome, CommandError> {
    mark::run(
        &args.selection,
        &args.how,
        Mark::Status(Status::Active),
        ("activated", "activate"),
        session,
    )
}
