//! Names that will not be found, or that look like others.

use super::{children, patterns};
use crate::definition::{KNOWN_CATEGORIES, KNOWN_PLATFORMS};
use crate::expression::nearest;
use crate::format::node::{Node, pointer};
use crate::format::{Problem, Span};

pub fn check(root: &Node, problems: &mut Vec<Problem>) {
    known(
        root,
        "platform",
        "lint/unknown-platform",
        KNOWN_PLATFORMS,
        problems,
    );
    known(
        root,
        "category",
        "lint/unknown-category",
        KNOWN_CATEGORIES,
        problems,
    );
    for field in ["tool_name", "version", "platform", "category"] {
        if let Some(node) = root.get(field)
            && let Some(text) = node.as_text()
        {
            name(text, node.span, &pointer("", field), problems);
        }
    }
    for entry in children(root, "capabilities") {
        let place = pointer("/capabilities", &entry.key);
        name(&entry.key, entry.key_span, &place, problems);
    }
    for (place, entry) in patterns(root) {
        name(&entry.key, entry.key_span, &place, problems);
    }
}

fn known(root: &Node, field: &str, rule: &'static str, list: &[&str], problems: &mut Vec<Problem>) {
    let Some(node) = root.get(field) else { return };
    let Some(text) = node.as_text() else { return };
    if text.is_empty() || list.contains(&text) {
        return;
    }
    let problem = Problem::new(rule, node.span, format!("`{text}` is not a known {field}"))
        .at(pointer("", field));
    problems.push(match nearest(text, list.iter().copied()) {
        Some(near) => problem.help(format!("did you mean `{near}`?")),
        None => problem.help(format!("known are {}", list.join(", "))),
    });
}

/// Characters that are not seen, or that change the order of others (Unicode: Default_Ignorable
/// and Bidi_Control, as far as they occur in names). The joiners that hold emoji together are not
/// among them where they stand between two other characters.
fn invisible(text: &str) -> Option<char> {
    let characters: Vec<char> = text.chars().collect();
    characters.iter().enumerate().find_map(|(at, &c)| {
        let hidden = match c {
            '\u{200b}' | '\u{2060}'..='\u{2064}' | '\u{feff}' | '\u{ad}' | '\u{34f}' => true,
            '\u{200e}' | '\u{200f}' | '\u{61c}' => true,
            '\u{202a}'..='\u{202e}' | '\u{2066}'..='\u{2069}' => true,
            '\u{200c}' | '\u{200d}' => at == 0 || at + 1 == characters.len(),
            _ => false,
        };
        hidden.then_some(c)
    })
}

fn name(text: &str, span: Span, place: &str, problems: &mut Vec<Problem>) {
    if let Some(c) = invisible(text) {
        problems.push(
            Problem::new(
                "lint/invisible-character",
                span,
                format!(
                    "this name holds a character that is not seen: {}",
                    c.escape_unicode()
                ),
            )
            .at(place)
            .help("remove it"),
        );
    }
    if text.trim() != text && !text.trim().is_empty() {
        problems.push(
            Problem::new(
                "lint/surrounding-space",
                span,
                "this name begins or ends with white space",
            )
            .at(place)
            .help(format!("write '{}'", text.trim())),
        );
    }
}
