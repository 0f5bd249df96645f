//! Definitions as a YAML stream that reads the same everywhere.

use serde_json::Value;

use super::scalar;
use crate::format::Position;
use crate::format::node::{Kind, Node, Style};

/// The comment that tells editors which schema a definition follows.
pub const SCHEMA_COMMENT: &str = "# yaml-language-server: $schema=";

/// Writes one value. Text that a reader of YAML 1.1 would take for something else is quoted.
pub fn write_value(value: &Value) -> String {
    // Writing JSON values to memory has no way to fail; JSON is YAML as well.
    let text = serde_yaml::to_string(value).unwrap_or_else(|_| as_json(value));
    if text.contains('\u{7f}') {
        // It is written as it is, and YAML 1.1 has no such character.
        return as_json(value);
    }
    let mut problems = Vec::new();
    let same = |nodes: &[Node]| matches!(nodes, [node] if node.to_value() == *value);
    let nodes = super::read(&text, &mut problems);
    if !problems.is_empty() || !same(&nodes) {
        return as_json(value);
    }
    let mut places = Vec::new();
    for node in &nodes {
        ambiguous(node, &mut places);
    }
    quote(&text, places)
}

/// A plain scalar that is written otherwise: where it stands, its bytes, and the text for it.
type Change = (Position, usize, String);

/// A value as JSON, which is YAML where what YAML takes for a line break, or for no character, is
/// escaped.
fn as_json(value: &Value) -> String {
    let mut text = String::new();
    for c in format!("{value:#}\n").chars() {
        match c {
            '\u{7f}'..='\u{9f}'
            | '\u{2028}'
            | '\u{2029}'
            | '\u{feff}'
            | '\u{fffe}'
            | '\u{ffff}' => {
                text.push_str(&format!("\\u{:04x}", u32::from(c)));
            }
            c => text.push(c),
        }
    }
    text
}

/// The text with a comment at the end of the line on which each of those values starts. Places that
/// are not there, and texts that are not YAML, are passed over.
pub fn with_comments(text: &str, places: &[Vec<String>], comment: &str) -> String {
    let nodes = super::read(text, &mut Vec::new());
    let lines: Vec<usize> = nodes
        .iter()
        .flat_map(|node| places.iter().filter_map(|it| node.locate(it)))
        .map(|(_, key)| key.start.line as usize)
        .collect();
    let mut out = String::with_capacity(text.len() + lines.len() * 16);
    for (index, line) in text.lines().enumerate() {
        out.push_str(line);
        if lines.contains(&(index + 1)) {
            out.push_str(&format!("  # {comment}"));
        }
        out.push('\n');
    }
    out
}

/// The places of plain text that readers of YAML 1.1 do not take for text, and of numbers that they
/// take for text.
fn ambiguous(node: &Node, places: &mut Vec<Change>) {
    match (&node.kind, &node.raw) {
        (Kind::Text(text), _) => scalar_place(text, node.style, node.span.start, places),
        (Kind::Number(_), Some(raw)) => {
            if let Some(clear) = clear_number(raw) {
                places.push((node.span.start, raw.len(), clear));
            }
        }
        (Kind::List(items), _) => items.iter().for_each(|it| ambiguous(it, places)),
        (Kind::Map(entries), _) => {
            for entry in entries {
                scalar_place(&entry.key, entry.key_style, entry.key_span.start, places);
                ambiguous(&entry.value, places);
            }
        }
        _ => {}
    }
}

fn scalar_place(text: &str, style: Style, at: Position, places: &mut Vec<Change>) {
    if style == Style::Plain && scalar::needs_quotes(text) {
        places.push((at, text.len(), format!("'{text}'")));
    }
}

/// A number with an exponent is one to readers of YAML 1.1 only with a point and a sign: `1.0e+3`.
fn clear_number(raw: &str) -> Option<String> {
    let (mantissa, exponent) = raw.split_once(['e', 'E'])?;
    let point = if mantissa.contains('.') { "" } else { ".0" };
    let sign = if exponent.starts_with(['+', '-']) {
        ""
    } else {
        "+"
    };
    let clear = format!("{mantissa}{point}e{sign}{exponent}");
    (clear != raw).then_some(clear)
}

/// Puts the texts in their places; plain scalars hold no quote themselves.
fn quote(text: &str, mut places: Vec<Change>) -> String {
    if places.is_empty() {
        return text.to_owned();
    }
    places.sort_unstable();
    let mut places = places.into_iter().peekable();
    let mut out = String::with_capacity(text.len() + 64);
    for (index, line) in text.split_inclusive('\n').enumerate() {
        let mut done = 0;
        while let Some((at, length, new)) = places.next_if(|(at, ..)| at.line as usize == index + 1)
        {
            let start = line
                .char_indices()
                .nth(at.column as usize - 1)
                .map_or(line.len(), |(byte, _)| byte);
            out.push_str(&line[done..start]);
            out.push_str(&new);
            done = (start + length).min(line.len());
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

    /// Y1: texts that some reader of YAML 1.1 takes for something else.
    #[test]
    fn y1_odd_scalars_are_quoted_and_numbers_stay_numbers() {
        let odd = [
            "=",
            "-12:30:45",
            "+12:30",
            "190:20:30.15",
            "0b1_0",
            "0x_1F",
            "-1_000",
            "685.230_15e+03",
            "y",
            "N",
            "off",
            "012",
            "0o7",
            ".5",
            "1e3",
            "2024-1-1",
            "~",
            "",
        ];
        for text in odd {
            let written = write_value(&json!([text, {text: 1}]));
            assert!(
                written.starts_with(&format!("- '{text}'\n- '{text}': 1")),
                "{written}"
            );
        }
        assert_eq!(
            write_value(&json!([1e300, 2.5e-9, 1000.0, 12])),
            "- 1.0e+300\n- 2.5e-9\n- 1000.0\n- 12\n"
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
