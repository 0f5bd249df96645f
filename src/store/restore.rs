//! Bringing deleted tools back from the audit log, with the row numbers they had.

use std::collections::{BTreeSet, HashMap, HashSet};

use chrono::{DateTime, Utc};
use diesel::prelude::*;
use diesel::sql_types::{Array, BigInt, Bool, Jsonb, Nullable, Text, Timestamptz};
use serde_json::{Map, Value};

use super::StoreError;
use super::replay::{WHOLE_ROW, read};
use super::tools::{StoredTool, named};
use crate::definition::{Version, digest};

/// A version of a tool that was deleted and is not in the catalog under its number.
#[derive(Debug, Clone, PartialEq)]
pub struct Deleted {
    /// The revision that deleted it.
    pub revision: i64,
    /// When.
    pub deleted_at: DateTime<Utc>,
    /// By whom.
    pub deleted_by: String,
    /// Why.
    pub reason: Option<String>,
    /// Its last state.
    pub tool: StoredTool,
    /// Names of its capabilities.
    pub capabilities: Vec<String>,
    fields: Map<String, Value>,
}

#[derive(QueryableByName)]
struct Row {
    #[diesel(sql_type = BigInt)]
    revision: i64,
    #[diesel(sql_type = Timestamptz)]
    changed_at: DateTime<Utc>,
    #[diesel(sql_type = Text)]
    changed_by: String,
    #[diesel(sql_type = Nullable<Text>)]
    reason: Option<String>,
    #[diesel(sql_type = Jsonb)]
    changes: Value,
    #[diesel(sql_type = Array<Text>)]
    capabilities: Vec<String>,
}

/// The fields that a row had when it was deleted.
fn before(mut changes: Value) -> Map<String, Value> {
    match changes[WHOLE_ROW]["old"].take() {
        Value::Object(fields) => fields,
        _ => Map::new(),
    }
}

/// The versions that were deleted and are gone, of tools with those names or of all, the last
/// deleted first.
///
/// # Errors
/// The database's error, if the query fails; [`StoreError::Definition`] if the log holds what cannot be read back.
pub fn deleted(
    connection: &mut PgConnection,
    names: Option<&[&str]>,
) -> Result<Vec<Deleted>, StoreError> {
    let rows: Vec<Row> = diesel::sql_query(
        "SELECT * FROM (SELECT DISTINCT ON (l.entity_id) l.entity_id, l.revision, l.changed_at, \
             l.changed_by::text AS changed_by, l.reason, l.changes, \
             ARRAY(SELECT c.entity_name FROM tool_audit_log c \
                   WHERE c.revision = l.revision AND c.entity = 'capability' AND c.action = 'deleted' \
                     AND c.changes -> 'row' -> 'old' -> 'tool_id' = to_jsonb(l.entity_id) \
                   ORDER BY c.entity_id) AS capabilities \
         FROM tool_audit_log l \
         WHERE l.entity = 'tool' AND l.action = 'deleted' \
           AND ($1 OR l.tool_name = ANY ($2)) \
           AND NOT EXISTS (SELECT FROM tools t WHERE t.id = l.entity_id) \
         ORDER BY l.entity_id, l.revision DESC) gone \
         ORDER BY revision DESC, entity_id",
    )
    .bind::<Bool, _>(names.is_none())
    .bind::<Array<Text>, _>(names.unwrap_or_default())
    .load(connection)?;
    rows.into_iter()
        .map(|row| {
            let fields = before(row.changes);
            Ok(Deleted {
                revision: row.revision,
                deleted_at: row.changed_at,
                deleted_by: row.changed_by,
                reason: row.reason,
                tool: read("a deleted tool", fields.clone())?,
                capabilities: row.capabilities,
                fields,
            })
        })
        .collect()
}

#[derive(QueryableByName)]
struct Part {
    #[diesel(sql_type = Text)]
    entity: String,
    #[diesel(sql_type = BigInt)]
    entity_id: i64,
    #[diesel(sql_type = BigInt)]
    parent: i64,
    #[diesel(sql_type = Jsonb)]
    changes: Value,
}

