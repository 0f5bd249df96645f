//! `toolcat config`: where settings come from.

use std::path::{Path, PathBuf};

use clap::{Args, Subcommand};
use serde::Serialize;

use crate::config::trust::{self, Standing};
use crate::config::{self, Config, Kind, Layer, PROJECT_FILE, SelectConfig};
use crate::expression::nearest;
use crate::output::{Column, Format, Record, record, text};

use super::session::require_project_url;
use super::{CommandError, Outcome, Session, files};

/// The commented file that `init` writes.
pub const COMMENTED: &str = include_str!("config.toml");

/// Make, find and show the configuration.
#[derive(Debug, Args)]
#[command(
    after_help = "Examples:\n  toolcat config init\n  toolcat config show\n  toolcat config trust\n\n\
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
        #[arg(long, short = 'o', value_enum, default_value_t, value_name = "FORMAT")]
        format: Format,
    },
    /// Let a project's file choose the database, the actor, templates, aliases and permissions
    ///
    /// Until then such a file, which can come with a cloned repository, sets the catalog, profiles,
    /// how `validate` judges, and of `[select]` what lifts no rule: platform, limit, scoring and
    /// installed. Trust is for the file as it stands: one that changes has to be trusted again.
    Trust {
        /// The file, or a folder with a toolcat.toml [default: the nearest one]
        path: Option<PathBuf>,
    },
    /// Take trust back
    Untrust {
        /// The file, or a folder with a toolcat.toml [default: the nearest one]
        path: Option<PathBuf>,
    },
    /// Print every setting, and where its value comes from
    Show {
        /// Only these, and what is below them: actor, select, select.platform, ... [default: all]
        #[arg(value_name = "SETTING")]
        names: Vec<String>,
        /// How to write the list
        #[arg(long, short = 'o', value_enum, default_value_t, value_name = "FORMAT")]
        format: Format,
    },
}

pub fn run(args: &ConfigArgs, session: &mut Session) -> Result<Outcome, CommandError> {
    match &args.command {
        ConfigCommand::Init { user, force } => init(session, *user, *force),
        ConfigCommand::Path { format } => path(session, *format),
        ConfigCommand::Trust { path } => trust_file(session, path.as_deref()),
        ConfigCommand::Untrust { path } => untrust_file(session, path.as_deref()),
        ConfigCommand::Show { names, format } => show(session, names, *format),
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
    if !force {
        files::refuse_to_replace(&path)?;
    }
    match user {
        true => files::write(&path, COMMENTED)?,
        // The folder may be a clone, and its file a link to one of the user's own.
        false => files::write_below(Path::new("."), &path, COMMENTED)?,
    }
    session.ui.status(&format!("wrote {}", path.display()));
    Ok(Outcome::Done)
}

fn trust_file(session: &mut Session, path: Option<&Path>) -> Result<Outcome, CommandError> {
    let path = meant(path)?;
    let Some(text) = config::read(&path)? else {
        let message = format!("there is no file {}", path.display());
        return Err(CommandError::not_found(message));
    };
    let (path, shown) = (&text.path, text.path.display());
    if let Some(danger) = &text.danger {
        let message = format!("{shown} cannot be trusted: {danger}");
        return Err(CommandError::conflict(message)
            .hint("let it and its folder belong to you, and nobody else write them (chmod go-w)"));
    }
    let config = text.parse()?;
    if let Some(url) = &config.database_url {
        require_project_url(path, url)?;
    }
    trust::trust(&text).map_err(|error| not_kept(&error))?;
    let (_, settings) = config.without_trust();
    let settings = match settings.is_empty() {
        true => "it sets nothing that needs trust".to_owned(),
        false => format!("it sets {}", settings.join(", ")),
    };
    session.ui.status(&format!("trusted {shown}: {settings}"));
    Ok(Outcome::Done)
}

fn untrust_file(session: &mut Session, path: Option<&Path>) -> Result<Outcome, CommandError> {
    let path = meant(path)?;
    // A file that is gone is known by the path that it had.
    let path = path.canonicalize().unwrap_or(path);
    let shown = path.display();
    if !trust::untrust(&path).map_err(|error| not_kept(&error))? {
        return Err(CommandError::not_found(format!("{shown} was not trusted"))
            .hint("`toolcat config path` lists the trusted files"));
    }
    session.ui.status(&format!("{shown} is trusted no longer"));
    Ok(Outcome::Done)
}

/// The project file that is named by itself or by its folder, else the nearest one.
fn meant(path: Option<&Path>) -> Result<PathBuf, CommandError> {
    match path {
        Some(path) if path.is_dir() => Ok(path.join(PROJECT_FILE)),
        Some(path) => Ok(path.to_owned()),
        None => config::project_file().ok_or_else(|| {
            CommandError::not_found(format!("there is no {PROJECT_FILE} here or above"))
                .hint("name the file")
        }),
    }
}

fn not_kept(error: &std::io::Error) -> CommandError {
    CommandError::invalid(format!("the trust of files cannot be kept: {error}"))
}

/// A configuration file.
#[derive(Debug, Serialize)]
struct File {
    file: &'static str,
    path: String,
    exists: bool,
    used: String,
}

impl Record for File {
    const COLUMNS: &'static [Column] = &[
        Column::text("file"),
        Column::text("path"),
        Column::text("exists"),
        Column::text("used"),
    ];

    fn cells(&self) -> Vec<String> {
        let exists = if self.exists { "yes" } else { "no" };
        vec![
            self.file.to_owned(),
            self.path.clone(),
            exists.to_owned(),
            self.used.clone(),
        ]
    }

    fn name(&self) -> String {
        self.path.clone()
    }
}

