//! What can go wrong with the database, by kind.

use diesel::result::{ConnectionError, DatabaseErrorKind, Error as DieselError};

/// An error of the store. The kind decides message, hint and exit code at the boundary; no variant
/// holds a password.
#[derive(Debug, thiserror::Error)]
pub enum StoreError {
    /// The connection string cannot be read.
    #[error("the database URL cannot be read: {0}")]
    Url(String),
    /// No connection could be made, or it was lost.
    #[error("cannot reach the database at {location}: {message}")]
    Unreachable {
        /// Server and database, without the password.
        location: String,
        /// libpq's reason.
        message: String,
    },
    /// The connection was lost in the middle.
    #[error("the connection to the database was lost: {0}")]
    Lost(String),
    /// The catalog does not exist yet.
    #[error("catalog `{0}` does not exist in this database")]
    NoCatalog(String),
    /// The catalog was made by an older toolcat.
    #[error("catalog `{catalog}` needs {pending} more migrations")]
    SchemaTooOld {
        /// The catalog.
        catalog: String,
        /// How many migrations are missing.
        pending: usize,
    },
    /// The catalog was made by a newer toolcat.
    #[error("catalog `{catalog}` was made by a newer toolcat (it has migration {newest})")]
    SchemaTooNew {
        /// The catalog.
        catalog: String,
        /// The newest migration that it has.
        newest: String,
    },
    /// Someone else holds what is needed, or changed it meanwhile.
    #[error("{0}")]
    Conflict(String),
    /// What was meant is gone, or not there yet; trying again would not help.
    #[error("{0}")]
    Overtaken(String),
    /// The role may not do that.
    #[error("the database refuses: {0}")]
    Forbidden(String),
    /// The disk is full, or another resource of the server is used up.
    #[error("the database has run out of resources: {0}")]
    OutOfResources(String),
    /// A stored definition cannot be read back.
    #[error(transparent)]
    Definition(#[from] crate::definition::DocumentError),
    /// A migration failed.
    #[error("migration failed: {0}")]
    Migration(String),
    /// Anything else that PostgreSQL refuses.
    #[error("the database refuses: {0}")]
    Query(#[source] DieselError),
}

impl StoreError {
    /// Whether the transaction can simply be tried again.
    pub fn is_transient(&self) -> bool {
        match self {
            StoreError::Query(DieselError::DatabaseError(
                DatabaseErrorKind::SerializationFailure,
                _,
            )) => true,
            StoreError::Conflict(message) => message == DEADLOCK,
            _ => false,
        }
    }
}

const DEADLOCK: &str = "deadlock detected";

impl From<DieselError> for StoreError {
    fn from(error: DieselError) -> Self {
        let DieselError::DatabaseError(kind, information) = &error else {
            return match error {
                DieselError::BrokenTransactionManager => {
                    StoreError::Lost("a transaction was cut off".to_owned())
                }
                other => StoreError::Query(other),
            };
        };
        let message = information.message().to_owned();
        // Diesel gives no SQLSTATE, so the few cases that matter are known by PostgreSQL's messages;
        // a server that speaks another language gets the general message.
        match kind {
            DatabaseErrorKind::ClosedConnection => StoreError::Lost(facts(&message)),
            _ if LOST.iter().any(|it| message.contains(it)) => StoreError::Lost(facts(&message)),
            _ if message.contains("canceling statement due to lock timeout") => {
                StoreError::Conflict("another process holds the lock".to_owned())
            }
            _ if message.contains(DEADLOCK) => StoreError::Conflict(DEADLOCK.to_owned()),
            _ if message.starts_with("permission denied") => StoreError::Forbidden(message),
            DatabaseErrorKind::ReadOnlyTransaction => StoreError::Forbidden(message),
            _ if FULL.iter().any(|it| message.contains(it)) => StoreError::OutOfResources(message),
            _ => StoreError::Query(error),
        }
    }
}

const LOST: &[&str] = &[
    "server closed the connection",
    "terminating connection",
    "no connection to the server",
    "connection to server was lost",
    "could not receive data from server",
    "could not send data to server",
    "the database system is shutting down",
    "SSL connection has been closed",
];

const FULL: &[&str] = &[
    "No space left on device",
    "out of memory",
    "out of shared memory",
];

/// Turns diesel's connection error into ours, without the password.
pub(super) fn unreachable(location: &super::Location, error: &ConnectionError) -> StoreError {
    let message = match error {
        ConnectionError::BadConnection(message) => facts(message),
        other => other.to_string(),
    };
    let message = match location.setting("password") {
        Some(password) if password.len() > 3 => message.replace(password, "********"),
        _ => message,
    };
    StoreError::Unreachable {
        location: location.to_string(),
        message,
    }
}

/// What libpq says, on one line: its guesses stand on lines of their own, behind a tab.
fn facts(message: &str) -> String {
    let lines = message.trim().lines().filter(|it| !it.starts_with('\t'));
    lines.collect::<Vec<_>>().join("; ")
}

/// Whether the error says that a table or a schema is missing.
pub(super) fn is_undefined(error: &DieselError) -> bool {
    matches!(error, DieselError::DatabaseError(_, information)
        if information.message().contains("does not exist"))
}

#[cfg(test)]
mod tests {
    use super::facts;

    #[test]
    fn guesses_of_libpq_are_left_out() {
        let message = "connection to server at \"a\" failed: Connection refused\n\tIs the server \
                       running on that host and accepting TCP/IP connections?\n\
                       connection to server at \"b\" failed: timeout expired\n";
        assert_eq!(
            facts(message),
            "connection to server at \"a\" failed: Connection refused; \
             connection to server at \"b\" failed: timeout expired"
        );
    }
}
