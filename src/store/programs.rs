//! The programs that the tools of the catalog run.

use diesel::prelude::*;
use diesel::sql_types::{Array, Text};

/// A tool in its latest version, with the programs that it runs; one whose patterns do not say runs the one of
/// its name.
#[derive(Debug, Clone, PartialEq, Eq, QueryableByName)]
pub struct Programs {
    /// Its address.
    #[diesel(sql_type = Text)]
    pub address: String,
    /// Its name.
    #[diesel(sql_type = Text)]
    pub name: String,
    /// The programs.
    #[diesel(sql_type = Array<Text>)]
    pub programs: Vec<String>,
}

/// Those tools that are for other platforms than the named ones, in byte order of their addresses.
///
/// # Errors
/// The database's error, if the query fails.
pub fn on(connection: &mut PgConnection, not_for: &[&str]) -> QueryResult<Vec<Programs>> {
    diesel::sql_query(
        "SELECT t.platform || '/' || t.tool_name || '@' || t.version AS address, \
                t.tool_name::text AS name, \
                coalesce(array_agg(DISTINCT p.invocation -> 'argv' ->> 0) \
                    FILTER (WHERE jsonb_typeof(p.invocation -> 'argv' -> 0) = 'string' \
                            AND p.invocation -> 'argv' ->> 0 !~ '[{}]'), '{}') \
                || CASE WHEN count(p.invocation) = 0 THEN ARRAY[t.tool_name::text] ELSE '{}' END \
                AS programs \
         FROM tools t LEFT JOIN tool_capabilities c ON c.tool_id = t.id \
         LEFT JOIN tool_patterns p ON p.capability_id = c.id \
         WHERE t.is_latest AND t.platform <> ALL ($1) \
         GROUP BY t.id ORDER BY t.platform COLLATE \"C\", t.tool_name COLLATE \"C\"",
    )
    .bind::<Array<Text>, _>(not_for)
    .load(connection)
}
