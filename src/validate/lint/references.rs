//! References inside a definition that lead nowhere, and things named twice.

use std::collections::HashMap;

use super::{children, patterns};
use crate::expression::nearest;
use crate::format::node::{Entry, Node, pointer};
use crate::format::{Problem, Span};
use crate::validate::expressions::input_name;

pub fn check(root: &Node, problems: &mut Vec<Problem>) {
    dependencies(root, problems);
    examples(root, problems);
    for (place, pattern) in patterns(root) {
        inputs(&pattern.value, &place, problems);
    }
}

fn dependencies(root: &Node, problems: &mut Vec<Problem>) {
    let Some(name) = root.get("tool_name").and_then(Node::as_text) else {
        return;
    };
    let dependencies = root.get("dependencies").map(Node::items);
    for (index, item) in dependencies.unwrap_or_default().iter().enumerate() {
        if input_name(item) == Some(name)
            && item.get("type").and_then(Node::as_text) == Some("tool")
        {
            let span = item.get("name").map_or(item.span, |it| it.span);
            problems.push(
                Problem::new(
                    "lint/self-dependency",
                    span,
                    format!("`{name}` depends on itself"),
                )
                .at(format!("/dependencies/{index}"))
                .help("name the tool that it needs"),
            );
        }
    }
}

fn examples(root: &Node, problems: &mut Vec<Problem>) {
    let capabilities = children(root, "capabilities");
    let items = root.get("examples").map(Node::items).unwrap_or_default();
    for (index, example) in items.iter().enumerate() {
        let place = format!("/examples/{index}");
        let Some((name, span)) = text(example, "capability") else {
            continue;
        };
        let Some(capability) = capabilities.iter().find(|it| it.key == name) else {
            problems.push(dangling("capability", name, span, capabilities, &place));
            continue;
        };
        let known = children(&capability.value, "patterns");
        if let Some((name, span)) = text(example, "pattern")
            && !known.iter().any(|it| it.key == name)
        {
            problems.push(dangling("pattern", name, span, known, &place));
        }
    }
}

fn text<'a>(node: &'a Node, key: &str) -> Option<(&'a str, Span)> {
    let node = node.get(key)?;
    Some((node.as_text()?, node.span))
}

fn dangling(kind: &str, name: &str, span: Span, known: &[Entry], place: &str) -> Problem {
    let problem = Problem::new(
        "lint/unknown-reference",
        span,
        format!("this definition has no {kind} `{name}`"),
    )
    .at(pointer(place, kind));
    match nearest(name, known.iter().map(|it| it.key.as_str())) {
        Some(near) => problem.help(format!("did you mean `{near}`?")),
        None => problem,
    }
}

fn inputs(pattern: &Node, place: &str, problems: &mut Vec<Problem>) {
    let mut seen: HashMap<&str, Span> = HashMap::new();
    for field in ["required_inputs", "optional_inputs"] {
        let items = pattern.get(field).map(Node::items).unwrap_or_default();
        for (index, item) in items.iter().enumerate() {
            let Some(name) = input_name(item) else {
                continue;
            };
            let span = item.get("name").map_or(item.span, |it| it.span);
            if let Some(first) = seen.insert(name, span) {
                problems.push(
                    Problem::new(
                        "lint/duplicate-input",
                        span,
                        format!("the input `{name}` stands here twice"),
                    )
                    .at(format!("{place}/{field}/{index}"))
                    .related(first, "the first one"),
                );
            }
        }
    }
}
