//! What an import did or would do, for people and for programs.

use std::path::Path;

use clap::ValueEnum;
use serde::Serialize;
use serde_json::{Value, json};

use crate::definition::Document;
use crate::definition::diff::Change;
use crate::output::style::{BAD, GOOD, HINT, WARN};
use crate::output::text;
use crate::store::apply::Carried;
use crate::store::impact::Impact;
use crate::store::import::Step;

use super::super::changes;
use super::source::Refusal;
use super::{CommandError, Session};

/// How a summary is written.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, ValueEnum)]
pub enum SummaryFormat {
    /// Sentences for people
    #[default]
    Text,
    /// One JSON document
    Json,
}

/// What an import did, in numbers.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize)]
pub struct Summary {
    created: usize,
    updated: usize,
    bumped: usize,
    unchanged: usize,
    skipped: usize,
    retired: usize,
    refused: usize,
    revision: i64,
    dry_run: bool,
}

impl Summary {
    /// Counts what was done; `refused` are files, or definitions where conflicts stop everything.
    pub fn new(carried: &Carried, refused: usize, dry_run: bool) -> Self {
        let mut summary = Self {
            retired: carried.retired.len(),
            refused,
            revision: carried.revision,
            dry_run,
            ..Self::default()
        };
        for (_, step) in &carried.steps {
            match step {
                Step::Create { .. } => summary.created += 1,
                Step::Unchanged => summary.unchanged += 1,
                Step::Skip { .. } => summary.skipped += 1,
                Step::Update { .. } => summary.updated += 1,
                Step::Bump { .. } => summary.bumped += 1,
                Step::Conflict { .. } => {}
            }
        }
        summary
    }

    fn line(&self) -> String {
        let done = if self.dry_run {
            "would import"
        } else {
            "imported"
        };
        let all = self.created + self.updated + self.bumped + self.unchanged + self.skipped;
        let mut line = format!(
            "{done} {}: {} created, {} updated, ",
            text::counted(all, "definition"),
            text::grouped(self.created),
            text::grouped(self.updated),
        );
        for (count, what) in [(self.bumped, "bumped"), (self.skipped, "skipped")] {
            if count > 0 {
                line.push_str(&format!("{} {what}, ", text::grouped(count)));
            }
        }
        line.push_str(&format!(
            "{} unchanged, {} refused",
            text::grouped(self.unchanged),
            text::grouped(self.refused)
        ));
        if self.retired > 0 {
            line.push_str(&format!(", {} retired", text::grouped(self.retired)));
        }
        line
    }
}

/// Writes the numbers.
///
/// # Errors
/// Where stdout cannot be written.
pub fn summary(
    session: &mut Session,
    format: SummaryFormat,
    summary: &Summary,
) -> Result<(), CommandError> {
    match format {
        SummaryFormat::Json => {
            let text = serde_json::to_string(summary).map_err(std::io::Error::from)?;
            writeln!(session.ui.out(), "{text}")?;
        }
        SummaryFormat::Text => writeln!(session.ui.out(), "{}", summary.line())?,
    }
    Ok(())
}

/// One line of a plan.
#[derive(Debug, Serialize)]
struct Planned<'a> {
    tool: String,
    step: &'static str,
    /// The version that is made, where it is not that of the definition.
    version: Option<&'a str>,
    latest: Option<bool>,
    changes: &'a [Change],
}

fn planned<'a>(carried: &'a Carried, documents: &[Document]) -> Vec<Planned<'a>> {
    let label = |index: usize| documents[index].label();
    let mut all: Vec<(usize, Planned<'a>)> = Vec::new();
    for (index, step) in &carried.steps {
        let (name, version, latest, changes): (_, Option<&str>, Option<bool>, &[Change]) =
            match step {
                Step::Create { latest } => ("create", None, Some(*latest), &[]),
                Step::Update { changes, .. } => ("update", None, None, changes),
                Step::Bump {
                    version,
                    latest,
                    changes,
                } => ("bump", Some(version.as_str()), Some(*latest), changes),
                Step::Skip { changes } => ("skip", None, None, changes),
                Step::Unchanged | Step::Conflict { .. } => continue,
            };
        all.push((
            *index,
            Planned {
                tool: label(*index),
                step: name,
                version,
                latest,
                changes,
            },
        ));
    }
    for (index, changes) in &carried.conflicts {
        all.push((
            *index,
            Planned {
                tool: label(*index),
                step: "conflict",
                version: None,
                latest: None,
                changes,
            },
        ));
    }
    all.sort_by_key(|(index, _)| *index);
    let retired = carried.retired.iter().map(|tool| Planned {
        tool: tool.identity().to_string(),
        step: "retire",
        version: None,
        latest: None,
        changes: &[],
    });
    all.into_iter().map(|(_, it)| it).chain(retired).collect()
}

