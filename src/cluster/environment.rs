//! What the process's surroundings say about where the local cluster lives
//! and where the PostgreSQL programs are.

use std::ffi::OsString;
use std::path::{Path, PathBuf};

use super::account;
use super::error::ClusterError;

/// The surroundings that decide where a cluster lives.
///
/// Everything [`Cluster::locate`](super::Cluster::locate) looks at is in here,
/// so that a test can describe any machine without touching the process's own
/// environment. An empty variable counts as one that is not set.
#[derive(Clone, Debug, Default)]
pub struct Environment {
    /// `TOOLCAT_HOME`: the folder that holds the cluster.
    pub toolcat_home: Option<OsString>,
    /// `XDG_DATA_HOME`: the cluster is in `toolcat` below it.
    pub xdg_data_home: Option<OsString>,
    /// `HOME`: the cluster is in `.local/share/toolcat` below it.
    pub home: Option<OsString>,
    /// The home directory that the user database names, used where `HOME` is
    /// not set (cron, some containers).
    pub account_home: Option<PathBuf>,
    /// The folder that a relative `TOOLCAT_HOME` starts from.
    pub working_dir: Option<PathBuf>,
    /// `PATH`: searched for the PostgreSQL programs.
    pub path: Option<OsString>,
    /// `TOOLCAT_PG_BINDIR`: the only folder searched for the programs, if set.
    pub programs_dir: Option<OsString>,
    /// Whether `PGSERVICE` is set, by which libpq takes the server from a file whatever else is said.
    pub names_service: bool,
}

impl Environment {
    /// Reads the environment of this process.
    pub fn current() -> Self {
        let variable = |name: &str| std::env::var_os(name).filter(|value| !value.is_empty());
        let home = variable("HOME");
        let account_home = match home {
            Some(_) => None,
            None => account::by_id(account::effective_user()).map(|account| account.home),
        };
        Self {
            toolcat_home: variable("TOOLCAT_HOME"),
            xdg_data_home: variable("XDG_DATA_HOME"),
            home,
            account_home,
            working_dir: std::env::current_dir().ok(),
            path: variable("PATH"),
            programs_dir: variable("TOOLCAT_PG_BINDIR"),
            names_service: std::env::var_os("PGSERVICE").is_some(),
        }
    }

    /// The folder that holds the cluster: `TOOLCAT_HOME`, else
    /// `XDG_DATA_HOME/toolcat`, else `HOME/.local/share/toolcat`, always
    /// absolute.
    ///
    /// # Errors
    /// [`ClusterError::NoHome`] if none of them names a usable folder.
    pub fn cluster_home(&self) -> Result<PathBuf, ClusterError> {
        if let Some(home) = set(&self.toolcat_home) {
            if home.is_absolute() {
                return Ok(home.to_path_buf());
            }
            let start = self.working_dir.as_deref().ok_or(ClusterError::NoHome)?;
            return Ok(start.join(home));
        }
        // The XDG base directory specification: relative paths are ignored.
        if let Some(data) = set(&self.xdg_data_home).filter(|path| path.is_absolute()) {
            return Ok(data.join("toolcat"));
        }
        let home = set(&self.home).or_else(|| {
            self.account_home
                .as_deref()
                .filter(|home| home.is_dir() && *home != Path::new("/"))
        });
        match home {
            Some(home) if home.is_absolute() => Ok(home.join(".local/share/toolcat")),
            _ => Err(ClusterError::NoHome),
        }
    }
}

fn set(value: &Option<OsString>) -> Option<&Path> {
    value
        .as_deref()
        .filter(|value| !value.is_empty())
        .map(Path::new)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn home_of(toolcat: &str, xdg: &str, home: &str) -> Result<PathBuf, ClusterError> {
        Environment {
            toolcat_home: Some(toolcat.into()),
            xdg_data_home: Some(xdg.into()),
            home: Some(home.into()),
            working_dir: Some("/start".into()),
            ..Environment::default()
        }
        .cluster_home()
    }

    #[test]
    fn the_first_variable_that_is_set_decides() {
        assert_eq!(home_of("/t", "/x", "/h").unwrap(), Path::new("/t"));
        assert_eq!(home_of("", "/x", "/h").unwrap(), Path::new("/x/toolcat"));
        assert_eq!(
            home_of("", "", "/h").unwrap(),
            Path::new("/h/.local/share/toolcat")
        );
    }

    #[test]
    fn relative_folders_are_resolved_or_ignored() {
        assert_eq!(
            home_of("my cat", "", "").unwrap(),
            Path::new("/start/my cat")
        );
        assert_eq!(
            home_of("", "relative", "/h").unwrap(),
            Path::new("/h/.local/share/toolcat")
        );
    }

    #[test]
    fn the_user_database_stands_in_for_home() {
        let folder = tempfile::tempdir().unwrap();
        let environment = Environment {
            account_home: Some(folder.path().to_path_buf()),
            ..Environment::default()
        };
        assert!(
            environment
                .cluster_home()
                .unwrap()
                .starts_with(folder.path())
        );
    }

    #[test]
    fn no_home_at_all_names_the_variable() {
        let error = home_of("", "", "").unwrap_err();
        assert!(error.to_string().contains("TOOLCAT_HOME"), "{error}");
        let gone = Environment {
            account_home: Some("/nonexistent".into()),
            ..Environment::default()
        };
        assert!(gone.cluster_home().is_err());
    }
}
