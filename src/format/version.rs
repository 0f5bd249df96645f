//! Other versions for definitions, changed in the text that they were read from: comments and layout stay.

use std::collections::{BTreeMap, HashMap};

use serde_json::Value;

use super::node::Node;
use super::{Format, Source, read, yaml};
use crate::definition::{Document, Identity};

const BYTE_ORDER_MARK: &str = "\u{feff}";

/// Why a text was not changed.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum NotChanged {
    /// It is in an encoding in which it would not be written again.
    #[error("the file is not in UTF-8")]
    Encoding,
    /// A definition is gone, or has its version from elsewhere.
    #[error("the version of {0} does not stand there as plain text of its own")]
    NotItsOwn(Identity),
    /// A version belongs to several definitions, or to more than its definition.
    #[error("a version stands there for more than one definition or field")]
    Shared,
}

/// The text with another version for each definition that is named, by what it is now; nothing else changes.
///
/// # Errors
/// [`NotChanged`] if that cannot be done.
pub fn with_versions(
    name: &str,
    bytes: &[u8],
    from: Option<Format>,
    versions: &HashMap<Identity, String>,
) -> Result<String, NotChanged> {
    let source = Source::new(name, bytes);
    let text = match std::str::from_utf8(bytes) {
        Ok(text) if source.bytes == bytes => text,
        _ => return Err(NotChanged::Encoding),
    };
    let mark = match text.starts_with(BYTE_ORDER_MARK) {
        true => BYTE_ORDER_MARK.len(),
        false => 0,
    };
    let lines = line_starts(text, mark);
    let (mut wanted, mut edits, mut left) = (Vec::new(), BTreeMap::new(), versions.clone());
    for loaded in read(&source, from).documents {
        let mut document = loaded.document;
        let identity = document.identity();
        if let Some((identity, version)) = identity.and_then(|it| left.remove_entry(&it)) {
            let edit = loaded.node.get("version");
            let edit = edit.and_then(|node| edit_of(text, &lines, node, &identity, &version));
            let (start, edit) = edit.ok_or(NotChanged::NotItsOwn(identity))?;
            edits.insert(start, edit);
            let fields = document.fields_mut();
            fields.insert("version".to_owned(), Value::String(version));
        }
        wanted.push(document);
    }
    if let Some(identity) = left.into_keys().min() {
        return Err(NotChanged::NotItsOwn(identity));
    }
    let mut changed = text.to_owned();
    for (start, (end, new)) in edits.iter().rev() {
        changed.replace_range(*start..*end, new);
    }
    let again = read(&Source::new(name, changed.clone()), from);
    let found: Vec<Document> = again.documents.into_iter().map(|it| it.document).collect();
    match found == wanted {
        true => Ok(changed),
        false => Err(NotChanged::Shared),
    }
}

/// The byte at which each line begins.
fn line_starts(text: &str, mark: usize) -> Vec<usize> {
    let breaks = text.match_indices('\n').map(|(at, _)| at + 1);
    std::iter::once(mark).chain(breaks).collect()
}

