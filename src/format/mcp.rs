//! Tools of the Model Context Protocol: the result of `tools/list`, and the shapes that files of
//! such tools come in. <https://modelcontextprotocol.io/specification/2025-06-18/server/tools>
//!
//! On export the whole definition rides in `_meta` under [`META`], so that import gives it back.

use serde_json::{Map, Value, json};

use crate::definition::Document;

use super::foreign::{self, Tool};
use super::names::{Limits, unique};
use super::node::{Kind, Node};
use super::{LeftOut, Problem, Span, Written, tolerate};

/// The key under `_meta` that holds a whole definition.
pub const META: &str = "io.github.toolcat/definition";

/// Tool names: 1 to 128 letters, digits, `_`, `-`, `.`
pub const NAMES: Limits = Limits {
    length: 128,
    dots: true,
};

/// The tools in a document, if it is one of the shapes of MCP.
pub fn tools(root: &Node) -> Option<Vec<&Node>> {
    let is_tool = |node: &Node| {
        node.get("name").and_then(Node::as_text).is_some()
            && node.get("capabilities").is_none()
            && node.get("input_schema").is_none()
            && [
                "inputSchema",
                "annotations",
                "arguments",
                "_meta",
                "outputSchema",
            ]
            .iter()
            .any(|key| node.get(key).is_some())
    };
    let list = |node: &'_ Node| -> bool {
        let named = |it: &Node| it.get("name").is_some() && it.get("input_schema").is_none();
        node.items().iter().any(is_tool) && node.items().iter().all(|it| is_tool(it) || named(it))
    };
    if is_message(root) {
        return Some(root.get("result")?.get("tools")?.items().iter().collect());
    }
    if let Some(tools) = root.get("tools")
        && tools.is_list()
        && (tools.items().is_empty() || list(tools))
    {
        return Some(tools.items().iter().collect());
    }
    if root.is_list() && (root.items().is_empty() || list(root)) {
        return Some(root.items().iter().collect());
    }
    is_tool(root).then(|| vec![root])
}

/// Whether a document is a message of JSON-RPC, which MCP speaks.
pub fn is_message(root: &Node) -> bool {
    root.get("jsonrpc").is_some()
}

/// Whether a document is a page of a list of tools, or a message that holds one.
pub fn is_page(root: &Node) -> bool {
    let list = |it: &Node| it.get("tools").is_some();
    match is_message(root) {
        true => root.get("result").is_some_and(list),
        false => root.get("tools").is_some_and(Node::is_list) && root.get("capabilities").is_none(),
    }
}

/// The pages of a document that is a list of them; else the document.
pub fn pages(root: Node) -> Vec<Node> {
    match root.kind {
        Kind::List(items)
            if items.iter().any(is_page)
                && items.iter().all(|it| is_page(it) || is_message(it)) =>
        {
            items
        }
        _ => vec![root],
    }
}

/// What says that a list of tools goes on elsewhere; servers also write null or nothing if it
/// does not.
pub fn cursor(root: &Node) -> Option<&Node> {
    root.get("result")
        .and_then(|it| it.get("nextCursor"))
        .or_else(|| root.get("nextCursor"))
        .filter(|it| it.kind != Kind::Null && it.as_text() != Some(""))
}

/// Why a message holds no tools.
pub fn no_tools(message: &Node) -> Problem {
    let said = message
        .get("error")
        .and_then(|it| it.get("message"))
        .and_then(Node::as_text);
    let problem = match said {
        Some(said) => format!("the server answered with an error: {said}"),
        None => "this message of JSON-RPC holds no `result` with `tools`".to_owned(),
    };
    Problem::new(
        "format/unknown-shape",
        Span::at(message.span.start),
        problem,
    )
    .help("save the answer to `tools/list`")
}

/// The keys of a tool that are not kept under the interface.
const HANDLED: [&str; 4] = ["name", "description", "inputSchema", "_meta"];

/// Keys with a name of their own under the interface.
const RENAMED: [(&str, &str); 1] = [("outputSchema", "output_schema")];

