//! Errors at the boundary: a kind, a message, a hint, an exit code.

use std::io;

use crate::cluster::ClusterError;
use crate::config::ConfigError;
use crate::store::StoreError;

/// What kind of failure it is; decides the exit code.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum ErrorKind {
    /// Wrong use, or input that cannot be used.
    Invalid,
    /// The database cannot be used.
    NoDatabase,
    /// A thing that was named does not exist.
    NotFound,
    /// Something stands in the way: a version, a lock, a concurrent change.
    Conflict,
    /// The reader of stdout went away, which is no error.
    ClosedPipe,
    /// The user interrupted.
    Interrupted,
}

impl ErrorKind {
    /// The exit code of the process.
    pub fn exit_code(self) -> u8 {
        match self {
            ErrorKind::ClosedPipe => 0,
            ErrorKind::Invalid => 2,
            ErrorKind::NoDatabase => 3,
            ErrorKind::NotFound => 4,
            ErrorKind::Conflict => 5,
            ErrorKind::Interrupted => 130,
        }
    }
}

/// A command that failed: what, where, why, and what to do next.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct CommandError {
    /// What kind of failure it is.
    pub kind: ErrorKind,
    /// What failed, where and why.
    pub message: String,
    /// What to do next.
    pub hint: Option<String>,
}

impl CommandError {
    /// An error without a hint.
    pub fn new(kind: ErrorKind, message: impl Into<String>) -> Self {
        Self {
            kind,
            message: message.into(),
            hint: None,
        }
    }

    /// Wrong use, or input that cannot be used.
    pub fn invalid(message: impl Into<String>) -> Self {
        Self::new(ErrorKind::Invalid, message)
    }

    /// A thing that was named does not exist.
    pub fn not_found(message: impl Into<String>) -> Self {
        Self::new(ErrorKind::NotFound, message)
    }

    /// Something stands in the way.
    pub fn conflict(message: impl Into<String>) -> Self {
        Self::new(ErrorKind::Conflict, message)
    }

    /// The same with what to do next.
    #[must_use]
    pub fn hint(self, hint: impl Into<String>) -> Self {
        Self {
            hint: Some(hint.into()),
            ..self
        }
    }
}

impl From<io::Error> for CommandError {
    fn from(error: io::Error) -> Self {
        match error.kind() {
            io::ErrorKind::BrokenPipe => Self::new(ErrorKind::ClosedPipe, "closed pipe"),
            io::ErrorKind::Interrupted => Self::new(ErrorKind::Interrupted, "interrupted"),
            _ => Self::invalid(format!("cannot read or write: {error}")),
        }
    }
}

impl From<StoreError> for CommandError {
    fn from(error: StoreError) -> Self {
        let message = error.to_string();
        let (kind, hint) = match &error {
            StoreError::Url(_) => (
                ErrorKind::Invalid,
                Some("a URL looks like postgresql://user@host:5432/database"),
            ),
            StoreError::Unreachable { .. } => (
                ErrorKind::NoDatabase,
                Some(
                    "check the server, and where the URL comes from: --database-url, TOOLCAT_DATABASE_URL, DATABASE_URL or the configuration file",
                ),
            ),
            StoreError::Full { .. } => (
                ErrorKind::NoDatabase,
                Some(
                    "try again in a moment; raise max_connections, or put a pool such as PgBouncer in front",
                ),
            ),
            StoreError::Pool(_) => (
                ErrorKind::NoDatabase,
                Some("use session or transaction pooling, or connect to the server itself"),
            ),
            StoreError::Lost(_) => (
                ErrorKind::NoDatabase,
                Some("nothing of the unfinished change was kept; run the command again"),
            ),
            StoreError::NoCatalog(_) | StoreError::SchemaTooOld { .. } => {
                (ErrorKind::NoDatabase, Some("run `toolcat migrate up`"))
            }
            StoreError::SchemaTooNew { .. } => (
                ErrorKind::NoDatabase,
                Some("install the toolcat that made it, or a newer one"),
            ),
            StoreError::Conflict(_) => (ErrorKind::Conflict, Some("try again in a moment")),
            StoreError::Overtaken(_) => (ErrorKind::Conflict, None),
            StoreError::Forbidden(denial) if denial.is_read_only() => (
                ErrorKind::NoDatabase,
                Some(
                    "a standby, or a read-only session, answers reads alone; connect to the primary",
                ),
            ),
            StoreError::Cancelled(_) => (
                ErrorKind::NoDatabase,
                Some(
                    "raise the time limit (statement_timeout), or try again when less is going on",
                ),
            ),
            StoreError::Forbidden(_) => (
                ErrorKind::NoDatabase,
                Some("the database role lacks a right; ask the owner of the catalog for a grant"),
            ),
            StoreError::OutOfResources(_) => (
                ErrorKind::NoDatabase,
                Some("make room on the server; the catalog is unchanged"),
            ),
            StoreError::Definition(_) => (ErrorKind::Invalid, None),
            StoreError::Migration(_) => (
                ErrorKind::NoDatabase,
                Some(
                    "the migration was undone; `toolcat migrate status` shows where the catalog stands",
                ),
            ),
            StoreError::Query(_) => (ErrorKind::Invalid, None),
        };
        let error = Self::new(kind, message);
        match hint {
            Some(hint) => error.hint(hint),
            None => error,
        }
    }
}

impl From<ClusterError> for CommandError {
    fn from(error: ClusterError) -> Self {
        Self {
            kind: ErrorKind::NoDatabase,
            message: error.to_string(),
            hint: error.hint(),
        }
    }
}

impl From<ConfigError> for CommandError {
    fn from(error: ConfigError) -> Self {
        Self::invalid(error.to_string())
    }
}
