//! What documents of other catalogs may hold and ours cannot: numbers beyond 64 bits, NUL
//! characters, halves of surrogate pairs. They are no reason to refuse a tool; each is kept as far
//! as it can be, with a note.

use serde_json::{Map, Value, json};

use super::node::{Kind, Node};
use super::{Problem, number};

/// What a NUL becomes, if it is not part of a pattern.
const REPLACEMENT: &str = "\u{fffd}";

/// The key under the interface that holds the digits of numbers which were rounded, by the place
/// of each.
pub const EXACT_NUMBERS: &str = "exact_numbers";

/// What a rounded number is written as until the text is finished.
const MARK: &str = "\u{f8ff}exact number ";

/// Turns the problems of a foreign document that it can be kept with into notes, and mends what
/// they are about.
pub fn tolerate(root: &mut Node, problems: &mut [Problem]) {
    let span = root.span;
    let inside =
        |problem: &&mut Problem| span.start <= problem.span.start && problem.span.start <= span.end;
    let mut characters = false;
    for problem in problems.iter_mut().filter(inside) {
        match problem.rule {
            "json/number" | "yaml/number" => {
                problem.rule = "format/converted";
                problem.message += "; it is rounded, and its digits are kept as text";
                problem.help = None;
            }
            "input/nul" => {
                characters = true;
                problem.rule = "format/left-out";
                "left out: a NUL character, which cannot be kept; in a `pattern` it is written \\u0000"
                    .clone_into(&mut problem.message);
            }
            _ => {}
        }
    }
    if characters {
        without_nul(root, false);
    }
}

fn without_nul(node: &mut Node, pattern: bool) {
    match &mut node.kind {
        Kind::Text(text) => *text = mended(text, pattern),
        Kind::List(items) => items.iter_mut().for_each(|it| without_nul(it, pattern)),
        Kind::Map(entries) => {
            for entry in entries {
                without_nul(&mut entry.value, entry.key == "pattern");
                entry.key = mended(&entry.key, false);
            }
        }
        _ => {}
    }
}

/// In a regular expression `\u0000` means the character itself.
fn mended(text: &str, pattern: bool) -> String {
    let mut kept = String::with_capacity(text.len());
    for (index, piece) in text.split('\0').enumerate() {
        if index > 0 && pattern {
            let slashes = kept.len() - kept.trim_end_matches('\\').len();
            if slashes % 2 == 1 {
                // It was escaped already.
                kept.pop();
            }
            kept.push_str("\\u0000");
        } else if index > 0 {
            kept.push_str(REPLACEMENT);
        }
        kept.push_str(piece);
    }
    kept
}

/// Puts a part of a foreign tool under the interface, with the digits of the numbers in it that
/// were rounded.
pub fn keep(interface: &mut Map<String, Value>, key: &str, node: &Node) {
    interface.insert(key.to_owned(), node.to_value());
    let mut exact = Map::new();
    rounded(node, &super::node::pointer("", key), &mut exact);
    if exact.is_empty() {
        return;
    }
    match interface.get_mut(EXACT_NUMBERS) {
        Some(Value::Object(known)) => known.extend(exact),
        _ => {
            interface.insert(EXACT_NUMBERS.to_owned(), Value::Object(exact));
        }
    }
}

fn rounded(node: &Node, place: &str, exact: &mut Map<String, Value>) {
    match (&node.kind, &node.raw) {
        (Kind::Number(_), Some(raw)) if number::exact(raw).is_err() => {
            exact.insert(place.to_owned(), json!(raw));
        }
        // Text that was written without quotes is a number with no double near it.
        (Kind::Text(_), Some(raw)) => {
            exact.insert(place.to_owned(), json!(raw));
        }
        (Kind::List(items), _) => {
            for (index, item) in items.iter().enumerate() {
                rounded(item, &format!("{place}/{index}"), exact);
            }
        }
        (Kind::Map(entries), _) => {
            for entry in entries {
                rounded(
                    &entry.value,
                    &super::node::pointer(place, &entry.key),
                    exact,
                );
            }
        }
        _ => {}
    }
}

/// An interface as it was given: each number that was rounded, and not changed since, is marked
/// for [`finished`].
pub fn with_exact_numbers(mut interface: Map<String, Value>) -> Map<String, Value> {
    let Some(Value::Object(exact)) = interface.shift_remove(EXACT_NUMBERS) else {
        return interface;
    };
    let mut whole = Value::Object(interface);
    for (place, digits) in exact {
        let (Some(value), Some(digits)) = (whole.pointer_mut(&place), digits.as_str()) else {
            continue;
        };
        let same = match &value {
            Value::Number(number) => number::nearest(digits).as_ref() == Some(number),
            Value::String(text) => text == digits,
            _ => false,
        };
        if same && is_json_number(digits) {
            *value = json!(format!("{MARK}{digits}"));
        }
    }
    match whole {
        Value::Object(interface) => interface,
        _ => Map::new(),
    }
}

fn is_json_number(text: &str) -> bool {
    let mut problems = Vec::new();
    let node = super::json::read(text, &mut problems);
    // Many readers refuse what is too large for a double.
    node.is_some_and(|it| it.raw.as_deref() == Some(text))
        && text.parse::<f64>().is_ok_and(f64::is_finite)
}

/// JSON text with the digits of marked numbers in their places.
pub fn finished(text: String) -> String {
    let start = format!("\"{MARK}");
    if !text.contains(&start) {
        return text;
    }
    let mut out = String::with_capacity(text.len());
    for (index, piece) in text.split(&start).enumerate() {
        match (index, piece.split_once('"')) {
            (1.., Some((digits, rest))) => {
                out.push_str(digits);
                out.push_str(rest);
            }
            _ => out.push_str(piece),
        }
    }
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_nul_in_a_pattern_keeps_its_meaning() {
        assert_eq!(mended("^[^\0-\u{1f}]+$", true), "^[^\\u0000-\u{1f}]+$");
        assert_eq!(mended("a\\\0", true), "a\\u0000");
        assert_eq!(mended("a\\\\\0", true), "a\\\\\\u0000");
        assert_eq!(mended("a\0b", false), "a\u{fffd}b");
    }

    #[test]
    fn digits_come_back_where_nothing_was_changed() {
        let text = "{\"a\": [1, 123456789012345678901234567890], \"b\": 1e999, \"c\": 1e999}";
        let mut problems = Vec::new();
        let node = super::super::json::read(text, &mut problems).unwrap();
        assert_eq!(problems.len(), 3);
        let mut interface = Map::new();
        keep(&mut interface, "s", &node);
        assert_eq!(
            interface["s"]["a"][1],
            json!(123456789012345678901234567890.0)
        );
        interface["s"]["c"] = json!(7);
        let given = Value::Object(with_exact_numbers(interface));
        assert_eq!(
            finished(given.to_string()),
            "{\"s\":{\"a\":[1,123456789012345678901234567890],\"b\":1.7976931348623157e+308,\"c\":7}}"
        );
    }
}
