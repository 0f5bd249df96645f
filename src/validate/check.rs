//! The whole of a validation: read, check each definition, compare them, report.

use std::collections::{HashMap, HashSet};
use std::convert::Infallible;
use std::sync::Arc;

use rayon::prelude::*;
use serde_json::Value;

use crate::definition::diff::Change;
use crate::definition::{Document, DocumentError, Packed, Pile, ValidDefinition};
use crate::format::node::Node;
use crate::format::{self, Format, Input, Loaded, Parts, Problem, Source, Span};

use super::cross::{self, Brief};
use super::directive::{self, Directives};
use super::findings::Findings;
use super::{
    Diagnostic, Options, Severity, excerpt, expressions, invocation, lint, rules, schema, secrets,
    strangers,
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

/// Validates files, or standard input. A file that cannot be read is a finding like any other.
pub fn check(inputs: &[Input], options: &Options) -> Report {
    let mut documents = Vec::new();
    let keep = |loaded| {
        documents.push(loaded);
        Ok::<_, Infallible>(())
    };
    let Ok(all) = Look::whole(options).files(inputs, keep, || {});
    let again = |place: usize| text_of(inputs.get(place)?);
    Report {
        documents,
        ..all.finish(&again, options)
    }
}

/// The same without the definitions, whose number alone is reported: memory hardly grows with it.
pub fn check_only(inputs: &[Input], options: &Options) -> Report {
    let look = Look {
        options,
        known: &|_| false,
        make: &drop,
    };
    let Ok(all) = look.files(inputs, Ok::<_, Infallible>, || {});
    all.finish(&|place| text_of(inputs.get(place)?), options)
}

/// What a file holds, to show a part of it.
fn text_of(input: &Input) -> Option<Vec<u8>> {
    match input {
        Input::Stdin => None,
        Input::File(_) => Some(Source::load(input).ok()?.bytes),
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
    fn keep(
        &mut self,
        (file, packed): (Arc<str>, Result<Packed, DocumentError>),
    ) -> Result<(), DocumentError> {
        if let Ok(packed) = packed {
            self.definitions.push(packed)?;
            self.files.push(file);
        }
        Ok(())
    }

    fn finish(mut self, report: Report) -> Self {
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

fn packed(loaded: Loaded) -> (Arc<str>, Result<Packed, DocumentError>) {
    (loaded.origin.file, Packed::vouched(&loaded.document))
}

/// Validates files, and puts the valid definitions on a pile: memory hardly grows with their number. A definition
/// that is known to be valid is only compared with the others; `done` is called after each file.
///
/// # Errors
/// If the pile's temporary file cannot be written.
pub fn check_apart(
    inputs: &[Input],
    options: &Options,
    known: impl Fn(&Document) -> bool + Sync,
    done: impl Fn() + Sync,
) -> Result<Valid, DocumentError> {
    let look = Look {
        options,
        known: &known,
        make: &packed,
    };
    let mut valid = Valid::default();
    let all = look.files(inputs, |made| valid.keep(made), done)?;
    Ok(valid.finish(all.finish(&|_| None, options)))
}

/// The same for texts.
///
/// # Errors
/// As [`check_apart`].
pub fn check_sources_apart(
    sources: Vec<Source>,
    options: &Options,
) -> Result<Valid, DocumentError> {
    let look = Look {
        options,
        known: &|_| false,
        make: &packed,
    };
    let mut valid = Valid::default();
    let all = look.sources(sources, |made| valid.keep(made))?;
    Ok(valid.finish(all.finish(&|_| None, options)))
}

/// Validates texts.
pub fn check_sources(sources: Vec<Source>, options: &Options) -> Report {
    let mut documents = Vec::new();
    let keep = |loaded| {
        documents.push(loaded);
        Ok::<_, Infallible>(())
    };
    let Ok(all) = Look::whole(options).sources(sources, keep);
    Report {
        documents,
        ..all.finish(&|_| None, options)
    }
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

/// How files are looked at, and what is made of each of their definitions.
struct Look<'a, T> {
    options: &'a Options,
    /// Whether a definition is known to be valid.
    known: &'a (dyn Fn(&Document) -> bool + Sync),
    make: &'a (dyn Fn(Loaded) -> T + Sync),
}

impl<'a> Look<'a, Loaded> {
    /// Looks at every definition and hands it on as it is.
    fn whole(options: &'a Options) -> Self {
        Self {
            options,
            known: &|_| false,
            make: &|loaded| loaded,
        }
    }
}

/// A file that was checked by itself.
struct Checked<T> {
    file: File,
    briefs: Vec<Brief>,
    made: Vec<T>,
}

/// What is kept of a file until all were compared.
struct File {
    name: String,
    /// The text, if it cannot be read again for what findings show of it.
    text: Option<Vec<u8>>,
    directives: Directives,
    found: Findings,
    definitions: usize,
    /// Whether a document in it can be meant as a definition.
    telling: bool,
}

/// Small files that are read before what was made of their definitions is handed on; parts of a large one.
const WINDOW: usize = 64;
const PARTS: usize = 8;

impl<T: Send> Look<'_, T> {
    fn files<E>(
        &self,
        inputs: &[Input],
        mut keep: impl FnMut(T) -> Result<(), E>,
        done: impl Fn() + Sync,
    ) -> Result<Compared, E> {
        let mut all = Compared::default();
        for some in inputs.chunks(WINDOW) {
            let checked: Vec<Option<Checked<T>>> = some
                .par_iter()
                .map(|input| {
                    let small = input.is_at_most(format::WHOLE);
                    small.then(|| {
                        let checked = match Source::load(input) {
                            Ok(source) => self.file(source, false),
                            Err(error) => self.unreadable(&input.to_string(), &error),
                        };
                        done();
                        checked
                    })
                })
                .collect();
            for (input, checked) in some.iter().zip(checked) {
                match checked {
                    Some(it) => all.add(it).into_iter().try_for_each(&mut keep)?,
                    None => {
                        self.large(input, &mut all, &mut keep)?;
                        done();
                    }
                }
            }
        }
        Ok(all)
    }

    /// A file that may be too large to be read at once: some parts at a time.
    fn large<E>(
        &self,
        input: &Input,
        all: &mut Compared,
        keep: &mut impl FnMut(T) -> Result<(), E>,
    ) -> Result<(), E> {
        let name = input.to_string();
        let (mut parts, mut failure) = match Parts::open(input, self.options.from) {
            Ok(parts) => (Some(parts), None),
            Err(error) => (None, Some(error)),
        };
        let mut whole: Option<File> = None;
        let mut some = Vec::new();
        while let Some(reader) = &mut parts {
            match reader.read_on() {
                Ok(Some(part)) => some.push(part),
                Ok(None) => parts = None,
                Err(error) => (parts, failure) = (None, Some(error)),
            }
            if parts.is_some() && some.len() < PARTS {
                continue;
            }
            let checked: Vec<Checked<T>> = std::mem::take(&mut some)
                .into_par_iter()
                .map(|part| {
                    let keep_text = !part.is_part && *input == Input::Stdin;
                    self.file(part, keep_text)
                })
                .collect();
            for it in checked {
                all.briefs.extend(it.briefs);
                whole = Some(match whole.take() {
                    Some(file) => file.and(it.file),
                    None => it.file,
                });
                it.made.into_iter().try_for_each(&mut *keep)?;
            }
            if let Some(file) = whole.as_mut().filter(|it| it.found.is_full()) {
                let message = "there are too many errors; the rest of it is not read";
                let problem =
                    format::Problem::new("input/too-many-findings", Span::default(), message);
                file.found.add(&name, problem, None, self.options);
                parts = None;
            }
        }
        if let Some(error) = failure {
            let unread = self.unreadable(&name, &error).file;
            whole = Some(match whole.take() {
                Some(file) => file.and(unread),
                None => unread,
            });
        }
        if let Some(mut file) = whole {
            if file.definitions == 0 && file.found.is_empty() {
                file.found.add(&name, format::nothing(), None, self.options);
            }
            all.files.push(file);
        }
        Ok(())
    }

    fn sources<E>(
        &self,
        sources: Vec<Source>,
        mut keep: impl FnMut(T) -> Result<(), E>,
    ) -> Result<Compared, E> {
        let checked: Vec<Checked<T>> = sources
            .into_par_iter()
            .map(|source| self.file(source, true))
            .collect();
        let mut all = Compared::default();
        for it in checked {
            all.add(it).into_iter().try_for_each(&mut keep)?;
        }
        Ok(all)
    }

    fn unreadable(&self, name: &str, error: &format::Error) -> Checked<T> {
        let rule = match error {
            format::Error::TooLarge(_) => "input/too-large",
            _ => "input/unreadable",
        };
        let message = error.to_string();
        let message = message
            .strip_prefix(&format!("{name}: "))
            .unwrap_or(&message);
        let problem = Problem::new(rule, Span::default(), message);
        let mut found = Findings::default();
        found.add(name, problem, None, self.options);
        Checked {
            file: File {
                name: name.to_owned(),
                text: Some(Vec::new()),
                directives: Directives::default(),
                found,
                definitions: 0,
                telling: false,
            },
            briefs: Vec::new(),
            made: Vec::new(),
        }
    }

    fn file(&self, source: Source, keep_text: bool) -> Checked<T> {
        let options = self.options;
        let reading = format::read(&source, options.from);
        let mut problems = reading.problems;
        let mut documents = reading.documents;
        let directives = match reading.format {
            Format::Json | Format::Jsonl => Directives::default(),
            _ => directive::read(&source, &mut problems),
        };
        let mut found = Findings::default();
        for problem in problems {
            found.add(&source.name, problem, None, options);
        }
        let mut briefs = Vec::with_capacity(documents.len());
        let mut made = Vec::with_capacity(documents.len());
        let mut telling = false;
        while !documents.is_empty() {
            let rest = documents.split_off(documents.len().min(CHUNK));
            let looked: Vec<_> = std::mem::replace(&mut documents, rest)
                .into_par_iter()
                .map(|loaded| self.definition(loaded))
                .collect();
            for (problems, brief, is_telling, it) in looked {
                for problem in problems {
                    found.add(&source.name, problem, None, options);
                }
                telling |= is_telling;
                briefs.push(brief);
                made.push(it);
            }
        }
        found.show(&source);
        Checked {
            file: File {
                name: source.name,
                text: keep_text.then_some(source.bytes),
                directives,
                found,
                definitions: made.len(),
                telling,
            },
            briefs,
            made,
        }
    }

    /// What is wrong with a definition, what others are compared with, whether it can be meant as one, and what is
    /// made of it.
    fn definition(&self, mut loaded: Loaded) -> (Vec<Problem>, Brief, bool, T) {
        if self.options.complete {
            format::complete(&mut loaded);
        }
        let problems = match (self.known)(&loaded.document) {
            true => Vec::new(),
            false => document(&mut loaded, self.options),
        };
        let brief = Brief::new(&mut loaded);
        let telling = strangers::is_telling(&loaded);
        (problems, brief, telling, (self.make)(loaded))
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

/// Files whose definitions are to be compared with each other.
#[derive(Default)]
struct Compared {
    files: Vec<File>,
    briefs: Vec<Brief>,
}

impl File {
    /// The file of which this is a part, with the part that follows.
    fn and(mut self, next: Self) -> Self {
        self.directives.append(next.directives);
        self.found.append(next.found);
        Self {
            text: self.text.or(next.text),
            definitions: self.definitions + next.definitions,
            telling: self.telling || next.telling,
            ..self
        }
    }
}

impl Compared {
    /// Adds a file, and hands back what was made of its definitions.
    fn add<T>(&mut self, checked: Checked<T>) -> Vec<T> {
        self.files.push(checked.file);
        self.briefs.extend(checked.briefs);
        checked.made
    }

    /// The findings of each file, with those of the comparison; `again` reads the text of one.
    fn finish(mut self, again: &dyn Fn(usize) -> Option<Vec<u8>>, options: &Options) -> Report {
        let mut across = cross::check(&self.briefs);
        let mut report = Report {
            files: self.files.len(),
            ..Report::default()
        };
        let mut first = 0;
        for (place, file) in self.files.iter_mut().enumerate() {
            for index in first..first + file.definitions {
                for (problem, related) in across.remove(&index).unwrap_or_default() {
                    file.found.add(&file.name, problem, related, options);
                }
            }
            first += file.definitions;
            let mut found = std::mem::take(&mut file.found).finish(&file.name, options);
            found.retain(|it| !file.directives.allow(it));
            found.sort_by(|a, b| a.place().cmp(&b.place()));
            if found.iter().any(|it| it.excerpt.is_none())
                && let Some(text) = file.text.take().or_else(|| again(place))
            {
                excerpt::add(&Source::new(file.name.as_str(), text), &mut found);
            }
            secrets::hide(&mut found);
            report.diagnostics.append(&mut found);
            report.definitions += file.definitions;
            if file.definitions > 0 && !file.telling {
                let name = std::mem::take(&mut file.name);
                report.strange.insert(name, file.definitions);
            }
        }
        report
    }
}
