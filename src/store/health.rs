//! Facts about the server and the catalog, for a look at whether all is well.

use diesel::prelude::*;
use diesel::sql_types::{Array, BigInt, Bool, Double, Integer, Text};

/// What the server says of itself.
#[derive(Debug, Clone, PartialEq, QueryableByName)]
pub struct Server {
    /// Its version as a number, such as 150014.
    #[diesel(sql_type = Integer)]
    pub version_number: i32,
    /// Its version for people.
    #[diesel(sql_type = Text)]
    pub version: String,
    /// Whether it is a replica, which can only be read.
    #[diesel(sql_type = Bool)]
    pub is_replica: bool,
    /// Whether transactions are read-only unless they say otherwise.
    #[diesel(sql_type = Bool)]
    pub is_read_only: bool,
    /// Its clock, in seconds since 1970.
    #[diesel(sql_type = Double)]
    pub clock: f64,
    /// The size of the database in bytes.
    #[diesel(sql_type = BigInt)]
    pub database_bytes: i64,
    /// Connections in use.
    #[diesel(sql_type = BigInt)]
    pub connections: i64,
    /// Connections there can be.
    #[diesel(sql_type = BigInt)]
    pub most_connections: i64,
    /// The role of this connection.
    #[diesel(sql_type = Text)]
    pub role: String,
    /// The extensions of the database.
    #[diesel(sql_type = Array<Text>)]
    pub extensions: Vec<String>,
    /// The encoding of the database, such as UTF8.
    #[diesel(sql_type = Text)]
    pub encoding: String,
}

/// A privilege that is missing.
#[derive(Debug, Clone, PartialEq, Eq, QueryableByName)]
pub struct Missing {
    /// On which table, or the catalog.
    #[diesel(sql_type = Text)]
    pub on: String,
    /// Which privilege.
    #[diesel(sql_type = Text)]
    pub privilege: String,
}

#[derive(QueryableByName)]
struct Name {
    #[diesel(sql_type = Text)]
    name: String,
}

/// What the selection's own index shows.
#[derive(Debug, Clone, PartialEq, Eq, QueryableByName)]
pub struct SelectionIndex {
    /// Whether this catalog has one.
    #[diesel(sql_type = Bool)]
    pub exists: bool,
    /// How many revisions it is behind; negative where it claims one that there is not.
    #[diesel(sql_type = BigInt)]
    pub behind: i64,
}

/// The server.
///
/// # Errors
/// The database's error, if the query fails.
pub fn server(connection: &mut PgConnection) -> QueryResult<Server> {
    diesel::sql_query(
        "SELECT current_setting('server_version_num')::int AS version_number, \
                current_setting('server_version') AS version, \
                pg_is_in_recovery() AS is_replica, \
                current_setting('default_transaction_read_only')::bool AS is_read_only, \
                extract(epoch FROM clock_timestamp())::float8 AS clock, \
                pg_database_size(current_database()) AS database_bytes, \
                (SELECT count(*) FROM pg_stat_activity WHERE backend_type = 'client backend') AS connections, \
                current_setting('max_connections')::bigint AS most_connections, \
                current_user::text AS role, \
                ARRAY(SELECT extname::text FROM pg_extension ORDER BY 1) AS extensions, \
                current_setting('server_encoding') AS encoding",
    )
    .get_result(connection)
}

