//! Members: who is one, and in which role.

use chrono::{DateTime, Utc};
use diesel::pg::Pg;
use diesel::prelude::*;
use serde::Serialize;

use super::Role;
use crate::store::schema::catalog_members;

/// A member. The serde names are those of `member list` and its machine formats.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Queryable, Selectable)]
#[diesel(table_name = catalog_members, check_for_backend(Pg))]
pub struct Member {
    /// A database role, or whom a delegate speaks for.
    pub principal: String,
    /// admin, owner or viewer.
    pub role: String,
    /// Whether a viewer may record.
    pub record: bool,
    /// Whether its database role speaks for others.
    pub delegate: bool,
    /// When it was added.
    pub created_at: DateTime<Utc>,
}

/// A member to be.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct NewMember {
    /// A database role, or whom a delegate speaks for.
    pub principal: String,
    /// The role.
    pub role: Role,
    /// Whether it may record as a viewer.
    pub record: bool,
    /// Whether its database role speaks for others.
    pub delegate: bool,
}

/// The members by name.
pub fn list(connection: &mut PgConnection) -> QueryResult<Vec<Member>> {
    let mut members: Vec<Member> = catalog_members::table
        .select(Member::as_select())
        .load(connection)?;
    members.sort_by(|a, b| a.principal.cmp(&b.principal));
    Ok(members)
}

/// The member of that name.
pub fn find(connection: &mut PgConnection, principal: &str) -> QueryResult<Option<Member>> {
    catalog_members::table
        .filter(catalog_members::principal.eq(principal))
        .select(Member::as_select())
        .first(connection)
        .optional()
}

/// Adds a member, who must not be one yet.
pub fn add(connection: &mut PgConnection, member: &NewMember) -> QueryResult<Member> {
    diesel::insert_into(catalog_members::table)
        .values((
            catalog_members::principal.eq(&member.principal),
            catalog_members::role.eq(member.role.as_str()),
            catalog_members::record.eq(member.record),
            catalog_members::delegate.eq(member.delegate),
        ))
        .returning(Member::as_returning())
        .get_result(connection)
}

/// Makes the member what is given.
pub fn change(connection: &mut PgConnection, member: &NewMember) -> QueryResult<Member> {
    diesel::update(catalog_members::table.filter(catalog_members::principal.eq(&member.principal)))
        .set((
            catalog_members::role.eq(member.role.as_str()),
            catalog_members::record.eq(member.record),
            catalog_members::delegate.eq(member.delegate),
        ))
        .returning(Member::as_returning())
        .get_result(connection)
}

/// Removes a member: whether there was one.
pub fn remove(connection: &mut PgConnection, principal: &str) -> QueryResult<bool> {
    diesel::delete(catalog_members::table.filter(catalog_members::principal.eq(principal)))
        .execute(connection)
        .map(|rows| rows > 0)
}
