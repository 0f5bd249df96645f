//! Keeping the table in shape: its size, what can go, its division by month.

use chrono::{DateTime, Utc};
use diesel::connection::SimpleConnection;
use diesel::prelude::*;
use diesel::sql_types::{BigInt, Nullable, Text, Timestamptz};
use serde::Serialize;

use super::load::is_partitioned;
use crate::store::{Connection, StoreError};

/// Rows deleted in one transaction.
const BATCH: i64 = 20_000;

/// Executions of a span of time up to now.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Growth {
    /// Length of the span in days.
    pub days: u32,
    /// Executions in it.
    pub rows: i64,
    /// Rows of a day, on average.
    pub rows_per_day: f64,
    /// Bytes of a day, by the average size of a row.
    pub bytes_per_day: f64,
}

/// The size of the telemetry table.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Statistics {
    /// Executions.
    pub rows: i64,
    /// Tools with executions, versions apart.
    pub tools: i64,
    /// First execution.
    pub from: Option<DateTime<Utc>>,
    /// Last execution.
    pub to: Option<DateTime<Utc>>,
    /// Bytes of the table.
    pub table_bytes: i64,
    /// Bytes of its indexes.
    pub index_bytes: i64,
    /// Growth over the last 1, 7 and 30 days.
    pub growth: Vec<Growth>,
    /// The partitions, if it is divided by month.
    pub partitions: Vec<Partition>,
}

/// A partition.
#[derive(Debug, Clone, PartialEq, Serialize, QueryableByName)]
pub struct Partition {
    /// Its table.
    #[diesel(sql_type = Text)]
    pub name: String,
    /// The end of its span; absent for the one that takes what has no partition.
    #[diesel(sql_type = Nullable<Timestamptz>)]
    pub until: Option<DateTime<Utc>>,
    /// Bytes with its indexes.
    #[diesel(sql_type = BigInt)]
    pub bytes: i64,
}

#[derive(QueryableByName)]
struct Sizes {
    #[diesel(sql_type = BigInt)]
    table_bytes: i64,
    #[diesel(sql_type = BigInt)]
    index_bytes: i64,
}

#[derive(QueryableByName)]
struct Span {
    #[diesel(sql_type = BigInt)]
    rows: i64,
    #[diesel(sql_type = BigInt)]
    tools: i64,
    #[diesel(sql_type = Nullable<Timestamptz>)]
    first: Option<DateTime<Utc>>,
    #[diesel(sql_type = Nullable<Timestamptz>)]
    last: Option<DateTime<Utc>>,
}

#[derive(QueryableByName)]
struct Count {
    #[diesel(sql_type = BigInt)]
    rows: i64,
}

/// The size and growth of the table.
pub fn statistics(connection: &mut PgConnection) -> QueryResult<Statistics> {
    let span: Span = diesel::sql_query(
        "SELECT COALESCE(sum(n), 0)::bigint AS rows, count(*) AS tools, \
                min(first) AS first, max(last) AS last \
         FROM (SELECT count(*) AS n, min(executed_at) AS first, max(executed_at) AS last \
               FROM tool_telemetry GROUP BY tool_id) t",
    )
    .get_result(connection)?;
    let sizes: Sizes = diesel::sql_query(
        "SELECT COALESCE(sum(pg_table_size(relid)), 0)::bigint AS table_bytes, \
                COALESCE(sum(pg_indexes_size(relid)), 0)::bigint AS index_bytes \
         FROM (SELECT relid::oid FROM pg_partition_tree('tool_telemetry') \
               UNION SELECT 'tool_telemetry'::regclass::oid) t",
    )
    .get_result(connection)?;
    let bytes = (sizes.table_bytes + sizes.index_bytes) as f64;
    let mut growth = Vec::new();
    for days in [1_u32, 7, 30] {
        let count: Count = diesel::sql_query(
            "SELECT count(*) AS rows FROM tool_telemetry \
             WHERE executed_at >= now() - make_interval(days => $1::int)",
        )
        .bind::<BigInt, _>(i64::from(days))
        .get_result(connection)?;
        let rows_per_day = count.rows as f64 / f64::from(days);
        growth.push(Growth {
            days,
            rows: count.rows,
            rows_per_day,
            bytes_per_day: rows_per_day * bytes / (span.rows.max(1) as f64),
        });
    }
    Ok(Statistics {
        rows: span.rows,
        tools: span.tools,
        from: span.first,
        to: span.last,
        table_bytes: sizes.table_bytes,
        index_bytes: sizes.index_bytes,
        growth,
        partitions: partitions(connection)?,
    })
}

