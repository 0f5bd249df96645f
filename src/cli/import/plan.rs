//! `toolcat plan`: what an import would do.

use clap::Args;

use crate::store::Act;
use crate::store::apply::Order;

use super::present::{self, Summary, SummaryFormat};
use super::source::{self, SourceArgs};
use super::{CommandError, Outcome, Session};

/// Show what an import would change, field by field
#[derive(Debug, Args)]
#[command(
    after_help = "Exits with 1 where there are differences.\n\nExamples:\n  \
                        toolcat plan definitions/\n  \
                        toolcat plan --on-conflict update --prune definitions/ --format json"
)]
pub struct PlanArgs {
    #[command(flatten)]
    source: SourceArgs,

    /// How to write the plan
    #[arg(long, value_enum, default_value_t, value_name = "FORMAT")]
    format: SummaryFormat,
}

pub fn run(args: &PlanArgs, session: &mut Session) -> Result<Outcome, CommandError> {
    let read = source::read(&args.source, false, session)?;
    let mut connection = session.connect()?;
    let order = Order {
        documents: &read.documents,
        files: &read.places(),
        on_conflict: args.source.on_conflict(),
        keep_going: false,
        prune: args.source.scope()?,
        retire: None,
    };
    let act = Act {
        dry_run: true,
        ..session.act()
    };
    let carried = connection.write(&act, |connection| order.carry_out(connection, &act))?;
    let summary = Summary::new(&carried, carried.conflicts.len(), true);
    present::plan(session, args.format, &carried, &read.documents, &summary)?;
    Ok(if carried.differs() {
        Outcome::No
    } else {
        Outcome::Done
    })
}
