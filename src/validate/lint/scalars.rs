//! Plain text that readers of YAML 1.1 take for something else, where text is meant.

use super::{children, patterns};
use crate::format::node::{Node, Style, pointer};
use crate::format::{Problem, Span, yaml};

pub fn check(root: &Node, problems: &mut Vec<Problem>) {
    let top = [
        "tool_name",
        "version",
        "description",
        "platform",
        "category",
        "owner",
    ];
    fields(root, &top, "", problems);
    if let Some(tags) = root.get("metadata").and_then(|it| it.get("tags")) {
        items(tags, "/metadata/tags", problems);
    }
    if let Some(defaults) = root.get("defaults") {
        pattern(defaults, "/defaults", problems);
    }
    for entry in children(root, "capabilities") {
        let place = pointer("/capabilities", &entry.key);
        scalar(
            &entry.key,
            entry.key_style,
            entry.key_span,
            &place,
            problems,
        );
        fields(&entry.value, &["description"], &place, problems);
    }
    for (place, entry) in patterns(root) {
        scalar(
            &entry.key,
            entry.key_style,
            entry.key_span,
            &place,
            problems,
        );
        pattern(&entry.value, &place, problems);
    }
}

fn pattern(node: &Node, place: &str, problems: &mut Vec<Problem>) {
    fields(
        node,
        &["description", "scope", "completeness"],
        place,
        problems,
    );
    for field in [
        "typical_use_cases",
        "required_inputs",
        "optional_inputs",
        "expected_outputs",
    ] {
        if let Some(node) = node.get(field) {
            items(node, &pointer(place, field), problems);
        }
    }
    if let Some(argv) = node.get("invocation").and_then(|it| it.get("argv")) {
        let place = format!("{place}/invocation/argv");
        items(argv, &place, problems);
        for (index, group) in argv.items().iter().enumerate() {
            items(group, &format!("{place}/{index}"), problems);
        }
    }
    if let Some(policy) = node.get("policy") {
        for field in ["required_permissions", "allowed_environments"] {
            if let Some(node) = policy.get(field) {
                items(node, &format!("{place}/policy/{field}"), problems);
            }
        }
    }
}

fn fields(node: &Node, names: &[&str], place: &str, problems: &mut Vec<Problem>) {
    for field in names {
        if let Some(node) = node.get(field) {
            value(node, &pointer(place, field), problems);
        }
    }
}

fn items(node: &Node, place: &str, problems: &mut Vec<Problem>) {
    for (index, item) in node.items().iter().enumerate() {
        value(item, &format!("{place}/{index}"), problems);
    }
}

fn value(node: &Node, place: &str, problems: &mut Vec<Problem>) {
    if let Some(text) = node.as_text() {
        scalar(text, node.style, node.span, place, problems);
    }
}

fn scalar(text: &str, style: Style, span: Span, place: &str, problems: &mut Vec<Problem>) {
    if style != Style::Plain {
        return;
    }
    if let Some(reading) = yaml::scalar::reading_by_1_1(text) {
        problems.push(
            Problem::new(
                "lint/ambiguous-scalar",
                span,
                format!("`{text}` is text here, but {reading} to readers of YAML 1.1"),
            )
            .at(place)
            .help(format!("quote it: '{text}'")),
        );
    }
}
