//! The audit log replayed: the catalog as it was, and the proof that the log leads to the present.

use std::collections::{BTreeMap, HashMap, HashSet};

use chrono::{DateTime, Utc};
use diesel::prelude::*;
use diesel::sql_types::{Array, BigInt, Jsonb, Nullable, Text, Timestamptz};
use serde::Serialize;
use serde::de::DeserializeOwned;
use serde_json::{Map, Value};

use super::StoreError;
use super::chain::{self, Head};
use super::tools::StoredTool;
use crate::definition::row::{CapabilityRow, PatternRow, ToolRow};
use crate::definition::{Document, DocumentError, row};

#[derive(QueryableByName)]
struct Row {
    #[diesel(sql_type = Text)]
    entity: String,
    #[diesel(sql_type = BigInt)]
    entity_id: i64,
    #[diesel(sql_type = Jsonb)]
    changes: Value,
    #[diesel(sql_type = BigInt)]
    revision: i64,
    #[diesel(sql_type = Timestamptz)]
    changed_at: DateTime<Utc>,
    #[diesel(sql_type = Text)]
    changed_by: String,
    #[diesel(sql_type = Nullable<Text>)]
    reason: Option<String>,
    #[diesel(sql_type = Text)]
    version: String,
}

#[derive(QueryableByName)]
struct Last {
    #[diesel(sql_type = Nullable<BigInt>)]
    revision: Option<i64>,
}

/// The last revision that was made at or before that time; `None` if there was none yet.
pub fn revision_at(connection: &mut PgConnection, time: DateTime<Utc>) -> QueryResult<Option<i64>> {
    // Times follow revisions, so the one before the first later change is meant: a revision that
    // was still being made at that time does not count. What bears a time that is yet to come was
    // made before the server's clock was set back, and is not a later change.
    diesel::sql_query(
        "SELECT max(revision) AS revision FROM tool_audit_log WHERE revision < coalesce( \
             (SELECT min(revision) FROM tool_audit_log \
              WHERE changed_at > $1 AND changed_at <= clock_timestamp()), \
             9223372036854775807)",
    )
    .bind::<Timestamptz, _>(time)
    .get_result::<Last>(connection)
    .map(|row| row.revision)
}

/// The key under which the log holds a row that was made or deleted as a whole.
pub const WHOLE_ROW: &str = "row";

/// The rows of one table by number, field by field.
type Rows = BTreeMap<i64, Map<String, Value>>;

/// The versions of the tools with any of those names (of all, if none are given) as they were at a revision,
/// with their definitions.
///
/// # Errors
/// The database's error, if the query fails; [`StoreError::Definition`] if the log holds what cannot be read back.
pub fn state_at(
    connection: &mut PgConnection,
    revision: i64,
    names: Option<&[&str]>,
) -> Result<Versions, StoreError> {
    let mut state = State::default();
    for entry in entries(connection, revision, names)? {
        state.apply(entry);
    }
    // A tool that was renamed by hand is found under each of its names, and kept under the last.
    state.versions(|tool| names.is_none_or(|names| names.contains(&tool.tool_name.as_str())))
}

/// A revision, and who made it.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Origin {
    /// Its number.
    pub revision: i64,
    /// When it was made.
    pub changed_at: DateTime<Utc>,
    /// Who acted.
    pub changed_by: String,
    /// Why.
    pub reason: Option<String>,
}

/// Versions of tools with their definitions.
pub type Versions = Vec<(StoredTool, Document)>;

/// What each revision made of the tools with that name: the versions that it made or changed, as they were
/// after it, the oldest first.
///
/// # Errors
/// As [`state_at`].
pub fn history(
    connection: &mut PgConnection,
    name: &str,
) -> Result<Vec<(Origin, Versions)>, StoreError> {
    let mut state = State::default();
    let mut log = entries(connection, i64::MAX, Some(&[name]))?
        .into_iter()
        .peekable();
    let mut history = Vec::new();
    while let Some(entry) = log.next() {
        let origin = Origin {
            revision: entry.revision,
            changed_at: entry.changed_at,
            changed_by: entry.changed_by.clone(),
            reason: entry.reason.clone(),
        };
        let mut touched = HashSet::from([entry.version.clone()]);
        state.apply(entry);
        while let Some(entry) = log.next_if(|it| it.revision == origin.revision) {
            touched.insert(entry.version.clone());
            state.apply(entry);
        }
        let versions = state.versions(|tool| touched.contains(&tool.identity().to_string()))?;
        history.push((origin, versions));
    }
    Ok(history)
}

