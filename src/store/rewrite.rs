//! Changing versions of tools in place: only the rows and columns that differ, in bulk.
//!
//! Capabilities and patterns are matched by name and keep their row numbers, so that telemetry
//! stays with the pattern it belongs to.

use std::collections::{BTreeMap, BTreeSet, HashMap};

use diesel::copy_from;
use diesel::prelude::*;
use diesel::sql_types::{Array, BigInt, Text};
use rayon::prelude::*;

use super::StoreError;
use super::cells::{Cell, Cells};
use super::insert::{NewCapability, NewPattern, reserve};
use super::schema::{tool_capabilities, tool_patterns};
use super::tools::{StoredRows, StoredTool, by_ids, rows};
use crate::definition::row::{self, CapabilityRow, PatternRow, ToolRow};
use crate::definition::{Document, LIFECYCLE_FIELDS, digest};

/// A version and the definition that it is to have.
#[derive(Debug, Clone, Copy)]
pub struct Rewrite<'a> {
    /// The row.
    pub id: i64,
    /// The new definition. Lifecycle fields that it leaves out stay as they are.
    pub document: &'a Document,
}

/// What rewrites come to, row by row.
#[derive(Default)]
struct Work<'a> {
    tools: Columns<ToolColumns<'a>>,
    capabilities: Columns<&'a CapabilityRow>,
    patterns: Columns<&'a PatternRow>,
    new_capabilities: Vec<(i64, &'a CapabilityRow)>,
    /// Patterns of a capability that exists, by its row.
    new_patterns: Vec<(i64, &'a PatternRow)>,
    gone_capabilities: Vec<i64>,
    gone_patterns: Vec<i64>,
}

struct ToolColumns<'a> {
    row: &'a ToolRow,
    definition_digest: Option<String>,
}

impl Cells for ToolColumns<'_> {
    fn cells(&self) -> Vec<(&'static str, Cell<'_>)> {
        let mut cells = self.row.cells();
        cells.push(("definition_digest", Cell::from(&self.definition_digest)));
        cells
    }
}

/// Rows of one table to be changed, and the columns in which any of them differs.
struct Columns<R> {
    names: BTreeSet<&'static str>,
    rows: Vec<(i64, R)>,
}

impl<R> Default for Columns<R> {
    fn default() -> Self {
        Self {
            names: BTreeSet::new(),
            rows: Vec::new(),
        }
    }
}

impl<R: Cells> Columns<R> {
    /// Compares a row before and after, and takes it up where it differs.
    fn add(&mut self, id: i64, old: &R, new: R) {
        let mut differs = false;
        for ((name, old), (_, new)) in old.cells().into_iter().zip(new.cells()) {
            if old != new {
                differs = true;
                self.names.insert(name);
            }
        }
        if differs {
            self.rows.push((id, new));
        }
    }

    fn merge(&mut self, other: Self) {
        self.names.extend(other.names);
        self.rows.extend(other.rows);
    }

    /// Writes the rows back, in one statement.
    fn update(self, connection: &mut PgConnection, table: &str) -> Result<(), StoreError> {
        if self.rows.is_empty() {
            return Ok(());
        }
        let rows: Vec<BTreeMap<&str, Cell<'_>>> = self
            .rows
            .iter()
            .map(|(id, row)| {
                let mut cells: BTreeMap<&str, Cell<'_>> = row.cells().into_iter().collect();
                cells.retain(|name, _| self.names.contains(name));
                cells.insert("id", Cell::Id(*id));
                cells
            })
            .collect();
        // Column names are our own, those of the row types; values are bound.
        let set: Vec<String> = self
            .names
            .iter()
            .map(|name| format!("{name} = n.{name}"))
            .collect();
        let text = serde_json::to_string(&rows).map_err(|error| {
            StoreError::Query(diesel::result::Error::SerializationError(error.into()))
        })?;
        diesel::sql_query(format!(
            "UPDATE {table} t SET {} FROM json_populate_recordset(NULL::{table}, $1::json) n \
             WHERE t.id = n.id",
            set.join(", ")
        ))
        .bind::<Text, _>(text)
        .execute(connection)?;
        Ok(())
    }
}

