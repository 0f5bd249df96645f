//! The executions that a fit needs, drawn evenly if there are very many.

use std::collections::HashMap;

use chrono::{DateTime, Utc};
use diesel::prelude::*;
use diesel::sql_types::{Array, BigInt, Bool, Double, Integer, Jsonb, Nullable, Text, Timestamptz};
use serde_json::Value;

use super::Scope;
use super::scope::UNIT;
use crate::telemetry::{Context, Measure, PlacedFailure, Sample};

/// What the error message of an execution that was stopped at its limit says.
const TIMEOUT: &str = "time[d]?[ _-]?out|deadline";
/// A share of the executions is those whose row number has a hash below it, out of this many.
const WHOLE: i64 = 1 << 20;

/// How many executions of each unit to draw.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Sampling {
    units: Vec<i64>,
    shares: Vec<i32>,
}

impl Sampling {
    /// Draws about `limit` executions of each unit, given with how many it has: all of them, or an even share over all
    /// times. The same rows are drawn each time.
    pub fn at_most(limit: u64, executions: impl IntoIterator<Item = (i64, u64)>) -> Self {
        let mut sampling = Self::default();
        for (unit, count) in executions {
            let whole = WHOLE as f64;
            let share = match count > limit {
                true => (whole * limit as f64 / count as f64).ceil(),
                false => whole,
            };
            sampling.units.push(unit);
            sampling.shares.push(share as i32);
        }
        sampling
    }
}

#[derive(QueryableByName)]
struct Row {
    #[diesel(sql_type = BigInt)]
    unit: i64,
    #[diesel(sql_type = Timestamptz)]
    executed_at: DateTime<Utc>,
    #[diesel(sql_type = Nullable<Double>)]
    actual: Option<f64>,
    #[diesel(sql_type = Nullable<Double>)]
    estimate: Option<f64>,
    #[diesel(sql_type = Bool)]
    success: bool,
    #[diesel(sql_type = Bool)]
    timed_out: bool,
    #[diesel(sql_type = Nullable<Text>)]
    execution_id: Option<String>,
    #[diesel(sql_type = Jsonb)]
    context_variables: Value,
}

/// The drawn executions of each unit, in the order of execution. Their error messages are left out: see
/// [`error_messages`].
pub fn samples(
    connection: &mut PgConnection,
    scope: &Scope,
    sampling: &Sampling,
    measure: Measure,
) -> QueryResult<HashMap<i64, Vec<Sample>>> {
    let (actual, estimate) = match measure {
        Measure::Time => ("actual_time_ms", "estimated_time_ms"),
        Measure::Cost => ("actual_cost::float8", "estimated_cost"),
    };
    let next = scope.parameters() + 1;
    let sql = format!(
        "SELECT unit, executed_at, {actual} AS actual, {estimate} AS estimate, success, execution_id, \
                NOT success AND coalesce(error_message ~* '{TIMEOUT}', false) AS timed_out, \
                context_variables \
         FROM (SELECT * FROM tool_telemetry {}) t \
              JOIN unnest(${next}, ${}) AS drawn(unit, share) ON {UNIT} = unit \
         WHERE (hashint8(id) & {}) < share \
         ORDER BY executed_at, id",
        scope.clause(),
        next + 1,
        WHOLE - 1,
    );
    let rows: Vec<Row> = scope
        .bind(sql)
        .bind::<Array<BigInt>, _>(&sampling.units)
        .bind::<Array<Integer>, _>(&sampling.shares)
        .load(connection)?;
    let mut samples: HashMap<i64, Vec<Sample>> = HashMap::new();
    for row in rows {
        samples.entry(row.unit).or_default().push(Sample {
            executed_at: row.executed_at,
            estimate: row.estimate,
            actual: row.actual,
            success: row.success,
            context: context(row.context_variables),
            execution_id: row.execution_id,
            error: None,
            timed_out: row.timed_out,
        });
    }
    Ok(samples)
}

#[derive(QueryableByName)]
struct Place {
    #[diesel(sql_type = BigInt)]
    unit: i64,
    #[diesel(sql_type = BigInt)]
    place: i64,
    #[diesel(sql_type = Timestamptz)]
    executed_at: DateTime<Utc>,
}

