//! The transaction around an operation that writes.

use super::caller::Seen;
use super::{Caller, Kind, Refusal, Remedy, address, show};
use crate::store::tools::{self, revision, revision_after};
use crate::store::{Connection, Transaction};

/// Runs `work` in one transaction, as the caller says, and returns what it made with the revision of the
/// catalog afterwards (of a dry run, the present one). A tool that is no longer as the caller has seen it is
/// found out inside the transaction. A refusal undoes everything; a deadlock or a
/// serialization failure is tried again before it becomes one. `action` is what the audit log calls the
/// updates, where their fields do not say it.
///
/// # Errors
/// The refusal of `work`; that of the database.
pub fn change<T>(
    connection: &mut Connection,
    caller: &Caller,
    action: Option<&'static str>,
    mut work: impl FnMut(&mut Transaction) -> Result<T, Refusal>,
) -> Result<(T, i64), Refusal> {
    let act = caller.act(action);
    let (made, before, after) = connection.write(&act, |transaction| -> Result<_, Refusal> {
        let before = revision(transaction)?;
        if let Some(seen) = &caller.seen {
            is_as_seen(transaction, seen)?;
        }
        let made = work(transaction)?;
        let after = revision_after(transaction, &act, before)?;
        Ok((made, before, after))
    })?;
    if after != before {
        caller.kept.changed(after);
    }
    Ok((made, after))
}

/// The same for work that can be told without being done: a dry run where nothing may be written, on a
/// standby or by a role that only reads, works out what it would write. `work` is told whether it writes.
///
/// # Errors
/// As [`change`].
pub fn change_or_tell<T>(
    connection: &mut Connection,
    caller: &Caller,
    action: Option<&'static str>,
    mut work: impl FnMut(&mut Transaction, Writes) -> Result<T, Refusal>,
) -> Result<(T, i64), Refusal> {
    match change(connection, caller, action, |it| work(it, Writes::Yes)) {
        Err(refusal) if caller.dry_run && refusal.is_for_want_of_writing() => {
            connection.snapshot(|transaction| {
                if let Some(seen) = &caller.seen {
                    is_as_seen(transaction, seen)?;
                }
                let made = work(transaction, Writes::No)?;
                Ok((made, revision(transaction)?))
            })
        }
        done => done,
    }
}

/// Whether work writes what it works out.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Writes {
    /// It does.
    Yes,
    /// It only tells.
    No,
}

/// Refuses to act on a tool that is in another state than the caller has seen.
fn is_as_seen(transaction: &mut Transaction, seen: &Seen) -> Result<(), Refusal> {
    let stored = address::one(transaction, &seen.tool)?;
    if seen.states.iter().any(|it| it == Seen::ANY_STATE) {
        return Ok(());
    }
    let stored = [stored];
    let documents = tools::definitions(transaction, &stored)?;
    let state = documents.first().map(|it| show::etag(&stored[0], it));
    if state.is_some_and(|state| seen.states.contains(&state)) {
        return Ok(());
    }
    let message = format!("{} was changed meanwhile", stored[0].identity());
    Err(Refusal::new(Kind::Overtaken, message).remedy(Remedy::ReadAgain))
}
