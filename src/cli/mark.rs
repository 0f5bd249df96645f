//! What `enable`, `disable`, `deprecate`, `activate` and `chown` share: marking many tools at once.

use crate::operations::mark::{self, Request};
use crate::store::lifecycle::Mark;

use super::selection::{ActArgs, SelectionArgs, present};
use super::{CommandError, Outcome, Session};

/// Marks the selected tools in one transaction; `words` are the past and the infinitive.
pub fn run(
    selection: &SelectionArgs,
    how: &ActArgs,
    mark: Mark,
    words: (&str, &str),
    session: &mut Session,
) -> Result<Outcome, CommandError> {
    let request = Request {
        selection: selection.selection()?,
        mark,
    };
    let mut connection = session.connect()?;
    let done = mark::run(&mut connection, &session.caller(how.dry_run), &request)?;
    present(&done, session, how.format, words)
}
