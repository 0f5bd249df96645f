//! `toolcat abtest split`: another split, in a new phase.

use clap::Args;

use super::record;
use super::{CommandError, Outcome, Session, input};
use crate::operations::abtest::{self, TestRecord, shares};
use crate::output::Format;
use crate::report::figures;
use crate::store::ab_tests::lifecycle::Change;

/// Change the split, which starts a new phase.
///
/// A new phase has a new seed and an analysis of its own: records of different phases are never pooled, as
/// their mix of arms would depend on the time. The earlier phase can still be analysed, with --phase.
#[derive(Debug, Args)]
pub struct SplitArgs {
    /// Name of the test
    #[arg(value_name = "NAME")]
    name: String,

    /// Share of B, as 0.1, 10% or 90/10 (A/B)
    #[arg(value_name = "SPLIT", allow_hyphen_values = true)]
    split: String,

    /// Share of the traffic that takes part [default: as before]
    #[arg(long, value_name = "SHARE", value_parser = input::coverage)]
    coverage: Option<f64>,

    /// Say what would change, and write nothing
    #[arg(long)]
    dry_run: bool,

    /// How to write the test
    #[arg(long, short = 'o', value_enum, value_name = "FORMAT")]
    format: Option<Format>,
}

pub fn run(args: &SplitArgs, session: &mut Session) -> Result<Outcome, CommandError> {
    let traffic_split = input::option("SPLIT", &args.split, input::split, input::SPLIT_HINT)?;
    let mut connection = session.connect()?;
    let caller = session.caller(args.dry_run);
    let before = abtest::find(&mut connection, &args.name)?;
    let wanted = Change::Split {
        traffic_split,
        coverage: args.coverage.unwrap_or(before.coverage),
        seed: crate::outside::random_id().to_string(),
    };
    let test = abtest::change(&mut connection, &caller, &args.name, &wanted)?;
    let would = if args.dry_run {
        " (dry run: nothing was written)"
    } else {
        ""
    };
    session.ui.status(&format!(
        "A/B test `{}` splits {} in phase {}{would}",
        args.name,
        figures::split(shares(test.traffic_split)),
        test.phase
    ));
    if test.phase > before.phase {
        session.ui.hint(
            "the new phase is analysed alone; records of the earlier one are not pooled with it",
        );
    }
    if let Some(format) = args.format {
        record::write(session, &TestRecord::from(&test), format)?;
    }
    Ok(Outcome::Done)
}
