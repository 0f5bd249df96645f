//! Importing definitions: a plan against the catalog, then bulk writes.
//!
//! The number of statements does not depend on the number of definitions: one reads what is there,
//! one reserves row numbers, one retires what was the latest, and three COPY the rows in.

use std::cmp::Ordering;
use std::collections::{HashMap, HashSet};

use diesel::copy_from;
use diesel::prelude::*;
use diesel::sql_types::{Array, BigInt, Bool, Nullable, Text};
use serde_json::Value;

use super::StoreError;
use super::schema::{tool_capabilities, tool_patterns, tools};
use super::tools::{StoredTool, definitions};
use crate::definition::diff::{Change, diff};
use crate::definition::row::{self, ToolRow};
use crate::definition::{Document, Identity, LIFECYCLE_FIELDS, Version, digest};

/// What is to be done with one definition.
#[derive(Debug, Clone, PartialEq)]
pub enum Step {
    /// Not in the catalog; `latest` where it becomes the version in use.
    Create {
        /// Whether it becomes the version in use.
        latest: bool,
    },
    /// In the catalog already, with the same content.
    Unchanged,
    /// In the catalog already under this version, with other content.
    Conflict {
        /// The row that differs.
        id: i64,
        /// What differs, from the catalog to the file.
        changes: Vec<Change>,
    },
}

/// The plan of an import, one step for each definition, in their order.
#[derive(Debug, Clone, PartialEq)]
pub struct Plan {
    /// The steps.
    pub steps: Vec<Step>,
    /// Parent of each created version: the version that was the latest.
    parents: Vec<Option<i64>>,
}

#[derive(QueryableByName)]
struct Present {
    #[diesel(sql_type = BigInt)]
    id: i64,
    #[diesel(sql_type = Text)]
    platform: String,
    #[diesel(sql_type = Text)]
    tool_name: String,
    #[diesel(sql_type = Text)]
    version: String,
    #[diesel(sql_type = Nullable<Text>)]
    definition_digest: Option<String>,
    #[diesel(sql_type = Text)]
    status: String,
    #[diesel(sql_type = Bool)]
    enabled: bool,
    #[diesel(sql_type = Nullable<Text>)]
    owner: Option<String>,
    #[diesel(sql_type = Bool)]
    is_latest: bool,
}

/// Compares definitions with the catalog. Each must have an identity, and no two the same one.
///
/// # Errors
/// As the queries.
pub fn plan(connection: &mut PgConnection, documents: &[Document]) -> Result<Plan, StoreError> {
    let identities: Vec<Identity> = documents
        .iter()
        .map(|document| identity(document))
        .collect::<Result<_, _>>()?;
    let present = present(connection, &identities)?;
    let mut versions: HashMap<(&str, &str), Vec<&Present>> = HashMap::new();
    for row in &present {
        versions
            .entry((&row.platform, &row.tool_name))
            .or_default()
            .push(row);
    }
    let newest = newest_of(&identities);
    let mut steps = Vec::with_capacity(documents.len());
    let mut parents = Vec::with_capacity(documents.len());
    let mut to_compare = Vec::new();
    for (index, (document, identity)) in documents.iter().zip(&identities).enumerate() {
        let key = (identity.platform.as_str(), identity.name.as_str());
        let known = versions.get(&key).map_or(&[][..], Vec::as_slice);
        let latest = known.iter().find(|row| row.is_latest);
        parents.push(latest.map(|row| row.id));
        steps.push(
            match known.iter().find(|row| row.version == identity.version) {
                Some(row) if is_unchanged(row, document) => Step::Unchanged,
                Some(row) => {
                    to_compare.push((index, row.id));
                    Step::Conflict {
                        id: row.id,
                        changes: Vec::new(),
                    }
                }
                None => {
                    let version = Version::new(&identity.version);
                    let newer = latest.is_none_or(|row| Version::new(&row.version) < version);
                    Step::Create {
                        latest: newer && newest.get(&key) == Some(&identity.version.as_str()),
                    }
                }
            },
        );
    }
    compare(connection, documents, &to_compare, &mut steps)?;
    Ok(Plan { steps, parents })
}

