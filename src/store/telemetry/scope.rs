//! Which executions a question is about, and what they belong to.

use std::collections::HashMap;

use chrono::{DateTime, Utc};
use diesel::pg::Pg;
use diesel::prelude::*;
use diesel::query_builder::{BoxedSqlQuery, SqlQuery};
use diesel::sql_types::{Array, BigInt, Bool, Nullable, Text, Timestamptz};

use crate::definition::Identity;

/// What executions are grouped by: the pattern, or the tool where no pattern was named. One number, so that grouping
/// a million rows compares numbers.
pub(super) const UNIT: &str = "COALESCE(pattern_id, -tool_id)";

/// Which executions are meant. Everything given must hold.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Scope {
    /// Versions of tools.
    pub tools: Option<Vec<i64>>,
    /// From this time on.
    pub since: Option<DateTime<Utc>>,
    /// Before this time.
    pub until: Option<DateTime<Utc>>,
    /// The environment.
    pub environment: Option<String>,
}

pub(super) type Query<'a> = BoxedSqlQuery<'a, Pg, SqlQuery>;

impl Scope {
    /// The conditions as a WHERE clause; the first ones of the statement's parameters are theirs. Only what is asked
    /// for is said, so that each plan can use the index that fits.
    pub(super) fn clause(&self) -> String {
        let mut clause = "WHERE true".to_owned();
        let mut number = 0;
        let mut add = |given: bool, condition: &str| {
            if given {
                number += 1;
                clause.push_str(&format!(" AND {condition}").replace('#', &format!("${number}")));
            }
        };
        add(self.tools.is_some(), "tool_id = ANY (#)");
        add(self.since.is_some(), "executed_at >= #");
        add(self.until.is_some(), "executed_at < #");
        add(self.environment.is_some(), "environment = #");
        clause
    }

    /// Number of parameters that the conditions take.
    pub(super) fn parameters(&self) -> usize {
        [
            self.tools.is_some(),
            self.since.is_some(),
            self.until.is_some(),
            self.environment.is_some(),
        ]
        .iter()
        .filter(|given| **given)
        .count()
    }

    /// The statement with the conditions' parameters bound.
    pub(super) fn bind(&self, sql: String) -> Query<'_> {
        let mut query = diesel::sql_query(sql).into_boxed();
        if let Some(tools) = &self.tools {
            query = query.bind::<Array<BigInt>, _>(tools);
        }
        if let Some(since) = self.since {
            query = query.bind::<Timestamptz, _>(since);
        }
        if let Some(until) = self.until {
            query = query.bind::<Timestamptz, _>(until);
        }
        if let Some(environment) = &self.environment {
            query = query.bind::<Text, _>(environment);
        }
        query
    }
}

/// What executions belong to: a usage pattern of a version of a tool, or a version where no pattern was named.
#[derive(Debug, Clone, PartialEq)]
pub struct Unit {
    /// The number that stands for it in this module's answers.
    pub key: i64,
    /// The version of the tool.
    pub tool_id: i64,
    /// Its identity.
    pub identity: Identity,
    /// Whether it is the version in use.
    pub is_latest: bool,
    /// The capability.
    pub capability: Option<String>,
    /// The pattern.
    pub pattern: Option<String>,
    /// The pattern's expression for the time in milliseconds.
    pub time_estimate: Option<String>,
    /// The pattern's expression for the cost.
    pub cost_estimate: Option<String>,
}

#[derive(QueryableByName)]
struct UnitRow {
    #[diesel(sql_type = BigInt)]
    key: i64,
    #[diesel(sql_type = BigInt)]
    tool_id: i64,
    #[diesel(sql_type = Text)]
    platform: String,
    #[diesel(sql_type = Text)]
    tool_name: String,
    #[diesel(sql_type = Text)]
    version: String,
    #[diesel(sql_type = Bool)]
    is_latest: bool,
    #[diesel(sql_type = Nullable<Text>)]
    capability_name: Option<String>,
    #[diesel(sql_type = Nullable<Text>)]
    pattern_name: Option<String>,
    #[diesel(sql_type = Nullable<Text>)]
    time_estimate_ms: Option<String>,
    #[diesel(sql_type = Nullable<Text>)]
    cost_estimate: Option<String>,
}

/// What the numbers stand for, and every pattern of the tools given.
pub fn units(
    connection: &mut PgConnection,
    keys: &[i64],
    tools: &[i64],
) -> QueryResult<HashMap<i64, Unit>> {
    let rows: Vec<UnitRow> = diesel::sql_query(
        "SELECT p.id AS key, t.id AS tool_id, platform, tool_name, version, is_latest, \
                capability_name, pattern_name, time_estimate_ms, cost_estimate \
         FROM tool_patterns p JOIN tool_capabilities c ON c.id = p.capability_id \
                              JOIN tools t ON t.id = c.tool_id \
         WHERE p.id = ANY ($1) OR t.id = ANY ($2) \
         UNION ALL \
         SELECT -id, id, platform, tool_name, version, is_latest, NULL, NULL, NULL, NULL \
         FROM tools WHERE -id = ANY ($1)",
    )
    .bind::<Array<BigInt>, _>(keys)
    .bind::<Array<BigInt>, _>(tools)
    .load(connection)?;
    let unit = |row: UnitRow| Unit {
        key: row.key,
        tool_id: row.tool_id,
        identity: Identity {
            platform: row.platform,
            name: row.tool_name,
            version: row.version,
        },
        is_latest: row.is_latest,
        capability: row.capability_name,
        pattern: row.pattern_name,
        time_estimate: row.time_estimate_ms,
        cost_estimate: row.cost_estimate,
    };
    Ok(rows.into_iter().map(|row| (row.key, unit(row))).collect())
}
