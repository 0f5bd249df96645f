//! Changing versions of tools in place: only the rows and columns that differ, in bulk.
//!
//! Capabilities and patterns are matched by name and keep their row numbers, so that telemetry
//! stays with the pattern it belongs to.

use std::collections::{BTreeMap, HashMap};

use diesel::copy_from;
use diesel::prelude::*;
use diesel::sql_types::{Array, BigInt, Text};
use rayon::prelude::*;

use super::StoreError;
use super::index::{Renewal, WORDLESS};
use super::insert::{NewCapability, reserve};
use super::pattern::PatternRecord;
use super::schema::{tool_capabilities, tool_patterns};
use super::tools::{StoredRows, StoredTool, by_ids, rows};
use crate::definition::cells::{Cell, Cells};
use crate::definition::row::{self, CapabilityRow, PatternRow, ToolRow};
use crate::definition::{LIFECYCLE_FIELDS, ValidDefinition, digest};

/// A version and the definition that it is to have.
#[derive(Debug, Clone, Copy)]
pub struct Rewrite<'a> {
    /// The row.
    pub id: i64,
    /// The new definition. Lifecycle fields that it leaves out stay as they are.
    pub document: &'a ValidDefinition,
}

/// What a version is to become.
#[derive(Debug)]
pub struct Wanted {
    id: i64,
    row: ToolRow,
    digest: String,
}

impl Wanted {
    /// The columns that a definition is to have, given those of the version as it stands: lifecycle
    /// fields that the definition leaves out stay as they are.
    ///
    /// # Errors
    /// [`StoreError::Definition`] if it cannot be divided; a validated one can.
    pub fn new(id: i64, old: &ToolRow, document: &ValidDefinition) -> Result<Self, StoreError> {
        let mut row = row::divide(document)?;
        for field in LIFECYCLE_FIELDS {
            if !document.fields().contains_key(*field) {
                match *field {
                    "status" => row.status.clone_from(&old.status),
                    "enabled" => row.enabled = old.enabled,
                    _ => row.owner.clone_from(&old.owner),
                }
            }
        }
        let digest = digest(document);
        Ok(Self { id, row, digest })
    }
}

/// What rewrites come to, table by table: worked out without the database, and apart from the
/// definitions that it came from.
#[derive(Debug)]
pub struct Work {
    gone_patterns: Vec<i64>,
    gone_capabilities: Vec<i64>,
    new_capabilities: Vec<(i64, CapabilityRow)>,
    /// Patterns of a capability that exists, by its row.
    new_patterns: Vec<(i64, PatternRow)>,
    /// Goes first: a tool's digest stands for what is written after it.
    tools: Option<Update>,
    updates: Vec<Update>,
    /// What selection reads of the tools, where no more of it changes.
    entries: Renewal,
}

/// Rows of one table and the columns that are set in them, as one statement takes them.
#[derive(Debug)]
struct Update {
    table: &'static str,
    /// The names of the columns, and their SQL types.
    columns: BTreeMap<&'static str, &'static str>,
    /// What says when and by whom the rows were changed.
    marks: &'static [&'static str],
    /// A JSON array of objects.
    rows: String,
}

/// What triggers would otherwise be called to say, row by row.
const CHANGED_NOW: &str = "updated_at = now()";
const CHANGED_BY: &str = "updated_by = audit_actor()";
const DIGEST_NOW: &str = "digest_at = now()";

/// The rows that differ.
#[derive(Default)]
struct Comparison<'a> {
    tools: Columns<ToolColumns<'a>>,
    capabilities: Columns<&'a CapabilityRow>,
    patterns: Columns<&'a PatternRow>,
    new_capabilities: Vec<(i64, &'a CapabilityRow)>,
    new_patterns: Vec<(i64, &'a PatternRow)>,
    gone_capabilities: Vec<i64>,
    gone_patterns: Vec<i64>,
}

struct ToolColumns<'a> {
    row: &'a ToolRow,
    definition_digest: Option<&'a str>,
}

impl Cells for ToolColumns<'_> {
    fn cells(&self) -> Vec<(&'static str, Cell<'_>)> {
        let mut cells = self.row.cells();
        let digest = Cell::OptionalText(self.definition_digest);
        cells.push(("definition_digest", digest));
        cells
    }
}

/// Rows of one table to be changed, and the columns in which any of them differs.
struct Columns<R> {
    /// The names of the columns, and their SQL types.
    names: BTreeMap<&'static str, &'static str>,
    rows: Vec<(i64, R)>,
}

