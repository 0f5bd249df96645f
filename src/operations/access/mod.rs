//! Who asks, and what they may: principals, members, teams and tokens.
//!
//! The database holds the rule for every writer. [`may`] asks it beforehand for front ends that know their
//! principal, so that a refusal costs no transaction and reads are held to it as well.

pub mod member;
pub mod team;
pub mod token;

use crate::expression::nearest;
use crate::store::access::secret::{Purpose, Secret};
use crate::store::access::tokens::Shown;
use crate::store::access::{self, Standing, members, sessions, teams, tokens};
use crate::store::{Connection, Transaction};

use super::{Caller, Kind, Refusal, Remedy};

pub use crate::store::access::Role;

/// Longest name of a principal or a team, in characters.
const LONGEST_NAME: usize = 100;

/// Whoever asks, as a token, a session or a proxy proves it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Principal {
    /// The name: the actor in the audit log.
    pub name: String,
    /// The most that they may.
    pub role: Role,
    /// Whether they may record executions and assign units.
    pub record: bool,
    /// The token that was shown, where one was.
    pub token_id: Option<i64>,
    /// Their teams, whose tools are theirs as well.
    pub teams: Vec<String>,
}

impl Principal {
    /// Whether a tool with that owner is theirs.
    pub fn owns(&self, owner: Option<&str>) -> bool {
        owner.is_some_and(|it| it == self.name || self.teams.iter().any(|team| team == it))
    }
}

/// What somebody is about to do.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Deed<'a> {
    /// Look at anything.
    View,
    /// Record executions, assign units, record selections.
    Record,
    /// Change a tool, give it a new version, start a test between its versions.
    Change {
        /// Its address.
        tool: &'a str,
        /// Its owner.
        owner: Option<&'a str>,
    },
    /// Create or delete tools; members, teams and tokens.
    Administer,
}

/// Whether that principal may do that.
///
/// # Errors
/// [`Kind::Forbidden`], with who may.
pub fn may(principal: &Principal, deed: Deed<'_>) -> Result<(), Refusal> {
    let (allowed, what, who) = match deed {
        Deed::View => return Ok(()),
        Deed::Record => (
            principal.record,
            "record".to_owned(),
            "an admin, an owner, and a viewer with the right to record may".to_owned(),
        ),
        Deed::Change { tool, owner } => (
            principal.role == Role::Admin
                || (principal.role == Role::Owner && principal.owns(owner)),
            format!("change {tool}"),
            match owner {
                Some(owner) => format!("an admin or its owner, {owner}, may"),
                None => "an admin may".to_owned(),
            },
        ),
        Deed::Administer => (
            principal.role == Role::Admin,
            "do that".to_owned(),
            "an admin may".to_owned(),
        ),
    };
    if allowed {
        return Ok(());
    }
    let message = format!(
        "{}, with the role {}, may not {what}",
        principal.name, principal.role
    );
    Err(Refusal::new(Kind::Forbidden, message).remedy(Remedy::Said(who)))
}

/// Who shows that token. Its use is noted, at most once a minute.
///
/// # Errors
/// [`Kind::Unauthenticated`] if it is unknown, mistyped, expired or revoked, or if its principal is
/// not a member any more; that of the database.
pub fn authenticate(connection: &mut Connection, token: &str) -> Result<Principal, Refusal> {
    let Some(secret) = Secret::parse(Purpose::Token, token.trim()) else {
        return Err(unknown(
            "this is not a token of toolcat, or a part of it is missing",
        ));
    };
    let shown = connection.read(|it| tokens::shown(it, &secret.hash()))?;
    let shown = shown.ok_or_else(|| unknown("the token is not known in this catalog"))?;
    let stale = shown.stale;
    let principal = proven(connection, shown, "the token")?;
    if let Some(id) = principal.token_id.filter(|_| stale) {
        connection.read(|it| tokens::touch(it, id))?;
    }
    Ok(principal)
}

