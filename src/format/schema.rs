//! What a JSON Schema of an object takes, as inputs: its properties and those of its parts, with
//! references followed. What cannot be followed is named.

use serde_json::{Map, Value, json};

use super::node::{Kind, Node};
use super::{MAX_DEPTH, Problem, Span};

/// References followed one after the other before one is given up.
const MAX_REFERENCES: usize = 16;

/// The most parts of one schema that are looked at: parts can refer to each other without end.
const MAX_PARTS: usize = 5_000;

/// The inputs that a schema names, and what could not be followed.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Inputs {
    /// Inputs without which a call is not valid.
    pub required: Vec<Value>,
    /// The others.
    pub optional: Vec<Value>,
    /// What is left out.
    pub notes: Vec<Problem>,
    /// Whether the schema says more of the inputs together than such a list can, such as that
    /// one of two is needed.
    pub more: bool,
}

/// The inputs of a schema. `root` is the document that its references lead into; for a `request`,
/// what only an answer holds (`readOnly`) is not an input.
pub fn inputs(schema: &Node, root: &Node, request: bool) -> Inputs {
    let mut reader = Reader {
        root,
        request,
        parts: 0,
        within: Vec::new(),
        found: Inputs::default(),
    };
    let fields = reader.fields(schema);
    for field in fields {
        let input = reader.input(field.name, field.schema);
        let list = match field.required {
            true => &mut reader.found.required,
            false => &mut reader.found.optional,
        };
        list.push(input);
    }
    reader.found
}

/// One input from its schema: name, type, description, default and choices.
pub fn input(name: &str, schema: &Node, root: &Node) -> (Value, Vec<Problem>) {
    let mut reader = Reader {
        root,
        request: false,
        parts: 0,
        within: Vec::new(),
        found: Inputs::default(),
    };
    let input = reader.input(name, schema);
    (input, reader.found.notes)
}

/// What a node stands for: if it is a reference (`$ref`), what that leads to inside `root`.
///
/// # Errors
/// The node whose reference leads to nothing.
pub fn follow<'a>(node: &'a Node, root: &'a Node) -> Result<&'a Node, &'a Node> {
    let mut current = node;
    for _ in 0..MAX_REFERENCES {
        let Some(reference) = current.get("$ref") else {
            return Ok(current);
        };
        let found = reference
            .as_text()
            .and_then(|it| it.strip_prefix('#'))
            .and_then(|it| find(root, it));
        match found {
            Some(found) => current = found,
            None => break,
        }
    }
    Err(current)
}

/// What a JSON pointer in the form of a URI fragment leads to.
fn find<'a>(root: &'a Node, fragment: &str) -> Option<&'a Node> {
    if fragment.is_empty() {
        return Some(root);
    }
    let path: Vec<String> = percent_decoded(fragment.strip_prefix('/')?)
        .split('/')
        .map(|part| part.replace("~1", "/").replace("~0", "~"))
        .collect();
    Some(root.locate(&path)?.0)
}

fn percent_decoded(text: &str) -> String {
    let mut bytes = Vec::with_capacity(text.len());
    let mut rest = text.as_bytes();
    while let Some((&first, others)) = rest.split_first() {
        let hex = others.get(..2).and_then(|it| std::str::from_utf8(it).ok());
        match hex.and_then(|it| u8::from_str_radix(it, 16).ok()) {
            Some(byte) if first == b'%' => {
                bytes.push(byte);
                rest = &others[2..];
            }
            _ => {
                bytes.push(first);
                rest = others;
            }
        }
    }
    String::from_utf8_lossy(&bytes).into_owned()
}

/// The note on a reference that cannot be followed.
pub fn dangling(node: &Node) -> Problem {
    let target = node.get("$ref").and_then(Node::as_text).unwrap_or("$ref");
    let span = node.entry("$ref").map_or(node.span, |it| it.value.span);
    left_out(
        span,
        &format!("a reference that leads to nothing here, `{target}`"),
    )
}

/// A note on what is left out.
pub fn left_out(span: Span, what: &str) -> Problem {
    Problem::new("format/left-out", span, format!("left out: {what}"))
}

/// A property of an object.
struct Field<'a> {
    name: &'a str,
    schema: &'a Node,
    required: bool,
}

struct Reader<'a> {
    root: &'a Node,
    request: bool,
    parts: usize,
    /// The schemas that are being read, from the outermost: none is part of itself.
    within: Vec<&'a Node>,
    found: Inputs,
}

impl<'a> Reader<'a> {
    /// Whether another part may be looked at.
    fn goes_on(&mut self, at: Span) -> bool {
        self.parts += 1;
        if self.parts == MAX_PARTS {
            let what = format!("what a schema says beyond {MAX_PARTS} parts");
            self.found.notes.push(left_out(at, &what));
        }
        self.parts < MAX_PARTS
    }

