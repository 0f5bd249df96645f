//! What reading and checking find.

use super::{MAX_VALUES, Span};

/// Something found in a definition, at its place. Its severity is decided by the table of rules.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Problem {
    /// The rule, such as `schema/required`.
    pub rule: &'static str,
    /// Where in the text.
    pub span: Span,
    /// Where in the document: a JSON pointer, empty for the whole of it.
    pub pointer: String,
    /// What is wrong, in plain words.
    pub message: String,
    /// What to do about it.
    pub help: Option<String>,
    /// Another place that matters, and why.
    pub related: Option<(Span, String)>,
}

impl Problem {
    /// A problem at a place in the text.
    pub fn new(rule: &'static str, span: Span, message: impl Into<String>) -> Self {
        Self {
            rule,
            span,
            pointer: String::new(),
            message: message.into(),
            help: None,
            related: None,
        }
    }

    /// The text goes on beyond [`MAX_VALUES`].
    pub(super) fn too_large(span: Span) -> Self {
        Self::new(
            "input/too-large",
            Span::at(span.start),
            format!("there are more than {MAX_VALUES} values in this file; the rest is not read"),
        )
        .help("divide it into several files")
    }

    /// The same, with its place in the document.
    pub fn at(mut self, pointer: impl Into<String>) -> Self {
        self.pointer = pointer.into();
        self
    }

    /// The same, with advice.
    pub fn help(mut self, help: impl Into<String>) -> Self {
        self.help = Some(help.into());
        self
    }

    /// The same, with a second place.
    pub fn related(mut self, span: Span, message: impl Into<String>) -> Self {
        self.related = Some((span, message.into()));
        self
    }
}