/// The entries of the log on definitions up to a revision, in their order.
fn entries(
    connection: &mut PgConnection,
    revision: i64,
    names: Option<&[&str]>,
) -> QueryResult<Vec<Row>> {
    diesel::sql_query(
        "SELECT entity::text, entity_id, changes, revision, changed_at, changed_by::text, reason, \
                platform || '/' || tool_name || '@' || version AS version \
         FROM tool_audit_log \
         WHERE revision <= $1 AND entity IN ('tool', 'capability', 'pattern') AND ($2 IS NULL OR tool_name IN ( \
             SELECT was.tool_name FROM tool_audit_log was JOIN tool_audit_log named USING (entity, entity_id) \
             WHERE entity = 'tool' AND named.tool_name = ANY ($2))) \
         ORDER BY revision, id",
    )
    .bind::<BigInt, _>(revision)
    .bind::<Nullable<Array<Text>>, _>(names)
    .load(connection)
}

/// The rows to which the log has led so far.
#[derive(Default)]
struct State {
    tools: Rows,
    capabilities: Rows,
    patterns: Rows,
    /// The revision in which each version was made. The log leaves out `updated_at` and `updated_by`, which
    /// follow from it: the last revision after that.
    made: HashMap<String, i64>,
    changed: HashMap<String, (DateTime<Utc>, String)>,
}

impl State {
    /// Applies one entry: fields that changed, or a whole row that was made or deleted.
    fn apply(&mut self, entry: Row) {
        let made = *(self.made.entry(entry.version.clone())).or_insert(entry.revision);
        if entry.revision > made {
            let last = (entry.changed_at, entry.changed_by);
            self.changed.insert(entry.version, last);
        }
        let Value::Object(mut changes) = entry.changes else {
            return;
        };
        if let Some(mut row) = changes.remove(WHOLE_ROW) {
            match row["new"].take() {
                Value::Object(fields) => self.put(&entry.entity, entry.entity_id, fields),
                _ => drop(self.rows(&entry.entity).remove(&entry.entity_id)),
            }
            return;
        }
        let rows = self.rows(&entry.entity);
        let fields = rows.entry(entry.entity_id).or_default();
        for (field, mut change) in changes {
            fields.insert(field, change["new"].take());
        }
    }

    fn rows(&mut self, entity: &str) -> &mut Rows {
        match entity {
            "tool" => &mut self.tools,
            "capability" => &mut self.capabilities,
            _ => &mut self.patterns,
        }
    }

    /// Puts a row that was made, with those that belong to it: the entry of a tool that was made holds all of it.
    fn put(&mut self, entity: &str, id: i64, mut fields: Map<String, Value>) {
        let below = match entity {
            "tool" => Some(("capabilities", "capability")),
            "capability" => Some(("patterns", "pattern")),
            _ => None,
        };
        if let Some((key, entity)) = below
            && let Some(Value::Array(parts)) = fields.remove(key)
        {
            for part in parts {
                if let Value::Object(part) = part
                    && let Some(id) = part.get("id").and_then(Value::as_i64)
                {
                    self.put(entity, id, part);
                }
            }
        }
        self.rows(entity).insert(id, fields);
    }

    /// The versions that are wanted, by row number.
    fn versions(&self, wanted: impl Fn(&StoredTool) -> bool) -> Result<Versions, StoreError> {
        let capabilities = by_parent(&self.capabilities, "tool_id");
        let patterns = by_parent(&self.patterns, "capability_id");
        let of = |parents: &HashMap<i64, Vec<i64>>, id: i64| parents.get(&id).cloned();
        let mut found = Vec::new();
        for fields in self.tools.values() {
            let mut stored: StoredTool = read("a tool in the audit log", fields.clone())?;
            if !wanted(&stored) {
                continue;
            }
            let subject = stored.identity().to_string();
            if let Some((at, by)) = self.changed.get(&subject) {
                stored.updated_at = *at;
                stored.updated_by.clone_from(by);
            }
            let mut row: ToolRow = read(&subject, fields.clone())?;
            for id in of(&capabilities, stored.id).unwrap_or_default() {
                let fields = self.capabilities[&id].clone();
                let mut capability: CapabilityRow = read(&subject, fields)?;
                for id in of(&patterns, id).unwrap_or_default() {
                    let pattern: PatternRow = read(&subject, self.patterns[&id].clone())?;
                    capability.patterns.push(pattern);
                }
                row.capabilities.push(capability);
            }
            let document = row::join(&row);
            found.push((stored, document));
        }
        Ok(found)
    }
}