/// One tool as a definition.
pub fn read(node: &Node, problems: &mut Vec<Problem>) -> Option<(Node, Vec<Problem>)> {
    let meta = node.get("_meta");
    if let Some(definition) = meta.and_then(|it| it.get(META)).filter(|it| it.is_map()) {
        return Some((definition.clone(), Vec::new()));
    }
    let Some(name) = node.get("name").and_then(Node::as_text) else {
        problems.push(Problem::new(
            "format/unknown-shape",
            node.span,
            "a tool of MCP has a `name`, which is text",
        ));
        return None;
    };
    let mut interface = Map::new();
    for entry in node.entries() {
        // Servers write null for what they do not say.
        if HANDLED.contains(&entry.key.as_str()) || entry.value.kind == Kind::Null {
            continue;
        }
        let key = RENAMED
            .iter()
            .find(|(given, _)| *given == entry.key)
            .map_or(entry.key.as_str(), |(_, key)| key);
        tolerate::keep(&mut interface, key, &entry.value);
    }
    if let Some(meta) = meta.filter(|it| it.is_map()) {
        tolerate::keep(&mut interface, "meta", meta);
    }
    let mut notes = Vec::new();
    let schema = match (node.get("inputSchema"), node.get("arguments")) {
        (Some(schema), _) => Some(schema.clone()),
        (None, Some(arguments)) if arguments.is_list() => {
            notes.push(Problem::new(
                "format/converted",
                arguments.span,
                "`arguments` is not a field of MCP; it was read as the input schema",
            ));
            Some(Node::from_value(arguments.span, &schema_of(arguments)))
        }
        _ => None,
    };
    let tool = Tool {
        span: node.get("name").map_or(node.span, |it| it.span),
        name: name.to_owned(),
        description: node
            .get("description")
            .and_then(Node::as_text)
            .map(str::to_owned),
        input_schema: schema,
        interface,
    };
    let (definition, mut more) = tool.into_definition();
    notes.append(&mut more);
    Some((definition, notes))
}

/// The list of arguments that some registries publish instead of a schema.
fn schema_of(arguments: &Node) -> Value {
    let mut properties = Map::new();
    let mut required = Vec::new();
    for argument in arguments.items() {
        let Some(name) = argument.get("name").and_then(Node::as_text) else {
            continue;
        };
        let mut property = Map::new();
        for (from, to) in [
            ("type", "type"),
            ("desc", "description"),
            ("description", "description"),
            ("items", "items"),
            ("default", "default"),
            ("enum", "enum"),
        ] {
            if let Some(value) = argument.get(from) {
                property.insert(to.to_owned(), value.to_value());
            }
        }
        properties.insert(name.to_owned(), Value::Object(property));
        let optional = argument.get("optional").map(Node::to_value) == Some(json!(true));
        if !optional {
            required.push(name.to_owned());
        }
    }
    json!({"type": "object", "properties": properties, "required": required})
}

/// Writes definitions as the result of `tools/list`.
pub fn write(documents: &[Document]) -> Written {
    let names = unique(documents, NAMES);
    let mut notes = Vec::new();
    let tools: Vec<Value> = documents
        .iter()
        .zip(names)
        .map(|(document, (name, full))| {
            if name != full {
                notes.push(LeftOut {
                    subject: document.label(),
                    message: format!("is called `{name}`, since MCP limits names"),
                });
            }
            tool(document, name, &mut notes)
        })
        .collect();
    Written {
        text: tolerate::finished(format!("{:#}\n", json!({"tools": tools}))),
        notes,
    }
}

