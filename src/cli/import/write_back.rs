//! `toolcat import --write-back`: the versions that an import made, into the files that they came from.

use std::path::Path;

use crate::operations::import::{self, Definitions, Imported, Rewritten};
use crate::output::text;

use super::source::SourceArgs;
use super::{CommandError, Session};
use crate::cli::ErrorKind;

/// Refuses what cannot be written back to.
///
/// # Errors
/// If no new versions are made, or definitions come from stdin.
pub fn check(source: &SourceArgs) -> Result<(), CommandError> {
    if !source.bumps() {
        let message = "--write-back writes the versions that --on-conflict bump makes";
        return Err(CommandError::invalid(message).hint("add --on-conflict bump"));
    }
    match source.reads_stdin() {
        true => Err(CommandError::invalid(
            "--write-back needs files: what comes from stdin cannot be changed",
        )),
        false => Ok(()),
    }
}

/// Says what would be written.
///
/// # Errors
/// If a version cannot be put into its file.
pub fn tell(
    session: &Session,
    source: &SourceArgs,
    definitions: &Definitions,
    imported: &Imported,
) -> Result<(), CommandError> {
    for it in import::write_back(definitions, imported, source.format())? {
        say(session, "would write", &it);
    }
    Ok(())
}

/// Writes the versions of an import that is done.
///
/// # Errors
/// If a file cannot be written, after all others.
pub fn write(
    session: &Session,
    source: &SourceArgs,
    definitions: &Definitions,
    imported: &Imported,
) -> Result<(), CommandError> {
    let by_hand = |error: CommandError| {
        CommandError::new(ErrorKind::NotWritten, error.message)
            .hint("give the definitions in the file their new versions by hand")
    };
    let files = import::write_back(definitions, imported, source.format());
    let mut failed = None;
    for it in files.map_err(|refusal| by_hand(refusal.into()))? {
        match super::super::files::write(Path::new(&it.file), &it.text) {
            Ok(()) => say(session, "wrote", &it),
            Err(error) => failed = failed.or(Some(by_hand(error))),
        }
    }
    failed.map_or(Ok(()), Err)
}

fn say(session: &Session, done: &str, rewritten: &Rewritten) {
    for (identity, version) in &rewritten.versions {
        let line = format!("{done} {identity} -> {version} into {}", rewritten.file);
        session.ui.status(&text::visible(&line));
    }
}
