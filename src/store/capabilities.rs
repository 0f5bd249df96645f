//! Capabilities across tools.

use diesel::prelude::*;
use diesel::sql_types::{Array, BigInt, Bool, Text};
use serde::Serialize;

/// A capability, and how many tools offer it in the version in use.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, QueryableByName)]
pub struct Counted {
    /// Its name.
    #[diesel(sql_type = Text)]
    pub capability: String,
    /// Tools that offer it.
    #[diesel(sql_type = BigInt)]
    pub tools: i64,
    /// Those of them that are enabled and active.
    #[diesel(sql_type = BigInt)]
    pub selectable: i64,
}

/// A tool that offers a capability.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, QueryableByName)]
pub struct Offer {
    /// The capability.
    #[diesel(sql_type = Text)]
    pub capability: String,
    /// Platform of the tool.
    #[diesel(sql_type = Text)]
    pub platform: String,
    /// Name of the tool.
    #[diesel(sql_type = Text)]
    pub tool: String,
    /// The version in use.
    #[diesel(sql_type = Text)]
    pub version: String,
    /// active, deprecated, disabled, testing.
    #[diesel(sql_type = Text)]
    pub status: String,
    /// Whether it may be selected.
    #[diesel(sql_type = Bool)]
    pub enabled: bool,
    /// What the capability is, in the words of this tool.
    #[diesel(sql_type = Text)]
    pub description: String,
    /// Its usage patterns.
    #[diesel(sql_type = Array<Text>)]
    pub patterns: Vec<String>,
}

/// The capabilities by name, with the number of tools, on those platforms or on all.
pub fn counted(connection: &mut PgConnection, platforms: &[String]) -> QueryResult<Vec<Counted>> {
    diesel::sql_query(
        "SELECT c.capability_name::text AS capability, count(*) AS tools, \
                count(*) FILTER (WHERE t.enabled AND t.status = 'active') AS selectable \
         FROM tool_capabilities c JOIN tools t ON t.id = c.tool_id \
         WHERE t.is_latest AND (cardinality($1) = 0 OR t.platform = ANY ($1)) \
         GROUP BY c.capability_name ORDER BY c.capability_name COLLATE \"C\"",
    )
    .bind::<Array<Text>, _>(platforms)
    .load(connection)
}

/// The tools that offer a capability, by platform and name.
pub fn offers(
    connection: &mut PgConnection,
    capability: &str,
    platforms: &[String],
) -> QueryResult<Vec<Offer>> {
    diesel::sql_query(
        "SELECT c.capability_name::text AS capability, t.platform::text, t.tool_name::text AS tool, \
                t.version::text, t.status::text, t.enabled, c.description, \
                ARRAY(SELECT p.pattern_name::text FROM tool_patterns p \
                      WHERE p.capability_id = c.id ORDER BY p.id) AS patterns \
         FROM tool_capabilities c JOIN tools t ON t.id = c.tool_id \
         WHERE t.is_latest AND c.capability_name = $1 \
           AND (cardinality($2) = 0 OR t.platform = ANY ($2)) \
         ORDER BY t.platform COLLATE \"C\", t.tool_name COLLATE \"C\"",
    )
    .bind::<Text, _>(capability)
    .bind::<Array<Text>, _>(platforms)
    .load(connection)
}
