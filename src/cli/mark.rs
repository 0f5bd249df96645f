//! What `enable`, `disable`, `deprecate`, `activate` and `chown` share: marking many tools at once.

use crate::store::lifecycle::{self, Mark};
use crate::store::tools;

use super::selection::{ActArgs, Done, SelectionArgs};
use super::{CommandError, Outcome, Session};

/// Marks the selected tools in one transaction; `words` are the past and the infinitive.
pub fn run(
    selection: &SelectionArgs,
    how: &ActArgs,
    mark: &Mark,
    words: (&str, &str),
    session: &mut Session,
) -> Result<Outcome, CommandError> {
    let mut connection = session.connect()?;
    let selected = selection.resolve(&mut connection, false)?;
    let act = how.act(session, Some(mark.action()));
    let (changed, revision) = connection.write(&act, |connection| {
        let before = tools::revision(connection)?;
        let changed = lifecycle::mark(connection, &selected, mark)?;
        Ok((changed, tools::revision_after(connection, &act, before)?))
    })?;
    let changed = changed.iter().map(|tool| tool.id).collect();
    let done = Done::new(mark.action(), &selected, &changed, revision, how.dry_run);
    done.present(session, how.format, words.0, words.1)
}
