//! Settings from files: the project's `toolcat.toml`, found upwards from the working folder, over
//! the user's `config.toml`. Environment variables and flags are stronger still, and are dealt
//! with where they are read.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use serde::Deserialize;

/// The name of a project's configuration file.
pub const PROJECT_FILE: &str = "toolcat.toml";

/// What a configuration file can set.
#[derive(Debug, Clone, Default, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Config {
    /// Connection string of the database.
    pub database_url: Option<String>,
    /// Name of the catalog.
    pub catalog: Option<String>,
    /// Who acts, in the audit log.
    pub actor: Option<String>,
    /// Folder with templates of one's own.
    pub template_dir: Option<PathBuf>,
    /// Short names for longer commands.
    #[serde(default)]
    pub alias: BTreeMap<String, String>,
    /// Weights by profile name, as `--weights` takes them.
    #[serde(default)]
    pub profiles: BTreeMap<String, String>,
    /// Settings of `toolcat validate`.
    #[serde(default)]
    pub validate: ValidateConfig,
}

/// The `[validate]` table.
#[derive(Debug, Clone, Default, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct ValidateConfig {
    /// Rules that are not looked at.
    pub allow: Vec<String>,
    /// Rules whose findings count as errors.
    pub deny: Vec<String>,
    /// Whether warnings count.
    pub strict: bool,
}

/// A configuration file that cannot be used.
#[derive(Debug, thiserror::Error)]
pub enum ConfigError {
    /// It exists and cannot be read.
    #[error("cannot read {path}: {source}")]
    Read {
        /// The file.
        path: PathBuf,
        /// Why.
        source: std::io::Error,
    },
    /// It is not what a configuration file may say.
    #[error("{path}: {message}")]
    Syntax {
        /// The file.
        path: PathBuf,
        /// What is wrong, with line and column.
        message: String,
    },
}

impl Config {
    /// Reads the project's file over the user's. A file that does not exist sets nothing.
    ///
    /// # Errors
    /// Where a file exists and cannot be used.
    pub fn load() -> Result<Self, ConfigError> {
        Ok(Self::layers()?
            .into_iter()
            .fold(Self::default(), |config, (_, stronger)| {
                stronger.over(config)
            }))
    }

    /// The files that exist with what each of them says, the weakest first.
    ///
    /// # Errors
    /// Where a file exists and cannot be used.
    pub fn layers() -> Result<Vec<(PathBuf, Self)>, ConfigError> {
        let mut layers = Vec::new();
        for path in user_file().into_iter().chain(project_file()) {
            if let Some(mut layer) = read(&path)? {
                // A folder is meant from where the file stands, not from where a command runs.
                let folder = path.parent().unwrap_or(Path::new("."));
                layer.template_dir = layer.template_dir.map(|it| folder.join(it));
                layers.push((path, layer));
            }
        }
        Ok(layers)
    }

    /// This configuration where it says something, else the other.
    fn over(self, other: Self) -> Self {
        let mut alias = other.alias;
        alias.extend(self.alias);
        let mut profiles = other.profiles;
        profiles.extend(self.profiles);
        let mut validate = other.validate;
        validate.allow.extend(self.validate.allow);
        validate.deny.extend(self.validate.deny);
        validate.strict |= self.validate.strict;
        Self {
            database_url: self.database_url.or(other.database_url),
            catalog: self.catalog.or(other.catalog),
            actor: self.actor.or(other.actor),
            template_dir: self.template_dir.or(other.template_dir),
            alias,
            profiles,
            validate,
        }
    }
}

/// The user's file: `$XDG_CONFIG_HOME/toolcat/config.toml`, else `~/.config/toolcat/config.toml`.
pub fn user_file() -> Option<PathBuf> {
    let folder = |variable: &str| {
        std::env::var_os(variable)
            .filter(|value| !value.is_empty())
            .map(PathBuf::from)
    };
    let base = folder("XDG_CONFIG_HOME").or_else(|| Some(folder("HOME")?.join(".config")))?;
    Some(base.join("toolcat/config.toml"))
}

/// The nearest `toolcat.toml` from the working folder upwards.
pub fn project_file() -> Option<PathBuf> {
    let folder = std::env::current_dir().ok()?;
    folder
        .ancestors()
        .map(|folder| folder.join(PROJECT_FILE))
        .find(|path| path.is_file())
}

/// Reads one file; `None` where it does not exist.
///
/// # Errors
/// As [`Config::load`].
pub fn read(path: &Path) -> Result<Option<Config>, ConfigError> {
    let text = match std::fs::read_to_string(path) {
        Ok(text) => text,
        Err(source) if source.kind() == std::io::ErrorKind::NotFound => return Ok(None),
        Err(source) => {
            return Err(ConfigError::Read {
                path: path.to_owned(),
                source,
            });
        }
    };
    // The message alone: the excerpt that the parser would add can show a password.
    toml::from_str(&text).map(Some).map_err(|error| {
        let line = error
            .span()
            .map_or(1, |span| 1 + text[..span.start].matches('\n').count());
        ConfigError::Syntax {
            path: path.to_owned(),
            message: format!("line {line}: {}", error.message()),
        }
    })
}
