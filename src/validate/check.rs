//! The whole of a validation: read, check each definition, compare them, report.

use std::collections::{HashMap, HashSet};
use std::sync::Arc;

use rayon::prelude::*;
use serde_json::Value;

use crate::definition::diff::Change;
use crate::definition::{Document, ValidDefinition};
use crate::format::node::Node;
use crate::format::{self, Format, Input, Loaded, Problem, Source, Span};

use super::directive::{self, Directives};
use super::findings::Findings;
use super::{
    Diagnostic, Options, Severity, cross, excerpt, expressions, invocation, lint, rules, schema,
    secrets,
};

/// What a validation found.
#[derive(Debug, Clone, Default)]
pub struct Report {
    /// Every finding: files in the order given, then by place.
    pub diagnostics: Vec<Diagnostic>,
    /// Every definition that could be read, in the same order. Those with errors are among them.
    pub documents: Vec<Loaded>,
    /// How many files were looked at.
    pub files: usize,
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

    /// Takes the definitions out of the files that have no errors, each with the name of its file.
    pub fn take_valid(&mut self) -> Vec<(Arc<str>, ValidDefinition)> {
        let errors = self.diagnostics.iter();
        let bad: HashSet<&str> = errors
            .filter(|it| it.severity == Severity::Error)
            .map(|it| it.file.as_str())
            .collect();
        std::mem::take(&mut self.documents)
            .into_iter()
            .filter(|it| !bad.contains(it.origin.file.as_ref()))
            .map(|it| (it.origin.file, ValidDefinition::vouched(it.document)))
            .collect()
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
            .sort_by(|a, b| (order(a), place(a)).cmp(&(order(b), place(b))));
    }
}

fn place(it: &Diagnostic) -> (u32, u32, std::cmp::Reverse<Severity>, &str, &str) {
    (
        it.line,
        it.column,
        std::cmp::Reverse(it.severity),
        it.rule,
        &it.message,
    )
}

/// Validates files, or standard input. A file that cannot be read is a finding like any other.
pub fn check(inputs: &[Input], options: &Options) -> Report {
    check_unless(inputs, options, |_| false, || {})
}

/// The same, save that a definition which is known to be valid is only compared with the others. `done` is
/// called after each file.
pub fn check_unless(
    inputs: &[Input],
    options: &Options,
    known: impl Fn(&Document) -> bool + Sync,
    done: impl Fn() + Sync,
) -> Report {
    let files: Vec<Checked> = inputs
        .par_iter()
        .map(|input| {
            let checked = match Source::load(input) {
                Ok(source) => file(source, options, &known),
                Err(error) => unreadable(&input.to_string(), &error, options),
            };
            done();
            checked
        })
        .collect();
    finish(files, options)
}

/// Validates texts.
pub fn check_sources(sources: Vec<Source>, options: &Options) -> Report {
    let files: Vec<Checked> = sources
        .into_par_iter()
        .map(|source| file(source, options, &|_| false))
        .collect();
    finish(files, options)
}

/// Validates a definition that does not come from a text; `name` stands for its file.
///
/// # Errors
/// The findings, if any is an error.
pub fn definition(
    name: &str,
    document: &Document,
    options: &Options,
) -> Result<ValidDefinition, Report> {
    let source = Source::new(name, document.to_value().to_string());
    let mut options = options.clone();
    options.from = Some(Format::Json);
    let report = check_sources(vec![source], &options);
    match report.count(Severity::Error) {
        0 => Ok(ValidDefinition::vouched(document.clone())),
        _ => Err(report),
    }
}

/// Validates a definition of the catalog that was changed there. Expressions and invocations are looked at if a
/// change can concern them.
///
/// # Errors
/// What keeps it out of the catalog: errors only, without a place.
pub fn changed(
    mut document: Document,
    changes: &[Change],
    options: &Options,
) -> Result<ValidDefinition, Vec<Problem>> {
    let mut problems = Vec::new();
    as_value(&mut document, |value| {
        let concerned = changes.iter().any(expressions::concerned);
        let secret = changes.iter().any(|it| secrets::holds(&it.new));
        if schema::admits(value) && !concerned && !secret {
            return;
        }
        let node = Node::from_value(Span::default(), value);
        schema::check(value, &node, &mut problems);
        if secret {
            secrets::check(&node, &mut problems);
        }
        if concerned {
            expressions::check(&node, &mut problems);
            invocation::check(&node, &mut problems);
        }
    });
    problems.retain(|problem| {
        let severity = rules::explain(problem.rule).map(|rule| options.severity(rule));
        severity.is_none_or(|severity| severity == Some(Severity::Error))
    });
    match problems.is_empty() {
        true => Ok(ValidDefinition::vouched(document)),
        false => Err(problems),
    }
}