/// Who that name is, which something else has proven: a proxy, or a link of the server's own.
///
/// # Errors
/// [`Kind::Unauthenticated`] if it is not a member; that of the database.
pub fn named(connection: &mut Connection, name: &str) -> Result<Principal, Refusal> {
    let rights = connection.read(|it| access::rights(it, name))?;
    let shown = Shown {
        principal: name.to_owned(),
        rights,
        token_id: None,
        revoked: false,
        expired: false,
        stale: false,
    };
    proven(connection, shown, "the sign-in")
}

fn proven(connection: &mut Connection, shown: Shown, what: &str) -> Result<Principal, Refusal> {
    let Shown {
        principal,
        rights,
        token_id,
        revoked,
        expired,
        ..
    } = shown;
    if revoked {
        return Err(unknown(format!("{what} was revoked")));
    }
    if expired {
        return Err(unknown(format!("{what} has expired")));
    }
    let role = match rights.role {
        Some(role) => role,
        // A catalog without members holds nobody to anything.
        None if token_id.is_none() && connection.read(members::list)?.is_empty() => Role::Admin,
        None => {
            return Err(unknown(format!(
                "{principal} is not a member of this catalog"
            )));
        }
    };
    let record = rights.record || role > Role::Viewer;
    let teams = match role {
        Role::Admin => Vec::new(),
        _ => connection.read(|it| teams::of(it, &principal))?,
    };
    Ok(Principal {
        name: principal,
        role,
        record,
        token_id,
        teams,
    })
}

fn unknown(message: impl Into<String>) -> Refusal {
    Refusal::new(Kind::Unauthenticated, message)
}

/// Signs a principal in for so many seconds, and returns the key for the browser.
///
/// # Errors
/// That of the database, which lets only a delegate and the catalog's owner sign anybody in.
pub fn sign_in(
    connection: &mut Connection,
    principal: &Principal,
    seconds: i32,
) -> Result<Secret, Refusal> {
    let secret = new_secret(Purpose::Session)?;
    let (hash, token) = (secret.hash(), principal.token_id);
    connection.record(|it| Ok(sessions::begin(it, &hash, &principal.name, token, seconds)?))?;
    Ok(secret)
}

/// Makes the key of a link by which that principal can sign in, once and within so many seconds.
///
/// # Errors
/// As [`named`] and [`sign_in`].
pub fn link(connection: &mut Connection, name: &str, seconds: i32) -> Result<Secret, Refusal> {
    let principal = named(connection, name)?;
    let secret = new_secret(Purpose::Link)?;
    let hash = secret.hash();
    connection.record(|it| Ok(sessions::begin(it, &hash, &principal.name, None, seconds)?))?;
    Ok(secret)
}

/// Signs in whoever follows a link, and ends the link.
///
/// # Errors
/// [`Kind::Unauthenticated`] if the link was used before, is too old or is not one; as [`sign_in`].
pub fn follow_link(
    connection: &mut Connection,
    key: &str,
    seconds: i32,
) -> Result<(Principal, Secret), Refusal> {
    let spent = || unknown("the link was used before, is too old, or a part of it is missing");
    let link = Secret::parse(Purpose::Link, key).ok_or_else(spent)?;
    let hash = link.hash();
    let shown = connection.record(|it| {
        let shown = sessions::shown(it, &hash)?;
        // Of several who follow it at once, one ends it.
        Ok(match sessions::end(it, &hash)? {
            true => shown,
            false => None,
        })
    })?;
    let principal = proven(connection, shown.ok_or_else(spent)?, "the link")?;
    let session = sign_in(connection, &principal, seconds)?;
    Ok((principal, session))
}

/// Who is signed in with that key.
///
/// # Errors
/// As [`authenticate`].
pub fn signed_in(connection: &mut Connection, key: &str) -> Result<Principal, Refusal> {
    let Some(secret) = Secret::parse(Purpose::Session, key) else {
        return Err(unknown("this is not the key of a session"));
    };
    let shown = connection.read(|it| sessions::shown(it, &secret.hash()))?;
    let shown = shown.ok_or_else(|| unknown("the session has ended"))?;
    proven(connection, shown, "the session")
}

