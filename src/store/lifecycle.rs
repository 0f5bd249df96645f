//! The life of a tool after its import: switched on and off, its status, its owner, which version
//! is in use, and its end.

use std::collections::{HashMap, HashSet};

use diesel::dsl::sql;
use diesel::prelude::*;
use diesel::sql_types::{Array, BigInt, Text};

use super::StoreError;
use super::schema::tools;
use super::tools::{Handle, StoredTool, by_ids, named};
use crate::definition::{Status, Version};

/// What is to be changed in the life of tools.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Mark {
    /// Let it be selected; one whose status is `disabled` becomes active again.
    Enable,
    /// Keep it from being selected.
    Disable,
    /// Another status.
    Status(Status),
    /// Another owner.
    Owner(String),
    /// Switched off and deprecated, since no definition stands behind it any more.
    Retire,
}

impl Mark {
    /// What the audit log calls the change.
    pub fn action(&self) -> &'static str {
        match self {
            Mark::Enable => "enabled",
            Mark::Disable => "disabled",
            Mark::Status(Status::Active) => "activated",
            Mark::Status(Status::Deprecated) => "deprecated",
            Mark::Status(Status::Disabled) => "disabled",
            Mark::Status(Status::Testing) => "updated",
            Mark::Owner(_) => "owner_changed",
            Mark::Retire => "retired",
        }
    }

    /// Whether the tool is as the mark would make it.
    pub fn is_on(&self, tool: &StoredTool) -> bool {
        match self {
            Mark::Enable => tool.enabled && tool.status != Status::Disabled.as_str(),
            Mark::Disable => !tool.enabled,
            Mark::Status(status) => tool.status == status.as_str(),
            Mark::Owner(owner) => tool.owner.as_ref() == Some(owner),
            Mark::Retire => !tool.enabled && tool.status == Status::Deprecated.as_str(),
        }
    }
}

/// The rows with those numbers as they are now.
///
/// # Errors
/// [`StoreError::Conflict`] if one is gone since it was looked up.
pub fn present(
    connection: &mut PgConnection,
    tools: &[Handle],
) -> Result<Vec<StoredTool>, StoreError> {
    let ids: Vec<i64> = tools.iter().map(|tool| tool.id).collect();
    let mut found: HashMap<i64, StoredTool> = by_ids(connection, &ids)?
        .into_iter()
        .map(|tool| (tool.id, tool))
        .collect();
    tools
        .iter()
        .map(|tool| {
            found.remove(&tool.id).ok_or_else(|| {
                StoreError::Overtaken(format!("{} was deleted meanwhile", tool.identity()))
            })
        })
        .collect()
}

/// The tools that [`mark`] would change.
///
/// # Errors
/// As [`present`].
pub fn to_mark(
    connection: &mut PgConnection,
    selected: &[Handle],
    mark: &Mark,
) -> Result<Vec<StoredTool>, StoreError> {
    let mut changed = present(connection, selected)?;
    changed.retain(|tool| !mark.is_on(tool));
    Ok(changed)
}

/// Marks tools and returns those that were changed; those that are so already are left alone.
///
/// # Errors
/// [`StoreError::Conflict`] if one is gone since it was looked up; else as the statement.
pub fn mark(
    connection: &mut PgConnection,
    selected: &[Handle],
    mark: &Mark,
) -> Result<Vec<StoredTool>, StoreError> {
    let changed = to_mark(connection, selected, mark)?;
    let ids: Vec<i64> = changed.iter().map(|tool| tool.id).collect();
    if ids.is_empty() {
        return Ok(changed);
    }
    // An import retires tools among other things: what is done now is called by its own name.
    diesel::sql_query("SELECT set_config('toolcat.action', $1, true)")
        .bind::<Text, _>(mark.action())
        .execute(connection)?;
    let target = tools::table.filter(tools::id.eq_any(&ids));
    match mark {
        Mark::Enable => diesel::update(target)
            .set((
                tools::enabled.eq(true),
                tools::status.eq(sql(
                    "CASE WHEN status = 'disabled' THEN 'active' ELSE status END",
                )),
            ))
            .execute(connection)?,
        Mark::Disable => diesel::update(target)
            .set(tools::enabled.eq(false))
            .execute(connection)?,
        Mark::Status(status) => diesel::update(target)
            .set(tools::status.eq(status.as_str()))
            .execute(connection)?,
        Mark::Owner(owner) => diesel::update(target)
            .set(tools::owner.eq(owner))
            .execute(connection)?,
        Mark::Retire => diesel::update(target)
            .set((
                tools::enabled.eq(false),
                tools::status.eq(Status::Deprecated.as_str()),
            ))
            .execute(connection)?,
    };
    Ok(changed)
}

