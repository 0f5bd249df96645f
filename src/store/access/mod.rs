//! Who may do what: members, teams, tokens and sessions, and what the database makes of this session.
//!
//! The rule itself is in the database (`check_access`): whoever writes is held to it. What is here reads
//! and changes the tables that it rests on.

pub mod members;
pub mod secret;
pub mod sessions;
pub mod teams;
pub mod tokens;

use std::fmt;
use std::str::FromStr;

use diesel::prelude::*;
use diesel::sql_types::{Array, Bool, Nullable, Text};
use serde::Serialize;

/// What a member may do at the most, the least first.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum Role {
    /// Look at everything.
    Viewer,
    /// Change their own and their teams' tools as well.
    Owner,
    /// Change everything.
    Admin,
}

impl Role {
    /// Every role, the least first.
    pub const ALL: [Role; 3] = [Role::Viewer, Role::Owner, Role::Admin];

    /// Its name in the database.
    pub fn as_str(self) -> &'static str {
        match self {
            Role::Viewer => "viewer",
            Role::Owner => "owner",
            Role::Admin => "admin",
        }
    }
}

impl fmt::Display for Role {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

impl FromStr for Role {
    type Err = String;

    fn from_str(name: &str) -> Result<Self, String> {
        let found = Self::ALL.into_iter().find(|it| it.as_str() == name);
        found.ok_or_else(|| format!("`{name}` is not a role: admin, owner or viewer"))
    }
}

/// The role that a column holds, which its check keeps to the known ones.
fn role(name: &str) -> Option<Role> {
    name.parse().ok()
}

/// Who this session is to the database, and what that person may do.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Standing {
    /// The principal.
    pub principal: String,
    /// The role; none for whoever is not a member.
    pub role: Option<Role>,
    /// Whether executions may be recorded and units assigned.
    pub record: bool,
    /// Whether the session may speak for others.
    pub delegate: bool,
    /// Whether anything is checked: without members nothing is but the members themselves.
    pub checked: bool,
    /// The principal and their teams: the owners of the tools that they may change.
    pub names: Vec<String>,
    /// The database role.
    pub db_user: String,
}

#[derive(QueryableByName)]
struct StandingRow {
    #[diesel(sql_type = Text)]
    principal: String,
    #[diesel(sql_type = Nullable<Text>)]
    role: Option<String>,
    #[diesel(sql_type = Bool)]
    record: bool,
    #[diesel(sql_type = Bool)]
    delegate: bool,
    #[diesel(sql_type = Bool)]
    checked: bool,
    #[diesel(sql_type = Array<Text>)]
    names: Vec<String>,
    #[diesel(sql_type = Text)]
    db_user: String,
}

#[derive(QueryableByName)]
struct RoleRow {
    #[diesel(sql_type = Text)]
    role: String,
}

/// The role of the session, where the rules of the catalog do not bind it: it owns the schema, or could, or is
/// a superuser.
///
/// # Errors
/// That of the query.
pub fn unbound(connection: &mut PgConnection) -> QueryResult<Option<String>> {
    let row: Option<RoleRow> = diesel::sql_query(
        "SELECT r.rolname::text AS role FROM pg_roles r JOIN pg_namespace n ON n.nspname = current_schema() \
         WHERE r.rolname = session_user AND pg_has_role(r.oid, n.nspowner, 'MEMBER')",
    )
    .get_result(connection)
    .optional()?;
    Ok(row.map(|it| it.role))
}

/// Who a session is to the database when that person acts.
///
/// # Errors
/// Those of the database.
pub fn standing(connection: &mut PgConnection, actor: &str) -> QueryResult<Standing> {
    connection.transaction(|connection| {
        diesel::sql_query("SELECT set_config('toolcat.actor', $1, true)")
            .bind::<Text, _>(actor)
            .execute(connection)?;
        let row: StandingRow = diesel::sql_query(
            "SELECT principal, role, coalesce(record, false) AS record, delegate, checked, names, \
                    session_user::text AS db_user FROM access_of_session()",
        )
        .get_result(connection)?;
        Ok(Standing {
            principal: row.principal,
            role: row.role.as_deref().and_then(role),
            record: row.record,
            delegate: row.delegate,
            checked: row.checked,
            names: row.names,
            db_user: row.db_user,
        })
    })
}

/// What a principal is in the catalog.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Rights {
    /// The role; none for whoever is neither a member nor the catalog's owner.
    pub role: Option<Role>,
    /// Whether executions may be recorded and units assigned.
    pub record: bool,
}

#[derive(QueryableByName)]
struct RightsRow {
    #[diesel(sql_type = Nullable<Text>)]
    role: Option<String>,
    #[diesel(sql_type = Bool)]
    record: bool,
}

/// What that principal may do, without regard to a token.
///
/// # Errors
/// Those of the database.
pub fn rights(connection: &mut PgConnection, principal: &str) -> QueryResult<Rights> {
    let row: RightsRow = diesel::sql_query(
        "SELECT CASE WHEN pg_get_userbyid(n.nspowner) = $1 THEN 'admin' ELSE m.role END::text AS role, \
                coalesce(m.record, false) AS record \
         FROM pg_namespace n LEFT JOIN catalog_members m ON m.principal = $1 \
         WHERE n.nspname = current_schema()",
    )
    .bind::<Text, _>(principal)
    .get_result(connection)?;
    let role = row.role.as_deref().and_then(role);
    Ok(Rights {
        role,
        record: row.record || role > Some(Role::Viewer),
    })
}
