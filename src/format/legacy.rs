//! Older layouts of a definition, turned into the present one. Every conversion is a note at the
//! place of what was converted, and every part keeps its place.

use crate::definition::row::PATTERN_FIELDS;

use super::build::{entry, list, map};
use super::node::{Entry, Kind, Node, Style, pointer};
use super::{Problem, Span, number as numbers, single, yaml};

/// The pattern that an older capability without patterns becomes.
pub const FLAT_PATTERN: &str = "default";

const NUMBERS: [&str; 1] = ["complexity_score"];
const POLICY_NUMBERS: [&str; 3] = ["max_cost", "max_N_immediate", "max_execution_time"];
const POLICY_BOOLEANS: [&str; 2] = ["requires_approval", "production_safe"];

/// Turns a definition in an older layout into the present one.
pub fn convert(root: &mut Node, notes: &mut Vec<Problem>) {
    let before = notes.len();
    unwrap(root, notes);
    rename(root, "name", "tool_name", notes);
    single::convert(root, notes);
    if notes.len() > before {
        // Such catalogs say for all patterns at once what is said of each here.
        tags(root, notes);
        policy_of_all(root, notes);
    }
    boolean(root, "enabled", "", notes);
    if let Some(defaults) = root.get_mut("defaults") {
        pattern(defaults, "/defaults", notes);
    }
    let estimated = root
        .get("defaults")
        .is_some_and(|it| it.get("time_estimate_ms").is_some());
    let Some(capabilities) = root.get_mut("capabilities") else {
        return;
    };
    by_name(
        capabilities,
        &["capability_name", "name"],
        "/capabilities",
        notes,
    );
    for capability in capabilities.entries_mut().into_iter().flatten() {
        let place = pointer("/capabilities", &capability.key);
        flat(capability, estimated, &place, notes);
        let Some(patterns) = capability.value.get_mut("patterns") else {
            continue;
        };
        let place = place + "/patterns";
        by_name(patterns, &["pattern_name", "name"], &place, notes);
        for entry in patterns.entries_mut().into_iter().flatten() {
            pattern(&mut entry.value, &pointer(&place, &entry.key), notes);
        }
    }
}

/// `tool:` around the definition. Keys beside it go into it, if it has none of that name.
fn unwrap(root: &mut Node, notes: &mut Vec<Problem>) {
    let wrapped = root.get("tool").is_some_and(Node::is_map)
        && root.get("tool_name").is_none()
        && root.get("name").is_none();
    if !wrapped {
        return;
    }
    let Some(wrapper) = root.remove("tool") else {
        return;
    };
    notes.push(Problem::new(
        "format/legacy-wrapper",
        wrapper.key_span,
        "the definition is wrapped in `tool:`; it was taken out",
    ));
    let mut inner = wrapper.value;
    let beside = root.entries_mut().map(std::mem::take).unwrap_or_default();
    for entry in beside {
        if inner.get(&entry.key).is_none()
            && let Some(entries) = inner.entries_mut()
        {
            entries.push(entry);
        }
    }
    inner.span = root.span;
    *root = inner;
}

/// `tags` at the top as those of the metadata, where search finds them.
fn tags(root: &mut Node, notes: &mut Vec<Problem>) {
    let is_list = root.get("tags").is_some_and(Node::is_list);
    let free = root
        .get("metadata")
        .is_none_or(|it| it.is_map() && it.get("tags").is_none());
    if is_list && free {
        move_into(root, "tags", "metadata", notes);
    }
}

/// A policy at the top as that of the tool's defaults.
fn policy_of_all(root: &mut Node, notes: &mut Vec<Problem>) {
    let is_map = root.get("policy").is_some_and(Node::is_map);
    let free = root
        .get("defaults")
        .is_none_or(|it| it.is_map() && it.get("policy").is_none());
    if is_map && free {
        move_into(root, "policy", "defaults", notes);
    }
}

fn move_into(root: &mut Node, field: &str, holder: &str, notes: &mut Vec<Problem>) {
    let Some(moved) = root.remove(field) else {
        return;
    };
    let span = moved.key_span;
    match root.get_mut(holder).and_then(Node::entries_mut) {
        Some(entries) => entries.push(moved),
        None => {
            if let Some(entries) = root.entries_mut() {
                entries.push(entry(holder, span, map(span, vec![moved])));
            }
        }
    }
    notes.push(
        Problem::new(
            "format/legacy-name",
            span,
            format!("`{field}` was read as `{holder}.{field}`"),
        )
        .at(pointer(&pointer("", holder), field)),
    );
}