/// The project's file, the user's, and the others that the user has trusted.
fn path(session: &mut Session, format: Format) -> Result<Outcome, CommandError> {
    let project = config::project_file().or_else(|| {
        let folder = std::env::current_dir().ok()?;
        Some(folder.join(PROJECT_FILE))
    });
    let of = |kind| session.layers.iter().find(|it| it.kind == kind);
    let mut files = Vec::new();
    if let Some(path) = project {
        files.push(file("project", &path, of(Kind::Project)));
    }
    if let Some(path) = config::user_file() {
        files.push(file("user", &path, of(Kind::User)));
    }
    for path in trust::trusted().map_err(|error| not_kept(&error))? {
        if of(Kind::Project).is_none_or(|it| it.path != path) {
            let used = "in its folder".to_owned();
            files.push(File {
                used,
                ..file("trusted", &path, None)
            });
        }
    }
    record::write_list(&mut session.ui, &files, format)?;
    Ok(Outcome::Done)
}

fn file(file: &'static str, path: &Path, layer: Option<&Layer>) -> File {
    File {
        file,
        path: path.display().to_string(),
        exists: path.exists(),
        used: layer.map_or_else(|| "no".to_owned(), used),
    }
}

/// How far a file is used.
pub fn used(layer: &Layer) -> String {
    match &layer.standing {
        Standing::Own => "yes".to_owned(),
        Standing::Trusted => "yes, trusted".to_owned(),
        Standing::Untrusted if layer.left_out.is_empty() => "yes".to_owned(),
        Standing::Untrusted => format!("without {}: not trusted", layer.left_out.join(", ")),
        Standing::Refused(why) => format!("no: {why}"),
    }
}

