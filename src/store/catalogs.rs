//! The catalogs of a database: each is a schema with tables of its own.

use diesel::connection::SimpleConnection;
use diesel::prelude::*;
use diesel::sql_types::{BigInt, Bool, Jsonb, Text};
use serde::Serialize;

use super::location::Catalog;
use super::{Act, Connection, StoreError, migrate};

/// A catalog. The serde names are those of `catalog list` and its machine formats.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, QueryableByName)]
pub struct Entry {
    /// Its name.
    #[diesel(sql_type = Text)]
    #[serde(rename = "catalog")]
    pub name: String,
    /// The database role that owns it.
    #[diesel(sql_type = Text)]
    pub owner: String,
    /// What its tables and indexes take, in bytes.
    #[diesel(sql_type = BigInt)]
    pub bytes: i64,
    /// Whether this role may look into it.
    #[diesel(sql_type = Bool)]
    #[serde(skip)]
    pub readable: bool,
}

/// What a catalog holds.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, QueryableByName)]
pub struct Holding {
    /// Tools.
    #[diesel(sql_type = BigInt)]
    pub tools: i64,
    /// Versions of tools.
    #[diesel(sql_type = BigInt)]
    pub versions: i64,
    /// Executions recorded.
    #[diesel(sql_type = BigInt)]
    pub executions: i64,
    /// Entries of the audit log.
    #[diesel(sql_type = BigInt)]
    pub entries: i64,
    /// The revision.
    #[diesel(sql_type = BigInt)]
    pub revision: i64,
}

/// The catalogs of the database, by name.
///
/// # Errors
/// The database's error, if the query fails.
pub fn list(connection: &mut PgConnection) -> QueryResult<Vec<Entry>> {
    diesel::sql_query(
        "SELECT n.nspname::text AS name, pg_get_userbyid(n.nspowner)::text AS owner, \
                coalesce((SELECT sum(pg_total_relation_size(r.oid)) FROM pg_class r \
                          WHERE r.relnamespace = n.oid AND r.relkind = 'r'), 0)::bigint AS bytes, \
                has_schema_privilege(n.oid, 'USAGE') AND has_table_privilege(c.oid, 'SELECT') AS readable \
         FROM pg_namespace n JOIN pg_class c ON c.relnamespace = n.oid \
         WHERE c.relname = 'catalog_state' AND c.relkind = 'r' ORDER BY n.nspname COLLATE \"C\"",
    )
    .load(connection)
}

/// What that catalog holds.
///
/// # Errors
/// The database's error, if the query fails.
pub fn holding(connection: &mut PgConnection, catalog: &Catalog) -> QueryResult<Holding> {
    // The name is one of a catalog, which needs no quotes but may be a keyword.
    diesel::sql_query(format!(
        "SELECT (SELECT count(*) FROM \"{catalog}\".tools WHERE is_latest) AS tools, \
                (SELECT count(*) FROM \"{catalog}\".tools) AS versions, \
                (SELECT count(*) FROM \"{catalog}\".tool_telemetry) AS executions, \
                (SELECT count(*) FROM \"{catalog}\".tool_audit_log) AS entries, \
                revision FROM \"{catalog}\".catalog_state"
    ))
    .get_result(connection)
}

/// Whether there is a schema of that name, and whether it is a catalog.
///
/// # Errors
/// The database's error, if the query fails.
pub fn standing(
    connection: &mut PgConnection,
    catalog: &Catalog,
) -> QueryResult<Option<IsCatalog>> {
    diesel::sql_query(
        "SELECT EXISTS (SELECT FROM pg_class c WHERE c.relnamespace = n.oid \
                        AND c.relname = 'catalog_state' AND c.relkind = 'r') AS is_catalog \
         FROM pg_namespace n WHERE n.nspname = $1",
    )
    .bind::<Text, _>(catalog.as_str())
    .get_result(connection)
    .optional()
}

/// What a schema is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, QueryableByName)]
pub struct IsCatalog {
    /// Whether it is a catalog.
    #[diesel(sql_type = Bool)]
    pub is_catalog: bool,
}

/// Gives a catalog the name of the one that this connection leads to. Its functions look for the new name
/// from the same transaction on, and its audit log says so.
///
/// # Errors
/// As the statements; the catalog then keeps its name.
pub fn rename(connection: &mut Connection, act: &Act, old: &Catalog) -> Result<(), StoreError> {
    let new = connection.location().catalog().to_string();
    connection.whole(!act.dry_run, |connection| {
        connection
            .raw()
            .batch_execute(&format!("ALTER SCHEMA \"{old}\" RENAME TO \"{new}\""))?;
        migrate::redirect_functions(connection)?;
        act.declare(connection.raw(), true)?;
        let changes = serde_json::json!({ "catalog": { "old": old.as_str(), "new": new } });
        diesel::sql_query("SELECT audit_note('renamed', $1)")
            .bind::<Jsonb, _>(changes)
            .execute(connection.raw())?;
        Ok(())
    })
}

/// Tables of a catalog's schema that are not toolcat's.
///
/// # Errors
/// The database's error, if the query fails.
pub fn strangers(connection: &mut PgConnection, catalog: &Catalog) -> QueryResult<Vec<String>> {
    #[derive(QueryableByName)]
    struct Name {
        #[diesel(sql_type = Text)]
        name: String,
    }
    let found: Vec<Name> = diesel::sql_query(
        "SELECT c.relname::text AS name FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace \
         WHERE n.nspname = $1 AND c.relkind IN ('r', 'p', 'v', 'm', 'f') AND NOT c.relispartition \
           AND c.relname NOT IN ('api_tokens', 'audit_pending', 'catalog_members', 'catalog_state', 'catalog_teams', 'search_terms', \
               'selection_index', 'sessions', 'tool_ab_assignments', 'tool_ab_looks', 'tool_ab_tests', \
               'tool_audit_chain', 'tool_audit_log', 'tool_capabilities', 'tool_patterns', 'tool_selections', \
               'tool_telemetry', 'tool_vectors', 'tools', '__diesel_schema_migrations') ORDER BY 1",
    )
    .bind::<Text, _>(catalog.as_str())
    .load(connection)?;
    Ok(found.into_iter().map(|it| it.name).collect())
}

/// Drops a catalog with everything in it. A dry run finds out whether it could be done.
///
/// # Errors
/// The database's error, if the statement fails.
pub fn remove(
    connection: &mut Connection,
    catalog: &Catalog,
    dry_run: bool,
) -> Result<(), StoreError> {
    connection.whole(!dry_run, |connection| {
        connection
            .raw()
            .batch_execute(&format!("DROP SCHEMA \"{catalog}\" CASCADE"))
            .map_err(StoreError::from)
    })
}