/// Brings versions back with all that belonged to them. Where a tool has no version in use, the one
/// that was in use is again, or else the newest.
///
/// # Errors
/// Those of the statements, also where a version exists again. The caller's transaction must then be
/// undone.
pub fn restore(
    connection: &mut PgConnection,
    wanted: &[Deleted],
    actor: &str,
) -> Result<(), StoreError> {
    if wanted.is_empty() {
        return Ok(());
    }
    let names: Vec<&str> = wanted.iter().map(|it| it.tool.tool_name.as_str()).collect();
    let present = named(connection, &names)?;
    let in_use: HashSet<(&str, &str)> = present
        .iter()
        .filter(|tool| tool.is_latest)
        .map(|tool| (tool.platform.as_str(), tool.tool_name.as_str()))
        .collect();
    let latest = chosen(wanted, &in_use);
    let known = known_parents(connection, wanted)?;
    let tools = wanted.iter().map(|it| {
        let id = it.tool.parent_version_id;
        let is_orphan = id.is_some_and(|id| !known.contains(&id));
        row_of(it, latest.contains(&it.tool.id), is_orphan, actor)
    });
    put_back(connection, "tools", tools.collect())?;
    adopt(connection, wanted)?;
    let restored: HashSet<i64> = wanted.iter().map(|it| it.tool.id).collect();
    let (capabilities, patterns) = parts(connection, wanted, &restored)?;
    put_back(connection, "tool_capabilities", capabilities)?;
    put_back(connection, "tool_patterns", patterns)?;
    renew_digests(connection, &restored)?;
    Ok(())
}

/// The row of a version as it comes back.
fn row_of(deleted: &Deleted, latest: bool, is_orphan: bool, actor: &str) -> Map<String, Value> {
    let mut fields = deleted.fields.clone();
    fields.insert("is_latest".to_owned(), latest.into());
    fields.insert("updated_by".to_owned(), actor.into());
    fields.shift_remove("updated_at");
    if is_orphan {
        fields.insert("parent_version_id".to_owned(), Value::Null);
    }
    fields
}

/// Rows as the log holds them.
type Rows = Vec<Map<String, Value>>;

/// The capabilities and the patterns that the same deletions took away.
fn parts(
    connection: &mut PgConnection,
    wanted: &[Deleted],
    restored: &HashSet<i64>,
) -> QueryResult<(Rows, Rows)> {
    let revisions: Vec<i64> = wanted.iter().map(|it| it.revision).collect();
    let parts: Vec<Part> = diesel::sql_query(
        "SELECT entity::text, entity_id, changes, \
                (changes -> 'row' -> 'old' ->> CASE entity WHEN 'pattern' THEN 'capability_id' ELSE 'tool_id' END)::bigint \
                    AS parent \
         FROM tool_audit_log \
         WHERE revision = ANY ($1) AND action = 'deleted' AND entity IN ('capability', 'pattern') \
         ORDER BY entity_id",
    )
    .bind::<Array<BigInt>, _>(revisions)
    .load(connection)?;
    let mut capabilities = Vec::new();
    let mut patterns = Vec::new();
    let mut of_tool: HashSet<i64> = HashSet::new();
    for part in &parts {
        if part.entity == "capability" && restored.contains(&part.parent) {
            of_tool.insert(part.entity_id);
            capabilities.push(before(part.changes.clone()));
        }
    }
    for part in &parts {
        if part.entity == "pattern" && of_tool.contains(&part.parent) {
            patterns.push(before(part.changes.clone()));
        }
    }
    Ok((capabilities, patterns))
}

/// Writes the digests anew: the deletion of its parts made each version forget its own.
fn renew_digests(connection: &mut PgConnection, restored: &HashSet<i64>) -> QueryResult<()> {
    let ids: Vec<i64> = restored.iter().copied().collect();
    let stored = super::tools::by_ids(connection, &ids)?;
    let documents = super::tools::definitions(connection, &stored)?;
    let ids: Vec<i64> = stored.iter().map(|tool| tool.id).collect();
    let digests: Vec<String> = documents.iter().map(digest).collect();
    diesel::sql_query(
        "UPDATE tools t SET definition_digest = d.digest, digest_at = now() \
         FROM unnest($1, $2) AS d (id, digest) WHERE t.id = d.id",
    )
    .bind::<Array<BigInt>, _>(ids)
    .bind::<Array<Text>, _>(digests)
    .execute(connection)
    .map(drop)
}

