//! Texts of the catalog, on their way to a model: what could hide or disguise something is removed, and
//! what is long is cut.

use std::borrow::Cow;

use serde_json::Value;

use crate::words::is_unsafe;

/// Bytes of JSON that a token stands for at least, in the answers given here. Measured with the tokenizer
/// o200k: about 3.5 for the answers and 4 for the tools, so that this bound errs on the safe side.
const BYTES_PER_TOKEN: usize = 3;

/// An upper bound of the tokens that a text takes.
pub fn tokens(text: &str) -> usize {
    text.len().div_ceil(BYTES_PER_TOKEN)
}

/// The text without characters that a reader cannot see, or that change how others are shown. Line breaks
/// and tabs stay.
pub fn clean(text: &str) -> Cow<'_, str> {
    let removed = |c: char| is_unsafe(c) && c != '\n' && c != '\t';
    match text.contains(removed) {
        true => Cow::Owned(text.chars().filter(|c| !removed(*c)).collect()),
        false => Cow::Borrowed(text),
    }
}

/// Cleans every text in a value, names of fields included.
pub fn clean_value(value: Value) -> Value {
    match value {
        Value::String(text) => match clean(&text) {
            Cow::Borrowed(_) => Value::String(text),
            Cow::Owned(cleaned) => Value::String(cleaned),
        },
        Value::Array(items) => items.into_iter().map(clean_value).collect(),
        Value::Object(fields) => Value::Object(
            fields
                .into_iter()
                .map(|(name, value)| (clean(&name).into_owned(), clean_value(value)))
                .collect(),
        ),
        other => other,
    }
}

/// The text in one line, cut to so many characters, with an ellipsis where something is missing.
pub fn cut(text: &str, characters: usize) -> String {
    let line = text.split_whitespace().collect::<Vec<_>>().join(" ");
    if line.chars().count() <= characters {
        return line;
    }
    let kept: String = line.chars().take(characters.saturating_sub(1)).collect();
    format!("{}…", kept.trim_end())
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn what_cannot_be_seen_is_removed() {
        assert_eq!(
            clean("a\u{1b}[2J\u{202e}b\u{200b}\u{e0041}\n\tc"),
            "a[2Jb\n\tc"
        );
        assert_eq!(
            clean_value(json!({"a\u{7}": ["\u{feff}b", 1]})),
            json!({"a": ["b", 1]})
        );
    }

    #[test]
    fn long_texts_are_cut_at_characters() {
        assert_eq!(cut("a  b\nc", 10), "a b c");
        assert_eq!(cut("日本語テキスト", 4), "日本語…");
        assert_eq!(tokens("1234"), 2);
    }
}
