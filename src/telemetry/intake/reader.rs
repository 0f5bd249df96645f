//! Reads executions from a stream, one line in memory at a time.

use std::collections::BTreeSet;
use std::io::{self, BufRead};

use serde_json::Value;

use super::split::{is_closed, split};
use super::{Entry, Field, Odd};
use super::{hyperfine, otel};
use crate::reading::json;
use crate::reading::utf16::Utf8;
use crate::spreadsheet::restored;

/// A longer line is refused, in bytes.
pub const LONGEST_LINE: usize = 1 << 20;
/// A longer document of another program is refused, in bytes: it may be a whole file.
const LONGEST_DOCUMENT: usize = 32 << 20;
/// So many names of unknown fields are remembered.
const MOST_UNKNOWN: usize = 20;

/// What a stream holds.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum InputFormat {
    /// One JSON object per line.
    Jsonl,
    /// Comma-separated values with a heading.
    Csv,
    /// OpenTelemetry spans: JSON documents, one per line or over many lines.
    Otel,
    /// What hyperfine exports as JSON.
    Hyperfine,
}

impl InputFormat {
    /// The longest record, in bytes.
    fn longest(self) -> usize {
        match self {
            Self::Jsonl | Self::Csv => LONGEST_LINE,
            Self::Otel | Self::Hyperfine => LONGEST_DOCUMENT,
        }
    }
}

/// A stream of executions.
pub struct Reader<R> {
    input: Utf8<R>,
    format: InputFormat,
    heading: Vec<Option<Field>>,
    names: Vec<String>,
    line: u64,
    bytes: u64,
    buffer: Vec<u8>,
    ended: bool,
    unknown: BTreeSet<String>,
}

/// Where a record was, and what it held.
#[derive(Debug)]
pub struct Record<'a> {
    /// Its first line, from 1.
    pub line: u64,
    /// Its text as it was read.
    pub text: &'a [u8],
    /// The executions in it, one or any number, of which some may be odd; or why it cannot be read.
    pub entries: Result<Vec<Result<Entry, Odd>>, String>,
}

impl<R: BufRead> Reader<R> {
    /// Starts to read; without a format, JSON lines where the first character is a brace, else CSV.
    ///
    /// # Errors
    /// If the stream cannot be read.
    pub fn new(input: R, format: Option<InputFormat>) -> io::Result<Self> {
        let mut input = Utf8::new(input)?;
        let format = match format {
            Some(format) => format,
            None => {
                let start = input.fill_buf()?;
                let start = start.strip_prefix(BOM).unwrap_or(start);
                match start.iter().find(|byte| !byte.is_ascii_whitespace()) {
                    Some(b'{') | None => InputFormat::Jsonl,
                    Some(_) => InputFormat::Csv,
                }
            }
        };
        Ok(Self {
            input,
            format,
            heading: Vec::new(),
            names: Vec::new(),
            line: 0,
            bytes: 0,
            buffer: Vec::new(),
            ended: false,
            unknown: BTreeSet::new(),
        })
    }

    /// Bytes read so far.
    pub fn bytes(&self) -> u64 {
        self.bytes
    }

    /// Lines read so far.
    pub fn lines(&self) -> u64 {
        self.line
    }

    /// Names of fields that were ignored since nothing goes by that name, some of them at least.
    pub fn unknown(&self) -> impl Iterator<Item = &str> {
        self.unknown.iter().map(String::as_str)
    }

