//! Units of systemd: services and timers.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use super::machine::{entries, text};
use super::{Kind, Thing};

/// The units of those folders, the first of a name; what is only another name, masked or a template for others
/// is passed over.
pub fn find(folders: &[PathBuf]) -> Vec<Thing> {
    let mut found: BTreeMap<String, Option<Thing>> = BTreeMap::new();
    for folder in folders {
        for (name, file) in entries(folder) {
            if !found.contains_key(&name)
                && let Some(kind) = kind(&name)
            {
                let thing = thing(&name, kind, &file);
                found.insert(name, thing);
            }
        }
    }
    found.into_values().flatten().collect()
}

fn kind(name: &str) -> Option<Kind> {
    let (name, kind) = name.rsplit_once('.')?;
    match kind {
        _ if name.ends_with('@') => None,
        "service" => Some(Kind::Service),
        "timer" => Some(Kind::Timer),
        _ => None,
    }
}

fn thing(name: &str, kind: Kind, file: &Path) -> Option<Thing> {
    if file.is_symlink() {
        return None;
    }
    let text = text(file)?;
    let said = text.lines().find_map(|it| it.strip_prefix("Description="));
    Some(Thing {
        kind,
        name: name.to_owned(),
        description: said.map(|it| it.trim().to_owned()),
        path: file.display().to_string(),
        manual: false,
    })
}
