//! Definitions that say what a tool is and not how it is used: catalogs of another kind hold them
//! without capabilities, or with patterns without estimates, scope and completeness. They are
//! completed with assumed values as `testing`, so that they are in the catalog and are not selected.
//!
//! A definition that merely lacks a field, or spells it wrong, is not one of these.

use serde_json::{Map, Value};

use crate::definition::Document;
use crate::expression::nearest;

use super::build::{entry, map};
use super::foreign::assumed_pattern;
use super::legacy::FLAT_PATTERN;
use super::node::{Entry, Kind, Node};
use super::single::name_of;
use super::{Loaded, Problem, Span};

/// What every definition says of its tool.
const IDENTITY: [&str; 5] = [
    "tool_name",
    "version",
    "description",
    "platform",
    "category",
];

/// What a pattern says that was made to be selected.
const TELLING: [&str; 4] = ["time_estimate_ms", "cost_estimate", "scope", "completeness"];

/// Completes a definition that does not say how its tool is used.
pub fn complete(loaded: &mut Loaded) {
    let root = &loaded.node;
    if !IDENTITY
        .iter()
        .all(|field| root.get(field).is_some_and(is_said))
    {
        return;
    }
    let mut assumed = Vec::new();
    let mut node = loaded.node.clone();
    capabilities(&mut node, &mut assumed);
    if assumed.is_empty() {
        return;
    }
    for field in IDENTITY {
        if let Some(value) = node.get_mut(field) {
            as_text(value);
        }
    }
    let at = node
        .entry("tool_name")
        .map_or(node.span, |it| it.value.span);
    set(&mut node, "status", Node::text(at, "testing"));
    let name = node
        .get("tool_name")
        .and_then(Node::as_text)
        .unwrap_or_default();
    let message = format!(
        "`{name}` does not say {}; it is kept as `testing` with assumed values, and is not \
         selected until it is completed and activated",
        assumed.join(", ")
    );
    loaded
        .notes
        .push(Problem::new("format/incomplete", at, message));
    loaded.document = Document::new(node.to_fields());
    loaded.node = node;
}

/// The patterns of a definition that still have every figure as it was assumed for them.
pub fn assumed_patterns(document: &Document) -> Vec<&str> {
    let assumed = assumed_pattern("");
    let capabilities = document.fields().get("capabilities");
    let capabilities = capabilities
        .and_then(Value::as_object)
        .into_iter()
        .flatten();
    let patterns = capabilities.filter_map(|(_, it)| it.get("patterns")?.as_object());
    patterns
        .flatten()
        .filter(|(_, pattern)| TELLING.iter().all(|it| pattern.get(it) == assumed.get(*it)))
        .map(|(name, _)| name.as_str())
        .collect()
}

fn is_said(node: &Node) -> bool {
    match &node.kind {
        Kind::Text(text) => !text.trim().is_empty(),
        Kind::Number(_) => true,
        _ => false,
    }
}

fn as_text(node: &mut Node) {
    if let (Kind::Number(_), Some(raw)) = (&node.kind, &node.raw) {
        *node = Node::text(node.span, raw.to_string());
    }
}

/// Nothing, or a list or a map with nothing in it.
fn is_empty(node: Option<&Node>) -> bool {
    node.is_none_or(|it| match &it.kind {
        Kind::Null => true,
        Kind::List(items) => items.is_empty(),
        Kind::Map(entries) => entries.is_empty(),
        _ => false,
    })
}

/// Whether a field is missing and no other is probably meant for it.
fn is_missing(holder: &Node, field: &str) -> bool {
    let keys = holder.entries().iter().map(|it| it.key.as_str());
    is_empty(holder.get(field)) && nearest(field, keys.filter(|it| *it != field)).is_none()
}

fn capabilities(root: &mut Node, assumed: &mut Vec<String>) {
    let span = root.span;
    let about = text(root, "description");
    let names: Option<Vec<(String, Span)>> = match root.get("capabilities") {
        given if is_empty(given) => is_missing(root, "capabilities")
            .then(|| vec![(name_of(root, &["category"]), Span::at(span.start))]),
        Some(given) if given.is_list() => given
            .items()
            .iter()
            .map(|it| Some((it.as_text()?.to_owned(), it.span)))
            .collect(),
        _ => None,
    };
    if let Some(names) = names {
        let mut entries: Vec<Entry> = Vec::new();
        for (name, at) in names {
            if entries.iter().all(|it| it.key != name) {
                let description = entry("description", at, Node::text(at, about.clone()));
                entries.push(entry(name, at, map(at, vec![description])));
            }
        }
        set(root, "capabilities", map(span, entries));
    }
    let telling_defaults = root
        .get("defaults")
        .is_some_and(|it| TELLING.iter().any(|field| it.get(field).is_some()));
    let holder = root.get_mut("capabilities").and_then(Node::entries_mut);
    for capability in holder.into_iter().flatten() {
        if capability.value.kind == Kind::Null {
            capability.value = map(capability.key_span, Vec::new());
        }
        if capability.value.is_map() {
            self::capability(capability, &about, telling_defaults, assumed);
        }
    }
}

