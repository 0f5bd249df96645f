//! The part of a line that is shown with a finding.

use std::iter::Peekable;
use std::str::CharIndices;

use super::{Diagnostic, Excerpt};
use crate::format::{Position, Source};

/// Gives each finding, in order of places, the text around it. A text is gone through once, even
/// if it is one long line.
pub fn add(source: &Source, found: &mut [Diagnostic]) {
    let text = source.bytes.as_slice();
    let text = text.strip_prefix(b"\xef\xbb\xbf").unwrap_or(text);
    let mut lines = text.split(|&byte| byte == b'\n');
    // A part that begins within a line has no more of that line to show.
    let Position { line, column } = source.start;
    let mut number = line - 1;
    if column > 1 {
        lines.next();
        number = line;
    }
    for group in found.chunk_by_mut(|a, b| a.line == b.line) {
        let wanted = group[0].line;
        let mut line = None;
        while number < wanted {
            line = lines.next();
            number += 1;
        }
        let Some(line) = line else { continue };
        let line = String::from_utf8_lossy(line.strip_suffix(b"\r").unwrap_or(line));
        let mut cursor = Cursor::new(&line);
        for diagnostic in group {
            diagnostic.excerpt = Some(cursor.around(diagnostic.column));
        }
    }
}

struct Cursor<'a> {
    line: &'a str,
    rest: Peekable<CharIndices<'a>>,
    column: u32,
}

impl<'a> Cursor<'a> {
    fn new(line: &'a str) -> Self {
        Self {
            line,
            rest: line.char_indices().peekable(),
            column: 1,
        }
    }

    /// The text around a column, which must not lie before the last one asked for.
    fn around(&mut self, column: u32) -> Excerpt {
        let half = u32::try_from(Excerpt::WIDTH / 2).unwrap_or(u32::MAX);
        let first = column.saturating_sub(half).max(1);
        while self.column < first && self.rest.next().is_some() {
            self.column += 1;
        }
        let start = self.rest.peek().map_or(self.line.len(), |(at, _)| *at);
        Excerpt {
            text: self.line[start..].chars().take(Excerpt::WIDTH).collect(),
            column: self.column,
        }
    }
}
