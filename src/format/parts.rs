//! A large source part by part: some whole documents at a time, so that memory does not grow with its size.

use std::fs::File;
use std::io::Read;

use super::read::{Format, syntax_of};
use super::source::{Error, Input, MAX_BYTES, Source};
use super::{Position, event_stream};

/// The largest source that is read at once, in bytes.
pub const WHOLE: usize = 1 << 20;

/// From so many bytes on, a part ends with the document.
const PART: usize = 128 << 10;

/// What is read from the system at once, in bytes.
const BLOCK: u64 = 256 << 10;

/// How the documents of a source follow one another.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Layout {
    /// As a YAML stream.
    Stream,
    /// As the items of a JSON list.
    List,
    /// As JSON values, one after the other.
    Values,
    /// As JSON values, each from the beginning of a line.
    Lines,
    /// In a way that only shows when all is read.
    Whole,
}

/// The parts of a source, each a [`Source`] that says where it begins. A definition of the catalog's own layout is
/// always in one of them as a whole.
pub struct Parts {
    name: String,
    reader: Box<dyn Read + Send>,
    from: Option<Format>,
    /// What was read and not handed out.
    held: Vec<u8>,
    ended: bool,
    layout: Option<Layout>,
    /// Where the next part begins.
    start: Position,
    scan: Scan,
}

/// How far the search for the end of a part is.
#[derive(Debug, Default)]
struct Scan {
    /// Bytes that were looked at.
    at: usize,
    depth: usize,
    in_text: bool,
    escaped: bool,
    /// Whether the last line that says something is a directive of YAML.
    directive: bool,
}

impl Parts {
    /// Opens a file, or standard input.
    ///
    /// # Errors
    /// If the file cannot be opened.
    pub fn open(input: &Input, from: Option<Format>) -> Result<Self, Error> {
        let name = input.to_string();
        let reader: Box<dyn Read + Send> = match input {
            Input::Stdin => Box::new(std::io::stdin()),
            Input::File(path) => match File::open(path) {
                Ok(file) => Box::new(file),
                Err(error) => return Err(Error::Unreadable(name, error)),
            },
        };
        Ok(Self::new(name, reader, from))
    }

    fn new(name: String, reader: Box<dyn Read + Send>, from: Option<Format>) -> Self {
        Self {
            name,
            reader,
            from,
            held: Vec::new(),
            ended: false,
            layout: None,
            start: Position::default(),
            scan: Scan::default(),
        }
    }

    /// The next part; none after the last. There is at least one.
    ///
    /// # Errors
    /// If the source cannot be read, or a document in it is larger than [`MAX_BYTES`]: there is no further part then.
    pub fn read_on(&mut self) -> Result<Option<Source>, Error> {
        let layout = match self.layout {
            Some(layout) => layout,
            None => {
                self.fill(WHOLE + 1)?;
                if self.ended {
                    self.layout = Some(Layout::Whole);
                    let text = std::mem::take(&mut self.held);
                    return Ok(Some(Source::new(self.name.as_str(), text)));
                }
                *self
                    .layout
                    .insert(layout_of(&self.name, &self.held, self.from))
            }
        };
        if self.ended && self.held.is_empty() {
            return Ok(None);
        }
        if layout == Layout::Whole {
            self.fill(to_usize(MAX_BYTES) + 1)?;
            if !self.ended {
                return Err(self.too_large());
            }
            let text = std::mem::take(&mut self.held);
            return Ok(Some(Source::new(self.name.as_str(), text)));
        }
        loop {
            if let Some(end) = self.scan.end(layout, &self.held, self.ended) {
                return Ok(Some(self.part(layout, end)));
            }
            if self.ended {
                return Ok(Some(self.part(layout, self.held.len())));
            }
            if self.held.len() as u64 > MAX_BYTES {
                return Err(self.too_large());
            }
            self.fill(self.held.len() + 1)?;
        }
    }

    /// Reads on until so many bytes are held, or the source ends.
    fn fill(&mut self, wanted: usize) -> Result<(), Error> {
        while !self.ended && self.held.len() < wanted {
            let missing = (wanted - self.held.len()) as u64;
            let read = (&mut self.reader)
                .take(missing.max(BLOCK))
                .read_to_end(&mut self.held);
            match read {
                Ok(0) => self.ended = true,
                Ok(_) => {}
                Err(error) => {
                    self.end();
                    return Err(Error::Unreadable(self.name.clone(), error));
                }
            }
        }
        Ok(())
    }

    fn end(&mut self) {
        self.ended = true;
        self.held.clear();
    }

    fn too_large(&mut self) -> Error {
        self.end();
        Error::TooLarge(self.name.clone())
    }

