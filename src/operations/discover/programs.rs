//! Programs on the path.

use std::collections::{BTreeMap, HashSet};
use std::path::PathBuf;

use super::machine::{entries, is_executable};
use super::{Kind, Thing};

/// The sections of the manual in which programs are.
const SECTIONS: [&str; 4] = ["man1", "man6", "man7", "man8"];

/// The programs of those folders, each once: the first of a name is the one that runs.
pub fn find(path: &[PathBuf], manuals: &[PathBuf]) -> Vec<Thing> {
    let pages = pages(manuals);
    let mut found: BTreeMap<String, Thing> = BTreeMap::new();
    for folder in path {
        for (name, file) in entries(folder) {
            if found.contains_key(&name) || !is_executable(&file) {
                continue;
            }
            let thing = Thing {
                kind: Kind::Command,
                manual: pages.contains(&name),
                description: None,
                path: file.display().to_string(),
                name: name.clone(),
            };
            found.insert(name, thing);
        }
    }
    found.into_values().collect()
}

/// The names that have a page.
fn pages(manuals: &[PathBuf]) -> HashSet<String> {
    let folders = manuals
        .iter()
        .flat_map(|it| SECTIONS.map(|section| it.join(section)));
    let files = folders.flat_map(|it| entries(&it));
    files.filter_map(|(file, _)| page(&file)).collect()
}

/// The name of a page, whose file is `NAME.SECTION`, and mostly compressed.
fn page(file: &str) -> Option<String> {
    let packed = [".gz", ".bz2", ".xz", ".zst"];
    let file = packed
        .iter()
        .find_map(|it| file.strip_suffix(it))
        .unwrap_or(file);
    let (name, section) = file.rsplit_once('.')?;
    let digit = section.chars().next()?.is_ascii_digit();
    (digit && !name.is_empty()).then(|| name.to_owned())
}
