//! Teams: which members own tools together.

use diesel::pg::Pg;
use diesel::prelude::*;
use serde::Serialize;

use crate::store::schema::catalog_teams;

/// A member of a team. The serde names are those of `team list` and its machine formats.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Queryable, Selectable)]
#[diesel(table_name = catalog_teams, check_for_backend(Pg))]
pub struct TeamMember {
    /// The team, as `tools.owner` names it.
    pub team: String,
    /// The member.
    pub principal: String,
}

/// The members of every team, or of one, by their names.
pub fn list(connection: &mut PgConnection, team: Option<&str>) -> QueryResult<Vec<TeamMember>> {
    let mut query = catalog_teams::table
        .select(TeamMember::as_select())
        .into_boxed();
    if let Some(team) = team {
        query = query.filter(catalog_teams::team.eq(team.to_owned()));
    }
    let mut found = query.load(connection)?;
    found.sort_by(|a, b| (&a.team, &a.principal).cmp(&(&b.team, &b.principal)));
    Ok(found)
}

/// The teams of a principal, by name.
pub fn of(connection: &mut PgConnection, principal: &str) -> QueryResult<Vec<String>> {
    let mut teams: Vec<String> = catalog_teams::table
        .filter(catalog_teams::principal.eq(principal))
        .select(catalog_teams::team)
        .load(connection)?;
    teams.sort_unstable();
    Ok(teams)
}

/// Puts members into a team: how many were not in it yet.
pub fn add(connection: &mut PgConnection, team: &str, principals: &[String]) -> QueryResult<usize> {
    let rows: Vec<_> = principals
        .iter()
        .map(|principal| {
            (
                catalog_teams::team.eq(team),
                catalog_teams::principal.eq(principal),
            )
        })
        .collect();
    diesel::insert_into(catalog_teams::table)
        .values(rows)
        .on_conflict_do_nothing()
        .execute(connection)
}

/// Takes members out of a team, or all of them: how many were in it.
pub fn remove(
    connection: &mut PgConnection,
    team: &str,
    principals: &[String],
) -> QueryResult<usize> {
    let of_team = catalog_teams::table.filter(catalog_teams::team.eq(team));
    match principals.is_empty() {
        true => diesel::delete(of_team).execute(connection),
        false => diesel::delete(of_team.filter(catalog_teams::principal.eq_any(principals)))
            .execute(connection),
    }
}

/// Takes a principal out of every team.
pub fn leave(connection: &mut PgConnection, principal: &str) -> QueryResult<usize> {
    diesel::delete(catalog_teams::table.filter(catalog_teams::principal.eq(principal)))
        .execute(connection)
}
