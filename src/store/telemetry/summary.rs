//! Counts, percentiles and ratings, computed by PostgreSQL.

use chrono::{DateTime, Utc};
use diesel::prelude::*;
use diesel::sql_types::{Array, BigInt, Double, Nullable, Timestamptz};
use serde::Serialize;

use super::Scope;
use super::scope::UNIT;
use crate::statistics::{Interval, student_quantile};
use crate::telemetry::{Measure, Percentiles};

/// How satisfied users were.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Ratings {
    /// Ratings given.
    pub count: u64,
    /// Their mean, 1 to 5.
    pub mean: f64,
    /// Student's interval of the mean at 95 %, within 1 to 5; absent below 2 ratings.
    pub interval: Option<Interval>,
}

/// What PostgreSQL says about the executions of one unit.
#[derive(Debug, Clone, PartialEq)]
pub struct Summary {
    /// The unit: see [`Unit::key`](super::Unit::key).
    pub unit: i64,
    /// Executions.
    pub executions: u64,
    /// Those that succeeded.
    pub successes: u64,
    /// Percentiles of the measure, of successes for time.
    pub percentiles: Option<Percentiles>,
    /// First execution.
    pub from: DateTime<Utc>,
    /// Last execution.
    pub to: DateTime<Utc>,
    /// Sum of the costs, where any was recorded.
    pub cost: Option<f64>,
    /// Ratings, where any was given.
    pub ratings: Option<Ratings>,
}

#[derive(QueryableByName)]
struct Row {
    #[diesel(sql_type = BigInt)]
    unit: i64,
    #[diesel(sql_type = BigInt)]
    executions: i64,
    #[diesel(sql_type = BigInt)]
    successes: i64,
    #[diesel(sql_type = BigInt)]
    measured: i64,
    #[diesel(sql_type = Nullable<Array<Double>>)]
    percentiles: Option<Vec<f64>>,
    #[diesel(sql_type = Nullable<Double>)]
    mean: Option<f64>,
    #[diesel(sql_type = Timestamptz)]
    first: DateTime<Utc>,
    #[diesel(sql_type = Timestamptz)]
    last: DateTime<Utc>,
    #[diesel(sql_type = Nullable<Double>)]
    cost: Option<f64>,
    #[diesel(sql_type = BigInt)]
    ratings: i64,
    #[diesel(sql_type = Nullable<Double>)]
    rating: Option<f64>,
    #[diesel(sql_type = Nullable<Double>)]
    rating_deviation: Option<f64>,
}

/// The summaries of every unit with executions in the scope.
pub fn summaries(
    connection: &mut PgConnection,
    scope: &Scope,
    measure: Measure,
) -> QueryResult<Vec<Summary>> {
    // Both forms interpolate between neighbours, as the statistics of samples do.
    let (value, filter) = match measure {
        Measure::Time => ("actual_time_ms", "FILTER (WHERE success)"),
        Measure::Cost => ("actual_cost::float8", ""),
    };
    let sql = format!(
        "SELECT {UNIT} AS unit, count(*) AS executions, count(*) FILTER (WHERE success) AS successes, \
                count({value}) {filter} AS measured, \
                percentile_cont(ARRAY[0, 0.5, 0.9, 0.95, 0.99, 1]::float8[]) \
                    WITHIN GROUP (ORDER BY {value}) {filter} AS percentiles, \
                (avg({value}) {filter})::float8 AS mean, \
                min(executed_at) AS first, max(executed_at) AS last, \
                sum(actual_cost)::float8 AS cost, \
                count(rating) AS ratings, avg(rating)::float8 AS rating, \
                stddev_samp(rating)::float8 AS rating_deviation \
         FROM tool_telemetry {} GROUP BY 1",
        scope.clause()
    );
    let rows: Vec<Row> = scope.bind(sql).load(connection)?;
    Ok(rows.into_iter().map(Summary::from).collect())
}

impl From<Row> for Summary {
    fn from(row: Row) -> Self {
        let count = |n: i64| u64::try_from(n).unwrap_or_default();
        let percentiles = match (row.percentiles.as_deref(), row.mean) {
            (Some(&[min, p50, p90, p95, p99, max]), Some(mean)) => Some(Percentiles {
                count: usize::try_from(row.measured).unwrap_or_default(),
                min,
                p50,
                p90,
                p95,
                p99,
                max,
                mean,
            }),
            _ => None,
        };
        Self {
            unit: row.unit,
            executions: count(row.executions),
            successes: count(row.successes),
            percentiles,
            from: row.first,
            to: row.last,
            cost: row.cost,
            ratings: row.rating.map(|mean| Ratings {
                count: count(row.ratings),
                mean,
                interval: rating_interval(row.ratings, mean, row.rating_deviation),
            }),
        }
    }
}

/// mean ± t s / sqrt(n) (Student 1908), cut to the scale.
fn rating_interval(count: i64, mean: f64, deviation: Option<f64>) -> Option<Interval> {
    const LEVEL: f64 = 0.95;
    let n = count as f64;
    let deviation = deviation.filter(|_| count >= 2)?;
    let half = student_quantile(0.5 + LEVEL / 2.0, n - 1.0) * deviation / n.sqrt();
    Some(Interval {
        low: (mean - half).max(1.0),
        high: (mean + half).min(5.0),
        level: LEVEL,
    })
}
