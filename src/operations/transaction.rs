//! The transaction around an operation that writes.

use super::{Caller, Refusal};
use crate::store::tools::{revision, revision_after};
use crate::store::{Connection, Transaction};

/// Runs `work` in one transaction, as the caller says, and returns what it made with the revision of the
/// catalog afterwards (of a dry run, the present one). A refusal undoes everything; a deadlock or a
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
    connection.write(&act, |transaction| {
        let before = revision(transaction)?;
        let made = work(transaction)?;
        let after = revision_after(transaction, &act, before)?;
        Ok((made, after))
    })
}
