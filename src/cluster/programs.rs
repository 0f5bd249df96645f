//! Finding the PostgreSQL programs that this machine has.

use std::collections::BTreeSet;
use std::ffi::OsString;
use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use super::error::ClusterError;

/// The oldest major version used; older ones are passed over.
const OLDEST_MAJOR: u32 = 13;

/// Folders in which distributions keep the programs of one major version:
/// the parent, what the name starts with, and what follows the version.
const VERSIONED: [(&str, &str, &str); 10] = [
    ("usr/lib/postgresql", "", "bin"),
    ("usr", "pgsql-", "bin"),
    ("usr/lib", "postgresql", "bin"),
    ("usr/lib64", "postgresql-", "bin"),
    ("usr/libexec", "postgresql", ""),
    ("opt/homebrew/opt", "postgresql@", "bin"),
    ("usr/local/opt", "postgresql@", "bin"),
    ("home/linuxbrew/.linuxbrew/opt", "postgresql@", "bin"),
    ("Applications/Postgres.app/Contents/Versions", "", "bin"),
    ("Library/PostgreSQL", "", "bin"),
];

/// Folders that hold the programs of whatever version is installed.
const UNVERSIONED: [&str; 5] = [
    "usr/local/pgsql/bin",
    "usr/lib/postgresql/bin",
    "opt/homebrew/bin",
    "usr/local/bin",
    "usr/bin",
];

/// One installation of PostgreSQL: a folder with `initdb` and `postgres`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Programs {
    /// The folder that holds the server programs.
    pub bindir: PathBuf,
    /// The major version, such as 15.
    pub major: u32,
    /// The whole version, such as `15.18`.
    pub version: String,
    /// Initialises a data directory.
    pub initdb: PathBuf,
    /// The server.
    pub postgres: PathBuf,
    /// The interactive client, if installed: the one of `bindir` before the
    /// one on `PATH`, which may be a wrapper.
    pub psql: Option<PathBuf>,
    /// The backup program, if installed; found like `psql`.
    pub pg_dump: Option<PathBuf>,
}

/// Where to look for programs.
#[derive(Clone, Debug)]
pub(super) struct Search {
    /// The `PATH` to walk.
    pub(super) path: Option<OsString>,
    /// The only folder to look in, if set.
    pub(super) only: Option<PathBuf>,
    /// What the distributions' folders are relative to: `/`, except in tests.
    pub(super) root: PathBuf,
}

impl Search {
    /// Finds the programs to use: those of `major` where data of that version
    /// exists, else the first on `PATH`, else the newest.
    pub(super) fn find(&self, major: Option<u32>) -> Result<Programs, ClusterError> {
        let mut others = BTreeSet::new();
        for dir in self.folders() {
            let Some(programs) = self.installed_in(&dir) else {
                continue;
            };
            if major.is_none_or(|major| major == programs.major) {
                return Ok(programs);
            }
            others.insert(programs.major);
        }
        match (major, &self.only) {
            (Some(data), _) if !others.is_empty() => Err(ClusterError::VersionMismatch {
                data,
                newest: others.last().copied().unwrap_or_default(),
                installed: others
                    .iter()
                    .map(u32::to_string)
                    .collect::<Vec<_>>()
                    .join(", "),
            }),
            (_, Some(dir)) => Err(ClusterError::ProgramsNotThere { dir: dir.clone() }),
            _ => Err(ClusterError::ProgramsMissing),
        }
    }

    /// The newest programs that are newer than `major`.
    pub(super) fn newer_than(&self, major: u32) -> Option<Programs> {
        let installed = self.folders().filter_map(|dir| self.installed_in(&dir));
        let newer = installed.filter(|programs| programs.major > major);
        newer.max_by_key(|programs| programs.major)
    }

    /// The programs of `major`, wherever they are.
    pub(super) fn of(&self, major: u32) -> Option<Programs> {
        let everywhere = Self {
            only: None,
            ..self.clone()
        };
        everywhere.find(Some(major)).ok()
    }