    /// The next record; `None` at the end. Empty lines are passed over.
    ///
    /// # Errors
    /// If the stream cannot be read, or CSV has no usable heading.
    pub fn read(&mut self) -> io::Result<Option<Record<'_>>> {
        if self.format == InputFormat::Csv && self.heading.is_empty() {
            self.read_heading()?;
        }
        let (line, whole) = loop {
            let first = self.line + 1;
            match self.read_record()? {
                None => return Ok(None),
                Some(whole) if !whole || !self.buffer.trim_ascii().is_empty() => {
                    break (first, whole);
                }
                Some(_) => {}
            }
        };
        let entries = if whole {
            self.entries()
        } else {
            let longest = self.format.longest();
            Err(format!("the line is longer than {longest} bytes"))
        };
        Ok(Some(Record {
            line,
            text: &self.buffer,
            entries,
        }))
    }

    fn entries(&mut self) -> Result<Vec<Result<Entry, Odd>>, String> {
        let text = std::str::from_utf8(&self.buffer).map_err(|_| "the line is not UTF-8")?;
        let unknown = &mut self.unknown;
        let mut remember = |name: &str| {
            if unknown.len() < MOST_UNKNOWN && !unknown.contains(name) {
                unknown.insert(name.chars().take(100).collect());
            }
        };
        if self.format == InputFormat::Csv {
            return csv_entry(text, &self.heading, &self.names).map(|entry| vec![Ok(entry)]);
        }
        let value = json::value(text.as_bytes()).map_err(|error| {
            if error.is_data() {
                format!("{} at column {}", plain(&error), error.column())
            } else if error.is_eof() {
                "the line is cut off: it is not whole JSON".to_owned()
            } else {
                format!("not JSON at column {}: {}", error.column(), plain(&error))
            }
        })?;
        match (self.format, value) {
            (InputFormat::Otel, value) => otel::entries(value),
            (InputFormat::Hyperfine, value) => hyperfine::entries(&value),
            (_, Value::Object(fields)) => {
                Entry::from_json(fields, &mut remember).map(|entry| vec![Ok(entry)])
            }
            _ => Err("the line is not a JSON object".to_owned()),
        }
    }

    fn read_heading(&mut self) -> io::Result<()> {
        let invalid = |message: String| io::Error::new(io::ErrorKind::InvalidData, message);
        loop {
            match self.read_record()? {
                None => return Ok(()),
                Some(_) if !self.buffer.trim_ascii().is_empty() => break,
                Some(_) => {}
            }
        }
        let text = std::str::from_utf8(&self.buffer)
            .map_err(|_| invalid("the heading is not UTF-8".to_owned()))?;
        let names = split(text).map_err(invalid)?;
        let names: Vec<String> = names.iter().map(|name| name.trim().to_owned()).collect();
        let heading: Vec<Option<Field>> = names.iter().map(|name| Field::named(name)).collect();
        if !heading.contains(&Some(Field::Tool)) {
            let divided = match names[0].find(['\t', ';']) {
                Some(_) => ": its fields are to be divided by commas",
                None => "",
            };
            return Err(invalid(format!(
                "the first line is not a heading with a column `tool`{divided}"
            )));
        }
        let twice = (1..heading.len())
            .find(|&at| heading[at].is_some() && heading[..at].contains(&heading[at]));
        if let Some(at) = twice {
            return Err(invalid(format!("the heading says `{}` twice", names[at])));
        }
        let known = |at: usize| heading[at].is_some();
        self.unknown = (0..names.len())
            .filter(|at| !known(*at))
            .map(|at| names[at].clone())
            .collect();
        self.heading = heading;
        self.names = names;
        Ok(())
    }

    /// Reads a record into the buffer, without its last line break. `Some(false)` if it is too long: then what is
    /// kept is its beginning.
    fn read_record(&mut self) -> io::Result<Option<bool>> {
        self.buffer.clear();
        if self.ended {
            return Ok(None);
        }
        let mut whole = true;
        let mut nesting = Nesting::default();
        loop {
            let start = self.buffer.len();
            let (found, ended) = self.read_line(&mut whole)?;
            self.ended = ended;
            if !found && self.buffer.is_empty() {
                return Ok(None);
            }
            let open = match self.format {
                InputFormat::Jsonl => false,
                InputFormat::Csv => {
                    std::str::from_utf8(&self.buffer).is_ok_and(|text| !is_closed(text))
                }
                InputFormat::Otel | InputFormat::Hyperfine => {
                    nesting.is_open_after(&self.buffer[start..]) && !self.begins_anew()?
                }
            };
            if !open || ended || !whole {
                break;
            }
            self.buffer.push(b'\n');
        }
        if self.buffer.last() == Some(&b'\r') {
            self.buffer.pop();
        }
        Ok(Some(whole))
    }

    /// Whether the next line begins a document as this one began, with the first key on its line: then they are one per
    /// line, and this one was cut off.
    fn begins_anew(&mut self) -> io::Result<bool> {
        let one_per_line = self.buffer.starts_with(b"{\"");
        Ok(one_per_line && self.input.fill_buf()?.starts_with(b"{\""))
    }

    /// Appends a line to the buffer up to its length limit; whether there was one, and whether the stream ended in it.
    fn read_line(&mut self, whole: &mut bool) -> io::Result<(bool, bool)> {
        let mut found = false;
        loop {
            let available = match self.input.fill_buf() {
                Ok(available) => available,
                Err(error) if error.kind() == io::ErrorKind::Interrupted => continue,
                Err(error) => return Err(error),
            };
            if available.is_empty() {
                self.line += u64::from(found);
                return Ok((found, true));
            }
            let mut available = available;
            let mut skipped = 0;
            if self.bytes == 0 && available.starts_with(BOM) {
                available = &available[BOM.len()..];
                skipped = BOM.len();
            }
            found = true;
            let end = available.iter().position(|byte| *byte == b'\n');
            let part = &available[..end.unwrap_or(available.len())];
            let room = self.format.longest().saturating_sub(self.buffer.len());
            *whole &= part.len() <= room;
            self.buffer.extend_from_slice(&part[..part.len().min(room)]);
            let used = skipped + part.len() + usize::from(end.is_some());
            self.input.consume(used);
            self.bytes += used as u64;
            if end.is_some() {
                self.line += 1;
                return Ok((true, false));
            }
        }
    }
}

