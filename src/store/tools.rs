//! Tools and their definitions: found, listed, read back.

use std::collections::HashMap;

use chrono::{DateTime, Utc};
use diesel::dsl::{exists, sql};
use diesel::pg::Pg;
use diesel::prelude::*;
use diesel::result::Error as DieselError;
use diesel::sql_types::{BigInt, Bool, Jsonb, Text};
use rayon::prelude::*;
use serde_json::{Value, json};

use super::Act;
use super::pattern::PatternRecord;
use super::schema::{tool_capabilities, tool_patterns, tools};
use crate::definition::row::{CapabilityRow, PatternRow, ToolRow};
use crate::definition::{Document, Identity, ToolRef, row};
use crate::words::near;

/// A row of `tools`.
#[derive(Debug, Clone, PartialEq, Queryable, Selectable, Identifiable, serde::Deserialize)]
#[diesel(table_name = tools, check_for_backend(Pg))]
pub struct StoredTool {
    /// Row number.
    pub id: i64,
    /// Name on the platform.
    pub tool_name: String,
    /// Version of the definition.
    pub version: String,
    /// What it is for.
    pub description: String,
    /// Where it runs.
    pub platform: String,
    /// Kind of tool.
    pub category: String,
    /// active, deprecated, disabled, testing.
    pub status: String,
    /// Whether it may be selected.
    pub enabled: bool,
    /// Values for what patterns leave out.
    pub defaults: Value,
    /// What it needs.
    pub dependencies: Value,
    /// Author, tags, links.
    pub metadata: Value,
    /// What has no column.
    pub extra: Value,
    /// Who answers for it.
    pub owner: Option<String>,
    /// Digest of the definition; none after a change by hand.
    pub definition_digest: Option<String>,
    /// The version it was made from.
    pub parent_version_id: Option<i64>,
    /// Whether it is the version in use.
    pub is_latest: bool,
    /// When it was made.
    pub created_at: DateTime<Utc>,
    /// When it was last changed.
    pub updated_at: DateTime<Utc>,
    /// Who made it.
    pub created_by: String,
    /// Who changed it last.
    pub updated_by: String,
}

impl StoredTool {
    /// Platform, name and version.
    pub fn identity(&self) -> Identity {
        Identity {
            platform: self.platform.clone(),
            name: self.tool_name.clone(),
            version: self.version.clone(),
        }
    }

    /// Its definition with all that its columns say of its life.
    pub fn with_life(&self, mut definition: Document) -> Document {
        let fields = definition.fields_mut();
        fields.insert("status".to_owned(), self.status.clone().into());
        fields.insert("enabled".to_owned(), self.enabled.into());
        fields.insert("owner".to_owned(), self.owner.clone().into());
        definition
    }
}

/// A version of a tool by its row and its name: all that is needed to act on it.
#[derive(Debug, Clone, PartialEq, Eq, Queryable, Selectable)]
#[diesel(table_name = tools, check_for_backend(Pg))]
pub struct Handle {
    /// Row number.
    pub id: i64,
    /// Where it runs.
    pub platform: String,
    /// Name on the platform.
    pub tool_name: String,
    /// Version of the definition.
    pub version: String,
    /// Whether it is the version in use.
    pub is_latest: bool,
}

impl From<&StoredTool> for Handle {
    fn from(tool: &StoredTool) -> Self {
        Self {
            id: tool.id,
            platform: tool.platform.clone(),
            tool_name: tool.tool_name.clone(),
            version: tool.version.clone(),
            is_latest: tool.is_latest,
        }
    }
}

impl Handle {
    /// Platform, name and version.
    pub fn identity(&self) -> Identity {
        Identity {
            platform: self.platform.clone(),
            name: self.tool_name.clone(),
            version: self.version.clone(),
        }
    }
}

/// Which tools are meant. Values of one kind are alternatives; different kinds must all hold.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Filter {
    /// Addresses, of which any may match.
    pub tools: Vec<ToolRef>,
    /// Platforms.
    pub platforms: Vec<String>,
    /// Categories.
    pub categories: Vec<String>,
    /// Statuses.
    pub statuses: Vec<String>,
    /// Tags in the metadata.
    pub tags: Vec<String>,
    /// Capabilities.
    pub capabilities: Vec<String>,
    /// Owners.
    pub owners: Vec<String>,
    /// Only tools that are switched on, or off.
    pub enabled: Option<bool>,
    /// Older versions as well as the latest.
    pub all_versions: bool,
}

impl Filter {
    /// Whether nothing narrows the choice.
    pub fn is_empty(&self) -> bool {
        *self
            == Self {
                all_versions: self.all_versions,
                ..Self::default()
            }
    }
}

