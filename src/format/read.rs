//! From bytes to definitions.

use std::fmt;
use std::path::Path;
use std::str::FromStr;
use std::sync::Arc;

use crate::definition::Document;

use super::node::{Kind, Node};
use super::{Position, Problem, Source, Span};
use super::{
    anthropic, bundle, event_stream, json, legacy, mcp, openai, openapi, profile, tolerate, yaml,
};

/// A format that definitions are read from or written in.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Format {
    /// The definition's own shape as YAML, several documents in a stream.
    Yaml,
    /// The same as JSON, one definition or a list of them.
    Json,
    /// The same as JSON, one definition per line.
    Jsonl,
    /// One document with a `tools` map and inherited defaults.
    Profile,
    /// Tools of the Model Context Protocol, as `tools/list` gives them.
    Mcp,
    /// Function tools of OpenAI's API.
    Openai,
    /// Tools of Anthropic's API.
    Anthropic,
    /// OpenAPI 3.x, read only.
    Openapi,
}

/// Where a definition was read.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Origin {
    /// The name of the [`Source`].
    pub file: Arc<str>,
    /// Where it stands.
    pub span: Span,
}

/// A definition that was read.
#[derive(Debug, Clone)]
pub struct Loaded {
    /// The definition, in the present layout.
    pub document: Document,
    /// The same with the place of every part.
    pub node: Node,
    /// Where it was read.
    pub origin: Origin,
    /// What was converted or left out on the way.
    pub notes: Vec<Problem>,
}

/// What was found in one source.
#[derive(Debug, Clone)]
pub struct Reading {
    /// The format it is in.
    pub format: Format,
    /// The definitions that could be read.
    pub documents: Vec<Loaded>,
    /// What could not be read.
    pub problems: Vec<Problem>,
}

impl Format {
    /// Every format.
    pub const ALL: [Format; 8] = [
        Format::Yaml,
        Format::Json,
        Format::Jsonl,
        Format::Profile,
        Format::Mcp,
        Format::Openai,
        Format::Anthropic,
        Format::Openapi,
    ];

    /// Whether it is that of another kind of catalog, whose tools become definitions.
    fn is_foreign(self) -> bool {
        matches!(
            self,
            Format::Mcp | Format::Openai | Format::Anthropic | Format::Openapi
        )
    }

    /// The name used on the command line.
    pub fn as_str(self) -> &'static str {
        match self {
            Format::Yaml => "yaml",
            Format::Json => "json",
            Format::Jsonl => "jsonl",
            Format::Profile => "profile",
            Format::Mcp => "mcp",
            Format::Openai => "openai",
            Format::Anthropic => "anthropic",
            Format::Openapi => "openapi",
        }
    }
}

impl fmt::Display for Format {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(self.as_str())
    }
}

impl FromStr for Format {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        Format::ALL
            .into_iter()
            .find(|format| format.as_str() == text)
            .ok_or_else(|| {
                let names: Vec<&str> = Format::ALL.iter().map(|it| it.as_str()).collect();
                format!("unknown format `{text}` ({})", names.join(", "))
            })
    }
}

/// A file without a definition.
pub fn nothing() -> Problem {
    let message = "there is no definition in this file";
    Problem::new("input/empty", Span::default(), message)
        .help("a definition starts with `tool_name`")
}

/// Reads every definition of a source. The format is found by itself if it is not given.
pub fn read(source: &Source, from: Option<Format>) -> Reading {
    let mut problems = Vec::new();
    let text = match decode(source) {
        Ok(text) => text,
        Err(problem) => {
            return Reading {
                format: from.unwrap_or(Format::Yaml),
                documents: Vec::new(),
                problems: vec![*problem],
            };
        }
    };
    let syntax = syntax_of(&source.name, text, from);
    let nodes = match syntax {
        _ if matches!(from, None | Some(Format::Mcp)) && event_stream::is_one(text) => {
            event_stream::read(text, &mut problems)
        }
        Format::Json => read_json_or_yaml(source, text, &mut problems),
        Format::Jsonl => read_lines_or_json(source, text, &mut problems),
        _ => read_yaml_or_json(source, text, &mut problems),
    };
    if nodes.is_empty() && problems.is_empty() && !source.is_part {
        problems.push(nothing());
    }
    let nodes: Vec<Node> = nodes.into_iter().flat_map(mcp::pages).collect();
    let file: Arc<str> = source.name.as_str().into();
    let mut format = from.unwrap_or(syntax);
    let mut documents = Vec::new();
    let last_page = nodes.iter().rposition(mcp::is_page);
    // What was found while reading stands in the order of the text.
    let (mut done, found) = (0, problems.len());
    for (index, mut root) in nodes.into_iter().enumerate() {
        let first = done;
        let of_root = |it: &&Problem| it.span.start <= root.span.end;
        done += problems[first..found].iter().take_while(of_root).count();
        if last_page.is_some() && mcp::is_message(&root) && !mcp::is_page(&root) {
            // What a client and a server say to each other beside the list of tools.
            continue;
        }
        let shape = from.unwrap_or_else(|| shape_of(&root, syntax));
        if from.is_none() {
            format = shape;
        }
        if shape == Format::Openapi {
            bundle::bundle(&mut root, &source.name);
        }
        if shape.is_foreign() {
            tolerate::tolerate(&mut root, &mut problems[first..done]);
        }
        if shape == Format::Mcp && last_page.is_none_or(|last| last <= index) {
            problems.extend(mcp::cursor(&root).map(goes_on));
        }
        for (node, notes) in definitions(root, shape, &mut problems) {
            documents.push(Loaded {
                document: Document::new(node.to_fields()),
                origin: Origin {
                    file: Arc::clone(&file),
                    span: node.span,
                },
                node,
                notes,
            });
        }
    }
    Reading {
        format,
        documents,
        problems,
    }
}