fn tool(document: &Document, name: String, notes: &mut Vec<LeftOut>) -> Value {
    let mut tool = Map::new();
    tool.insert("name".to_owned(), json!(name));
    let mut interface = foreign::given_interface(document);
    for field in ["name", "description", "input_schema"] {
        interface.shift_remove(field);
    }
    if let Some(title) = interface.shift_remove("title") {
        tool.insert("title".to_owned(), title);
    }
    if let Some(description) = foreign::description(document) {
        tool.insert("description".to_owned(), json!(description));
    }
    // The protocol wants an object, even of a tool that takes nothing.
    let (schema, note) = foreign::of_object(foreign::input_schema(document));
    notes.extend(note.map(|message| LeftOut {
        subject: document.label(),
        message,
    }));
    tool.insert("inputSchema".to_owned(), schema);
    let mut meta = match interface.shift_remove("meta") {
        Some(Value::Object(meta)) => meta,
        _ => Map::new(),
    };
    meta.insert(META.to_owned(), document.to_value());
    for (key, value) in interface {
        let key = RENAMED
            .iter()
            .find(|(_, ours)| *ours == key)
            .map_or(key.as_str(), |(theirs, _)| theirs);
        tool.insert(key.to_owned(), value);
    }
    tool.insert("_meta".to_owned(), Value::Object(meta));
    Value::Object(tool)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::format::{Format, Source, read as read_source, write as write_format};
    use crate::validate::{Options, Severity, check_sources};

    fn documents(text: &str) -> Vec<Document> {
        let source = Source::new("tools.json", text);
        let report = check_sources(vec![source.clone()], &Options::default());
        assert_eq!(report.count(Severity::Error), 0, "{:?}", report.diagnostics);
        let reading = read_source(&source, None);
        assert_eq!(reading.format, Format::Mcp);
        reading
            .documents
            .into_iter()
            .map(|it| it.document)
            .collect()
    }

    fn foreign_tool() -> Value {
        json!({
            "name": "files.list", "title": "List files", "description": "Lists files. All of them.",
            "inputSchema": {
                "type": "object", "required": ["path"],
                "properties": {"path": {"type": "string", "description": "where"}, "deep": {"$ref": "#"}},
            },
            "outputSchema": {"type": "object"},
            "annotations": {"readOnlyHint": true, "destructiveHint": false},
            "_meta": {"com.example/x": 1},
        })
    }

    #[test]
    fn every_shape_of_a_list_is_read() {
        let tool = foreign_tool();
        for shape in [
            json!({"tools": [tool]}),
            json!([tool]),
            tool.clone(),
            json!({"jsonrpc": "2.0", "id": 1, "result": {"tools": [tool]}}),
        ] {
            let found = documents(&shape.to_string());
            assert_eq!(found.len(), 1, "{shape}");
            let fields = found[0].fields();
            assert_eq!(fields["tool_name"], "files.list");
            let pattern = &fields["capabilities"]["files.list"]["patterns"]["call"];
            assert_eq!(
                pattern["required_inputs"],
                json!([{"name": "path", "type": "string", "description": "where"}])
            );
            assert_eq!(
                pattern["optional_inputs"],
                json!([{"name": "deep", "type": "object"}])
            );
            assert_eq!(pattern["policy"], json!({"requires_approval": true}));
            assert_eq!(fields["interface"]["annotations"]["readOnlyHint"], true);
        }
    }

    #[test]
    fn a_foreign_tool_comes_back_with_its_definition() {
        let found = documents(&json!([foreign_tool()]).to_string());
        let text = write_format(Format::Mcp, &found).unwrap().text;
        let mut written: Value = serde_json::from_str(&text).unwrap();
        let tool = &mut written["tools"][0];
        let meta = tool["_meta"].as_object_mut().unwrap();
        assert!(meta.shift_remove(META).is_some());
        assert_eq!(*tool, foreign_tool());
        assert_eq!(documents(&text), found);
    }

    #[test]
    fn names_follow_the_specification() {
        let found = documents(
            &json!([{"name": "npm install @a/b", "inputSchema": {"type": "object"}}]).to_string(),
        );
        let written = write(&found);
        let value: Value = serde_json::from_str(&written.text).unwrap();
        let name = value["tools"][0]["name"].as_str().unwrap();
        assert!(NAMES.fits(name), "{name}");
        assert_eq!(written.notes.len(), 1);
    }
}
