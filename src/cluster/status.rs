//! What there is to say about a cluster.

use std::path::PathBuf;
use std::time::SystemTime;

/// Something that happens while a cluster is brought up, for the user to know
/// why it takes a moment.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum Notice {
    /// Another process is starting or stopping the server; waiting for it.
    Waiting,
    /// A new database is being made, which takes some seconds.
    Initialising {
        /// The folder that will hold it.
        home: PathBuf,
        /// The version of the PostgreSQL programs used.
        version: String,
        /// The account that the server runs as, if that is another one.
        account: Option<String>,
    },
    /// The server is being started.
    Starting,
    /// The data is taken to a newer version of PostgreSQL.
    Upgrading {
        /// The version that made it.
        from: String,
        /// The version that it will be of.
        to: String,
    },
    /// The server needs longer than usual, as after a crash of the machine.
    StillStarting,
}

impl std::fmt::Display for Notice {
    fn fmt(&self, out: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Self::Waiting => {
                out.write_str("waiting for another process to start the local database")
            }
            Self::Initialising {
                home,
                version,
                account,
            } => {
                write!(
                    out,
                    "making the local database in {} (PostgreSQL {version}",
                    home.display()
                )?;
                match account {
                    Some(account) => write!(out, ", run as user {account})"),
                    None => out.write_str(")"),
                }
            }
            Self::Upgrading { from, to } => write!(
                out,
                "taking the local database from PostgreSQL {from} to {to}"
            ),
            Self::Starting => out.write_str("starting the local database"),
            Self::StillStarting => {
                out.write_str("the local database is still starting (recovery after a crash?)")
            }
        }
    }
}

/// Whether a cluster's server runs.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum State {
    /// There is no data directory yet; the first use makes it.
    NotInitialised,
    /// There is data, but no server; the next use starts it.
    Stopped,
    /// The server is starting, recovering or stopping.
    Changing {
        /// Its process, if it can be seen.
        pid: Option<u32>,
    },
    /// The server accepts connections.
    Running {
        /// Its process, if it can be seen.
        pid: Option<u32>,
        /// When it started.
        since: Option<SystemTime>,
    },
}

impl State {
    /// One word or two for the state, such as `running`.
    pub fn name(&self) -> &'static str {
        match self {
            Self::NotInitialised => "not initialised",
            Self::Stopped => "stopped",
            Self::Changing { .. } => "starting or stopping",
            Self::Running { .. } => "running",
        }
    }
}

/// The state of a cluster and where its parts are.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Status {
    /// Whether the server runs.
    pub state: State,
    /// The PostgreSQL version: of the data and, if they are installed, of
    /// the programs, as in `15` or `15.18`; none if neither exists.
    pub version: Option<String>,
    /// The account that owns the data, and as which the server runs.
    pub account: Option<String>,
    /// The folder that holds the cluster.
    pub home: PathBuf,
    /// The data directory.
    pub data_dir: PathBuf,
    /// The folder of the socket, as clients reach it.
    pub socket_dir: PathBuf,
    /// The server's log.
    pub log_path: PathBuf,
    /// The URL to connect to, which holds no secret.
    pub url: String,
    /// The size of the data directory in bytes, if there is one.
    pub size_bytes: Option<u64>,
}
