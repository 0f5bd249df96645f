//! Finding the files that hold definitions, and their bytes.

use std::collections::HashSet;
use std::fmt;
use std::io::Read;
use std::path::{Path, PathBuf};

use globset::{GlobBuilder, GlobMatcher};
use ignore::gitignore::{Gitignore, GitignoreBuilder};
use walkdir::WalkDir;

use super::Position;
use super::ignored::Ignored;
use crate::reading::utf16::utf8;

/// The most that is read at once, in bytes: a document, or a file of another layout than the catalog's own.
pub const MAX_BYTES: u64 = 64 << 20;

/// The endings of files that hold definitions.
pub const EXTENSIONS: [&str; 4] = ["yaml", "yml", "json", "jsonl"];

/// Where definitions come from.
#[derive(Debug, Clone, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Input {
    /// A file.
    File(PathBuf),
    /// Standard input, written `-`.
    Stdin,
}

/// A text to read definitions from.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Source {
    /// The path as it was given, or `<stdin>`.
    pub name: String,
    /// What it holds.
    pub bytes: Vec<u8>,
    /// Where that begins in the file.
    pub start: Position,
    /// Whether there may be more in the file.
    pub is_part: bool,
}

/// Why there is nothing to read.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// A path that names nothing.
    #[error("{0}: there is no such file or folder")]
    NotFound(String),
    /// A folder without definitions.
    #[error("{0}: the folder holds no definitions (*.yaml, *.yml, *.json, *.jsonl)")]
    EmptyFolder(String),
    /// A pattern that matches nothing.
    #[error("{0}: no file matches the pattern")]
    NoMatch(String),
    /// An invalid glob pattern.
    #[error("{0}: {1}")]
    BadPattern(String, String),
    /// A file or folder that cannot be read.
    #[error("{0}: {1}")]
    Unreadable(String, std::io::Error),
    /// A document over [`MAX_BYTES`].
    #[error("{0}: more than {limit} MB without the end of a definition; divide it", limit = MAX_BYTES >> 20)]
    TooLarge(String),
}

impl fmt::Display for Input {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Input::File(path) => path.display().fmt(f),
            Input::Stdin => f.write_str("<stdin>"),
        }
    }
}

impl Input {
    /// Whether it is a file of at most so many bytes.
    pub fn is_at_most(&self, bytes: usize) -> bool {
        match self {
            Input::Stdin => false,
            Input::File(path) => {
                std::fs::metadata(path).is_ok_and(|it| it.is_file() && it.len() <= bytes as u64)
            }
        }
    }
}

impl Source {
    /// A text with a name.
    pub fn new(name: impl Into<String>, bytes: impl Into<Vec<u8>>) -> Self {
        Self {
            name: name.into(),
            bytes: utf8(bytes.into()),
            start: Position::default(),
            is_part: false,
        }
    }

    /// A part of a text in UTF-8, and where it begins.
    pub(super) fn part(name: impl Into<String>, bytes: Vec<u8>, start: Position) -> Self {
        Self {
            name: name.into(),
            bytes,
            start,
            is_part: true,
        }
    }

    /// Reads a file, or standard input to its end.
    ///
    /// # Errors
    /// If it cannot be read or holds more than [`MAX_BYTES`].
    pub fn load(input: &Input) -> Result<Self, Error> {
        let name = input.to_string();
        let mut bytes = Vec::new();
        let read = match input {
            Input::Stdin => std::io::stdin()
                .lock()
                .take(MAX_BYTES + 1)
                .read_to_end(&mut bytes),
            Input::File(path) => std::fs::File::open(path).and_then(|file| {
                let size = file.metadata().map_or(0, |it| it.len().min(MAX_BYTES));
                bytes.reserve(usize::try_from(size).unwrap_or(0) + 1);
                file.take(MAX_BYTES + 1).read_to_end(&mut bytes)
            }),
        };
        read.map_err(|error| Error::Unreadable(name.clone(), error))?;
        if bytes.len() as u64 > MAX_BYTES {
            return Err(Error::TooLarge(name));
        }
        Ok(Self::new(name, bytes))
    }
}

/// The files that paths stand for.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Collected {
    /// Each once, in the order of the paths, then by name.
    pub inputs: Vec<Input>,
    /// Those that were found in a folder or by a pattern, by their names: nobody named them.
    pub found: HashSet<String>,
}

/// The files that paths stand for: a file itself, whatever its ending; in a folder every
/// definition file, also in its folders, hidden ones and what a `.toolcatignore` names aside; for a
/// pattern (`*`, `?`, `[..]`, `{..}`, `**` over folders) what it matches; `-` for standard input.
/// Each file comes once, in the order of the paths, then by name.
///
/// # Errors
/// For a path that names nothing, a folder or a pattern without files.
pub fn collect<S: AsRef<str>>(paths: &[S]) -> Result<Vec<Input>, Error> {
    collect_without(paths, &[]).map(|collected| collected.inputs)
}

