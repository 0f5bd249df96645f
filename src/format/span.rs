//! Places in a text.

use serde::Serialize;

/// A place between two characters.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize)]
pub struct Position {
    /// Line, from 1.
    pub line: u32,
    /// Column in characters, from 1.
    pub column: u32,
}

impl Default for Position {
    fn default() -> Self {
        Self { line: 1, column: 1 }
    }
}

/// A stretch of text.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Default, Serialize)]
pub struct Span {
    /// The first character.
    pub start: Position,
    /// Just after the last character.
    pub end: Position,
}

impl Position {
    /// The place at a line and a column, both from 1.
    pub fn new(line: usize, column: usize) -> Self {
        let number = |it: usize| u32::try_from(it).unwrap_or(u32::MAX);
        Self {
            line: number(line),
            column: number(column),
        }
    }

    /// The place of a byte in a text.
    pub fn of_byte(text: &[u8], offset: usize) -> Self {
        let before = &text[..offset.min(text.len())];
        let line = before.iter().filter(|&&byte| byte == b'\n').count() + 1;
        let start = before
            .iter()
            .rposition(|&byte| byte == b'\n')
            .map_or(0, |at| at + 1);
        let column = String::from_utf8_lossy(&before[start..]).chars().count() + 1;
        Self::new(line, column)
    }

    /// The same place, if the text in which it is begins at `start`.
    pub fn from(self, start: Self) -> Self {
        let column = match self.line {
            1 => self.column.saturating_add(start.column - 1),
            _ => self.column,
        };
        Self {
            line: self.line.saturating_add(start.line - 1),
            column,
        }
    }

    /// The place that many characters further on the same line.
    pub fn plus(self, characters: usize) -> Self {
        Self::new(self.line as usize, self.column as usize + characters)
    }
}

impl Span {
    /// From one place to another.
    pub fn new(start: Position, end: Position) -> Self {
        Self { start, end }
    }

    /// One character.
    pub fn at(start: Position) -> Self {
        Self::new(start, start.plus(1))
    }

    /// Whether the stretch stays on one line.
    pub fn is_single_line(self) -> bool {
        self.start.line == self.end.line
    }
}
