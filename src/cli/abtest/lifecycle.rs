//! `toolcat abtest start`, `pause`, `resume` and `cancel`.

use clap::Args;

use super::record;
use super::{CommandError, Outcome, Session};
use crate::operations::abtest::{self, TestRecord};
use crate::output::Format;
use crate::store::ab_tests::lifecycle::Change;

/// Change the state of a test.
#[derive(Debug, Args)]
pub struct ChangeArgs {
    /// Name of the test
    #[arg(value_name = "NAME")]
    name: String,

    /// Say what would change, and write nothing
    #[arg(long)]
    dry_run: bool,

    /// How to write the test
    #[arg(long, short = 'o', value_enum, value_name = "FORMAT")]
    format: Option<Format>,
}

pub fn run(
    args: &ChangeArgs,
    wanted: &Change,
    session: &mut Session,
) -> Result<Outcome, CommandError> {
    let mut connection = session.connect()?;
    let done = match wanted {
        Change::Start => "started",
        Change::Pause => "paused: no new unit is assigned; those assigned keep their arm",
        Change::Resume => "resumed",
        Change::Cancel => "cancelled: nothing was decided",
        Change::Split { .. } => "split",
    };
    let caller = session.caller(args.dry_run);
    let test = abtest::change(&mut connection, &caller, &args.name, wanted)?;
    let would = if args.dry_run {
        " (dry run: nothing was written)"
    } else {
        ""
    };
    session
        .ui
        .status(&format!("A/B test `{}` {done}{would}", args.name));
    if let Some(format) = args.format {
        record::write(session, &TestRecord::from(&test), format)?;
    }
    Ok(Outcome::Done)
}
