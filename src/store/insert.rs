//! Writing new versions of tools: bulk COPY, whatever their number.

use std::collections::{HashMap, HashSet};

use diesel::copy_from;
use diesel::prelude::*;
use diesel::sql_types::{Array, BigInt, Text};
use serde_json::Value;

use super::StoreError;
use super::pattern::PatternRecord;
use super::schema::{tool_capabilities, tool_patterns, tools};
use crate::definition::row::{CapabilityRow, ToolRow};
use crate::definition::{Identity, Version};

#[derive(Insertable)]
#[diesel(table_name = tools, treat_none_as_default_value = false)]
struct NewTool<'a> {
    id: i64,
    tool_name: &'a str,
    version: &'a str,
    description: &'a str,
    platform: &'a str,
    category: &'a str,
    status: &'a str,
    enabled: bool,
    defaults: &'a Value,
    dependencies: &'a Value,
    metadata: &'a Value,
    extra: &'a Value,
    owner: Option<&'a str>,
    definition_digest: &'a str,
    parent_version_id: Option<i64>,
    is_latest: bool,
    created_by: &'a str,
    updated_by: &'a str,
}

#[derive(Insertable)]
#[diesel(table_name = tool_capabilities, treat_none_as_default_value = false)]
pub(super) struct NewCapability<'a> {
    id: i64,
    tool_id: i64,
    capability_name: &'a str,
    description: &'a str,
    extra: &'a Value,
}

impl<'a> NewTool<'a> {
    /// A first version, in use.
    fn new(id: i64, row: &'a ToolRow, digest: &'a str, actor: &'a str) -> Self {
        Self {
            id,
            tool_name: &row.tool_name,
            version: &row.version,
            description: &row.description,
            platform: &row.platform,
            category: &row.category,
            status: &row.status,
            enabled: row.enabled,
            defaults: &row.defaults,
            dependencies: &row.dependencies,
            metadata: &row.metadata,
            extra: &row.extra,
            owner: row.owner.as_deref(),
            definition_digest: digest,
            parent_version_id: None,
            is_latest: true,
            created_by: actor,
            updated_by: actor,
        }
    }
}

impl<'a> NewCapability<'a> {
    pub(super) fn new(id: i64, tool_id: i64, row: &'a CapabilityRow) -> Self {
        Self {
            id,
            tool_id,
            capability_name: &row.capability_name,
            description: &row.description,
            extra: &row.extra,
        }
    }
}

/// A version to be written.
pub struct NewVersion {
    /// Platform, name and version.
    pub identity: Identity,
    /// Whether it becomes the version in use.
    pub latest: bool,
    /// The version that it was made from.
    pub parent: Option<i64>,
}

/// Inserts versions with all that belongs to them, and returns their row numbers. Those that become
/// the version in use take the place of the present one. `divide` makes the rows of some of them, which are
/// asked for part by part; `written` is told how many more are written.
///
/// # Errors
/// The database's error, if a statement fails; the caller's transaction must then be undone.
pub fn insert(
    connection: &mut PgConnection,
    versions: &[NewVersion],
    divide: &(dyn Fn(&[usize]) -> Result<Divided, StoreError> + Sync),
    actor: &str,
    written: &dyn Fn(u64),
) -> Result<Vec<i64>, StoreError> {
    if versions.is_empty() {
        return Ok(Vec::new());
    }
    let ids = reserve(connection, versions.len(), 0, 0)?.tools;
    retire(connection, versions)?;
    let owners = owners(connection, versions)?;
    let parents = parents(versions, &ids);
    let mut order: Vec<usize> = (0..versions.len()).collect();
    order.sort_by_key(|&index| parents.depths[index]);
    let mut parts = order.chunks(PART).peekable();
    let mut divided = parts.peek().map(|part| divide(part));
    while let (Some(part), Some(present)) = (parts.next(), divided.take()) {
        let present = present?;
        let (copied, next) = rayon::join(
            || {
                let tools = part.iter().zip(present.rows.iter().zip(&present.digests));
                let tools = tools.map(|(&index, (row, digest))| {
                    let before = versions[index].parent.and_then(|it| owners.get(&it));
                    let heir = before.map_or(actor, String::as_str);
                    NewTool {
                        parent_version_id: parents.ids[index],
                        is_latest: versions[index].latest,
                        owner: row.owner.as_deref().or(Some(heir)),
                        ..NewTool::new(ids[index], row, digest, actor)
                    }
                });
                present.write(connection, tools.collect())
            },
            || parts.peek().map(|part| divide(part)),
        );
        copied?;
        written(part.len() as u64);
        divided = next;
    }
    Ok(ids)
}

/// Versions that are written together, so that memory holds the rows of these and not of all.
pub(super) const PART: usize = 250;

/// Definitions as rows.
pub struct Divided {
    rows: Vec<ToolRow>,
    digests: Vec<String>,
}

impl From<Vec<(ToolRow, String)>> for Divided {
    /// The rows of each definition, with its digest.
    fn from(divided: Vec<(ToolRow, String)>) -> Self {
        let (rows, digests) = divided.into_iter().unzip();
        Self { rows, digests }
    }
}

