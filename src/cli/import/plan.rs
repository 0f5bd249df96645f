//! `toolcat plan`: what an import would do.

use clap::Args;

use crate::operations::import::{self, Imported};
use crate::output::SummaryFormat;

use super::present;
use super::source::{self, SourceArgs};
use super::{CommandError, Outcome, Session};

/// Show what an import would change, field by field
#[derive(Debug, Args)]
#[command(
    after_help = "Exit codes: 0 the import would succeed, 1 something would be refused, 2 wrong use or files that are \
                  not valid, 3 no database.\n\
                  With --detailed-exitcode: 0 nothing to change, 1 an error or something would be refused, 2 the \
                  import would change the catalog.\n\nExamples:\n  \
                        toolcat plan definitions/\n  \
                        toolcat plan --on-conflict bump --detailed-exitcode definitions/\n  \
                        toolcat plan --on-conflict update --prune definitions/ --format json"
)]
pub struct PlanArgs {
    #[command(flatten)]
    source: SourceArgs,

    /// Exit with 0 for nothing to change, 1 for an error, 2 for changes, as terraform does
    #[arg(long)]
    detailed_exitcode: bool,

    /// How to write the plan
    #[arg(long, short = 'o', value_enum, default_value_t, value_name = "FORMAT")]
    format: SummaryFormat,
}

pub fn run(args: &PlanArgs, session: &mut Session) -> Result<Outcome, CommandError> {
    match (shown(args, session), args.detailed_exitcode) {
        (Ok(imported), true) => Ok(detailed(&imported)),
        (Ok(imported), false) if imported.stopped() => Ok(Outcome::No),
        (Ok(_), false) => Ok(Outcome::Done),
        (Err(error), true) if error.kind.exit_code() != 0 => {
            session.tell(&error);
            Ok(Outcome::Code(1))
        }
        (Err(error), _) => Err(error),
    }
}

/// The exit code as terraform has it.
fn detailed(imported: &Imported) -> Outcome {
    let summary = &imported.summary;
    let changes = summary.created + summary.updated + summary.bumped + summary.retired;
    match (imported.stopped(), changes) {
        (true, _) => Outcome::Code(1),
        (false, 0) => Outcome::Done,
        (false, _) => Outcome::Code(2),
    }
}

fn shown(args: &PlanArgs, session: &mut Session) -> Result<Imported, CommandError> {
    let backend = session.backend()?;
    let definitions = source::read(&args.source, false, session, &backend)?;
    let (request, caller) = (args.source.request()?, session.caller(true));
    let mut connection = backend.connect()?;
    let progress = backend.progress();
    let imported = import::run(&mut connection, &caller, &definitions, &request, progress)?;
    let plan = imported.plan(&definitions);
    present::plan(session, args.format, &plan, imported.stopped())?;
    Ok(imported)
}