/// Writes a plan: every definition that differs, field by field, and the numbers.
///
/// # Errors
/// Where stdout cannot be written.
pub fn plan(
    session: &mut Session,
    format: SummaryFormat,
    carried: &Carried,
    documents: &[Document],
    summary: &Summary,
) -> Result<(), CommandError> {
    let planned = planned(carried, documents);
    if format == SummaryFormat::Json {
        let Value::Object(mut fields) =
            serde_json::to_value(summary).map_err(std::io::Error::from)?
        else {
            return Ok(());
        };
        fields.insert("steps".to_owned(), json!(planned));
        writeln!(session.ui.out(), "{}", Value::Object(fields))?;
        return Ok(());
    }
    for it in &planned {
        let tool = text::visible(&it.tool).into_owned();
        let line = match it.step {
            "create" => session.ui.paint(GOOD, &format!("+ {tool}")),
            "update" => session.ui.paint(HINT, &format!("~ {tool}")),
            "bump" => {
                let version = text::visible(it.version.unwrap_or_default());
                session.ui.paint(HINT, &format!("^ {tool} -> {version}"))
            }
            "skip" => format!("= {tool} (kept as it is in the catalog)"),
            "retire" => session.ui.paint(BAD, &format!("- {tool} (retire)")),
            _ => session.ui.paint(WARN, &format!("! {tool} (conflict)")),
        };
        let line = match it.latest {
            Some(false) => format!("{line} (not the latest)"),
            _ => line,
        };
        writeln!(session.ui.out(), "{line}")?;
        changes::write(&mut session.ui, it.changes)?;
    }
    writeln!(session.ui.out(), "{}", summary.line())?;
    Ok(())
}

/// The error for definitions that differ under a version that exists.
pub fn refusal(carried: &Carried, documents: &[Document]) -> CommandError {
    const SHOWN: usize = 10;
    let mut message = format!(
        "{} under a version that is in the catalog already; nothing was imported",
        text::counted(carried.conflicts.len(), "changed definition")
    );
    for (index, changes) in carried.conflicts.iter().take(SHOWN) {
        message.push_str(&format!("\n  {}", conflict(&documents[*index], changes)));
    }
    if carried.conflicts.len() > SHOWN {
        message.push_str(&format!("\n  and {} more", carried.conflicts.len() - SHOWN));
    }
    CommandError::conflict(message).hint(
        "give the changed definition a new version, or say --on-conflict skip, update or bump",
    )
}

/// A definition that differs, with its fields.
pub fn conflict(document: &Document, changes: &[Change]) -> String {
    let fields: Vec<&str> = changes.iter().map(|it| it.field.as_str()).collect();
    format!("{}: {}", document.label(), fields.join(", "))
}

/// Writes the report on refused files: as JSON to a file, or as text to stderr.
///
/// # Errors
/// Where the file cannot be written.
pub fn report(
    session: &mut Session,
    file: Option<&Path>,
    refusals: &[Refusal],
) -> Result<(), CommandError> {
    session.ui.finish()?;
    if let Some(path) = file {
        let mut text = serde_json::to_string_pretty(refusals).map_err(std::io::Error::from)?;
        text.push('\n');
        if path.as_os_str() == "-" {
            write!(session.ui.out(), "{text}")?;
        } else {
            super::super::files::write(path, &text)?;
            session
                .ui
                .status(&format!("{}; see {}", told(refusals), path.display()));
        }
        return Ok(());
    }
    for refusal in refusals {
        for message in &refusal.messages {
            session.ui.warn(&format!("{}: {message}", refusal.file));
        }
    }
    session.ui.status(&told(refusals));
    Ok(())
}

/// How many files were refused, and how many hold what is not complete.
fn told(refusals: &[Refusal]) -> String {
    let incomplete = refusals.iter().filter(|it| it.kind == "incomplete").count();
    let refused = refusals.len() - incomplete;
    let mut parts = Vec::new();
    if refused > 0 {
        parts.push(format!("{} refused", text::counted(refused, "file")));
    }
    if incomplete > 0 {
        parts.push(format!(
            "{} imported as `testing`, to be completed",
            text::counted(incomplete, "file")
        ));
    }
    parts.join(", ")
}

/// Whose recorded selection the import would change.
///
/// # Errors
/// Where stdout cannot be written.
pub fn impact(
    session: &mut Session,
    format: SummaryFormat,
    watched: usize,
    changed: &[Impact],
) -> Result<(), CommandError> {
    let ui = &mut session.ui;
    if format == SummaryFormat::Json {
        let whole = json!({ "selections": watched, "changed": changed });
        writeln!(ui.out(), "{whole}")?;
        return Ok(());
    }
    writeln!(
        ui.out(),
        "{} of {} would be answered otherwise",
        text::grouped(changed.len()),
        text::counted(watched, "recorded request")
    )?;
    let none = || "no tool".to_owned();
    for it in changed {
        let line = format!(
            "  {} (selection {}): {} -> {}",
            it.request,
            it.selection,
            it.before.clone().unwrap_or_else(none),
            it.after.clone().unwrap_or_else(none)
        );
        writeln!(ui.out(), "{}", text::visible(&line))?;
    }
    Ok(())
}