/// Ends the session with that key, or all sessions of its principal.
///
/// # Errors
/// As [`sign_in`].
pub fn sign_out(connection: &mut Connection, key: &str, everywhere: bool) -> Result<(), Refusal> {
    let Some(secret) = Secret::parse(Purpose::Session, key) else {
        return Ok(());
    };
    let hash = secret.hash();
    connection.record(|it| {
        match sessions::shown(it, &hash)? {
            Some(shown) if everywhere => drop(sessions::end_all(it, &shown.principal)?),
            _ => drop(sessions::end(it, &hash)?),
        }
        Ok(())
    })?;
    Ok(())
}

/// Who the session is to the database when that caller acts, and what that person may.
///
/// # Errors
/// That of the database.
pub fn whoami(connection: &mut Connection, caller: &Caller) -> Result<Standing, Refusal> {
    Ok(connection.read(|it| access::standing(it, &caller.actor))?)
}

fn new_secret(purpose: Purpose) -> Result<Secret, Refusal> {
    Secret::new(purpose).map_err(|error| {
        let message = format!("the system gives no random numbers: {error}");
        Refusal::new(Kind::Invalid, message)
    })
}

/// The name of a principal or a team, without the spaces around it.
fn checked_name(what: &str, name: &str) -> Result<String, Refusal> {
    let name = name.trim();
    let fits = (1..=LONGEST_NAME).contains(&name.chars().count());
    match fits && !name.contains(char::is_control) {
        true => Ok(name.to_owned()),
        false => Err(Refusal::new(
            Kind::Invalid,
            format!("{what} is named with 1 to {LONGEST_NAME} characters on one line"),
        )),
    }
}

/// A name that is not a member's, with the nearest that is.
fn not_a_member(transaction: &mut Transaction, name: &str) -> Result<Refusal, Refusal> {
    let members = members::list(transaction)?;
    let near = nearest(name, members.iter().map(|it| it.principal.as_str()));
    let refusal = Refusal::new(
        Kind::NotFound,
        format!("{name} is not a member of this catalog"),
    );
    Ok(match near {
        Some(near) => refusal.remedy(Remedy::DidYouMean(vec![near.to_owned()])),
        None => refusal.remedy(Remedy::ListMembers),
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn principal(role: Role) -> Principal {
        Principal {
            name: "alice".to_owned(),
            role,
            record: role > Role::Viewer,
            token_id: None,
            teams: vec!["storage".to_owned()],
        }
    }

    #[test]
    fn each_role_may_what_it_is_for() {
        let mine = Deed::Change {
            tool: "linux/df@1.0",
            owner: Some("alice"),
        };
        let of_my_team = Deed::Change {
            tool: "linux/du@1.0",
            owner: Some("storage"),
        };
        let of_another = Deed::Change {
            tool: "linux/ls@1.0",
            owner: Some("bob"),
        };
        let of_nobody = Deed::Change {
            tool: "linux/ls@1.0",
            owner: None,
        };
        let deeds = [
            Deed::View,
            Deed::Record,
            mine,
            of_my_team,
            of_another,
            of_nobody,
            Deed::Administer,
        ];
        let allowed = |role| deeds.map(|deed| may(&principal(role), deed).is_ok());
        assert_eq!(
            allowed(Role::Viewer),
            [true, false, false, false, false, false, false]
        );
        assert_eq!(
            allowed(Role::Owner),
            [true, true, true, true, false, false, false]
        );
        assert_eq!(allowed(Role::Admin), [true; 7]);
        let refused = may(&principal(Role::Owner), of_another).expect_err("another's tool");
        assert_eq!(refused.kind, Kind::Forbidden);
        assert_eq!(
            refused.to_string(),
            "alice, with the role owner, may not change linux/ls@1.0"
        );
        assert_eq!(
            refused.remedy,
            Some(Remedy::Said("an admin or its owner, bob, may".to_owned()))
        );
    }
}
