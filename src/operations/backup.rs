//! A whole catalog to a file and back.

use std::io::{BufRead, Write};

use chrono::{DateTime, SecondsFormat, Utc};

use super::misfits::Misfits;
use super::{Caller, Kind, Progress, Refusal, Remedy, Stage};
use crate::definition::Document;
use crate::store::Connection;
use crate::store::backup::{self, BackupError, TableRows, Witness};

/// Writes the whole catalog as it is at one moment: the rows of each table.
///
/// # Errors
/// [`Kind::NoDatabase`]; [`Kind::Invalid`] if `out` cannot be written.
pub fn write(
    connection: &mut Connection,
    made_at: DateTime<Utc>,
    out: &mut dyn Write,
    progress: &dyn Progress,
) -> Result<Vec<TableRows>, Refusal> {
    progress.begin(Stage::Writing, backup::count(connection)?);
    let made_at = made_at.to_rfc3339_opts(SecondsFormat::Secs, true);
    let written = backup::backup(connection, &made_at, out, &|rows| progress.advance(rows));
    progress.end();
    Ok(written?)
}

/// What is to be restored.
pub struct Request<'a> {
    /// The backup.
    pub input: &'a mut dyn BufRead,
    /// Its length in bytes; 0 if it is not known.
    pub length: u64,
    /// Whether what the catalog holds goes.
    pub replace: bool,
}

/// What was restored.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Restored {
    /// The catalog that the backup is of.
    pub catalog: String,
    /// When it was made.
    pub made_at: String,
    /// The rows of each table.
    pub tables: Vec<TableRows>,
    /// Definitions in it that today's rules have something against: they came back all the same.
    pub misfits: Misfits,
}

/// Fills the catalog from a backup, all of it or nothing. A definition that cannot be read back stops it; one
/// that only breaks a rule comes back as it was, and is told.
///
/// # Errors
/// [`Kind::Invalid`] if the file is not a whole backup, with the line; [`Kind::Conflict`] if the catalog is not
/// empty or at other migrations; [`Kind::NoDatabase`].
pub fn restore(
    connection: &mut Connection,
    caller: &Caller,
    request: Request<'_>,
    progress: &dyn Progress,
) -> Result<Restored, Refusal> {
    let mut seen = Seen {
        progress,
        misfits: Misfits::default(),
        checked: 0,
    };
    progress.begin(Stage::Reading, request.length);
    let (act, replace) = (caller.act(None), request.replace);
    let restored = backup::restore(connection, &act, request.input, replace, &mut seen);
    progress.end();
    let restored = restored?;
    Ok(Restored {
        catalog: restored.header.catalog,
        made_at: restored.header.made_at,
        tables: restored.tables,
        misfits: seen.misfits,
    })
}

/// What is seen of a restore.
struct Seen<'a> {
    progress: &'a dyn Progress,
    misfits: Misfits,
    /// How many definitions were looked at.
    checked: usize,
}

impl Witness for Seen<'_> {
    fn read(&mut self, bytes: u64) {
        self.progress.advance(bytes);
    }

    fn came_back(&mut self, definitions: &[Document]) {
        if self.checked == 0 {
            self.progress.begin(Stage::Checking, 0);
        }
        self.misfits.look(definitions);
        self.checked += definitions.len();
        self.progress.advance(definitions.len() as u64);
    }
}

impl From<BackupError> for Refusal {
    fn from(error: BackupError) -> Self {
        let message = error.to_string();
        match error {
            BackupError::Store(error) => error.into(),
            BackupError::Io(error) if error.kind() == std::io::ErrorKind::BrokenPipe => Self::new(
                Kind::Invalid,
                "who reads the backup went away before its end: it is not whole",
            ),
            BackupError::NotEmpty { .. } => {
                Self::new(Kind::Conflict, message).remedy(Remedy::RestoreElsewhereOrReplace)
            }
            BackupError::OtherSchema { .. } => {
                Self::new(Kind::Conflict, message).remedy(Remedy::RestoreIntoNewCatalog)
            }
            BackupError::Io(_) | BackupError::Damaged { .. } | BackupError::Rows { .. } => {
                Self::new(Kind::Invalid, message)
            }
        }
    }
}
