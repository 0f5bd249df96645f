//! Members of the catalog: added, changed, removed, listed.

use super::{Role, checked_name, not_a_member};
use crate::operations::{Caller, Kind, Refusal, Remedy, change};
use crate::store::Connection;
use crate::store::access::members::{self, Member, NewMember};
use crate::store::access::{teams, tokens};

/// The members by name.
///
/// # Errors
/// That of the database.
pub fn list(connection: &mut Connection) -> Result<Vec<Member>, Refusal> {
    Ok(connection.read(members::list)?)
}

/// Adds a member, and returns it with the revision of the catalog afterwards.
///
/// # Errors
/// [`Kind::Invalid`] for a name that cannot be one, [`Kind::Conflict`] if it is a member already,
/// [`Kind::Forbidden`] if the caller is not an admin.
pub fn add(
    connection: &mut Connection,
    caller: &Caller,
    member: &NewMember,
) -> Result<(Member, i64), Refusal> {
    let member = NewMember {
        principal: checked_name("a member", &member.principal)?,
        ..member.clone()
    };
    change(connection, caller, None, |transaction| {
        if let Some(there) = members::find(transaction, &member.principal)? {
            let message = format!(
                "{} is a member already, with the role {}",
                there.principal, there.role
            );
            return Err(
                Refusal::new(Kind::Conflict, message).remedy(Remedy::ChangeRole {
                    member: there.principal,
                }),
            );
        }
        Ok(members::add(transaction, &member)?)
    })
}

/// Makes somebody a member, or what is given of one who is; also whether it is a new one.
///
/// # Errors
/// [`Kind::Invalid`] for a name that cannot be one, [`Kind::Forbidden`] if the caller is not an admin.
pub fn set(
    connection: &mut Connection,
    caller: &Caller,
    member: &NewMember,
) -> Result<(Member, bool), Refusal> {
    let member = NewMember {
        principal: checked_name("a member", &member.principal)?,
        ..member.clone()
    };
    let (made, _) =
        change(
            connection,
            caller,
            Some("role_changed"),
            |transaction| match members::find(transaction, &member.principal)? {
                Some(_) => Ok((members::change(transaction, &member)?, false)),
                None => Ok((members::add(transaction, &member)?, true)),
            },
        )?;
    Ok(made)
}

/// What is to become of a member; what is not given stays.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Revision {
    /// Who.
    pub principal: String,
    /// The role.
    pub role: Option<Role>,
    /// Whether it may record as a viewer.
    pub record: Option<bool>,
    /// Whether its database role speaks for others.
    pub delegate: Option<bool>,
}

/// Changes what a member may.
///
/// # Errors
/// [`Kind::NotFound`] if there is no such member, [`Kind::Forbidden`] if the caller is not an admin.
pub fn revise(
    connection: &mut Connection,
    caller: &Caller,
    revision: &Revision,
) -> Result<(Member, i64), Refusal> {
    change(connection, caller, Some("role_changed"), |transaction| {
        let Some(there) = members::find(transaction, &revision.principal)? else {
            return Err(not_a_member(transaction, &revision.principal)?);
        };
        let role = revision
            .role
            .or(there.role.parse().ok())
            .unwrap_or(Role::Viewer);
        let member = NewMember {
            principal: there.principal,
            role,
            record: revision.record.unwrap_or(there.record),
            delegate: revision.delegate.unwrap_or(there.delegate),
        };
        Ok(members::change(transaction, &member)?)
    })
}

/// Removes members with their places in teams, and revokes their tokens.
///
/// # Errors
/// [`Kind::NotFound`] if one is not a member, [`Kind::Forbidden`] if the caller is not an admin.
pub fn remove(
    connection: &mut Connection,
    caller: &Caller,
    principals: &[String],
) -> Result<i64, Refusal> {
    let ((), revision) = change(connection, caller, Some("revoked"), |transaction| {
        for principal in principals {
            // Tokens first: who removes themselves is an admin until then.
            let void: Vec<i64> = (tokens::list(transaction, Some(principal))?.iter())
                .map(|it| it.id)
                .collect();
            tokens::revoke(transaction, &void)?;
            teams::leave(transaction, principal)?;
            if !members::remove(transaction, principal)? {
                return Err(not_a_member(transaction, principal)?);
            }
        }
        Ok(())
    })?;
    Ok(revision)
}
