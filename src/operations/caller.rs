//! Who asks for an operation, and how.

use std::sync::Arc;
use std::sync::atomic::{AtomicI64, Ordering};

use crate::definition::ToolRef;
use crate::store::{Act, Connection};

/// The way by which a caller reaches an operation.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub enum Via {
    /// The command line.
    #[default]
    Cli,
    /// The HTTP interface.
    Api,
    /// The pages for people that the HTTP server shows.
    Ui,
    /// The protocol of agents.
    Mcp,
}

impl Via {
    /// Its name in the audit log.
    pub fn as_str(self) -> &'static str {
        match self {
            Via::Cli => "cli",
            Via::Api => "api",
            Via::Ui => "ui",
            Via::Mcp => "mcp",
        }
    }
}

/// Who asks for an operation.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Caller {
    /// The acting person or program, as the audit log names it.
    pub actor: String,
    /// Why, in the actor's words.
    pub reason: Option<String>,
    /// Whether everything is to be undone at the end.
    pub dry_run: bool,
    /// How the request came.
    pub via: Via,
    /// Its number in the log of the front end.
    pub request_id: Option<String>,
    /// The token that was shown for it, whose limits hold.
    pub token_id: Option<i64>,
    /// From where it was asked for, where a server took it.
    pub client_address: Option<String>,
    /// The state of a tool that the caller acts on: if the tool is in another by now, nothing is changed.
    pub seen: Option<Seen>,
    /// What was done for this caller that stays.
    pub kept: Kept,
}

/// What was done that stays, for those who have to know it even where the report of it is lost. Copies share
/// it.
#[derive(Debug, Clone, Default)]
pub struct Kept(Arc<AtomicI64>);

impl Kept {
    const NOTHING: i64 = 0;
    const WITHOUT_REVISION: i64 = -1;

    /// The catalog was changed, to that revision.
    pub fn changed(&self, revision: i64) {
        self.0.store(revision, Ordering::Relaxed);
    }

    /// Something was done that makes no revision.
    pub fn done(&self) {
        let (old, new) = (Self::NOTHING, Self::WITHOUT_REVISION);
        let relaxed = Ordering::Relaxed;
        // If there is a revision, it says more.
        let _ = self.0.compare_exchange(old, new, relaxed, relaxed);
    }

    /// Whether anything was done, and the revision that it made.
    pub fn told(&self) -> Option<Option<i64>> {
        match self.0.load(Ordering::Relaxed) {
            Self::NOTHING => None,
            Self::WITHOUT_REVISION => Some(None),
            revision => Some(Some(revision)),
        }
    }
}

/// Who asks is the same person, whatever was done so far.
impl PartialEq for Kept {
    fn eq(&self, _: &Self) -> bool {
        true
    }
}

impl Eq for Kept {}

/// A state of a tool that a caller has seen.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Seen {
    /// The tool.
    pub tool: ToolRef,
    /// The states that will do, as they were shown; [`ANY_STATE`](Self::ANY_STATE) for any.
    pub states: Vec<String>,
}

impl Seen {
    /// Stands for every state of a tool that exists.
    pub const ANY_STATE: &str = "*";
}

impl Caller {
    /// That person or program on the command line, without a reason.
    pub fn named(actor: impl Into<String>) -> Self {
        Self {
            actor: actor.into(),
            reason: None,
            dry_run: false,
            via: Via::Cli,
            request_id: None,
            token_id: None,
            client_address: None,
            seen: None,
            kept: Kept::default(),
        }
    }

    /// For whom a connection of many callers records, where one showed who it is.
    pub fn speaker(&self) -> Option<Act> {
        self.token_id.map(|_| self.act(None))
    }

    /// Work that only records, in the caller's name: where the database role speaks for others, what the
    /// caller may counts, and not what the role may.
    pub(super) fn records<T>(
        &self,
        connection: &mut Connection,
        work: impl FnOnce(&mut Connection) -> T,
    ) -> T {
        let before = connection.speak_for(Some(self.act(None)));
        let done = work(connection);
        connection.speak_for(before);
        done
    }

    /// What the store is told of a change by this caller; `action` is what the audit log calls the updates
    /// in it, where their fields do not say it.
    pub fn act(&self, action: Option<&'static str>) -> Act {
        Act {
            actor: self.actor.clone(),
            reason: self.reason.clone(),
            action,
            dry_run: self.dry_run,
            via: self.via.as_str(),
            request_id: self.request_id.clone(),
            token_id: self.token_id,
            client_address: self.client_address.clone(),
        }
    }
}