/// The newest version of each tool among those to be imported: only one can become the latest.
fn newest_of(identities: &[Identity]) -> HashMap<(&str, &str), &str> {
    let mut newest: HashMap<(&str, &str), &str> = HashMap::new();
    for identity in identities {
        let best = newest
            .entry((&identity.platform, &identity.name))
            .or_insert(&identity.version);
        if Version::new(&identity.version).cmp(&Version::new(best)) == Ordering::Greater {
            *best = &identity.version;
        }
    }
    newest
}

fn identity(document: &Document) -> Result<Identity, StoreError> {
    document.identity().ok_or_else(|| {
        StoreError::Definition(crate::definition::DocumentError {
            subject: document.label(),
            message: "platform, tool_name and version must be given".to_owned(),
        })
    })
}

fn present(
    connection: &mut PgConnection,
    identities: &[Identity],
) -> Result<Vec<Present>, StoreError> {
    let mut names: Vec<&str> = identities.iter().map(|it| it.name.as_str()).collect();
    names.sort_unstable();
    names.dedup();
    Ok(diesel::sql_query(
        "SELECT id, platform, tool_name, version, definition_digest::text, status, enabled, owner, \
                is_latest \
         FROM tools WHERE tool_name = ANY ($1)",
    )
    .bind::<Array<Text>, _>(names)
    .load(connection)?)
}

/// By digest for what the definition says, and by column for where it stands in its life; a file
/// that does not mention a lifecycle field has no opinion on it.
fn is_unchanged(row: &Present, document: &Document) -> bool {
    let lifecycle = |field: &str| -> Value {
        match field {
            "status" => Value::from(row.status.as_str()),
            "enabled" => Value::from(row.enabled),
            _ => row.owner.as_deref().map_or(Value::Null, Value::from),
        }
    };
    row.definition_digest.as_deref() == Some(digest(document).as_str())
        && LIFECYCLE_FIELDS.iter().all(|&field| {
            document
                .fields()
                .get(field)
                .is_none_or(|value| *value == lifecycle(field))
        })
}

/// Finds what differs field by field; a digest that was forgotten may turn out to be unchanged.
fn compare(
    connection: &mut PgConnection,
    documents: &[Document],
    to_compare: &[(usize, i64)],
    steps: &mut [Step],
) -> Result<(), StoreError> {
    if to_compare.is_empty() {
        return Ok(());
    }
    let ids: Vec<i64> = to_compare.iter().map(|(_, id)| *id).collect();
    let stored: Vec<StoredTool> = tools::table
        .filter(tools::id.eq_any(&ids))
        .select(StoredTool::as_select())
        .load(connection)?;
    let present = definitions(connection, &stored)?;
    let by_id: HashMap<i64, &Document> = stored.iter().map(|tool| tool.id).zip(&present).collect();
    for (index, id) in to_compare {
        let Some(present) = by_id.get(id) else {
            continue;
        };
        let mut old = (*present).clone();
        for field in LIFECYCLE_FIELDS {
            if !documents[*index].fields().contains_key(*field) {
                old.fields_mut().shift_remove(*field);
            }
        }
        let changes = diff(&old.to_value(), &documents[*index].to_value());
        steps[*index] = if changes.is_empty() {
            Step::Unchanged
        } else {
            Step::Conflict { id: *id, changes }
        };
    }
    Ok(())
}

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
struct NewCapability<'a> {
    id: i64,
    tool_id: i64,
    capability_name: &'a str,
    description: &'a str,
    extra: &'a Value,
}

#[derive(Insertable)]
#[diesel(table_name = tool_patterns, treat_none_as_default_value = false)]
struct NewPattern<'a> {
    id: i64,
    capability_id: i64,
    pattern_name: &'a str,
    description: &'a str,
    typical_use_cases: &'a Value,
    time_estimate_ms: &'a str,
    cost_estimate: &'a str,
    complexity_score: f64,
    scope: &'a str,
    completeness: &'a str,
    limitations: &'a Value,
    policy: &'a Value,
    preference_match: &'a Value,
    required_inputs: &'a Value,
    optional_inputs: &'a Value,
    expected_outputs: &'a Value,
    examples: &'a Value,
    extra: &'a Value,
}

/// A version to be written.
pub struct NewVersion<'a> {
    /// Its definition.
    pub document: &'a Document,
    /// Whether it becomes the version in use.
    pub latest: bool,
    /// The version that it was made from.
    pub parent: Option<i64>,
}

