//! Entries of tools whose words stay as they are: written over the old ones.

use std::sync::LazyLock;

use diesel::prelude::*;
use diesel::sql_types::{Array, BigInt, Text};

use super::entry::Entry;
use crate::definition::row::{PATTERN_FIELDS, ToolRow};

/// Fields of a pattern that its words come from.
const WORDED: [&str; 2] = ["description", "typical_use_cases"];

/// Columns that no word of a tool comes from.
pub static WORDLESS: LazyLock<Vec<&str>> = LazyLock::new(|| {
    let of_tools = [
        "owner",
        "parent_version_id",
        "updated_by",
        "definition_digest",
    ];
    let of_patterns = PATTERN_FIELDS.iter().filter(|it| !WORDED.contains(*it));
    of_tools.iter().chain(of_patterns).copied().collect()
});

/// Entries to be written, column by column.
///
/// Whoever changes definitions in place has what their entries are made of, and can write them at
/// once. They are marked with the revision, so that [`refresh`](super::refresh) need not read these
/// tools again.
#[derive(Debug, Default)]
pub struct Renewal {
    ids: Vec<i64>,
    names: Vec<String>,
    entries: Vec<String>,
}

impl Renewal {
    /// Takes up the entry of a capability of a tool.
    ///
    /// # Errors
    /// If it cannot be written as JSON, which its type excludes.
    pub fn add(&mut self, tool: i64, capability: &str, entry: &Entry) -> serde_json::Result<()> {
        self.ids.push(tool);
        self.names.push(capability.to_owned());
        self.entries.push(serde_json::to_string(entry)?);
        Ok(())
    }

    /// Takes up the entries of a tool from its definition. Patterns must be in the order of their
    /// row numbers, as those of the entry that stands there are.
    ///
    /// # Errors
    /// As [`add`](Self::add).
    pub fn add_definition(&mut self, id: i64, row: &ToolRow) -> serde_json::Result<()> {
        for capability in &row.capabilities {
            let entry = Entry::new(row, capability)?;
            self.add(id, &capability.capability_name, &entry)?;
        }
        Ok(())
    }

    /// The entries of both.
    pub fn merge(mut self, other: Self) -> Self {
        self.ids.extend(other.ids);
        self.names.extend(other.names);
        self.entries.extend(other.entries);
        self
    }

    /// Writes them over those of tools that may be chosen. The definitions must have been written.
    pub fn execute(&self, connection: &mut PgConnection) -> QueryResult<()> {
        if self.ids.is_empty() {
            return Ok(());
        }
        diesel::sql_query("SELECT renew_index_entries($1, $2, $3)")
            .bind::<Array<BigInt>, _>(&self.ids)
            .bind::<Array<Text>, _>(&self.names)
            .bind::<Array<Text>, _>(&self.entries)
            .execute(connection)
            .map(drop)
    }
}
