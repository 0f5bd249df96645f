//! `toolcat import`: definitions into the catalog, all or nothing.

use clap::{Args, ValueEnum};
use serde::Serialize;

use crate::definition::Document;
use crate::format::{self, Format};
use crate::output::text;
use crate::store::import::{self, Step};
use crate::validate::{self, Options, Severity};

use super::{CommandError, Outcome, Session};

/// Bring definitions into the catalog, all or nothing.
#[derive(Debug, Args)]
#[command(after_help = "Examples:\n  toolcat import examples/catalog\n  \
                        toolcat import --dry-run definitions/*.yaml\n  generate | toolcat import -")]
pub struct ImportArgs {
    /// Files, folders or globs to read; - is stdin
    #[arg(required = true, value_name = "PATH")]
    paths: Vec<String>,

    /// Format to read [default: found by itself]
    #[arg(long, value_name = "FORMAT")]
    from_format: Option<Format>,

    /// Say what would change, and write nothing
    #[arg(long)]
    dry_run: bool,

    /// How to write the summary
    #[arg(long, value_enum, default_value_t, value_name = "FORMAT")]
    format: SummaryFormat,
}

#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, ValueEnum)]
enum SummaryFormat {
    /// A sentence for people
    #[default]
    Text,
    /// One JSON document
    Json,
}

pub fn run(args: &ImportArgs, session: &mut Session) -> Result<Outcome, CommandError> {
    let documents = read(args, session)?;
    let mut connection = session.connect()?;
    let act = crate::store::Act {
        dry_run: args.dry_run,
        ..session.act()
    };
    let progress = session.ui.progress(documents.len() as u64, "importing");
    let (summary, conflicts) = connection.write(&act, |connection| {
        let plan = import::plan(connection, &documents)?;
        let conflicts = conflicts(&plan, &documents);
        let created = if conflicts.is_empty() {
            import::create(connection, &documents, &plan, &act.actor)?
        } else {
            0
        };
        let summary = Summary {
            created,
            updated: 0,
            unchanged: plan
                .steps
                .iter()
                .filter(|step| **step == Step::Unchanged)
                .count(),
            refused: conflicts.len(),
            dry_run: args.dry_run,
        };
        Ok((summary, conflicts))
    })?;
    progress.advance(documents.len() as u64);
    drop(progress);
    if !conflicts.is_empty() {
        return Err(refusal(&conflicts));
    }
    present(args, session, &summary)?;
    Ok(Outcome::Done)
}

/// What an import did.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
struct Summary {
    created: usize,
    updated: usize,
    unchanged: usize,
    refused: usize,
    dry_run: bool,
}

/// Reads and validates everything; what is not valid is shown, and nothing is imported.
fn read(args: &ImportArgs, session: &mut Session) -> Result<Vec<Document>, CommandError> {
    let inputs = format::collect(&args.paths).map_err(super::validate::input_error)?;
    let mut options = Options::default();
    options.from = args.from_format;
    options.lenient = true;
    let report = validate::check(&inputs, &options);
    let errors = report.count(Severity::Error);
    if errors > 0 {
        super::validate::show_errors(session, &report);
        return Err(CommandError::invalid(format!(
            "{} in {}; nothing was imported",
            text::counted(errors, "error"),
            text::counted(report.files, "file"),
        ))
        .hint("`toolcat validate --explain RULE` tells more about a rule"));
    }
    Ok(report.documents.into_iter().map(|it| it.document).collect())
}

/// The definitions that differ under a version that exists, with the fields that differ.
fn conflicts(plan: &import::Plan, documents: &[Document]) -> Vec<String> {
    plan.steps
        .iter()
        .zip(documents)
        .filter_map(|(step, document)| match step {
            Step::Conflict { changes, .. } => {
                let fields: Vec<&str> = changes.iter().map(|it| it.field.as_str()).collect();
                Some(format!("{}: {}", document.label(), fields.join(", ")))
            }
            _ => None,
        })
        .collect()
}

fn refusal(conflicts: &[String]) -> CommandError {
    const SHOWN: usize = 10;
    let mut message = format!(
        "{} under a version that is in the catalog already; nothing was imported",
        text::counted(conflicts.len(), "changed definition")
    );
    for conflict in conflicts.iter().take(SHOWN) {
        message.push_str("\n  ");
        message.push_str(conflict);
    }
    if conflicts.len() > SHOWN {
        message.push_str(&format!("\n  and {} more", conflicts.len() - SHOWN));
    }
    CommandError::conflict(message).hint("give the changed definition a new version")
}

fn present(
    args: &ImportArgs,
    session: &mut Session,
    summary: &Summary,
) -> Result<(), CommandError> {
    match args.format {
        SummaryFormat::Json => {
            let text = serde_json::to_string(summary).map_err(std::io::Error::from)?;
            writeln!(session.ui.out(), "{text}")?;
        }
        SummaryFormat::Text => {
            let done = if summary.dry_run {
                "would import"
            } else {
                "imported"
            };
            let line = format!(
                "{done} {}: {} created, {} updated, {} unchanged, {} refused",
                text::counted(
                    summary.created + summary.updated + summary.unchanged,
                    "definition"
                ),
                text::grouped(summary.created),
                text::grouped(summary.updated),
                text::grouped(summary.unchanged),
                text::grouped(summary.refused),
            );
            writeln!(session.ui.out(), "{line}")?;
        }
    }
    Ok(())
}
