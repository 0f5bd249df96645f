//! Executions out of the catalog, a part at a time.

use chrono::{DateTime, Utc};
use diesel::prelude::*;
use diesel::sql_types::{Bool, Double, Jsonb, Nullable, SmallInt, Text, Timestamptz};
use serde::Serialize;
use serde_json::Value;

use super::Scope;

/// Rows that are fetched together.
const PART: usize = 5_000;

/// An execution as it is written out; the same names are read by recording.
#[derive(Debug, Clone, PartialEq, Serialize, QueryableByName)]
pub struct Exported {
    /// The version of the tool, as `platform/name@version`.
    #[diesel(sql_type = Text)]
    pub tool: String,
    /// The capability.
    #[diesel(sql_type = Nullable<Text>)]
    pub capability: Option<String>,
    /// The usage pattern.
    #[diesel(sql_type = Nullable<Text>)]
    pub pattern: Option<String>,
    /// The caller's name for the execution.
    #[diesel(sql_type = Nullable<Text>)]
    pub execution_id: Option<String>,
    /// When it ran.
    #[diesel(sql_type = Timestamptz)]
    pub at: DateTime<Utc>,
    /// Milliseconds it took.
    #[diesel(sql_type = Double)]
    #[serde(serialize_with = "whole_where_it_is")]
    pub time_ms: f64,
    /// Milliseconds that were expected.
    #[diesel(sql_type = Nullable<Double>)]
    pub estimated_time_ms: Option<f64>,
    /// What it cost.
    #[diesel(sql_type = Nullable<Double>)]
    pub cost: Option<f64>,
    /// What it was expected to cost.
    #[diesel(sql_type = Nullable<Double>)]
    pub estimated_cost: Option<f64>,
    /// Whether it succeeded.
    #[diesel(sql_type = Bool)]
    pub success: bool,
    /// Why it failed.
    #[diesel(sql_type = Nullable<Text>)]
    pub error: Option<String>,
    /// Who or what ran it.
    #[diesel(sql_type = Nullable<Text>)]
    pub user: Option<String>,
    /// Where it ran.
    #[diesel(sql_type = Nullable<Text>)]
    pub environment: Option<String>,
    /// How satisfied the user was, 1 to 5.
    #[diesel(sql_type = Nullable<SmallInt>)]
    pub rating: Option<i16>,
    /// Values of the variables of the estimates.
    #[diesel(sql_type = Jsonb)]
    pub context: Value,
}

/// Whole milliseconds as a whole number, as they always were.
fn whole_where_it_is<S: serde::Serializer>(value: &f64, serializer: S) -> Result<S::Ok, S::Error> {
    match *value {
        whole if whole.fract() == 0.0 && whole.abs() < 9e15 => {
            serializer.serialize_i64(whole as i64)
        }
        fine => serializer.serialize_f64(fine),
    }
}

/// Hands out the executions in the scope, in the order of execution, in parts. All parts come from one state of the
/// table. What `part` returns ends it early.
///
/// # Errors
/// Those of the database.
pub fn export<E>(
    connection: &mut PgConnection,
    scope: &Scope,
    mut part: impl FnMut(&[Exported]) -> Result<(), E>,
) -> QueryResult<Result<(), E>> {
    let sql = format!(
        "DECLARE exported NO SCROLL CURSOR FOR \
         SELECT t.platform || '/' || t.tool_name || '@' || t.version AS tool, \
                c.capability_name::text AS capability, p.pattern_name::text AS pattern, \
                execution_id::text, executed_at AS at, actual_time_ms AS time_ms, estimated_time_ms, \
                actual_cost::float8 AS cost, estimated_cost, success, error_message AS error, \
                user_id::text AS \"user\", environment::text, rating, context_variables AS context \
         FROM (SELECT * FROM tool_telemetry {}) x JOIN tools t ON t.id = x.tool_id \
              LEFT JOIN tool_capabilities c ON c.id = x.capability_id \
              LEFT JOIN tool_patterns p ON p.id = x.pattern_id \
         ORDER BY executed_at, x.id",
        scope.clause()
    );
    connection.transaction(|connection| {
        scope.bind(sql).execute(connection)?;
        loop {
            let rows: Vec<Exported> =
                diesel::sql_query(format!("FETCH {PART} FROM exported")).load(connection)?;
            if rows.is_empty() {
                return Ok(Ok(()));
            }
            if let Err(error) = part(&rows) {
                return Ok(Err(error));
            }
        }
    })
}
