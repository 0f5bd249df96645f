//! Recording executions: one, or a stream of them by COPY.

use std::collections::HashSet;
use std::io::{self, Write};

use diesel::Connection as _;
use diesel::copy_from;
use diesel::prelude::*;
use diesel::result::{DatabaseErrorKind, Error as DieselError};
use diesel::sql_types::{Array, BigInt, Bool, Text};

use super::Rows;
use super::rows::Key;
use crate::store::schema::tool_telemetry::dsl;
use crate::store::{Connection, StoreError};

/// Rows that are recorded together.
#[derive(Debug, Default)]
pub struct Chunk {
    /// The rows.
    pub rows: Rows,
    /// The last line of the input that belongs to this chunk or an earlier one.
    pub last_line: u64,
    /// Bytes of the input up to there.
    pub bytes: u64,
}

/// What was recorded.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Loaded {
    /// Rows recorded and committed.
    pub recorded: u64,
    /// Executions passed over since their ids were recorded before.
    pub duplicates: u64,
    /// The last line of the input that is dealt with for good.
    pub last_line: u64,
}

/// A stream that could not be recorded to its end.
#[derive(Debug)]
pub struct Interrupted {
    /// What was recorded before.
    pub loaded: Loaded,
    /// Why it could not go on.
    pub error: StoreError,
}

/// Records the chunks: each in a transaction of its own, or all of them in one (`atomic`), which `keep` decides about
/// at the end. `progress` hears of every chunk.
///
/// # Errors
/// If the database refuses or is lost, with what was committed before.
pub fn load(
    connection: &mut Connection,
    chunks: impl IntoIterator<Item = Chunk>,
    atomic: bool,
    keep: impl Fn() -> bool,
    mut progress: impl FnMut(&Chunk),
) -> Result<Loaded, Interrupted> {
    let mut loaded = Loaded::default();
    let mut copier = Copier::default();
    let chunks = chunks.into_iter();
    if !atomic {
        for chunk in chunks {
            let result = connection.record(|connection| copier.copy(connection, &chunk.rows));
            match result {
                Ok(recorded) => loaded.add(recorded, &chunk),
                Err(error) => return Err(Interrupted { loaded, error }),
            }
            progress(&chunk);
        }
        return Ok(loaded);
    }
    let mut chunks = Some(chunks);
    let mut total = Loaded::default();
    let result = connection.record(|connection| {
        let Some(chunks) = chunks.take() else {
            // The stream cannot be read a second time.
            return Err(StoreError::Conflict(
                "another process stood in the way; nothing was recorded".to_owned(),
            ));
        };
        for chunk in chunks {
            let recorded =
                connection.transaction(|connection| copier.copy(connection, &chunk.rows))?;
            total.add(recorded, &chunk);
            progress(&chunk);
        }
        if keep() {
            Ok(())
        } else {
            Err(StoreError::Query(DieselError::RollbackTransaction))
        }
    });
    match result {
        Ok(()) => Ok(total),
        Err(StoreError::Query(DieselError::RollbackTransaction)) => Ok(loaded),
        Err(error) => Err(Interrupted { loaded, error }),
    }
}

impl Loaded {
    fn add(&mut self, recorded: u64, chunk: &Chunk) {
        let rows = chunk.rows.len() as u64;
        self.recorded += recorded;
        self.duplicates += rows.saturating_sub(recorded) + chunk.rows.repeated();
        self.last_line = chunk.last_line;
    }
}

/// Copies rows straight into the table, and asks which ids are known only once one turned out to be: a first load
/// never asks, and a load that was interrupted asks until it is past what it had recorded.
#[derive(Debug, Default)]
struct Copier {
    expects_known: bool,
    partitioned: Option<bool>,
}

impl Copier {
    /// Rows recorded. Must run in a transaction.
    fn copy(&mut self, connection: &mut PgConnection, rows: &Rows) -> Result<u64, StoreError> {
        if rows.is_empty() {
            return Ok(0);
        }
        let partitioned = match self.partitioned {
            Some(partitioned) => partitioned,
            None => is_partitioned(connection)?,
        };
        self.partitioned = Some(partitioned);
        if partitioned {
            // No index holds an id to one row over all partitions: writers follow one another instead.
            lock(connection)?;
            make_partitions(connection, &rows.months())?;
            let known = known(connection, rows)?;
            return copy(connection, rows, &known);
        }
        if !self.expects_known {
            match connection.transaction(|connection| copy(connection, rows, &HashSet::new())) {
                Err(StoreError::Query(error)) if is_duplicate(&error) => {}
                result => return result,
            }
        }
        // Another writer can record one of these ids meanwhile; then the next look finds it.
        for _ in 0..ATTEMPTS {
            let known = known(connection, rows)?;
            self.expects_known = !known.is_empty();
            match connection.transaction(|connection| copy(connection, rows, &known)) {
                Err(StoreError::Query(error)) if is_duplicate(&error) => {}
                result => return result,
            }
        }
        Err(StoreError::Conflict(
            "other processes keep recording the same executions".to_owned(),
        ))
    }
}

