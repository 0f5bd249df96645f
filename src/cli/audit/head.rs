//! `toolcat audit head`: the last hash of the log, to be kept elsewhere.

use clap::Args;

use crate::operations::audit;

use super::{CommandError, Outcome, Session};

/// Print the last hash of the log, to be kept elsewhere
#[derive(Debug, Args)]
#[command(
    after_help = "Example:\n  toolcat audit head >> heads.txt && git commit -m heads heads.txt"
)]
pub struct HeadArgs {}

pub fn run(_: &HeadArgs, session: &mut Session) -> Result<Outcome, CommandError> {
    let head = audit::head(&mut session.connect()?)?;
    writeln!(session.ui.out(), "{head}")?;
    Ok(Outcome::Done)
}
