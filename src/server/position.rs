//! A position in the audit log, as a reader keeps it: every entry up to it is known.

use std::fmt;
use std::str::FromStr;

use crate::store::audit::Entry;

/// The position of an entry: REVISION-ENTRY.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub struct Position {
    /// The revision.
    pub revision: i64,
    /// The entry of it; `i64::MAX` for all of them.
    pub entry: i64,
}

impl Position {
    /// After all of a revision.
    pub fn after(revision: i64) -> Self {
        Self {
            revision,
            entry: i64::MAX,
        }
    }

    /// That of an entry.
    pub fn of(entry: &Entry) -> Self {
        Self {
            revision: entry.revision,
            entry: entry.id,
        }
    }
}

impl fmt::Display for Position {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}-{}", self.revision, self.entry)
    }
}

impl FromStr for Position {
    type Err = ();

    fn from_str(text: &str) -> Result<Self, ()> {
        let (revision, entry) = text.split_once('-').ok_or(())?;
        let number = |text: &str| text.parse().ok().filter(|it| *it >= 0).ok_or(());
        Ok(Self {
            revision: number(revision)?,
            entry: number(entry)?,
        })
    }
}
