//! Groups error messages by their shape: what differs from one execution to the next is masked.

use std::collections::HashMap;

use serde::Serialize;

/// Messages longer than this many characters are cut before they are grouped.
const LONGEST: usize = 500;

/// Error messages of one shape.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct ErrorGroup {
    /// The message with numbers, ids, hexadecimal, UUIDs and paths masked.
    pub shape: String,
    /// How many messages have this shape.
    pub count: usize,
    /// The first message of this shape, as it was.
    pub example: String,
}

/// Groups messages by shape, the most frequent first; equal counts by shape in byte order.
pub fn group_errors<'a>(messages: impl IntoIterator<Item = &'a str>) -> Vec<ErrorGroup> {
    let mut groups: HashMap<String, ErrorGroup> = HashMap::new();
    for message in messages {
        let cut: String = message.trim().chars().take(LONGEST).collect();
        let shape = mask(&cut);
        groups
            .entry(shape.clone())
            .or_insert_with(|| ErrorGroup {
                shape,
                count: 0,
                example: cut,
            })
            .count += 1;
    }
    let mut groups: Vec<ErrorGroup> = groups.into_values().collect();
    groups.sort_by(|a, b| b.count.cmp(&a.count).then_with(|| a.shape.cmp(&b.shape)));
    groups
}

/// Replaces what varies in a message: `<uuid>`, `<path>`, `<hex>`, `<id>` and `<n>`; runs of white space become one
/// blank.
pub fn mask(message: &str) -> String {
    let mut shape = String::with_capacity(message.len());
    for (position, part) in message.split_whitespace().enumerate() {
        if position > 0 {
            shape.push(' ');
        }
        mask_part(part, &mut shape);
    }
    shape
}

/// Masks a part without white space: its punctuation around stays, what is inside is a path or words.
fn mask_part(part: &str, shape: &mut String) {
    let inner = part.trim_start_matches(['"', '\'', '(', '[', '{', '<', '`', '=']);
    let before = &part[..part.len() - inner.len()];
    let core = inner.trim_end_matches([
        '"', '\'', ')', ']', '}', '>', '`', ',', ';', '.', '!', '?', ':',
    ]);
    let after = &inner[core.len()..];
    shape.push_str(before);
    if let Some((name, value)) = core.split_once('=') {
        mask_words(name, shape);
        shape.push('=');
        mask_part(value, shape);
    } else if let Some(line) = after_path(core) {
        shape.push_str("<path>");
        mask_words(line, shape);
    } else {
        mask_words(core, shape);
    }
    shape.push_str(after);
}

/// The `:line:column` after a path, if any; `None` if the text is not a path.
fn after_path(text: &str) -> Option<&str> {
    let mut place = text;
    while let Some((rest, tail)) = place.rsplit_once(':') {
        if tail.is_empty() || !tail.bytes().all(|b| b.is_ascii_digit()) {
            break;
        }
        place = rest;
    }
    is_path(place).then(|| &text[place.len()..])
}

fn is_path(text: &str) -> bool {
    let bytes = text.as_bytes();
    let named = text.bytes().any(|b| b.is_ascii_alphanumeric());
    let drive = bytes.len() > 2
        && bytes[0].is_ascii_alphabetic()
        && bytes[1] == b':'
        && matches!(bytes[2], b'\\' | b'/');
    let rooted = text.starts_with('/') || text.starts_with("./") || text.starts_with("../");
    let home = text.starts_with("~/") || text.starts_with("\\\\");
    let url = text.contains("://");
    // a relative path has a slash and a file name with an extension, or several slashes
    let relative = text.contains('/')
        && (text.matches('/').count() > 1
            || text.rsplit('/').next().is_some_and(|name| {
                name.rsplit_once('.').is_some_and(|(stem, extension)| {
                    !stem.is_empty() && extension.starts_with(|c: char| c.is_ascii_alphabetic())
                })
            }));
    named && (drive || rooted || home || url || relative)
}

/// Masks each run of letters, digits, `-` and `_`, and copies what stands between.
fn mask_words(text: &str, shape: &mut String) {
    let is_word = |c: char| c.is_alphanumeric() || c == '-' || c == '_';
    let mut rest = text;
    while let Some(first) = rest.chars().next() {
        let end = rest
            .find(|c| is_word(c) != is_word(first))
            .unwrap_or(rest.len());
        let (run, tail) = rest.split_at(end);
        if is_word(first) {
            // 10.0.0.1, 1,234.5 and 12:30:01 are one number
            let number = number_end(rest);
            if number > end {
                shape.push_str("<n>");
                rest = &rest[number..];
                continue;
            }
            mask_word(run, shape);
        } else {
            shape.push_str(run);
        }
        rest = tail;
    }
}

/// Length of the digits joined by single `.`, `,` or `:` at the start of the text; 0 where a letter follows.
fn number_end(text: &str) -> usize {
    let bytes = text.as_bytes();
    let mut end = 0;
    while end < bytes.len() {
        let digits = bytes[end..]
            .iter()
            .take_while(|b| b.is_ascii_digit())
            .count();
        if digits == 0 {
            break;
        }
        end += digits;
        let joined = matches!(bytes.get(end), Some(b'.' | b',' | b':'))
            && bytes.get(end + 1).is_some_and(u8::is_ascii_digit);
        if !joined {
            break;
        }
        end += 1;
    }
    match text[end..].chars().next() {
        Some(c) if c.is_alphanumeric() || c == '_' || c == '-' => 0,
        _ => end,
    }
}

