//! A value that knows where each of its parts stands in the text.

use serde_json::{Map, Number, Value};

use super::Span;

/// A value and its place.
#[derive(Debug, Clone, PartialEq)]
pub struct Node {
    /// Where it stands.
    pub span: Span,
    /// What it is.
    pub kind: Kind,
    /// How a scalar was written.
    pub style: Style,
    /// The text of a number, boolean or null, as written.
    pub raw: Option<Box<str>>,
}

/// The value itself.
#[derive(Debug, Clone, PartialEq)]
pub enum Kind {
    /// Nothing.
    Null,
    /// True or false.
    Bool(bool),
    /// A number.
    Number(Number),
    /// Text.
    Text(String),
    /// A list.
    List(Vec<Node>),
    /// A map, in the author's order, each key once.
    Map(Vec<Entry>),
}

/// How a scalar was written.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Style {
    /// Without quotes.
    #[default]
    Plain,
    /// In quotes of either kind.
    Quoted,
    /// As a block of lines.
    Block,
}

/// A key with its value.
#[derive(Debug, Clone, PartialEq)]
pub struct Entry {
    /// The key.
    pub key: String,
    /// Where the key stands.
    pub key_span: Span,
    /// How the key was written.
    pub key_style: Style,
    /// The value.
    pub value: Node,
}

impl Node {
    /// A value at a place, with no text of its own.
    pub fn new(span: Span, kind: Kind) -> Self {
        Self {
            span,
            kind,
            style: Style::Plain,
            raw: None,
        }
    }

    /// Text that a conversion made, at the place that it was made from.
    pub fn text(span: Span, text: impl Into<String>) -> Self {
        Self {
            style: Style::Quoted,
            ..Self::new(span, Kind::Text(text.into()))
        }
    }

    /// The value of a key.
    pub fn get(&self, key: &str) -> Option<&Node> {
        self.entry(key).map(|entry| &entry.value)
    }

    /// The value of a key, for a change.
    pub fn get_mut(&mut self, key: &str) -> Option<&mut Node> {
        self.entries_mut()?
            .iter_mut()
            .find(|entry| entry.key == key)
            .map(|entry| &mut entry.value)
    }

    /// A key with its value.
    pub fn entry(&self, key: &str) -> Option<&Entry> {
        self.entries().iter().find(|entry| entry.key == key)
    }

    /// Takes a key out of a map.
    pub fn remove(&mut self, key: &str) -> Option<Entry> {
        let entries = self.entries_mut()?;
        let at = entries.iter().position(|entry| entry.key == key)?;
        Some(entries.remove(at))
    }

    /// The entries of a map; none for another kind.
    pub fn entries(&self) -> &[Entry] {
        match &self.kind {
            Kind::Map(entries) => entries,
            _ => &[],
        }
    }

    /// The entries of a map, for a change.
    pub fn entries_mut(&mut self) -> Option<&mut Vec<Entry>> {
        match &mut self.kind {
            Kind::Map(entries) => Some(entries),
            _ => None,
        }
    }

    /// The items of a list; none for another kind.
    pub fn items(&self) -> &[Node] {
        match &self.kind {
            Kind::List(items) => items,
            _ => &[],
        }
    }

    /// The text, if it is text.
    pub fn as_text(&self) -> Option<&str> {
        match &self.kind {
            Kind::Text(text) => Some(text),
            _ => None,
        }
    }

    /// The number, if it is one.
    pub fn as_f64(&self) -> Option<f64> {
        match &self.kind {
            Kind::Number(number) => number.as_f64(),
            _ => None,
        }
    }

    /// Whether this is a map.
    pub fn is_map(&self) -> bool {
        matches!(self.kind, Kind::Map(_))
    }

    /// Whether this is a list.
    pub fn is_list(&self) -> bool {
        matches!(self.kind, Kind::List(_))
    }

    /// The value without its places.
    pub fn to_value(&self) -> Value {
        match &self.kind {
            Kind::Null => Value::Null,
            Kind::Bool(value) => Value::Bool(*value),
            Kind::Number(number) => Value::Number(number.clone()),
            Kind::Text(text) => Value::String(text.clone()),
            Kind::List(items) => Value::Array(items.iter().map(Node::to_value).collect()),
            Kind::Map(_) => Value::Object(self.to_fields()),
        }
    }

    /// The fields of a map without their places; none for another kind.
    pub fn to_fields(&self) -> Map<String, Value> {
        self.entries()
            .iter()
            .map(|entry| (entry.key.clone(), entry.value.to_value()))
            .collect()
    }

    /// A value placed as a whole: every part of it stands at `span`.
    pub fn from_value(span: Span, value: &Value) -> Self {
        let kind = match value {
            Value::Null => Kind::Null,
            Value::Bool(value) => Kind::Bool(*value),
            Value::Number(number) => Kind::Number(number.clone()),
            Value::String(text) => return Self::text(span, text.clone()),
            Value::Array(items) => {
                Kind::List(items.iter().map(|it| Self::from_value(span, it)).collect())
            }
            Value::Object(fields) => Kind::Map(
                fields
                    .iter()
                    .map(|(key, value)| Entry {
                        key: key.clone(),
                        key_span: span,
                        key_style: Style::Quoted,
                        value: Self::from_value(span, value),
                    })
                    .collect(),
            ),
        };
        Self::new(span, kind)
    }

    /// The node that a path leads to, with the place of the key that names it (its own place for
    /// an item of a list and for the whole).
    pub fn locate<S: AsRef<str>>(
        &self,
        path: impl IntoIterator<Item = S>,
    ) -> Option<(&Node, Span)> {
        let mut node = self;
        let mut named = match self.entries().first() {
            Some(first) => first.key_span,
            None => self.span,
        };
        for segment in path {
            let segment = segment.as_ref();
            match &node.kind {
                Kind::Map(_) => {
                    let entry = node.entry(segment)?;
                    named = entry.key_span;
                    node = &entry.value;
                }
                Kind::List(items) => {
                    node = items.get(segment.parse::<usize>().ok()?)?;
                    named = node.span;
                }
                _ => return None,
            }
        }
        Some((node, named))
    }
}

/// A JSON pointer (RFC 6901) one step longer.
pub fn pointer(parent: &str, key: &str) -> String {
    let mut pointer = String::with_capacity(parent.len() + 1 + key.len());
    pointer.push_str(parent);
    lengthen(&mut pointer, key);
    pointer
}

/// Makes a JSON pointer one step longer.
pub fn lengthen(pointer: &mut String, key: &str) {
    pointer.push('/');
    for part in key.split_inclusive(['~', '/']) {
        let plain = part.trim_end_matches(['~', '/']);
        pointer.push_str(plain);
        match &part[plain.len()..] {
            "~" => pointer.push_str("~0"),
            "/" => pointer.push_str("~1"),
            _ => {}
        }
    }
}