impl<R> Default for Columns<R> {
    fn default() -> Self {
        Self {
            names: BTreeMap::new(),
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
                self.names.insert(name, new.sql_type());
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

    /// The statement that writes the rows back; none if no row differs.
    fn update(
        &self,
        table: &'static str,
        marks: &'static [&'static str],
    ) -> Result<Option<Update>, serde_json::Error>
    where
        R: Sync,
    {
        if self.rows.is_empty() {
            return Ok(None);
        }
        let rows: Vec<String> = self
            .rows
            .par_iter()
            .map(|(id, row)| {
                let mut cells = row.cells();
                cells.retain(|(name, _)| self.names.contains_key(name));
                cells.push(("id", Cell::Id(*id)));
                serde_json::to_string(&cells.into_iter().collect::<BTreeMap<_, _>>())
            })
            .collect::<Result<_, _>>()?;
        Ok(Some(Update {
            table,
            columns: self.names.clone(),
            marks,
            rows: format!("[{}]", rows.join(",")),
        }))
    }
}

impl Update {
    fn execute(&self, connection: &mut PgConnection) -> QueryResult<()> {
        // Names of tables and columns are our own, those of the row types; values are bound.
        let mut set: Vec<String> = (self.columns.keys())
            .map(|name| format!("{name} = n.{name}"))
            .collect();
        set.extend(self.marks.iter().map(|mark| (*mark).to_owned()));
        let types: Vec<String> = (self.columns.iter())
            .map(|(name, sql_type)| format!("{name} {sql_type}"))
            .collect();
        let (table, set, types) = (self.table, set.join(", "), types.join(", "));
        diesel::sql_query(format!(
            "UPDATE {table} t SET {set} FROM json_to_recordset($1::json) AS n (id bigint, {types}) \
             WHERE t.id = n.id",
        ))
        .bind::<Text, _>(&self.rows)
        .execute(connection)
        .map(drop)
    }
}

/// Changes versions in place.
///
/// # Errors
/// [`StoreError::Overtaken`] if a row is gone; else as the statements. The caller's transaction
/// must then be undone.
pub fn rewrite(connection: &mut PgConnection, rewrites: &[Rewrite<'_>]) -> Result<(), StoreError> {
    if rewrites.is_empty() {
        return Ok(());
    }
    let ids: Vec<i64> = rewrites.iter().map(|it| it.id).collect();
    let stored = by_ids(connection, &ids)?;
    let present = rows(connection, &stored)?;
    let by_id: HashMap<i64, &StoredRows> = stored.iter().map(|it| it.id).zip(&present).collect();
    let wanted = rewrites
        .par_iter()
        .map(|rewrite| {
            let old = by_id.get(&rewrite.id).ok_or_else(|| {
                StoreError::Overtaken(format!(
                    "{} was deleted meanwhile",
                    rewrite.document.label()
                ))
            })?;
            Wanted::new(rewrite.id, &old.row, rewrite.document)
        })
        .collect::<Result<Vec<_>, StoreError>>()?;
    Work::new(&stored, &present, &wanted)?.carry_out(connection)
}

/// The entries of the versions in use.
fn entries(
    present: &HashMap<i64, (&StoredTool, &StoredRows)>,
    wanted: &[Wanted],
) -> serde_json::Result<Renewal> {
    let renewed = |mut entries: Renewal, new: &Wanted| {
        if let Some((tool, old)) = present.get(&new.id)
            && tool.is_latest
            && names(&old.row).eq(names(&new.row))
        {
            entries.add_definition(new.id, &new.row)?;
        }
        Ok(entries)
    };
    wanted
        .par_iter()
        .try_fold(Renewal::default, renewed)
        .try_reduce(Renewal::default, |a, b| Ok(a.merge(b)))
}

/// The names of capabilities and patterns, in their order.
fn names(row: &ToolRow) -> impl Iterator<Item = (&str, &str)> {
    row.capabilities.iter().flat_map(|capability| {
        let patterns = capability.patterns.iter();
        patterns.map(|it| {
            (
                capability.capability_name.as_str(),
                it.pattern_name.as_str(),
            )
        })
    })
}

impl<'a> Comparison<'a> {
    /// Whether the words of every tool stay as they are, and the rows that they are found by.
    fn leaves_words(&self) -> bool {
        let mut columns = (self.tools.names.keys())
            .chain(self.capabilities.names.keys())
            .chain(self.patterns.names.keys());
        columns.all(|name| WORDLESS.contains(name))
            && self.new_capabilities.is_empty()
            && self.new_patterns.is_empty()
            && self.gone_capabilities.is_empty()
            && self.gone_patterns.is_empty()
    }

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

    fn tool(&mut self, stored: &'a StoredTool, old: &'a StoredRows, new: &'a Wanted) {
        let before = ToolColumns {
            row: &old.row,
            definition_digest: stored.definition_digest.as_deref(),
        };
        let after = ToolColumns {
            row: &new.row,
            definition_digest: Some(&new.digest),
        };
        self.tools.add(new.id, &before, after);
        self.capabilities_of(new.id, old, &new.row);
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
}

impl Work {
    /// Compares rows as they stand with what they are to become.
    ///
    /// # Errors
    /// If a row cannot be written as JSON, which its types exclude.
    pub fn new(
        stored: &[StoredTool],
        present: &[StoredRows],
        wanted: &[Wanted],
    ) -> Result<Self, StoreError> {
        let present: HashMap<i64, (&StoredTool, &StoredRows)> = stored
            .iter()
            .zip(present)
            .map(|(tool, rows)| (tool.id, (tool, rows)))
            .collect();
        let found = wanted
            .par_iter()
            .fold(Comparison::default, |mut found, new| {
                if let Some((tool, old)) = present.get(&new.id) {
                    found.tool(tool, old, new);
                }
                found
            })
            .reduce(Comparison::default, Comparison::merge);
        let entries = match found.leaves_words() {
            true => entries(&present, wanted),
            false => Ok(Renewal::default()),
        };
        let updates = || -> Result<Vec<Update>, serde_json::Error> {
            let updates = [
                found.capabilities.update("tool_capabilities", &[])?,
                found.patterns.update("tool_patterns", &[CHANGED_NOW])?,
            ];
            Ok(updates.into_iter().flatten().collect())
        };
        let marks = &[CHANGED_NOW, CHANGED_BY, DIGEST_NOW];
        let unwritable = |error: serde_json::Error| {
            StoreError::Query(diesel::result::Error::SerializationError(error.into()))
        };
        let tools = found.tools.update("tools", marks).map_err(unwritable)?;
        let updates = updates().map_err(unwritable)?;
        let entries = entries.map_err(unwritable)?;
        Ok(Self {
            gone_patterns: found.gone_patterns,
            gone_capabilities: found.gone_capabilities,
            new_capabilities: owned(found.new_capabilities),
            new_patterns: owned(found.new_patterns),
            tools,
            updates,
            entries,
        })
    }

    /// Writes what differs.
    ///
    /// # Errors
    /// The database's error, if a statement fails; the caller's transaction must then be undone.
    pub fn carry_out(&self, connection: &mut PgConnection) -> Result<(), StoreError> {
        if let Some(update) = &self.tools {
            update.execute(connection)?;
        }
        remove(connection, "tool_patterns", &self.gone_patterns)?;
        remove(connection, "tool_capabilities", &self.gone_capabilities)?;
        self.add(connection)?;
        for update in &self.updates {
            update.execute(connection)?;
        }
        Ok(self.entries.execute(connection)?)
    }

    fn add(&self, connection: &mut PgConnection) -> Result<(), StoreError> {
        let mut new_patterns: Vec<(i64, &PatternRow)> = self
            .new_patterns
            .iter()
            .map(|(id, row)| (*id, row))
            .collect();
        let inside = self
            .new_capabilities
            .iter()
            .map(|(_, it)| it.patterns.len());
        let patterns = new_patterns.len() + inside.sum::<usize>();
        if patterns == 0 && self.new_capabilities.is_empty() {
            return Ok(());
        }
        let numbers = reserve(connection, 0, self.new_capabilities.len(), patterns)?;
        let made: Vec<NewCapability<'_>> = numbers
            .capabilities
            .iter()
            .zip(&self.new_capabilities)
            .map(|(&id, (tool, row))| NewCapability::new(id, *tool, row))
            .collect();
        for (&id, (_, row)) in numbers.capabilities.iter().zip(&self.new_capabilities) {
            new_patterns.extend(row.patterns.iter().map(|pattern| (id, pattern)));
        }
        let made_patterns: Vec<PatternRecord<'_>> = numbers
            .patterns
            .iter()
            .zip(&new_patterns)
            .map(|(&id, (capability, row))| PatternRecord::new(id, *capability, row))
            .collect();
        copy_from(tool_capabilities::table)
            .from_insertable(made)
            .execute(connection)?;
        copy_from(tool_patterns::table)
            .from_insertable(made_patterns)
            .execute(connection)?;
        Ok(())
    }
}

fn owned<T: Clone>(rows: Vec<(i64, &T)>) -> Vec<(i64, T)> {
    rows.into_iter()
        .map(|(id, row)| (id, row.clone()))
        .collect()
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
