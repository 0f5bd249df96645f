//! `toolcat import`: definitions into the catalog, all or nothing; and `toolcat plan`, which says
//! what an import would do.

pub mod plan;
mod present;
mod source;

use std::path::PathBuf;

use clap::Args;

use crate::output::text;
use crate::store::Act;
use crate::store::apply::Order;

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
        documents: &read.documents(),
        files: &read.files(),
        on_conflict: args.source.on_conflict(),
        keep_going: args.keep_going,
        prune: args.source.scope()?,
        retire: None,
    };
    if order.prune.is_some() && !args.dry_run {
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
        dry_run: args.dry_run,
        ..session.act()
    };
    let progress = session
        .ui
        .progress(order.documents.len() as u64, "importing");
    let carried = connection.write(&act, |connection| order.carry_out(connection, &act))?;
    progress.advance(order.documents.len() as u64);
    drop(progress);
    let refusals = refusals(&read, &carried);
    let refused = match carried.stopped {
        true => carried.conflicts.len(),
        false => refusals.len(),
    };
    let summary = Summary::new(&carried, refused, args.dry_run);
    if args.dry_run {
        present::plan(session, args.format, &carried, &read.definitions, &summary)?;
    }
    if carried.stopped {
        session.ui.finish()?;
        return Err(present::refusal(&carried, &read.definitions));
    }
    if !args.dry_run {
        present::summary(session, args.format, &summary)?;
    }
    if refusals.is_empty() {
        return Ok(Outcome::Done);
    }
    present::report(session, args.report.as_deref(), &refusals)?;
    Ok(Outcome::No)
}

/// Every file that was left out, and why.
fn refusals(read: &source::Read, carried: &crate::store::apply::Carried) -> Vec<Refusal> {
    let mut refusals = read.refusals.clone();
    for (index, changes) in &carried.conflicts {
        let definition = &read.definitions[*index];
        let message = present::conflict(definition, changes);
        match refusals.iter_mut().find(|it| it.file == definition.file) {
            Some(refusal) => refusal.messages.push(message),
            None => refusals.push(Refusal {
                file: definition.file.clone(),
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
