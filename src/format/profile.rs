//! The profile layout: one document with a `tools` map of many tools and what they inherit.
//!
//! A tool takes `version`, `platform`, `category`, `status`, `enabled` and `owner` from the profile
//! where it has none, and the profile's `defaults` under its own. A profile that names no platform
//! or category is for tools of one's own: platform `custom`, category `automation`.

use serde_json::{Map, Value, json};

use crate::definition::{Document, row::PATTERN_FIELDS};

use super::build::{entry, map};
use super::node::{Entry, Kind, Node, pointer};
use super::{Problem, Written};

const INHERITED: [&str; 6] = [
    "version", "platform", "category", "status", "enabled", "owner",
];

/// The identity of tools that the profile says nothing about.
const ASSUMED: [(&str, &str); 3] = [
    ("version", "1.0"),
    ("platform", "custom"),
    ("category", "automation"),
];

/// Whether a document is a profile.
pub fn is_profile(root: &Node) -> bool {
    let definition = |node: &Node| {
        let says = |key: &str| node.get(key).is_some();
        let named = says("name") || says("tool_name");
        says("capabilities")
            || says("capability")
            || (named && says("version") && says("description") && says("category"))
    };
    root.get("capabilities").is_none()
        && root.get("tools").is_some_and(|tools| match &tools.kind {
            Kind::Map(_) => true,
            Kind::List(items) => items.iter().any(definition),
            _ => false,
        })
}

/// The definitions of a profile, each with what was converted.
pub fn read(root: &Node, problems: &mut Vec<Problem>) -> Vec<(Node, Vec<Problem>)> {
    let Some(tools) = root.entry("tools") else {
        return Vec::new();
    };
    match &tools.value.kind {
        Kind::Map(entries) => entries
            .iter()
            .filter_map(|tool| one(root, Some(tool), &tool.value, problems))
            .collect(),
        Kind::List(items) => items
            .iter()
            .filter_map(|item| one(root, None, item, problems))
            .collect(),
        _ => {
            problems.push(Problem::new(
                "format/unknown-shape",
                tools.key_span,
                "`tools` must be a map of tools by name",
            ));
            Vec::new()
        }
    }
}

fn one(
    root: &Node,
    named: Option<&Entry>,
    tool: &Node,
    problems: &mut Vec<Problem>,
) -> Option<(Node, Vec<Problem>)> {
    let at = named.map_or(tool.span, |it| it.key_span);
    let Kind::Map(own) = &tool.kind else {
        let name = named.map_or("an item", |it| it.key.as_str());
        problems.push(
            Problem::new(
                "schema/type",
                at,
                format!("`{name}` of `tools` is not a map"),
            )
            .at(pointer("/tools", name)),
        );
        return None;
    };
    let mut notes = Vec::new();
    let mut entries = own.clone();
    if let Some(named) = named
        && tool.get("tool_name").is_none()
        && tool.get("name").is_none()
    {
        let name = Node::text(named.key_span, named.key.clone());
        entries.insert(0, entry("tool_name", named.key_span, name));
    }
    let mut taken = inherit(root, &mut entries);
    for (field, value) in ASSUMED {
        if !entries.iter().any(|it| it.key == field) {
            taken.push(format!("{field} {value} (assumed)"));
            entries.push(entry(field, at, Node::text(at, value)));
        }
    }
    let message = if taken.is_empty() {
        "read from a profile".to_owned()
    } else {
        format!("read from a profile, with its {}", taken.join(", "))
    };
    notes.push(Problem::new("format/legacy-profile", at, message));
    Some((map(tool.span, entries), notes))
}

