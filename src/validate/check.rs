//! The whole of a validation: read, check each definition, compare them, report.

use std::convert::Infallible;
use std::sync::Arc;

use serde_json::Value;

use crate::definition::diff::Change;
use crate::definition::{Document, DocumentError, Packed, ValidDefinition};
use crate::format::node::Node;
use crate::format::{Format, Input, Loaded, Problem, Source, Span};

use super::look::Look;
use super::{
    Options, Report, Severity, Valid, expressions, invocation, lint, rules, schema, secrets,
};

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
    problems.retain(|it| is_error(it, options));
    match problems.is_empty() {
        true => Ok(ValidDefinition::vouched(document)),
        false => Err(problems),
    }
}

/// What would keep a definition out of the catalog: errors only, without a place.
pub fn problems(document: &Document, options: &Options) -> Vec<Problem> {
    let value = document.to_value();
    let node = Node::from_value(Span::default(), &value);
    let mut problems = Vec::new();
    schema::check(&value, &node, &mut problems);
    content(&node, &mut problems);
    problems.retain(|it| is_error(it, options));
    problems
}

fn is_error(problem: &Problem, options: &Options) -> bool {
    let severity = rules::explain(problem.rule).map(|rule| options.severity(rule));
    severity.is_none_or(|severity| severity == Some(Severity::Error))
}

/// Shows the definition as a JSON value, without a copy.
fn as_value(document: &mut Document, look: impl FnOnce(&Value)) {
    let value = Value::Object(std::mem::take(document.fields_mut()));
    look(&value);
    if let Value::Object(fields) = value {
        *document = Document::new(fields);
    }
}

/// Everything that is wrong with one definition.
pub(super) fn document(loaded: &mut Loaded, options: &Options) -> Vec<Problem> {
    let mut problems = loaded.notes.clone();
    as_value(&mut loaded.document, |value| {
        schema::check(value, &loaded.node, &mut problems);
    });
    content(&loaded.node, &mut problems);
    if !options.lenient {
        lint::check(&loaded.node, &mut problems);
    }
    problems
}

/// What is wrong with what a definition says, its schema aside.
fn content(node: &Node, problems: &mut Vec<Problem>) {
    expressions::check(node, problems);
    invocation::check(node, problems);
    secrets::check(node, problems);
}