impl Filter {
    /// Whether it lets a version through that has this definition, as a query would.
    pub fn allows(&self, tool: &StoredTool, definition: &Document) -> bool {
        let any =
            |list: &[String], value: &str| list.is_empty() || list.iter().any(|it| it == value);
        let latest = self.all_versions || tool.is_latest;
        let named = match self.tools.is_empty() {
            true => latest,
            false => (self.tools.iter().flat_map(ToolRef::readings)).any(|it| {
                it.name == tool.tool_name
                    && it.platform.is_none_or(|it| it == tool.platform)
                    && it.version.map_or(latest, |it| it == tool.version)
            }),
        };
        let tagged = |tag: &String| {
            let tags = tool.metadata.get("tags").and_then(Value::as_array);
            tags.is_some_and(|tags| tags.iter().any(|it| it.as_str() == Some(tag)))
        };
        let offered = definition
            .fields()
            .get("capabilities")
            .and_then(Value::as_object);
        let offers = |name: &String| offered.is_some_and(|it| it.contains_key(name));
        named
            && any(&self.platforms, &tool.platform)
            && any(&self.categories, &tool.category)
            && any(&self.statuses, &tool.status)
            && any(&self.owners, tool.owner.as_deref().unwrap_or_default())
            && self.enabled.is_none_or(|it| it == tool.enabled)
            && self.tags.iter().all(tagged)
            && (self.capabilities.is_empty() || self.capabilities.iter().any(offers))
    }
}

type Query<'a> = tools::BoxedQuery<'a, Pg>;

fn filtered(filter: &Filter) -> Query<'_> {
    let mut query = tools::table.into_boxed();
    if !filter.tools.is_empty() {
        query = query.filter(addressed(&filter.tools, !filter.all_versions));
    } else if !filter.all_versions {
        query = query.filter(tools::is_latest);
    }
    if !filter.platforms.is_empty() {
        query = query.filter(tools::platform.eq_any(&filter.platforms));
    }
    if !filter.categories.is_empty() {
        query = query.filter(tools::category.eq_any(&filter.categories));
    }
    if !filter.statuses.is_empty() {
        query = query.filter(tools::status.eq_any(&filter.statuses));
    }
    if !filter.owners.is_empty() {
        query = query.filter(tools::owner.eq_any(&filter.owners));
    }
    if let Some(enabled) = filter.enabled {
        query = query.filter(tools::enabled.eq(enabled));
    }
    for tag in &filter.tags {
        query =
            query.filter(sql::<Bool>("metadata @> ").bind::<Jsonb, _>(json!({ "tags": [tag] })));
    }
    if !filter.capabilities.is_empty() {
        query = query.filter(exists(
            tool_capabilities::table
                .filter(tool_capabilities::tool_id.eq(tools::id))
                .filter(tool_capabilities::capability_name.eq_any(&filter.capabilities)),
        ));
    }
    query
}

type Condition<'a> = Box<dyn BoxableExpression<tools::table, Pg, SqlType = Bool> + 'a>;

/// Tools that any of the addresses can mean; without a version, the latest or all.
fn addressed<'a>(references: &'a [ToolRef], latest: bool) -> Condition<'a> {
    let mut any: Condition<'a> = Box::new(sql::<Bool>("false"));
    for reading in references.iter().flat_map(ToolRef::readings) {
        let mut all: Condition<'a> = Box::new(tools::tool_name.eq(reading.name));
        if let Some(platform) = reading.platform {
            all = Box::new(all.and(tools::platform.eq(platform)));
        }
        all = match reading.version {
            Some(version) => Box::new(all.and(tools::version.eq(version))),
            None if latest => Box::new(all.and(tools::is_latest)),
            None => all,
        };
        any = Box::new(any.or(all));
    }
    any
}

/// The tools that the filter means, by platform, name and version in byte order.
pub fn list(connection: &mut PgConnection, filter: &Filter) -> QueryResult<Vec<StoredTool>> {
    in_order(filtered(filter))
        .select(StoredTool::as_select())
        .load(connection)
}

/// A place in a list of tools: those after it in the order of the list follow.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Place {
    /// The platform of the last tool before it.
    pub platform: String,
    /// Its name.
    pub tool_name: String,
    /// Its row number.
    pub id: i64,
}

impl From<&StoredTool> for Place {
    fn from(tool: &StoredTool) -> Self {
        Self {
            platform: tool.platform.clone(),
            tool_name: tool.tool_name.clone(),
            id: tool.id,
        }
    }
}

