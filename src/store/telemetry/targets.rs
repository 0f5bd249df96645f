//! The tools that executions can belong to.

use diesel::prelude::*;
use diesel::sql_types::{Array, BigInt, Bool, Nullable, Text};

use crate::definition::Identity;
use crate::telemetry::intake::{TargetRow, Targets};

#[derive(QueryableByName)]
struct Row {
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
    #[diesel(sql_type = Nullable<BigInt>)]
    capability_id: Option<i64>,
    #[diesel(sql_type = Nullable<Text>)]
    capability_name: Option<String>,
    #[diesel(sql_type = Nullable<BigInt>)]
    pattern_id: Option<i64>,
    #[diesel(sql_type = Nullable<Text>)]
    pattern_name: Option<String>,
    #[diesel(sql_type = Nullable<Text>)]
    time_estimate_ms: Option<String>,
    #[diesel(sql_type = Nullable<Text>)]
    cost_estimate: Option<String>,
}

/// Loads the tools of those names, or all of them, with their patterns.
pub fn targets(connection: &mut PgConnection, names: Option<&[&str]>) -> QueryResult<Targets> {
    let rows: Vec<Row> = diesel::sql_query(
        "SELECT t.id AS tool_id, t.platform, t.tool_name, t.version, t.is_latest, \
                c.id AS capability_id, c.capability_name, p.id AS pattern_id, p.pattern_name, \
                p.time_estimate_ms, p.cost_estimate \
         FROM tools t LEFT JOIN tool_capabilities c ON c.tool_id = t.id \
                      LEFT JOIN tool_patterns p ON p.capability_id = c.id \
         WHERE $1 IS NULL OR t.tool_name = ANY ($1) \
         ORDER BY t.id, c.id, p.id",
    )
    .bind::<Nullable<Array<Text>>, _>(names)
    .load(connection)?;
    Ok(Targets::new(rows.into_iter().map(|row| TargetRow {
        tool_id: row.tool_id,
        identity: Identity {
            platform: row.platform,
            name: row.tool_name,
            version: row.version,
        },
        is_latest: row.is_latest,
        capability: row.capability_id.zip(row.capability_name),
        pattern: row.pattern_id.zip(row.pattern_name),
        expressions: row.time_estimate_ms.zip(row.cost_estimate),
    })))
}
