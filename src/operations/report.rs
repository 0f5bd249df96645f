//! What an act on several tools did.

use std::collections::HashSet;

use serde::Serialize;

use super::misfits::Misfits;
use crate::store::tools::Handle;

/// What an act did, tool by tool.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Changed {
    /// What was done, as the audit log calls it.
    pub action: &'static str,
    /// The versions that were changed.
    pub changed: Vec<String>,
    /// The versions that were so already.
    pub unchanged: Vec<String>,
    /// The revision of the catalog after the act; of a dry run, the present one.
    pub revision: i64,
    /// Whether it was undone at the end.
    pub dry_run: bool,
    /// Definitions that came back although today's rules would not let them in.
    #[serde(skip_serializing_if = "Misfits::is_empty")]
    pub misfits: Misfits,
}

impl Changed {
    /// Sorts the selected tools by whether their rows are among the changed.
    pub(super) fn new(
        action: &'static str,
        selected: &[Handle],
        changed: &HashSet<i64>,
        revision: i64,
        dry_run: bool,
    ) -> Self {
        let names = |is_changed: bool| {
            selected
                .iter()
                .filter(|tool| changed.contains(&tool.id) == is_changed)
                .map(|tool| tool.identity().to_string())
                .collect()
        };
        Self {
            action,
            changed: names(true),
            unchanged: names(false),
            revision,
            dry_run,
            misfits: Misfits::default(),
        }
    }
}
