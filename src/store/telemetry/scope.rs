//! Which executions a question is about.

use chrono::{DateTime, Utc};
use diesel::pg::Pg;
use diesel::query_builder::{BoxedSqlQuery, SqlQuery};
use diesel::sql_types::{Array, BigInt, Text, Timestamptz};

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