fn capability(
    capability: &mut Entry,
    about: &str,
    telling_defaults: bool,
    assumed: &mut Vec<String>,
) {
    let at = capability.key_span;
    let node = &mut capability.value;
    if is_missing(node, "patterns") {
        let description = described(node, about);
        let empty = map(at, Vec::new());
        set(node, "description", Node::text(at, description));
        set(
            node,
            "patterns",
            map(at, vec![entry(FLAT_PATTERN, at, empty)]),
        );
        assumed.push(format!("how `{}` is done", capability.key));
        let patterns = node.get_mut("patterns").and_then(Node::entries_mut);
        for pattern in patterns.into_iter().flatten() {
            fill(&mut pattern.value, about);
        }
        return;
    }
    let description = described(node, about);
    let patterns = node.get_mut("patterns").and_then(Node::entries_mut);
    let mut filled = false;
    for pattern in patterns.into_iter().flatten() {
        let silent = TELLING
            .iter()
            .all(|field| is_missing(&pattern.value, field));
        if silent && !telling_defaults && pattern.value.is_map() {
            fill(&mut pattern.value, &description);
            filled = true;
            let what = "estimates, scope and completeness of";
            assumed.push(format!("{what} `{}`", pattern.key));
        }
    }
    if filled {
        set(node, "description", Node::text(at, description));
    }
}

fn described(node: &Node, about: &str) -> String {
    match text(node, "description") {
        own if own.is_empty() => about.to_owned(),
        own => own,
    }
}

fn text(node: &Node, field: &str) -> String {
    node.get(field)
        .and_then(Node::as_text)
        .unwrap_or_default()
        .to_owned()
}

/// Adds what a pattern must say; nothing of it may be run in production, or without approval,
/// unless the pattern says so itself.
fn fill(pattern: &mut Node, about: &str) {
    let at = pattern.span;
    let description = described(pattern, about);
    let mut fields = assumed_pattern(&description);
    let mut policy = Map::new();
    policy.insert("requires_approval".to_owned(), true.into());
    policy.insert("production_safe".to_owned(), false.into());
    fields.insert("policy".to_owned(), Value::Object(policy));
    for (field, value) in fields {
        let value = Node::from_value(at, &value);
        match pattern.get_mut(&field) {
            Some(own) if own.is_map() => {
                for entry in value.entries() {
                    if own.get(&entry.key).is_none() {
                        set(own, &entry.key, entry.value.clone());
                    }
                }
            }
            Some(own) if !is_empty(Some(own)) => {}
            _ => set(pattern, &field, value),
        }
    }
}