    fn follow(&mut self, node: &'a Node) -> Option<&'a Node> {
        match follow(node, self.root) {
            Ok(found) => Some(found),
            Err(lost) => {
                let note = dangling(lost);
                if !self.found.notes.contains(&note) {
                    self.found.notes.push(note);
                }
                None
            }
        }
    }

    /// The properties of a schema and of its parts.
    fn fields(&mut self, schema: &'a Node) -> Vec<Field<'a>> {
        let again = self.within.iter().any(|it| std::ptr::eq(*it, schema));
        if again || self.within.len() == MAX_DEPTH || !self.goes_on(schema.span) {
            return Vec::new();
        }
        self.within.push(schema);
        let fields = self.fields_of(schema);
        self.within.pop();
        fields
    }

    fn fields_of(&mut self, schema: &'a Node) -> Vec<Field<'a>> {
        let mut fields = Vec::new();
        if schema.get("$ref").is_some()
            && let Some(target) = self.follow(schema)
        {
            fields = self.fields(target);
        }
        for property in schema
            .get("properties")
            .map(Node::entries)
            .unwrap_or_default()
        {
            if !(self.request && self.is_read_only(&property.value)) {
                let field = Field {
                    name: &property.key,
                    schema: &property.value,
                    required: false,
                };
                join(&mut fields, vec![field]);
            }
        }
        for part in parts(schema, "allOf") {
            let more = self.fields(part);
            join(&mut fields, more);
        }
        for key in ["anyOf", "oneOf"] {
            if schema.get(key).is_some() {
                self.found.more = true;
                let more = self.choice(schema, key);
                join(&mut fields, more);
            }
        }
        for key in ["then", "else"] {
            if let Some(part) = schema.get(key) {
                self.found.more = true;
                let more = self.fields(part).into_iter();
                join(&mut fields, more.map(Field::optional).collect());
            }
        }
        for needed in parts(schema, "required").filter_map(Node::as_text) {
            for field in fields.iter_mut().filter(|it| it.name == needed) {
                field.required = true;
            }
        }
        fields
    }

    /// The properties of alternatives: required where each of them requires it.
    fn choice(&mut self, schema: &'a Node, key: &str) -> Vec<Field<'a>> {
        let branches: Vec<Vec<Field<'a>>> = parts(schema, key)
            .filter(|it| !is_null(it))
            .map(|it| self.fields(it))
            .collect();
        let needed = |name: &str| {
            branches
                .iter()
                .all(|branch| branch.iter().any(|it| it.name == name && it.required))
        };
        let required: Vec<&str> = branches
            .iter()
            .flatten()
            .map(|it| it.name)
            .filter(|name| needed(name))
            .collect();
        let mut fields = Vec::new();
        for branch in branches {
            join(&mut fields, branch);
        }
        for field in &mut fields {
            field.required = required.contains(&field.name);
        }
        fields
    }

    fn is_read_only(&mut self, property: &'a Node) -> bool {
        let says = |node: &Node| node.get("readOnly").map(|it| &it.kind) == Some(&Kind::Bool(true));
        says(property)
            || follow(property, self.root).is_ok_and(says)
            || parts(property, "allOf").any(|it| says(it) || follow(it, self.root).is_ok_and(says))
    }

    /// An input: the parts of its schema that are simple.
    fn input(&mut self, name: &str, schema: &'a Node) -> Value {
        let mut input = Map::new();
        input.insert("name".to_owned(), json!(name));
        let mut sources = vec![schema];
        sources.extend(self.follow(schema));
        for key in ["allOf", "anyOf", "oneOf"] {
            let branches: Vec<&Node> = parts(schema, key).filter(|it| !is_null(it)).collect();
            // Of several alternatives none speaks for the whole.
            if key == "allOf" || branches.len() == 1 {
                for branch in branches {
                    sources.extend(self.follow(branch));
                }
            }
        }
        if let Some(kind) = sources.iter().find_map(|it| type_of(it)) {
            input.insert("type".to_owned(), kind);
        }
        let said = |key: &str| sources.iter().find_map(|it| it.get(key));
        if let Some(description) = said("description").filter(|it| it.as_text().is_some()) {
            input.insert("description".to_owned(), description.to_value());
        }
        for field in ["default", "enum"] {
            if let Some(value) = said(field) {
                input.insert(field.to_owned(), value.to_value());
            }
        }
        Value::Object(input)
    }
}

impl Field<'_> {
    fn optional(mut self) -> Self {
        self.required = false;
        self
    }
}

/// Adds fields; one that is there already stays, and is required where either says so.
fn join<'a>(fields: &mut Vec<Field<'a>>, more: Vec<Field<'a>>) {
    for field in more {
        match fields.iter_mut().find(|it| it.name == field.name) {
            Some(present) => present.required |= field.required,
            None => fields.push(field),
        }
    }
}

fn parts<'a>(schema: &'a Node, key: &str) -> impl Iterator<Item = &'a Node> {
    schema.get(key).map(Node::items).unwrap_or_default().iter()
}

fn is_null(schema: &Node) -> bool {
    let kind = schema.get("type");
    kind.and_then(Node::as_text) == Some("null") || kind.is_some_and(|it| it.kind == Kind::Null)
}