/// Every failure of those units, with its place among all executions of its unit.
pub fn failures(
    connection: &mut PgConnection,
    scope: &Scope,
    units: &[i64],
) -> QueryResult<HashMap<i64, Vec<PlacedFailure>>> {
    let sql = format!(
        "SELECT unit, place, executed_at FROM ( \
             SELECT {UNIT} AS unit, success, executed_at, \
                    row_number() OVER (PARTITION BY {UNIT} ORDER BY executed_at, id) - 1 AS place \
             FROM tool_telemetry {} AND {UNIT} = ANY (${})) t \
         WHERE NOT success ORDER BY unit, place",
        scope.clause(),
        scope.parameters() + 1,
    );
    let rows: Vec<Place> = scope
        .bind(sql)
        .bind::<Array<BigInt>, _>(units)
        .load(connection)?;
    let mut failures: HashMap<i64, Vec<PlacedFailure>> = HashMap::new();
    for row in rows {
        failures.entry(row.unit).or_default().push(PlacedFailure {
            place: u64::try_from(row.place).unwrap_or_default(),
            at: row.executed_at,
        });
    }
    Ok(failures)
}

#[derive(QueryableByName)]
struct Stretch {
    #[diesel(sql_type = Integer)]
    stretch: i32,
    #[diesel(sql_type = BigInt)]
    records: i64,
}

/// How many executions of a unit count for the measure before the first of these times, which ascend, between them, and
/// from the last one on.
pub fn records_between(
    connection: &mut PgConnection,
    scope: &Scope,
    unit: i64,
    times: &[DateTime<Utc>],
    measure: Measure,
) -> QueryResult<Vec<usize>> {
    let counts = match measure {
        Measure::Time => "success",
        Measure::Cost => "actual_cost IS NOT NULL",
    };
    let next = scope.parameters() + 1;
    let sql = format!(
        "SELECT width_bucket(executed_at, ${next}) AS stretch, count(*) AS records \
         FROM tool_telemetry {} AND {UNIT} = ${} AND {counts} GROUP BY 1",
        scope.clause(),
        next + 1,
    );
    let rows: Vec<Stretch> = scope
        .bind(sql)
        .bind::<Array<Timestamptz>, _>(times)
        .bind::<BigInt, _>(unit)
        .load(connection)?;
    let mut counts = vec![0; times.len() + 1];
    for row in rows {
        let stretch = usize::try_from(row.stretch).unwrap_or_default();
        if let Some(count) = counts.get_mut(stretch) {
            *count = usize::try_from(row.records).unwrap_or_default();
        }
    }
    Ok(counts)
}

/// The numbers of a context; what else another program wrote there is not a variable.
fn context(value: Value) -> Context {
    let Value::Object(fields) = value else {
        return Context::new();
    };
    fields
        .into_iter()
        .filter_map(|(name, value)| Some((name, value.as_f64()?)))
        .collect()
}

/// Error messages with how often each was met, by unit.
pub type Messages = HashMap<i64, Vec<(String, usize)>>;

#[derive(QueryableByName)]
struct Failure {
    #[diesel(sql_type = BigInt)]
    unit: i64,
    #[diesel(sql_type = Text)]
    message: String,
    #[diesel(sql_type = BigInt)]
    count: i64,
}

/// The error messages of each unit with how often each was met, of at most about `limit` of the `failures` there are;
/// and the share of the failures that was looked at.
pub fn error_messages(
    connection: &mut PgConnection,
    scope: &Scope,
    failures: u64,
    limit: u64,
) -> QueryResult<(Messages, f64)> {
    let sampling = Sampling::at_most(limit, [(0, failures)]);
    let share = sampling.shares.first().copied().unwrap_or_default();
    let sql = format!(
        "SELECT {UNIT} AS unit, left(error_message, 500) AS message, count(*) AS count \
         FROM tool_telemetry {} AND NOT success AND error_message IS NOT NULL \
              AND (hashint8(id) & {}) < ${} \
         GROUP BY 1, 2 ORDER BY 2",
        scope.clause(),
        WHOLE - 1,
        scope.parameters() + 1,
    );
    let rows: Vec<Failure> = scope.bind(sql).bind::<Integer, _>(share).load(connection)?;
    let mut messages = Messages::new();
    for row in rows {
        let count = usize::try_from(row.count).unwrap_or_default();
        messages
            .entry(row.unit)
            .or_default()
            .push((row.message, count));
    }
    Ok((messages, f64::from(share) / WHOLE as f64))
}
