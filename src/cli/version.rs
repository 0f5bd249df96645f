//! `toolcat version`: which toolcat this is.

use clap::{Args, CommandFactory};

use super::{CommandError, Outcome, Session};

/// Print the version of toolcat, as `--version` does.
#[derive(Debug, Args)]
pub struct VersionArgs {}

pub fn run(_args: &VersionArgs, session: &mut Session) -> Result<Outcome, CommandError> {
    write!(
        session.ui.out(),
        "{}",
        super::Cli::command().render_version()
    )?;
    Ok(Outcome::Done)
}