/// The rights that this role lacks for daily work: reading everything, and writing what commands
/// write. The audit log, the catalog's state and the index of selection are written by functions, in
/// the owner's name.
///
/// # Errors
/// The database's error, if the query fails.
pub fn missing_rights(connection: &mut PgConnection) -> QueryResult<Vec<Missing>> {
    diesel::sql_query(
        "SELECT c.relname::text AS \"on\", p.privilege \
         FROM pg_class c CROSS JOIN unnest(ARRAY['SELECT', 'INSERT', 'UPDATE', 'DELETE']) p(privilege) \
         WHERE c.relnamespace = current_schema()::regnamespace AND c.relkind IN ('r', 'p') \
           AND NOT c.relispartition \
           AND c.relname NOT IN ('__diesel_schema_migrations', 'api_tokens', 'audit_pending', 'sessions') \
           AND (p.privilege = 'SELECT' \
                OR c.relname NOT IN ('tool_audit_log', 'tool_audit_chain', 'catalog_state', \
                                     'selection_index', 'search_terms', 'tool_vectors', 'catalog_members', 'catalog_teams')) \
           AND NOT has_table_privilege(c.oid, p.privilege) \
         UNION ALL \
         SELECT proname::text, 'EXECUTE' FROM pg_proc \
         WHERE pronamespace = current_schema()::regnamespace \
           AND proname IN ('audit_actor', 'access_of_session', 'lock_catalog', 'clear_index', 'write_index_entries', \
                           'renew_index_entries', 'write_index_terms', 'finish_index', \
                           'make_telemetry_partition') \
           AND NOT has_function_privilege(oid, 'EXECUTE') \
         ORDER BY 1, 2",
    )
    .load(connection)
}

/// Who may do what.
#[derive(Debug, Clone, PartialEq, Eq, QueryableByName)]
pub struct Access {
    /// Members.
    #[diesel(sql_type = BigInt)]
    pub members: i64,
    /// Admins among them.
    #[diesel(sql_type = BigInt)]
    pub admins: i64,
    /// Database roles that speak for others and own the catalog, or could.
    #[diesel(sql_type = Array<Text>)]
    pub mighty_delegates: Vec<String>,
    /// Whether this role may see the tokens.
    #[diesel(sql_type = Bool)]
    pub sees_tokens: bool,
}

/// Who may do what.
///
/// # Errors
/// The database's error, if the query fails.
pub fn access(connection: &mut PgConnection) -> QueryResult<Access> {
    diesel::sql_query(
        "SELECT count(*) AS members, count(*) FILTER (WHERE role = 'admin') AS admins, \
                ARRAY(SELECT m.principal::text FROM catalog_members m JOIN pg_roles r ON r.rolname = m.principal \
                      JOIN pg_namespace n ON n.nspname = current_schema() \
                      WHERE m.delegate AND pg_has_role(r.oid, n.nspowner, 'MEMBER') ORDER BY 1) AS mighty_delegates, \
                has_table_privilege('api_tokens', 'SELECT') AS sees_tokens \
         FROM catalog_members",
    )
    .get_result(connection)
}

/// Tokens that end within a week, or ended in the month before and were not revoked.
///
/// # Errors
/// The database's error, if the query fails.
pub fn ending_tokens(connection: &mut PgConnection) -> QueryResult<Vec<String>> {
    names(
        connection,
        "SELECT id || ' of ' || principal AS name FROM api_tokens \
         WHERE revoked_at IS NULL \
           AND expires_at BETWEEN now() - INTERVAL '30 days' AND now() + INTERVAL '7 days' ORDER BY id",
    )
}

/// Indexes of the catalog that PostgreSQL does not use: a build that failed or was cut off.
///
/// # Errors
/// The database's error, if the query fails.
pub fn invalid_indexes(connection: &mut PgConnection) -> QueryResult<Vec<String>> {
    names(
        connection,
        "SELECT c.relname::text AS name FROM pg_index i JOIN pg_class c ON c.oid = i.indexrelid \
         WHERE c.relnamespace = current_schema()::regnamespace \
           AND NOT (i.indisvalid AND i.indisready) ORDER BY 1",
    )
}

/// Tables whose statistics no longer say what is in them, so that queries may be planned badly.
///
/// # Errors
/// The database's error, if the query fails.
pub fn stale_statistics(connection: &mut PgConnection) -> QueryResult<Vec<String>> {
    names(
        connection,
        "SELECT relname::text AS name FROM pg_stat_user_tables \
         WHERE schemaname = current_schema() AND n_mod_since_analyze > 10000 \
           AND n_mod_since_analyze > n_live_tup / 2 ORDER BY 1",
    )
}

