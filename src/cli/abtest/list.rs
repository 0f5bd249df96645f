//! `toolcat abtest list`: the tests.

use clap::Args;

use super::{CommandError, Outcome, Session};
use crate::operations::abtest;
use crate::output::{Format, record};

/// List the tests.
#[derive(Debug, Args)]
pub struct ListArgs {
    /// Only tests in that status: draft, active, completed, cancelled (can be repeated)
    #[arg(long, value_name = "STATUS", value_parser = ["draft", "active", "completed", "cancelled"])]
    status: Vec<String>,

    /// How to write the list
    #[arg(long, short = 'o', value_enum, default_value_t, value_name = "FORMAT")]
    format: Format,
}

pub fn run(args: &ListArgs, session: &mut Session) -> Result<Outcome, CommandError> {
    let mut connection = session.connect()?;
    let records = abtest::list(&mut connection, &args.status)?;
    if records.is_empty() && args.format.is_for_people() {
        session.ui.status("no A/B test");
        return Ok(Outcome::Done);
    }
    record::write_list(&mut session.ui, &records, args.format)?;
    Ok(Outcome::Done)
}
