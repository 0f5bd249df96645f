//! JSON text (RFC 8259) as values that know their places.

use std::collections::HashSet;

use crate::format::node::{Entry, Kind, Node, Style};
use crate::format::number;
use crate::format::{MAX_DEPTH, MAX_VALUES, Position, Problem, Span};

/// Reads a text that is one JSON value.
pub fn read(text: &str, problems: &mut Vec<Problem>) -> Option<Node> {
    read_at(text, Position::default(), problems)
}

/// Reads a text that is one JSON value and begins at a place of a file.
pub fn read_at(text: &str, start: Position, problems: &mut Vec<Problem>) -> Option<Node> {
    let mut values = 0;
    let mut reader = Reader::new(text, start, &mut values, problems);
    match reader.document() {
        Ok(node) => Some(node),
        Err(problem) => {
            problems.push(*problem);
            None
        }
    }
}

/// Reads JSON values that follow one another, divided by white space alone.
pub fn read_sequence(text: &str, start: Position, problems: &mut Vec<Problem>) -> Vec<Node> {
    let mut nodes = Vec::new();
    let mut values = 0;
    let mut reader = Reader::new(text, start, &mut values, problems);
    loop {
        reader.blanks();
        if reader.peek().is_none() {
            return nodes;
        }
        match reader.value(1) {
            Ok(node) => nodes.push(node),
            Err(problem) => {
                reader.problems.push(*problem);
                return nodes;
            }
        }
    }
}

/// Reads a text that is one JSON value per line; blank lines are passed over, and a line that is
/// not JSON does not keep the others from being read.
pub fn read_lines(text: &str, start: Position, problems: &mut Vec<Problem>) -> Vec<Node> {
    let mut nodes = Vec::new();
    let mut values = 0;
    for (at, line) in text.split('\n').enumerate() {
        if line.trim().is_empty() {
            continue;
        }
        let place = Position::new(at + 1, 1).from(start);
        let mut reader = Reader::new(line, place, &mut values, problems);
        match reader.document() {
            Ok(node) => nodes.push(node),
            Err(problem) => problems.push(*problem),
        }
        if values > MAX_VALUES {
            break;
        }
    }
    nodes
}

/// Below this size a search through the entries of a map is faster than a set of its keys.
const SMALL: usize = 24;

struct Reader<'text, 'sink> {
    text: &'text str,
    at: usize,
    place: Position,
    values: &'sink mut usize,
    problems: &'sink mut Vec<Problem>,
}

type Step<T> = Result<T, Box<Problem>>;

impl<'text, 'sink> Reader<'text, 'sink> {
    fn new(
        text: &'text str,
        place: Position,
        values: &'sink mut usize,
        problems: &'sink mut Vec<Problem>,
    ) -> Self {
        Self {
            text,
            at: 0,
            place,
            values,
            problems,
        }
    }

    fn document(&mut self) -> Step<Node> {
        let node = self.value(1)?;
        self.blanks();
        match self.peek() {
            None => Ok(node),
            Some(c) => self.fail(format!(
                "the JSON value ends before this `{}`",
                c.escape_debug()
            )),
        }
    }

    fn peek(&self) -> Option<char> {
        self.text[self.at..].chars().next()
    }

    fn advance(&mut self) -> Option<char> {
        let c = self.peek()?;
        self.at += c.len_utf8();
        if c == '\n' {
            self.place = Position {
                line: self.place.line.saturating_add(1),
                column: 1,
            };
        } else {
            self.place.column = self.place.column.saturating_add(1);
        }
        Some(c)
    }

    fn blanks(&mut self) {
        while matches!(self.peek(), Some(' ' | '\t' | '\n' | '\r')) {
            self.advance();
        }
    }

    fn fail<T>(&self, message: impl AsRef<str>) -> Step<T> {
        Err(Box::new(Problem::new(
            "json/syntax",
            Span::at(self.place),
            format!("this is not valid JSON: {}", message.as_ref()),
        )))
    }

    fn expected<T>(&self, what: &str) -> Step<T> {
        match self.peek() {
            Some(c) => self.fail(format!("expected {what}, found `{}`", c.escape_debug())),
            None => self.fail(format!("expected {what}, but the text ends here")),
        }
    }