    /// The folders to look in, in order and lazily: `pg_config` is only asked
    /// where `PATH` has no server programs.
    fn folders(&self) -> Box<dyn Iterator<Item = PathBuf> + '_> {
        if let Some(only) = &self.only {
            return Box::new(std::iter::once(only.clone()));
        }
        let configured = std::iter::once_with(|| self.configured()).flatten();
        let known = std::iter::once_with(|| self.distribution_folders()).flatten();
        Box::new(self.path_folders().chain(configured).chain(known))
    }

    fn path_folders(&self) -> impl Iterator<Item = PathBuf> + '_ {
        self.path
            .iter()
            .flat_map(std::env::split_paths)
            .filter(|dir| dir.is_absolute())
    }

    /// What `pg_config --bindir` says.
    fn configured(&self) -> Option<PathBuf> {
        let program = self.on_path("pg_config")?;
        let output = Command::new(program)
            .arg("--bindir")
            .stdin(Stdio::null())
            .stderr(Stdio::null())
            .output()
            .ok()?;
        let dir = PathBuf::from(String::from_utf8(output.stdout).ok()?.trim_end());
        dir.is_absolute().then_some(dir)
    }

    /// The usual folders of the distributions, newest version first.
    fn distribution_folders(&self) -> Vec<PathBuf> {
        let mut versioned: Vec<(u32, PathBuf)> = VERSIONED
            .iter()
            .flat_map(|(parent, prefix, suffix)| {
                std::fs::read_dir(self.root.join(parent))
                    .into_iter()
                    .flatten()
                    .filter_map(Result::ok)
                    .filter_map(move |entry| {
                        let name = entry.file_name().into_string().ok()?;
                        let version = leading_number(name.strip_prefix(prefix)?)?;
                        Some((version, entry.path().join(suffix)))
                    })
            })
            .collect();
        versioned.sort_by_key(|(version, _)| std::cmp::Reverse(*version));
        versioned
            .into_iter()
            .map(|(_, dir)| dir)
            .chain(UNVERSIONED.iter().map(|dir| self.root.join(dir)))
            .collect()
    }

    fn installed_in(&self, dir: &Path) -> Option<Programs> {
        let postgres = executable(dir.join("postgres"))?;
        // Behind links, as in /usr/local/bin, is a folder with all programs.
        let real = postgres.canonicalize().ok();
        let dir = real
            .as_deref()
            .and_then(Path::parent)
            .filter(|real| executable(real.join("initdb")).is_some())
            .unwrap_or(dir);
        let initdb = executable(dir.join("initdb"))?;
        let postgres = executable(dir.join("postgres"))?;
        let output = Command::new(&postgres)
            .arg("--version")
            .stdin(Stdio::null())
            .stderr(Stdio::null())
            .output()
            .ok()?;
        // "postgres (PostgreSQL) 15.18 (Debian 15.18-0+deb12u1)"
        let text = String::from_utf8_lossy(&output.stdout);
        let version = text.split_once(") ")?.1.split_whitespace().next()?;
        let major = leading_number(version).filter(|major| *major >= OLDEST_MAJOR)?;
        let client = |name| executable(dir.join(name)).or_else(|| self.on_path(name));
        Some(Programs {
            bindir: dir.to_path_buf(),
            major,
            version: version.to_owned(),
            psql: client("psql"),
            pg_dump: client("pg_dump"),
            initdb,
            postgres,
        })
    }

    fn on_path(&self, name: &str) -> Option<PathBuf> {
        self.path_folders()
            .find_map(|dir| executable(dir.join(name)))
    }
}

fn executable(path: PathBuf) -> Option<PathBuf> {
    let found = std::fs::metadata(&path).ok()?;
    (found.is_file() && found.permissions().mode() & 0o111 != 0).then_some(path)
}