const BOM: &[u8] = b"\xEF\xBB\xBF";

/// How deep in lists and objects of JSON a text stands.
#[derive(Debug, Default)]
struct Nesting {
    depth: usize,
    in_text: bool,
    escaped: bool,
}

impl Nesting {
    /// Whether a list or an object is still open after these bytes as well.
    fn is_open_after(&mut self, bytes: &[u8]) -> bool {
        for byte in bytes {
            match byte {
                _ if self.escaped => self.escaped = false,
                b'\\' if self.in_text => self.escaped = true,
                b'"' => self.in_text = !self.in_text,
                _ if self.in_text => {}
                b'{' | b'[' => self.depth += 1,
                b'}' | b']' => self.depth = self.depth.saturating_sub(1),
                _ => {}
            }
        }
        self.depth > 0
    }
}

fn csv_entry(text: &str, heading: &[Option<Field>], names: &[String]) -> Result<Entry, String> {
    let fields = split(text)?;
    if fields.len() != heading.len() {
        return Err(format!(
            "{} fields where the heading has {}",
            fields.len(),
            heading.len()
        ));
    }
    let mut entry = Entry::default();
    for ((field, name), value) in heading.iter().zip(names).zip(&fields) {
        if let Some(field) = field {
            entry.set(field, name, restored(value))?;
        }
    }
    Ok(entry)
}