/// Triggers that keep the audit log, or that say who may do what, and are switched off or gone.
///
/// # Errors
/// The database's error, if the query fails.
pub fn missing_triggers(connection: &mut PgConnection) -> QueryResult<Vec<String>> {
    names(
        connection,
        "SELECT w.tab || '.' || w.trig AS name \
         FROM (SELECT t, k || e FROM unnest(ARRAY['tools', 'tool_capabilities', 'tool_patterns', \
                                                  'tool_ab_tests']) t, \
                      unnest(ARRAY['audit_', 'access_']) k, unnest(ARRAY['insert', 'update', 'delete']) e \
               UNION ALL SELECT t, g FROM unnest(ARRAY['catalog_members', 'catalog_teams', 'api_tokens']) t, \
                                          unnest(ARRAY['audit', 'access_change']) g \
               UNION ALL VALUES ('api_tokens', 'access_update'), ('sessions', 'access_change'), \
                                ('tool_telemetry', 'access_insert'), \
                                ('tool_audit_log', 'keep'), ('tool_audit_log', 'keep_all'), \
                                ('tool_audit_log', 'guard'), ('tool_audit_chain', 'keep'), \
                                ('tool_audit_chain', 'keep_all'), ('tool_audit_chain', 'guard'), \
                                ('audit_pending', 'guard'), ('audit_pending', 'audit_fold'), \
                                ('tools', 'audit_fold_first'), ('tool_capabilities', 'audit_fold_first'), \
                                ('tool_patterns', 'audit_fold_first'), \
                                ('catalog_state', 'guard'), ('selection_index', 'guard'), \
                                ('search_terms', 'guard'), ('tool_vectors', 'guard'), ('tools', 'forget_own_digest'), \
                                ('tools', 'lock_first')) w(tab, trig) \
         WHERE NOT EXISTS (SELECT FROM pg_trigger g \
                           WHERE g.tgrelid = to_regclass(w.tab) AND g.tgname = w.trig \
                             AND g.tgenabled IN ('O', 'A')) \
         ORDER BY 1",
    )
}

/// Functions of the catalog that look into another schema: it was renamed, or restored under another
/// name.
///
/// # Errors
/// The database's error, if the query fails.
pub fn misdirected_functions(connection: &mut PgConnection) -> QueryResult<Vec<String>> {
    names(
        connection,
        "SELECT p.oid::regprocedure::text AS name \
         FROM pg_proc p JOIN pg_namespace n ON n.oid = p.pronamespace \
              CROSS JOIN LATERAL unnest(p.proconfig) setting \
         WHERE n.nspname = current_schema() AND starts_with(setting, 'search_path=') \
           AND btrim(split_part(substr(setting, 13), ',', 1), ' \"') NOT IN (n.nspname, 'pg_catalog') \
         ORDER BY 1",
    )
}

/// Functions of the catalog that everybody may run.
///
/// # Errors
/// The database's error, if the query fails.
pub fn everybodys_functions(connection: &mut PgConnection) -> QueryResult<Vec<String>> {
    names(
        connection,
        "SELECT p.oid::regprocedure::text AS name FROM pg_proc p \
         WHERE p.pronamespace = current_schema()::regnamespace \
           AND EXISTS (SELECT FROM aclexplode(coalesce(p.proacl, acldefault('f', p.proowner))) a \
                       WHERE a.grantee = 0 AND a.privilege_type = 'EXECUTE') \
         ORDER BY 1",
    )
}

/// What the selection's own index shows.
///
/// # Errors
/// The database's error, if the query fails.
pub fn selection_index(connection: &mut PgConnection) -> QueryResult<SelectionIndex> {
    diesel::sql_query(
        "SELECT to_jsonb(s) ? 'indexed_revision' AS exists, \
                s.revision - coalesce((to_jsonb(s) ->> 'indexed_revision')::bigint, 0) AS behind \
         FROM catalog_state s",
    )
    .get_result(connection)
}

fn names(connection: &mut PgConnection, query: &str) -> QueryResult<Vec<String>> {
    let names: Vec<Name> = diesel::sql_query(query).load(connection)?;
    Ok(names.into_iter().map(|it| it.name).collect())
}
