//! Tools of whose use nothing is known.

use diesel::prelude::*;
use diesel::sql_types::{BigInt, Text};

#[derive(QueryableByName)]
struct Row {
    #[diesel(sql_type = Text)]
    platform: String,
    #[diesel(sql_type = Text)]
    tool_name: String,
    #[diesel(sql_type = BigInt)]
    total: i64,
}

/// How many tools may be selected and have no execution in the version in use, and the first of them by
/// platform and name.
///
/// # Errors
/// If the query fails.
pub fn untried(
    connection: &mut PgConnection,
    limit: i64,
) -> QueryResult<(i64, Vec<(String, String)>)> {
    let rows: Vec<Row> = diesel::sql_query(
        "SELECT t.platform::text, t.tool_name::text, count(*) OVER () AS total FROM tools t \
         WHERE t.is_latest AND t.enabled AND t.status = 'active' \
           AND NOT EXISTS (SELECT FROM tool_telemetry x WHERE x.tool_id = t.id) \
         ORDER BY t.platform COLLATE \"C\", t.tool_name COLLATE \"C\" LIMIT $1",
    )
    .bind::<BigInt, _>(limit)
    .load(connection)?;
    let total = rows.first().map_or(0, |it| it.total);
    let names = rows.into_iter().map(|it| (it.platform, it.tool_name));
    Ok((total, names.collect()))
}
