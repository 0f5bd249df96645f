//! Settings from files: the project's `toolcat.toml`, found upwards from the working folder, over
//! the user's `config.toml`. Environment variables and flags are stronger still, and are dealt
//! with where they are read.
//!
//! A project's file may come with a cloned repository, so that it decides little until the user has
//! trusted it ([`trust`]): a [`Layer`] holds what counts, and names what was left out.

pub mod trust;

use std::collections::BTreeMap;
use std::fs::File;
use std::io::{self, Read};
use std::path::{Path, PathBuf};

use serde::Deserialize;

use crate::select::Scoring;
use trust::Standing;

/// The name of a project's configuration file.
pub const PROJECT_FILE: &str = "toolcat.toml";

/// The most that a configuration file may hold, in bytes.
const LARGEST: u64 = 1 << 20;

/// What a configuration file can set.
#[derive(Debug, Clone, Default, PartialEq, Deserialize)]
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
    /// What a permission covers, in place of what is built in.
    #[serde(default)]
    pub covers: BTreeMap<String, Vec<String>>,
    /// Settings of `toolcat select`.
    #[serde(default)]
    pub select: SelectConfig,
    /// Settings of `toolcat validate`.
    #[serde(default)]
    pub validate: ValidateConfig,
}

/// The `[select]` table: where the asker stands.
#[derive(Debug, Clone, Default, PartialEq, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct SelectConfig {
    /// The platform that the asker stands on; tools of other operating systems come last.
    pub platform: Option<String>,
    /// Where the tool is to run.
    pub environment: Option<String>,
    /// Permissions that the caller holds.
    pub permissions: Vec<String>,
    /// How many choices are listed.
    pub limit: Option<usize>,
    /// Which figures the scores are made of.
    pub scoring: Option<Scoring>,
    /// Whether only tools count whose program is on this machine.
    pub installed: bool,
    /// Values of variables of the estimates.
    pub context: BTreeMap<String, f64>,
}

impl SelectConfig {
    /// This table where it says something, else the other.
    fn over(self, other: Self) -> Self {
        let mut context = other.context;
        context.extend(self.context);
        Self {
            platform: self.platform.or(other.platform),
            environment: self.environment.or(other.environment),
            permissions: match self.permissions.is_empty() {
                true => other.permissions,
                false => self.permissions,
            },
            limit: self.limit.or(other.limit),
            scoring: self.scoring.or(other.scoring),
            installed: self.installed || other.installed,
            context,
        }
    }

    /// What of it needs no trust, and the names of the settings that do, since a hard rule asks for
    /// them: the environment, the permissions, and the values from which costs are worked out.
    fn without_trust(self) -> (Self, Vec<&'static str>) {
        let Self {
            platform,
            environment,
            permissions,
            limit,
            scoring,
            installed,
            context,
        } = self;
        let left_out = [
            ("environment", environment.is_some()),
            ("permissions", !permissions.is_empty()),
            ("context", !context.is_empty()),
        ];
        let left_out = left_out.into_iter().filter(|(_, is_set)| *is_set);
        let harmless = Self {
            platform,
            limit,
            scoring,
            installed,
            ..Self::default()
        };
        (harmless, left_out.map(|(name, _)| name).collect())
    }
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
        source: io::Error,
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

/// Whose configuration a file is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Kind {
    /// The user's own.
    User,
    /// The project's.
    Project,
}

/// A configuration file that exists.
#[derive(Debug, Clone, PartialEq)]
pub struct Layer {
    /// Whose it is.
    pub kind: Kind,
    /// The file, every link followed.
    pub path: PathBuf,
    /// How far it is believed.
    pub standing: Standing,
    /// What counts of it.
    pub config: Config,
    /// The settings that do not count, because of its standing.
    pub left_out: Vec<String>,
}

impl Config {
    /// What the files say together, the strongest last.
    pub fn merged(layers: &[Layer]) -> Self {
        layers.iter().fold(Self::default(), |config, layer| {
            layer.config.clone().over(config)
        })
    }

