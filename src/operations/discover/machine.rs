//! Where a machine keeps what can be found on it.

use std::collections::BTreeSet;
use std::fs::{self, File};
use std::io::Read;
use std::path::{Path, PathBuf};

use super::{Thing, cron, programs, units};

/// The most entries of a folder that are looked at.
const MOST: usize = 50_000;

/// The most of a file that is read, in bytes.
const LONGEST: u64 = 64 << 10;

/// The folders of a machine.
#[derive(Debug, Clone)]
pub struct Machine {
    /// Where its files begin.
    root: PathBuf,
    /// The folders of programs.
    path: Vec<PathBuf>,
    /// The folders of manual pages that were named.
    manuals: Vec<PathBuf>,
    /// Who is looked at where jobs are a user's own.
    user: String,
}

impl Machine {
    /// The one that this program runs on, with its variables PATH and MANPATH. Folders that depend on where
    /// the user stands are passed over.
    pub fn this(user: &str) -> Self {
        let folders = |variable: &str| -> Vec<PathBuf> {
            let value = std::env::var_os(variable).unwrap_or_default();
            std::env::split_paths(&value)
                .filter(|it| it.is_absolute())
                .collect()
        };
        Self::at(Path::new("/"), folders("PATH"), folders("MANPATH"), user)
    }

    /// One whose files are below a folder.
    pub fn at(root: &Path, path: Vec<PathBuf>, manuals: Vec<PathBuf>, user: &str) -> Self {
        Self {
            root: root.to_owned(),
            path,
            manuals,
            user: user.to_owned(),
        }
    }

    /// The platforms of operating systems that it is not.
    pub(super) fn platforms(&self) -> &'static [&'static str] {
        match cfg!(target_os = "macos") {
            true => &["windows", "linux"],
            false => &["windows", "macos"],
        }
    }

    /// Everything that is on it, by kind and name.
    pub(super) fn things(&self) -> Vec<Thing> {
        let manuals = self.manuals();
        let mut things = programs::find(&self.path, &manuals);
        let units = [
            "etc/systemd/system",
            "usr/local/lib/systemd/system",
            "usr/lib/systemd/system",
            "lib/systemd/system",
        ];
        things.extend(units::find(&units.map(|it| self.root.join(it))));
        things.extend(cron::find(&self.root, &self.user));
        things
    }

    /// The folders of manual pages: those that were named, those beside the programs, and the usual ones.
    fn manuals(&self) -> Vec<PathBuf> {
        let beside = self
            .path
            .iter()
            .filter_map(|it| Some(it.parent()?.join("share/man")));
        let usual = ["usr/local/share/man", "usr/share/man"].map(|it| self.root.join(it));
        let all = self.manuals.iter().cloned().chain(beside).chain(usual);
        all.collect::<BTreeSet<PathBuf>>().into_iter().collect()
    }
}

/// The files of a folder with their names, in the order of these; none if it cannot be read.
pub(super) fn entries(folder: &Path) -> Vec<(String, PathBuf)> {
    let entries = fs::read_dir(folder).into_iter().flatten().flatten();
    let mut all: Vec<(String, PathBuf)> = entries
        .take(MOST)
        .filter_map(|it| Some((it.file_name().into_string().ok()?, it.path())))
        .collect();
    all.sort();
    all
}

/// The beginning of a regular file as text.
pub(super) fn text(path: &Path) -> Option<String> {
    if !fs::metadata(path).ok()?.is_file() {
        return None;
    }
    let mut bytes = Vec::new();
    File::open(path)
        .ok()?
        .take(LONGEST)
        .read_to_end(&mut bytes)
        .ok()?;
    Some(String::from_utf8_lossy(&bytes).into_owned())
}

/// Whether it is a file that can be run.
pub(super) fn is_executable(path: &Path) -> bool {
    use std::os::unix::fs::PermissionsExt;
    path.metadata()
        .is_ok_and(|it| it.is_file() && it.permissions().mode() & 0o111 != 0)
}
