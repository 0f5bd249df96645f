//! Definitions as a YAML stream that reads the same everywhere.

use serde_json::Value;

use super::scalar;
use crate::definition::Document;
use crate::format::Position;
use crate::format::node::{Kind, Node, Style};
use crate::format::order;

/// The comment that tells editors which schema a definition follows.
pub const SCHEMA_COMMENT: &str = "# yaml-language-server: $schema=";

/// Writes definitions as a stream, each after `---` where there are several.
pub fn write(documents: &[Document]) -> String {
    let texts: Vec<String> = documents
        .iter()
        .map(|it| write_value(&Value::Object(order::ordered(it))))
        .collect();
    match texts.as_slice() {
        [one] => one.clone(),
        several => several.iter().map(|it| format!("---\n{it}")).collect(),
    }
}

/// Writes one value. Text that a reader of YAML 1.1 would take for something else is quoted.
pub fn write_value(value: &Value) -> String {
    // Writing JSON values to memory has no way to fail; JSON is YAML as well.
    let text = serde_yaml::to_string(value).unwrap_or_else(|_| format!("{value:#}\n"));
    let mut problems = Vec::new();
    let same = |nodes: &[Node]| matches!(nodes, [node] if node.to_value() == *value);
    let nodes = super::read(&text, &mut problems);
    if !problems.is_empty() || !same(&nodes) {
        return format!("{value:#}\n");
    }
    let mut places = Vec::new();
    for node in &nodes {
        ambiguous(node, &mut places);
    }
    quote(&text, places)
}

/// The places of plain text that readers of YAML 1.1 do not take for text.
fn ambiguous(node: &Node, places: &mut Vec<(Position, usize)>) {
    match &node.kind {
        Kind::Text(text) => scalar_place(text, node.style, node.span.start, places),
        Kind::List(items) => items.iter().for_each(|it| ambiguous(it, places)),
        Kind::Map(entries) => {
            for entry in entries {
                scalar_place(&entry.key, entry.key_style, entry.key_span.start, places);
                ambiguous(&entry.value, places);
            }
        }
        _ => {}
    }
}

fn scalar_place(text: &str, style: Style, at: Position, places: &mut Vec<(Position, usize)>) {
    if style == Style::Plain && scalar::reading_by_1_1(text).is_some() {
        places.push((at, text.len()));
    }
}

/// Puts single quotes around plain scalars, which hold no quote themselves.
fn quote(text: &str, mut places: Vec<(Position, usize)>) -> String {
    if places.is_empty() {
        return text.to_owned();
    }
    places.sort_unstable();
    let mut places = places.into_iter().peekable();
    let mut out = String::with_capacity(text.len() + 64);
    for (index, line) in text.split_inclusive('\n').enumerate() {
        let mut done = 0;
        while let Some((at, length)) = places.next_if(|(at, _)| at.line as usize == index + 1) {
            let start = line
                .char_indices()
                .nth(at.column as usize - 1)
                .map_or(line.len(), |(byte, _)| byte);
            let end = (start + length).min(line.len());
            out.push_str(&line[done..start]);
            out.push('\'');
            out.push_str(&line[start..end]);
            out.push('\'');
            done = end;
        }
        out.push_str(&line[done..]);
    }
    out
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn text_that_may_be_misread_is_quoted() {
        let text = write_value(&json!({
            "a": "2024-01-01", "b": ["yes", "1.10", "é: no"], "on": "12:30:45", "c": "plain"
        }));
        assert_eq!(
            text,
            "a: '2024-01-01'\nb:\n- 'yes'\n- '1.10'\n- 'é: no'\n'on': '12:30:45'\nc: plain\n"
        );
    }

    #[test]
    fn odd_text_comes_back() {
        for odd in [
            " a",
            "a ",
            "\n",
            "a\nb\n",
            "\ta",
            "#a",
            "a #b",
            "\u{85}x",
            "\u{2028}",
            "\u{feff}b",
            "\r\n",
            "- a",
            "{a",
            "'",
            "\"",
            "a: b",
            "~",
            "null",
            "0x1f",
            ".5",
            "\u{7f}",
            "=",
            "<<",
            "a\n  b\nc",
            "\n\n a",
            "!x",
            "&x",
            "*x",
            "%x",
            "@x",
            "`x",
            "?",
            "-",
            "...",
            "---",
        ] {
            let value = json!({"k": odd, "l": [odd], odd: 1});
            let mut problems = Vec::new();
            let text = write_value(&value);
            let nodes = crate::format::yaml::read(&text, &mut problems);
            assert_eq!(problems, [], "{odd:?}\n{text}");
            assert_eq!(nodes[0].to_value(), value, "{odd:?}\n{text}");
        }
    }
}
