//! Definitions that came back although today's rules would refuse them, as people are told.

use crate::operations::misfits::Misfits;
use crate::output::text;

use super::Session;

/// Tells of them, if there are any.
pub fn tell(session: &Session, misfits: &Misfits) {
    if misfits.is_empty() {
        return;
    }
    session.ui.warn(&format!(
        "today's rules would refuse {}; kept as before",
        text::counted(misfits.definitions, "definition")
    ));
    for flaw in &misfits.first {
        session.ui.status(&format!("  {flaw}"));
    }
    let more = misfits.definitions.saturating_sub(misfits.first.len());
    if more > 0 {
        session
            .ui
            .status(&format!("  and {} more", text::grouped(more)));
    }
    session
        .ui
        .hint("`toolcat validate --explain RULE` tells more about a rule");
}