/// The type that a schema names or has by what else it says; of a type or null, the type.
fn type_of(schema: &Node) -> Option<Value> {
    match schema.get("type") {
        Some(kind) if kind.as_text().is_some() => return Some(kind.to_value()),
        Some(kind) if kind.is_list() => {
            let kinds: Vec<Value> = kind
                .items()
                .iter()
                .filter(|it| it.as_text().is_some_and(|it| it != "null"))
                .map(Node::to_value)
                .collect();
            return match kinds.as_slice() {
                [] => None,
                [one] => Some(one.clone()),
                _ => Some(Value::Array(kinds)),
            };
        }
        _ => {}
    }
    if schema.get("properties").is_some() {
        return Some(json!("object"));
    }
    schema.get("items").map(|_| json!("array"))
}

/// A schema with its references put in place; `None` if that would not end, or would be larger
/// than the parts that are looked at.
pub fn inlined(schema: &Node, root: &Node) -> Option<Value> {
    let mut left = MAX_PARTS;
    put_in_place(schema, root, MAX_DEPTH / 2, &mut left)
}

fn put_in_place(node: &Node, root: &Node, depth: usize, left: &mut usize) -> Option<Value> {
    if depth == 0 || *left == 0 {
        return None;
    }
    *left -= 1;
    let target = follow(node, root).ok()?;
    match &target.kind {
        Kind::List(items) => items
            .iter()
            .map(|it| put_in_place(it, root, depth - 1, left))
            .collect::<Option<Vec<Value>>>()
            .map(Value::Array),
        Kind::Map(entries) => {
            let beside = node
                .entries()
                .iter()
                .filter(|_| !std::ptr::eq(node, target));
            let mut fields = Map::new();
            for entry in entries.iter().chain(beside) {
                if entry.key != "$ref" {
                    let value = put_in_place(&entry.value, root, depth - 1, left)?;
                    fields.insert(entry.key.clone(), value);
                }
            }
            Some(Value::Object(fields))
        }
        _ => Some(target.to_value()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(value: Value) -> (Value, Value, usize) {
        let node = Node::from_value(Span::default(), &value);
        let found = inputs(&node, &node, true);
        let names = |list: &[Value]| list.iter().map(|it| it["name"].clone()).collect();
        (
            names(&found.required),
            names(&found.optional),
            found.notes.len(),
        )
    }

    #[test]
    fn properties_are_found_in_every_part() {
        let (required, optional, notes) = read(json!({
            "$defs": {"Base": {"properties": {"id": {"readOnly": true}, "a": {}}, "required": ["id", "a"]}},
            "allOf": [{"$ref": "#/$defs/Base"}, {"properties": {"b": {}}}],
            "oneOf": [
                {"properties": {"c": {}, "d": {}}, "required": ["c", "d"]},
                {"properties": {"c": {}}, "required": ["c"]},
            ],
            "then": {"properties": {"e": {}}, "required": ["e"]},
            "properties": {"f": {"$ref": "#/nowhere"}},
            "required": ["b"],
        }));
        assert_eq!(required, json!(["a", "b", "c"]));
        assert_eq!(optional, json!(["f", "d", "e"]));
        assert_eq!(notes, 1);
    }

    #[test]
    fn schemas_without_end_end() {
        let (_, optional, _) = read(json!({"properties": {"a": {}}, "allOf": [{"$ref": "#"}]}));
        assert_eq!(optional, json!(["a"]));
        let branch = json!({"$ref": "#"});
        let (_, optional, notes) =
            read(json!({"properties": {"a": {}}, "anyOf": [branch, branch, branch]}));
        assert_eq!((optional, notes), (json!(["a"]), 0));
        // Each schema twice in the one before it: 2 to the power of 40 parts.
        let mut schemas = Map::new();
        for level in 0..40 {
            let next = json!({"$ref": format!("#/s/{}", level + 1)});
            schemas.insert(level.to_string(), json!({"allOf": [next, next]}));
        }
        let (_, _, notes) = read(json!({"s": schemas, "$ref": "#/s/0"}));
        assert_eq!(notes, 1);
    }

    #[test]
    fn an_input_has_the_type_of_what_it_refers_to() {
        let node = Node::from_value(
            Span::default(),
            &json!({
                "$defs": {"Size": {"type": "integer", "description": "How large"}},
                "properties": {
                    "a": {"$ref": "#/$defs/Size"},
                    "b": {"allOf": [{"$ref": "#/$defs/Size"}], "default": 3},
                    "c": {"anyOf": [{"type": "string"}, {"type": "null"}]},
                    "d": {"type": ["null", "number"]},
                    "e": {"properties": {}},
                },
            }),
        );
        assert_eq!(
            inputs(&node, &node, false).optional,
            [
                json!({"name": "a", "type": "integer", "description": "How large"}),
                json!({"name": "b", "type": "integer", "description": "How large", "default": 3}),
                json!({"name": "c", "type": "string"}),
                json!({"name": "d", "type": "number"}),
                json!({"name": "e", "type": "object"}),
            ]
        );
    }
}
