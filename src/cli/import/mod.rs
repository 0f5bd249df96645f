//! `toolcat import`: definitions into the catalog, all or nothing; and `toolcat plan`, which says
//! what an import would do.

pub mod plan;
mod present;
mod source;
mod write_back;

use std::path::PathBuf;

use chrono::{DateTime, TimeDelta, Utc};
use clap::Args;

use crate::operations::import::{self, Imported, Request};
use crate::output::{SummaryFormat, text};
use crate::outside;
use crate::store::tools::Handle;

use super::selection::confirmed;
use super::{CommandError, Outcome, Session};
use source::SourceArgs;

/// Bring definitions into the catalog, all or nothing
#[derive(Debug, Args)]
#[command(
    after_help = "Examples:\n  toolcat import --starter\n  toolcat import examples/catalog\n  \
                        toolcat import --dry-run definitions/*.yaml\n  \
                        toolcat import --on-conflict bump --write-back definitions/\n  \
                        toolcat import --on-conflict update --prune --scope platform=linux linux/\n  \
                        generate | toolcat import -"
)]
pub struct ImportArgs {
    #[command(flatten)]
    source: SourceArgs,

    /// Put the versions that --on-conflict bump makes into the files that the definitions came from
    #[arg(long, conflicts_with_all = ["starter", "impact"])]
    write_back: bool,

    /// Import the files that can be imported, and report the others
    #[arg(long)]
    keep_going: bool,

    /// File for the report on refused files, as JSON [default: stderr]
    #[arg(long, value_name = "FILE", requires = "keep_going")]
    report: Option<PathBuf>,

    /// Say what would change, and write nothing
    #[arg(long)]
    dry_run: bool,

    /// Say whose recorded selection would be answered otherwise, and write nothing; looks at the
    /// selections of the last DAYS [default: 30]
    #[arg(long, value_name = "DAYS", num_args = 0..=1, require_equals = true, default_missing_value = "30",
          value_parser = clap::value_parser!(u32).range(1..=36_500))]
    impact: Option<u32>,

    /// Do not ask before tools are retired
    #[arg(long, short)]
    yes: bool,

    /// How to write the summary
    #[arg(long, short = 'o', value_enum, default_value_t, value_name = "FORMAT")]
    format: SummaryFormat,
}

pub fn run(args: &ImportArgs, session: &mut Session) -> Result<Outcome, CommandError> {
    if args.write_back {
        write_back::check(&args.source)?;
    }
    let backend = session.backend()?;
    let definitions = source::read(&args.source, args.keep_going, session, &backend)?;
    let mut connection = backend.connect()?;
    let mut request = Request {
        keep_going: args.keep_going,
        impact: args.impact.map(days_ago),
        ..args.source.request()?
    };
    let dry_run = args.dry_run || args.impact.is_some();
    if request.prune.is_some() && !dry_run {
        let retiring = import::retiring(&mut connection, &definitions, &request)?;
        if !may_retire(args, session, &retiring)? {
            return Ok(Outcome::No);
        }
        // Only what was agreed to is retired.
        request.agreed = Some(retiring.iter().map(|it| it.id).collect());
    }
    let (caller, progress) = (session.caller(dry_run), backend.progress());
    if args.write_back && !dry_run {
        // What cannot be written back is known before anything is imported.
        let trial = session.caller(true);
        let trial = import::run(&mut connection, &trial, &definitions, &request, progress)?;
        import::write_back(&definitions, &trial, args.source.format())?;
    }
    let imported = import::run(&mut connection, &caller, &definitions, &request, progress)?;
    if let (Some(impact), false) = (&imported.impact, imported.stopped()) {
        present::impact(session, args.format, impact)?;
        return Ok(Outcome::Done);
    }
    if dry_run {
        let plan = imported.plan(&definitions);
        present::plan(session, args.format, &plan, imported.stopped())?;
    }
    session.ui.finish()?;
    let imported = imported.accepted(&definitions)?;
    if !dry_run {
        present::summary(session, args.format, &imported.summary)?;
        #[cfg(feature = "encoder")]
        super::encoder::read_imported(session);
    }
    match (args.write_back, dry_run) {
        (true, true) => write_back::tell(session, &args.source, &definitions, &imported)?,
        (true, false) => write_back::write(session, &args.source, &definitions, &imported)?,
        (false, _) => {}
    }
    left_out(args, session, imported)
}

/// Reports what was left out, or is to be completed.
fn left_out(
    args: &ImportArgs,
    session: &mut Session,
    imported: Imported,
) -> Result<Outcome, CommandError> {
    let outcome = match imported.refused.is_empty() {
        true => Outcome::Done,
        false => Outcome::No,
    };
    let (mut left_out, incomplete) = (imported.refused, imported.incomplete);
    left_out.extend(incomplete);
    if !left_out.is_empty() {
        present::report(session, args.report.as_deref(), &left_out)?;
    }
    Ok(outcome)
}

/// Whether those tools may be retired: nobody has to be asked, or the user says so.
fn may_retire(
    args: &ImportArgs,
    session: &mut Session,
    retiring: &[Handle],
) -> Result<bool, CommandError> {
    if retiring.is_empty() {
        return Ok(true);
    }
    session.ui.status("these tools are no longer held:");
    for tool in retiring {
        session.ui.status(&format!("  - {}", tool.identity()));
    }
    let question = format!("Retire {}?", text::counted(retiring.len(), "tool"));
    confirmed(session, args.yes, &question)
}

fn days_ago(days: u32) -> DateTime<Utc> {
    outside::now() - TimeDelta::days(i64::from(days))
}
