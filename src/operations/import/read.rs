//! What is imported: definitions that were read and validated.

use std::collections::HashSet;
use std::sync::Arc;

use serde::Serialize;

use crate::definition::{Document, DocumentError, Pile};
use crate::format::{Collected, Format, Source};
use crate::operations::refusal::Flaw;
use crate::operations::{Backend, Kind, Refusal, Remedy, Stage};
use crate::validate::{self, Diagnostic, Options, Report, Severity, Valid};
use crate::words::counted;

/// From so many files on, asking what the catalog holds takes less time than validating that again.
const MANY: usize = 50;

/// A file that was not imported, or not as it is.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Refused {
    /// The file.
    pub file: String,
    /// `invalid`, `conflict` or `database`; `incomplete` if a definition of it was imported as
    /// `testing`.
    pub kind: &'static str,
    /// What is in the way.
    pub messages: Vec<String>,
}

/// Definitions to be imported.
#[derive(Debug, Default)]
pub struct Definitions {
    /// Those that can be imported.
    pub documents: Pile,
    /// The file of each.
    files: Vec<Arc<str>>,
    /// The files that cannot be imported.
    pub(super) refused: Vec<Refused>,
    /// The files with definitions that are imported as `testing`, since they are not complete.
    pub(super) incomplete: Vec<Refused>,
    /// What validation found.
    pub findings: Report,
    /// Files of folders that hold no definition, in a sentence for each kind.
    pub passed_over: Vec<String>,
}

/// Reads and validates files.
///
/// # Errors
/// [`Kind::Invalid`] if there is no room for what they say.
pub fn files(
    backend: &Backend,
    collected: &Collected,
    format: Option<Format>,
) -> Result<Definitions, Refusal> {
    let Collected { inputs, found } = collected;
    // What the catalog holds already was valid when it came there.
    let known = match inputs.len() < MANY {
        true => None,
        false => backend
            .connect_if_there()
            .and_then(|mut it| it.known().ok()),
    };
    let is_known = |document: &Document| known.as_ref().is_some_and(|it| it.holds(document));
    let progress = backend.progress();
    progress.begin(Stage::Reading, inputs.len() as u64);
    let read = validate::check_apart(inputs, &options(format), is_known, || progress.advance(1));
    let mut valid = read.map_err(no_room)?;
    progress.end();
    let passed_over = validate::pass_over(&mut valid.report, found).told;
    Ok(Definitions {
        passed_over,
        ..Definitions::new(valid)
    })
}

/// Reads and validates texts, each with the name that findings give it.
///
/// # Errors
/// As [`files`].
pub fn texts(sources: Vec<Source>, format: Option<Format>) -> Result<Definitions, Refusal> {
    let read = validate::check_sources_apart(sources, &options(format));
    Ok(Definitions::new(read.map_err(no_room)?))
}

fn no_room(error: DocumentError) -> Refusal {
    Refusal::new(Kind::Invalid, format!("nothing was imported: {error}"))
}

fn options(format: Option<Format>) -> Options {
    let mut options = Options::default();
    options.from = format;
    options.lenient = true;
    options.complete = true;
    options
}

impl Definitions {
    fn new(valid: Valid) -> Self {
        let Valid {
            report,
            definitions,
            files,
        } = valid;
        let mut made = Self {
            documents: definitions,
            files,
            ..Self::default()
        };
        for diagnostic in &report.diagnostics {
            let (list, kind) = match (diagnostic.severity, diagnostic.rule) {
                (Severity::Error, _) => (&mut made.refused, "invalid"),
                (_, "format/incomplete") => (&mut made.incomplete, "incomplete"),
                _ => continue,
            };
            let message = shown(diagnostic);
            // The findings of a file stand together.
            match list.last_mut() {
                Some(refused) if refused.file == diagnostic.file => refused.messages.push(message),
                _ => list.push(Refused {
                    file: diagnostic.file.clone(),
                    kind,
                    messages: vec![message],
                }),
            }
        }
        let bad: HashSet<&str> = made.refused.iter().map(|it| it.file.as_str()).collect();
        made.incomplete.retain(|it| !bad.contains(it.file.as_str()));
        made.findings = report;
        made
    }

    /// Why they cannot be imported without leaving something out, with every error.
    pub fn refusal(&self) -> Option<Refusal> {
        let errors = self.findings.count(Severity::Error);
        if errors == 0 {
            return None;
        }
        let message = format!(
            "{} in {}; nothing was imported",
            counted(errors, "error"),
            counted(self.findings.files, "file"),
        );
        Some(
            Refusal::new(Kind::Invalid, message)
                .flaws(Flaw::errors(&self.findings))
                .remedy(Remedy::ExplainRules),
        )
    }

    /// The file of the definition at that place.
    pub(super) fn file(&self, place: usize) -> &str {
        &self.files[place]
    }

    /// The names of the files, each once, in order.
    pub(super) fn file_names(&self) -> Vec<&str> {
        let mut names: Vec<&str> = self.files.iter().map(AsRef::as_ref).collect();
        names.dedup();
        names
    }

    /// For each definition the place of its file among [`file_names`](Self::file_names).
    pub(super) fn places(&self) -> Vec<usize> {
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

fn shown(diagnostic: &Diagnostic) -> String {
    format!(
        "{}:{}: {} [{}]",
        diagnostic.line, diagnostic.column, diagnostic.message, diagnostic.rule
    )
}