fn goes_on(cursor: &Node) -> Problem {
    Problem::new(
        "format/left-out",
        cursor.span,
        "the list goes on: the tools after `nextCursor` are not here",
    )
}

/// The format that a document is in, by its shape.
fn shape_of(root: &Node, syntax: Format) -> Format {
    let definition = |node: &Node| node.get("tool_name").is_some() || node.get("tool").is_some();
    let is_definition = definition(root) || (root.is_list() && root.items().iter().any(definition));
    if is_definition {
        syntax
    } else if openapi::is_openapi(root) {
        Format::Openapi
    } else if profile::is_profile(root) {
        Format::Profile
    } else if openai::tools(root).is_some() {
        Format::Openai
    } else if anthropic::tools(root).is_some() {
        Format::Anthropic
    } else if mcp::is_message(root) || mcp::tools(root).is_some() {
        Format::Mcp
    } else {
        syntax
    }
}

type Converted = (Node, Vec<Problem>);
type ReadTool = fn(&Node, &mut Vec<Problem>) -> Option<Converted>;

/// The definitions in one document of a source, in the present layout.
fn definitions(root: Node, shape: Format, problems: &mut Vec<Problem>) -> Vec<Converted> {
    let tools = |tools: Option<Vec<&Node>>, read: ReadTool, problems: &mut Vec<Problem>| {
        let Some(tools) = tools else {
            problems.push(Problem::new(
                "format/unknown-shape",
                Span::at(root.span.start),
                format!("there are no tools in the format {shape} here"),
            ));
            return Vec::new();
        };
        tools
            .into_iter()
            .filter_map(|tool| read(tool, problems))
            .collect::<Vec<Converted>>()
    };
    let mut found = match shape {
        Format::Mcp if mcp::is_message(&root) && mcp::tools(&root).is_none() => {
            problems.push(mcp::no_tools(&root));
            Vec::new()
        }
        Format::Mcp => tools(mcp::tools(&root), mcp::read, problems),
        Format::Openai => tools(openai::tools(&root), openai::read, problems),
        Format::Anthropic => tools(anthropic::tools(&root), anthropic::read, problems),
        Format::Openapi => match openapi::read(&root, problems) {
            Some(definition) => vec![definition],
            None if openapi::is_openapi(&root) => Vec::new(),
            None => tools(None, mcp::read, problems),
        },
        Format::Profile => match root.get("tools") {
            Some(_) => profile::read(&root, problems),
            None => tools(None, mcp::read, problems),
        },
        Format::Yaml | Format::Json | Format::Jsonl => own_shape(root, problems),
    };
    for (node, notes) in &mut found {
        legacy::convert(node, notes);
    }
    found
}

/// A definition, or a list of definitions.
fn own_shape(root: Node, problems: &mut Vec<Problem>) -> Vec<Converted> {
    let nodes = match root.kind {
        Kind::List(items) if !items.is_empty() && items.iter().all(Node::is_map) => items,
        _ => vec![root],
    };
    let mut found = Vec::new();
    for node in nodes {
        if node.is_map() {
            found.push((node, Vec::new()));
        } else {
            problems.push(
                Problem::new(
                    "schema/type",
                    node.span,
                    format!("a definition is a map, but this is {}", describe(&node)),
                )
                .help("start with `tool_name: ...`"),
            );
        }
    }
    found
}

/// The text of a source, without a byte order mark.
fn decode(source: &Source) -> Result<&str, Box<Problem>> {
    let bytes = source.bytes.as_slice();
    let place = |bytes: &[u8], at| Span::at(Position::of_byte(bytes, at).from(source.start));
    if bytes.starts_with(&[0xff, 0xfe]) || bytes.starts_with(&[0xfe, 0xff]) {
        let message = "this file is in UTF-16, and not all of it is whole characters";
        let problem = Problem::new("input/encoding", Span::default(), message);
        return Err(Box::new(problem.help("save it as UTF-8")));
    }
    let bytes = bytes.strip_prefix(b"\xef\xbb\xbf").unwrap_or(bytes);
    let text = std::str::from_utf8(bytes).map_err(|error| {
        let at = error.valid_up_to();
        let byte = bytes[at];
        let problem = Problem::new(
            "input/encoding",
            place(bytes, at),
            format!("byte 0x{byte:02x} is not valid UTF-8"),
        );
        Box::new(problem.help(match char::from(byte) {
            // In UTF-16 without its mark, or where half a character is missing.
            _ if bytes.contains(&0) => "save the file as UTF-8".to_owned(),
            c if c.is_alphabetic() => format!(
                "save the file as UTF-8; if it is in Latin-1, where this byte is `{c}`: \
                 iconv -f ISO-8859-1 -t UTF-8"
            ),
            _ => "save the file as UTF-8".to_owned(),
        }))
    })?;
    if let Some(at) = bytes.iter().position(|&byte| byte == 0) {
        let problem = Problem::new("input/nul", place(bytes, at), "there is a NUL byte here");
        return Err(Box::new(problem.help("this may not be a text file")));
    }
    Ok(text)
}