/// serde_json's message without the place, which is said apart.
fn plain(error: &serde_json::Error) -> String {
    let message = error.to_string();
    match message.rfind(" at line ") {
        Some(at) => message[..at].to_owned(),
        None => message,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    type Line = (u64, Result<Vec<Result<Entry, Odd>>, String>);

    fn all(text: &[u8], format: Option<InputFormat>) -> Vec<Line> {
        let mut reader = Reader::new(io::BufReader::with_capacity(16, text), format).unwrap();
        let mut found = Vec::new();
        while let Some(record) = reader.read().unwrap() {
            found.push((record.line, record.entries));
        }
        found
    }

    #[test]
    fn lines_are_numbered_and_bad_ones_named() {
        let text = b"{\"tool\":\"df\"}\n\n[1]\r\n\xff\n{\"tool\":\"d";
        let found = all(text, None);
        let lines: Vec<u64> = found.iter().map(|(line, _)| *line).collect();
        assert_eq!(lines, [1, 3, 4, 5]);
        assert!(found[0].1.is_ok());
        assert_eq!(found[1].1, Err("the line is not a JSON object".into()));
        assert_eq!(found[2].1, Err("the line is not UTF-8".into()));
        assert!(found[3].1.as_ref().is_err_and(|it| it.contains("cut off")));
    }

    #[test]
    fn csv_records_can_span_lines() {
        let text = b"\xEF\xBB\xBFtool,error,context.N\r\ndf,\"two\nlines\",3\ndf,x\n";
        let found = all(text, None);
        assert_eq!(found[0].0, 2);
        let entry = found[0].1.as_ref().unwrap()[0].as_ref().unwrap();
        assert_eq!(entry.error.as_deref(), Some("two\nlines"));
        assert_eq!(entry.context, [("N".to_owned(), 3.0)]);
        assert_eq!(found[1].0, 4);
        assert_eq!(found[1].1, Err("2 fields where the heading has 3".into()));
    }

    #[test]
    fn a_document_may_span_lines_and_one_cut_off_ends_at_the_next() {
        let span = "{\"name\":\"df\",\"duration_ms\":1}";
        let whole = format!("[\n  {span},\n  {span}\n]\n{{\"name\": \"d[\n{span}\n{{\n{span}\n");
        let found = all(whole.as_bytes(), Some(InputFormat::Otel));
        let counts: Vec<Option<usize>> = found
            .iter()
            .map(|(_, entries)| entries.as_ref().ok().map(Vec::len))
            .collect();
        assert_eq!(counts, [Some(2), None, Some(1), None]);
    }

    #[test]
    fn a_line_without_end_is_refused_and_the_next_one_read() {
        let mut text = vec![b'x'; 3 * LONGEST_LINE];
        text.extend_from_slice(b"\n{\"tool\":\"df\"}\n");
        let found = all(&text, Some(InputFormat::Jsonl));
        assert!(found[0].1.as_ref().is_err_and(|it| it.contains("longer")));
        assert!(found[1].1.is_ok());
    }

    /// L12: what Excel calls Unicode text is UTF-16.
    #[test]
    fn l12_text_in_utf_16_is_read_and_its_lines_are_numbered() {
        let text = "\u{feff}tool,error,time_ms\r\ndf,\"über\nzwei\",3\r\ndf\r\n";
        let bytes: Vec<u8> = text.encode_utf16().flat_map(u16::to_le_bytes).collect();
        let found = all(&bytes, None);
        let entry = found[0].1.as_ref().unwrap()[0].as_ref().unwrap();
        assert_eq!(entry.error.as_deref(), Some("über\nzwei"));
        assert_eq!(
            (found[1].0, &found[1].1),
            (4, &Err("1 fields where the heading has 3".to_owned()))
        );
        let json: Vec<u8> = "{\"tool\":\"df\"}\n"
            .encode_utf16()
            .flat_map(u16::to_be_bytes)
            .collect();
        assert!(all(&json, None)[0].1.is_ok());
    }

    #[test]
    fn l12_a_key_that_stands_twice_is_refused_at_its_place() {
        let text = b"{\"tool\":\"df\",\"time_ms\":1,\"time_ms\":98}\n\
                     {\"tool\":\"df\",\"context\":{\"N\":1,\"N\":2}}\n";
        let found = all(text, None);
        assert_eq!(
            found[0].1,
            Err("the key `time_ms` stands here twice at column 34".into())
        );
        assert!(
            found[1]
                .1
                .as_ref()
                .is_err_and(|it| it.starts_with("the key `N` stands"))
        );
    }

    #[test]
    fn a_heading_is_needed() {
        let mut reader = Reader::new(&b"a,b\n1,2\n"[..], None).unwrap();
        assert!(reader.read().is_err());
        assert!(all(b"", None).is_empty());
    }
}
