//! Building parts of definitions that were not written in the file, at the place they come from.

use super::Span;
use super::node::{Entry, Kind, Node, Style};

/// An entry at a place.
pub fn entry(key: impl Into<String>, span: Span, value: Node) -> Entry {
    Entry {
        key: key.into(),
        key_span: span,
        key_style: Style::Quoted,
        value,
    }
}

/// A map at a place.
pub fn map(span: Span, entries: Vec<Entry>) -> Node {
    Node::new(span, Kind::Map(entries))
}

/// A list at a place.
pub fn list(span: Span, items: Vec<Node>) -> Node {
    Node::new(span, Kind::List(items))
}
