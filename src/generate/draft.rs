//! A definition in the making, kept so that an interruption loses nothing.

use std::io::{self, Write};
use std::path::{Path, PathBuf};

use serde::{Deserialize, Serialize};

use super::fill::Answers;

/// What was answered so far.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Draft {
    /// The template, once it is chosen.
    pub template: Option<String>,
    /// The answers that were given.
    pub answers: Answers,
    /// The gaps that were asked for; the others keep their guesses.
    pub asked: Vec<String>,
}

impl Draft {
    /// What to call it: the tool's name, where it has been given.
    pub fn label(&self) -> &str {
        self.answers
            .get("tool_name")
            .map_or("a tool without a name", String::as_str)
    }

    /// Where the draft is kept: `$XDG_STATE_HOME/toolcat`, else `~/.local/state/toolcat`.
    pub fn file() -> Option<PathBuf> {
        let folder = |variable: &str| {
            std::env::var_os(variable)
                .map(PathBuf::from)
                .filter(|path| path.is_absolute())
        };
        let base = folder("XDG_STATE_HOME").or_else(|| Some(folder("HOME")?.join(".local/state")))?;
        Some(base.join("toolcat/generate.json"))
    }

    /// The draft in a file; none where there is no file, or nothing in it that can be read.
    pub fn load(path: &Path) -> Option<Self> {
        serde_json::from_slice(&std::fs::read(path).ok()?).ok()
    }

    /// Keeps it, whole or not at all.
    ///
    /// # Errors
    /// Where the file cannot be written.
    pub fn save(&self, path: &Path) -> io::Result<()> {
        let folder = path.parent().unwrap_or(Path::new("."));
        std::fs::create_dir_all(folder)?;
        let mut file = tempfile::NamedTempFile::new_in(folder)?;
        file.write_all(&serde_json::to_vec_pretty(self).map_err(io::Error::other)?)?;
        file.persist(path).map(drop).map_err(|error| error.error)
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
        let path = folder.path().join("a/b/draft.json");
        assert_eq!(Draft::load(&path), None);
        let draft = Draft {
            template: Some("command".to_owned()),
            answers: Answers::from([("tool_name".to_owned(), "df".to_owned())]),
            asked: vec!["tool_name".to_owned()],
        };
        draft.save(&path).unwrap();
        assert_eq!(Draft::load(&path).as_ref(), Some(&draft));
        assert_eq!(draft.label(), "df");
        std::fs::write(&path, "{").unwrap();
        assert_eq!(Draft::load(&path), None);
        Draft::remove(&path);
        assert!(!path.exists());
    }
}