    fn value(&mut self, depth: usize) -> Step<Node> {
        self.blanks();
        if depth > MAX_DEPTH {
            return Err(Box::new(Problem::new(
                "input/too-deep",
                Span::at(self.place),
                format!("this is nested more than {MAX_DEPTH} levels deep"),
            )));
        }
        *self.values += 1;
        if *self.values > MAX_VALUES {
            return Err(Box::new(Problem::too_large(Span::at(self.place))));
        }
        match self.peek() {
            Some('{') => self.map(depth),
            Some('[') => self.list(depth),
            Some('"') => {
                let (text, span) = self.text()?;
                Ok(Node::text(span, text))
            }
            Some('-' | '0'..='9') => self.number(),
            Some('a'..='z') => self.word(),
            _ => self.expected("a value"),
        }
    }

    fn word(&mut self) -> Step<Node> {
        let (start, from) = (self.place, self.at);
        let rest = &self.text[from..];
        let length = rest
            .find(|c: char| !c.is_ascii_alphanumeric())
            .unwrap_or(rest.len());
        let word = &rest[..length];
        let kind = match word {
            "null" => Kind::Null,
            "true" => Kind::Bool(true),
            "false" => Kind::Bool(false),
            _ => return self.fail(format!("`{word}` is not a value; text stands in quotes")),
        };
        for _ in 0..length {
            self.advance();
        }
        Ok(Node {
            raw: Some(word.into()),
            ..Node::new(Span::new(start, self.place), kind)
        })
    }

    fn digits(&mut self) -> Step<()> {
        if !matches!(self.peek(), Some('0'..='9')) {
            return self.expected("a digit");
        }
        while matches!(self.peek(), Some('0'..='9')) {
            self.advance();
        }
        Ok(())
    }

    fn number(&mut self) -> Step<Node> {
        let (start, from) = (self.place, self.at);
        if self.peek() == Some('-') {
            self.advance();
        }
        if self.peek() == Some('0') {
            self.advance();
            if matches!(self.peek(), Some('0'..='9')) {
                return self.fail("a number does not start with 0");
            }
        } else {
            self.digits()?;
        }
        if self.peek() == Some('.') {
            self.advance();
            self.digits()?;
        }
        if matches!(self.peek(), Some('e' | 'E')) {
            self.advance();
            if matches!(self.peek(), Some('+' | '-')) {
                self.advance();
            }
            self.digits()?;
        }
        let text = &self.text[from..self.at];
        let span = Span::new(start, self.place);
        let kind = match number::exact(text) {
            Ok(number) => Kind::Number(number),
            Err(unfit) => {
                self.problems.push(
                    Problem::new("json/number", span, format!("`{text}` {}", unfit.reason()))
                        .help("write it in quotes if it is text"),
                );
                number::nearest(text).map_or_else(|| Kind::Text(text.to_owned()), Kind::Number)
            }
        };
        Ok(Node {
            raw: Some(text.into()),
            ..Node::new(span, kind)
        })
    }

    fn text(&mut self) -> Step<(String, Span)> {
        let start = self.place;
        self.advance();
        let mut text = String::new();
        loop {
            match self.peek() {
                Some('"') => {
                    self.advance();
                    return Ok((text, Span::new(start, self.place)));
                }
                Some('\\') => text.push(self.escape()?),
                Some(c) if c < ' ' => {
                    return self.fail(format!(
                        "`{}` must be escaped inside text",
                        c.escape_debug()
                    ));
                }
                Some(c) => {
                    text.push(c);
                    self.advance();
                }
                None => return self.fail("the text that starts earlier is not closed"),
            }
        }
    }

    fn escape(&mut self) -> Step<char> {
        self.advance();
        let c = match self.peek() {
            Some(c @ ('"' | '\\' | '/')) => c,
            Some('b') => '\u{8}',
            Some('f') => '\u{c}',
            Some('n') => '\n',
            Some('r') => '\r',
            Some('t') => '\t',
            Some('u') => {
                self.advance();
                return self.unicode();
            }
            _ => return self.expected("an escape such as \\n"),
        };
        self.advance();
        Ok(c)
    }

    fn unicode(&mut self) -> Step<char> {
        let start = self.place;
        let high = self.hex()?;
        if (0xd800..0xdc00).contains(&high) && self.text[self.at..].starts_with("\\u") {
            self.advance();
            self.advance();
            let low = self.hex()?;
            if (0xdc00..0xe000).contains(&low) {
                let code = 0x10000 + ((high - 0xd800) << 10) + (low - 0xdc00);
                if let Some(c) = char::from_u32(code) {
                    return Ok(c);
                }
            }
            return self.fail("the two halves of a surrogate pair do not fit");
        }
        match char::from_u32(high) {
            Some('\0') => {
                let span = Span::new(start, self.place);
                let message = "a NUL character cannot be kept";
                self.problems.push(Problem::new("input/nul", span, message));
                Ok('\0')
            }
            Some(c) => Ok(c),
            None => self.fail("half of a surrogate pair stands alone"),
        }
    }

