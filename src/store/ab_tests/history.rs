//! Recorded telemetry of tools, as a basis for planning and for replays.

use diesel::prelude::*;
use diesel::sql_types::{Array, BigInt, Bool, Double, Nullable, Text};

use crate::abtest::Execution;

/// What the telemetry says about tools.
#[derive(Debug, Clone, Copy, Default, PartialEq, QueryableByName)]
pub struct Baseline {
    /// Records.
    #[diesel(sql_type = BigInt)]
    pub records: i64,
    /// Share of them that succeeded.
    #[diesel(sql_type = Nullable<Double>)]
    pub success_rate: Option<f64>,
    /// Mean of ln time in ms.
    #[diesel(sql_type = Nullable<Double>)]
    pub ln_time_mean: Option<f64>,
    /// Standard deviation of ln time.
    #[diesel(sql_type = Nullable<Double>)]
    pub ln_time_sd: Option<f64>,
    /// Mean cost.
    #[diesel(sql_type = Nullable<Double>)]
    pub cost_mean: Option<f64>,
    /// Standard deviation of the cost over its mean.
    #[diesel(sql_type = Nullable<Double>)]
    pub cost_variation: Option<f64>,
}

/// The latest records of those tools: at most `limit`, in one environment where one is named.
pub fn baseline(
    connection: &mut PgConnection,
    tools: &[i64],
    environment: Option<&str>,
    limit: i64,
) -> QueryResult<Baseline> {
    diesel::sql_query(
        "WITH latest AS (SELECT success, actual_time_ms, actual_cost, \
                success OR error_message ~* 'time[d]?[ _-]?out|deadline' AS timed FROM tool_telemetry \
             WHERE tool_id = ANY ($1) AND ($2 IS NULL OR environment = $2) ORDER BY executed_at DESC LIMIT $3) \
         SELECT count(*) AS records, avg(success::int)::float8 AS success_rate, \
                avg(ln(greatest(actual_time_ms, 0.001))) FILTER (WHERE timed) AS ln_time_mean, \
                stddev_samp(ln(greatest(actual_time_ms, 0.001))) FILTER (WHERE timed) AS ln_time_sd, \
                avg(actual_cost::float8) AS cost_mean, \
                stddev_samp(actual_cost::float8) / nullif(avg(actual_cost::float8), 0) AS cost_variation \
         FROM latest",
    )
    .bind::<Array<BigInt>, _>(tools)
    .bind::<Nullable<Text>, _>(environment)
    .bind::<BigInt, _>(limit)
    .get_result(connection)
}

#[derive(QueryableByName)]
struct Traffic {
    #[diesel(sql_type = Double)]
    per_day: f64,
}

/// Executions of those tools a day, over the last `days` days. For users: different users a day.
pub fn traffic_per_day(
    connection: &mut PgConnection,
    tools: &[i64],
    environment: Option<&str>,
    days: f64,
    users: bool,
) -> QueryResult<f64> {
    let traffic: Traffic = diesel::sql_query(
        "SELECT (CASE WHEN $4 THEN count(DISTINCT user_id) ELSE count(*) END)::float8 / $3 AS per_day \
         FROM tool_telemetry \
         WHERE tool_id = ANY ($1) AND ($2 IS NULL OR environment = $2) \
           AND executed_at > now() - $3 * interval '1 day' AND executed_at <= now()",
    )
    .bind::<Array<BigInt>, _>(tools)
    .bind::<Nullable<Text>, _>(environment)
    .bind::<Double, _>(days)
    .bind::<Bool, _>(users)
    .get_result(connection)?;
    Ok(traffic.per_day)
}

#[derive(QueryableByName)]
struct Record {
    #[diesel(sql_type = Nullable<Text>)]
    user_id: Option<String>,
    #[diesel(sql_type = Bool)]
    success: bool,
    #[diesel(sql_type = Nullable<Double>)]
    time_ms: Option<f64>,
    #[diesel(sql_type = Nullable<Double>)]
    cost: Option<f64>,
    #[diesel(sql_type = Nullable<Double>)]
    estimate_ms: Option<f64>,
}

/// The latest executions of those tools with their users, at most `limit`, oldest first.
pub fn executions(
    connection: &mut PgConnection,
    tools: &[i64],
    limit: i64,
) -> QueryResult<Vec<(Option<String>, Execution)>> {
    let rows: Vec<Record> = diesel::sql_query(
        "SELECT user_id::text, success, time_ms, cost, estimate_ms FROM ( \
             SELECT user_id, success, CASE WHEN success OR error_message ~* 'time[d]?[ _-]?out|deadline' \
                             THEN actual_time_ms END AS time_ms, actual_cost::float8 AS cost, executed_at, id, \
                             CASE WHEN estimated_time_ms > 0 THEN estimated_time_ms END AS estimate_ms \
             FROM tool_telemetry WHERE tool_id = ANY ($1) ORDER BY executed_at DESC, id DESC LIMIT $2) latest \
         ORDER BY executed_at, id",
    )
    .bind::<Array<BigInt>, _>(tools)
    .bind::<BigInt, _>(limit)
    .load(connection)?;
    Ok(rows
        .into_iter()
        .map(|row| {
            let execution = Execution {
                failed: !row.success,
                time_ms: row.time_ms,
                cost: row.cost,
                estimate_ms: row.estimate_ms,
            };
            (row.user_id, execution)
        })
        .collect())
}
