//! Tokens for programs: made, listed, revoked.

use chrono::Utc;

use super::{Role, new_secret};
use crate::operations::{Caller, Kind, Refusal, Remedy, change};
use crate::store::Connection;
use crate::store::access::secret::{Purpose, Secret};
use crate::store::access::tokens::{self, NewToken, Token};
use crate::store::access::{rights, standing};

/// Days until a token ends, where nothing else is said.
pub const USUAL_DAYS: i64 = 90;

/// Days until a token ends at the latest.
pub const MOST_DAYS: i64 = 365;

/// Longest note, in characters.
const LONGEST_NOTE: usize = 200;

/// What token is to be made.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Request {
    /// For whom; for whoever asks if nobody is named.
    pub principal: Option<String>,
    /// The most that it allows; what its principal may if nothing is said.
    pub role: Option<Role>,
    /// Whether it allows a viewer to record.
    pub record: bool,
    /// What it is for.
    pub note: Option<String>,
    /// Days until it ends.
    pub days: i64,
}

/// Makes a token. The secret is shown by whoever asked, once: its hash alone is kept.
///
/// # Errors
/// [`Kind::Invalid`] for too long a note or too late an end, [`Kind::NotFound`] if it is for somebody who is
/// not a member, [`Kind::Forbidden`] if the caller is not an admin.
pub fn create(
    connection: &mut Connection,
    caller: &Caller,
    request: &Request,
) -> Result<(Secret, Token), Refusal> {
    if !(1..=MOST_DAYS).contains(&request.days) {
        let message = format!("a token ends after 1 to {MOST_DAYS} days");
        return Err(Refusal::new(Kind::Invalid, message));
    }
    let note = request
        .note
        .as_deref()
        .map(str::trim)
        .filter(|it| !it.is_empty());
    if note.is_some_and(|it| it.chars().count() > LONGEST_NOTE || it.contains('\0')) {
        let message = format!("a note has at most {LONGEST_NOTE} characters");
        return Err(Refusal::new(Kind::Invalid, message));
    }
    let secret = new_secret(Purpose::Token)?;
    let (token, _) = change(connection, caller, None, |transaction| {
        let principal = match &request.principal {
            Some(name) => name.clone(),
            None => standing(transaction, &caller.actor)?.principal,
        };
        let rights = rights(transaction, &principal)?;
        let Some(most) = rights.role else {
            let message = format!("{principal} is not a member of this catalog");
            return Err(
                Refusal::new(Kind::NotFound, message).remedy(Remedy::AddMember { name: principal })
            );
        };
        let role = request.role.unwrap_or(most).min(most);
        let token = NewToken {
            principal,
            role,
            record: request.record
                || role > Role::Viewer
                || (rights.record && request.role.is_none_or(|it| it >= most)),
            note: note.map(str::to_owned),
            days: request.days,
        };
        Ok(tokens::create(transaction, &secret.hash(), &token)?)
    })?;
    Ok((secret, token))
}

/// The tokens, newest first; of one principal where one is named.
///
/// # Errors
/// That of the database.
pub fn list(connection: &mut Connection, principal: Option<&str>) -> Result<Vec<Token>, Refusal> {
    Ok(connection.read(|it| tokens::list(it, principal))?)
}

/// Whether a token is valid, expired or revoked.
pub fn state(token: &Token) -> &'static str {
    match (token.revoked_at, token.expires_at) {
        (Some(_), _) => "revoked",
        (None, end) if end <= Utc::now() => "expired",
        (None, _) => "valid",
    }
}

/// Which tokens are to be void.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Which {
    /// Those with these numbers.
    Numbers(Vec<i64>),
    /// All of a principal.
    Of(String),
}

/// Makes tokens void from now on, and returns those that were not so yet.
///
/// # Errors
/// [`Kind::NotFound`] if there is no such token, [`Kind::Forbidden`] if the caller is not an admin.
pub fn revoke(
    connection: &mut Connection,
    caller: &Caller,
    which: &Which,
) -> Result<Vec<Token>, Refusal> {
    let (revoked, _) = change(connection, caller, Some("revoked"), |transaction| {
        let of = match which {
            Which::Of(principal) => Some(principal.as_str()),
            Which::Numbers(_) => None,
        };
        let known: Vec<i64> = (tokens::list(transaction, of)?.iter())
            .map(|it| it.id)
            .collect();
        let ids = match which {
            Which::Of(_) => known,
            Which::Numbers(ids) => {
                if let Some(missing) = ids.iter().find(|it| !known.contains(it)) {
                    let message = format!("there is no token {missing} in this catalog");
                    return Err(Refusal::new(Kind::NotFound, message).remedy(Remedy::ListTokens));
                }
                ids.clone()
            }
        };
        Ok(tokens::revoke(transaction, &ids)?)
    })?;
    Ok(revoked)
}