/// Adds what the tool takes from the profile; gives the names of what was added.
fn inherit(root: &Node, entries: &mut Vec<Entry>) -> Vec<String> {
    let mut taken = Vec::new();
    let defaults = root.get("defaults");
    for field in INHERITED {
        if entries.iter().any(|it| it.key == field) {
            continue;
        }
        let found = root
            .entry(field)
            .or_else(|| defaults.and_then(|it| it.entry(field)));
        if let Some(found) = found {
            let mut found = found.clone();
            // The version of a profile is often written as a number; its text is exact.
            if let (Kind::Number(_), Some(raw), "version") =
                (&found.value.kind, &found.value.raw, field)
            {
                found.value = Node::text(found.value.span, raw.to_string());
            }
            taken.push(field.to_owned());
            entries.push(found);
        }
    }
    let shared: Vec<Entry> = defaults
        .map(Node::entries)
        .unwrap_or_default()
        .iter()
        .filter(|it| !INHERITED.contains(&it.key.as_str()))
        .cloned()
        .collect();
    if shared.is_empty() {
        return taken;
    }
    taken.push("defaults".to_owned());
    match entries.iter_mut().find(|it| it.key == "defaults") {
        Some(own) => merge(&mut own.value, &shared),
        None => {
            let span = defaults.map_or_else(Default::default, |it| it.span);
            entries.push(entry("defaults", span, map(span, shared)));
        }
    }
    taken
}

/// Adds entries under those that a map has; one level deeper for maps of a pattern.
fn merge(own: &mut Node, shared: &[Entry]) {
    let Some(entries) = own.entries_mut() else {
        return;
    };
    for given in shared {
        match entries.iter_mut().find(|it| it.key == given.key) {
            Some(existing) if PATTERN_FIELDS.contains(&given.key.as_str()) => {
                merge(&mut existing.value, given.value.entries());
            }
            Some(_) => {}
            None => entries.push(given.clone()),
        }
    }
}

/// Writes definitions as one profile; what all of them share is written once.
pub fn write(documents: &[Document]) -> Written {
    let mut profile = Map::new();
    let mut shared: Vec<&str> = Vec::new();
    for field in ["version", "platform", "category", "defaults"] {
        let value = documents.first().and_then(|it| it.fields().get(field));
        let Some(value) = value else { continue };
        // Patterns' values that merge key by key would not come back as they were.
        let whole = field != "defaults" || value.as_object().is_some_and(|it| !it.is_empty());
        let same = documents
            .iter()
            .all(|it| it.fields().get(field) == Some(value));
        let inherited_by_name = field == "defaults"
            && value
                .as_object()
                .is_some_and(|it| it.keys().any(|key| INHERITED.contains(&key.as_str())));
        if same && whole && !inherited_by_name {
            profile.insert(field.to_owned(), value.clone());
            shared.push(field);
        }
    }
    let mut tools = Map::new();
    for document in documents {
        let mut fields = super::order::ordered(document);
        for field in &shared {
            fields.shift_remove(*field);
        }
        let name = fields
            .get("tool_name")
            .and_then(Value::as_str)
            .unwrap_or_default()
            .to_owned();
        let unique = !name.is_empty() && !tools.contains_key(&name) && !fields.contains_key("name");
        let key = if unique {
            fields.shift_remove("tool_name");
            name
        } else {
            let label = document.label();
            let mut key = label.clone();
            let mut number = 1;
            while tools.contains_key(&key) {
                number += 1;
                key = format!("{label} ({number})");
            }
            key
        };
        tools.insert(key, Value::Object(fields));
    }
    profile.insert("tools".to_owned(), Value::Object(tools));
    Written {
        text: super::yaml::write_value(&json!(profile)),
        notes: Vec::new(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::format::{Source, read as read_source};

    #[test]
    fn tools_inherit_from_their_profile() {
        let text = "version: 1.0\ncategory: network\ndefaults: {scope: batch, platform: linux, policy: {max_cost: 1, production_safe: true}}\n\
            tools:\n  ping: {description: a, capabilities: {}, defaults: {policy: {max_cost: 2}}}\n  dig: {version: '2', category: dns, capabilities: {}}\n";
        let reading = read_source(&Source::new("a.yaml", text), None);
        assert_eq!(reading.problems, []);
        let fields: Vec<Value> = reading
            .documents
            .iter()
            .map(|it| it.document.to_value())
            .collect();
        assert_eq!(
            fields[0],
            json!({
                "tool_name": "ping", "version": "1.0", "platform": "linux", "category": "network",
                "description": "a", "capabilities": {},
                "defaults": {"scope": "batch", "policy": {"max_cost": 2, "production_safe": true}},
            })
        );
        assert_eq!(fields[1]["version"], "2");
        assert_eq!(fields[1]["category"], "dns");
        assert_eq!(reading.documents[1].notes[0].span.start.line, 6);
    }
}