/// Writes what the plan creates. Conflicts must have been dealt with before.
///
/// # Errors
/// As the statements; the caller's transaction must then be undone.
pub fn create(
    connection: &mut PgConnection,
    documents: &[Document],
    plan: &Plan,
    actor: &str,
) -> Result<usize, StoreError> {
    let versions: Vec<NewVersion<'_>> = documents
        .iter()
        .zip(&plan.steps)
        .zip(&plan.parents)
        .filter_map(|((document, step), parent)| match step {
            Step::Create { latest } => Some(NewVersion {
                document,
                latest: *latest,
                parent: *parent,
            }),
            _ => None,
        })
        .collect();
    insert(connection, &versions, actor)?;
    Ok(versions.len())
}

/// Inserts versions with all that belongs to them, and returns their row numbers. Those that become
/// the version in use take the place of the present one.
///
/// # Errors
/// As the statements; the caller's transaction must then be undone.
pub fn insert(
    connection: &mut PgConnection,
    versions: &[NewVersion<'_>],
    actor: &str,
) -> Result<Vec<i64>, StoreError> {
    if versions.is_empty() {
        return Ok(Vec::new());
    }
    let rows: Vec<ToolRow> = versions
        .iter()
        .map(|version| row::divide(version.document))
        .collect::<Result<_, _>>()?;
    let digests: Vec<String> = versions
        .iter()
        .map(|version| digest(version.document))
        .collect();
    let capabilities: usize = rows.iter().map(|row| row.capabilities.len()).sum();
    let patterns: usize = rows
        .iter()
        .flat_map(|row| &row.capabilities)
        .map(|capability| capability.patterns.len())
        .sum();
    let numbers = reserve(connection, rows.len(), capabilities, patterns)?;
    retire(connection, &rows, versions)?;

    let mut capability_ids = numbers.capabilities.iter().copied();
    let mut pattern_ids = numbers.patterns.iter().copied();
    let mut new_tools = Vec::with_capacity(rows.len());
    let mut new_capabilities = Vec::with_capacity(capabilities);
    let mut new_patterns = Vec::with_capacity(patterns);
    for (((row, version), digest), &id) in
        rows.iter().zip(versions).zip(&digests).zip(&numbers.tools)
    {
        new_tools.push(NewTool {
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
            owner: row.owner.as_deref().or(Some(actor)),
            definition_digest: digest,
            parent_version_id: version.parent,
            is_latest: version.latest,
            created_by: actor,
            updated_by: actor,
        });
        for (capability, capability_id) in row.capabilities.iter().zip(&mut capability_ids) {
            new_capabilities.push(NewCapability {
                id: capability_id,
                tool_id: id,
                capability_name: &capability.capability_name,
                description: &capability.description,
                extra: &capability.extra,
            });
            for (pattern, id) in capability.patterns.iter().zip(&mut pattern_ids) {
                new_patterns.push(NewPattern {
                    id,
                    capability_id,
                    pattern_name: &pattern.pattern_name,
                    description: &pattern.description,
                    typical_use_cases: &pattern.typical_use_cases,
                    time_estimate_ms: &pattern.time_estimate_ms,
                    cost_estimate: &pattern.cost_estimate,
                    complexity_score: pattern.complexity_score,
                    scope: &pattern.scope,
                    completeness: &pattern.completeness,
                    limitations: &pattern.limitations,
                    policy: &pattern.policy,
                    preference_match: &pattern.preference_match,
                    required_inputs: &pattern.required_inputs,
                    optional_inputs: &pattern.optional_inputs,
                    expected_outputs: &pattern.expected_outputs,
                    examples: &pattern.examples,
                    extra: &pattern.extra,
                });
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
    Ok(numbers.tools)
}

struct Numbers {
    tools: Vec<i64>,
    capabilities: Vec<i64>,
    patterns: Vec<i64>,
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
fn reserve(
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

/// Takes the mark of the latest version from the versions that are followed by new ones.
fn retire(
    connection: &mut PgConnection,
    rows: &[ToolRow],
    versions: &[NewVersion<'_>],
) -> Result<(), StoreError> {
    let replaced: HashSet<(&str, &str)> = rows
        .iter()
        .zip(versions)
        .filter(|(_, version)| version.latest && version.parent.is_some())
        .map(|(row, _)| (row.platform.as_str(), row.tool_name.as_str()))
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
