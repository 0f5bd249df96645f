//! The audit log: what was changed, by whom, when and why.

use chrono::{DateTime, Utc};
use diesel::connection::SimpleConnection;
use diesel::dsl::sql;
use diesel::pg::Pg;
use diesel::prelude::*;
use diesel::sql_types::{Array, BigInt, Bool, Nullable, Text, Timestamptz};
use serde::Serialize;
use serde_json::Value;

use super::schema::tool_audit_log;
use super::tools;
use crate::definition::ToolRef;

/// The names of the tools whose definitions those revisions changed.
///
/// # Errors
/// That of the query.
pub fn tools_changed(
    connection: &mut PgConnection,
    from: i64,
    to: i64,
) -> QueryResult<Vec<String>> {
    tool_audit_log::table
        .filter(tool_audit_log::revision.between(from, to))
        .filter(tool_audit_log::entity.eq_any(["tool", "capability", "pattern"]))
        .filter(tool_audit_log::tool_name.is_not_null())
        .select(tool_audit_log::tool_name.assume_not_null())
        .distinct()
        .load(connection)
}

/// What those revisions changed: the kind of each row and its name.
///
/// # Errors
/// That of the query.
pub fn entities_changed(
    connection: &mut PgConnection,
    from: i64,
    to: i64,
) -> QueryResult<Vec<(String, String)>> {
    tool_audit_log::table
        .filter(tool_audit_log::revision.between(from, to))
        .select((tool_audit_log::entity, tool_audit_log::entity_name))
        .distinct()
        .order((tool_audit_log::entity, tool_audit_log::entity_name))
        .load(connection)
}

/// Writes the entries of the tools that this transaction has made so far, each as a whole. Without it they are
/// written at the end of the transaction.
pub(super) fn fold(connection: &mut PgConnection) -> QueryResult<()> {
    connection
        .batch_execute("SET CONSTRAINTS audit_fold IMMEDIATE; SET CONSTRAINTS audit_fold DEFERRED")
}

/// A change of one row, or a tool that was made with all that belongs to it. The serde names are those of `audit`, `watch` and their machine formats.
#[derive(Debug, Clone, PartialEq, Serialize, Queryable, Selectable)]
#[diesel(table_name = tool_audit_log, check_for_backend(Pg))]
pub struct Entry {
    /// Place in the log.
    pub id: i64,
    /// Revision of the catalog that the change made.
    pub revision: i64,
    /// When.
    pub changed_at: DateTime<Utc>,
    /// Who acted.
    pub changed_by: String,
    /// created, updated, deleted, enabled, disabled, ...
    pub action: String,
    /// tool, capability, pattern, ab_test or catalog.
    pub entity: String,
    /// Platform of the tool at the time.
    pub platform: Option<String>,
    /// Name of the tool at the time.
    #[serde(rename = "tool")]
    pub tool_name: Option<String>,
    /// Version of the tool at the time.
    pub version: Option<String>,
    /// Name of what changed: of the tool, or such as `disk_usage.summary` for a pattern.
    pub entity_name: String,
    /// Number of the row that changed.
    pub entity_id: i64,
    /// Field -> {old, new}; row -> {old, new} for a whole row that was made or deleted. The row of a tool that was
    /// made has its `capabilities`, and those their `patterns`.
    pub changes: Value,
    /// Why.
    pub reason: Option<String>,
    /// The database user.
    pub db_user: String,
    /// Address of the client; none on a local socket.
    pub ip_address: Option<String>,
    /// The way it came: cli, api, ui, mcp or psql; none in entries older than that.
    pub via: Option<String>,
    /// The request that it belongs to, where a server made it.
    pub request_id: Option<String>,
    /// The token that was shown, where one was.
    pub token_id: Option<i64>,
}

impl Entry {
    /// `PLATFORM/NAME@VERSION` of the tool concerned; empty if it is the catalog as a whole.
    pub fn tool(&self) -> String {
        if self.tool_name.is_none() {
            return String::new();
        }
        let text = |value: &Option<String>| value.clone().unwrap_or_default();
        format!(
            "{}/{}@{}",
            text(&self.platform),
            text(&self.tool_name),
            text(&self.version)
        )
    }
}