    /// Takes a part of what is held. Of a list, the comma that ends it begins the next one, and each is a list by
    /// itself with its items in their places.
    fn part(&mut self, layout: Layout, end: usize) -> Source {
        let mut bytes: Vec<u8> = self.held.drain(..end).collect();
        self.scan = Scan::default();
        let source_start = self.start;
        self.start = Position::of_byte(&bytes, bytes.len()).from(self.start);
        if layout == Layout::List {
            if source_start != Position::default()
                && let Some(comma) = bytes.first_mut()
            {
                *comma = b'[';
            }
            if !self.held.is_empty() {
                bytes.push(b']');
            }
        }
        Source::part(self.name.as_str(), bytes, source_start)
    }
}

fn to_usize(bytes: u64) -> usize {
    usize::try_from(bytes).unwrap_or(usize::MAX)
}

/// How the documents of a source follow one another, by its beginning. What is not in the catalog's own layout is
/// read as a whole: its documents may belong together.
fn layout_of(name: &str, beginning: &[u8], from: Option<Format>) -> Layout {
    let own = matches!(
        from,
        None | Some(Format::Yaml | Format::Json | Format::Jsonl)
    );
    let beginning = beginning.strip_prefix(b"\xef\xbb\xbf").unwrap_or(beginning);
    // The last character may not be whole yet.
    let text = match std::str::from_utf8(beginning) {
        Ok(text) => text,
        Err(error) if error.error_len().is_none() => {
            std::str::from_utf8(&beginning[..error.valid_up_to()]).unwrap_or_default()
        }
        Err(_) => return Layout::Whole,
    };
    let first = text.trim_start().bytes().next();
    if !own || !text.contains("tool_name") || event_stream::is_one(text) {
        return Layout::Whole;
    }
    match (syntax_of(name, text, from), first) {
        (Format::Yaml, Some(b'{' | b'[')) => Layout::Whole,
        (Format::Yaml, _) => Layout::Stream,
        (Format::Json, Some(b'[')) => Layout::List,
        (Format::Json, Some(b'{')) => Layout::Values,
        (Format::Jsonl, Some(b'{')) => Layout::Lines,
        _ => Layout::Whole,
    }
}

impl Scan {
    /// The end of the first part of what is held, if it is there.
    fn end(&mut self, layout: Layout, held: &[u8], ended: bool) -> Option<usize> {
        match layout {
            Layout::Stream => self.end_of_lines(held, ended),
            _ => self.end_of_values(layout, held),
        }
    }

    /// Before a line that begins a document, but for one whose directives stand before it; after a line that ends one.
    /// No text of YAML can hold such lines.
    fn end_of_lines(&mut self, held: &[u8], ended: bool) -> Option<usize> {
        while let Some(length) = line_length(&held[self.at..], ended) {
            let (start, line) = (self.at, &held[self.at..self.at + length]);
            self.at += length;
            let marker = |mark: &[u8]| {
                let rest = line.strip_prefix(mark)?;
                rest.first()
                    .is_none_or(u8::is_ascii_whitespace)
                    .then_some(())
            };
            if marker(b"---").is_some() && !self.directive && start >= PART {
                return Some(start);
            }
            if marker(b"...").is_some() && self.at >= PART {
                return Some(self.at);
            }
            let said = line.trim_ascii();
            if !said.is_empty() && !said.starts_with(b"#") {
                self.directive = line.starts_with(b"%");
            }
        }
        None
    }

    /// Before a comma between items, after a value, or before the brace that begins a line.
    fn end_of_values(&mut self, layout: Layout, held: &[u8]) -> Option<usize> {
        while let Some(&byte) = held.get(self.at) {
            let at = self.at;
            self.at += 1;
            let new_line = at > 0 && held[at - 1] == b'\n';
            if layout == Layout::Lines && new_line && byte == b'{' && at >= PART {
                return Some(at);
            }
            if self.in_text && byte != b'\n' {
                match byte {
                    _ if self.escaped => self.escaped = false,
                    b'\\' => self.escaped = true,
                    b'"' => self.in_text = false,
                    _ => {}
                }
                continue;
            }
            match byte {
                // No text of JSON goes over lines: what was not closed is broken.
                b'\n' => (self.in_text, self.escaped) = (false, false),
                b'"' => self.in_text = true,
                b'{' | b'[' => self.depth += 1,
                b'}' | b']' => {
                    self.depth = self.depth.saturating_sub(1);
                    if layout == Layout::Values && self.depth == 0 && self.at >= PART {
                        return Some(self.at);
                    }
                }
                // The comma that begins a part stands for its bracket.
                b',' if at == 0 => self.depth += 1,
                b',' if layout == Layout::List && self.depth == 1 && at >= PART => return Some(at),
                _ => {}
            }
        }
        None
    }
}