const ATTEMPTS: usize = 10;

fn is_duplicate(error: &DieselError) -> bool {
    matches!(
        error,
        DieselError::DatabaseError(DatabaseErrorKind::UniqueViolation, _)
    )
}

#[derive(QueryableByName)]
struct Known {
    #[diesel(sql_type = BigInt)]
    tool_id: i64,
    #[diesel(sql_type = Text)]
    execution_id: String,
}

/// Those of the rows' keys that are recorded already.
fn known(connection: &mut PgConnection, rows: &Rows) -> Result<HashSet<Key>, StoreError> {
    let (tools, ids) = rows.keys();
    let found: Vec<Known> = diesel::sql_query(
        "SELECT t.tool_id, t.execution_id::text FROM unnest($1, $2) AS given(tool_id, execution_id) \
         JOIN tool_telemetry t ON t.execution_id = given.execution_id AND t.tool_id = given.tool_id \
         WHERE t.execution_id IS NOT NULL",
    )
    .bind::<Array<BigInt>, _>(tools)
    .bind::<Array<Text>, _>(ids)
    .load(connection)?;
    Ok(found
        .into_iter()
        .map(|it| (it.tool_id, it.execution_id))
        .collect())
}

/// The error of the callback that diesel's COPY asks for.
#[derive(Debug, thiserror::Error)]
enum CopyError {
    #[error(transparent)]
    Query(#[from] DieselError),
    #[error(transparent)]
    Io(#[from] io::Error),
}

fn copy(
    connection: &mut PgConnection,
    rows: &Rows,
    without: &HashSet<Key>,
) -> Result<u64, StoreError> {
    let columns = (
        dsl::tool_id,
        dsl::capability_id,
        dsl::pattern_id,
        dsl::execution_id,
        dsl::user_id,
        dsl::environment,
        dsl::actual_time_ms,
        dsl::actual_cost,
        dsl::estimated_time_ms,
        dsl::estimated_cost,
        dsl::success,
        dsl::error_message,
        dsl::context_variables,
        dsl::executed_at,
        dsl::rating,
    );
    let copied = copy_from(dsl::tool_telemetry)
        .from_raw_data(columns, |out: &mut dyn Write| {
            let mut out = io::BufWriter::with_capacity(64 * 1024, out);
            rows.write(&mut out, without)?;
            out.flush()?;
            Ok::<_, CopyError>(())
        })
        .execute(connection);
    match copied {
        Ok(rows) => Ok(rows as u64),
        Err(CopyError::Query(error)) => Err(error.into()),
        Err(CopyError::Io(error)) => Err(StoreError::Lost(error.to_string())),
    }
}

#[derive(QueryableByName)]
struct Answer {
    #[diesel(sql_type = Bool)]
    answer: bool,
}

/// Whether the table is divided by month.
pub(super) fn is_partitioned(connection: &mut PgConnection) -> QueryResult<bool> {
    let row: Answer = diesel::sql_query(
        "SELECT relkind = 'p' AS answer FROM pg_class WHERE oid = 'tool_telemetry'::regclass",
    )
    .get_result(connection)?;
    Ok(row.answer)
}

/// Makes writers of this catalog's telemetry follow one another, to the end of the transaction.
fn lock(connection: &mut PgConnection) -> QueryResult<()> {
    diesel::sql_query(
        "SELECT pg_advisory_xact_lock(hashtextextended('toolcat telemetry ' || current_schema(), 0))",
    )
    .execute(connection)
    .map(drop)
}

fn make_partitions(connection: &mut PgConnection, months: &[String]) -> QueryResult<()> {
    diesel::sql_query("SELECT make_telemetry_partition(month::date) FROM unnest($1) month")
        .bind::<Array<Text>, _>(months)
        .execute(connection)
        .map(drop)
}

/// Records rows that are in memory, in one transaction: how many were new.
///
/// # Errors
/// Those of the statements; [`StoreError::Conflict`] if other processes keep recording the same executions.
pub fn record(connection: &mut Connection, rows: &Rows) -> Result<u64, StoreError> {
    connection.record(|connection| Copier::default().copy(connection, rows))
}
