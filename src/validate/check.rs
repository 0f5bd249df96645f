//! The whole of a validation: read, check each definition, compare them, report.

use std::collections::HashMap;

use rayon::prelude::*;
use serde_json::Value;

use crate::definition::Document;
use crate::format::{self, Format, Input, Loaded, Problem, Source, Span};

use super::{Diagnostic, Options, Severity, cross, directive, expressions, lint, rules, schema};

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
    let files: Vec<Checked> = inputs
        .par_iter()
        .map(|input| match Source::load(input) {
            Ok(source) => file(source, options),
            Err(error) => Checked::unreadable(&input.to_string(), &error),
        })
        .collect();
    finish(files, options)
}

/// Validates texts.
pub fn check_sources(sources: Vec<Source>, options: &Options) -> Report {
    let files: Vec<Checked> = sources
        .into_par_iter()
        .map(|source| file(source, options))
        .collect();
    finish(files, options)
}

/// A file that was checked by itself.
struct Checked {
    name: String,
    /// Kept where there is something to show from it.
    text: Option<Vec<u8>>,
    directives: directive::Directives,
    problems: Vec<Problem>,
    documents: Vec<Loaded>,
}

impl Checked {
    fn unreadable(name: &str, error: &format::Error) -> Self {
        let rule = match error {
            format::Error::TooLarge(_) => "input/too-large",
            _ => "input/unreadable",
        };
        let message = error.to_string();
        let message = message
            .strip_prefix(&format!("{name}: "))
            .map_or(message.clone(), str::to_owned);
        Self {
            name: name.to_owned(),
            text: None,
            directives: directive::Directives::default(),
            problems: vec![Problem::new(rule, Span::default(), message)],
            documents: Vec::new(),
        }
    }
}

fn file(source: Source, options: &Options) -> Checked {
    let reading = format::read(&source, options.from);
    let mut problems = reading.problems;
    let mut documents = reading.documents;
    let directives = match reading.format {
        Format::Json | Format::Jsonl => directive::Directives::default(),
        _ => directive::read(&source.bytes, &mut problems),
    };
    for loaded in &mut documents {
        problems.append(&mut document(loaded));
    }
    Checked {
        name: source.name,
        text: Some(source.bytes),
        directives,
        problems,
        documents,
    }
}

/// Everything that is wrong with one definition.
pub(super) fn document(loaded: &mut Loaded) -> Vec<Problem> {
    let mut problems = loaded.notes.clone();
    let value = Value::Object(std::mem::take(loaded.document.fields_mut()));
    schema::check(&value, &loaded.node, &mut problems);
    if let Value::Object(fields) = value {
        loaded.document = Document::new(fields);
    }
    expressions::check(&loaded.node, &mut problems);
    lint::check(&loaded.node, &mut problems);
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
        let mut found: Vec<Diagnostic> = file
            .problems
            .drain(..)
            .filter_map(|problem| diagnostic(&file.name, problem, options))
            .collect();
        for index in first..first + file.documents.len() {
            for (problem, related) in across.remove(&index).unwrap_or_default() {
                if let Some(mut diagnostic) = diagnostic(&file.name, problem, options) {
                    diagnostic.related = related;
                    found.push(diagnostic);
                }
            }
        }
        first += file.documents.len();
        found.retain(|it| !file.directives.allow(it));
        found.sort_by(|a, b| place(a).cmp(&place(b)));
        if let (Some(text), false) = (&file.text, found.is_empty()) {
            excerpts(text, &mut found);
        }
        report.diagnostics.append(&mut found);
        file.text = None;
    }
    report.documents = files.into_iter().flat_map(|it| it.documents).collect();
    report
}

fn diagnostic(file: &str, problem: Problem, options: &Options) -> Option<Diagnostic> {
    let severity = match rules::explain(problem.rule) {
        Some(rule) => options.severity(rule)?,
        None => Severity::Error,
    };
    Some(Diagnostic::new(file, problem, severity))
}

/// Gives each finding, in order of lines, the text of its line.
fn excerpts(text: &[u8], found: &mut [Diagnostic]) {
    let text = text.strip_prefix(b"\xef\xbb\xbf").unwrap_or(text);
    let mut lines = text.split(|&byte| byte == b'\n');
    let mut current: (u32, Option<&[u8]>) = (0, None);
    for diagnostic in found {
        while current.0 < diagnostic.line {
            current = (current.0 + 1, lines.next());
        }
        diagnostic.excerpt = current.1.map(|line| {
            let line = line.strip_suffix(b"\r").unwrap_or(line);
            String::from_utf8_lossy(line).into_owned()
        });
    }
}
