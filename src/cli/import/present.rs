//! What an import did or would do, for people and for programs.

use std::path::Path;

use crate::operations::import::{Impacts, PlanReport, Refused, Summary};
use crate::output::style::{BAD, GOOD, HINT, WARN};
use crate::output::{SummaryFormat, text};

use super::super::changes;
use super::{CommandError, Session};

/// The numbers in a sentence.
fn line(summary: &Summary) -> String {
    let done = if summary.dry_run {
        "would import"
    } else {
        "imported"
    };
    let all =
        summary.created + summary.updated + summary.bumped + summary.unchanged + summary.skipped;
    let mut line = format!(
        "{done} {}: {} created, {} updated, ",
        text::counted(all, "definition"),
        text::grouped(summary.created),
        text::grouped(summary.updated),
    );
    for (count, what) in [(summary.bumped, "bumped"), (summary.skipped, "skipped")] {
        if count > 0 {
            line.push_str(&format!("{} {what}, ", text::grouped(count)));
        }
    }
    line.push_str(&format!(
        "{} unchanged, {} refused",
        text::grouped(summary.unchanged),
        text::grouped(summary.refused)
    ));
    if summary.retired > 0 {
        line.push_str(&format!(", {} retired", text::grouped(summary.retired)));
    }
    line
}

/// Writes the numbers.
///
/// # Errors
/// If stdout cannot be written.
pub fn summary(
    session: &mut Session,
    format: SummaryFormat,
    summary: &Summary,
) -> Result<(), CommandError> {
    match format {
        SummaryFormat::Json => session.ui.json(summary)?,
        SummaryFormat::Text => {
            for it in summary.bumps.iter().take(SHOWN) {
                let step = format!("^ {} -> {}", it.tool, it.version);
                let step = session.ui.paint(HINT, &text::visible(&step));
                writeln!(session.ui.out(), "{step}")?;
            }
            if summary.bumps.len() > SHOWN {
                let more = text::grouped(summary.bumps.len() - SHOWN);
                writeln!(session.ui.out(), "and {more} more")?;
            }
            writeln!(session.ui.out(), "{}", line(summary))?;
        }
    }
    Ok(())
}

/// Writes a plan: every definition that differs, field by field, and the numbers, or that conflicts
/// would stop everything.
///
/// # Errors
/// If stdout cannot be written.
pub fn plan(
    session: &mut Session,
    format: SummaryFormat,
    plan: &PlanReport<'_>,
    stopped: bool,
) -> Result<(), CommandError> {
    if format == SummaryFormat::Json {
        return Ok(session.ui.json(plan)?);
    }
    session.ui.page();
    for it in &plan.steps {
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
    let line = match stopped {
        true => format!(
            "nothing would be imported: {} refused",
            text::grouped(plan.summary.refused)
        ),
        false => line(plan.summary),
    };
    writeln!(session.ui.out(), "{line}")?;
    Ok(())
}

/// How many refusals, and how many new versions, are told.
const SHOWN: usize = 100;

/// Writes the report on refused files: as JSON to a file, or as text to stderr.
///
/// # Errors
/// If the file cannot be written.
pub fn report(
    session: &mut Session,
    file: Option<&Path>,
    refusals: &[Refused],
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
    let all: usize = refusals.iter().map(|it| it.messages.len()).sum();
    let each =
        (refusals.iter()).flat_map(|it| it.messages.iter().map(move |said| (&it.file, said)));
    for (file, message) in each.take(SHOWN) {
        session
            .ui
            .warn(&format!("{}: {message}", text::visible(file)));
    }
    if all > SHOWN {
        let more = text::grouped(all - SHOWN);
        session
            .ui
            .hint(&format!("and {more} more; --report FILE keeps all"));
    }
    session.ui.status(&told(refusals));
    Ok(())
}

/// How many files were refused, and how many hold what is not complete.
fn told(refusals: &[Refused]) -> String {
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
/// If stdout cannot be written.
pub fn impact(
    session: &mut Session,
    format: SummaryFormat,
    impact: &Impacts,
) -> Result<(), CommandError> {
    let ui = &mut session.ui;
    if format == SummaryFormat::Json {
        return Ok(ui.json(impact)?);
    }
    writeln!(
        ui.out(),
        "{} of {} would be answered otherwise",
        text::grouped(impact.changed.len()),
        text::counted(impact.selections, "recorded request")
    )?;
    let none = || "no tool".to_owned();
    for it in &impact.changed {
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
