//! OpenAPI 3.x and Swagger 2.0, read only: an API becomes a tool, a tag a capability, an operation a
//! pattern, its parameters and body the inputs. <https://spec.openapis.org/oas/v3.1.1.html>,
//! <https://spec.openapis.org/oas/v2.0.html>

use std::collections::HashSet;

use serde_json::{Map, Value, json};

use super::foreign::{self, INTERFACE};
use super::node::{Kind, Node, pointer};
use super::schema::{self, left_out};
use super::{Problem, Span};

const METHODS: [&str; 9] = [
    "get", "put", "post", "delete", "options", "head", "patch", "trace", "query",
];

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
    let known = match version.key.as_str() {
        "openapi" => text.starts_with("3."),
        _ => text == "2.0" || text == "2",
    };
    if !known {
        problems.push(Problem::new(
            "format/unknown-shape",
            version.value.span,
            format!("OpenAPI 3.x and Swagger 2.0 are read, not `{text}`"),
        ));
        return None;
    }
    let mut api = Api {
        root,
        notes: Vec::new(),
        capabilities: Map::new(),
        names: HashSet::new(),
    };
    if version.key == "swagger" {
        api.notes.push(Problem::new(
            "format/converted",
            version.key_span,
            "Swagger 2.0 was read: `host` and `basePath` as servers, body and form parameters as \
             the fields of a body",
        ));
    }
    for path in root.get("paths").map(Node::entries).unwrap_or_default() {
        api.path(&path.key, &path.value);
    }
    if api.capabilities.is_empty() {
        problems.push(
            Problem::new(
                "format/unknown-shape",
                version.key_span,
                "this API has no operations under `paths` that can be read",
            )
            .at("/paths"),
        );
        api.notes.retain(|it| it.rule == "format/left-out");
        problems.append(&mut api.notes);
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

/// The inputs of an operation.
#[derive(Default)]
struct Inputs {
    required: Vec<Value>,
    optional: Vec<Value>,
    /// The schema of a body that its fields do not tell all of.
    schema: Option<Value>,
}

impl Inputs {
    fn add(&mut self, input: Value, required: bool) {
        let list = if required {
            &mut self.required
        } else {
            &mut self.optional
        };
        list.push(input);
    }
}

fn text<'a>(node: &'a Node, key: &str) -> Option<&'a str> {
    node.get(key)?.as_text().filter(|it| !it.trim().is_empty())
}

fn is_true(node: &Node, key: &str) -> bool {
    node.get(key).map(|it| &it.kind) == Some(&Kind::Bool(true))
}