/// At most so many of the tools that the filter means, in the order of [`list`], from that place on.
pub fn page(
    connection: &mut PgConnection,
    filter: &Filter,
    after: Option<&Place>,
    limit: i64,
) -> QueryResult<Vec<StoredTool>> {
    let mut query = in_order(filtered(filter)).limit(limit);
    if let Some(after) = after {
        query = query.filter(
            sql::<Bool>("(platform COLLATE \"C\", tool_name COLLATE \"C\", id) > (")
                .bind::<Text, _>(&after.platform)
                .sql(", ")
                .bind::<Text, _>(&after.tool_name)
                .sql(", ")
                .bind::<BigInt, _>(after.id)
                .sql(")"),
        );
    }
    query.select(StoredTool::as_select()).load(connection)
}

/// How many tools the filter means.
pub fn count(connection: &mut PgConnection, filter: &Filter) -> QueryResult<i64> {
    filtered(filter).count().get_result(connection)
}

/// Whether there is no tool at all.
pub fn none(connection: &mut PgConnection) -> QueryResult<bool> {
    let any: Option<i64> = tools::table
        .select(tools::id)
        .first(connection)
        .optional()?;
    Ok(any.is_none())
}

/// The same, without what they say.
pub fn handles(connection: &mut PgConnection, filter: &Filter) -> QueryResult<Vec<Handle>> {
    in_order(filtered(filter))
        .select(Handle::as_select())
        .load(connection)
}

/// At most so many versions after that row number, by row number.
pub fn handles_after(
    connection: &mut PgConnection,
    id: i64,
    limit: i64,
) -> QueryResult<Vec<Handle>> {
    tools::table
        .filter(tools::id.gt(id))
        .order(tools::id)
        .limit(limit)
        .select(Handle::as_select())
        .load(connection)
}

/// Every version of the tools with any of those names, on whatever platform.
pub fn named(connection: &mut PgConnection, names: &[&str]) -> QueryResult<Vec<StoredTool>> {
    in_order(with_names(names))
        .select(StoredTool::as_select())
        .load(connection)
}

/// The same, without what they say.
pub fn handles_named(connection: &mut PgConnection, names: &[&str]) -> QueryResult<Vec<Handle>> {
    in_order(with_names(names))
        .select(Handle::as_select())
        .load(connection)
}

fn with_names<'a>(names: &'a [&str]) -> Query<'a> {
    tools::table
        .filter(tools::tool_name.eq_any(names))
        .into_boxed()
}

