//! `toolcat config`: where settings come from.

use std::path::{Path, PathBuf};

use clap::{Args, Subcommand};
use serde::Serialize;

use crate::config::{self, Config, PROJECT_FILE};
use crate::output::{Column, Format, Record, record};

use super::{CommandError, Outcome, Session};

/// The commented file that `init` writes.
const COMMENTED: &str = include_str!("config.toml");

/// Make, find and show the configuration.
#[derive(Debug, Args)]
#[command(
    after_help = "Examples:\n  toolcat config init\n  toolcat config show\n\n\
                        `toolcat help configuration` tells more."
)]
pub struct ConfigArgs {
    #[command(subcommand)]
    command: ConfigCommand,
}

#[derive(Debug, Subcommand)]
enum ConfigCommand {
    /// Write a commented toolcat.toml to the working folder
    Init {
        /// Write the user's file instead
        #[arg(long)]
        user: bool,
        /// Replace a file that exists
        #[arg(long)]
        force: bool,
    },
    /// Print where the files are, the strongest first
    Path {
        /// How to write the list
        #[arg(long, value_enum, default_value_t, value_name = "FORMAT")]
        format: Format,
    },
    /// Print every setting, and where its value comes from
    Show {
        /// How to write the list
        #[arg(long, value_enum, default_value_t, value_name = "FORMAT")]
        format: Format,
    },
}

pub fn run(args: &ConfigArgs, session: &mut Session) -> Result<Outcome, CommandError> {
    match args.command {
        ConfigCommand::Init { user, force } => init(session, user, force),
        ConfigCommand::Path { format } => path(session, format),
        ConfigCommand::Show { format } => show(session, format),
    }
}

fn init(session: &mut Session, user: bool, force: bool) -> Result<Outcome, CommandError> {
    let path = match user {
        true => config::user_file().ok_or_else(|| {
            CommandError::invalid("there is no home folder for the user's file")
                .hint("set HOME or XDG_CONFIG_HOME")
        })?,
        false => PathBuf::from(PROJECT_FILE),
    };
    if path.exists() && !force {
        return Err(
            CommandError::conflict(format!("{} exists already", path.display()))
                .hint("give --force to replace it"),
        );
    }
    let failed = |error: std::io::Error| {
        CommandError::invalid(format!("cannot write {}: {error}", path.display()))
    };
    if let Some(folder) = path.parent() {
        std::fs::create_dir_all(folder).map_err(failed)?;
    }
    std::fs::write(&path, COMMENTED).map_err(failed)?;
    session.ui.status(&format!("wrote {}", path.display()));
    Ok(Outcome::Done)
}

/// A configuration file.
#[derive(Debug, Serialize)]
struct File {
    file: String,
    path: String,
    exists: bool,
}

impl Record for File {
    const COLUMNS: &'static [Column] = &[
        Column::text("file"),
        Column::text("path"),
        Column::text("exists"),
    ];

    fn cells(&self) -> Vec<String> {
        let exists = if self.exists { "yes" } else { "no" };
        vec![self.file.clone(), self.path.clone(), exists.to_owned()]
    }

    fn name(&self) -> String {
        self.path.clone()
    }
}

fn path(session: &mut Session, format: Format) -> Result<Outcome, CommandError> {
    let file = |file: &str, path: &Path| File {
        file: file.to_owned(),
        path: path.display().to_string(),
        exists: path.exists(),
    };
    let project = config::project_file().or_else(|| {
        let folder = std::env::current_dir().ok()?;
        Some(folder.join(PROJECT_FILE))
    });
    let files: Vec<File> = project
        .map(|it| file("project", &it))
        .into_iter()
        .chain(config::user_file().map(|it| file("user", &it)))
        .collect();
    record::write_list(&mut session.ui, &files, format)?;
    Ok(Outcome::Done)
}

/// A setting and where its value comes from.
#[derive(Debug, Serialize)]
struct Setting {
    setting: String,
    value: Option<String>,
    source: String,
}

impl Record for Setting {
    const COLUMNS: &'static [Column] = &[
        Column::text("setting"),
        Column::text("value"),
        Column::text("source"),
    ];

    fn cells(&self) -> Vec<String> {
        vec![
            self.setting.clone(),
            self.value.clone().unwrap_or_default(),
            self.source.clone(),
        ]
    }

    fn name(&self) -> String {
        self.setting.clone()
    }
}