/// Makes the versions parents again of those that lost them by the deletion.
fn adopt(connection: &mut PgConnection, wanted: &[Deleted]) -> QueryResult<()> {
    let ids: Vec<i64> = wanted.iter().map(|it| it.tool.id).collect();
    diesel::sql_query(
        "UPDATE tools t SET parent_version_id = (lost.change ->> 'old')::bigint \
         FROM (SELECT DISTINCT ON (l.tool_id) l.tool_id, l.changes -> 'parent_version_id' AS change \
               FROM tools parent JOIN tools child USING (platform, tool_name) \
               JOIN tool_audit_log l ON l.tool_id = child.id \
               WHERE parent.id = ANY ($1) AND child.parent_version_id IS NULL \
                 AND l.entity = 'tool' AND l.changes ? 'parent_version_id' \
               ORDER BY l.tool_id, l.id DESC) lost \
         WHERE t.id = lost.tool_id AND (lost.change ->> 'old')::bigint = ANY ($1)",
    )
    .bind::<Array<BigInt>, _>(ids)
    .execute(connection)
    .map(drop)
}

/// Which of the versions come back as the latest: for each tool that has none, the one that was,
/// or else the newest.
fn chosen(wanted: &[Deleted], in_use: &HashSet<(&str, &str)>) -> HashSet<i64> {
    let mut best: HashMap<(&str, &str), &StoredTool> = HashMap::new();
    for it in wanted {
        let tool = &it.tool;
        let key = (tool.platform.as_str(), tool.tool_name.as_str());
        if in_use.contains(&key) {
            continue;
        }
        let better = best.get(&key).is_none_or(|other| {
            (other.is_latest, Version::new(&other.version))
                < (tool.is_latest, Version::new(&tool.version))
        });
        if better {
            best.insert(key, tool);
        }
    }
    best.into_values().map(|tool| tool.id).collect()
}

/// The parents that exist or come back as well.
fn known_parents(
    connection: &mut PgConnection,
    wanted: &[Deleted],
) -> Result<HashSet<i64>, StoreError> {
    let parents: Vec<i64> = wanted
        .iter()
        .filter_map(|it| it.tool.parent_version_id)
        .collect();
    let mut known: HashSet<i64> = super::tools::by_ids(connection, &parents)?
        .into_iter()
        .map(|tool| tool.id)
        .collect();
    known.extend(wanted.iter().map(|it| it.tool.id));
    Ok(known)
}

#[derive(QueryableByName)]
struct Columns {
    #[diesel(sql_type = Nullable<Array<Text>>)]
    names: Option<Vec<String>>,
}

/// Inserts rows as the log holds them. Columns that the table has got since take their defaults.
fn put_back(
    connection: &mut PgConnection,
    table: &str,
    rows: Vec<Map<String, Value>>,
) -> Result<(), StoreError> {
    let Some(first) = rows.first() else {
        return Ok(());
    };
    let columns: Columns = diesel::sql_query(
        "SELECT array_agg(quote_ident(attname)) AS names FROM pg_attribute \
         WHERE attrelid = $1::regclass AND attnum > 0 AND NOT attisdropped AND attgenerated = ''",
    )
    .bind::<Text, _>(table)
    .get_result(connection)?;
    let present: BTreeSet<String> = columns.names.unwrap_or_default().into_iter().collect();
    let names: Vec<&str> = first
        .keys()
        .filter(|name| present.contains(*name) && rows.iter().all(|row| row.contains_key(*name)))
        .map(String::as_str)
        .collect();
    let list = names.join(", ");
    diesel::sql_query(format!(
        "INSERT INTO {table} ({list}) SELECT {list} FROM jsonb_populate_recordset(NULL::{table}, $1)"
    ))
    .bind::<Jsonb, _>(Value::Array(rows.into_iter().map(Value::Object).collect()))
    .execute(connection)?;
    Ok(())
}
