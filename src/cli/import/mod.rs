//! `toolcat import`: definitions into the catalog, all or nothing; and `toolcat plan`, which says
//! what an import would do.

pub mod plan;
mod present;
mod source;

use std::path::PathBuf;

use chrono::{DateTime, TimeDelta, Utc};
use clap::Args;

use crate::output::text;
use crate::store::apply::Order;
use crate::store::impact::Watched;
use crate::store::{Act, StoreError};

use super::selection::confirmed;
use super::{CommandError, Outcome, Session};
use present::{Summary, SummaryFormat};
use source::{Refusal, SourceArgs};

/// Bring definitions into the catalog, all or nothing
#[derive(Debug, Args)]
#[command(after_help = "Examples:\n  toolcat import examples/catalog\n  \
                        toolcat import --dry-run definitions/*.yaml\n  \
                        toolcat import --on-conflict bump definitions/\n  \
                        toolcat import --on-conflict update --prune --scope platform=linux linux/\n  \
                        generate | toolcat import -")]
pub struct ImportArgs {
    #[command(flatten)]
    source: SourceArgs,

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
    #[arg(long, value_enum, default_value_t, value_name = "FORMAT")]
    format: SummaryFormat,
}

pub fn run(args: &ImportArgs, session: &mut Session) -> Result<Outcome, CommandError> {
    let read = source::read(&args.source, args.keep_going, session)?;
    let mut connection = session.connect()?;
    let mut order = Order {
        documents: &read.documents,
        files: &read.places(),
        on_conflict: args.source.on_conflict(),
        keep_going: args.keep_going,
        prune: args.source.scope()?,
        retire: None,
    };
    let dry_run = args.dry_run || args.impact.is_some();
    if order.prune.is_some() && !dry_run {
        let retiring = connection.snapshot(|connection| order.retiring(connection))?;
        if !retiring.is_empty() {
            session.ui.status("these tools are no longer held:");
            for tool in &retiring {
                session.ui.status(&format!("  - {}", tool.identity()));
            }
            let question = format!("Retire {}?", text::counted(retiring.len(), "tool"));
            if !confirmed(session, args.yes, &question)? {
                return Ok(Outcome::No);
            }
        }
        // Only what was agreed to is retired.
        order.retire = Some(retiring.iter().map(|it| it.id).collect());
    }
    let act = Act {
        dry_run,
        ..session.act()
    };
    let progress = session
        .ui
        .progress(order.documents.len() as u64, "importing");
    let (carried, impact) = connection.write(&act, |connection| -> Result<_, StoreError> {
        let watched = match args.impact {
            Some(days) => Some(Watched::since(connection, days_ago(days))?),
            None => None,
        };
        let carried = order.carry_out(connection, &act)?;
        let impact = match &watched {
            Some(watched) => Some((watched.len(), watched.changed(connection)?)),
            None => None,
        };
        Ok((carried, impact))
    })?;
    progress.advance(order.documents.len() as u64);
    drop(progress);
    let mut refusals = refusals(&read, &carried);
    let refused = match carried.stopped {
        true => carried.conflicts.len(),
        false => refusals.len(),
    };
    let summary = Summary::new(&carried, refused, dry_run);
    if let (Some((watched, changed)), false) = (&impact, carried.stopped) {
        present::impact(session, args.format, *watched, changed)?;
        return Ok(Outcome::Done);
    }
    if dry_run {
        present::plan(session, args.format, &carried, &read.documents, &summary)?;
    }
    if carried.stopped {
        session.ui.finish()?;
        return Err(present::refusal(&carried, &read.documents));
    }
    if !dry_run {
        present::summary(session, args.format, &summary)?;
    }
    let outcome = match refusals.is_empty() {
        true => Outcome::Done,
        false => Outcome::No,
    };
    refusals.extend(read.incomplete);
    if !refusals.is_empty() {
        present::report(session, args.report.as_deref(), &refusals)?;
    }
    Ok(outcome)
}

fn days_ago(days: u32) -> DateTime<Utc> {
    Utc::now() - TimeDelta::days(i64::from(days))
}

/// Every file that was left out, and why.
fn refusals(read: &source::Read, carried: &crate::store::apply::Carried) -> Vec<Refusal> {
    let mut refusals = read.refusals.clone();
    for (index, changes) in &carried.conflicts {
        let file = read.files[*index].as_ref();
        let message = present::conflict(&read.documents[*index], changes);
        match refusals.iter_mut().find(|it| it.file == file) {
            Some(refusal) => refusal.messages.push(message),
            None => refusals.push(Refusal {
                file: file.to_owned(),
                kind: "conflict",
                messages: vec![message],
            }),
        }
    }
    let names = read.file_names();
    refusals.extend(carried.failures.iter().map(|(file, message)| {
        Refusal {
            file: names
                .get(*file)
                .map(|it| (*it).to_owned())
                .unwrap_or_default(),
            kind: "database",
            messages: vec![message.clone()],
        }
    }));
    refusals
}
