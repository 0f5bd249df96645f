//! The files of a folder that toolcat wrote there, so that no other is ever removed.

use std::collections::{BTreeMap, HashSet};
use std::path::{Component, Path, PathBuf};

use crate::definition::Identity;
use crate::format::MAX_BYTES;

use super::{CommandError, files};

/// The file in the folder that says which files are ours.
const LIST: &str = ".toolcat-files.json";

/// A folder with one file for each tool.
pub struct Owned {
    folder: PathBuf,
    /// Files by `[platform, name]`.
    files: BTreeMap<String, PathBuf>,
    /// Files that a tool had before it got another, and that are still to go.
    left: Vec<PathBuf>,
}

fn key(platform: &str, name: &str) -> String {
    serde_json::json!([platform, name]).to_string()
}

impl Owned {
    /// What of that folder is ours; nothing if it has no list.
    pub fn of(folder: &Path) -> Self {
        let files = files::read(&folder.join(LIST), MAX_BYTES)
            .and_then(|bytes| serde_json::from_slice(&bytes).ok())
            .unwrap_or_default();
        Self {
            folder: folder.to_owned(),
            files,
            left: Vec::new(),
        }
    }

    /// Writes the file of a tool, unless it is so already; one that it had under another name goes when the list
    /// is kept.
    ///
    /// # Errors
    /// If the file cannot be written.
    pub fn write(
        &mut self,
        tool: &Identity,
        path: PathBuf,
        text: &str,
    ) -> Result<(), CommandError> {
        let file = self.folder.join(&path);
        if files::read(&file, text.len() as u64).as_deref() != Some(text.as_bytes()) {
            files::write_below(&self.folder, &path, text)?;
        }
        let before = (self.files).insert(key(&tool.platform, &tool.name), path.clone());
        self.left.extend(before.filter(|it| *it != path));
        Ok(())
    }

    /// Removes the files of the tools that are not to be kept; how many.
    pub fn keep(&mut self, kept: impl Fn(&str, &str) -> bool) -> usize {
        let is_gone = |key: &String| {
            let tool: Option<(String, String)> = serde_json::from_str(key).ok();
            tool.is_none_or(|(platform, name)| !kept(&platform, &name))
        };
        let gone: Vec<String> = self
            .files
            .keys()
            .filter(|it| is_gone(it))
            .cloned()
            .collect();
        for key in &gone {
            if let Some(path) = self.files.remove(key) {
                self.remove(&path);
            }
        }
        gone.len()
    }

    /// Keeps the list, and removes the files that no tool has any more.
    ///
    /// # Errors
    /// If it cannot be written.
    pub fn save(&mut self) -> Result<(), CommandError> {
        let now: HashSet<&PathBuf> = self.files.values().collect();
        let mut left = std::mem::take(&mut self.left);
        left.retain(|it| !now.contains(it));
        left.iter().for_each(|it| self.remove(it));
        let list = serde_json::to_string_pretty(&self.files).map_err(std::io::Error::from)?;
        files::write_below(&self.folder, Path::new(LIST), &(list + "\n"))
    }

    fn remove(&self, path: &Path) {
        if stays_inside(&self.folder, path) {
            // A file that someone removed already is as it should be.
            let _ = std::fs::remove_file(self.folder.join(path));
        }
    }
}

/// Whether a path of the list, which anyone could have written, leads nowhere else: not by its parts, and not by
/// a folder on the way that is a link.
fn stays_inside(folder: &Path, path: &Path) -> bool {
    let above = path.parent().unwrap_or(path);
    path.components()
        .all(|part| matches!(part, Component::Normal(_)))
        && files::link_on_the_way(folder, above).is_none()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_the_list_says_removes_nothing_elsewhere() {
        let place = tempfile::tempdir().expect("a folder");
        let (folder, other) = (place.path().join("ours"), place.path().join("other"));
        for it in [&folder.join("linux"), &other] {
            std::fs::create_dir_all(it).expect("a folder");
        }
        std::os::unix::fs::symlink(&other, folder.join("link")).expect("a link");
        for file in [folder.join("linux/df.yaml"), other.join("df.yaml")] {
            std::fs::write(file, "").expect("a file");
        }
        let listed = ["../other/df.yaml", "link/df.yaml", "linux/df.yaml"];
        let files: BTreeMap<String, &str> = (listed.iter().enumerate())
            .map(|(at, it)| (key("linux", &at.to_string()), *it))
            .collect();
        std::fs::write(folder.join(LIST), serde_json::to_vec(&files).expect("JSON"))
            .expect("a file");
        assert_eq!(Owned::of(&folder).keep(|_, _| false), 3);
        assert!(other.join("df.yaml").exists() && !folder.join("linux/df.yaml").exists());
    }
}
