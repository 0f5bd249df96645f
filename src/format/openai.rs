//! Function tools of OpenAI's API, in the shape of the Responses API
//! (`{"type": "function", "name", "parameters"}`) or of Chat Completions
//! (`{"type": "function", "function": {"name", "parameters"}}`), or in the older one of `functions`
//! (`{"functions": [{"name", "parameters"}]}`, or such a list). Written in the first.

use serde_json::{Map, Value, json};

use crate::definition::Document;

use super::foreign::{self, Tool};
use super::names::{Limits, unique};
use super::node::{Kind, Node};
use super::{LeftOut, Problem, Written, tolerate};

/// Function names: at most 64 letters, digits, `_`, `-`.
pub const NAMES: Limits = Limits {
    length: 64,
    dots: false,
};

/// The tools in a document, if it is one of the shapes of OpenAI.
pub fn tools(root: &Node) -> Option<Vec<&Node>> {
    let is_tool = |node: &Node| {
        node.get("type").and_then(Node::as_text) == Some("function")
            && (node.get("function").is_some_and(Node::is_map) || node.get("name").is_some())
    };
    for list in [Some(root), root.get("tools")].into_iter().flatten() {
        if list.items().iter().any(is_tool) {
            return Some(list.items().iter().collect());
        }
    }
    if is_tool(root) {
        return Some(vec![root]);
    }
    for list in [root.get("functions"), Some(root)].into_iter().flatten() {
        if !list.items().is_empty() && list.items().iter().all(is_bare) {
            return Some(list.items().iter().collect());
        }
    }
    is_bare(root).then(|| vec![root])
}

/// A function without the word that it is one.
fn is_bare(node: &Node) -> bool {
    let schema = node.get("parameters").is_some_and(|it| {
        it.get("properties").is_some_and(Node::is_map)
            || it.get("type").and_then(Node::as_text) == Some("object")
    });
    schema
        && node.get("name").is_some()
        && node.get("type").is_none()
        && node.get("capabilities").is_none()
}

/// One function as a definition.
pub fn read(node: &Node, problems: &mut Vec<Problem>) -> Option<(Node, Vec<Problem>)> {
    if node.get("type").and_then(Node::as_text) != Some("function") && !is_bare(node) {
        problems.push(not_a_function(node));
        return None;
    }
    let function = node
        .get("function")
        .filter(|it| it.is_map())
        .unwrap_or(node);
    read_tool(
        function,
        "parameters",
        NAMES,
        &["type", "function"],
        problems,
    )
}

/// A tool that runs at the provider has no interface to speak of.
pub(super) fn not_a_function(node: &Node) -> Problem {
    let kind = node.get("type").and_then(Node::as_text).unwrap_or("none");
    Problem::new(
        "format/left-out",
        node.span,
        format!("left out: a tool of the type `{kind}`, which is the provider's own"),
    )
}

/// A tool with a name, a description and a schema under `schema_key`, as a definition.
pub(super) fn read_tool(
    node: &Node,
    schema_key: &str,
    limits: Limits,
    skipped: &[&str],
    problems: &mut Vec<Problem>,
) -> Option<(Node, Vec<Problem>)> {
    let name_node = node.get("name");
    let Some(name) = name_node.and_then(Node::as_text) else {
        problems.push(Problem::new(
            "format/unknown-shape",
            node.span,
            "a tool has a `name`, which is text",
        ));
        return None;
    };
    let mut schema = node.get(schema_key).cloned();
    let mut own_name = name.to_owned();
    let titled = schema
        .as_ref()
        .and_then(|it| it.get("title")?.as_text().map(str::to_owned));
    if let Some(title) = titled
        && limits.stands_for(name, &title)
    {
        own_name = title;
        schema.as_mut().and_then(|it| it.remove("title"));
    }
    let mut interface = Map::new();
    for entry in node.entries() {
        let key = entry.key.as_str();
        let handled = ["name", "description", schema_key].contains(&key) || skipped.contains(&key);
        if !handled && entry.value.kind != Kind::Null {
            tolerate::keep(&mut interface, key, &entry.value);
        }
    }
    let tool = Tool {
        span: name_node.map_or(node.span, |it| it.span),
        name: own_name,
        description: node
            .get("description")
            .and_then(Node::as_text)
            .map(str::to_owned),
        input_schema: schema,
        interface,
    };
    Some(tool.into_definition())
}

