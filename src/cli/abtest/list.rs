//! `toolcat abtest list`: the tests.

use clap::Args;

use super::record::TestRecord;
use super::{CommandError, Outcome, Session};
use crate::output::{Format, record};
use crate::store::ab_tests;

/// List the tests.
#[derive(Debug, Args)]
pub struct ListArgs {
    /// Only tests in that status: draft, active, completed, cancelled (can be repeated)
    #[arg(long, value_name = "STATUS", value_parser = ["draft", "active", "completed", "cancelled"])]
    status: Vec<String>,

    /// How to write the list
    #[arg(long, value_enum, default_value_t, value_name = "FORMAT")]
    format: Format,
}

pub fn run(args: &ListArgs, session: &mut Session) -> Result<Outcome, CommandError> {
    let mut connection = session.connect()?;
    let tests = connection.read(|connection| ab_tests::list(connection, &args.status))?;
    let records: Vec<TestRecord> = tests.iter().map(TestRecord::from).collect();
    if records.is_empty() && args.format.is_for_people() {
        session.ui.status("no A/B test");
        return Ok(Outcome::Done);
    }
    record::write_list(&mut session.ui, &records, args.format)?;
    Ok(Outcome::Done)
}
