//! What a selection reads: the patterns that may be chosen, and nothing else of their tools.

use diesel::prelude::*;
use diesel::sql_types::{Array, BigInt, Double, Jsonb, Nullable, Text};
use serde_json::{Value, json};

use super::StoreError;
use crate::definition::DocumentError;
use crate::select::Candidate;

/// Which candidates are wanted. Values of one kind are alternatives; different kinds must all hold.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Wanted {
    /// Capabilities; at least one.
    pub capabilities: Vec<String>,
    /// Platforms; empty for all.
    pub platforms: Vec<String>,
    /// Tags, each of which the tool must have.
    pub tags: Vec<String>,
    /// Names of tools that are not to be chosen.
    pub exclude: Vec<String>,
}

/// The candidates, and the state of the catalog they come from.
#[derive(Debug, Clone, PartialEq)]
pub struct Found {
    /// The number of committed changes that the catalog had seen.
    pub revision: i64,
    /// The newest migration of the catalog.
    pub migration: Option<String>,
    /// The candidates, in no particular order.
    pub candidates: Vec<Candidate>,
}

#[derive(QueryableByName)]
struct Row {
    #[diesel(sql_type = BigInt)]
    revision: i64,
    #[diesel(sql_type = Nullable<Text>)]
    migration: Option<String>,
    #[diesel(sql_type = Nullable<Text>)]
    tool_name: Option<String>,
    #[diesel(sql_type = Nullable<Text>)]
    platform: Option<String>,
    #[diesel(sql_type = Nullable<Text>)]
    version: Option<String>,
    #[diesel(sql_type = Nullable<Text>)]
    capability_name: Option<String>,
    #[diesel(sql_type = Nullable<Text>)]
    pattern_name: Option<String>,
    #[diesel(sql_type = Nullable<Text>)]
    time_estimate_ms: Option<String>,
    #[diesel(sql_type = Nullable<Text>)]
    cost_estimate: Option<String>,
    #[diesel(sql_type = Nullable<Double>)]
    complexity_score: Option<f64>,
    #[diesel(sql_type = Nullable<Jsonb>)]
    policy: Option<Value>,
    #[diesel(sql_type = Nullable<Jsonb>)]
    preference_match: Option<Value>,
}

/// The candidates for any of the capabilities, in one statement.
///
/// # Errors
/// As the query; [`StoreError::Definition`] where a policy cannot be read.
pub fn by_capability(connection: &mut PgConnection, wanted: &Wanted) -> Result<Found, StoreError> {
    let tags = if wanted.tags.is_empty() {
        json!({})
    } else {
        json!({ "tags": wanted.tags })
    };
    let rows: Vec<Row> = diesel::sql_query(include_str!("candidates.sql"))
        .bind::<Array<Text>, _>(&wanted.capabilities)
        .bind::<Array<Text>, _>(&wanted.platforms)
        .bind::<Array<Text>, _>(&wanted.exclude)
        .bind::<Jsonb, _>(tags)
        .load(connection)?;
    let mut found = Found {
        revision: rows.first().map_or(0, |row| row.revision),
        migration: rows.first().and_then(|row| row.migration.clone()),
        candidates: Vec::with_capacity(rows.len()),
    };
    for row in rows {
        if let Some(candidate) = candidate(row)? {
            found.candidates.push(candidate);
        }
    }
    Ok(found)
}

/// The one row of a catalog without candidates holds only its state.
fn candidate(row: Row) -> Result<Option<Candidate>, StoreError> {
    let (Some(tool), Some(platform), Some(version), Some(capability), Some(pattern)) = (
        row.tool_name,
        row.platform,
        row.version,
        row.capability_name,
        row.pattern_name,
    ) else {
        return Ok(None);
    };
    let unreadable = |field: &str, error: &serde_json::Error| DocumentError {
        subject: format!("{platform}/{tool}@{version}"),
        message: format!("{capability}.{pattern}: {field}: {error}"),
    };
    let policy = serde_json::from_value(row.policy.unwrap_or_else(|| json!({})))
        .map_err(|error| unreadable("policy", &error))?;
    let preference_match =
        serde_json::from_value(row.preference_match.unwrap_or_else(|| json!({})))
            .map_err(|error| unreadable("preference_match", &error))?;
    Ok(Some(Candidate {
        tool,
        platform,
        version,
        capability,
        pattern,
        time_estimate_ms: row.time_estimate_ms.unwrap_or_default(),
        cost_estimate: row.cost_estimate.unwrap_or_default(),
        complexity_score: row.complexity_score.unwrap_or_default(),
        policy,
        preference_match,
    }))
}