/// Which entries are meant; all conditions must hold.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct EntryFilter {
    /// Of tools with any of these addresses, as they were at the time.
    pub tools: Vec<ToolRef>,
    /// Not before.
    pub since: Option<DateTime<Utc>>,
    /// Not after.
    pub until: Option<DateTime<Utc>>,
    /// By any of these.
    pub actors: Vec<String>,
    /// Any of these.
    pub actions: Vec<String>,
    /// That change this field of a row that was there before, by its path.
    pub field: Option<String>,
    /// Older than this revision and entry.
    pub before: Option<(i64, i64)>,
    /// At most so many, the newest.
    pub limit: Option<i64>,
}

type Condition<'a> =
    Box<dyn BoxableExpression<tool_audit_log::table, Pg, SqlType = Nullable<Bool>> + 'a>;

/// The entries, newest first.
pub fn list(connection: &mut PgConnection, filter: &EntryFilter) -> QueryResult<Vec<Entry>> {
    let mut query = tool_audit_log::table
        .select(Entry::as_select())
        .order((tool_audit_log::revision.desc(), tool_audit_log::id.desc()))
        .into_boxed();
    if !filter.tools.is_empty() {
        query = query.filter(addressed(&filter.tools));
    }
    if let Some(since) = filter.since {
        query = query.filter(tool_audit_log::changed_at.ge(since));
    }
    if let Some(until) = filter.until {
        query = query.filter(tool_audit_log::changed_at.le(until));
    }
    if !filter.actors.is_empty() {
        query = query.filter(tool_audit_log::changed_by.eq_any(&filter.actors));
    }
    if !filter.actions.is_empty() {
        query = query.filter(tool_audit_log::action.eq_any(&filter.actions));
    }
    if let Some(field) = &filter.field {
        let mut keys = field.split('.');
        let first = keys.next().unwrap_or_default().to_owned();
        let rest: Vec<String> = keys.map(str::to_owned).collect();
        query = query.filter(
            sql::<Bool>("changes -> ")
                .bind::<Text, _>(first.clone())
                .sql(" -> 'old' #> ")
                .bind::<Array<Text>, _>(rest.clone())
                .sql(" IS DISTINCT FROM changes -> ")
                .bind::<Text, _>(first)
                .sql(" -> 'new' #> ")
                .bind::<Array<Text>, _>(rest),
        );
    }
    if let Some((revision, id)) = filter.before {
        query = query.filter(
            sql::<Bool>("(revision, id) < (")
                .bind::<BigInt, _>(revision)
                .sql(", ")
                .bind::<BigInt, _>(id)
                .sql(")"),
        );
    }
    if let Some(limit) = filter.limit {
        query = query.limit(limit);
    }
    query.load(connection)
}

fn addressed(references: &[ToolRef]) -> Condition<'_> {
    let mut any: Condition<'_> = Box::new(sql::<Nullable<Bool>>("false"));
    for reading in references.iter().flat_map(ToolRef::readings) {
        let mut all: Condition<'_> = Box::new(tool_audit_log::tool_name.eq(reading.name));
        if let Some(platform) = reading.platform {
            all = Box::new(all.and(tool_audit_log::platform.eq(platform)));
        }
        if let Some(version) = reading.version {
            all = Box::new(all.and(tool_audit_log::version.eq(version)));
        }
        any = Box::new(any.or(all));
    }
    any
}

/// The entries after a place in the log, oldest first, at most `limit`.
pub fn after(
    connection: &mut PgConnection,
    revision: i64,
    id: i64,
    limit: i64,
) -> QueryResult<Vec<Entry>> {
    tool_audit_log::table
        .filter(
            tool_audit_log::revision
                .gt(revision)
                .or(tool_audit_log::revision
                    .eq(revision)
                    .and(tool_audit_log::id.gt(id))),
        )
        .order((tool_audit_log::revision, tool_audit_log::id))
        .limit(limit)
        .select(Entry::as_select())
        .load(connection)
}

