//! Selections that were recorded, with the candidates that they were made from.

use chrono::{DateTime, Utc};
use diesel::prelude::*;
use serde_json::Value;

use super::StoreError;
use super::schema::tool_selections;
use crate::definition::DocumentError;
use crate::select::{Choice, Pool, Request};

/// A recorded selection.
#[derive(Debug, Clone, PartialEq)]
pub struct Recorded {
    /// Row number.
    pub id: i64,
    /// When it was made.
    pub recorded_at: DateTime<Utc>,
    /// Revision of the catalog that it was made from.
    pub revision: i64,
    /// What was asked for.
    pub request: Request,
    /// The candidates, as they were.
    pub pool: Pool,
    /// What was chosen.
    pub answer: Option<Choice>,
}

#[derive(Insertable)]
#[diesel(table_name = tool_selections)]
struct New<'a> {
    recorded_by: &'a str,
    revision: i64,
    request_hash: &'a str,
    request: Value,
    pool: Value,
    answer: Option<Value>,
}

#[derive(Queryable, Selectable)]
#[diesel(table_name = tool_selections, check_for_backend(diesel::pg::Pg))]
struct Row {
    id: i64,
    recorded_at: DateTime<Utc>,
    revision: i64,
    request: Value,
    pool: Value,
    answer: Option<Value>,
}

/// Records a selection and returns its row number.
///
/// # Errors
/// The database's error, if the query fails.
pub fn record(
    connection: &mut PgConnection,
    actor: &str,
    revision: i64,
    request: &Request,
    pool: &Pool,
    answer: Option<&Choice>,
) -> Result<i64, StoreError> {
    let new = New {
        recorded_by: actor,
        revision,
        request_hash: &request.hash(),
        request: json(request)?,
        pool: json(pool)?,
        answer: answer.map(json).transpose()?,
    };
    Ok(diesel::insert_into(tool_selections::table)
        .values(new)
        .returning(tool_selections::id)
        .get_result(connection)?)
}

/// One recorded selection.
///
/// # Errors
/// The database's error, if the query fails; [`StoreError::Definition`] if it was recorded by a program that knew more.
pub fn find(connection: &mut PgConnection, id: i64) -> Result<Option<Recorded>, StoreError> {
    let row: Option<Row> = tool_selections::table
        .find(id)
        .select(Row::as_select())
        .first(connection)
        .optional()?;
    row.map(recorded).transpose()
}

/// The newest selections recorded since a moment, so many at most, the newest first.
///
/// # Errors
/// As [`find`].
pub fn newest(
    connection: &mut PgConnection,
    moment: DateTime<Utc>,
    most: usize,
) -> Result<Vec<Recorded>, StoreError> {
    let rows: Vec<Row> = tool_selections::table
        .filter(tool_selections::recorded_at.ge(moment))
        .order(tool_selections::id.desc())
        .limit(i64::try_from(most).unwrap_or(i64::MAX))
        .select(Row::as_select())
        .load(connection)?;
    rows.into_iter().map(recorded).collect()
}

fn recorded(row: Row) -> Result<Recorded, StoreError> {
    let unreadable = |field: &str, error: serde_json::Error| {
        StoreError::Definition(DocumentError {
            subject: format!("recorded selection {}", row.id),
            message: format!("{field}: {error}"),
        })
    };
    Ok(Recorded {
        id: row.id,
        recorded_at: row.recorded_at,
        revision: row.revision,
        request: serde_json::from_value(row.request).map_err(|it| unreadable("request", it))?,
        pool: serde_json::from_value(row.pool).map_err(|it| unreadable("pool", it))?,
        answer: row
            .answer
            .map(serde_json::from_value)
            .transpose()
            .map_err(|it| unreadable("answer", it))?,
    })
}

fn json<T: serde::Serialize>(value: &T) -> Result<Value, StoreError> {
    serde_json::to_value(value).map_err(|error| {
        StoreError::Definition(DocumentError {
            subject: "selection".to_owned(),
            message: error.to_string(),
        })
    })
}