fn in_order(query: Query<'_>) -> Query<'_> {
    query.order((
        sql::<Text>("platform COLLATE \"C\""),
        sql::<Text>("tool_name COLLATE \"C\""),
        tools::id,
    ))
}

/// The names of the capabilities of each tool, in the order of the definition.
pub fn capability_names(
    connection: &mut PgConnection,
    ids: &[i64],
) -> QueryResult<HashMap<i64, Vec<String>>> {
    let rows: Vec<(i64, String)> = tool_capabilities::table
        .filter(tool_capabilities::tool_id.eq_any(ids))
        .order((tool_capabilities::tool_id, tool_capabilities::id))
        .select((
            tool_capabilities::tool_id,
            tool_capabilities::capability_name,
        ))
        .load(connection)?;
    let mut names: HashMap<i64, Vec<String>> = HashMap::new();
    for (tool, name) in rows {
        names.entry(tool).or_default().push(name);
    }
    Ok(names)
}

#[derive(Queryable, Selectable)]
#[diesel(table_name = tool_capabilities, check_for_backend(Pg))]
struct StoredCapability {
    id: i64,
    tool_id: i64,
    capability_name: String,
    description: String,
    extra: Value,
}

/// The rows of one version of a tool, with their numbers.
#[derive(Debug, Clone, PartialEq)]
pub struct StoredRows {
    /// What the columns hold.
    pub row: ToolRow,
    /// The row number of each capability, in the order of the row's.
    pub capability_ids: Vec<i64>,
    /// The row numbers of the patterns of each capability.
    pub pattern_ids: Vec<Vec<i64>>,
}

/// The rows that belong to several versions, as they were sent: understanding them takes longer than
/// receiving them, and needs no connection.
pub struct SentRows {
    capabilities: Vec<StoredCapability>,
    patterns: Vec<PatternRecord<'static>>,
}

impl SentRows {
    /// The rows that belong to those tools, in two statements however many there are.
    pub fn fetch(connection: &mut PgConnection, stored: &[StoredTool]) -> QueryResult<Self> {
        let ids: Vec<i64> = stored.iter().map(|tool| tool.id).collect();
        let capabilities = tool_capabilities::table
            .filter(tool_capabilities::tool_id.eq_any(&ids))
            .order(tool_capabilities::id)
            .select(StoredCapability::as_select())
            .load(connection)?;
        let patterns = tool_patterns::table
            .inner_join(tool_capabilities::table)
            .filter(tool_capabilities::tool_id.eq_any(&ids))
            .order(tool_patterns::id)
            .select(PatternRecord::as_select())
            .load(connection)?;
        Ok(Self {
            capabilities,
            patterns,
        })
    }

    /// The rows of each of those tools, in their order.
    ///
    /// # Errors
    /// [`DieselError::DeserializationError`] if a number does not fit.
    pub fn of(self, stored: &[StoredTool]) -> QueryResult<Vec<StoredRows>> {
        let patterns: Vec<(i64, i64, PatternRow)> = self
            .patterns
            .into_par_iter()
            .map(|pattern| Ok((pattern.capability_id, pattern.id, pattern.into_row()?)))
            .collect::<serde_json::Result<_>>()
            .map_err(|error| DieselError::DeserializationError(error.into()))?;
        let mut by_capability: HashMap<i64, (Vec<i64>, Vec<PatternRow>)> = HashMap::new();
        for (capability, id, row) in patterns {
            let (ids, rows) = by_capability.entry(capability).or_default();
            ids.push(id);
            rows.push(row);
        }
        let mut by_tool: HashMap<i64, StoredRows> = stored
            .iter()
            .map(|tool| {
                let rows = StoredRows {
                    row: tool_row(tool),
                    capability_ids: Vec::new(),
                    pattern_ids: Vec::new(),
                };
                (tool.id, rows)
            })
            .collect();
        for capability in self.capabilities {
            let (ids, patterns) = by_capability.remove(&capability.id).unwrap_or_default();
            if let Some(rows) = by_tool.get_mut(&capability.tool_id) {
                rows.capability_ids.push(capability.id);
                rows.pattern_ids.push(ids);
                rows.row.capabilities.push(CapabilityRow {
                    capability_name: capability.capability_name,
                    description: capability.description,
                    extra: capability.extra,
                    patterns,
                });
            }
        }
        Ok(stored
            .iter()
            .filter_map(|tool| by_tool.remove(&tool.id))
            .collect())
    }
}

/// The rows of those tools, in their order, in two statements however many there are.
pub fn rows(connection: &mut PgConnection, stored: &[StoredTool]) -> QueryResult<Vec<StoredRows>> {
    SentRows::fetch(connection, stored)?.of(stored)
}

fn tool_row(tool: &StoredTool) -> ToolRow {
    ToolRow {
        tool_name: tool.tool_name.clone(),
        version: tool.version.clone(),
        description: tool.description.clone(),
        platform: tool.platform.clone(),
        category: tool.category.clone(),
        status: tool.status.clone(),
        enabled: tool.enabled,
        owner: tool.owner.clone(),
        defaults: tool.defaults.clone(),
        dependencies: tool.dependencies.clone(),
        metadata: tool.metadata.clone(),
        extra: tool.extra.clone(),
        capabilities: Vec::new(),
    }
}

/// The definitions of those tools, in their order, in two statements however many there are.
///
/// # Errors
/// The database's error, if a query fails.
pub fn definitions(
    connection: &mut PgConnection,
    stored: &[StoredTool],
) -> QueryResult<Vec<Document>> {
    let rows = rows(connection, stored)?;
    Ok(rows.par_iter().map(|rows| row::join(&rows.row)).collect())
}

/// The tools of those row numbers.
pub fn by_ids(connection: &mut PgConnection, ids: &[i64]) -> QueryResult<Vec<StoredTool>> {
    tools::table
        .filter(tools::id.eq_any(ids))
        .select(StoredTool::as_select())
        .order(tools::id)
        .load(connection)
}

/// Names near a wrong one, best first: for "did you mean".
pub fn similar_names(connection: &mut PgConnection, name: &str) -> QueryResult<Vec<String>> {
    let names: Vec<String> = tools::table
        .filter(tools::is_latest)
        .select(tools::tool_name)
        .distinct()
        .load(connection)?;
    Ok(near(name, names))
}

/// The number of committed changes that the catalog has seen.
pub fn revision(connection: &mut PgConnection) -> QueryResult<i64> {
    super::schema::catalog_state::table
        .select(super::schema::catalog_state::revision)
        .first(connection)
}

/// The revision to report of an act that began at revision `before`: a dry run leaves the catalog
/// where it was.
pub fn revision_after(connection: &mut PgConnection, act: &Act, before: i64) -> QueryResult<i64> {
    match act.dry_run {
        true => Ok(before),
        false => revision(connection),
    }
}
