//! One finding, as reports show it.

use std::cmp::Reverse;
use std::fmt;

use serde::Serialize;

use crate::format::{Problem, Span};

/// How much a finding matters.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum Severity {
    /// Worth knowing; never makes validation fail.
    Note,
    /// Probably a mistake; makes validation fail if it is strict.
    Warning,
    /// The definition cannot be used.
    Error,
}

impl fmt::Display for Severity {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(match self {
            Severity::Note => "note",
            Severity::Warning => "warning",
            Severity::Error => "error",
        })
    }
}

/// One finding at its place. Lines and columns count from 1, columns in characters; the end is
/// just after the last character.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Diagnostic {
    /// The file as it was given, or `<stdin>`.
    pub file: String,
    /// The first line.
    pub line: u32,
    /// The first column.
    pub column: u32,
    /// The last line.
    pub end_line: u32,
    /// The column after the last character.
    pub end_column: u32,
    /// Where in the definition: a JSON pointer, empty for the whole of it.
    pub pointer: String,
    /// How much it matters.
    pub severity: Severity,
    /// The rule, such as `schema/required`.
    pub rule: &'static str,
    /// What is wrong.
    pub message: String,
    /// What to do about it.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub help: Option<String>,
    /// Another place that matters.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub related: Option<Related>,
    /// The text around the place in its first line, for showing.
    #[serde(skip)]
    pub excerpt: Option<Excerpt>,
}

/// A part of a line.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Excerpt {
    /// The text, at most [`Excerpt::WIDTH`] characters.
    pub text: String,
    /// The column of its first character, from 1.
    pub column: u32,
}

impl Excerpt {
    /// The most characters of a line that are shown.
    pub const WIDTH: usize = 120;
}

/// Another place that matters to a finding.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Related {
    /// The file.
    pub file: String,
    /// The line, from 1.
    pub line: u32,
    /// The column, from 1.
    pub column: u32,
    /// Why it matters.
    pub message: String,
}

impl Diagnostic {
    /// By what the findings of a file are ordered.
    pub(super) fn place(&self) -> (u32, u32, Reverse<Severity>, &str, &str) {
        (
            self.line,
            self.column,
            Reverse(self.severity),
            self.rule,
            &self.message,
        )
    }

    /// A problem that was found in a file.
    pub fn new(file: &str, problem: Problem, severity: Severity) -> Self {
        let Span { start, end } = problem.span;
        Self {
            file: file.to_owned(),
            line: start.line,
            column: start.column,
            end_line: end.line,
            end_column: end.column,
            pointer: problem.pointer,
            severity,
            rule: problem.rule,
            message: capped(problem.message),
            help: problem.help.map(capped),
            related: problem.related.map(|(span, message)| Related {
                file: file.to_owned(),
                line: span.start.line,
                column: span.start.column,
                message,
            }),
            excerpt: None,
        }
    }
}

/// The longest message, in characters: a name of a megabyte is not repeated in full.
const MESSAGE: usize = 500;

fn capped(message: String) -> String {
    if message.len() <= MESSAGE || message.chars().count() <= MESSAGE {
        return message;
    }
    message.chars().take(MESSAGE).chain(['…']).collect()
}
