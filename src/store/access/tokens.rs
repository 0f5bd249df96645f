//! Tokens: made, found by their hash, listed and revoked. The token itself is kept nowhere.

use chrono::{DateTime, Utc};
use diesel::dsl::now;
use diesel::pg::Pg;
use diesel::prelude::*;
use diesel::sql_types::{BigInt, Binary, Bool, Nullable, Text};
use serde::Serialize;

use super::{Rights, Role, role};
use crate::store::schema::api_tokens;

/// A token without its secret. The serde names are those of `token list` and its machine formats.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Queryable, Selectable)]
#[diesel(table_name = api_tokens, check_for_backend(Pg))]
pub struct Token {
    /// Its number, as the audit log names it.
    pub id: i64,
    /// Whom it stands for.
    pub principal: String,
    /// The most that it allows.
    pub role: String,
    /// Whether it allows to record.
    pub record: bool,
    /// What it is for.
    pub note: Option<String>,
    /// When it was made.
    pub created_at: DateTime<Utc>,
    /// When it ends.
    pub expires_at: DateTime<Utc>,
    /// Since when it is void.
    pub revoked_at: Option<DateTime<Utc>>,
    /// When it was used last, to about a minute.
    pub last_used_at: Option<DateTime<Utc>>,
}

/// A token to be.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct NewToken {
    /// Whom it stands for.
    pub principal: String,
    /// The most that it allows.
    pub role: Role,
    /// Whether it allows to record.
    pub record: bool,
    /// What it is for.
    pub note: Option<String>,
    /// Days until it ends.
    pub days: i64,
}

/// Keeps a token by its hash.
pub fn create(connection: &mut PgConnection, hash: &[u8], token: &NewToken) -> QueryResult<Token> {
    // The server's clock says when it ends, as it says when it was made.
    let end = diesel::dsl::sql::<diesel::sql_types::Timestamptz>("now() + make_interval(days => ")
        .bind::<diesel::sql_types::Integer, _>(i32::try_from(token.days).unwrap_or(i32::MAX))
        .sql(")");
    diesel::insert_into(api_tokens::table)
        .values((
            api_tokens::principal.eq(&token.principal),
            api_tokens::role.eq(token.role.as_str()),
            api_tokens::record.eq(token.record),
            api_tokens::hash.eq(hash),
            api_tokens::note.eq(&token.note),
            api_tokens::expires_at.eq(end),
        ))
        .returning(Token::as_returning())
        .get_result(connection)
}

/// The tokens, newest first; of one principal where one is named.
pub fn list(connection: &mut PgConnection, principal: Option<&str>) -> QueryResult<Vec<Token>> {
    let mut query = api_tokens::table
        .select(Token::as_select())
        .order(api_tokens::id.desc())
        .into_boxed();
    if let Some(principal) = principal {
        query = query.filter(api_tokens::principal.eq(principal.to_owned()));
    }
    query.load(connection)
}

/// Makes tokens void: those that were not so yet.
pub fn revoke(connection: &mut PgConnection, ids: &[i64]) -> QueryResult<Vec<Token>> {
    diesel::update(
        api_tokens::table
            .filter(api_tokens::id.eq_any(ids))
            .filter(api_tokens::revoked_at.is_null()),
    )
    .set(api_tokens::revoked_at.eq(now))
    .returning(Token::as_returning())
    .get_results(connection)
}

/// What is known of whoever shows a token or the key of a session.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Shown {
    /// Who it is.
    pub principal: String,
    /// What that principal may do, and no more than the token allows.
    pub rights: Rights,
    /// The token, where one is behind it.
    pub token_id: Option<i64>,
    /// Whether it was revoked.
    pub revoked: bool,
    /// Whether its time is over.
    pub expired: bool,
    /// Whether its last use was noted more than a minute ago.
    pub stale: bool,
}

#[derive(QueryableByName)]
pub(super) struct ShownRow {
    #[diesel(sql_type = Text)]
    principal: String,
    #[diesel(sql_type = Nullable<Text>)]
    member_role: Option<String>,
    #[diesel(sql_type = Bool)]
    member_record: bool,
    #[diesel(sql_type = Nullable<BigInt>)]
    token_id: Option<i64>,
    #[diesel(sql_type = Nullable<Text>)]
    token_role: Option<String>,
    #[diesel(sql_type = Bool)]
    token_record: bool,
    #[diesel(sql_type = Bool)]
    revoked: bool,
    #[diesel(sql_type = Bool)]
    expired: bool,
    #[diesel(sql_type = Bool)]
    stale: bool,
}

impl From<ShownRow> for Shown {
    fn from(row: ShownRow) -> Self {
        let of_member = row.member_role.as_deref().and_then(role);
        let record = row.member_record || of_member > Some(Role::Viewer);
        let rights = match row.token_role.as_deref().and_then(role) {
            Some(of_token) => Rights {
                role: of_member.map(|it| it.min(of_token)),
                record: record && row.token_record,
            },
            None => Rights {
                role: of_member,
                record,
            },
        };
        Self {
            principal: row.principal,
            rights,
            token_id: row.token_id,
            revoked: row.revoked,
            expired: row.expired,
            stale: row.stale,
        }
    }
}

/// Who shows the token with that hash.
pub fn shown(connection: &mut PgConnection, hash: &[u8]) -> QueryResult<Option<Shown>> {
    let found: Option<ShownRow> = diesel::sql_query(
        "SELECT t.principal::text, t.id AS token_id, t.role::text AS token_role, t.record AS token_record, \
                CASE WHEN pg_get_userbyid(n.nspowner) = t.principal THEN 'admin' ELSE m.role END::text AS member_role, \
                coalesce(m.record, false) AS member_record, \
                t.revoked_at IS NOT NULL AS revoked, t.expires_at <= now() AS expired, \
                (t.last_used_at < now() - INTERVAL '1 minute') IS NOT FALSE AS stale \
         FROM api_tokens t JOIN pg_namespace n ON n.nspname = current_schema() \
         LEFT JOIN catalog_members m ON m.principal = t.principal \
         WHERE t.hash = $1",
    )
    .bind::<Binary, _>(hash)
    .get_result(connection)
    .optional()?;
    Ok(found.map(Shown::from))
}

/// Notes that a token was used, unless that was done within the last minute.
pub fn touch(connection: &mut PgConnection, id: i64) -> QueryResult<usize> {
    diesel::sql_query(
        "UPDATE api_tokens SET last_used_at = now() \
         WHERE id = $1 AND (last_used_at < now() - INTERVAL '1 minute') IS NOT FALSE",
    )
    .bind::<BigInt, _>(id)
    .execute(connection)
}