/// What stands in the way of deleting a tool, or of taking another version into use.
#[derive(Debug, Clone, PartialEq, Eq, QueryableByName)]
pub struct Ties {
    /// The row.
    #[diesel(sql_type = BigInt)]
    pub id: i64,
    /// Executions recorded.
    #[diesel(sql_type = BigInt)]
    pub executions: i64,
    /// A/B tests that it takes part in, ended ones included.
    #[diesel(sql_type = BigInt)]
    pub tests: i64,
    /// Names of the tests that are running.
    #[diesel(sql_type = Array<Text>)]
    pub running: Vec<String>,
}

/// The ties of those rows; rows without any are left out.
pub fn ties(connection: &mut PgConnection, ids: &[i64]) -> QueryResult<Vec<Ties>> {
    diesel::sql_query(
        "SELECT * FROM (SELECT i.id, \
             (SELECT count(*) FROM tool_telemetry WHERE tool_id = i.id) AS executions, \
             (SELECT count(*) FROM tool_ab_tests WHERE i.id IN (tool_a_id, tool_b_id)) AS tests, \
             ARRAY(SELECT test_name::text FROM tool_ab_tests \
                   WHERE i.id IN (tool_a_id, tool_b_id) AND status = 'active' \
                   ORDER BY test_name COLLATE \"C\") AS running \
         FROM unnest($1) i(id)) ties WHERE executions > 0 OR tests > 0 ORDER BY id",
    )
    .bind::<Array<BigInt>, _>(ids)
    .load(connection)
}

/// Deletes those versions with all that belongs to them; with `purge` also their telemetry and
/// their A/B tests. Where the version in use goes and others stay, its parent takes its place, or
/// else the newest that is left.
///
/// # Errors
/// The database's error, if a statement fails; the caller's transaction must then be undone.
pub fn delete(
    connection: &mut PgConnection,
    gone: &[StoredTool],
    purge: bool,
) -> Result<(), StoreError> {
    let ids: Vec<i64> = gone.iter().map(|tool| tool.id).collect();
    if purge {
        for statement in [
            "DELETE FROM tool_ab_tests WHERE tool_a_id = ANY ($1) OR tool_b_id = ANY ($1)",
            "DELETE FROM tool_telemetry WHERE tool_id = ANY ($1)",
        ] {
            diesel::sql_query(statement)
                .bind::<Array<BigInt>, _>(&ids)
                .execute(connection)?;
        }
    }
    // Children first and all at once; the triggers would delete them tool by tool.
    for statement in [
        "DELETE FROM tool_patterns p USING tool_capabilities c \
         WHERE c.id = p.capability_id AND c.tool_id = ANY ($1)",
        "DELETE FROM tool_capabilities WHERE tool_id = ANY ($1)",
        "DELETE FROM tools WHERE id = ANY ($1)",
    ] {
        diesel::sql_query(statement)
            .bind::<Array<BigInt>, _>(&ids)
            .execute(connection)?;
    }
    succeed(connection, gone)
}

