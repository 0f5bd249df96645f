//! `toolcat abtest show`: one test.

use clap::Args;

use super::record;
use super::{CommandError, Outcome, Session};
use crate::operations::abtest::{self, TestRecord};
use crate::output::Format;

/// Show one test.
#[derive(Debug, Args)]
pub struct ShowArgs {
    /// Name of the test
    #[arg(value_name = "NAME")]
    name: String,

    /// How to write it
    #[arg(long, short = 'o', value_enum, default_value_t, value_name = "FORMAT")]
    format: Format,
}

pub fn run(args: &ShowArgs, session: &mut Session) -> Result<Outcome, CommandError> {
    let mut connection = session.connect()?;
    let test = abtest::find(&mut connection, &args.name)?;
    record::write(session, &TestRecord::from(&test), args.format)?;
    Ok(Outcome::Done)
}
