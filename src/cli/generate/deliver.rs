//! What becomes of a new definition: a file, an import, or both.

use std::path::{Path, PathBuf};

use crate::definition::Document;
use crate::format::{Format, Source};
use crate::operations::{Silent, import};
use crate::output::text;

use super::super::{CommandError, Session, files};
use super::GenerateArgs;

/// As the flags say; to stdout where they say nothing.
pub fn by_flags(
    args: &GenerateArgs,
    session: &mut Session,
    yaml: &str,
) -> Result<(), CommandError> {
    match &args.output {
        Some(path) if path.as_os_str() == "-" => print(session, yaml)?,
        Some(path) => save(session, path, yaml, args.force, args.dry_run)?,
        None if args.import => {}
        None => print(session, yaml)?,
    }
    if args.import {
        add(session, yaml, args.dry_run)?;
    }
    Ok(())
}

fn print(session: &mut Session, yaml: &str) -> Result<(), CommandError> {
    session.ui.out().write_all(yaml.as_bytes())?;
    Ok(())
}

/// A file for a definition in the working folder; its name stays in that folder whatever the tool
/// is called.
pub fn usual_path(document: &Document) -> PathBuf {
    let name = document
        .fields()
        .get("tool_name")
        .and_then(|it| it.as_str())
        .unwrap_or("tool");
    let safe: String = name
        .chars()
        .map(|c| match c {
            c if c.is_alphanumeric() || "-_+.@".contains(c) => c,
            _ => '_',
        })
        .collect();
    let safe = safe.trim_start_matches('.');
    PathBuf::from(format!(
        "{}.yaml",
        if safe.is_empty() { "tool" } else { safe }
    ))
}

/// Writes a file, whole or not at all.
pub fn save(
    session: &mut Session,
    path: &Path,
    yaml: &str,
    replace: bool,
    dry_run: bool,
) -> Result<(), CommandError> {
    if !replace {
        files::refuse_to_replace(path)?;
    }
    if dry_run {
        session
            .ui
            .status(&format!("would write {}", path.display()));
        return Ok(());
    }
    files::write(path, yaml)?;
    session.ui.status(&format!("wrote {}", path.display()));
    Ok(())
}

/// Imports the definitions, all or nothing.
pub fn add(session: &mut Session, yaml: &str, dry_run: bool) -> Result<(), CommandError> {
    let source = Source::new("the definition", yaml);
    let definitions = import::texts(vec![source], Some(Format::Yaml))?;
    let imported = import::run(
        &mut session.connect()?,
        &session.caller(dry_run),
        &definitions,
        &import::Request::default(),
        &Silent,
    )?;
    let plan = imported.plan(&definitions);
    if let Some(conflict) = plan.steps.iter().find(|it| it.step == "conflict") {
        let message = format!(
            "{} is in the catalog already and differs; nothing was imported",
            conflict.tool
        );
        let error = CommandError::conflict(message);
        return Err(error.hint("give it another version, as in --set version=1.1"));
    }
    let done = if dry_run { "would import" } else { "imported" };
    let note = match plan.summary.unchanged {
        0 => String::new(),
        count => format!(" ({count} unchanged)"),
    };
    session.ui.status(&format!(
        "{done} {}{note}",
        text::counted(plan.summary.created, "definition")
    ));
    Ok(())
}
