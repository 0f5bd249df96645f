//! What is imported: the arguments, and the definitions that they name.

use std::sync::Arc;

use clap::{Args, ValueEnum};
use serde::Serialize;

use crate::format::{self, Collected, Format};
use crate::output::text;
use crate::store::import::OnConflict;
use crate::store::tools::Filter;
use crate::validate::{self, Diagnostic, Options, Severity};

use super::{CommandError, Session};
use crate::definition::Document;

/// From so many files on, asking what the catalog holds takes less time than validating that again.
const MANY: usize = 50;

/// What to import, and how to treat what is there.
#[derive(Debug, Clone, Args)]
pub struct SourceArgs {
    /// Files, folders or globs to read; - is stdin
    #[arg(required = true, value_name = "PATH")]
    paths: Vec<String>,

    /// Pass over the files that this matches, as a line of .gitignore (can be repeated)
    #[arg(long, value_name = "GLOB")]
    exclude: Vec<String>,

    /// Format to read [default: found by itself]
    #[arg(long, value_name = "FORMAT")]
    from_format: Option<Format>,

    /// What to do with a definition that differs under a version that is there
    #[arg(long, value_enum, default_value_t, value_name = "WHAT")]
    on_conflict: ConflictArg,

    /// Retire the tools that the files no longer hold: switched off and deprecated
    #[arg(long)]
    prune: bool,

    /// Retire only tools with this platform, category, status, owner, tag or capability: platform=linux,tag=net
    #[arg(
        long,
        value_name = "KEY=VALUE,...",
        requires = "prune",
        value_delimiter = ','
    )]
    scope: Vec<String>,
}

#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, ValueEnum)]
enum ConflictArg {
    /// Import nothing
    #[default]
    Fail,
    /// Keep what the catalog has
    Skip,
    /// Change the version in place
    Update,
    /// Make it the next version
    Bump,
}

impl SourceArgs {
    /// The policy of the store.
    pub fn on_conflict(&self) -> OnConflict {
        match self.on_conflict {
            ConflictArg::Fail => OnConflict::Fail,
            ConflictArg::Skip => OnConflict::Skip,
            ConflictArg::Update => OnConflict::Update,
            ConflictArg::Bump => OnConflict::Bump,
        }
    }

    /// Among which tools those are retired that the files do not hold; `None` where none is.
    ///
    /// # Errors
    /// Where a scope is none.
    pub fn scope(&self) -> Result<Option<Filter>, CommandError> {
        if !self.prune {
            return Ok(None);
        }
        let mut filter = Filter::default();
        for part in &self.scope {
            let (key, value) = part.split_once('=').unwrap_or((part, ""));
            let list = match key.trim() {
                "platform" => &mut filter.platforms,
                "category" => &mut filter.categories,
                "owner" => &mut filter.owners,
                "tag" => &mut filter.tags,
                "status" => &mut filter.statuses,
                "capability" => &mut filter.capabilities,
                _ => {
                    return Err(CommandError::invalid(format!("`{part}` is no scope")).hint(
                        "a scope is KEY=VALUE with platform, category, owner, tag, status or capability",
                    ));
                }
            };
            if value.trim().is_empty() {
                return Err(CommandError::invalid(format!("`{part}` has no value")));
            }
            list.push(value.trim().to_owned());
        }
        Ok(Some(filter))
    }
}

/// A file that was not imported.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Refusal {
    /// The file.
    pub file: String,
    /// `invalid`, `conflict` or `database`; `incomplete` where a definition of it was imported as
    /// `testing`.
    pub kind: &'static str,
    /// What is in the way.
    pub messages: Vec<String>,
}

/// What was read.
#[derive(Debug, Default)]
pub struct Read {
    /// The definitions that can be imported.
    pub documents: Vec<Document>,
    /// The file of each.
    pub files: Vec<Arc<str>>,
    /// The files that cannot, where that does not stop everything.
    pub refusals: Vec<Refusal>,
    /// The files with definitions that are imported as `testing`, since they are not complete.
    pub incomplete: Vec<Refusal>,
}

