//! Tools switched on and off, deprecated, activated, given to another owner.

use super::address::Selection;
use super::complete::refuse_assumed;
use super::{Caller, Changed, Kind, Refusal, Writes, change_or_tell};
use crate::definition::Status;
use crate::store::lifecycle::{self, Mark};
use crate::store::{Connection, tools};

/// Longest name of an owner, in characters.
const LONGEST_OWNER: usize = 100;

/// Which tools are to be marked, and how.
#[derive(Debug, Clone, PartialEq)]
pub struct Request {
    /// The tools.
    pub selection: Selection,
    /// What becomes of them.
    pub mark: Mark,
}

/// Marks tools in one transaction; those that are so already are left alone.
///
/// # Errors
/// [`Kind::NotFound`] and [`Kind::Ambiguous`] for an address, [`Kind::Invalid`] if nothing says which
/// tools, the owner cannot be one, or a tool to be activated is not complete, [`Kind::Overtaken`] if one was deleted meanwhile.
pub fn run(
    connection: &mut Connection,
    caller: &Caller,
    request: &Request,
) -> Result<Changed, Refusal> {
    let mark = match &request.mark {
        Mark::Owner(owner) => Mark::Owner(checked_owner(owner)?),
        other => other.clone(),
    };
    let selected = request.selection.resolve(connection, false)?;
    let action = Some(mark.action());
    let (changed, revision) = change_or_tell(connection, caller, action, |transaction, writes| {
        if mark == Mark::Status(Status::Active) {
            let present = lifecycle::present(transaction, &selected)?;
            let documents = tools::definitions(transaction, &present)?;
            for (tool, document) in present.iter().zip(&documents) {
                refuse_assumed(tool, document)?;
            }
        }
        Ok(match writes {
            Writes::Yes => lifecycle::mark(transaction, &selected, &mark)?,
            Writes::No => lifecycle::to_mark(transaction, &selected, &mark)?,
        })
    })?;
    let changed = changed.iter().map(|tool| tool.id).collect();
    Ok(Changed::new(
        mark.action(),
        &selected,
        &changed,
        revision,
        caller.dry_run,
    ))
}

/// The owner without the spaces around it.
fn checked_owner(owner: &str) -> Result<String, Refusal> {
    let owner = owner.trim();
    if owner.is_empty() || owner.chars().count() > LONGEST_OWNER || owner.contains('\0') {
        return Err(Refusal::new(
            Kind::Invalid,
            format!("an owner is named with 1 to {LONGEST_OWNER} characters"),
        ));
    }
    Ok(owner.to_owned())
}
