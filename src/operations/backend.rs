//! Where the catalog is, and how a connection to it is made.

use super::progress::{Progress, Silent};
use super::refusal::{Kind, Refusal, Remedy};
use crate::cluster::{self, Cluster, ClusterError, ServerRemedy};
use crate::expression::nearest;
use crate::select::retrieval::Encoding;
use crate::store::location::DEFAULT_CATALOG;
use crate::store::{Connection, Location, StoreError, migrate, names};

/// How long an automatic migration of the local database waits for another one, in seconds.
const LOCAL_LOCK_WAIT: f64 = 60.0;

/// What happens on the way to a connection that people should know.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Notice {
    /// The local server says something: it is made, or started.
    Server(String),
    /// The local server runs on programs that were updated meanwhile, while others use it.
    Outdated {
        /// The version that runs.
        running: String,
        /// The version that is installed.
        installed: String,
        /// How many others are connected.
        others: i64,
    },
    /// The local server runs on programs that were updated meanwhile, and is restarted.
    Renewed {
        /// The version that ran.
        running: String,
        /// The version that is installed.
        installed: String,
    },
    /// The local server runs, but could not be started again.
    Stranded {
        /// Why.
        why: String,
        /// What would help.
        remedy: Option<ServerRemedy>,
    },
    /// The catalog was brought up to date by so many migrations.
    Prepared {
        /// The catalog.
        catalog: String,
        /// How many migrations ran.
        migrations: usize,
    },
}

/// How the local server is brought to run.
type Start = fn(&Cluster, &mut dyn FnMut(cluster::Notice)) -> Result<bool, ClusterError>;

/// The catalog that operations work on.
pub struct Backend {
    location: Location,
    cluster: Option<Cluster>,
    notify: Box<dyn Fn(&Notice) + Send + Sync>,
    progress: Box<dyn Progress>,
    encoding: Encoding,
}

impl Backend {
    /// A catalog at that place; `cluster` is the local server that it is on, if it is toolcat's own.
    pub fn new(location: Location, cluster: Option<Cluster>) -> Self {
        Self {
            location,
            cluster,
            notify: Box::new(|_| {}),
            progress: Box::new(Silent),
            encoding: None,
        }
    }

    /// The same, which tells what happens and how far long work is.
    #[must_use]
    pub fn watched(
        self,
        notify: impl Fn(&Notice) + Send + Sync + 'static,
        progress: impl Progress + 'static,
    ) -> Self {
        Self {
            notify: Box::new(notify),
            progress: Box::new(progress),
            ..self
        }
    }

    /// The same for a process that answers many: no statement takes longer than half a minute, and no
    /// lock is waited for longer than two seconds.
    #[must_use]
    pub fn limited(self) -> Self {
        let limits = [("statement_timeout", "30s"), ("lock_timeout", "2s")];
        Self {
            location: self.location.with_settings(&limits),
            ..self
        }
    }

    /// The same, which judges the meaning of words by an encoder.
    #[must_use]
    pub fn encoding_by(self, encoding: Encoding) -> Self {
        Self { encoding, ..self }
    }

    /// The encoder in use.
    pub fn encoding(&self) -> &Encoding {
        &self.encoding
    }

    /// Where it is.
    pub fn location(&self) -> &Location {
        &self.location
    }

    /// The local server, where no other database is named.
    pub fn cluster(&self) -> Option<&Cluster> {
        self.cluster.as_ref()
    }

    /// Whether the database is one that toolcat keeps for this user alone, however it was named.
    pub fn is_private(&self) -> bool {
        let folder = self.location.socket_folder();
        self.cluster.is_some() || folder.is_some_and(Cluster::is_socket_folder)
    }

    /// Who is told how far long work is.
    pub fn progress(&self) -> &dyn Progress {
        &*self.progress
    }

    /// Connects, starting the local server if that is what is meant. The catalog may not exist.
    ///
    /// # Errors
    /// [`Kind::NoDatabase`](super::Kind::NoDatabase).
    pub fn open(&self) -> Result<Connection, Refusal> {
        self.open_by(Cluster::start)
    }

