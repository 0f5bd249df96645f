//! Files called `.toolcatignore`: what is passed over in a folder, in the language of `.gitignore`.

use std::collections::HashMap;
use std::fs::File;
use std::io::{self, Read};
use std::path::{Path, PathBuf};

use ignore::Match;
use ignore::gitignore::{Gitignore, GitignoreBuilder};

use super::source::Error;

/// The name of such a file.
const NAME: &str = ".toolcatignore";

/// The largest that is read, in bytes.
const MOST: u64 = 1 << 20;

/// What is passed over below a folder.
pub struct Ignored {
    /// The folder as it was given, and its absolute path.
    root: PathBuf,
    base: PathBuf,
    /// The highest folder whose file counts.
    top: PathBuf,
    /// What the files say, by folder.
    known: HashMap<PathBuf, Option<Gitignore>>,
}

impl Ignored {
    /// For a walk from `root`. Above it, the files up to the working folder count, where `root` is in
    /// that: one in a folder of others does not.
    pub fn from(root: &Path) -> Self {
        let base = root.canonicalize().unwrap_or_else(|_| root.to_owned());
        let work = Path::new(".").canonicalize().ok();
        let top = work.filter(|work| base.starts_with(work));
        Self {
            root: root.to_owned(),
            top: top.unwrap_or_else(|| base.clone()),
            base,
            known: HashMap::new(),
        }
    }

    /// Whether a path of the walk is passed over: the nearest file that says something about it
    /// decides.
    ///
    /// # Errors
    /// If such a file cannot be read.
    pub fn holds(&mut self, path: &Path, is_dir: bool) -> Result<bool, Error> {
        let inner = path.strip_prefix(&self.root).unwrap_or(path);
        let path = self.base.join(inner);
        for folder in path.ancestors().skip(1) {
            if !folder.starts_with(&self.top) {
                break;
            }
            if !self.known.contains_key(folder) {
                self.known.insert(folder.to_owned(), read(folder)?);
            }
            let said = self.known.get(folder).and_then(Option::as_ref);
            match said.map_or(Match::None, |said| said.matched(&path, is_dir)) {
                Match::Ignore(_) => return Ok(true),
                Match::Whitelist(_) => return Ok(false),
                Match::None => {}
            }
        }
        Ok(false)
    }
}

/// The file of a folder, if there is one. A pipe or a device does not count.
fn read(folder: &Path) -> Result<Option<Gitignore>, Error> {
    let path = folder.join(NAME);
    if !path.is_file() {
        return Ok(None);
    }
    let name = path.display().to_string();
    let unreadable = |error: io::Error| Error::Unreadable(name.clone(), error);
    let mut text = String::new();
    File::open(&path)
        .and_then(|file| file.take(MOST + 1).read_to_string(&mut text))
        .map_err(unreadable)?;
    if text.len() as u64 > MOST {
        let why = format!("larger than {} MB", MOST >> 20);
        return Err(unreadable(io::Error::other(why)));
    }
    let mut lines = GitignoreBuilder::new(folder);
    lines.allow_unclosed_class(false);
    let bad = |error: ignore::Error| Error::BadPattern(name.clone(), error.to_string());
    for line in text.trim_start_matches('\u{feff}').lines() {
        lines.add_line(None, line).map_err(bad)?;
    }
    lines.build().map(Some).map_err(bad)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_nearest_file_decides() {
        let place = tempfile::tempdir().unwrap();
        let write = |name: &str, text: &[u8]| {
            let path = place.path().join(name);
            std::fs::create_dir_all(path.parent().unwrap()).unwrap();
            std::fs::write(path, text).unwrap();
        };
        write(NAME, b"*.bak\n/old/\n# a comment\n");
        write(&format!("kept/{NAME}"), b"!*.bak\n");
        let mut ignored = Ignored::from(place.path());
        let mut holds =
            |name: &str, is_dir| ignored.holds(&place.path().join(name), is_dir).unwrap();
        assert!(holds("a.bak", false));
        assert!(holds("deep/er/a.bak", false));
        assert!(holds("old", true));
        assert!(!holds("deep/old", true));
        assert!(!holds("kept/a.bak", false));
        assert!(!holds("a.yaml", false));
    }

    #[test]
    fn what_is_no_such_file_is_refused_or_none() {
        let place = tempfile::tempdir().unwrap();
        let path = place.path().join(NAME);
        std::os::unix::fs::symlink("/dev/zero", &path).unwrap();
        assert!(read(place.path()).unwrap().is_none());
        std::fs::remove_file(&path).unwrap();
        for bad in [
            b"[a\n".to_vec(),
            b"\xff\xfe".to_vec(),
            vec![b'x'; (1 << 20) + 1],
        ] {
            std::fs::write(&path, bad).unwrap();
            assert!(read(place.path()).is_err());
        }
    }
}