/// The syntax of a text, by what it is said to be, its name, or its beginning.
pub(super) fn syntax_of(name: &str, text: &str, from: Option<Format>) -> Format {
    match from {
        Some(format @ (Format::Json | Format::Jsonl)) => return format,
        Some(Format::Yaml) => return Format::Yaml,
        _ => {}
    }
    let extension = Path::new(name)
        .extension()
        .and_then(|it| it.to_str())
        .map(str::to_ascii_lowercase);
    match extension.as_deref() {
        Some("jsonl" | "ndjson") => Format::Jsonl,
        Some("json") => Format::Json,
        Some("yaml" | "yml") => Format::Yaml,
        _ if text.trim_start().starts_with(['{', '[']) => Format::Json,
        _ => Format::Yaml,
    }
}

/// Reads JSON: one value, values one after the other, or one on each line, whatever the file is
/// called. A text without a telling name may also be YAML in flow style.
fn read_json_or_yaml(source: &Source, text: &str, problems: &mut Vec<Problem>) -> Vec<Node> {
    let mut found = Vec::new();
    if let Some(node) = json::read_at(text, source.start, &mut found) {
        problems.append(&mut found);
        return vec![node];
    }
    let mut others = Vec::new();
    let sequence = json::read_sequence(text, source.start, &mut others);
    if !sequence.is_empty() {
        if others.iter().any(|it| it.rule == "json/syntax") {
            // A line that is broken does not keep the others from being read.
            others.clear();
            let lines = json::read_lines(text, source.start, &mut others);
            if lines.len() > 1 {
                problems.append(&mut others);
                return lines;
            }
        } else {
            problems.append(&mut others);
            return sequence;
        }
    }
    if !source.name.to_ascii_lowercase().ends_with(".json") {
        others.clear();
        let documents = yaml::read_at(text, source.start.line, &mut others);
        if others.is_empty() {
            return documents;
        }
    }
    problems.append(&mut found);
    Vec::new()
}

/// Reads one JSON value on each line; where lines are not whole, values over several lines.
fn read_lines_or_json(source: &Source, text: &str, problems: &mut Vec<Problem>) -> Vec<Node> {
    let broken = |found: &[Problem]| found.iter().any(|it| it.rule == "json/syntax");
    let mut found = Vec::new();
    let nodes = json::read_lines(text, source.start, &mut found);
    if broken(&found) {
        let mut others = Vec::new();
        let sequence = json::read_sequence(text, source.start, &mut others);
        if !broken(&others) {
            problems.append(&mut others);
            return sequence;
        }
    }
    problems.append(&mut found);
    nodes
}

/// Reads YAML. JSON is almost a part of it: what differs, such as surrogate pairs, is read as JSON
/// where the text is JSON.
fn read_yaml_or_json(source: &Source, text: &str, problems: &mut Vec<Problem>) -> Vec<Node> {
    let mut found = Vec::new();
    let nodes = yaml::read_at(text, source.start.line, &mut found);
    if nodes.is_empty() && !found.is_empty() && text.trim_start().starts_with(['{', '[']) {
        let mut others = Vec::new();
        if let Some(node) = json::read_at(text, source.start, &mut others)
            && others.is_empty()
        {
            return vec![node];
        }
    }
    problems.append(&mut found);
    nodes
}

/// What a value is, in words.
pub fn describe(node: &Node) -> &'static str {
    match &node.kind {
        Kind::Null => "empty",
        Kind::Bool(_) => "a boolean",
        Kind::Number(_) => "a number",
        Kind::Text(_) => "text",
        Kind::List(_) => "a list",
        Kind::Map(_) => "a map",
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn json_in_a_yaml_file_is_read() {
        let text = "{\n\t\"tool_name\":\t\"\\ud83d\\ude00\"\n}\n";
        let reading = read(&Source::new("a.yaml", text), None);
        assert_eq!(reading.problems, []);
        assert_eq!(reading.documents[0].document.fields()["tool_name"], "😀");
    }

    #[test]
    fn a_stream_of_ten_thousand_definitions_is_read() {
        let text: String = (0..10_000)
            .map(|it| format!("---\ntool_name: t{it}\n"))
            .collect();
        let reading = read(&Source::new("<stdin>", text), None);
        assert_eq!(reading.documents.len(), 10_000);
        assert_eq!(reading.documents[9_999].origin.span.start.line, 20_000);
    }
}