fn mask_word(word: &str, shape: &mut String) {
    if is_uuid(word) {
        shape.push_str("<uuid>");
        return;
    }
    let mut position = 0;
    for token in word.split_inclusive(['-', '_']) {
        let separator = token.ends_with(['-', '_']);
        let core = if separator {
            &token[..token.len() - 1]
        } else {
            token
        };
        position += token.len();
        // a UUID may follow a prefix such as job-
        if is_uuid(&word[position - token.len()..]) {
            shape.push_str("<uuid>");
            return;
        }
        mask_token(core, shape);
        if separator {
            shape.push_str(&token[token.len() - 1..]);
        }
    }
}

fn mask_token(token: &str, shape: &mut String) {
    let digits = token.bytes().filter(u8::is_ascii_digit).count();
    if digits == 0 {
        shape.push_str(token);
    } else if digits == token.len() {
        shape.push_str("<n>");
    } else if is_hex(token) {
        shape.push_str("<hex>");
    } else if looks_like_id(token) {
        shape.push_str("<id>");
    } else {
        mask_digits(token, shape);
    }
}

/// Masks leading digits (`30s`) and digits of four and more (`order12345`); `utf8` and `sha256` stay.
fn mask_digits(token: &str, shape: &mut String) {
    let mut rest = token;
    while let Some(first) = rest.chars().next() {
        let digit = first.is_ascii_digit();
        let end = rest
            .find(|c: char| c.is_ascii_digit() != digit)
            .unwrap_or(rest.len());
        let (run, tail) = rest.split_at(end);
        if digit && (run.len() >= 4 || rest.len() == token.len()) {
            shape.push_str("<n>");
        } else {
            shape.push_str(run);
        }
        rest = tail;
    }
}

fn is_uuid(word: &str) -> bool {
    let lengths = [8, 4, 4, 4, 12];
    let mut parts = word.split('-');
    lengths.iter().all(|length| {
        parts
            .next()
            .is_some_and(|p| p.len() == *length && p.bytes().all(|b| b.is_ascii_hexdigit()))
    }) && parts.next().is_none()
}

fn is_hex(token: &str) -> bool {
    let hex = |t: &str| !t.is_empty() && t.bytes().all(|b| b.is_ascii_hexdigit());
    token
        .strip_prefix("0x")
        .or_else(|| token.strip_prefix("0X"))
        .is_some_and(hex)
        || (token.len() >= 7 && hex(token))
}

/// Letters and digits that alternate as no word does, or a long token with several digits.
fn looks_like_id(token: &str) -> bool {
    let kinds: Vec<bool> = token.chars().map(|c| c.is_ascii_digit()).collect();
    let switches = kinds.windows(2).filter(|w| w[0] != w[1]).count();
    let digits = kinds.iter().filter(|d| **d).count();
    switches >= 3 || (kinds.len() >= 16 && digits >= 3)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_varies_is_masked_and_words_stay() {
        let cases = [
            ("timeout after 3000 ms", "timeout after <n> ms"),
            ("timeout after 3000ms", "timeout after <n>ms"),
            (
                "cannot open /var/lib/x/job-17.db: Permission denied",
                "cannot open <path>: Permission denied",
            ),
            ("cannot open 'C:\\data\\a.txt'", "cannot open '<path>'"),
            (
                "job 123e4567-e89b-12d3-a456-426614174000 failed",
                "job <uuid> failed",
            ),
            ("job-123e4567-e89b-12d3-a456-426614174000", "job-<uuid>"),
            ("segfault at 0xdeadbeef", "segfault at <hex>"),
            (
                "commit 9fceb02d0ae598e95dc970b74767f19372d61af8 gone",
                "commit <hex> gone",
            ),
            ("connect to 10.0.0.1:5432 refused", "connect to <n> refused"),
            ("row 1,234.5 of table_7", "row <n> of table_<n>"),
            ("src/main.rs:10:5: error", "<path>:<n>: error"),
            ("utf8 and sha256 stay", "utf8 and sha256 stay"),
            ("request req-8f3a2b1 id=42", "request req-<hex> id=<n>"),
            ("token x9y8z7 expired", "token <id> expired"),
            ("get https://api.example.com/v1/items/9", "get <path>"),
            ("read/write error", "read/write error"),
            ("", ""),
        ];
        for (message, expected) in cases {
            assert_eq!(mask(message), expected, "{message}");
        }
    }

    #[test]
    fn groups_are_counted_and_ordered() {
        let groups = group_errors(["exit 1", "no disk", "exit 2", "exit 137"]);
        assert_eq!(groups[0].shape, "exit <n>");
        assert_eq!((groups[0].count, groups[0].example.as_str()), (3, "exit 1"));
        assert_eq!(groups[1].count, 1);
    }

    proptest::proptest! {
        #[test]
        fn any_message_has_a_shape(message in "\\PC{0,80}") {
            let shape = mask(&message);
            proptest::prop_assert!(!shape.contains("  "));
        }
    }
}
