//! Names in the catalog, for completion.

use diesel::prelude::*;
use diesel::sql_types::{BigInt, Text};

/// A kind of name.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Names {
    /// Tools as they are addressed: `[platform/]name[@version]`.
    Tools,
    /// Versions of the tool that is named; of any, if none is.
    Versions,
    /// Usage patterns of the tool that is named.
    Patterns,
    /// A/B tests.
    Tests,
    /// Capabilities.
    Capabilities,
    /// Platforms.
    Platforms,
    /// Categories.
    Categories,
    /// Tags.
    Tags,
    /// Owners.
    Owners,
    /// Catalogs of the database.
    Catalogs,
    /// Members.
    Members,
    /// Teams.
    Teams,
}

impl Names {
    /// Whether they are those of one tool.
    pub fn of_a_tool(self) -> bool {
        matches!(self, Names::Versions | Names::Patterns)
    }
}

#[derive(QueryableByName)]
struct Name {
    #[diesel(sql_type = Text)]
    name: String,
}

/// The names of a kind that begin with a text, in byte order, at most so many: those that the
/// database's own order puts first, so that an index can be walked. `tool` addresses the tool that is meant.
///
/// # Errors
/// The database's error, if the query fails.
pub fn beginning_with(
    connection: &mut PgConnection,
    names: Names,
    text: &str,
    tool: Option<&str>,
    most: i64,
) -> QueryResult<Vec<String>> {
    let all = match names {
        // Each part tests for itself what it offers: the planner does not move the test of the whole
        // into them, and ten thousand names take too long to put together at every key.
        Names::Tools if text.contains('@') => {
            "SELECT tool_name || '@' || version FROM tools \
             WHERE starts_with(tool_name || '@' || version, $1) \
             UNION ALL SELECT platform || '/' || tool_name || '@' || version FROM tools \
             WHERE starts_with(platform || '/' || tool_name || '@' || version, $1)"
        }
        Names::Tools if text.contains('/') => {
            "SELECT platform || '/' || tool_name FROM tools \
             WHERE is_latest AND starts_with(platform || '/' || tool_name, $1)"
        }
        Names::Tools => {
            "(SELECT tool_name FROM tools WHERE is_latest AND starts_with(tool_name, $1) \
              GROUP BY tool_name ORDER BY tool_name LIMIT $2) \
             UNION ALL SELECT platform || '/' || tool_name FROM tools \
             WHERE is_latest AND starts_with(platform || '/' || tool_name, $1) \
             AND tool_name IN (SELECT tool_name FROM tools WHERE is_latest \
                               GROUP BY tool_name HAVING count(*) > 1)"
        }
        Names::Versions => {
            "SELECT DISTINCT version FROM tools WHERE $3 = '' OR split_part($3, '@', 1) IN \
             (tool_name, platform || '/' || tool_name)"
        }
        Names::Patterns => {
            "SELECT DISTINCT unnest(ARRAY[pattern_name, capability_name || '.' || pattern_name]) \
             FROM tools t JOIN tool_capabilities c ON c.tool_id = t.id \
             JOIN tool_patterns p ON p.capability_id = c.id \
             WHERE is_latest AND $3 IN (tool_name, platform || '/' || tool_name) \
             OR $3 IN (tool_name || '@' || version, platform || '/' || tool_name || '@' || version)"
        }
        Names::Tests => "SELECT test_name FROM tool_ab_tests",
        Names::Capabilities => "SELECT DISTINCT capability_name FROM tool_capabilities",
        Names::Platforms => "SELECT DISTINCT platform FROM tools",
        Names::Categories => "SELECT DISTINCT category FROM tools",
        Names::Tags => {
            "SELECT DISTINCT tag FROM tools CROSS JOIN LATERAL jsonb_array_elements_text( \
             CASE jsonb_typeof(metadata -> 'tags') WHEN 'array' THEN metadata -> 'tags' ELSE '[]' END) tag"
        }
        Names::Owners => "SELECT DISTINCT owner FROM tools WHERE owner IS NOT NULL",
        Names::Members => "SELECT principal FROM catalog_members",
        Names::Teams => "SELECT DISTINCT team FROM catalog_teams",
        Names::Catalogs => {
            "SELECT nspname::text FROM pg_namespace n JOIN pg_class c ON c.relnamespace = n.oid \
             WHERE c.relname = 'catalog_state' AND c.relkind = 'r'"
        }
    };
    let found: Vec<Name> = diesel::sql_query(format!(
        "SELECT name::text FROM ({all}) AS found (name) WHERE starts_with(name, $1) \
         ORDER BY name COLLATE \"C\" LIMIT $2"
    ))
    .bind::<Text, _>(text)
    .bind::<BigInt, _>(most)
    .bind::<Text, _>(tool.unwrap_or_default())
    .load(connection)?;
    Ok(found.into_iter().map(|it| it.name).collect())
}
