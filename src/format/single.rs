//! An older layout with one `capability` and one `pattern` beside the tool's own fields:
//!
//! ```yaml
//! tool: {name: df, version: '1.0', ...}
//! capability: {name: disk_usage, description: ...}
//! pattern: {name: all, description: ...}
//! inputs: [...]
//! policy: {approval_required: true, timeout_seconds: 30}
//! ```
//!
//! What belongs to a pattern may stand at the top, in the capability or in the pattern itself; names
//! may be texts alone, and both may be lists.

use crate::definition::row::PATTERN_FIELDS;

use super::build::{entry, map};
use super::legacy::FLAT_PATTERN;
use super::node::{Entry, Kind, Node};
use super::{Problem, Span};

/// Fields of a pattern under their older names.
const ALIASES: [&str; 3] = ["inputs", "parameters", "outputs"];

/// Whether a field says how a tool is used.
pub fn belongs_to_pattern(key: &str) -> bool {
    (PATTERN_FIELDS.contains(&key) && !matches!(key, "description" | "examples"))
        || ALIASES.contains(&key)
}

/// Turns the one capability and its patterns into maps by name.
pub fn convert(root: &mut Node, notes: &mut Vec<Problem>) {
    let has = |key: &str| root.get(key).is_some_and(|it| it.kind != Kind::Null);
    if has("capabilities") || !has("capability") {
        return;
    }
    let Some(given) = root.remove("capability") else {
        return;
    };
    root.remove("capabilities");
    let key_span = given.key_span;
    let fallback = name_of(root, &["category", "tool_name", "name"]);
    let outer = Patterns::take(root);
    let mut capabilities = Vec::new();
    for (name, span, mut body) in named(given, &["capability_name", "name"], &fallback) {
        let inner = Patterns::take(&mut body);
        let patterns = outer.clone().under(inner).into_map(span, &body);
        if let Some(entries) = body.entries_mut() {
            entries.push(entry("patterns", span, patterns));
        }
        capabilities.push(entry(name, span, body));
    }
    if let Some(entries) = root.entries_mut() {
        entries.push(entry("capabilities", key_span, map(key_span, capabilities)));
    }
    notes.push(
        Problem::new(
            "format/legacy-single",
            key_span,
            "the one `capability` and what stands beside it were read as `capabilities` with patterns",
        )
        .at("/capabilities"),
    );
}

/// The patterns that a map holds, and the fields beside them that belong to patterns.
#[derive(Debug, Clone, Default)]
struct Patterns {
    named: Vec<(String, Span, Node)>,
    fields: Vec<Entry>,
}

impl Patterns {
    fn take(holder: &mut Node) -> Self {
        let given = ["pattern", "patterns"]
            .into_iter()
            .find_map(|key| holder.remove(key));
        let named = given
            .map(|it| named(it, &["pattern_name", "name"], FLAT_PATTERN))
            .unwrap_or_default();
        let Some(entries) = holder.entries_mut() else {
            return Self {
                named,
                fields: Vec::new(),
            };
        };
        let (fields, others) = std::mem::take(entries)
            .into_iter()
            .partition(|it| belongs_to_pattern(&it.key));
        *entries = others;
        Self { named, fields }
    }

    /// What stands further in goes before what stands further out.
    fn under(self, inner: Patterns) -> Self {
        let mut fields = inner.fields;
        add(&mut fields, self.fields);
        Self {
            named: match inner.named.is_empty() {
                true => self.named,
                false => inner.named,
            },
            fields,
        }
    }

    fn into_map(self, at: Span, capability: &Node) -> Node {
        let mut named = self.named;
        if named.is_empty() {
            named.push((FLAT_PATTERN.to_owned(), at, map(at, Vec::new())));
        }
        let entries = named
            .into_iter()
            .map(|(name, span, mut body)| {
                if let Some(own) = body.entries_mut() {
                    add(own, self.fields.clone());
                    let about = capability.entry("description").cloned();
                    add(own, about.into_iter().collect());
                }
                entry(name, span, body)
            })
            .collect();
        map(at, entries)
    }
}

fn add(own: &mut Vec<Entry>, more: Vec<Entry>) {
    for entry in more {
        if own.iter().all(|it| it.key != entry.key) {
            own.push(entry);
        }
    }
}

/// What a value names: itself if it is text, the map that has a name, the only entry of a map of
/// maps, each item of a list.
fn named(given: Entry, names: &[&str], fallback: &str) -> Vec<(String, Span, Node)> {
    let span = given.key_span;
    match given.value.kind {
        Kind::Text(name) if !name.trim().is_empty() => {
            vec![(name, given.value.span, map(given.value.span, Vec::new()))]
        }
        Kind::List(items) => {
            let mut all: Vec<(String, Span, Node)> = Vec::new();
            for item in items {
                let item = Entry {
                    value: item,
                    ..entry("", span, map(span, Vec::new()))
                };
                for it in named(item, names, fallback) {
                    if all.iter().all(|known| known.0 != it.0) {
                        all.push(it);
                    }
                }
            }
            all
        }
        Kind::Map(entries) => {
            let mut body = map(given.value.span, entries);
            let own = names
                .iter()
                .find(|it| body.get(it).is_some_and(|it| it.as_text().is_some()));
            let by_key = body.entries().iter().all(|it| it.value.is_map());
            match own.and_then(|it| body.remove(it)) {
                Some(name) => {
                    let text = name.value.as_text().unwrap_or(fallback).to_owned();
                    vec![(text, name.value.span, body)]
                }
                None if by_key && !body.entries().is_empty() => match body.kind {
                    Kind::Map(entries) => entries
                        .into_iter()
                        .map(|it| (it.key, it.key_span, it.value))
                        .collect(),
                    _ => Vec::new(),
                },
                None => vec![(fallback.to_owned(), span, body)],
            }
        }
        _ => Vec::new(),
    }
}

/// The text of the first of those fields that has one.
pub fn name_of(root: &Node, fields: &[&str]) -> String {
    fields
        .iter()
        .filter_map(|key| root.get(key)?.as_text())
        .map(str::trim)
        .find(|it| !it.is_empty())
        .unwrap_or("general")
        .to_owned()
}