/// Writes definitions as a list of functions.
pub fn write(documents: &[Document]) -> Written {
    write_tools(documents, NAMES, |tool, schema, interface| {
        tool.insert("type".to_owned(), json!("function"));
        tool.insert("parameters".to_owned(), schema);
        if let Some(strict) = interface.get("strict") {
            tool.insert("strict".to_owned(), strict.clone());
        }
    })
}

/// Writes definitions as a list of tools. A name that had to change rides as the title of the
/// schema, so that import gives it back.
pub(super) fn write_tools(
    documents: &[Document],
    limits: Limits,
    finish: impl Fn(&mut Map<String, Value>, Value, &Map<String, Value>),
) -> Written {
    let names = unique(documents, limits);
    let mut notes = Vec::new();
    let mut tools = Vec::new();
    for (document, (name, full)) in documents.iter().zip(names) {
        let (mut schema, note) = foreign::of_object(foreign::input_schema(document));
        notes.extend(note.map(|message| LeftOut {
            subject: document.label(),
            message,
        }));
        if name != full {
            if let Some(fields) = schema.as_object_mut() {
                fields.insert("title".to_owned(), json!(full));
            }
            notes.push(LeftOut {
                subject: document.label(),
                message: format!("is called `{name}`, since names are limited there"),
            });
        }
        notes.push(LeftOut {
            subject: document.label(),
            message: foreign::left_out(document),
        });
        let mut tool = Map::new();
        tool.insert("name".to_owned(), json!(name));
        if let Some(description) = foreign::description(document) {
            tool.insert("description".to_owned(), json!(description));
        }
        finish(&mut tool, schema, &foreign::given_interface(document));
        tools.push(Value::Object(tool));
    }
    Written {
        text: tolerate::finished(format!("{:#}\n", Value::Array(tools))),
        notes,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::format::{Format, Source, read as read_source};

    fn found(value: &Value) -> (Format, Vec<Document>) {
        let reading = read_source(&Source::new("a.json", value.to_string()), None);
        assert_eq!(reading.problems, []);
        let documents = reading.documents.into_iter().map(|it| it.document);
        (reading.format, documents.collect())
    }

    #[test]
    fn all_shapes_are_read_alike() {
        let schema =
            json!({"type": "object", "properties": {"a": {"type": "integer"}}, "required": ["a"]});
        let shapes = [
            (
                Format::Openai,
                json!({"type": "function", "name": "f", "description": "d", "parameters": schema}),
            ),
            (
                Format::Openai,
                json!([{"type": "function", "function": {"name": "f", "description": "d", "parameters": schema}}]),
            ),
            (
                Format::Openai,
                json!({"model": "m", "functions": [{"name": "f", "description": "d", "parameters": schema}]}),
            ),
            (
                Format::Openai,
                json!([{"name": "f", "description": "d", "parameters": schema}]),
            ),
            (
                Format::Anthropic,
                json!({"tools": [{"name": "f", "description": "d", "input_schema": schema}]}),
            ),
        ];
        for (format, shape) in shapes {
            let (read_as, documents) = found(&shape);
            assert_eq!(read_as, format, "{shape}");
            let fields = documents[0].fields();
            assert_eq!(fields["tool_name"], "f");
            assert_eq!(fields["description"], "d");
            assert_eq!(
                fields["capabilities"]["f"]["patterns"]["call"]["required_inputs"],
                json!([{"name": "a", "type": "integer"}])
            );
        }
    }

    #[test]
    fn tools_of_the_provider_are_left_out() {
        let list =
            json!([{"type": "web_search"}, {"type": "function", "name": "f", "parameters": {}}]);
        let reading = read_source(&Source::new("a.json", list.to_string()), None);
        assert_eq!(reading.documents.len(), 1);
        assert_eq!(reading.problems[0].rule, "format/left-out");
    }

    #[test]
    fn long_names_are_shortened_and_mapped_back() {
        let long = "a very long name: ".repeat(5);
        let long = long.trim();
        let (_, documents) = found(
            &json!({"type": "function", "name": long, "parameters": {"type": "object"}, "strict": true}),
        );
        for written in [
            write(&documents),
            crate::format::anthropic::write(&documents),
        ] {
            let value: Value = serde_json::from_str(&written.text).unwrap();
            assert!(NAMES.fits(value[0]["name"].as_str().unwrap()));
            let (_, again) = found(&value);
            assert_eq!(again[0].fields()["tool_name"], long);
        }
        let value: Value = serde_json::from_str(&write(&documents).text).unwrap();
        assert_eq!(value[0]["strict"], true);
    }
}