/// The number that a version starts with: `15.18` and `17beta1` are 15 and 17.
fn leading_number(text: &str) -> Option<u32> {
    let end = text
        .find(|character: char| !character.is_ascii_digit())
        .unwrap_or(text.len());
    text[..end].parse().ok()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::cluster::ServerRemedy;

    /// A folder that looks like an installation of `version`.
    fn install(dir: &Path, version: &str) {
        std::fs::create_dir_all(dir).unwrap();
        for name in ["initdb", "postgres", "psql"] {
            // Written by another process: a file that is open for writing here
            // while a parallel test forks could not be run for a moment.
            let status = Command::new("sh")
                .args([
                    "-c",
                    "printf '%s' \"$2\" > \"$1\" && chmod 755 \"$1\"",
                    "sh",
                ])
                .arg(dir.join(name))
                .arg(format!(
                    "#!/bin/sh\necho '{name} (PostgreSQL) {version} (Test)'\n"
                ))
                .status();
            assert!(status.is_ok_and(|status| status.success()));
        }
    }

    fn search(root: &Path) -> Search {
        Search {
            path: None,
            only: None,
            root: root.to_path_buf(),
        }
    }

    #[test]
    fn the_newest_is_used_unless_data_asks_for_another() {
        let root = tempfile::tempdir().unwrap();
        for version in ["9", "14", "16"] {
            install(
                &root
                    .path()
                    .join("usr/lib/postgresql")
                    .join(version)
                    .join("bin"),
                &format!("{version}.3"),
            );
        }
        install(&root.path().join("usr/pgsql-15/bin"), "15.2");
        let search = search(root.path());
        let newest = search.find(None).unwrap();
        assert_eq!((newest.major, newest.version.as_str()), (16, "16.3"));
        assert_eq!(newest.psql, Some(newest.bindir.join("psql")));
        assert_eq!(search.find(Some(15)).unwrap().version, "15.2");
        let error = search.find(Some(13)).unwrap_err();
        assert!(error.to_string().contains("14, 15, 16"), "{error}");
        let upgrade = ServerRemedy::Upgrade {
            data: 13,
            newest: 16,
        };
        assert_eq!(error.remedy(), Some(upgrade));
        let newer = search.find(Some(17)).unwrap_err();
        assert_eq!(newer.remedy(), Some(ServerRemedy::MatchPrograms(17)));
        assert_eq!(search.newer_than(14).unwrap().major, 16);
        assert_eq!(search.newer_than(16), None);
        assert_eq!(search.of(14).unwrap().version, "14.3");
        assert_eq!(search.of(13), None);
    }

    #[test]
    fn path_goes_before_the_usual_folders_and_an_override_before_all() {
        let root = tempfile::tempdir().unwrap();
        install(&root.path().join("usr/lib/postgresql/16/bin"), "16.3");
        let own = root.path().join("my own");
        install(&own, "15beta1");
        let mut search = search(root.path());
        search.path = Some(own.clone().into());
        assert_eq!(search.find(None).unwrap().major, 15);
        search.only = Some(root.path().join("nothing here"));
        let error = search.find(None).unwrap_err();
        assert!(error.to_string().contains("TOOLCAT_PG_BINDIR"), "{error}");
        assert!(error.to_string().contains("nothing here"), "{error}");
    }

    #[test]
    fn links_lead_to_the_folder_of_all_programs() {
        let root = tempfile::tempdir().unwrap();
        let real = root.path().join("opt/postgres/bin");
        install(&real, "15.2");
        let links = root.path().join("usr/local/bin");
        std::fs::create_dir_all(&links).unwrap();
        for name in ["initdb", "postgres"] {
            std::os::unix::fs::symlink(real.join(name), links.join(name)).unwrap();
        }
        let found = search(root.path()).find(None).unwrap();
        assert_eq!(found.bindir, real.canonicalize().unwrap());
        assert_eq!(found.psql, Some(found.bindir.join("psql")));
    }

    #[test]
    fn an_empty_machine_has_none_and_so_has_one_with_an_ancient_version() {
        let root = tempfile::tempdir().unwrap();
        let missing = |error| matches!(error, ClusterError::ProgramsMissing);
        assert!(missing(search(root.path()).find(None).unwrap_err()));
        install(&root.path().join("usr/lib/postgresql/9.6/bin"), "9.6.24");
        assert!(missing(search(root.path()).find(None).unwrap_err()));
    }
}
