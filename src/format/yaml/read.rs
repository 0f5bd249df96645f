//! A YAML stream as values that know their places.

use std::collections::HashMap;

use saphyr_parser::{Event, Parser, ScalarStyle, Span as Marked, StrInput, Tag};

use super::scalar;
use crate::format::node::{Entry, Kind, Node, Style};
use crate::format::number;
use crate::format::{MAX_DEPTH, MAX_VALUES, Position, Problem, Span};

/// The most values that aliases may add to one stream: real catalogs stay far below, and the
/// "billion laughs" document does not fill the memory.
const MAX_ALIASED: usize = 100_000;

/// The most text that aliases may add to one stream, in bytes.
const MAX_ALIASED_BYTES: usize = 16 << 20;

/// Reads every document of a stream. Reading ends at the first place where the text is not YAML;
/// the documents before it are returned. Empty documents are passed over.
pub fn read(text: &str, problems: &mut Vec<Problem>) -> Vec<Node> {
    read_at(text, 1, problems)
}

/// The same for a text that begins at a line of a file.
pub fn read_at(text: &str, line: u32, problems: &mut Vec<Problem>) -> Vec<Node> {
    let mut reader = Reader {
        text,
        start: Position { line, column: 1 },
        parser: Parser::new_from_str(text),
        anchors: HashMap::new(),
        values: 0,
        aliased: 0,
        aliased_bytes: 0,
        problems,
    };
    let mut documents = Vec::new();
    if let Err(problem) = reader.stream(&mut documents) {
        reader.problems.push(*problem);
    }
    documents
}

struct Reader<'text, 'sink> {
    text: &'text str,
    start: Position,
    parser: Parser<'text, StrInput<'text>>,
    anchors: HashMap<usize, Node>,
    values: usize,
    aliased: usize,
    aliased_bytes: usize,
    problems: &'sink mut Vec<Problem>,
}

type Step<T> = Result<T, Box<Problem>>;