    /// This configuration where it says something, else the other.
    fn over(self, other: Self) -> Self {
        let mut alias = self.alias;
        // A project names what the user has not named.
        alias.extend(other.alias);
        let mut profiles = other.profiles;
        profiles.extend(self.profiles);
        let mut covers = other.covers;
        covers.extend(self.covers);
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
            covers,
            select: self.select.over(other.select),
            validate,
        }
    }

    /// What of it needs no trust, and the names of the settings that do: where to connect, as whom
    /// to act, what a word on the command line runs, which files are read, and whatever could lift a
    /// hard rule of selection.
    pub fn without_trust(self) -> (Self, Vec<String>) {
        let Self {
            database_url,
            catalog,
            actor,
            template_dir,
            alias,
            profiles,
            covers,
            select,
            validate,
        } = self;
        let mut left_out: Vec<String> = [
            ("database_url", database_url.is_some()),
            ("actor", actor.is_some()),
            ("template_dir", template_dir.is_some()),
        ]
        .into_iter()
        .filter(|(_, is_set)| *is_set)
        .map(|(name, _)| name.to_owned())
        .collect();
        left_out.extend(alias.into_keys().map(|name| format!("alias.{name}")));
        left_out.extend(covers.into_keys().map(|name| format!("covers.{name}")));
        let (select, lifting) = select.without_trust();
        left_out.extend(lifting.into_iter().map(|name| format!("select.{name}")));
        let harmless = Self {
            catalog,
            profiles,
            select,
            validate,
            ..Self::default()
        };
        (harmless, left_out)
    }
}

/// The files that exist with what counts of each of them, the weakest first.
///
/// # Errors
/// If a file exists and cannot be used.
pub fn layers() -> Result<Vec<Layer>, ConfigError> {
    let files = [(Kind::User, user_file()), (Kind::Project, project_file())];
    let mut layers = Vec::new();
    for (kind, path) in files {
        let Some(path) = path else { continue };
        if let Some(text) = read(&path)? {
            layers.push(layer(kind, text)?);
        }
    }
    Ok(layers)
}

fn layer(kind: Kind, text: Text) -> Result<Layer, ConfigError> {
    let standing = match (&text.danger, kind) {
        (Some(danger), _) => Standing::Refused(danger.clone()),
        (None, Kind::User) => Standing::Own,
        (None, Kind::Project) if trust::is_trusted(&text) => Standing::Trusted,
        (None, Kind::Project) => Standing::Untrusted,
    };
    let (config, left_out) = match standing {
        // What another user wrote is not even read.
        Standing::Refused(_) => (Config::default(), vec!["everything".to_owned()]),
        Standing::Untrusted => text.parse()?.without_trust(),
        Standing::Own | Standing::Trusted => (text.parse()?, Vec::new()),
    };
    Ok(Layer {
        kind,
        path: text.path,
        standing,
        config,
        left_out,
    })
}

/// The user's file: `$XDG_CONFIG_HOME/toolcat/config.toml`, else `~/.config/toolcat/config.toml`.
pub fn user_file() -> Option<PathBuf> {
    let base = folder("XDG_CONFIG_HOME").or_else(|| Some(folder("HOME")?.join(".config")))?;
    Some(base.join("toolcat/config.toml"))
}

/// The folder of the user's own for what toolcat remembers: `$XDG_STATE_HOME/toolcat`, else `~/.local/state/toolcat`.
///
/// # Errors
/// Where there is no home folder.
pub fn state_folder() -> io::Result<PathBuf> {
    let base = folder("XDG_STATE_HOME")
        .filter(|it| it.is_absolute())
        .or_else(|| Some(folder("HOME")?.join(".local/state")))
        .filter(|it| it.is_absolute())
        .ok_or_else(|| io::Error::other("there is no home folder to remember it in: set HOME"))?;
    Ok(base.join("toolcat"))
}

/// The folder that a variable names.
fn folder(variable: &str) -> Option<PathBuf> {
    std::env::var_os(variable)
        .filter(|value| !value.is_empty())
        .map(PathBuf::from)
}

/// The nearest `toolcat.toml` from the working folder upwards.
pub fn project_file() -> Option<PathBuf> {
    let folder = std::env::current_dir().ok()?;
    folder
        .ancestors()
        .map(|folder| folder.join(PROJECT_FILE))
        .find(|path| path.is_file())
}

/// A configuration file as it was read, once: what is trusted is what is used.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Text {
    /// The file, every link followed.
    pub path: PathBuf,
    /// Its owner.
    owner: u32,
    /// What it says.
    content: String,
    /// Why it must not be used at all.
    pub danger: Option<String>,
}

