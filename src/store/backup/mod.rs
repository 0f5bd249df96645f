//! A whole catalog as lines of JSON: every table as it is, the audit log and sequences included.
//!
//! The tables are those that the schema has, found in PostgreSQL's own catalog, so that a later
//! migration's tables are part of a backup without a change here. Only an owner's rights are
//! needed. The form: a header line, one line for each row, one for each sequence, and a last line
//! with the number of rows and the SHA-256 of all that stands before it, which tells a whole file
//! from a damaged one.

mod layout;
mod read;
mod reader;
mod write;

use std::io;

use serde::{Deserialize, Serialize};

use super::StoreError;

pub use read::{Restored, Witness, restore};
pub use write::{backup, count};

/// The version of the form.
const FORM: u32 = 1;

/// Tables that are no part of a backup: who reads it must not be able to act as somebody. A restore
/// empties them.
pub const LEFT_OUT: [&str; 2] = ["api_tokens", "sessions"];

/// The first line of a backup.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Header {
    /// Version of the form.
    pub toolcat_backup: u32,
    /// The program that wrote it.
    pub program: String,
    /// The catalog that was written.
    pub catalog: String,
    /// When, in UTC.
    pub made_at: String,
    /// The migrations that the catalog had.
    pub migrations: Vec<String>,
    /// The tables, in an order in which they can be filled.
    pub tables: Vec<String>,
}

/// How many rows a table has.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct TableRows {
    /// The table.
    pub table: String,
    /// Its rows.
    pub rows: u64,
}

/// A backup or a restore that failed. A failed restore leaves the catalog as it was.
#[derive(Debug, thiserror::Error)]
pub enum BackupError {
    /// The database.
    #[error(transparent)]
    Store(#[from] StoreError),
    /// The file.
    #[error("cannot read or write the backup: {0}")]
    Io(#[from] io::Error),
    /// The file is not a backup, or a damaged one.
    #[error("line {line} of the backup: {message}")]
    Damaged {
        /// The line, from 1.
        line: u64,
        /// What is wrong.
        message: String,
    },
    /// The database refuses the rows of a table.
    #[error("the rows of table `{table}` in the backup do not fit: {message}")]
    Rows {
        /// The table.
        table: String,
        /// What the database says.
        message: String,
    },
    /// The catalog to restore into has something in it.
    #[error("catalog `{catalog}` is not empty: {table} has rows")]
    NotEmpty {
        /// The catalog.
        catalog: String,
        /// A table with rows.
        table: String,
    },
    /// The catalog to restore into has other migrations than the backup.
    #[error("the backup was made at migration {backup}, and catalog `{catalog}` is at {present}")]
    OtherSchema {
        /// The catalog.
        catalog: String,
        /// The newest migration of the backup.
        backup: String,
        /// The newest migration of the catalog.
        present: String,
    },
}

impl From<diesel::result::Error> for BackupError {
    fn from(error: diesel::result::Error) -> Self {
        BackupError::Store(error.into())
    }
}

/// The state of a sequence.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct Sequence {
    sequence: String,
    last_value: i64,
    is_called: bool,
}

/// The last line.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct End {
    end: bool,
    rows: u64,
    sha256: String,
}

/// What stands around a row; the row itself is PostgreSQL's own JSON, and is never read here, so
/// that every number keeps its digits.
const BEFORE_TABLE: &str = "{\"table\":\"";
const BEFORE_ROW: &str = "\",\"row\":";
const AFTER_ROW: &str = "}";

fn damaged(line: u64, message: impl Into<String>) -> BackupError {
    BackupError::Damaged {
        line,
        message: message.into(),
    }
}