/// Gives each tool that has lost its latest version another one.
fn succeed(connection: &mut PgConnection, gone: &[StoredTool]) -> Result<(), StoreError> {
    let orphaned: Vec<&StoredTool> = gone.iter().filter(|tool| tool.is_latest).collect();
    if orphaned.is_empty() {
        return Ok(());
    }
    let names: Vec<&str> = orphaned
        .iter()
        .map(|tool| tool.tool_name.as_str())
        .collect();
    let left = named(connection, &names)?;
    let mut heirs = Vec::new();
    for tool in orphaned {
        let versions: Vec<&StoredTool> = left
            .iter()
            .filter(|it| it.tool_name == tool.tool_name && it.platform == tool.platform)
            .collect();
        let parent = versions
            .iter()
            .find(|it| Some(it.id) == tool.parent_version_id);
        heirs.extend(parent.or_else(|| newest(&versions)).map(|it| it.id));
    }
    make_latest(connection, &heirs)?;
    Ok(())
}

fn newest<'a, 'b>(versions: &'b [&'a StoredTool]) -> Option<&'b &'a StoredTool> {
    versions
        .iter()
        .max_by(|a, b| Version::new(&a.version).cmp(&Version::new(&b.version)))
}

/// Marks those versions as in use. The tools must not have another one.
fn make_latest(connection: &mut PgConnection, ids: &[i64]) -> QueryResult<usize> {
    if ids.is_empty() {
        return Ok(0);
    }
    diesel::update(tools::table.filter(tools::id.eq_any(ids)))
        .set(tools::is_latest.eq(true))
        .execute(connection)
}

/// What the columns of a version say of its life.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Life<'a> {
    /// active, deprecated, disabled, testing.
    pub status: &'a str,
    /// Whether it may be selected.
    pub enabled: bool,
    /// Who answers for it.
    pub owner: Option<&'a str>,
}

/// Sets what the columns say of a version's life, if they say something else.
///
/// # Errors
/// That of the statement.
pub fn set(connection: &mut PgConnection, id: i64, life: &Life<'_>) -> QueryResult<()> {
    let same = tools::status
        .eq(life.status)
        .and(tools::enabled.eq(life.enabled))
        .and(tools::owner.is_not_distinct_from(life.owner));
    diesel::update(tools::table.find(id).filter(diesel::dsl::not(same)))
        .set((
            tools::status.eq(life.status),
            tools::enabled.eq(life.enabled),
            tools::owner.eq(life.owner),
        ))
        .execute(connection)
        .map(drop)
}

/// Every version of a tool, newest first.
pub fn versions(
    connection: &mut PgConnection,
    platform: &str,
    name: &str,
) -> QueryResult<Vec<StoredTool>> {
    let mut versions = named(connection, &[name])?;
    versions.retain(|tool| tool.platform == platform);
    versions.sort_by(|a, b| Version::new(&b.version).cmp(&Version::new(&a.version)));
    Ok(versions)
}

/// Takes another version of the same tool into use.
///
/// # Errors
/// [`StoreError::Conflict`] if the version in use is another by now, or one is gone.
pub fn roll_back(
    connection: &mut PgConnection,
    from: &StoredTool,
    to: &StoredTool,
) -> Result<(), StoreError> {
    let now = present(connection, &[from.into(), to.into()])?;
    if !now[0].is_latest {
        return Err(StoreError::Conflict(format!(
            "{} is no longer the latest version: it was changed meanwhile",
            from.identity()
        )));
    }
    diesel::update(tools::table.find(from.id))
        .set(tools::is_latest.eq(false))
        .execute(connection)?;
    make_latest(connection, &[to.id])?;
    Ok(())
}

/// The latest versions on those platforms and with those tags, without the tools named,
/// and not retired yet: what a folder that is the whole truth no longer holds.
pub fn no_longer_held(
    connection: &mut PgConnection,
    scope: &super::tools::Filter,
    held: &HashSet<(&str, &str)>,
) -> QueryResult<Vec<StoredTool>> {
    let mut found = super::tools::list(connection, scope)?;
    found.retain(|tool| {
        !held.contains(&(tool.platform.as_str(), tool.tool_name.as_str()))
            && !Mark::Retire.is_on(tool)
    });
    Ok(found)
}