/// The numbers of the rows below each row, in order.
fn by_parent(rows: &Rows, field: &str) -> HashMap<i64, Vec<i64>> {
    let mut found: HashMap<i64, Vec<i64>> = HashMap::new();
    for (id, fields) in rows {
        if let Some(parent) = fields.get(field).and_then(Value::as_i64) {
            found.entry(parent).or_default().push(*id);
        }
    }
    found
}

/// Reads a row from its fields.
pub(super) fn read<T: DeserializeOwned>(
    subject: &str,
    fields: Map<String, Value>,
) -> Result<T, StoreError> {
    serde_json::from_value(Value::Object(fields)).map_err(|error| {
        StoreError::Definition(DocumentError {
            subject: subject.to_owned(),
            message: error.to_string(),
        })
    })
}

/// A place where the log and the catalog do not agree.
#[derive(Debug, Clone, PartialEq, Serialize, QueryableByName)]
pub struct Discrepancy {
    /// `present`: the log leads to another value than the catalog holds; `gap`: an entry starts from
    /// another value than the entry before it led to; `unlogged`: a row that the log does not
    /// know; `missing`: a row that the log knows and the catalog does not hold. Of the log itself, with
    /// the revision as its number: `revision`: one that is not there; `time`: one whose time runs
    /// backwards; `chain`: one whose entries are not those that were hashed; `unchained`: an entry
    /// that no hash covers; `rewritten`: the log was another when the head was taken. `latest`: a tool
    /// without a version in use.
    #[diesel(sql_type = Text)]
    pub kind: String,
    /// tool, capability, pattern, ab_test, catalog or log.
    #[diesel(sql_type = Text)]
    pub entity: String,
    /// Number of the row, or the revision.
    #[diesel(sql_type = BigInt)]
    pub entity_id: i64,
    /// Name of the row, if it is known.
    #[diesel(sql_type = Nullable<Text>)]
    pub name: Option<String>,
    /// The field.
    #[diesel(sql_type = Text)]
    pub field: String,
    /// What the log says.
    #[diesel(sql_type = Nullable<Jsonb>)]
    pub logged: Option<Value>,
    /// What the catalog holds, or the next entry starts from.
    #[diesel(sql_type = Nullable<Jsonb>)]
    pub found: Option<Value>,
}

/// What a verification looked at.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, QueryableByName)]
pub struct Extent {
    /// Entries of the log.
    #[diesel(sql_type = BigInt)]
    pub entries: i64,
    /// Versions of tools in the catalog.
    #[diesel(sql_type = BigInt)]
    pub tools: i64,
    /// The revision of the catalog.
    #[diesel(sql_type = BigInt)]
    pub revision: i64,
}

/// Makes values comparable as text to the end of the transaction, and says what there is to verify.
pub fn prepare(connection: &mut PgConnection) -> QueryResult<Extent> {
    diesel::sql_query(
        "SELECT set_config('timezone', 'UTC', true), set_config('extra_float_digits', '1', true)",
    )
    .execute(connection)?;
    diesel::sql_query(
        "SELECT (SELECT count(*) FROM tool_audit_log) AS entries, \
                (SELECT count(*) FROM tools) AS tools, revision FROM catalog_state",
    )
    .get_result(connection)
}

/// Follows the hash chain of the log; with a head that was kept, says whether anything before it was
/// rewritten. `followed` is told of so many more entries. Call within the snapshot of [`prepare`].
pub fn chain(
    connection: &mut PgConnection,
    kept: Option<&Head>,
    followed: &dyn Fn(u64),
) -> QueryResult<Vec<Discrepancy>> {
    let mut found: Vec<Discrepancy> = match kept {
        Some(kept) => chain::against(connection, kept)?.into_iter().collect(),
        None => Vec::new(),
    };
    found.extend(chain::breaks(connection, followed)?);
    Ok(found)
}

/// Replays the log from the start against the present state. Call within the snapshot of [`prepare`].
pub fn state(connection: &mut PgConnection) -> QueryResult<Vec<Discrepancy>> {
    diesel::sql_query(include_str!("verify.sql")).load(connection)
}