/// The older names of rules of a policy; a limit in seconds becomes one in milliseconds.
fn policy_names(policy: &mut Node, place: &str, notes: &mut Vec<Problem>) {
    for (from, to, factor) in [
        ("approval_required", "requires_approval", None),
        ("timeout_seconds", "max_execution_time", Some(1000.0)),
        ("timeout_ms", "max_execution_time", Some(1.0)),
    ] {
        if policy.get(to).is_some() {
            continue;
        }
        let Some(given) = policy.get(from) else {
            continue;
        };
        let value = match (factor, &given.kind, &given.raw) {
            (None, ..) => Some(given.clone()),
            (Some(factor), Kind::Number(number), _) => scaled(given, &number.to_string(), factor),
            (Some(factor), Kind::Text(text), None) => scaled(given, text.trim(), factor),
            _ => None,
        };
        let (Some(value), Some(entries)) = (value, policy.entries_mut()) else {
            continue;
        };
        for it in entries.iter_mut().filter(|it| it.key == from) {
            to.clone_into(&mut it.key);
            it.value = value.clone();
            let unit = if from == "timeout_seconds" {
                " (in milliseconds)"
            } else {
                ""
            };
            notes.push(
                Problem::new(
                    "format/legacy-name",
                    it.key_span,
                    format!("`{from}` was read as `{to}`{unit}"),
                )
                .at(pointer(place, to)),
            );
        }
    }
}

fn scaled(given: &Node, text: &str, factor: f64) -> Option<Node> {
    let value: f64 = text
        .parse()
        .ok()
        .filter(|it: &f64| it.is_finite() && *it >= 0.0)?;
    let text = (value * factor).to_string();
    let number = numbers::nearest(&text)?;
    Some(Node {
        raw: Some(text.into()),
        ..Node::new(given.span, Kind::Number(number))
    })
}

fn rename(root: &mut Node, from: &str, to: &str, notes: &mut Vec<Problem>) {
    if root.get(to).is_some() || root.get(from).and_then(Node::as_text).is_none() {
        return;
    }
    for entry in root.entries_mut().into_iter().flatten() {
        if entry.key == from {
            to.clone_into(&mut entry.key);
            notes.push(
                Problem::new(
                    "format/legacy-name",
                    entry.key_span,
                    format!("`{from}` was read as `{to}`"),
                )
                .at(pointer("", to)),
            );
        }
    }
}

/// A list of named items as a map by name. Left as it is where an item has no name or two have
/// the same.
fn by_name(node: &mut Node, names: &[&str], place: &str, notes: &mut Vec<Problem>) {
    let named = |item: &Node| {
        names
            .iter()
            .find_map(|key| Some((*key, item.get(key)?.as_text()?.to_owned())))
    };
    let keys: Option<Vec<(&str, String)>> = match &node.kind {
        Kind::List(items) => items.iter().map(named).collect(),
        _ => return,
    };
    let Some(keys) = keys else { return };
    let mut sorted: Vec<&String> = keys.iter().map(|(_, name)| name).collect();
    sorted.sort_unstable();
    if keys.is_empty() || sorted.windows(2).any(|pair| pair[0] == pair[1]) {
        return;
    }
    let span = node.span;
    let Kind::List(items) = std::mem::replace(&mut node.kind, Kind::Null) else {
        return;
    };
    let entries = items
        .into_iter()
        .zip(keys)
        .map(|(mut item, (field, name))| {
            let key = item.remove(field).map_or(item.span, |it| it.value.span);
            entry(name, key, item)
        })
        .collect();
    node.kind = Kind::Map(entries);
    let field = place.rsplit('/').next().unwrap_or_default();
    notes.push(
        Problem::new(
            "format/legacy-list",
            Span::at(span.start),
            format!("`{field}` is a list; it was read as a map by name"),
        )
        .at(place),
    );
}

