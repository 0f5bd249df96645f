//! Descriptions of an API in several files: what refers to a file beside the first, or below its
//! folder, is put into it. Nothing outside that folder is read, and nothing is fetched.

use std::collections::BTreeMap;
use std::path::{Component, Path, PathBuf};

use super::build::{entry, map};
use super::node::{Kind, Node};
use super::{Input, Source, Span, json, yaml};

/// Where the other files stand in the first.
const FILES: &str = "x-toolcat-files";

/// The most files that one description is read from.
const MAX_FILES: usize = 5_000;

/// The most bytes of all of them.
const MAX_BYTES: usize = 64 << 20;

/// Puts the files that a description refers to into it. `name` is its own path.
pub fn bundle(root: &mut Node, name: &str) {
    let path = Path::new(name);
    let parent = path.parent().filter(|it| *it != Path::new(""));
    let Ok(folder) = parent.unwrap_or(Path::new(".")).canonicalize() else {
        return;
    };
    let Some(own) = path
        .file_name()
        .filter(|_| path.is_file())
        .map(PathBuf::from)
    else {
        return;
    };
    let mut bundler = Bundler {
        folder,
        own: own.clone(),
        known: BTreeMap::new(),
        open: Vec::new(),
        bytes: 0,
    };
    bundler.rewrite(root, &own);
    let mut files = Vec::new();
    while let Some((path, mut node)) = bundler.open.pop() {
        bundler.rewrite(&mut node, &path);
        files.push(entry(path.to_string_lossy(), node.span, node));
    }
    if let (Some(entries), false) = (root.entries_mut(), files.is_empty()) {
        entries.push(entry(FILES, Span::default(), map(Span::default(), files)));
    }
}

struct Bundler {
    folder: PathBuf,
    own: PathBuf,
    /// The files that were looked for, by their paths below the folder, and whether they are here.
    known: BTreeMap<PathBuf, bool>,
    /// Those whose own references are still to be looked at.
    open: Vec<(PathBuf, Node)>,
    bytes: usize,
}

impl Bundler {
    /// Turns references to files into references to where these stand now.
    fn rewrite(&mut self, node: &mut Node, at: &Path) {
        match &mut node.kind {
            Kind::List(items) => items.iter_mut().for_each(|it| self.rewrite(it, at)),
            Kind::Map(entries) => {
                for entry in entries {
                    let span = entry.value.span;
                    let target = match entry.key.as_str() {
                        "$ref" => entry
                            .value
                            .as_text()
                            .and_then(|it| self.target(it, at, span)),
                        _ => None,
                    };
                    match target {
                        Some(target) => entry.value = Node::text(span, target),
                        None => self.rewrite(&mut entry.value, at),
                    }
                }
            }
            _ => {}
        }
    }

    /// What a reference in the file at a path is called now; nothing if it stays.
    fn target(&mut self, reference: &str, at: &Path, span: Span) -> Option<String> {
        let (file, fragment) = reference.split_once('#').unwrap_or((reference, ""));
        if file.contains("://") {
            return None;
        }
        let path = match file {
            "" => at.to_owned(),
            file => below(&at.parent()?.join(file))?,
        };
        if path == self.own {
            return Some(format!("#{fragment}"));
        }
        if !self.has(&path, span) {
            return None;
        }
        let key = path.to_string_lossy();
        let key = key
            .replace('~', "~0")
            .replace('/', "~1")
            .replace('%', "%25");
        Some(format!("#/{FILES}/{key}{fragment}"))
    }

    /// Whether a file is here, or can be read. Its parts stand where the reference to it does.
    fn has(&mut self, path: &Path, span: Span) -> bool {
        if let Some(known) = self.known.get(path) {
            return *known;
        }
        let node = self.load(path, span);
        self.known.insert(path.to_owned(), node.is_some());
        let found = node.is_some();
        self.open.extend(node.map(|it| (path.to_owned(), it)));
        found
    }

    fn load(&mut self, path: &Path, span: Span) -> Option<Node> {
        let full = self.folder.join(path).canonicalize().ok()?;
        let inside = full.starts_with(&self.folder) && full.is_file();
        if !inside || self.known.len() >= MAX_FILES {
            return None;
        }
        let size = usize::try_from(full.metadata().ok()?.len()).ok()?;
        self.bytes = self.bytes.saturating_add(size);
        if self.bytes > MAX_BYTES {
            return None;
        }
        let source = Source::load(&Input::File(full)).ok()?;
        let text = std::str::from_utf8(&source.bytes).ok()?;
        let mut problems = Vec::new();
        let mut node = match path.extension().is_some_and(|it| it == "json") {
            true => json::read(text, &mut problems)?,
            false => yaml::read(text, &mut problems).into_iter().next()?,
        };
        place(&mut node, span);
        Some(node)
    }
}

/// A path without `.` and `..`; nothing if it leads above where it starts.
fn below(path: &Path) -> Option<PathBuf> {
    let mut plain = PathBuf::new();
    for part in path.components() {
        match part {
            Component::CurDir => {}
            Component::Normal(part) => plain.push(part),
            Component::ParentDir => {
                if !plain.pop() {
                    return None;
                }
            }
            Component::RootDir | Component::Prefix(_) => return None,
        }
    }
    Some(plain)
}

/// Lets a value and all of its parts stand at one place.
fn place(node: &mut Node, span: Span) {
    node.span = span;
    match &mut node.kind {
        Kind::List(items) => items.iter_mut().for_each(|it| place(it, span)),
        Kind::Map(entries) => {
            for entry in entries {
                entry.key_span = span;
                place(&mut entry.value, span);
            }
        }
        _ => {}
    }
}