/// The length of the first line, with its end; none if that is not there yet.
fn line_length(text: &[u8], ended: bool) -> Option<usize> {
    match text.iter().position(|&byte| byte == b'\n') {
        Some(at) => Some(at + 1),
        None => (ended && !text.is_empty()).then_some(text.len()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::format::{Span, read};

    const MANY: usize = 4000;

    /// The names and places that are read part by part, and how many parts there were.
    fn parted(name: &str, text: &str) -> (Vec<(String, Span)>, usize) {
        let reader = std::io::Cursor::new(text.as_bytes().to_vec());
        let mut parts = Parts::new(name.to_owned(), Box::new(reader), None);
        let (mut found, mut count) = (Vec::new(), 0);
        while let Some(part) = parts.read_on().unwrap() {
            count += 1;
            assert!(part.bytes.len() < 2 * PART || count == 1, "{count}");
            let reading = read(&part, None);
            assert_eq!(reading.problems, [], "{name}");
            found.extend(reading.documents.into_iter().map(|it| {
                let place = it.node.get("tool_name").unwrap().span;
                (it.document.label(), place)
            }));
        }
        (found, count)
    }

    fn same_as_whole(name: &str, text: &str) {
        assert!(text.len() > WHOLE, "{name}: {}", text.len());
        let (found, parts) = parted(name, text);
        assert!(parts > 4, "{name}: {parts}");
        let whole = read(&Source::new(name, text), None);
        let whole = whole.documents.iter().map(|it| {
            let place = it.node.get("tool_name").unwrap().span;
            (it.document.label(), place)
        });
        assert_eq!(found, whole.collect::<Vec<_>>(), "{name}");
        assert_eq!(found.len(), MANY, "{name}");
    }

    fn tool(number: usize) -> serde_json::Value {
        serde_json::json!({
            "tool_name": format!("t{number}"), "version": "1", "platform": "linux",
            "description": format!("ü \"[{{,\\ {}", "x".repeat(300 + number % 7)),
            "list": [1, {"a": [2, 3]}, "--- no document"],
        })
    }

    #[test]
    fn parts_hold_what_the_whole_does_at_the_same_places() {
        let tools: Vec<serde_json::Value> = (0..MANY).map(tool).collect();
        let lines = |each: &dyn Fn(&serde_json::Value) -> String| -> String {
            tools.iter().map(each).collect()
        };
        same_as_whole("a.jsonl", &lines(&|it| format!("{it}\n")));
        same_as_whole("a.jsonl", &lines(&|it| format!("{it:#}\n")));
        same_as_whole("a.json", &lines(&|it| format!("{it:#}\n")));
        same_as_whole("<stdin>", &lines(&|it| format!("{it}")));
        let list = serde_json::Value::from(tools.clone());
        same_as_whole("a.json", &format!("\n {list:#}\n\n"));
        same_as_whole("<stdin>", &list.to_string());
        let yaml = lines(&|it| {
            let name = it["tool_name"].as_str().unwrap();
            let text = "  --- no document\n  # no comment\n".repeat(12);
            format!("---\n# one\ntool_name: {name}\ndescription: |\n{text}list: ['---', \"...\"]\n")
        });
        same_as_whole("a.yaml", &yaml);
        same_as_whole(
            "<stdin>",
            &yaml.replace("---\n# one", "...\n%YAML 1.2\n---"),
        );
    }

    #[test]
    fn what_belongs_together_and_what_is_small_is_read_as_a_whole() {
        let large = |text: &str| text.repeat(1 + WHOLE / text.len());
        for (name, text) in [
            ("a.yaml", "---\ntool_name: t\n".to_owned()),
            ("a.json", large("{\"jsonrpc\": \"2.0\", \"id\": 1}\n")),
            ("a.yaml", large("---\nname: t\n")),
            ("a.yaml", format!("[\n{}]", large("{tool_name: t},\n"))),
            ("a.jsonl", String::new()),
        ] {
            let reader = std::io::Cursor::new(text.clone().into_bytes());
            let mut parts = Parts::new(name.to_owned(), Box::new(reader), None);
            let part = parts.read_on().unwrap().unwrap();
            assert_eq!(part, Source::new(name, text));
            assert!(parts.read_on().unwrap().is_none());
        }
    }

    #[test]
    fn a_document_that_is_too_large_is_refused_and_ends_the_source() {
        let begin = std::io::Cursor::new(b"tool_name: t\ndescription: |\n".to_vec());
        let reader = begin.chain(std::io::repeat(b' '));
        let mut parts = Parts::new("a.yaml".to_owned(), Box::new(reader), None);
        assert!(matches!(parts.read_on(), Err(Error::TooLarge(_))));
        assert!(parts.read_on().unwrap().is_none());
    }
}