impl<'text> Reader<'text, '_> {
    fn next(&mut self) -> Step<(Event<'text>, Marked)> {
        match self.parser.next_event() {
            Some(Ok(event)) => Ok(event),
            Some(Err(error)) => {
                let at = error.marker();
                let place = self.tab(error.info(), at.line());
                let place = place.unwrap_or(Position::new(at.line(), at.col() + 1));
                let (message, help) = in_words(error.info());
                let message = format!("this is not valid YAML: {message}");
                let problem =
                    Problem::new("yaml/syntax", Span::at(place.from(self.start)), message);
                Err(Box::new(match help {
                    Some(help) => problem.help(help),
                    None => problem,
                }))
            }
            None => Ok((Event::StreamEnd, Marked::default())),
        }
    }

    /// The parser stands just after a tab that it refuses.
    fn tab(&self, message: &str, line: usize) -> Option<Position> {
        if !message.contains("tab") {
            return None;
        }
        let text = self.text.lines().nth(line.checked_sub(1)?)?;
        let before: Vec<char> = text.chars().take_while(|c| *c != '\t').collect();
        let indent = before.iter().all(|c| *c == ' ');
        (indent && text.contains('\t')).then(|| Position::new(line, before.len() + 1))
    }

    fn stream(&mut self, documents: &mut Vec<Node>) -> Step<()> {
        loop {
            let (event, marked) = self.next()?;
            match event {
                Event::StreamEnd => return Ok(()),
                Event::StreamStart | Event::DocumentEnd | Event::Nothing => {}
                Event::DocumentStart(_) => self.anchors.clear(),
                event => {
                    let node = self.node(event, marked, 1)?;
                    if node.kind != Kind::Null || node.raw.as_deref() != Some("") {
                        documents.push(node);
                    }
                }
            }
        }
    }

    fn node(&mut self, event: Event<'text>, marked: Marked, depth: usize) -> Step<Node> {
        let place = self.span(marked);
        if depth > MAX_DEPTH {
            return Err(Box::new(Problem::new(
                "input/too-deep",
                Span::at(place.start),
                format!("this is nested more than {MAX_DEPTH} levels deep"),
            )));
        }
        self.values += 1;
        if self.values > MAX_VALUES {
            return Err(Box::new(Problem::too_large(place)));
        }
        let (node, anchor) = match event {
            Event::Alias(anchor) => return self.alias(anchor, place),
            Event::Scalar(text, style, anchor, tag) => {
                let style = match style {
                    ScalarStyle::Plain => Style::Plain,
                    ScalarStyle::SingleQuoted | ScalarStyle::DoubleQuoted => Style::Quoted,
                    ScalarStyle::Literal | ScalarStyle::Folded => Style::Block,
                };
                (self.scalar(&text, style, tag.as_deref(), place), anchor)
            }
            Event::SequenceStart(anchor, tag) => {
                self.check_tag(tag.as_deref(), "seq", place);
                (self.list(marked, depth)?, anchor)
            }
            Event::MappingStart(anchor, tag) => {
                self.check_tag(tag.as_deref(), "map", place);
                (self.map(marked, depth)?, anchor)
            }
            _ => (Node::new(place, Kind::Null), 0),
        };
        if anchor > 0 {
            self.anchors.insert(anchor, node.clone());
        }
        Ok(node)
    }

    fn alias(&mut self, anchor: usize, place: Span) -> Step<Node> {
        let Some(node) = self.anchors.get(&anchor) else {
            return Err(Box::new(Problem::new(
                "yaml/alias",
                place,
                "this alias stands inside the value that it refers to",
            )));
        };
        let (values, bytes) = weigh(node);
        self.aliased += values;
        self.aliased_bytes += bytes;
        if self.aliased > MAX_ALIASED || self.aliased_bytes > MAX_ALIASED_BYTES {
            return Err(Box::new(Problem::new(
                "yaml/alias",
                place,
                format!(
                    "the aliases up to here stand for more than {MAX_ALIASED} values or \
                     {} MB of text",
                    MAX_ALIASED_BYTES >> 20
                ),
            )));
        }
        Ok(node.clone())
    }

    fn scalar(&mut self, text: &str, style: Style, tag: Option<&Tag>, place: Span) -> Node {
        if text.contains('\0') {
            self.problems.push(Problem::new(
                "input/nul",
                place,
                "a NUL character cannot be kept",
            ));
        }
        let untagged = match style {
            Style::Plain => scalar::resolve(text),
            _ => Ok(Kind::Text(text.to_owned())),
        };
        let kind = match tag {
            None => untagged,
            Some(tag) if tag.is_yaml_core_schema() && tag.suffix == "str" => {
                return Node::text(place, text);
            }
            Some(tag) if tag.handle.is_empty() && tag.suffix == "!" => {
                return Node::text(place, text);
            }
            Some(tag) if tag.is_yaml_core_schema() => {
                let plain = scalar::resolve(text);
                match (tag.suffix.as_str(), &plain) {
                    ("int" | "float", Ok(Kind::Number(_)) | Err(_))
                    | ("bool", Ok(Kind::Bool(_)))
                    | ("null", Ok(Kind::Null)) => plain,
                    _ => {
                        self.bad_tag(tag, place);
                        untagged
                    }
                }
            }
            Some(tag) => {
                self.bad_tag(tag, place);
                untagged
            }
        };
        let mut unfit = false;
        let kind = kind.unwrap_or_else(|reason| {
            self.problems.push(
                Problem::new("yaml/number", place, format!("`{text}` {reason}"))
                    .help("write it in quotes if it is text"),
            );
            unfit = true;
            number::nearest(text).map_or_else(|| Kind::Text(text.to_owned()), Kind::Number)
        });
        let raw = match kind {
            Kind::Text(_) if !unfit => None,
            _ => Some(text.into()),
        };
        Node {
            span: place,
            kind,
            style,
            raw,
        }
    }

    fn check_tag(&mut self, tag: Option<&Tag>, expected: &str, place: Span) {
        if let Some(tag) = tag
            && !(tag.is_yaml_core_schema() && tag.suffix == expected)
        {
            self.bad_tag(tag, place);
        }
    }

    fn bad_tag(&mut self, tag: &Tag, place: Span) {
        let name = if tag.is_yaml_core_schema() {
            format!("!!{}", tag.suffix)
        } else {
            tag.to_string()
        };
        self.problems.push(
            Problem::new(
                "yaml/tag",
                place,
                format!("the tag `{name}` does not fit here"),
            )
            .help("remove it; values need no tags in a definition"),
        );
    }

    fn list(&mut self, marked: Marked, depth: usize) -> Step<Node> {
        let mut items: Vec<Node> = Vec::new();
        loop {
            let (event, at) = self.next()?;
            if let Event::SequenceEnd = event {
                let last = items.last().map(|it| it.span.end);
                return Ok(Node::new(self.whole(marked, at, last), Kind::List(items)));
            }
            items.push(self.node(event, at, depth + 1)?);
        }
    }

    fn map(&mut self, marked: Marked, depth: usize) -> Step<Node> {
        let mut entries: Vec<Entry> = Vec::new();
        let mut index = KeyIndex::default();
        let mut merges: Vec<Node> = Vec::new();
        loop {
            let (event, at) = self.next()?;
            if let Event::MappingEnd = event {
                let last = entries.last().map(|it| it.value.span.end);
                let place = self.whole(marked, at, last);
                for merge in merges {
                    self.merge(merge, &mut entries, &mut index);
                }
                return Ok(Node::new(place, Kind::Map(entries)));
            }
            let key = self.node(event, at, depth + 1)?;
            let (event, at) = self.next()?;
            let value = self.node(event, at, depth + 1)?;
            let Some(name) = key_text(&key) else {
                self.problems.push(Problem::new(
                    "yaml/key",
                    key.span,
                    "a key must be text, not a list or a map",
                ));
                continue;
            };
            if name == "<<" && key.style == Style::Plain {
                merges.push(value);
                continue;
            }
            if let Some(first) = index.find(&entries, &name) {
                let first = entries[first].key_span;
                self.problems.push(
                    Problem::new(
                        "yaml/duplicate-key",
                        key.span,
                        format!("the key `{name}` stands here twice"),
                    )
                    .help(format!(
                        "keep one of the two; the other is at line {}, column {}",
                        first.start.line, first.start.column
                    ))
                    .related(first, "the first one"),
                );
                continue;
            }
            index.add(entries.len(), &name);
            entries.push(Entry {
                key: name,
                key_span: key.span,
                key_style: key.style,
                value,
            });
        }
    }

    /// Adds what a merge key brings; keys that the map has itself win.
    fn merge(&mut self, node: Node, entries: &mut Vec<Entry>, index: &mut KeyIndex) {
        let span = node.span;
        let maps = match node.kind {
            Kind::Map(merged) => vec![merged],
            Kind::List(items) if items.iter().all(Node::is_map) => items
                .into_iter()
                .filter_map(|item| match item.kind {
                    Kind::Map(merged) => Some(merged),
                    _ => None,
                })
                .collect(),
            _ => {
                self.problems.push(Problem::new(
                    "yaml/merge",
                    span,
                    "`<<` takes a map, or a list of maps",
                ));
                return;
            }
        };
        for entry in maps.into_iter().flatten() {
            if index.find(entries, &entry.key).is_none() {
                index.add(entries.len(), &entry.key);
                entries.push(entry);
            }
        }
    }

    fn span(&self, marked: Marked) -> Span {
        let place = |line, column| Position::new(line, column + 1).from(self.start);
        Span::new(
            place(marked.start.line(), marked.start.col()),
            place(marked.end.line(), marked.end.col()),
        )
    }

    /// The place of a list or a map: to its bracket in flow style, else to the end of its last value.
    fn whole(&self, start: Marked, end: Marked, last: Option<Position>) -> Span {
        let end_place = match last {
            _ if !start.is_empty() => self.span(end).end,
            Some(last) => last,
            None => self.span(start).end,
        };
        Span::new(self.span(start).start, end_place)
    }
}