/// A capability that holds a pattern's fields itself, or leaves them all to the tool's defaults.
fn flat(capability: &mut Entry, estimated: bool, place: &str, notes: &mut Vec<Problem>) {
    const ALIASES: [&str; 3] = ["inputs", "parameters", "outputs"];
    let belongs = |key: &str| {
        (PATTERN_FIELDS.contains(&key) && key != "description") || ALIASES.contains(&key)
    };
    let node = &mut capability.value;
    let has_fields = node.entries().iter().any(|it| belongs(&it.key));
    if node.get("patterns").is_some() || !(has_fields || estimated) {
        return;
    }
    let Some(entries) = node.entries_mut() else {
        return;
    };
    let (own, mut kept): (Vec<Entry>, Vec<Entry>) = std::mem::take(entries)
        .into_iter()
        .partition(|entry| belongs(&entry.key));
    let mut fields: Vec<Entry> = kept
        .iter()
        .find(|entry| entry.key == "description")
        .cloned()
        .into_iter()
        .collect();
    fields.extend(own);
    let key = capability.key_span;
    let body = map(node.span, fields);
    let patterns = map(node.span, vec![entry(FLAT_PATTERN, key, body)]);
    kept.push(entry("patterns", key, patterns));
    node.kind = Kind::Map(kept);
    notes.push(
        Problem::new(
            "format/legacy-flat",
            key,
            format!(
                "the capability `{}` has no patterns; its fields were read as the pattern \
                 `{FLAT_PATTERN}`",
                capability.key
            ),
        )
        .at(place),
    );
}

fn pattern(node: &mut Node, place: &str, notes: &mut Vec<Problem>) {
    for field in NUMBERS {
        number(node, field, place, notes);
    }
    if let Some(policy) = node.get_mut("policy") {
        let place = format!("{place}/policy");
        policy_names(policy, &place, notes);
        for field in POLICY_NUMBERS {
            number(policy, field, &place, notes);
        }
        for field in POLICY_BOOLEANS {
            boolean(policy, field, &place, notes);
        }
    }
    if let Some(preferences) = node.get_mut("preference_match") {
        let place = format!("{place}/preference_match");
        let fields: Vec<String> = preferences
            .entries()
            .iter()
            .map(|entry| entry.key.clone())
            .collect();
        for field in &fields {
            number(preferences, field, &place, notes);
        }
    }
    inputs(node, "inputs", place, notes);
    inputs(node, "parameters", place, notes);
    outputs(node, place, notes);
}

fn converted(field: &str, span: Span, place: &str, text: &str) -> Problem {
    Problem::new(
        "format/legacy-text",
        span,
        format!("the text '{text}' of `{field}` was read as {text}"),
    )
    .at(pointer(place, field))
}

fn number(holder: &mut Node, field: &str, place: &str, notes: &mut Vec<Problem>) {
    let Some(node) = holder.get_mut(field) else {
        return;
    };
    let Kind::Text(text) = &node.kind else { return };
    let trimmed = text.trim().to_owned();
    if let Some(Ok(number)) = yaml::scalar::number(&trimmed) {
        notes.push(converted(field, node.span, place, &trimmed));
        node.kind = Kind::Number(number);
        node.raw = Some(trimmed.into());
        node.style = Style::Plain;
    }
}

fn boolean(holder: &mut Node, field: &str, place: &str, notes: &mut Vec<Problem>) {
    let Some(node) = holder.get_mut(field) else {
        return;
    };
    let Kind::Text(text) = &node.kind else { return };
    let value = match text.trim().to_ascii_lowercase().as_str() {
        "true" | "yes" | "on" => true,
        "false" | "no" | "off" => false,
        _ => return,
    };
    let note = Problem::new(
        "format/legacy-text",
        node.span,
        format!(
            "the text '{}' of `{field}` was read as {value}",
            text.trim()
        ),
    );
    notes.push(note.at(pointer(place, field)));
    node.raw = Some(text.trim().into());
    node.kind = Kind::Bool(value);
    node.style = Style::Plain;
}

fn true_at(node: &Node, field: &str) -> Option<bool> {
    match &node.get(field)?.kind {
        Kind::Bool(value) => Some(*value),
        Kind::Text(text) => match text.as_str() {
            "true" | "yes" => Some(true),
            "false" | "no" => Some(false),
            _ => None,
        },
        _ => None,
    }
}

/// `inputs` or `parameters`, a list or a map by name, as required and optional inputs. An input is
/// optional where it says so or has a default.
fn inputs(holder: &mut Node, field: &str, place: &str, notes: &mut Vec<Problem>) {
    let items = match holder.get(field).map(|it| &it.kind) {
        Some(Kind::List(items)) => items.clone(),
        Some(Kind::Map(entries)) => entries.iter().map(named_item).collect(),
        _ => return,
    };
    let Some(taken) = holder.remove(field) else {
        return;
    };
    let (mut required, mut optional) = (Vec::new(), Vec::new());
    for mut item in items {
        let is_required = true_at(&item, "required")
            .or_else(|| true_at(&item, "optional").map(|it| !it))
            .unwrap_or(item.get("default").is_none());
        if item.is_map() {
            // The field that it stands in says the same from now on.
            item.remove("required");
            item.remove("optional");
        }
        if is_required {
            required.push(item);
        } else {
            optional.push(item);
        }
    }
    append(holder, "required_inputs", taken.key_span, required);
    append(holder, "optional_inputs", taken.key_span, optional);
    notes.push(
        Problem::new(
            "format/legacy-inputs",
            taken.key_span,
            format!("`{field}` was read as required_inputs and optional_inputs"),
        )
        .at(place),
    );
}