/// Changes versions in place.
///
/// # Errors
/// [`StoreError::Conflict`] where a row is gone; else as the statements. The caller's transaction
/// must then be undone.
pub fn rewrite(connection: &mut PgConnection, rewrites: &[Rewrite<'_>]) -> Result<(), StoreError> {
    if rewrites.is_empty() {
        return Ok(());
    }
    let ids: Vec<i64> = rewrites.iter().map(|it| it.id).collect();
    let stored = by_ids(connection, &ids)?;
    let present = rows(connection, &stored)?;
    rewrite_loaded(connection, &stored, &present, rewrites)
}

/// The same where the rows have been read already, in this transaction.
///
/// # Errors
/// As [`rewrite`].
pub fn rewrite_loaded(
    connection: &mut PgConnection,
    stored: &[StoredTool],
    present: &[StoredRows],
    rewrites: &[Rewrite<'_>],
) -> Result<(), StoreError> {
    let digests: HashMap<i64, Option<&str>> = stored
        .iter()
        .map(|tool| (tool.id, tool.definition_digest.as_deref()))
        .collect();
    let present: HashMap<i64, &StoredRows> =
        stored.iter().map(|tool| tool.id).zip(present).collect();
    let wanted: Vec<ToolRow> = rewrites
        .par_iter()
        .map(|rewrite| {
            let old = present.get(&rewrite.id).ok_or_else(|| {
                StoreError::Conflict(format!(
                    "{} was deleted meanwhile",
                    rewrite.document.label()
                ))
            })?;
            wanted(&old.row, rewrite.document)
        })
        .collect::<Result<_, StoreError>>()?;
    let work = rewrites
        .par_iter()
        .zip(&wanted)
        .fold(Work::default, |mut work, (rewrite, new)| {
            if let Some(old) = present.get(&rewrite.id) {
                let before = ToolColumns {
                    row: &old.row,
                    definition_digest: digests
                        .get(&rewrite.id)
                        .copied()
                        .flatten()
                        .map(str::to_owned),
                };
                let after = ToolColumns {
                    row: new,
                    definition_digest: Some(digest(rewrite.document)),
                };
                work.tools.add(rewrite.id, &before, after);
                work.capabilities_of(rewrite.id, old, new);
            }
            work
        })
        .reduce(Work::default, Work::merge);
    work.carry_out(connection)
}

/// The columns that a definition is to have. Lifecycle fields that it leaves out stay as they are.
fn wanted(old: &ToolRow, document: &Document) -> Result<ToolRow, StoreError> {
    let mut new = row::divide(document)?;
    for field in LIFECYCLE_FIELDS {
        if !document.fields().contains_key(*field) {
            match *field {
                "status" => new.status.clone_from(&old.status),
                "enabled" => new.enabled = old.enabled,
                _ => new.owner.clone_from(&old.owner),
            }
        }
    }
    Ok(new)
}

impl<'a> Work<'a> {
    fn merge(mut self, other: Self) -> Self {
        self.tools.merge(other.tools);
        self.capabilities.merge(other.capabilities);
        self.patterns.merge(other.patterns);
        self.new_capabilities.extend(other.new_capabilities);
        self.new_patterns.extend(other.new_patterns);
        self.gone_capabilities.extend(other.gone_capabilities);
        self.gone_patterns.extend(other.gone_patterns);
        self
    }

    fn capabilities_of(&mut self, tool: i64, old: &'a StoredRows, new: &'a ToolRow) {
        let mut known: HashMap<&str, usize> = old
            .row
            .capabilities
            .iter()
            .enumerate()
            .map(|(index, it)| (it.capability_name.as_str(), index))
            .collect();
        for capability in &new.capabilities {
            match known.remove(capability.capability_name.as_str()) {
                Some(index) => {
                    let id = old.capability_ids[index];
                    let before = &old.row.capabilities[index];
                    self.capabilities.add(id, &before, capability);
                    self.patterns_of(id, before, &old.pattern_ids[index], capability);
                }
                None => self.new_capabilities.push((tool, capability)),
            }
        }
        self.gone_capabilities
            .extend(known.into_values().map(|index| old.capability_ids[index]));
    }

    fn patterns_of(
        &mut self,
        capability: i64,
        old: &'a CapabilityRow,
        ids: &[i64],
        new: &'a CapabilityRow,
    ) {
        let mut known: HashMap<&str, usize> = old
            .patterns
            .iter()
            .enumerate()
            .map(|(index, it)| (it.pattern_name.as_str(), index))
            .collect();
        for pattern in &new.patterns {
            match known.remove(pattern.pattern_name.as_str()) {
                Some(index) => {
                    self.patterns
                        .add(ids[index], &&old.patterns[index], pattern);
                }
                None => self.new_patterns.push((capability, pattern)),
            }
        }
        self.gone_patterns
            .extend(known.into_values().map(|index| ids[index]));
    }

    fn carry_out(mut self, connection: &mut PgConnection) -> Result<(), StoreError> {
        remove(connection, "tool_patterns", &self.gone_patterns)?;
        remove(connection, "tool_capabilities", &self.gone_capabilities)?;
        let patterns = self.new_patterns.len()
            + self
                .new_capabilities
                .iter()
                .map(|(_, it)| it.patterns.len())
                .sum::<usize>();
        if patterns > 0 || !self.new_capabilities.is_empty() {
            let numbers = reserve(connection, 0, self.new_capabilities.len(), patterns)?;
            let made: Vec<NewCapability<'_>> = numbers
                .capabilities
                .iter()
                .zip(&self.new_capabilities)
                .map(|(&id, (tool, row))| NewCapability::new(id, *tool, row))
                .collect();
            for (&id, (_, row)) in numbers.capabilities.iter().zip(&self.new_capabilities) {
                self.new_patterns
                    .extend(row.patterns.iter().map(|pattern| (id, pattern)));
            }
            let made_patterns: Vec<NewPattern<'_>> = numbers
                .patterns
                .iter()
                .zip(&self.new_patterns)
                .map(|(&id, (capability, row))| NewPattern::new(id, *capability, row))
                .collect();
            copy_from(tool_capabilities::table)
                .from_insertable(made)
                .execute(connection)?;
            copy_from(tool_patterns::table)
                .from_insertable(made_patterns)
                .execute(connection)?;
        }
        self.capabilities.update(connection, "tool_capabilities")?;
        self.patterns.update(connection, "tool_patterns")?;
        self.tools.update(connection, "tools")
    }
}

/// Deletes rows of a table of ours by number.
fn remove(connection: &mut PgConnection, table: &str, ids: &[i64]) -> Result<(), StoreError> {
    if !ids.is_empty() {
        diesel::sql_query(format!("DELETE FROM {table} WHERE id = ANY ($1)"))
            .bind::<Array<BigInt>, _>(ids)
            .execute(connection)?;
    }
    Ok(())
}