/// Whether the log holds that entry; with an entry of `i64::MAX`, whether the catalog has come to that revision. After
/// a restore, a place that a reader has kept may lie beyond the end, or in what another log held there.
pub fn holds(connection: &mut PgConnection, revision: i64, id: i64) -> QueryResult<bool> {
    if id == i64::MAX {
        return Ok(tools::revision(connection)? >= revision);
    }
    diesel::select(diesel::dsl::exists(
        tool_audit_log::table
            .filter(tool_audit_log::revision.eq(revision))
            .filter(tool_audit_log::id.eq(id)),
    ))
    .get_result(connection)
}

/// The newest trace of a restore of the whole catalog.
pub fn last_restore(connection: &mut PgConnection) -> QueryResult<Option<Entry>> {
    tool_audit_log::table
        .filter(tool_audit_log::entity.eq("catalog"))
        .filter(tool_audit_log::action.eq("restored"))
        .order((tool_audit_log::revision.desc(), tool_audit_log::id.desc()))
        .select(Entry::as_select())
        .first(connection)
        .optional()
}

/// One revision of the catalog: a committed change, whatever it comprised.
#[derive(Debug, Clone, PartialEq, Serialize, QueryableByName)]
pub struct Revision {
    /// Its number.
    #[diesel(sql_type = BigInt)]
    pub revision: i64,
    /// When it was made.
    #[diesel(sql_type = Timestamptz)]
    pub changed_at: DateTime<Utc>,
    /// Who acted.
    #[diesel(sql_type = Text)]
    pub changed_by: String,
    /// What was done to tools; to their parts where no tool's own row changed.
    #[diesel(sql_type = Array<Text>)]
    pub actions: Vec<String>,
    /// How many versions of tools it concerned.
    #[diesel(sql_type = BigInt)]
    pub tools: i64,
    /// How many entries it wrote: one for each tool that it made, and for each other row that it changed.
    #[diesel(sql_type = BigInt)]
    pub changes: i64,
    /// One of the tools, the first by name.
    #[diesel(sql_type = Nullable<Text>)]
    pub example: Option<String>,
    /// Why.
    #[diesel(sql_type = Nullable<Text>)]
    pub reason: Option<String>,
}

/// The revisions that concern any of those tools, or all if none is named, newest first, at most
/// `limit`.
pub fn revisions(
    connection: &mut PgConnection,
    tools: &[ToolRef],
    limit: Option<i64>,
) -> QueryResult<Vec<Revision>> {
    let mut of_tools = Vec::new();
    if !tools.is_empty() {
        of_tools = tool_audit_log::table
            .filter(addressed(tools))
            .select(tool_audit_log::revision)
            .distinct()
            .order(tool_audit_log::revision.desc())
            .limit(limit.unwrap_or(i64::MAX))
            .load::<i64>(connection)?;
    }
    diesel::sql_query(
        "SELECT r.revision, max(l.changed_at) AS changed_at, max(l.changed_by)::text AS changed_by, \
                coalesce(array_agg(DISTINCT l.action::text) FILTER (WHERE l.entity IN ('tool', 'ab_test')), \
                         array_agg(DISTINCT l.action::text)) AS actions, \
                count(DISTINCT (l.platform, l.tool_name, l.version)) AS tools, count(*) AS changes, \
                min(l.platform || '/' || l.tool_name || '@' || l.version COLLATE \"C\") AS example, \
                max(l.reason) AS reason \
         FROM (SELECT DISTINCT revision FROM tool_audit_log \
               WHERE $2 OR revision = ANY ($3) ORDER BY revision DESC LIMIT $1) r \
              JOIN tool_audit_log l USING (revision) \
         GROUP BY r.revision ORDER BY r.revision DESC",
    )
    .bind::<Nullable<BigInt>, _>(limit)
    .bind::<Bool, _>(tools.is_empty())
    .bind::<Array<BigInt>, _>(of_tools)
    .load(connection)
}