impl<'a> Api<'a> {
    /// What a reference inside the document leads to; the node itself if it is not a reference. One that
    /// leads elsewhere is left out.
    fn resolve(&mut self, node: &'a Node) -> Option<&'a Node> {
        match schema::follow(node, self.root) {
            Ok(found) => Some(found),
            Err(lost) => {
                self.notes.push(schema::dangling(lost));
                None
            }
        }
    }

    fn left_out(&mut self, span: Span, what: &str) {
        self.notes.push(left_out(span, what));
    }

    /// The operations of a path; it may refer to another, and add to it.
    fn path(&mut self, path: &str, item: &'a Node) {
        let Some(target) = self.resolve(item) else {
            return;
        };
        for method in METHODS {
            let own = item.get(method).or_else(|| target.get(method));
            let Some(operation) = own.and_then(|it| self.resolve(it)) else {
                continue;
            };
            if operation.entries().is_empty() {
                let what = format!("{} {path}, of which nothing is said", method.to_uppercase());
                self.left_out(operation.span, &what);
                continue;
            }
            self.operation(path, method, target, operation);
        }
    }

    fn operation(&mut self, path: &str, method: &str, item: &'a Node, operation: &'a Node) {
        let place = format!("{} {path}", method.to_uppercase());
        let mut inputs = self.inputs(item, operation);
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
        pattern.insert("required_inputs".to_owned(), json!(inputs.required));
        pattern.insert("optional_inputs".to_owned(), json!(inputs.optional));
        let outputs = self.outputs(operation);
        pattern.insert("expected_outputs".to_owned(), json!(outputs));
        let mut interface = json!({"method": method.to_uppercase(), "path": path});
        if let Some(deprecated) = operation.get("deprecated") {
            interface["deprecated"] = deprecated.to_value();
        }
        if let Some(schema) = inputs.schema.take() {
            interface["input_schema"] = schema;
        }
        pattern.insert(INTERFACE.to_owned(), interface);
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

    /// The parameters of an operation, those that its path shares, and its body.
    fn inputs(&mut self, item: &'a Node, operation: &'a Node) -> Inputs {
        let mut resolved = |node: &'a Node| -> Vec<&'a Node> {
            let given = node.entry("parameters");
            if let Some(given) = given.filter(|it| !it.value.is_list()) {
                self.left_out(given.key_span, "parameters that are no list");
            }
            let given = given.map(|it| it.value.items()).unwrap_or_default();
            given.iter().filter_map(|it| self.resolve(it)).collect()
        };
        let (own, shared) = (resolved(operation), resolved(item));
        let key = |it: &Node| {
            (
                text(it, "name").map(str::to_owned),
                text(it, "in").map(str::to_owned),
            )
        };
        let mine: HashSet<_> = own.iter().map(|it| key(it)).collect();
        let shared = shared.into_iter().filter(|it| !mine.contains(&key(it)));
        let mut inputs = Inputs::default();
        for parameter in shared.chain(own.iter().copied()) {
            self.parameter(parameter, &mut inputs);
        }
        if let Some(body) = operation.get("requestBody").and_then(|it| self.resolve(it)) {
            let contents = body.get("content").map(Node::entries).unwrap_or_default();
            let content = contents
                .iter()
                .find(|it| it.key.contains("json"))
                .or(contents.first());
            match content {
                Some(content) => self.body(body, content.value.get("schema"), &mut inputs),
                None => self.left_out(body.span, "a body of which nothing is said"),
            }
        }
        inputs
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

    /// A parameter: its schema stands under `schema`, under `content`, or, in Swagger 2.0, in itself.
    fn parameter(&mut self, parameter: &'a Node, inputs: &mut Inputs) {
        if let Some(found) = parameter.entry("collectionFormat") {
            self.left_out(found.key_span, "how a list is written in a parameter");
        }
        let place = text(parameter, "in");
        if place == Some("body") {
            self.body(parameter, parameter.get("schema"), inputs);
            return;
        }
        let Some(name) = text(parameter, "name") else {
            self.left_out(parameter.span, "a parameter without a name");
            return;
        };
        let contents = parameter.get("content").map(Node::entries);
        let under_content = contents
            .and_then(<[_]>::first)
            .and_then(|it| it.value.get("schema"));
        let schema = parameter
            .get("schema")
            .or(under_content)
            .unwrap_or(parameter);
        let (mut input, mut notes) = schema::input(name, schema, self.root);
        self.notes.append(&mut notes);
        if let Some(description) = text(parameter, "description") {
            input["description"] = json!(description);
        }
        if let Some(place) = place {
            input["in"] = json!(place);
        }
        inputs.add(input, is_true(parameter, "required"));
    }

    /// The fields of a body that is an object, else the body as one input.
    fn body(&mut self, body: &'a Node, schema: Option<&'a Node>, inputs: &mut Inputs) {
        let is_required = is_true(body, "required");
        let found = schema.map(|it| schema::inputs(it, self.root, true));
        let mut found = found.unwrap_or_default();
        self.notes.append(&mut found.notes);
        let nothing = found.required.is_empty() && found.optional.is_empty();
        if let Some(schema) = schema.filter(|_| found.more || nothing) {
            inputs.schema = schema::inlined(schema, self.root);
            if inputs.schema.is_none() {
                self.left_out(
                    schema.span,
                    "what the schema of this body says beyond its fields",
                );
            }
        }
        if nothing {
            let named = schema.map(|it| schema::input("body", it, self.root).0);
            let mut input = named.unwrap_or_else(|| json!({"name": "body"}));
            input["in"] = json!("body");
            if let Some(description) = text(body, "description") {
                input["description"] = json!(description);
            }
            inputs.add(input, is_required);
            return;
        }
        for (list, listed) in [(found.required, true), (found.optional, false)] {
            for mut input in list {
                input["in"] = json!("body");
                inputs.add(input, is_required && listed);
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
            if let Some(found) = self.resolve(&response.value) {
                let description = text(found, "description").unwrap_or_default();
                outputs.push(json!({"name": response.key, "description": description}));
            }
        }
        outputs
    }

    fn definition(mut self, at: Span) -> (Node, Vec<Problem>) {
        let empty = Node::new(at, Kind::Null);
        let info = self.root.get("info").unwrap_or(&empty);
        let title = text(info, "title").unwrap_or("API");
        let name = foreign::clean(title, 100);
        let given = info
            .get("version")
            .and_then(|it| match (&it.kind, &it.raw) {
                (Kind::Text(text), _) => Some(text.clone()),
                (Kind::Number(_), Some(raw)) => Some(raw.to_string()),
                _ => None,
            });
        let given = given.unwrap_or_else(|| "1.0".to_owned());
        let version = foreign::clean(&given, 20);
        for (whole, kept) in [(title, &name), (given.as_str(), &version)] {
            if whole != kept {
                let what = format!("a part of `{whole}`, which is kept as `{kept}`");
                self.left_out(info.span, &what);
            }
        }
        let description = text(info, "description")
            .or_else(|| text(info, "summary"))
            .map_or_else(|| format!("The API {title}"), str::to_owned);
        let mut definition = foreign::assumed_tool(&name, &version, &description);
        let interface = self.interface();
        if !interface.is_empty() {
            definition.insert(INTERFACE.to_owned(), Value::Object(interface));
        }
        for (key, what) in [
            ("security", "the security of the API"),
            ("webhooks", "the webhooks of the API"),
            ("securityDefinitions", "the security definitions of the API"),
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

    /// Where the API is served, and where it is described.
    fn interface(&self) -> Map<String, Value> {
        let mut interface = Map::new();
        for key in ["servers", "externalDocs", "consumes", "produces"] {
            if let Some(value) = self.root.get(key) {
                interface.insert(key.to_owned(), value.to_value());
            }
        }
        if let Some(host) = text(self.root, "host") {
            let path = text(self.root, "basePath").unwrap_or_default();
            let schemes = self
                .root
                .get("schemes")
                .map(Node::items)
                .unwrap_or_default();
            let schemes: Vec<&str> = schemes.iter().filter_map(Node::as_text).collect();
            let schemes = if schemes.is_empty() {
                vec!["https"]
            } else {
                schemes
            };
            let servers: Vec<Value> = schemes
                .iter()
                .map(|scheme| json!({"url": format!("{scheme}://{host}{path}")}))
                .collect();
            interface.insert("servers".to_owned(), Value::Array(servers));
        }
        interface
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