    /// Connects again to a catalog that was there: a local server that was stopped is started, but nothing is made
    /// or migrated.
    ///
    /// # Errors
    /// [`Kind::NoDatabase`](super::Kind::NoDatabase), also where the database is gone, or the catalog is older or
    /// newer than this program.
    pub fn reconnect(&self) -> Result<Connection, Refusal> {
        let mut connection = self.open_by(Cluster::start_existing)?;
        migrate::require_current(&mut connection)?;
        Ok(connection)
    }

    fn open_by(&self, start: Start) -> Result<Connection, Refusal> {
        if let Some(cluster) = self.cluster.as_ref().filter(|it| it.programs_changed()) {
            self.renew(cluster)?;
        }
        match (Connection::open(&self.location), &self.cluster) {
            (Ok(connection), _) => Ok(connection),
            (Err(StoreError::Unreachable { .. }), Some(cluster)) => {
                start(cluster, &mut |notice| {
                    (self.notify)(&Notice::Server(notice.to_string()));
                })?;
                Ok(Connection::open(&self.location)?)
            }
            (Err(error), _) => Err(error.into()),
        }
    }

    /// Restarts the local server where its programs were updated while it ran: it would fail at the
    /// next library that it loads. Where others are connected, this is said instead.
    fn renew(&self, cluster: &Cluster) -> Result<(), Refusal> {
        // Without a connection there is nothing to ask, and the start that follows says why.
        let Ok(mut connection) = Connection::open(&self.location) else {
            return Ok(());
        };
        let (running, others) = connection.server()?;
        drop(connection);
        match cluster.programs() {
            Ok(installed) if installed.version == running => {}
            Ok(installed) if others > 0 => (self.notify)(&Notice::Outdated {
                running,
                installed: installed.version,
                others,
            }),
            Ok(installed) => {
                (self.notify)(&Notice::Renewed {
                    running,
                    installed: installed.version,
                });
                cluster.restart(&mut |notice| {
                    (self.notify)(&Notice::Server(notice.to_string()));
                })?;
            }
            Err(error) => (self.notify)(&Notice::Stranded {
                remedy: error.remedy(),
                why: error.to_string(),
            }),
        }
        Ok(())
    }

    /// Connects to a catalog that is as this program needs it; on the local server it is made so.
    ///
    /// # Errors
    /// [`Kind::NoDatabase`](super::Kind::NoDatabase), also where the catalog is older or newer than this
    /// program.
    pub fn connect(&self) -> Result<Connection, Refusal> {
        let mut connection = self.open()?;
        if let Err(error) = migrate::require_current(&mut connection) {
            self.bring_up_to_date(&mut connection, error)?;
        }
        Ok(connection)
    }

    /// Connects if there is a catalog already; starts and changes nothing.
    pub fn connect_if_there(&self) -> Option<Connection> {
        let mut connection = Connection::open(&self.location).ok()?;
        migrate::require_current(&mut connection).ok()?;
        Some(connection)
    }

    /// Migrates a catalog on the local server if that is all that is missing. Only the usual catalog is
    /// made by that: the name of another may be a mistake.
    ///
    /// # Errors
    /// The error given, if more is missing; that of the migration, if it fails.
    pub fn bring_up_to_date(
        &self,
        connection: &mut Connection,
        error: StoreError,
    ) -> Result<(), Refusal> {
        if let StoreError::NoCatalog(name) = &error
            && name != DEFAULT_CATALOG
        {
            return Err(unknown_catalog(connection, name));
        }
        let old = matches!(
            error,
            StoreError::NoCatalog(_) | StoreError::SchemaTooOld { .. }
        );
        if !old || self.cluster.is_none() {
            return Err(error.into());
        }
        let applied = migrate::up(connection, LOCAL_LOCK_WAIT)?;
        if !applied.is_empty() {
            (self.notify)(&Notice::Prepared {
                catalog: connection.location().catalog().to_string(),
                migrations: applied.len(),
            });
        }
        Ok(())
    }
}

/// A catalog that is not there, with the nearest that is.
pub(super) fn unknown_catalog(connection: &mut Connection, name: &str) -> Refusal {
    let there = connection
        .read(|it| names::beginning_with(it, names::Names::Catalogs, "", None, 1000))
        .unwrap_or_default();
    let near = nearest(name, there.iter().map(String::as_str)).map(str::to_owned);
    let message = format!("catalog `{name}` does not exist in this database");
    Refusal::new(Kind::NotFound, message).remedy(Remedy::MakeCatalog {
        name: name.to_owned(),
        near,
    })
}
