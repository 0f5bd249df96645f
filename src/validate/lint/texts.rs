//! Texts that say nothing, or that a template left behind.

use super::{children, effective, patterns};
use crate::format::node::{Kind, Node, lengthen, pointer};
use crate::format::{Problem, Span};

pub fn check(root: &Node, problems: &mut Vec<Problem>) {
    empty_description(root, "", problems);
    for capability in children(root, "capabilities") {
        let place = pointer("/capabilities", &capability.key);
        empty_description(&capability.value, &place, problems);
        placeholder(&capability.key, capability.key_span, &place, problems);
    }
    for (place, pattern) in patterns(root) {
        empty_description(&pattern.value, &place, problems);
        placeholder(&pattern.key, pattern.key_span, &place, problems);
        let use_cases = effective(root, &pattern.value, "typical_use_cases");
        let none = use_cases.is_none_or(|it| it.is_list() && it.items().is_empty());
        if none && pattern.value.is_map() {
            let own = pattern.value.entry("typical_use_cases");
            problems.push(
                Problem::new(
                    "lint/no-use-cases",
                    own.map_or(pattern.key_span, |it| it.key_span),
                    format!("the pattern `{}` has no typical use cases", pattern.key),
                )
                .at(place)
                .help("name a few jobs it is used for, in the words of a user"),
            );
        }
    }
    for entry in root.entries() {
        // Examples show what a user types, which may well have placeholders.
        if entry.key != "examples" && entry.key != crate::format::INTERFACE {
            placeholders(&entry.value, &mut pointer("", &entry.key), problems);
        }
    }
}

fn empty_description(node: &Node, place: &str, problems: &mut Vec<Problem>) {
    if let Some(description) = node.get("description")
        && description.as_text().is_some_and(|it| it.trim().is_empty())
    {
        problems.push(
            Problem::new(
                "lint/empty-description",
                description.span,
                "this description is empty",
            )
            .at(pointer(place, "description"))
            .help("say what it does in one sentence"),
        );
    }
}

/// Looks through everything below; `place` is the same afterwards.
fn placeholders(node: &Node, place: &mut String, problems: &mut Vec<Problem>) {
    let length = place.len();
    match &node.kind {
        Kind::Text(text) => placeholder(text, node.span, place, problems),
        Kind::List(items) => {
            for (index, item) in items.iter().enumerate() {
                lengthen(place, &index.to_string());
                placeholders(item, place, problems);
                place.truncate(length);
            }
        }
        Kind::Map(entries) => {
            for entry in entries.iter().filter(|it| it.key != "examples") {
                lengthen(place, &entry.key);
                placeholders(&entry.value, place, problems);
                place.truncate(length);
            }
        }
        _ => {}
    }
}

fn placeholder(text: &str, span: Span, place: &str, problems: &mut Vec<Problem>) {
    if let Some(found) = find_placeholder(text) {
        problems.push(
            Problem::new(
                "lint/placeholder",
                span,
                format!("the placeholder `{found}` was left here"),
            )
            .at(place)
            .help("write what is meant instead"),
        );
    }
}

/// `<NAME>` anywhere, or a text that is nothing but `<...>`, `TODO` or `CHANGEME`.
fn find_placeholder(text: &str) -> Option<&str> {
    let trimmed = text.trim();
    let word = trimmed.trim_end_matches(['.', ':', '!']);
    if ["TODO", "TBD", "CHANGEME", "CHANGE_ME"].contains(&word) {
        return Some(trimmed);
    }
    let whole = trimmed
        .strip_prefix('<')
        .and_then(|it| it.strip_suffix('>'))
        .is_some_and(|it| {
            it.chars().any(char::is_alphabetic)
                && it
                    .chars()
                    .all(|c| c.is_alphanumeric() || matches!(c, ' ' | '_' | '-'))
        });
    if whole {
        return Some(trimmed);
    }
    text.match_indices('<').find_map(|(at, _)| {
        let rest = &text[at + 1..];
        let end = rest.find('>')?;
        let inner = &rest[..end];
        let capitals = inner.len() > 1
            && inner.starts_with(|c: char| c.is_ascii_uppercase())
            && inner.chars().all(|c| {
                c.is_ascii_uppercase() || c.is_ascii_digit() || matches!(c, ' ' | '_' | '-')
            });
        capitals.then(|| &text[at..at + end + 2])
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn placeholders_are_found() {
        for text in ["<NAME>", "runs <TOOL_NAME> on it", "<your name>", " TODO "] {
            assert!(find_placeholder(text).is_some(), "{text}");
        }
        for text in [
            "a < b > c",
            "copy <source> to <target>",
            "N<A> b",
            "todo list",
            "<>",
            "1 <2> 3",
        ] {
            assert_eq!(find_placeholder(text), None, "{text}");
        }
    }
}
