//! A definition in the making, kept so that an interruption loses nothing.

use std::io;
use std::path::{Path, PathBuf};

use serde::{Deserialize, Serialize};
use serde_json::Value;

use crate::definition::Document;

use super::Template;
use super::fill::{AnswerError, Answers, fill, in_path};
use super::path;

/// What was answered so far.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Draft {
    /// The template, once it is chosen.
    pub template: Option<String>,
    /// The answers that were given.
    pub answers: Answers,
    /// Values at places of the definition that no question is about.
    #[serde(default)]
    pub places: Vec<(String, Value)>,
}

impl Draft {
    /// What to call it: the tool's name, if it has been given.
    pub fn label(&self) -> &str {
        self.answers
            .get("tool_name")
            .map_or("a tool without a name", String::as_str)
    }

    /// The definition that it makes of a template.
    ///
    /// # Errors
    /// Every answer that is missing or cannot be used, and every place that does not exist.
    pub fn document(&self, template: &Template) -> Result<Document, Vec<AnswerError>> {
        let mut document = fill(template, &self.answers)?;
        let mut errors = Vec::new();
        for (place, value) in &self.places {
            let place = in_path(template, &self.answers, place);
            if let Err(message) = path::set(document.fields_mut(), &place, value.clone()) {
                errors.push(AnswerError {
                    name: place,
                    message,
                });
            }
        }
        if errors.is_empty() {
            Ok(document)
        } else {
            Err(errors)
        }
    }

    /// Where the draft is kept: `$XDG_STATE_HOME/toolcat`, else `~/.local/state/toolcat`.
    pub fn file() -> Option<PathBuf> {
        let folder = |variable: &str| {
            std::env::var_os(variable)
                .map(PathBuf::from)
                .filter(|path| path.is_absolute())
        };
        let base =
            folder("XDG_STATE_HOME").or_else(|| Some(folder("HOME")?.join(".local/state")))?;
        Some(base.join("toolcat/generate.json"))
    }

    /// The draft in a file; none if there is no file, or nothing in it that can be read.
    pub fn load(path: &Path) -> Option<Self> {
        serde_json::from_slice(&std::fs::read(path).ok()?).ok()
    }

    /// As it is kept in a file.
    ///
    /// # Errors
    /// If it cannot be written as JSON, which its type excludes.
    pub fn to_json(&self) -> io::Result<String> {
        Ok(serde_json::to_string_pretty(self)?)
    }

    /// Forgets it.
    pub fn remove(path: &Path) {
        // A draft that is already gone is as it should be.
        let _ = std::fs::remove_file(path);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_draft_comes_back() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("draft.json");
        assert_eq!(Draft::load(&path), None);
        let draft = Draft {
            template: Some("command".to_owned()),
            answers: Answers::from([("tool_name".to_owned(), "df".to_owned())]),
            places: vec![("owner".to_owned(), "me".into())],
        };
        std::fs::write(&path, draft.to_json().unwrap()).unwrap();
        assert_eq!(Draft::load(&path).as_ref(), Some(&draft));
        assert_eq!(draft.label(), "df");
        std::fs::write(&path, "{").unwrap();
        assert_eq!(Draft::load(&path), None);
        Draft::remove(&path);
        assert!(!path.exists());
    }
}