/// What the parser says, for people who do not know its terms.
fn in_words(info: &str) -> (&str, Option<&'static str>) {
    if info.contains("mapping values are not allowed") {
        (
            "a `:` cannot stand here",
            Some("quote the text if it holds `: `"),
        )
    } else if info.contains("simple key expect") {
        ("a key is not followed by `:`", None)
    } else if info.contains("unknown anchor") {
        ("this alias refers to an anchor that is not there", None)
    } else if info.contains("tabs disallowed") {
        ("a tab cannot be used for indentation", Some("use spaces"))
    } else if info.contains("did not find expected node content") {
        ("a value is missing or not closed", None)
    } else {
        (info, None)
    }
}

/// Finds keys in a map under construction without a quadratic search.
#[derive(Default)]
struct KeyIndex {
    keys: HashMap<String, usize>,
    size: usize,
}

impl KeyIndex {
    /// Below this size a search through the entries is faster.
    const SMALL: usize = 24;

    fn find(&mut self, entries: &[Entry], key: &str) -> Option<usize> {
        if entries.len() <= Self::SMALL {
            return entries.iter().position(|entry| entry.key == key);
        }
        while self.size < entries.len() {
            self.keys.insert(entries[self.size].key.clone(), self.size);
            self.size += 1;
        }
        self.keys.get(key).copied()
    }

    fn add(&mut self, at: usize, key: &str) {
        if at > Self::SMALL && at == self.size {
            self.keys.insert(key.to_owned(), at);
            self.size += 1;
        }
    }
}

fn key_text(key: &Node) -> Option<String> {
    match (&key.kind, &key.raw) {
        (Kind::Text(text), _) => Some(text.clone()),
        (Kind::List(_) | Kind::Map(_), _) => None,
        (_, raw) => Some(raw.as_deref().unwrap_or_default().to_owned()),
    }
}

fn weigh(node: &Node) -> (usize, usize) {
    match &node.kind {
        Kind::Text(text) => (1, text.len()),
        Kind::List(items) => items
            .iter()
            .map(weigh)
            .fold((1, 0), |sum, it| (sum.0 + it.0, sum.1 + it.1)),
        Kind::Map(entries) => entries
            .iter()
            .map(|entry| (entry.key.len(), weigh(&entry.value)))
            .fold((1, 0), |sum, (key, it)| (sum.0 + it.0, sum.1 + it.1 + key)),
        _ => (1, 0),
    }
}