fn show(session: &mut Session, format: Format) -> Result<Outcome, CommandError> {
    let layers = Config::layers()?;
    let mut settings = vec![
        database_url(session, &layers)?,
        ordinary(
            "catalog",
            Some(session.catalog()?.to_string()),
            flag_or_variable("--catalog", "TOOLCAT_CATALOG"),
            from_file(&layers, |it| it.catalog.is_some()),
        ),
        ordinary(
            "actor",
            Some(session.act().actor),
            flag_or_variable("--actor", "TOOLCAT_ACTOR"),
            from_file(&layers, |it| it.actor.is_some()),
        ),
        ordinary(
            "template_dir",
            session
                .config
                .template_dir
                .as_ref()
                .map(|it| it.display().to_string()),
            None,
            from_file(&layers, |it| it.template_dir.is_some()),
        ),
        ordinary(
            "validate.strict",
            Some(session.config.validate.strict.to_string()),
            None,
            from_file(&layers, |it| it.validate.strict),
        ),
        ordinary(
            "validate.allow",
            Some(session.config.validate.allow.join(", ")),
            None,
            from_file(&layers, |it| !it.validate.allow.is_empty()),
        ),
        ordinary(
            "validate.deny",
            Some(session.config.validate.deny.join(", ")),
            None,
            from_file(&layers, |it| !it.validate.deny.is_empty()),
        ),
    ];
    for (name, weights) in &session.config.profiles {
        settings.push(ordinary(
            &format!("profiles.{name}"),
            Some(weights.clone()),
            None,
            from_file(&layers, |it| it.profiles.contains_key(name)),
        ));
    }
    for (name, words) in &session.config.alias {
        settings.push(ordinary(
            &format!("alias.{name}"),
            Some(words.clone()),
            None,
            from_file(&layers, |it| it.alias.contains_key(name)),
        ));
    }
    record::write_list(&mut session.ui, &settings, format)?;
    Ok(Outcome::Done)
}

/// The database without its password.
fn database_url(session: &Session, layers: &[(PathBuf, Config)]) -> Result<Setting, CommandError> {
    let target = session.target()?;
    let (value, default) = match &target.cluster {
        Some(cluster) => (cluster.url(), "default: the local server"),
        None => (target.location.to_string(), "default"),
    };
    let from_variable = ["TOOLCAT_DATABASE_URL", "DATABASE_URL"]
        .into_iter()
        .find(|it| std::env::var(it).is_ok_and(|value| !value.is_empty()))
        .map(|it| format!("environment: {it}"));
    let source = flag("--database-url")
        .or(from_variable)
        .or_else(|| from_file(layers, |it| it.database_url.is_some()))
        .unwrap_or_else(|| default.to_owned());
    Ok(Setting {
        setting: "database_url".to_owned(),
        value: Some(value),
        source,
    })
}

fn ordinary(
    name: &str,
    value: Option<String>,
    stronger: Option<String>,
    file: Option<String>,
) -> Setting {
    Setting {
        setting: name.to_owned(),
        value: value.filter(|it| !it.is_empty()),
        source: stronger.or(file).unwrap_or_else(|| "default".to_owned()),
    }
}

/// The strongest file that says it.
fn from_file(layers: &[(PathBuf, Config)], says: impl Fn(&Config) -> bool) -> Option<String> {
    let (path, _) = layers.iter().rev().find(|(_, config)| says(config))?;
    let kind = match config::user_file() {
        Some(user) if user == *path => "user file",
        _ => "project file",
    };
    Some(format!("{kind}: {}", path.display()))
}

fn flag(name: &str) -> Option<String> {
    let given = std::env::args().any(|word| {
        word.strip_prefix(name)
            .is_some_and(|rest| rest.is_empty() || rest.starts_with('='))
    });
    given.then(|| format!("flag: {name}"))
}

fn flag_or_variable(name: &str, variable: &str) -> Option<String> {
    flag(name).or_else(|| {
        std::env::var_os(variable)
            .filter(|it| !it.is_empty())
            .map(|_| format!("environment: {variable}"))
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::store::Location;
    use crate::store::location::{Catalog, DEFAULT_CATALOG};

    #[test]
    fn the_commented_file_sets_nothing_and_its_examples_can_be_used() {
        let config: Config = toml::from_str(COMMENTED).unwrap();
        assert_eq!(config, Config::default());
        let uncommented: String = COMMENTED
            .lines()
            .filter_map(|line| match line.strip_prefix("# ") {
                Some(rest) if rest.contains(" = ") => Some(rest),
                _ if line.starts_with('#') => None,
                _ => Some(line),
            })
            .map(|line| format!("{line}\n"))
            .collect();
        let config: Config = toml::from_str(&uncommented).unwrap();
        let url = config.database_url.unwrap();
        assert!(Location::parse(&url, Catalog::default()).is_ok());
        assert_ne!(config.catalog.as_deref(), Some(DEFAULT_CATALOG));
        assert!(config.alias.contains_key("ls"));
    }
}