/// The settings of `select` that a file makes.
fn of_select(select: &SelectConfig, layers: &[Layer]) -> Vec<Setting> {
    let values = |config: &SelectConfig| {
        let numbers = config.context.iter();
        let numbers: Vec<String> = numbers.map(|(name, it)| format!("{name}={it}")).collect();
        let listed = |items: &[String]| (!items.is_empty()).then(|| items.join(", "));
        [
            ("platform", config.platform.clone()),
            ("environment", config.environment.clone()),
            ("permissions", listed(&config.permissions)),
            ("limit", config.limit.map(|it| it.to_string())),
            ("scoring", config.scoring.map(|it| it.to_string())),
            ("installed", config.installed.then(|| "true".to_owned())),
            ("context", listed(&numbers)),
        ]
    };
    let set = values(select).into_iter().enumerate();
    set.filter(|(_, (_, value))| value.is_some())
        .map(|(index, (name, value))| {
            let says = |it: &Config| values(&it.select)[index].1.is_some();
            ordinary(
                &format!("select.{name}"),
                value,
                None,
                from_file(layers, says),
            )
        })
        .collect()
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

/// What a configuration file can set.
pub const SETTINGS: &[&str] = &[
    "database_url",
    "catalog",
    "actor",
    "template_dir",
    "alias",
    "profiles",
    "covers",
    "select",
    "select.platform",
    "select.environment",
    "select.permissions",
    "select.limit",
    "select.scoring",
    "select.installed",
    "select.context",
    "validate",
    "validate.strict",
    "validate.allow",
    "validate.deny",
];

/// Whether a name is that of a setting, or of one in a table whose names are free.
fn require_setting(name: &str) -> Result<(), CommandError> {
    let free = ["alias.", "profiles.", "covers."];
    if SETTINGS.contains(&name) || free.iter().any(|it| name.starts_with(it)) {
        return Ok(());
    }
    let near = nearest(name, SETTINGS.iter().copied());
    let message = format!("there is no setting `{name}`{}", text::did_you_mean(near));
    let hint = "`toolcat help configuration` tells what can be set";
    Err(CommandError::not_found(message).hint(hint))
}

fn show(session: &mut Session, names: &[String], format: Format) -> Result<Outcome, CommandError> {
    for name in names {
        require_setting(name)?;
    }
    let mut settings = settings(session)?;
    let is_below = |it: &str, name: &str| {
        let rest = it.strip_prefix(name);
        rest.is_some_and(|rest| rest.is_empty() || rest.starts_with('.'))
    };
    settings.retain(|it| names.is_empty() || names.iter().any(|name| is_below(&it.setting, name)));
    record::write_list(&mut session.ui, &settings, format)?;
    Ok(Outcome::Done)
}

/// Every setting that has a value, and those that always count.
fn settings(session: &Session) -> Result<Vec<Setting>, CommandError> {
    let layers = session.layers.clone();
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
    settings.extend(of_select(&session.config.select, &layers));
    for (name, covered) in &session.config.covers {
        settings.push(ordinary(
            &format!("covers.{name}"),
            Some(covered.join(", ")),
            None,
            from_file(&layers, |it| it.covers.contains_key(name)),
        ));
    }
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
            // The user's own stands before the project's.
            layers
                .iter()
                .find(|it| it.config.alias.contains_key(name))
                .and_then(|it| from_file(std::slice::from_ref(it), |_| true)),
        ));
    }
    for layer in &layers {
        for name in &layer.left_out {
            let source = format!("left out: {} ({})", layer.path.display(), used(layer));
            settings.push(ordinary(name, None, Some(source), None));
        }
    }
    Ok(settings)
}

/// The database without its password.
fn database_url(session: &Session, layers: &[Layer]) -> Result<Setting, CommandError> {
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
fn from_file(layers: &[Layer], says: impl Fn(&Config) -> bool) -> Option<String> {
    let layer = layers.iter().rev().find(|layer| says(&layer.config))?;
    let kind = match layer.kind {
        Kind::User => "user file",
        Kind::Project => "project file",
    };
    Some(format!("{kind}: {}", layer.path.display()))
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
    fn every_setting_of_a_file_is_named() {
        // What is named there that does not exist is refused by the parser, and tells what does.
        let unknown = |table: &str| {
            let text = format!("{table}\nnot_a_setting = 1\n");
            toml::from_str::<Config>(&text)
                .unwrap_err()
                .message()
                .to_owned()
        };
        for (table, prefix) in [
            ("", ""),
            ("[select]", "select."),
            ("[validate]", "validate."),
        ] {
            let told = unknown(table);
            let told = told.split_once("expected").expect("the names").1.split('`');
            let names: Vec<String> = told
                .skip(1)
                .step_by(2)
                .map(|it| format!("{prefix}{it}"))
                .collect();
            assert!(names.len() > 2, "{names:?}");
            for name in names {
                assert!(SETTINGS.contains(&name.as_str()), "{name}");
            }
        }
    }

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
