//! `toolcat plan`: what an import would do.

use clap::Args;

use crate::operations::import;

use super::present::{self, SummaryFormat};
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
    #[arg(long, short = 'o', value_enum, default_value_t, value_name = "FORMAT")]
    format: SummaryFormat,
}

pub fn run(args: &PlanArgs, session: &mut Session) -> Result<Outcome, CommandError> {
    let backend = session.backend()?;
    let definitions = source::read(&args.source, false, session, &backend)?;
    let (request, caller) = (args.source.request()?, session.caller(true));
    let mut connection = backend.connect()?;
    let progress = backend.progress();
    let imported = import::run(&mut connection, &caller, &definitions, &request, progress)?;
    let plan = imported.plan(&definitions);
    present::plan(session, args.format, &plan, imported.stopped())?;
    Ok(match imported.differs() {
        true => Outcome::No,
        false => Outcome::Done,
    })
}