fn partitions(connection: &mut PgConnection) -> QueryResult<Vec<Partition>> {
    if !is_partitioned(connection)? {
        return Ok(Vec::new());
    }
    diesel::sql_query(
        "SELECT c.relname::text AS name, pg_total_relation_size(c.oid)::bigint AS bytes, \
                (regexp_match(pg_get_expr(c.relpartbound, c.oid), 'TO \\(''([^'']+)''\\)'))[1]::timestamptz AS until \
         FROM pg_partition_tree('tool_telemetry') t JOIN pg_class c ON c.oid = t.relid \
         WHERE t.isleaf ORDER BY until NULLS LAST, name",
    )
    .load(connection)
}

/// What is older than a time.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Prunable {
    /// Executions.
    pub rows: i64,
    /// The first of them.
    pub from: Option<DateTime<Utc>>,
    /// The last of them.
    pub to: Option<DateTime<Utc>>,
    /// Partitions that hold nothing newer and can be dropped at once.
    pub partitions: Vec<String>,
}

/// What was pruned.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize)]
pub struct Pruned {
    /// Rows deleted one by one.
    pub deleted: u64,
    /// Partitions dropped.
    pub dropped: Vec<String>,
}

/// What is older than `before`.
pub fn prunable(connection: &mut PgConnection, before: DateTime<Utc>) -> QueryResult<Prunable> {
    let span: Span = diesel::sql_query(
        "SELECT count(*) AS rows, 0::bigint AS tools, min(executed_at) AS first, max(executed_at) AS last \
         FROM tool_telemetry WHERE executed_at < $1",
    )
    .bind::<Timestamptz, _>(before)
    .get_result(connection)?;
    let partitions = partitions(connection)?
        .into_iter()
        .filter(|partition| partition.until.is_some_and(|until| until <= before))
        .map(|partition| partition.name)
        .collect();
    Ok(Prunable {
        rows: span.rows,
        from: span.first,
        to: span.last,
        partitions,
    })
}

/// Removes what is older than `before`: whole partitions at once, the rest in batches, each in a transaction of its
/// own, so that it can be interrupted and goes on where it was. `progress` hears of every batch.
///
/// # Errors
/// As the statements; what was removed before stays removed.
pub fn prune(
    connection: &mut Connection,
    before: DateTime<Utc>,
    mut progress: impl FnMut(u64),
) -> Result<Pruned, StoreError> {
    let mut pruned = Pruned::default();
    let plan = connection.read(|connection| prunable(connection, before))?;
    for name in plan.partitions {
        connection.record(|connection| {
            // The name comes from the system's tables and is quoted by the server.
            let row: Statement =
                diesel::sql_query("SELECT format('DROP TABLE IF EXISTS %I', $1) AS statement")
                    .bind::<Text, _>(&name)
                    .get_result(connection)?;
            connection.batch_execute(&row.statement)?;
            Ok(())
        })?;
        pruned.dropped.push(name);
    }
    loop {
        let deleted = connection.record(|connection| {
            let deleted = diesel::sql_query(
                "DELETE FROM tool_telemetry WHERE executed_at < $1 AND id IN \
                     (SELECT id FROM tool_telemetry WHERE executed_at < $1 ORDER BY executed_at LIMIT $2)",
            )
            .bind::<Timestamptz, _>(before)
            .bind::<BigInt, _>(BATCH)
            .execute(connection)?;
            Ok(deleted as u64)
        })?;
        if deleted == 0 {
            return Ok(pruned);
        }
        pruned.deleted += deleted;
        progress(deleted);
    }
}

#[derive(QueryableByName)]
struct Statement {
    #[diesel(sql_type = Text)]
    statement: String,
}

/// Divides the table by month, in one transaction; whether it was not divided before.
///
/// # Errors
/// As the statements; the table is then as it was.
pub fn partition(connection: &mut Connection) -> Result<bool, StoreError> {
    connection.record(|connection| {
        if is_partitioned(connection)? {
            return Ok(false);
        }
        connection.batch_execute(include_str!("partition.sql"))?;
        Ok(true)
    })
}