fn set(node: &mut Node, field: &str, value: Node) {
    match node.get_mut(field) {
        Some(present) => *present = value,
        None => {
            let span = value.span;
            if let Some(entries) = node.entries_mut() {
                entries.push(entry(field, span, value));
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::format::Source;
    use crate::validate::{Options, Severity, check_sources};
    use serde_json::json;

    /// What a text becomes for an import, and what is wrong with it; a check refuses the same text.
    fn read(text: &str) -> Vec<Value> {
        let source = Source::new("a.yaml", text);
        let strict = check_sources(vec![source.clone()], &Options::default());
        assert!(strict.count(Severity::Error) > 0, "{text}");
        let mut options = Options::default();
        options.lenient = true;
        options.complete = true;
        let report = check_sources(vec![source], &options);
        assert_eq!(
            report.count(Severity::Error),
            0,
            "{:#?}",
            report.diagnostics
        );
        let incomplete = |it: &&crate::validate::Diagnostic| it.rule == "format/incomplete";
        let count = report.diagnostics.iter().filter(incomplete).count();
        assert_eq!(count, report.documents.len(), "{text}");
        report
            .documents
            .iter()
            .map(|it| it.document.to_value())
            .collect()
    }

    const NO_CAPABILITIES: &str = "name: gauge\nversion: 1.10\ndescription: Reads gauges. All.\n\
        platform: linux\ncategory: monitoring\ntags: [gauge, read]\nmetadata: {author: ops}\n";

    /// Issue 24, point 7: a document without capabilities.
    #[test]
    fn a_tool_without_capabilities_is_kept_as_testing() {
        let expected = json!({
            "tool_name": "gauge", "version": "1.10", "description": "Reads gauges. All.",
            "platform": "linux", "category": "monitoring", "status": "testing",
            "metadata": {"author": "ops", "tags": ["gauge", "read"]},
            "capabilities": {"monitoring": {"description": "Reads gauges. All.", "patterns": {"default": {
                "description": "Reads gauges. All.", "typical_use_cases": ["Reads gauges"],
                "time_estimate_ms": 1000, "cost_estimate": 1, "complexity_score": 0.5,
                "scope": "single_item", "completeness": "complete", "preference_match": {},
                "policy": {"requires_approval": true, "production_safe": false},
            }}}},
        });
        assert_eq!(read(NO_CAPABILITIES), std::slice::from_ref(&expected));
        for more in [
            "capabilities:\n",
            "capabilities: []\n",
            "capabilities: {}\n",
            "status: active\n",
        ] {
            assert_eq!(
                read(&format!("{NO_CAPABILITIES}{more}")),
                std::slice::from_ref(&expected),
                "{more}"
            );
        }
        let indented = NO_CAPABILITIES.replace('\n', "\n  ");
        for wrapped in [
            format!("tool:\n  {indented}"),
            format!("- {indented}"),
            format!("tools:\n- {indented}"),
        ] {
            assert_eq!(read(&wrapped), std::slice::from_ref(&expected), "{wrapped}");
        }
        let listed = read(&format!("{NO_CAPABILITIES}capabilities: [read, watch]\n"));
        let names: Vec<&String> = listed[0]["capabilities"]
            .as_object()
            .unwrap()
            .keys()
            .collect();
        assert_eq!(names, ["read", "watch"]);
    }

    /// Issue 24, point 7: patterns without estimates, scope and completeness.
    #[test]
    fn a_pattern_without_estimates_is_kept_as_testing() {
        let found = read(&format!(
            "{NO_CAPABILITIES}capabilities:\n- name: reading\n  patterns:\n  - name: one\n    \
             policy: {{approval_required: 'no', timeout_seconds: '2.5'}}\n"
        ));
        let pattern = &found[0]["capabilities"]["reading"]["patterns"]["one"];
        assert_eq!(
            pattern["policy"],
            json!({"requires_approval": false, "max_execution_time": 2500, "production_safe": false})
        );
        assert_eq!(pattern["description"], "Reads gauges. All.");
        assert_eq!(found[0]["status"], "testing");
    }

    /// Issue 24, point 7: one capability and one pattern beside inputs and policy.
    #[test]
    fn one_capability_and_one_pattern_are_read() {
        let rest = "pattern: {name: one, description: Read one gauge}\n\
            inputs: [{name: path, type: string, required: true}, {name: depth, default: 1}]\n\
            policy: {approval_required: true, production_safe: true, timeout_seconds: 30}\n";
        let capability = "capability: {name: reading, description: Read gauges}\n";
        let indented = NO_CAPABILITIES.replace('\n', "\n  ");
        let whole = format!("{NO_CAPABILITIES}{capability}{rest}").replace('\n', "\n  ");
        for text in [
            format!("{NO_CAPABILITIES}{capability}{rest}"),
            format!("tool:\n  {indented}\n{capability}{rest}"),
            format!("tool:\n  {whole}\n"),
            format!(
                "{NO_CAPABILITIES}capability:\n  name: reading\n  description: Read gauges\n  {}",
                rest.replace('\n', "\n  ")
            ),
            format!(
                "{NO_CAPABILITIES}capability: {{reading: {{description: Read gauges}}}}\n{rest}"
            ),
            format!(
                "{NO_CAPABILITIES}capability: [{{name: reading, description: Read gauges}}]\n{rest}"
            ),
        ] {
            let found = read(&text);
            let capability = &found[0]["capabilities"]["reading"];
            assert_eq!(capability["description"], "Read gauges", "{text}");
            let pattern = &capability["patterns"]["one"];
            assert_eq!(pattern["description"], "Read one gauge");
            assert_eq!(
                pattern["required_inputs"],
                json!([{"name": "path", "type": "string"}])
            );
            assert_eq!(pattern["optional_inputs"][0]["name"], "depth");
            assert_eq!(
                pattern["policy"],
                json!({"requires_approval": true, "production_safe": true, "max_execution_time": 30000})
            );
            assert_eq!(found[0]["status"], "testing");
            assert!(found[0].get("inputs").is_none() && found[0].get("policy").is_none());
        }
    }

    #[test]
    fn what_is_only_wrong_is_not_completed() {
        let whole = "tool_name: a\nversion: '1'\ndescription: d\nplatform: linux\ncategory: c\n";
        for text in [
            whole.replace("version: '1'\n", ""),
            format!("{whole}capabilites: {{}}\n"),
            format!("{whole}capabilities: 7\n"),
            format!("{whole}capabilities: {{c: {{description: d, pattern: {{}}}}}}\n"),
            format!(
                "{whole}capabilities: {{c: {{description: d, patterns: {{p: {{description: d, scope: batch}}}}}}}}\n"
            ),
            format!(
                "{whole}capabilities: {{c: {{description: d, patterns: {{p: {{time_estimat_ms: 5}}}}}}}}\n"
            ),
        ] {
            let mut options = Options::default();
            options.lenient = true;
            options.complete = true;
            let report = check_sources(vec![Source::new("a.yaml", text.clone())], &options);
            assert!(report.count(Severity::Error) > 0, "{text}");
            assert!(
                report
                    .diagnostics
                    .iter()
                    .all(|it| it.rule != "format/incomplete"),
                "{text}"
            );
        }
    }
}