impl Divided {
    /// Copies the tools in, and what belongs to them.
    fn write(
        &self,
        connection: &mut PgConnection,
        new_tools: Vec<NewTool<'_>>,
    ) -> Result<(), StoreError> {
        let capabilities = || self.rows.iter().flat_map(|row| &row.capabilities);
        let patterns = capabilities().map(|capability| capability.patterns.len());
        let numbers = reserve(connection, 0, capabilities().count(), patterns.sum())?;
        let mut capability_ids = numbers.capabilities.into_iter();
        let mut pattern_ids = numbers.patterns.into_iter();
        let mut new_capabilities = Vec::with_capacity(capability_ids.len());
        let mut new_patterns = Vec::with_capacity(pattern_ids.len());
        for (row, tool) in self.rows.iter().zip(&new_tools) {
            for (capability, id) in row.capabilities.iter().zip(&mut capability_ids) {
                new_capabilities.push(NewCapability::new(id, tool.id, capability));
                for (pattern, pattern_id) in capability.patterns.iter().zip(&mut pattern_ids) {
                    new_patterns.push(PatternRecord::new(pattern_id, id, pattern));
                }
            }
        }
        copy_from(tools::table)
            .from_insertable(new_tools)
            .execute(connection)?;
        copy_from(tool_capabilities::table)
            .from_insertable(new_capabilities)
            .execute(connection)?;
        copy_from(tool_patterns::table)
            .from_insertable(new_patterns)
            .execute(connection)?;
        // Now, while they are at hand.
        Ok(super::audit::fold(connection)?)
    }
}

/// What versions are made from.
struct Parents {
    ids: Vec<Option<i64>>,
    /// How many of the versions written stand before each in its line: a parent is written first.
    depths: Vec<usize>,
}

/// The parent given, or, for the first versions of a tool, the one before it among those written.
fn parents(versions: &[NewVersion], ids: &[i64]) -> Parents {
    let mut of_tool: HashMap<(&str, &str), Vec<usize>> = HashMap::new();
    for (index, it) in versions.iter().map(|it| &it.identity).enumerate() {
        of_tool
            .entry((&it.platform, &it.name))
            .or_default()
            .push(index);
    }
    let mut parents = Parents {
        ids: versions.iter().map(|version| version.parent).collect(),
        depths: vec![0; versions.len()],
    };
    for mut indices in of_tool.into_values() {
        let version = |index: usize| Version::new(&versions[index].identity.version);
        indices.sort_by(|&a, &b| version(a).cmp(&version(b)));
        for (depth, pair) in indices.windows(2).enumerate() {
            if let &[before, after] = pair {
                parents.depths[after] = depth + 1;
                parents.ids[after] = parents.ids[after].or(Some(ids[before]));
            }
        }
    }
    parents
}

pub(super) struct Numbers {
    pub tools: Vec<i64>,
    pub capabilities: Vec<i64>,
    pub patterns: Vec<i64>,
}

#[derive(QueryableByName)]
struct Reserved {
    #[diesel(sql_type = Array<BigInt>)]
    tools: Vec<i64>,
    #[diesel(sql_type = Array<BigInt>)]
    capabilities: Vec<i64>,
    #[diesel(sql_type = Array<BigInt>)]
    patterns: Vec<i64>,
}

/// Takes row numbers from the sequences, so that parents and children can be copied in blindly.
pub(super) fn reserve(
    connection: &mut PgConnection,
    tools: usize,
    capabilities: usize,
    patterns: usize,
) -> Result<Numbers, StoreError> {
    let count = |n: usize| i64::try_from(n).unwrap_or(i64::MAX);
    let reserved: Reserved = diesel::sql_query(
        "SELECT ARRAY(SELECT nextval(pg_get_serial_sequence('tools', 'id')) \
                      FROM generate_series(1, $1)) AS tools, \
                ARRAY(SELECT nextval(pg_get_serial_sequence('tool_capabilities', 'id')) \
                      FROM generate_series(1, $2)) AS capabilities, \
                ARRAY(SELECT nextval(pg_get_serial_sequence('tool_patterns', 'id')) \
                      FROM generate_series(1, $3)) AS patterns",
    )
    .bind::<BigInt, _>(count(tools))
    .bind::<BigInt, _>(count(capabilities))
    .bind::<BigInt, _>(count(patterns))
    .get_result(connection)?;
    Ok(Numbers {
        tools: reserved.tools,
        capabilities: reserved.capabilities,
        patterns: reserved.patterns,
    })
}

/// The owners of the versions that others are made from: a new version is theirs, whoever writes it.
fn owners(
    connection: &mut PgConnection,
    versions: &[NewVersion],
) -> QueryResult<HashMap<i64, String>> {
    let parents: Vec<i64> = versions.iter().filter_map(|it| it.parent).collect();
    if parents.is_empty() {
        return Ok(HashMap::new());
    }
    let found: Vec<(i64, Option<String>)> = tools::table
        .filter(tools::id.eq_any(parents))
        .select((tools::id, tools::owner))
        .load(connection)?;
    Ok(found
        .into_iter()
        .filter_map(|(id, owner)| Some((id, owner?)))
        .collect())
}

/// Takes the mark of the latest version from the versions that are followed by new ones.
fn retire(connection: &mut PgConnection, versions: &[NewVersion]) -> Result<(), StoreError> {
    let replaced: HashSet<(&str, &str)> = versions
        .iter()
        .filter(|version| version.latest && version.parent.is_some())
        .map(|version| &version.identity)
        .map(|it| (it.platform.as_str(), it.name.as_str()))
        .collect();
    if replaced.is_empty() {
        return Ok(());
    }
    let (platforms, names): (Vec<&str>, Vec<&str>) = replaced.into_iter().unzip();
    diesel::sql_query(
        "UPDATE tools SET is_latest = false \
         WHERE is_latest AND (platform, tool_name) IN (SELECT * FROM unnest($1, $2))",
    )
    .bind::<Array<Text>, _>(platforms)
    .bind::<Array<Text>, _>(names)
    .execute(connection)?;
    Ok(())
}