/// The same without the files that `exclude` matches: patterns in the language of `.gitignore`, from
/// the working folder.
///
/// # Errors
/// As [`collect`], and for a pattern that cannot be read.
pub fn collect_without<S: AsRef<str>>(paths: &[S], exclude: &[String]) -> Result<Collected, Error> {
    let mut lines = GitignoreBuilder::new(".");
    lines.allow_unclosed_class(false);
    let bad = |glob: &str, why: String| Error::BadPattern(glob.to_owned(), why);
    for glob in exclude {
        if glob.trim().is_empty() {
            return Err(bad(glob, "the pattern is empty".to_owned()));
        }
        lines
            .add_line(None, glob)
            .map_err(|error| bad(glob, error.to_string()))?;
    }
    let excluded = lines
        .build()
        .map_err(|error| bad(&exclude.join(", "), error.to_string()))?;
    let mut collected = Collected::default();
    let mut seen = HashSet::new();
    for path in paths {
        let (inputs, named) = expand(path.as_ref(), &excluded)?;
        for input in inputs {
            if !seen.insert(input.clone()) {
                continue;
            }
            if !named {
                collected.found.insert(input.to_string());
            }
            collected.inputs.push(input);
        }
    }
    Ok(collected)
}

/// The files that one path stands for, and whether it is the name of one.
fn expand(text: &str, excluded: &Gitignore) -> Result<(Vec<Input>, bool), Error> {
    if text == "-" {
        return Ok((vec![Input::Stdin], true));
    }
    let path = Path::new(text);
    match std::fs::metadata(path) {
        Ok(found) if found.is_dir() => {
            let files = walk(path, excluded, has_extension)?;
            if files.is_empty() {
                return Err(Error::EmptyFolder(text.to_owned()));
            }
            Ok((files, false))
        }
        Ok(_) if excluded.matched(path, false).is_ignore() => Ok((Vec::new(), true)),
        Ok(_) => Ok((vec![Input::File(path.to_owned())], true)),
        Err(_) if text.contains(['*', '?', '[', '{']) => {
            let (root, matcher) = pattern(text)?;
            if !root.is_dir() {
                return Err(Error::NoMatch(text.to_owned()));
            }
            let files = walk(&root, excluded, |file| {
                matcher.is_match(file.strip_prefix("./").unwrap_or(file))
            })?;
            if files.is_empty() {
                return Err(Error::NoMatch(text.to_owned()));
            }
            Ok((files, false))
        }
        Err(error) if error.kind() == std::io::ErrorKind::NotFound => {
            Err(Error::NotFound(text.to_owned()))
        }
        Err(error) => Err(Error::Unreadable(text.to_owned(), error)),
    }
}

/// The folder to search, which is the pattern up to its first special component, and the pattern.
fn pattern(text: &str) -> Result<(PathBuf, GlobMatcher), Error> {
    let path = text.strip_prefix("./").unwrap_or(text);
    let glob = GlobBuilder::new(path)
        .literal_separator(true)
        .build()
        .map_err(|error| Error::BadPattern(text.to_owned(), error.kind().to_string()))?;
    let root: PathBuf = Path::new(path)
        .components()
        .take_while(|part| {
            let part = part.as_os_str().to_string_lossy();
            !part.contains(['*', '?', '[', '{'])
        })
        .collect();
    let root = if root.as_os_str().is_empty() {
        PathBuf::from(".")
    } else {
        root
    };
    Ok((root, glob.compile_matcher()))
}

fn walk(
    root: &Path,
    excluded: &Gitignore,
    wanted: impl Fn(&Path) -> bool,
) -> Result<Vec<Input>, Error> {
    let hidden = |entry: &walkdir::DirEntry| entry.file_name().to_string_lossy().starts_with('.');
    let mut ignored = Ignored::from(root);
    let mut failure = None;
    let mut files = Vec::new();
    let entries = WalkDir::new(root)
        .follow_links(true)
        .sort_by_file_name()
        .into_iter()
        .filter_entry(|entry| {
            let is_dir = entry.file_type().is_dir();
            entry.depth() == 0
                || !hidden(entry)
                    && !excluded.matched(entry.path(), is_dir).is_ignore()
                    && !ignored.holds(entry.path(), is_dir).unwrap_or_else(|error| {
                        failure.get_or_insert(error);
                        true
                    })
        });
    for entry in entries {
        match entry {
            Ok(entry) if entry.file_type().is_file() && wanted(entry.path()) => {
                let path = entry.into_path();
                let path = match path.strip_prefix(".") {
                    Ok(inner) if root == Path::new(".") => inner.to_owned(),
                    _ => path,
                };
                files.push(Input::File(path));
            }
            Ok(_) => {}
            // A link that leads back to a folder above it holds nothing new.
            Err(error) if error.loop_ancestor().is_some() => {}
            // A link that leads nowhere is a file that cannot be read, where it would be read at all.
            Err(error) if error.path().is_some_and(Path::is_symlink) => {
                let link = error.path().filter(|link| wanted(link));
                files.extend(link.map(|link| Input::File(link.to_owned())));
            }
            // So is a folder below that may not be looked into.
            Err(error) if error.depth() > 0 && error.path().is_some() => {
                files.extend(error.path().map(|it| Input::File(it.to_owned())));
            }
            Err(error) => {
                let path = error.path().unwrap_or(root).display().to_string();
                let error = error
                    .into_io_error()
                    .unwrap_or_else(|| std::io::Error::other("cannot be read"));
                return Err(Error::Unreadable(path, error));
            }
        }
    }
    match failure {
        Some(error) => Err(error),
        None => Ok(files),
    }
}

fn has_extension(path: &Path) -> bool {
    path.extension()
        .and_then(|it| it.to_str())
        .is_some_and(|it| {
            EXTENSIONS
                .iter()
                .any(|known| it.eq_ignore_ascii_case(known))
        })
}