/// Reads one file; `None` if it does not exist.
///
/// # Errors
/// If it cannot be read, or is too large.
pub fn read(path: &Path) -> Result<Option<Text>, ConfigError> {
    match read_text(path) {
        Ok(text) => Ok(Some(text)),
        // `HOME=/dev/null` says that there is none.
        Err(error) if is_absent(&error) => Ok(None),
        Err(source) => Err(ConfigError::Read {
            path: path.to_owned(),
            source,
        }),
    }
}

fn is_absent(error: &io::Error) -> bool {
    use io::ErrorKind::{NotADirectory, NotFound};
    matches!(error.kind(), NotFound | NotADirectory)
}

fn read_text(path: &Path) -> io::Result<Text> {
    let invalid = |message: String| io::Error::new(io::ErrorKind::InvalidData, message);
    let real = path.canonicalize()?;
    // Opening a pipe would wait for its writer.
    if !real.metadata()?.is_file() {
        return Err(invalid("it is not a regular file".to_owned()));
    }
    let file = File::open(&real)?;
    let metadata = file.metadata()?;
    let danger = trust::danger(path, &real, &metadata)?;
    let mut bytes = Vec::new();
    if danger.is_none() {
        file.take(LARGEST + 1).read_to_end(&mut bytes)?;
    }
    if bytes.len() as u64 > LARGEST {
        return Err(invalid(format!("it is larger than {} MB", LARGEST >> 20)));
    }
    let content = String::from_utf8(bytes).map_err(|error| invalid(error.to_string()))?;
    Ok(Text {
        path: real,
        owner: std::os::unix::fs::MetadataExt::uid(&metadata),
        content,
        danger,
    })
}

impl Text {
    /// What the file sets.
    ///
    /// # Errors
    /// [`ConfigError::Syntax`].
    pub fn parse(&self) -> Result<Config, ConfigError> {
        // The message alone: the excerpt that the parser would add can show a password.
        let mut config: Config = toml::from_str(&self.content).map_err(|error| {
            let line = error.span().map_or(1, |span| {
                1 + self.content[..span.start].matches('\n').count()
            });
            ConfigError::Syntax {
                path: self.path.clone(),
                message: format!("line {line}: {}", error.message()),
            }
        })?;
        // A folder is meant from where the file stands, not from where a command runs.
        let folder = self.path.parent().unwrap_or(Path::new("."));
        config.template_dir = config.template_dir.map(|it| folder.join(it));
        Ok(config)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_project_names_only_what_the_user_has_not_named() {
        let config = |text: &str| -> Config { toml::from_str(text).unwrap() };
        let user = config("[alias]\nls = 'list'\n[profiles]\nnight = 'cost=1'");
        let project = config("[alias]\nls = 'delete'\nx = 'show'\n[profiles]\nnight = 'time=1'");
        let merged = project.over(user);
        assert_eq!(merged.alias["ls"], "list");
        assert_eq!(merged.alias["x"], "show");
        assert_eq!(merged.profiles["night"], "time=1");
    }

    #[test]
    fn what_connects_acts_runs_reads_or_lifts_a_rule_needs_trust() {
        let config: Config = toml::from_str(
            "database_url = 'postgresql://x'\ncatalog = 'c'\nactor = 'a'\ntemplate_dir = 't'\n\
             [alias]\nls = 'list'\n[profiles]\nnight = 'cost=1'\n[validate]\nstrict = true\n\
             [covers]\nread = ['root']\n[select]\nplatform = 'linux'\nlimit = 2\nscoring = 'classic'\n\
             installed = true\npermissions = ['root']\nenvironment = 'lab'\ncontext = { N = 0 }\n",
        )
        .unwrap();
        let (harmless, left_out) = config.without_trust();
        assert_eq!(
            left_out,
            [
                "database_url",
                "actor",
                "template_dir",
                "alias.ls",
                "covers.read",
                "select.environment",
                "select.permissions",
                "select.context"
            ]
        );
        let expected: Config = toml::from_str(
            "catalog = 'c'\n[profiles]\nnight = 'cost=1'\n[validate]\nstrict = true\n\
             [select]\nplatform = 'linux'\nlimit = 2\nscoring = 'classic'\ninstalled = true\n",
        )
        .unwrap();
        assert_eq!(harmless, expected);
    }
}