    fn hex(&mut self) -> Step<u32> {
        let mut code = 0;
        for _ in 0..4 {
            match self.peek().and_then(|c| c.to_digit(16)) {
                Some(digit) => code = code * 16 + digit,
                None => return self.expected("four hexadecimal digits"),
            }
            self.advance();
        }
        Ok(code)
    }

    fn list(&mut self, depth: usize) -> Step<Node> {
        let start = self.place;
        self.advance();
        let mut items = Vec::new();
        self.blanks();
        if self.peek() != Some(']') {
            loop {
                items.push(self.value(depth + 1)?);
                if !self.comma(']')? {
                    break;
                }
            }
        }
        self.advance();
        Ok(Node::new(Span::new(start, self.place), Kind::List(items)))
    }

    /// Whether another item follows; otherwise the closing bracket does.
    fn comma(&mut self, close: char) -> Step<bool> {
        self.blanks();
        match self.peek() {
            Some(',') => {
                self.advance();
                self.blanks();
                if self.peek() == Some(close) {
                    return self.fail(format!("there is a comma before `{close}`"));
                }
                Ok(true)
            }
            Some(c) if c == close => Ok(false),
            _ => self.expected(&format!("`,` or `{close}`")),
        }
    }

    fn map(&mut self, depth: usize) -> Step<Node> {
        let start = self.place;
        self.advance();
        let mut entries: Vec<Entry> = Vec::new();
        let mut keys: HashSet<String> = HashSet::new();
        self.blanks();
        if self.peek() != Some('}') {
            loop {
                self.blanks();
                if self.peek() != Some('"') {
                    return self.expected("a key in quotes");
                }
                let (key, key_span) = self.text()?;
                self.blanks();
                if self.peek() != Some(':') {
                    return self.expected("`:`");
                }
                self.advance();
                let value = self.value(depth + 1)?;
                let new = if entries.len() < SMALL {
                    entries.iter().all(|it| it.key != key)
                } else {
                    if keys.is_empty() {
                        keys.extend(entries.iter().map(|it| it.key.clone()));
                    }
                    keys.insert(key.clone())
                };
                if new {
                    entries.push(Entry {
                        key,
                        key_span,
                        key_style: Style::Quoted,
                        value,
                    });
                } else {
                    self.duplicate(&entries, &key, key_span);
                }
                if !self.comma('}')? {
                    break;
                }
            }
        }
        self.advance();
        Ok(Node::new(Span::new(start, self.place), Kind::Map(entries)))
    }

    fn duplicate(&mut self, entries: &[Entry], key: &str, span: Span) {
        let first = entries
            .iter()
            .find(|entry| entry.key == key)
            .map_or(span, |entry| entry.key_span);
        self.problems.push(
            Problem::new(
                "json/duplicate-key",
                span,
                format!("the key `{key}` stands here twice"),
            )
            .help(format!(
                "keep one of the two; the other is at line {}, column {}",
                first.start.line, first.start.column
            ))
            .related(first, "the first one"),
        );
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    fn value(text: &str) -> Result<serde_json::Value, String> {
        let mut problems = Vec::new();
        let node = read(text, &mut problems);
        match (node, problems.pop()) {
            (Some(node), None) => Ok(node.to_value()),
            (_, problem) => Err(problem.map_or_else(String::new, |it| {
                format!(
                    "{}:{} {}",
                    it.span.start.line, it.span.start.column, it.rule
                )
            })),
        }
    }

    #[test]
    fn json_is_read() {
        assert_eq!(
            value("{\"a\":\t[1, -2.5e1, \"\\ud83d\\ude00\\/\\n\"],\r\n \"b\": {\"c\": null}}"),
            Ok(json!({"a": [1, -25.0, "😀/\n"], "b": {"c": null}}))
        );
    }

    #[test]
    fn places_of_errors() {
        for (text, error) in [
            ("{\"a\": 1,\n \"a\": 2}", "2:2 json/duplicate-key"),
            ("[1,\n  2,]", "2:5 json/syntax"),
            ("{\"é\": tru}", "1:7 json/syntax"),
            ("\"\\ud800\"", "1:8 json/syntax"),
            ("[1] x", "1:5 json/syntax"),
            ("{\"a\": 1e999}", "1:7 json/number"),
            ("", "1:1 json/syntax"),
        ] {
            assert_eq!(value(text), Err(error.to_owned()), "{text}");
        }
        assert_eq!(
            value(&"[".repeat(200)),
            Err(format!("1:{} input/too-deep", MAX_DEPTH + 1))
        );
    }
}
