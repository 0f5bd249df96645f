//! What an answer is given from: the catalog, who asks, and what holds if nothing is said.

use std::collections::BTreeMap;

use crate::definition::{Document, ToolRef};
use crate::operations::Caller;
use crate::operations::select::{self, Selected};
use crate::select::Request as Job;
use crate::select::learned::Lesson;
use crate::telemetry::intake::Entry;

use super::era::Revision;
use super::outcome::Mend;

/// The catalog, as the tools ask it.
pub trait Catalog {
    /// The best tool for a job.
    ///
    /// # Errors
    /// Those of the operation.
    fn select(&mut self, caller: &Caller, request: &select::Request) -> Result<Selected, Mend>;

    /// The definition that an address means; with that revision of the catalog, one that was read before
    /// may be given.
    ///
    /// # Errors
    /// If the address means none, or several.
    fn definition(&mut self, tool: &ToolRef, revision: Option<i64>) -> Result<Document, Mend>;

    /// What the tools can do: each capability by name, with the number of tools that may be chosen for it.
    ///
    /// # Errors
    /// Those of the database.
    fn capabilities(&mut self) -> Result<Vec<(String, i64)>, Mend>;

    /// Adds the definition of a new tool, in testing, and gives its address.
    ///
    /// # Errors
    /// If it is not valid, or the catalog has a tool of that name.
    fn propose(&mut self, caller: &Caller, definition: &str) -> Result<String, Mend>;

    /// Records an execution, once.
    ///
    /// # Errors
    /// If it names nothing in the catalog, or cannot be stored.
    fn record(&mut self, caller: &Caller, entry: &Entry) -> Result<Recorded, Mend>;
}

/// An execution that is recorded.
#[derive(Debug, Clone, PartialEq)]
pub struct Recorded {
    /// Whether it was not recorded before.
    pub is_new: bool,
    /// What was recorded, with what was expected.
    pub entry: Entry,
    /// What all records of the pattern say, where a pattern is named.
    pub lesson: Option<Lesson>,
}

/// What the caller may do beyond asking.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Rights {
    /// Record outcomes.
    pub record: bool,
    /// Propose new tools; who may is for the catalog to say.
    pub propose: bool,
}

/// What holds of a request where the agent says nothing.
#[derive(Debug, Clone)]
pub struct Defaults {
    /// The request.
    pub job: Job,
    /// Whether only tools count whose program is on this machine.
    pub installed: bool,
    /// Permissions that others are part of.
    pub covers: BTreeMap<String, Vec<String>>,
}

/// What an answer is given from.
pub struct Context<'a> {
    /// The catalog.
    pub catalog: Box<dyn Catalog + 'a>,
    /// Who asks.
    pub caller: Caller,
    /// What they may do.
    pub rights: Rights,
    /// What holds if nothing is said.
    pub defaults: Defaults,
    /// What `initialize` agreed on, if it was sent: for as long as the connection lasts.
    pub agreed: Option<Revision>,
}