impl Read {
    /// The names of the files, each once, in order.
    pub fn file_names(&self) -> Vec<&str> {
        let mut names: Vec<&str> = self.files.iter().map(AsRef::as_ref).collect();
        names.dedup();
        names
    }

    /// For each definition the place of its file among [`file_names`](Self::file_names).
    pub fn places(&self) -> Vec<usize> {
        let mut place = 0;
        let mut before: Option<&str> = None;
        self.files
            .iter()
            .map(|file| {
                if before.is_some_and(|before| before != file.as_ref()) {
                    place += 1;
                }
                before = Some(file);
                place
            })
            .collect()
    }
}

/// Reads and validates everything. What is not valid is shown and stops the import, or, with
/// `keep_going`, is left out file by file.
///
/// # Errors
/// Where nothing can be read or something is not valid.
pub fn read(
    args: &SourceArgs,
    keep_going: bool,
    session: &mut Session,
) -> Result<Read, CommandError> {
    let Collected { inputs, found } = format::collect_without(&args.paths, &args.exclude)
        .map_err(super::super::validate::input_error)?;
    let mut options = Options::default();
    options.from = args.from_format;
    options.lenient = true;
    options.complete = true;
    // What the catalog holds already was valid when it came there.
    let known = match inputs.len() < MANY {
        true => None,
        false => session
            .connect_if_there()
            .and_then(|mut it| it.known().ok()),
    };
    let mut report = validate::check_unless(&inputs, &options, |document| {
        known.as_ref().is_some_and(|known| known.holds(document))
    });
    for line in validate::pass_over(&mut report, &found).told {
        session.ui.status(&line);
    }
    let errors = report.count(Severity::Error);
    if errors > 0 && !keep_going {
        super::super::validate::show_errors(session, &report);
        return Err(CommandError::invalid(format!(
            "{} in {}; nothing was imported",
            text::counted(errors, "error"),
            text::counted(report.files, "file"),
        ))
        .hint("`toolcat validate --explain RULE` tells more about a rule"));
    }
    let mut read = Read::default();
    for diagnostic in &report.diagnostics {
        let (list, kind) = match (diagnostic.severity, diagnostic.rule) {
            (Severity::Error, _) => (&mut read.refusals, "invalid"),
            (_, "format/incomplete") => (&mut read.incomplete, "incomplete"),
            _ => continue,
        };
        let message = shown(diagnostic);
        // The findings of a file stand together.
        match list.last_mut() {
            Some(refusal) if refusal.file == diagnostic.file => refusal.messages.push(message),
            _ => list.push(Refusal {
                file: diagnostic.file.clone(),
                kind,
                messages: vec![message],
            }),
        }
    }
    say_left_out(session, &report.diagnostics);
    let bad: std::collections::HashSet<String> =
        read.refusals.iter().map(|it| it.file.clone()).collect();
    for loaded in report.documents {
        if !bad.contains(loaded.origin.file.as_ref()) {
            read.documents.push(loaded.document);
            read.files.push(loaded.origin.file);
        }
    }
    read.incomplete.retain(|it| !bad.contains(&it.file));
    Ok(read)
}

/// Says what of other formats is left out.
fn say_left_out(session: &Session, diagnostics: &[Diagnostic]) {
    const SHOWN: usize = 10;
    let left_out = || diagnostics.iter().filter(|it| it.rule == "format/left-out");
    for it in left_out().take(SHOWN) {
        session.ui.warn(&format!("{}:{}", it.file, shown(it)));
    }
    let more = left_out().count().saturating_sub(SHOWN);
    if more > 0 {
        session.ui.hint(&format!(
            "{} more; `toolcat validate` shows all that is left out",
            text::grouped(more)
        ));
    }
}

fn shown(diagnostic: &Diagnostic) -> String {
    format!(
        "{}:{}: {} [{}]",
        diagnostic.line, diagnostic.column, diagnostic.message, diagnostic.rule
    )
}
