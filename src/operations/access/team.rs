//! Teams, whose members own tools together.

use super::{checked_name, not_a_member};
use crate::operations::{Caller, Kind, Refusal, Remedy, change};
use crate::store::access::members;
use crate::store::access::teams::{self, TeamMember};
use crate::store::{Connection, Transaction};

/// The members of every team, or of one.
///
/// # Errors
/// That of the database.
pub fn list(connection: &mut Connection, team: Option<&str>) -> Result<Vec<TeamMember>, Refusal> {
    Ok(connection.read(|it| teams::list(it, team))?)
}

/// Puts members into a team, which is made by that, and returns how many are new in it, with the
/// revision of the catalog afterwards.
///
/// # Errors
/// [`Kind::Invalid`] for a name that cannot be a team's, [`Kind::NotFound`] if one is not a member,
/// [`Kind::Forbidden`] if the caller is not an admin.
pub fn add(
    connection: &mut Connection,
    caller: &Caller,
    team: &str,
    principals: &[String],
) -> Result<(usize, i64), Refusal> {
    let team = checked_name("a team", team)?;
    change(connection, caller, None, |transaction| {
        check(transaction, &team, principals)?;
        Ok(teams::add(transaction, &team, principals)?)
    })
}

/// Lets a team have these members and no others.
///
/// # Errors
/// As [`add`].
pub fn set(
    connection: &mut Connection,
    caller: &Caller,
    team: &str,
    principals: &[String],
) -> Result<(), Refusal> {
    let team = checked_name("a team", team)?;
    let ((), _) = change(connection, caller, None, |transaction| {
        check(transaction, &team, principals)?;
        let mut others: Vec<String> = (teams::list(transaction, Some(&team))?.into_iter())
            .map(|it| it.principal)
            .collect();
        others.retain(|it| !principals.contains(it));
        if !others.is_empty() {
            teams::remove(transaction, &team, &others)?;
        }
        teams::add(transaction, &team, principals)?;
        Ok(())
    })?;
    Ok(())
}

/// Refuses a team that has the name of a member, and members that there are not.
fn check(transaction: &mut Transaction, team: &str, principals: &[String]) -> Result<(), Refusal> {
    if members::find(transaction, team)?.is_some() {
        let message = format!("{team} is a member: a team with that name would own their tools");
        return Err(Refusal::new(Kind::Conflict, message));
    }
    for principal in principals {
        if members::find(transaction, principal)?.is_none() {
            return Err(not_a_member(transaction, principal)?);
        }
    }
    Ok(())
}

/// Takes members out of a team, or all of them, which ends it.
///
/// # Errors
/// [`Kind::NotFound`] if none was in it, [`Kind::Forbidden`] if the caller is not an admin.
pub fn remove(
    connection: &mut Connection,
    caller: &Caller,
    team: &str,
    principals: &[String],
) -> Result<(usize, i64), Refusal> {
    change(connection, caller, None, |transaction| match teams::remove(
        transaction,
        team,
        principals,
    )? {
        0 => {
            let message = match principals {
                [] => format!("there is no team {team}"),
                some => format!("{} is not in team {team}", some.join(", ")),
            };
            Err(Refusal::new(Kind::NotFound, message).remedy(Remedy::ListTeams))
        }
        gone => Ok(gone),
    })
}
