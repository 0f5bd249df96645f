//! Sessions: who is signed in to the pages of a server.

use diesel::prelude::*;
use diesel::sql_types::{BigInt, Binary, Integer, Nullable, Text};

use super::tokens::{Shown, ShownRow};

/// Begins a session of so many seconds, and forgets those that are over.
pub fn begin(
    connection: &mut PgConnection,
    hash: &[u8],
    principal: &str,
    token_id: Option<i64>,
    seconds: i32,
) -> QueryResult<()> {
    diesel::sql_query("DELETE FROM sessions WHERE expires_at <= now()").execute(connection)?;
    diesel::sql_query(
        "INSERT INTO sessions (hash, principal, token_id, expires_at) \
         VALUES ($1, $2, $3, now() + make_interval(secs => $4))",
    )
    .bind::<Binary, _>(hash)
    .bind::<Text, _>(principal)
    .bind::<Nullable<BigInt>, _>(token_id)
    .bind::<Integer, _>(seconds)
    .execute(connection)
    .map(drop)
}

/// Who is signed in with the key of that hash. The limits of the token by which are those of the session.
pub fn shown(connection: &mut PgConnection, hash: &[u8]) -> QueryResult<Option<Shown>> {
    let found: Option<ShownRow> = diesel::sql_query(
        "SELECT s.principal::text, t.id AS token_id, t.role::text AS token_role, \
                coalesce(t.record, false) AS token_record, \
                CASE WHEN pg_get_userbyid(n.nspowner) = s.principal THEN 'admin' ELSE m.role END::text AS member_role, \
                coalesce(m.record, false) AS member_record, \
                t.revoked_at IS NOT NULL AS revoked, \
                least(s.expires_at, t.expires_at) <= now() AS expired, false AS stale \
         FROM sessions s JOIN pg_namespace n ON n.nspname = current_schema() \
         LEFT JOIN api_tokens t ON t.id = s.token_id \
         LEFT JOIN catalog_members m ON m.principal = s.principal \
         WHERE s.hash = $1",
    )
    .bind::<Binary, _>(hash)
    .get_result(connection)
    .optional()?;
    Ok(found.map(Shown::from))
}

/// Ends a session: whether there was one.
pub fn end(connection: &mut PgConnection, hash: &[u8]) -> QueryResult<bool> {
    diesel::sql_query("DELETE FROM sessions WHERE hash = $1")
        .bind::<Binary, _>(hash)
        .execute(connection)
        .map(|rows| rows > 0)
}

/// Ends every session of a principal: how many there were.
pub fn end_all(connection: &mut PgConnection, principal: &str) -> QueryResult<usize> {
    diesel::sql_query("DELETE FROM sessions WHERE principal = $1")
        .bind::<Text, _>(principal)
        .execute(connection)
}
