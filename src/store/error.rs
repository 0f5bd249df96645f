//! What can go wrong with the database, by kind.

use std::ffi::CStr;

use diesel::result::{
    ConnectionError, DatabaseErrorInformation, DatabaseErrorKind, Error as DieselError,
};

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
    /// A pool between this program and the server does not let the session be what it has to be.
    #[error("the pool in front of the database cannot be used: {0}")]
    Pool(String),
    /// The server lets nobody else in.
    #[error("the database at {location} has no connection left: {message}")]
    Full {
        /// Server and database, without the password.
        location: String,
        /// The server's reason.
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
    /// The role may not do that, or nobody may change anything there.
    #[error("{0}")]
    Forbidden(Denial),
    /// A statement was ended before it was done: by a time limit that was asked for, or by someone.
    #[error("the statement was ended: {0}")]
    Cancelled(String),
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
        if *kind == DatabaseErrorKind::ClosedConnection {
            return StoreError::Lost(facts(&message));
        }
        let Some(code) = sqlstate(information.as_ref()) else {
            // libpq's own words, which come without a code: the server had no say.
            return match LOST.iter().any(|it| message.contains(it)) {
                true => StoreError::Lost(facts(&message)),
                false => StoreError::Query(error),
            };
        };
        match code.as_str() {
            "40P01" => StoreError::Conflict(DEADLOCK.to_owned()),
            "55P03" => StoreError::Conflict("another process holds the lock".to_owned()),
            "57014" => StoreError::Cancelled(message),
            "42501" if information.constraint_name() == Some(ACCESS) => {
                StoreError::Forbidden(Denial::rule(message, information.hint()))
            }
            "42501" => StoreError::Forbidden(Denial::right(message)),
            "25006" => StoreError::Forbidden(Denial::read_only(message)),
            // Ended by an administrator, a crash or a shutdown, or not there for long.
            "57P01" | "57P02" | "57P03" | "57P04" | "57P05" | "25P03" => StoreError::Lost(message),
            _ if code.starts_with("08") => StoreError::Lost(message),
            // Disk full, memory, connections, limits of the configuration.
            _ if code.starts_with("53") => StoreError::OutOfResources(message),
            _ => StoreError::Query(error),
        }
    }
}

/// How the catalog's own rule names itself, beside the grants of PostgreSQL.
const ACCESS: &str = "access";

/// What the database does not let this role or session do.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Denial {
    message: String,
    because: Because,
}

#[derive(Debug, Clone, PartialEq, Eq)]
enum Because {
    /// The role lacks a grant.
    Grant,
    /// Nobody may change anything there.
    ReadOnly,
    /// The catalog's members: who may.
    Rule(Option<String>),
}

impl Denial {
    fn right(message: String) -> Self {
        Self {
            message,
            because: Because::Grant,
        }
    }

    fn read_only(message: String) -> Self {
        Self {
            message,
            because: Because::ReadOnly,
        }
    }

    fn rule(message: String, who_may: Option<&str>) -> Self {
        Self {
            message,
            because: Because::Rule(who_may.map(str::to_owned)),
        }
    }

    /// Whether nobody may change anything there: a standby, or a session that is read-only.
    pub fn is_read_only(&self) -> bool {
        self.because == Because::ReadOnly
    }

    /// Whether this role, or this session, may not write at all; not the rule of the catalog's members.
    pub fn is_of_the_database(&self) -> bool {
        match &self.because {
            Because::Grant | Because::ReadOnly => true,
            Because::Rule(_) => false,
        }
    }

    /// Who may, if it is the rule of the catalog that refuses.
    pub fn who_may(&self) -> Option<&str> {
        match &self.because {
            Because::Rule(who) => who.as_deref(),
            Because::Grant | Because::ReadOnly => None,
        }
    }
}

impl std::fmt::Display for Denial {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self.because {
            Because::Rule(_) => f.write_str(&self.message),
            Because::Grant | Because::ReadOnly => {
                write!(f, "the database refuses: {}", self.message)
            }
        }
    }
}

/// The SQLSTATE of an error of the server, which says the same in every language. Diesel does not
/// give it, and keeps libpq's result behind the error.
#[expect(unsafe_code, reason = "libpq's result is a C structure")]
fn sqlstate(information: &(dyn DatabaseErrorInformation + Send + Sync)) -> Option<String> {
    // Diesel has two kinds of information: its `PgErrorInformation`, which is one pointer to the
    // result, and a `String`, which is three words. Cargo.toml holds diesel to this version.
    if size_of_val(information) != size_of::<*const pq_sys::PGresult>() {
        return None;
    }
    let field = i32::from(b'C'); // PG_DIAG_SQLSTATE
    // SAFETY: by its size this is the pointer to a result, which lives as long as the borrow. libpq
    // returns null or a C string that belongs to the result; it is copied.
    unsafe {
        let result = std::ptr::from_ref(information)
            .cast::<*const pq_sys::PGresult>()
            .read();
        let code = pq_sys::PQresultErrorField(result, field);
        (!code.is_null()).then(|| CStr::from_ptr(code).to_string_lossy().into_owned())
    }
}

/// How libpq says that the connection is gone; it has no catalog of other languages built in.
const LOST: &[&str] = &[
    "server closed the connection",
    "no connection to the server",
    "connection to server was lost",
    "could not receive data from server",
    "could not send data to server",
    "SSL connection has been closed",
];

/// What is said of a server that fell silent.
pub(super) const SILENT: &str = "the server fell silent, and answers no new connection either";

/// How servers and pools say that there are too many clients.
const TOO_MANY: &[&str] = &[
    "too many clients",
    "too many connections",
    "remaining connection slots are reserved",
    "no more connections allowed",
];

/// Turns diesel's connection error into ours, without the password.
pub(super) fn unreachable(
    location: &super::Location,
    error: &ConnectionError,
    silent: bool,
) -> StoreError {
    let message = match error {
        _ if silent => "the server let this program in and then fell silent".to_owned(),
        ConnectionError::BadConnection(message) => facts(message),
        other => other.to_string(),
    };
    let message = match location.setting("password") {
        Some(password) if password.len() > 3 => message.replace(password, "********"),
        _ => message,
    };
    let location = location.to_string();
    match TOO_MANY.iter().any(|it| message.contains(it)) {
        true => StoreError::Full { location, message },
        false => StoreError::Unreachable { location, message },
    }
}

/// What libpq says, on one line: its guesses stand on lines of their own, behind a tab.
fn facts(message: &str) -> String {
    let lines = message.trim().lines().filter(|it| !it.starts_with('\t'));
    lines.collect::<Vec<_>>().join("; ")
}

/// Whether the error says that a table, a column, a function or a schema is missing.
pub(super) fn is_undefined(error: &DieselError) -> bool {
    let DieselError::DatabaseError(_, information) = error else {
        return false;
    };
    let code = sqlstate(information.as_ref());
    matches!(
        code.as_deref(),
        Some("42P01" | "42703" | "42883" | "3F000" | "42704")
    )
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
