//! What a validation found, and the valid definitions beside it.

use std::collections::{HashMap, HashSet};
use std::sync::Arc;

use crate::definition::{DocumentError, Packed, Pile};
use crate::format::Loaded;

use super::{Diagnostic, Options, Severity};

/// What a validation found.
#[derive(Debug, Clone, Default)]
pub struct Report {
    /// Every finding: files in the order given, then by place.
    pub diagnostics: Vec<Diagnostic>,
    /// Every definition that could be read, in the same order. Those with errors are among them.
    pub documents: Vec<Loaded>,
    /// How many files were looked at.
    pub files: usize,
    /// How many definitions could be read.
    pub definitions: usize,
    /// Files with documents of which none can be meant as a definition, and the number of these.
    pub(super) strange: HashMap<String, usize>,
}

impl Report {
    /// How many findings have a severity.
    pub fn count(&self, severity: Severity) -> usize {
        self.diagnostics
            .iter()
            .filter(|it| it.severity == severity)
            .count()
    }

    /// Whether any finding makes validation fail.
    pub fn fails(&self, options: &Options) -> bool {
        self.diagnostics.iter().any(|it| options.fails(it))
    }

    /// Whether a file could not be read at all.
    pub fn unreadable(&self) -> bool {
        self.diagnostics
            .iter()
            .any(|it| matches!(it.rule, "input/unreadable" | "input/too-large"))
    }

    /// Adds findings of other checks, such as those against a database, in their place.
    pub fn add(&mut self, diagnostics: impl IntoIterator<Item = Diagnostic>) {
        let mut files: HashMap<String, usize> = HashMap::new();
        for name in self
            .documents
            .iter()
            .map(|it| it.origin.file.as_ref())
            .chain(self.diagnostics.iter().map(|it| it.file.as_str()))
        {
            let next = files.len();
            files.entry(name.to_owned()).or_insert(next);
        }
        self.diagnostics.extend(diagnostics);
        let order = |it: &Diagnostic| files.get(&it.file).copied().unwrap_or(usize::MAX);
        self.diagnostics
            .sort_by(|a, b| (order(a), a.place()).cmp(&(order(b), b.place())));
    }
}

/// Valid definitions, and what was found on the way to them.
#[derive(Debug, Default)]
pub struct Valid {
    /// Every finding, without the definitions.
    pub report: Report,
    /// The definitions of the files that have no errors.
    pub definitions: Pile,
    /// The file of each.
    pub files: Vec<Arc<str>>,
}

impl Valid {
    /// Adds what was made of a definition; of one without a name there are errors.
    pub(super) fn keep(
        &mut self,
        (file, packed): (Arc<str>, Result<Packed, DocumentError>),
    ) -> Result<(), DocumentError> {
        if let Ok(packed) = packed {
            self.definitions.push(packed)?;
            self.files.push(file);
        }
        Ok(())
    }

    pub(super) fn finish(mut self, report: Report) -> Self {
        let errors = report.diagnostics.iter();
        let bad: HashSet<&str> = errors
            .filter(|it| it.severity == Severity::Error)
            .map(|it| it.file.as_str())
            .collect();
        let files = std::mem::take(&mut self.files);
        self.definitions
            .retain(|place| !bad.contains(files[place].as_ref()));
        self.files = files;
        self.files.retain(|file| !bad.contains(file.as_ref()));
        Self { report, ..self }
    }
}
