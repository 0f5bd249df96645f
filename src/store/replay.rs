//! The audit log replayed: the catalog as it was, and the proof that the log leads to the present.

use std::collections::{BTreeMap, HashMap};

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
    #[diesel(sql_type = Text)]
    version: String,
}

#[derive(QueryableByName)]
struct Last {
    #[diesel(sql_type = Nullable<BigInt>)]
    revision: Option<i64>,
}

/// The last revision that was made at or before that time; `None` where there was none yet.
pub fn revision_at(connection: &mut PgConnection, time: DateTime<Utc>) -> QueryResult<Option<i64>> {
    // Times follow revisions, so the one before the first later change is meant: a revision that
    // was still being made at that time does not count. What bears a time that is yet to come was
    // made before the server's clock was set back, and is no later change.
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

/// The tools with any of those names as they were at a revision, with their definitions.
///
/// # Errors
/// The database's error, if the query fails; [`StoreError::Definition`] where the log holds what cannot be read back.
pub fn state_at(
    connection: &mut PgConnection,
    revision: i64,
    names: &[&str],
) -> Result<Vec<(StoredTool, Document)>, StoreError> {
    let log: Vec<Row> = diesel::sql_query(
        "SELECT entity::text, entity_id, changes, revision, changed_at, changed_by::text, \
                platform || '/' || tool_name || '@' || version AS version \
         FROM tool_audit_log \
         WHERE revision <= $1 AND entity IN ('tool', 'capability', 'pattern') AND tool_name IN ( \
             SELECT was.tool_name FROM tool_audit_log was JOIN tool_audit_log named USING (entity, entity_id) \
             WHERE entity = 'tool' AND named.tool_name = ANY ($2)) \
         ORDER BY revision, id",
    )
    .bind::<BigInt, _>(revision)
    .bind::<Array<Text>, _>(names)
    .load(connection)?;
    // A tool that was renamed by hand is found under each of its names, and kept under the last.
    let (mut tools, mut capabilities, mut patterns) = (Rows::new(), Rows::new(), Rows::new());
    // The log leaves out `updated_at` and `updated_by`, which follow from it: the last revision after
    // that in which the version was made.
    let mut made: HashMap<String, i64> = HashMap::new();
    let mut changed: HashMap<String, (DateTime<Utc>, String)> = HashMap::new();
    for row in log {
        let made = *made.entry(row.version.clone()).or_insert(row.revision);
        if row.revision > made {
            let last = (row.changed_at, row.changed_by.clone());
            changed.insert(row.version.clone(), last);
        }
        let rows = match row.entity.as_str() {
            "tool" => &mut tools,
            "capability" => &mut capabilities,
            _ => &mut patterns,
        };
        apply(rows, row);
    }
    let mut found = Vec::new();
    for fields in tools.into_values() {
        let mut stored: StoredTool = read("a tool in the audit log", fields.clone())?;
        if !names.contains(&stored.tool_name.as_str()) {
            continue;
        }
        let subject = stored.identity().to_string();
        if let Some((at, by)) = changed.remove(&subject) {
            stored.updated_at = at;
            stored.updated_by = by;
        }
        let mut row: ToolRow = read(&subject, fields)?;
        for (id, fields) in of_parent(&capabilities, "tool_id", stored.id) {
            let mut capability: CapabilityRow = read(&subject, fields.clone())?;
            for (_, fields) in of_parent(&patterns, "capability_id", *id) {
                let pattern: PatternRow = read(&subject, fields.clone())?;
                capability.patterns.push(pattern);
            }
            row.capabilities.push(capability);
        }
        let document = row::join(&row);
        found.push((stored, document));
    }
    Ok(found)
}

/// Applies one entry: fields that changed, or a whole row that was made or deleted.
fn apply(rows: &mut Rows, entry: Row) {
    let Value::Object(mut changes) = entry.changes else {
        return;
    };
    if let Some(mut row) = changes.remove(WHOLE_ROW) {
        match row["new"].take() {
            Value::Object(fields) => rows.insert(entry.entity_id, fields),
            _ => rows.remove(&entry.entity_id),
        };
        return;
    }
    let fields = rows.entry(entry.entity_id).or_default();
    for (field, mut change) in changes {
        fields.insert(field, change["new"].take());
    }
}

fn of_parent<'a>(
    rows: &'a Rows,
    field: &'a str,
    parent: i64,
) -> impl Iterator<Item = (&'a i64, &'a Map<String, Value>)> {
    rows.iter()
        .filter(move |(_, fields)| fields.get(field).and_then(Value::as_i64) == Some(parent))
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
    /// Name of the row, where it is known.
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

/// Replays the log from the start against the present state, and follows its hash chain; with a
/// head that was kept, whether nothing before it was rewritten. Call within one snapshot.
pub fn verify(
    connection: &mut PgConnection,
    kept: Option<&Head>,
) -> QueryResult<(Extent, Head, Vec<Discrepancy>)> {
    diesel::sql_query(
        "SELECT set_config('timezone', 'UTC', true), set_config('extra_float_digits', '1', true)",
    )
    .execute(connection)?;
    let extent = diesel::sql_query(
        "SELECT (SELECT count(*) FROM tool_audit_log) AS entries, \
                (SELECT count(*) FROM tools) AS tools, revision FROM catalog_state",
    )
    .get_result(connection)?;
    let mut found: Vec<Discrepancy> = match kept {
        Some(kept) => chain::against(connection, kept)?.into_iter().collect(),
        None => Vec::new(),
    };
    found.extend(chain::breaks(connection)?);
    let replayed: Vec<Discrepancy> =
        diesel::sql_query(include_str!("verify.sql")).load(connection)?;
    found.extend(replayed);
    Ok((extent, chain::head(connection)?, found))
}
