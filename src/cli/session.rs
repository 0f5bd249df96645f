//! What a command works with: the output, the configuration, and a connection when it asks for one.

use crate::cluster::{Cluster, Environment};
use crate::config::Config;
use crate::output::Ui;
use crate::store::location::Catalog;
use crate::store::{Act, Connection, Location, StoreError, migrate};

use super::CommandError;
use super::global::GlobalArgs;

/// How long an automatic migration of the local database waits for another one, in seconds.
const LOCAL_LOCK_WAIT: f64 = 60.0;

/// One run of a command.
pub struct Session {
    /// How it speaks.
    pub ui: Ui,
    /// What the configuration files say.
    pub config: Config,
    global: GlobalArgs,
}

/// Where the database is, and whether it is toolcat's own.
#[derive(Debug, Clone)]
pub struct Target {
    /// Where it is.
    pub location: Location,
    /// The local cluster, where no other database is named.
    pub cluster: Option<Cluster>,
}

impl Session {
    /// Reads the configuration files. Where they cannot be used, the session is returned as well,
    /// to report it.
    pub fn new(global: GlobalArgs) -> Result<Self, Box<(Self, CommandError)>> {
        let ui = Ui::new(global.ui_options());
        let (config, error) = match Config::load() {
            Ok(config) => (config, None),
            Err(error) => (Config::default(), Some(error)),
        };
        let session = Self { ui, config, global };
        match error {
            Some(error) => Err(Box::new((session, error.into()))),
            None => Ok(session),
        }
    }

    /// The catalog that is asked for.
    ///
    /// # Errors
    /// Where its name cannot name one.
    pub fn catalog(&self) -> Result<Catalog, CommandError> {
        match self
            .global
            .catalog
            .as_ref()
            .or(self.config.catalog.as_ref())
        {
            Some(name) => name.parse().map_err(CommandError::invalid),
            None => Ok(Catalog::default()),
        }
    }

    /// Where the database is. Connects to nothing.
    ///
    /// # Errors
    /// Where the URL cannot be read, or no place for the local cluster can be found.
    pub fn target(&self) -> Result<Target, CommandError> {
        let variable = |name: &str| std::env::var(name).ok().filter(|value| !value.is_empty());
        let url = self
            .global
            .database_url
            .clone()
            .or_else(|| variable("TOOLCAT_DATABASE_URL"))
            .or_else(|| variable("DATABASE_URL"))
            .or_else(|| self.config.database_url.clone());
        let catalog = self.catalog()?;
        match url {
            Some(url) => Ok(Target {
                location: Location::parse(&url, catalog)?,
                cluster: None,
            }),
            None => {
                let cluster = Cluster::locate(&Environment::current())?;
                Ok(Target {
                    location: Location::parse(&cluster.url(), catalog)?,
                    cluster: Some(cluster),
                })
            }
        }
    }

    /// Connects, starting the local server where that is what is meant. The catalog may not exist.
    ///
    /// # Errors
    /// Where there is no database.
    pub fn open(&self) -> Result<Connection, CommandError> {
        let target = self.target()?;
        match (Connection::open(&target.location), &target.cluster) {
            (Ok(connection), _) => Ok(connection),
            (Err(StoreError::Unreachable { .. }), Some(cluster)) => {
                cluster.ensure_running(&mut |notice| self.ui.status(&notice.to_string()))?;
                Ok(Connection::open(&target.location)?)
            }
            (Err(error), _) => Err(error.into()),
        }
    }

    /// Connects to a catalog that is as this program needs it; on the local cluster it is made so.
    ///
    /// # Errors
    /// Where there is no database, or its catalog is older or newer than this program.
    pub fn connect(&self) -> Result<Connection, CommandError> {
        let mut connection = self.open()?;
        if let Err(error) = migrate::require_current(&mut connection) {
            self.bring_up_to_date(&mut connection, error)?;
        }
        Ok(connection)
    }

    /// Connects where there is a catalog already; starts and changes nothing.
    pub fn connect_if_there(&self) -> Option<Connection> {
        let mut connection = Connection::open(&self.target().ok()?.location).ok()?;
        migrate::require_current(&mut connection).ok()?;
        Some(connection)
    }

    /// Migrates the local cluster where that is all that is missing.
    ///
    /// # Errors
    /// The error given, where it is not.
    pub fn bring_up_to_date(
        &self,
        connection: &mut Connection,
        error: StoreError,
    ) -> Result<(), CommandError> {
        let old = matches!(
            error,
            StoreError::NoCatalog(_) | StoreError::SchemaTooOld { .. }
        );
        if !old || self.target()?.cluster.is_none() {
            return Err(error.into());
        }
        let applied = migrate::up(connection, LOCAL_LOCK_WAIT)?;
        if !applied.is_empty() {
            let catalog = connection.location().catalog();
            self.ui.status(&format!(
                "prepared catalog {catalog} ({} migrations)",
                applied.len()
            ));
        }
        Ok(())
    }

    /// The actor named on the command line.
    pub fn named_actor(&self) -> Option<String> {
        self.global.actor.clone().filter(|actor| !actor.is_empty())
    }

    /// Who acts: `--actor`, TOOLCAT_ACTOR, the configuration, else the login name.
    pub fn act(&self) -> Act {
        let actor = self
            .global
            .actor
            .clone()
            .or_else(|| {
                std::env::var("TOOLCAT_ACTOR")
                    .ok()
                    .filter(|it| !it.is_empty())
            })
            .or_else(|| self.config.actor.clone())
            .filter(|actor| !actor.is_empty())
            .unwrap_or_else(login_name);
        Act {
            reason: self.global.reason.clone(),
            ..Act::by(actor)
        }
    }
}

/// The name of the user as whom the process runs.
fn login_name() -> String {
    let uid = rustix::process::geteuid();
    std::fs::read_to_string("/etc/passwd")
        .ok()
        .and_then(|users| {
            users.lines().find_map(|line| {
                let mut fields = line.split(':');
                let name = fields.next()?;
                (fields.nth(1)?.parse() == Ok(uid.as_raw())).then(|| name.to_owned())
            })
        })
        .or_else(|| std::env::var("USER").ok().filter(|user| !user.is_empty()))
        .unwrap_or_else(|| format!("uid {}", uid.as_raw()))
}
