//! OpenAPI 3.x, read only: an API becomes a tool, a tag a capability, an operation a pattern, its
//! parameters and body the inputs. <https://spec.openapis.org/oas/v3.1.1.html>

use std::collections::HashSet;

use serde_json::{Map, Value, json};

use super::foreign::{self, INTERFACE};
use super::node::{Node, pointer};
use super::{Problem, Span};

const METHODS: [&str; 8] = [
    "get", "put", "post", "delete", "options", "head", "patch", "trace",
];

/// References followed one after the other before one is given up.
const MAX_REFERENCES: usize = 16;

/// The capability of operations without a tag.
const UNTAGGED: &str = "operations";

/// Whether a document describes an API.
pub fn is_openapi(root: &Node) -> bool {
    root.get("openapi").is_some() || root.get("swagger").is_some()
}

/// The API as one definition.
pub fn read(root: &Node, problems: &mut Vec<Problem>) -> Option<(Node, Vec<Problem>)> {
    let version = root.entry("openapi").or_else(|| root.entry("swagger"))?;
    let text = match (&version.value.raw, version.value.as_text()) {
        (Some(raw), _) => raw.to_string(),
        (None, Some(text)) => text.to_owned(),
        _ => String::new(),
    };
    if version.key != "openapi" || !text.starts_with("3.") {
        problems.push(Problem::new(
            "format/unknown-shape",
            version.value.span,
            format!("OpenAPI 3.x is read, not `{text}`"),
        ));
        return None;
    }
    let mut api = Api {
        root,
        notes: Vec::new(),
        capabilities: Map::new(),
        names: HashSet::new(),
    };
    for path in root.get("paths").map(Node::entries).unwrap_or_default() {
        let item = api.resolve(&path.value);
        for method in METHODS {
            if let Some(operation) = item.get(method) {
                api.operation(&path.key, method, item, operation);
            }
        }
    }
    if api.capabilities.is_empty() {
        problems.push(
            Problem::new(
                "format/unknown-shape",
                version.key_span,
                "this API has no operations under `paths`",
            )
            .at("/paths"),
        );
        return None;
    }
    Some(api.definition(version.key_span))
}

struct Api<'a> {
    root: &'a Node,
    notes: Vec<Problem>,
    capabilities: Map<String, Value>,
    names: HashSet<String>,
}

fn text<'a>(node: &'a Node, key: &str) -> Option<&'a str> {
    node.get(key)?.as_text().filter(|it| !it.trim().is_empty())
}