/// The bytes of a version, and what replaces them in the same quotes.
fn edit_of(
    text: &str,
    lines: &[usize],
    node: &Node,
    identity: &Identity,
    version: &str,
) -> Option<(usize, (usize, String))> {
    let place = node.span.start;
    let line = *lines.get(place.line.checked_sub(1)? as usize)?;
    let mut characters = text.get(line..)?.char_indices();
    let (offset, _) = characters.nth(place.column.checked_sub(1)? as usize)?;
    let (start, old) = (line + offset, &identity.version);
    let quote = ["'", "\"", ""].into_iter();
    let mut written = quote.map(|it| (it, format!("{it}{old}{it}")));
    let (quote, written) = written.find(|(_, it)| text[start..].starts_with(it.as_str()))?;
    let value = Value::String(version.to_owned());
    let new = match quote {
        "'" => format!("'{}'", version.replace('\'', "''")),
        "\"" => value.to_string(),
        _ => yaml::write_value(&value).trim_end().to_owned(),
    };
    Some((start, (start + written.len(), new)))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn definition(name: &str, version: &str) -> String {
        format!("# about {name}\ntool_name: {name}\nversion: {version} # keep\nplatform: linux\n")
    }

    /// Each of those tools at 1.0 becomes 1.1.
    fn changed(name: &str, text: &str, tools: &[&str]) -> Result<String, NotChanged> {
        let versions = tools.iter().map(|tool| {
            let identity = Identity {
                platform: "linux".to_owned(),
                name: (*tool).to_owned(),
                version: "1.0".to_owned(),
            };
            (identity, "1.1".to_owned())
        });
        with_versions(name, text.as_bytes(), None, &versions.collect())
    }

    #[test]
    fn the_version_alone_changes_in_its_quotes() {
        for (old, new) in [("'1.0'", "'1.1'"), ("\"1.0\"", "\"1.1\"")] {
            let text = definition("df", old);
            assert_eq!(changed("f.yaml", &text, &["df"]), Ok(definition("df", new)));
        }
        let both = [definition("df", "'1.0'"), definition("du", "'1.0'")].join("---\n");
        let wanted = [definition("df", "'1.0'"), definition("du", "'1.1'")].join("---\n");
        assert_eq!(changed("f.yaml", &both, &["du"]), Ok(wanted));
        let windows = format!(
            "\u{feff}{}",
            definition("df", "'1.0'").replace('\n', "\r\n")
        );
        let wanted = windows.replace("1.0", "1.1");
        assert_eq!(changed("f.yaml", &windows, &["df"]), Ok(wanted));
    }

    #[test]
    fn a_plain_version_stays_text() {
        let text = "tool_name: df\nversion: v1\nplatform: linux\n";
        let identity = Identity {
            platform: "linux".to_owned(),
            name: "df".to_owned(),
            version: "v1".to_owned(),
        };
        for (version, line) in [("v2", "version: v2\n"), ("1.1", "version: '1.1'\n")] {
            let versions = HashMap::from([(identity.clone(), version.to_owned())]);
            let made = with_versions("f.yaml", text.as_bytes(), None, &versions).unwrap();
            assert_eq!(made, text.replace("version: v1\n", line));
        }
    }

    #[test]
    fn json_keeps_its_layout() {
        let one = |name: &str, version: &str| {
            format!(
                "{{ \"version\":\"{version}\",\n   \"tool_name\": \"{name}\", \"platform\": \"linux\" }}"
            )
        };
        let list = |version: &str| format!("[{},\n{}]\n", one("df", version), one("du", "1.0"));
        assert_eq!(changed("f.json", &list("1.0"), &["df"]), Ok(list("1.1")));
        let lines =
            |version: &str| [one("df", version), one("du", "1.0")].map(|it| it.replace('\n', ""));
        assert_eq!(
            changed("f.jsonl", &lines("1.0").join("\n"), &["df"]),
            Ok(lines("1.1").join("\n"))
        );
    }

    #[test]
    fn a_version_that_is_not_the_definitions_own_is_left_alone() {
        let alias = "note: &v '1.0'\ntool_name: df\nversion: *v\nplatform: linux\n";
        let refused = changed("f.yaml", alias, &["df"]);
        assert!(
            matches!(refused, Err(NotChanged::NotItsOwn(_))),
            "{refused:?}"
        );
        let profile = "version: 1.0\nplatform: linux\ntools:\n  df: {description: d}\n  du: {description: d}\n";
        assert_eq!(changed("f.yaml", profile, &["df"]), Err(NotChanged::Shared));
        let both = profile.replace("1.0", "'1.1'");
        assert_eq!(changed("f.yaml", profile, &["df", "du"]), Ok(both));
        let block = definition("df", "|-\n  1.0");
        let refused = changed("f.yaml", &block, &["df"]);
        assert!(
            matches!(refused, Err(NotChanged::NotItsOwn(_))),
            "{refused:?}"
        );
        let gone = changed("f.yaml", &definition("df", "'1.0'"), &["du"]);
        assert!(matches!(gone, Err(NotChanged::NotItsOwn(_))), "{gone:?}");
        let utf16: Vec<u8> = definition("df", "'1.0'")
            .encode_utf16()
            .flat_map(u16::to_le_bytes)
            .collect();
        let made = with_versions("f.yaml", &utf16, None, &HashMap::new());
        assert_eq!(made, Err(NotChanged::Encoding));
    }
}
