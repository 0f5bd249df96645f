//! `toolcat restore`: deleted tools back from the audit log.

use clap::Args;

use crate::operations::restore;

use super::selection::{ActArgs, SelectionArgs, present};
use super::{CommandError, Outcome, Session, misfits};

/// Bring deleted tools back, as they were
#[derive(Debug, Args)]
#[command(after_help = "Examples:\n  toolcat restore df\n  toolcat restore linux/df@1.0")]
pub struct RestoreArgs {
    #[command(flatten)]
    how: ActArgs,

    #[command(flatten)]
    selection: SelectionArgs,
}

pub fn run(args: &RestoreArgs, session: &mut Session) -> Result<Outcome, CommandError> {
    let selection = args.selection.selection()?;
    let mut connection = session.connect()?;
    let done = restore::run(
        &mut connection,
        &session.caller(args.how.dry_run),
        &selection,
    )?;
    misfits::tell(session, &done.misfits);
    present(&done, session, args.how.format, ("restored", "restore"))
}