/// Shows the definition as a JSON value, without a copy.
fn as_value(document: &mut Document, look: impl FnOnce(&Value)) {
    let value = Value::Object(std::mem::take(document.fields_mut()));
    look(&value);
    if let Value::Object(fields) = value {
        *document = Document::new(fields);
    }
}

/// A file that was checked by itself.
struct Checked {
    name: String,
    /// Kept where findings may need something to show from it.
    text: Vec<u8>,
    directives: Directives,
    found: Findings,
    documents: Vec<Loaded>,
}

fn unreadable(name: &str, error: &format::Error, options: &Options) -> Checked {
    let rule = match error {
        format::Error::TooLarge(_) => "input/too-large",
        _ => "input/unreadable",
    };
    let message = error.to_string();
    let message = message
        .strip_prefix(&format!("{name}: "))
        .unwrap_or(&message);
    let mut found = Findings::default();
    found.add(
        name,
        Problem::new(rule, Span::default(), message),
        None,
        options,
    );
    Checked {
        name: name.to_owned(),
        text: Vec::new(),
        directives: Directives::default(),
        found,
        documents: Vec::new(),
    }
}

fn file(source: Source, options: &Options, known: &(impl Fn(&Document) -> bool + Sync)) -> Checked {
    let reading = format::read(&source, options.from);
    let mut problems = reading.problems;
    let mut documents = reading.documents;
    let directives = match reading.format {
        Format::Json | Format::Jsonl => Directives::default(),
        _ => directive::read(&source.bytes, &mut problems),
    };
    if options.complete {
        documents.iter_mut().for_each(format::complete);
    }
    let mut found = Findings::default();
    for problem in problems {
        found.add(&source.name, problem, None, options);
    }
    for some in documents.chunks_mut(CHUNK) {
        let problems: Vec<Vec<Problem>> = some
            .par_iter_mut()
            .filter(|loaded| !known(&loaded.document))
            .map(|loaded| document(loaded, options))
            .collect();
        for problem in problems.into_iter().flatten() {
            found.add(&source.name, problem, None, options);
        }
    }
    for loaded in &mut documents {
        cross::keep_essentials(&mut loaded.node);
    }
    Checked {
        name: source.name,
        text: source.bytes,
        directives,
        found,
        documents,
    }
}

/// Definitions of one file that are checked side by side before their findings are gathered.
const CHUNK: usize = 256;

/// Everything that is wrong with one definition.
pub(super) fn document(loaded: &mut Loaded, options: &Options) -> Vec<Problem> {
    let mut problems = loaded.notes.clone();
    as_value(&mut loaded.document, |value| {
        schema::check(value, &loaded.node, &mut problems);
    });
    expressions::check(&loaded.node, &mut problems);
    invocation::check(&loaded.node, &mut problems);
    secrets::check(&loaded.node, &mut problems);
    if !options.lenient {
        lint::check(&loaded.node, &mut problems);
    }
    problems
}

fn finish(mut files: Vec<Checked>, options: &Options) -> Report {
    let all: Vec<&Loaded> = files.iter().flat_map(|it| &it.documents).collect();
    let mut across = cross::check(&all);
    let mut report = Report {
        files: files.len(),
        ..Report::default()
    };
    let mut first = 0;
    for file in &mut files {
        for index in first..first + file.documents.len() {
            for (problem, related) in across.remove(&index).unwrap_or_default() {
                file.found.add(&file.name, problem, related, options);
            }
        }
        first += file.documents.len();
        let mut found = std::mem::take(&mut file.found).finish(&file.name, options);
        found.retain(|it| !file.directives.allow(it));
        found.sort_by(|a, b| place(a).cmp(&place(b)));
        excerpt::add(&file.text, &mut found);
        secrets::hide(&mut found);
        file.text = Vec::new();
        report.diagnostics.append(&mut found);
    }
    report.documents = files.into_iter().flat_map(|it| it.documents).collect();
    report
}