fn outputs(holder: &mut Node, place: &str, notes: &mut Vec<Problem>) {
    let items = match holder.get("outputs").map(|it| &it.kind) {
        Some(Kind::List(items)) => items.clone(),
        Some(Kind::Map(entries)) => entries.iter().map(named_item).collect(),
        _ => return,
    };
    let Some(taken) = holder.remove("outputs") else {
        return;
    };
    append(holder, "expected_outputs", taken.key_span, items);
    notes.push(
        Problem::new(
            "format/legacy-inputs",
            taken.key_span,
            "`outputs` was read as expected_outputs",
        )
        .at(place),
    );
}

/// `host: string` or `host: {type: string}` as `{name: host, type: string}`.
fn named_item(given: &Entry) -> Node {
    let name = Node::text(given.key_span, given.key.clone());
    let mut entries = vec![entry("name", given.key_span, name)];
    match &given.value.kind {
        Kind::Map(fields) => entries.extend(fields.iter().filter(|it| it.key != "name").cloned()),
        Kind::Null => {}
        _ => entries.push(entry("type", given.value.span, given.value.clone())),
    }
    map(given.value.span, entries)
}

fn append(holder: &mut Node, field: &str, key: Span, items: Vec<Node>) {
    if items.is_empty() && holder.get(field).is_some() {
        return;
    }
    match holder.get_mut(field).map(|it| &mut it.kind) {
        Some(Kind::List(existing)) => existing.extend(items),
        Some(_) => {}
        None => {
            if let (Some(entries), false) = (holder.entries_mut(), items.is_empty()) {
                let span = items.first().map_or(key, |it| it.span);
                entries.push(entry(field, key, list(span, items)));
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    fn converted(text: &str) -> (serde_json::Value, Vec<String>) {
        let mut problems = Vec::new();
        let mut nodes = yaml::read(text, &mut problems);
        assert_eq!(problems, []);
        let mut notes = Vec::new();
        convert(&mut nodes[0], &mut notes);
        let notes = notes
            .iter()
            .map(|it| {
                format!(
                    "{}:{} {}",
                    it.span.start.line, it.span.start.column, it.rule
                )
            })
            .collect();
        (nodes[0].to_value(), notes)
    }

    #[test]
    fn every_older_layout_at_once() {
        let (value, notes) = converted(
            "tool:\n  name: df\n  enabled: 'no'\n  capabilities:\n    - name: usage\n      \
             description: d\n      time_estimate_ms: 5\n      complexity_score: '0.3'\n      \
             policy: {max_cost: '5', production_safe: yes}\n      inputs:\n        \
             path: {type: string}\n        depth: {type: integer, required: false}\n      \
             outputs: [size]\nversion: '1'\n",
        );
        assert_eq!(
            value,
            json!({
                "tool_name": "df", "version": "1", "enabled": false,
                "capabilities": {"usage": {"description": "d", "patterns": {"default": {
                    "description": "d", "time_estimate_ms": 5, "complexity_score": 0.3,
                    "policy": {"max_cost": 5, "production_safe": true},
                    "required_inputs": [{"name": "path", "type": "string"}],
                    "optional_inputs": [{"name": "depth", "type": "integer"}],
                    "expected_outputs": ["size"],
                }}}},
            })
        );
        assert_eq!(
            notes,
            [
                "1:1 format/legacy-wrapper",
                "2:3 format/legacy-name",
                "3:12 format/legacy-text",
                "5:5 format/legacy-list",
                "5:13 format/legacy-flat",
                "8:25 format/legacy-text",
                "9:26 format/legacy-text",
                "9:48 format/legacy-text",
                "10:7 format/legacy-inputs",
                "13:7 format/legacy-inputs",
            ]
        );
    }

    #[test]
    fn the_present_layout_is_left_alone() {
        let text = "tool_name: df\ncapabilities: {c: {description: d, patterns: {p: {complexity_score: 0.1}}}}\n";
        let (_, notes) = converted(text);
        assert_eq!(notes, [""; 0]);
    }
}