impl<'a> Api<'a> {
    /// What a reference inside the document leads to; the node itself where it is none.
    fn resolve(&mut self, node: &'a Node) -> &'a Node {
        let mut current = node;
        for _ in 0..MAX_REFERENCES {
            let Some(reference) = current.get("$ref") else {
                return current;
            };
            let path: Option<Vec<String>> = reference
                .as_text()
                .and_then(|it| it.strip_prefix("#/"))
                .map(|it| {
                    it.split('/')
                        .map(|part| part.replace("~1", "/").replace("~0", "~"))
                        .collect()
                });
            match path.and_then(|path| self.root.locate(&path)) {
                Some((found, _)) => current = found,
                None => break,
            }
        }
        self.left_out(current.span, "a reference that leads to nothing here");
        current
    }

    fn left_out(&mut self, span: Span, what: &str) {
        self.notes.push(Problem::new(
            "format/left-out",
            span,
            format!("left out: {what}"),
        ));
    }

    fn operation(&mut self, path: &str, method: &str, item: &'a Node, operation: &'a Node) {
        let place = format!("{} {path}", method.to_uppercase());
        let (mut required, mut optional) = (Vec::new(), Vec::new());
        let shared = item.get("parameters").map(Node::items).unwrap_or_default();
        let own = operation
            .get("parameters")
            .map(Node::items)
            .unwrap_or_default();
        let own: Vec<&Node> = own.iter().map(|it| self.resolve(it)).collect();
        let key = |it: &Node| {
            (
                text(it, "name").map(str::to_owned),
                text(it, "in").map(str::to_owned),
            )
        };
        let shared: Vec<&Node> = shared
            .iter()
            .map(|it| self.resolve(it))
            .filter(|it| !own.iter().any(|mine| key(mine) == key(it)))
            .collect();
        for parameter in shared.into_iter().chain(own) {
            self.parameter(parameter, &mut required, &mut optional);
        }
        if let Some(body) = operation.get("requestBody") {
            let body = self.resolve(body);
            self.body(body, &mut required, &mut optional);
        }
        for (key, what) in [
            ("callbacks", "the callbacks of"),
            ("security", "the security of"),
        ] {
            if let Some(found) = operation.entry(key) {
                self.left_out(found.key_span, &format!("{what} {place}"));
            }
        }
        let description = text(operation, "summary")
            .or_else(|| text(operation, "description"))
            .map_or_else(|| place.clone(), str::to_owned);
        let mut pattern = foreign::assumed_pattern(&description);
        if let Some(long) = text(operation, "description") {
            pattern.insert("description".to_owned(), json!(long));
        }
        pattern.insert("required_inputs".to_owned(), json!(required));
        pattern.insert("optional_inputs".to_owned(), json!(optional));
        let outputs = self.outputs(operation);
        pattern.insert("expected_outputs".to_owned(), json!(outputs));
        pattern.insert(
            INTERFACE.to_owned(),
            json!({"method": method.to_uppercase(), "path": path}),
        );
        if let Some(deprecated) = operation.get("deprecated") {
            pattern[INTERFACE]["deprecated"] = deprecated.to_value();
        }
        let name = self.pattern_name(text(operation, "operationId").unwrap_or(&place));
        let tags = operation.get("tags").map(Node::items).unwrap_or_default();
        if tags.len() > 1 {
            self.left_out(tags[1].span, &format!("the further tags of {place}"));
        }
        let tag = tags.first().and_then(Node::as_text).unwrap_or(UNTAGGED);
        let capability = foreign::clean(tag, 100);
        let about = self.tag_description(tag);
        let capability = self
            .capabilities
            .entry(capability)
            .or_insert_with(|| json!({"description": about, "patterns": {}}));
        capability["patterns"][&name] = Value::Object(pattern);
    }

    fn pattern_name(&mut self, wanted: &str) -> String {
        let base = foreign::clean(wanted, 90);
        let mut name = base.clone();
        let mut number = 1;
        while !self.names.insert(name.clone()) {
            number += 1;
            name = format!("{base} ({number})");
        }
        name
    }

    fn tag_description(&self, tag: &str) -> String {
        self.root
            .get("tags")
            .map(Node::items)
            .unwrap_or_default()
            .iter()
            .find(|it| text(it, "name") == Some(tag))
            .and_then(|it| text(it, "description"))
            .map_or_else(|| format!("Operations on {tag}"), str::to_owned)
    }

    fn parameter(
        &mut self,
        parameter: &'a Node,
        required: &mut Vec<Value>,
        optional: &mut Vec<Value>,
    ) {
        let Some(name) = text(parameter, "name") else {
            self.left_out(parameter.span, "a parameter without a name");
            return;
        };
        let schema = parameter
            .get("schema")
            .map(|it| self.resolve(it).to_value())
            .unwrap_or_default();
        let mut input = foreign::input(name, &schema);
        if let Some(description) = text(parameter, "description") {
            input["description"] = json!(description);
        }
        if let Some(place) = text(parameter, "in") {
            input["in"] = json!(place);
        }
        let is_required = parameter.get("required").map(Node::to_value) == Some(json!(true));
        if is_required {
            required.push(input);
        } else {
            optional.push(input);
        }
    }

    /// The fields of a body that is an object, else the body as one input.
    fn body(&mut self, body: &'a Node, required: &mut Vec<Value>, optional: &mut Vec<Value>) {
        let is_required = body.get("required").map(Node::to_value) == Some(json!(true));
        let contents = body.get("content").map(Node::entries).unwrap_or_default();
        let Some(content) = contents
            .iter()
            .find(|it| it.key.contains("json"))
            .or(contents.first())
        else {
            return;
        };
        let schema = content.value.get("schema").map(|it| self.resolve(it));
        let properties = schema
            .and_then(|it| it.get("properties"))
            .map(Node::entries)
            .unwrap_or_default();
        if properties.is_empty() {
            let mut input = schema.map_or_else(
                || json!({"name": "body"}),
                |it| foreign::input("body", &it.to_value()),
            );
            input["in"] = json!("body");
            if let Some(description) = text(body, "description") {
                input["description"] = json!(description);
            }
            if is_required { required } else { optional }.push(input);
            return;
        }
        let needed = schema.and_then(|it| it.get("required")).map(Node::to_value);
        for property in properties {
            let value = self.resolve(&property.value).to_value();
            let mut input = foreign::input(&property.key, &value);
            input["in"] = json!("body");
            let listed = needed
                .as_ref()
                .and_then(Value::as_array)
                .is_some_and(|it| it.iter().any(|it| it == property.key.as_str()));
            if is_required && listed {
                required.push(input);
            } else {
                optional.push(input);
            }
        }
    }

    fn outputs(&mut self, operation: &'a Node) -> Vec<Value> {
        let responses = operation
            .get("responses")
            .map(Node::entries)
            .unwrap_or_default();
        let mut outputs = Vec::new();
        for response in responses.iter().filter(|it| it.key.starts_with('2')) {
            let found = self.resolve(&response.value);
            let description = text(found, "description").unwrap_or_default();
            outputs.push(json!({"name": response.key, "description": description}));
        }
        outputs
    }

    fn definition(mut self, at: Span) -> (Node, Vec<Problem>) {
        let empty = Node::new(at, super::node::Kind::Null);
        let info = self.root.get("info").unwrap_or(&empty);
        let title = text(info, "title").unwrap_or("API");
        let name = foreign::clean(title, 100);
        let given = info.get("version").map(|it| match (&it.raw, it.as_text()) {
            (Some(raw), _) => raw.to_string(),
            (None, Some(text)) => text.to_owned(),
            _ => String::new(),
        });
        let version = foreign::clean(given.as_deref().unwrap_or("1.0"), 20);
        let description = text(info, "description")
            .or_else(|| text(info, "summary"))
            .map_or_else(|| format!("The API {title}"), str::to_owned);
        let mut definition = foreign::assumed_tool(&name, &version, &description);
        let mut interface = Map::new();
        for key in ["servers", "externalDocs"] {
            if let Some(value) = self.root.get(key) {
                interface.insert(key.to_owned(), value.to_value());
            }
        }
        if !interface.is_empty() {
            definition.insert(INTERFACE.to_owned(), Value::Object(interface));
        }
        for (key, what) in [
            ("security", "the security of the API"),
            ("webhooks", "the webhooks of the API"),
        ] {
            if let Some(found) = self.root.entry(key) {
                self.left_out(found.key_span, what);
            }
        }
        definition.insert("capabilities".to_owned(), Value::Object(self.capabilities));
        self.notes.push(
            Problem::new(
                "format/converted",
                at,
                format!(
                    "`{name}` says nothing of platform, category, estimates and policy; they are \
                     assumed, with approval for every run"
                ),
            )
            .at(pointer("", "info")),
        );
        let node = Node::from_value(at, &Value::Object(definition));
        (node, self.notes)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::format::{Format, Source, read as read_source};
    use crate::validate::{Options, Severity, check_sources};

    const API: &str = "\
openapi: 3.1.0
info: {title: Pets, version: 2.0, description: Keeps pets}
servers: [{url: https://example.com}]
tags: [{name: pets, description: All about pets}]
paths:
  /pets/{id}:
    parameters:
      - $ref: '#/components/parameters/Id'
    get:
      operationId: getPet
      tags: [pets, animals]
      summary: Get a pet
      parameters:
        - {name: verbose, in: query, schema: {type: boolean}}
      responses:
        '200': {description: The pet}
        '404': {description: None}
    put:
      tags: [pets]
      requestBody:
        required: true
        content:
          application/json: {schema: {$ref: '#/components/schemas/Pet'}}
      callbacks: {done: {}}
      responses: {}
  /health:
    get: {responses: {'204': {description: Fine}}}
components:
  parameters:
    Id: {name: id, in: path, required: true, schema: {type: integer}}
  schemas:
    Pet:
      type: object
      required: [name]
      properties:
        name: {type: string}
        parent: {$ref: '#/components/schemas/Pet'}
        loop: {$ref: '#/components/schemas/Loop'}
    Loop: {$ref: '#/components/schemas/Loop'}
";

    #[test]
    fn operations_become_patterns() {
        let source = Source::new("api.yaml", API);
        let reading = read_source(&source, None);
        assert_eq!(
            (reading.format, &reading.problems),
            (Format::Openapi, &vec![])
        );
        let fields = reading.documents[0].document.fields();
        assert_eq!(fields["tool_name"], "Pets");
        assert_eq!(fields["version"], "2.0");
        let pets = &fields["capabilities"]["pets"];
        assert_eq!(pets["description"], "All about pets");
        let get = &pets["patterns"]["getPet"];
        assert_eq!(
            get["required_inputs"],
            json!([{"name": "id", "type": "integer", "in": "path"}])
        );
        assert_eq!(
            get["optional_inputs"],
            json!([{"name": "verbose", "type": "boolean", "in": "query"}])
        );
        assert_eq!(
            get["expected_outputs"],
            json!([{"name": "200", "description": "The pet"}])
        );
        let put = &pets["patterns"]["PUT /pets/{id}"];
        assert_eq!(put["required_inputs"][1]["name"], "name");
        assert!(fields["capabilities"][UNTAGGED]["patterns"]["GET /health"].is_object());
        let left_out: Vec<&str> = reading.documents[0]
            .notes
            .iter()
            .filter(|it| it.rule == "format/left-out")
            .map(|it| it.message.as_str())
            .collect();
        assert_eq!(left_out.len(), 3, "{left_out:?}");
        let report = check_sources(vec![source], &Options::default());
        assert_eq!(report.count(Severity::Error), 0, "{:?}", report.diagnostics);
    }
}
