//! Costs and counts, added up.

use diesel::prelude::*;
use diesel::sql_types::{BigInt, Double, Nullable, Text};
use serde::Serialize;

use super::Scope;

/// What totals are for.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum GroupBy {
    /// Each tool, all versions together.
    Tool,
    /// Each user.
    User,
    /// Each environment.
    Environment,
    /// Each day, in UTC.
    Day,
}

/// A total.
#[derive(Debug, Clone, PartialEq, Serialize, QueryableByName)]
pub struct Total {
    /// The tool, as `platform/name`; absent if tools are added up.
    #[diesel(sql_type = Nullable<Text>)]
    pub tool: Option<String>,
    /// The user; absent if users are added up, or none was recorded.
    #[diesel(sql_type = Nullable<Text>)]
    pub user: Option<String>,
    /// The environment; absent if they are added up, or none was recorded.
    #[diesel(sql_type = Nullable<Text>)]
    pub environment: Option<String>,
    /// The day, as `2026-01-31`; absent if days are added up.
    #[diesel(sql_type = Nullable<Text>)]
    pub day: Option<String>,
    /// Executions.
    #[diesel(sql_type = BigInt)]
    pub executions: i64,
    /// Those that succeeded.
    #[diesel(sql_type = BigInt)]
    pub successes: i64,
    /// Those with a cost.
    #[diesel(sql_type = BigInt)]
    pub with_cost: i64,
    /// Sum of the costs.
    #[diesel(sql_type = Double)]
    pub cost: f64,
    /// Cost over successes; absent without any.
    #[diesel(sql_type = Nullable<Double>)]
    pub cost_per_success: Option<f64>,
    /// Sum of the times in milliseconds.
    #[diesel(sql_type = Double)]
    pub time_ms: f64,
}

/// The totals in the scope, the dearest first; with days, in their order.
pub fn totals(
    connection: &mut PgConnection,
    scope: &Scope,
    by: &[GroupBy],
) -> QueryResult<Vec<Total>> {
    let column = |group: GroupBy, expression: &'static str| match by.contains(&group) {
        true => expression,
        false => "NULL::text",
    };
    let day = "to_char(executed_at AT TIME ZONE 'UTC', 'YYYY-MM-DD')";
    let sql = format!(
        "WITH totals AS ( \
             SELECT {} AS tool_id, {} AS \"user\", {} AS environment, {} AS day, \
                    count(*) AS executions, count(*) FILTER (WHERE success) AS successes, \
                    count(actual_cost) AS with_cost, COALESCE(sum(actual_cost), 0) AS cost, \
                    sum(actual_time_ms) AS time_ms \
             FROM tool_telemetry {} GROUP BY 1, 2, 3, 4) \
         SELECT t.platform || '/' || t.tool_name AS tool, \"user\", environment, day, \
                sum(executions)::bigint AS executions, sum(successes)::bigint AS successes, \
                sum(with_cost)::bigint AS with_cost, sum(cost)::float8 AS cost, \
                (sum(cost) / nullif(sum(successes), 0))::float8 AS cost_per_success, \
                sum(time_ms)::float8 AS time_ms \
         FROM totals LEFT JOIN tools t ON t.id = tool_id::bigint \
         GROUP BY 1, 2, 3, 4 \
         ORDER BY day, sum(cost) DESC, 1, 2, 3",
        column(GroupBy::Tool, "tool_id::text"),
        column(GroupBy::User, "user_id::text"),
        column(GroupBy::Environment, "environment::text"),
        column(GroupBy::Day, day),
        scope.clause()
    );
    scope.bind(sql).load(connection)
}
