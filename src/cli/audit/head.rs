//! `toolcat audit head`: the last hash of the log, to be kept elsewhere.

use clap::Args;

use crate::store::chain;

use super::{CommandError, Outcome, Session};

/// Print the last hash of the log, to be kept elsewhere
#[derive(Debug, Args)]
#[command(
    after_help = "Example:\n  toolcat audit head >> heads.txt && git commit -m heads heads.txt"
)]
pub struct HeadArgs {}

pub fn run(_: &HeadArgs, session: &mut Session) -> Result<Outcome, CommandError> {
    let mut connection = session.connect()?;
    let head = connection.read(chain::head)?;
    writeln!(session.ui.out(), "{head}")?;
    Ok(Outcome::Done)
}
