//! Errors at the boundary: a kind, a message, a hint, an exit code.

use std::io;

use crate::cluster::ClusterError;
use crate::config::ConfigError;
use crate::operations::{Kept, Refusal};
use crate::output::NotTaken;
use crate::output::reshape::NotReshaped;
use crate::store::StoreError;

/// What kind of failure it is; decides the exit code.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum ErrorKind {
    /// Wrong use, or input that cannot be used.
    Invalid,
    /// The database cannot be used.
    NoDatabase,
    /// A thing that was named does not exist.
    NotFound,
    /// Something stands in the way: a version, a lock, a concurrent change.
    Conflict,
    /// What was done or found could not be written where it was to go.
    NotWritten,
    /// The same, of something that stays done.
    DoneUnreported,
    /// The reader of stdout went away, which is not an error.
    ClosedPipe,
    /// The user interrupted.
    Interrupted,
}

impl ErrorKind {
    /// The exit code of the process.
    pub fn exit_code(self) -> u8 {
        match self {
            ErrorKind::ClosedPipe => 0,
            ErrorKind::Invalid | ErrorKind::NotWritten => 2,
            ErrorKind::NoDatabase => 3,
            ErrorKind::NotFound => 4,
            ErrorKind::Conflict => 5,
            ErrorKind::DoneUnreported => 6,
            ErrorKind::Interrupted => 130,
        }
    }
}

/// A command that failed: what, where, why, and what to do next.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct CommandError {
    /// What kind of failure it is.
    pub kind: ErrorKind,
    /// What failed, where and why.
    pub message: String,
    /// What is wrong one by one, shown before the message.
    pub details: Vec<String>,
    /// What to do next.
    pub hint: Option<String>,
}

impl CommandError {
    /// An error without a hint.
    pub fn new(kind: ErrorKind, message: impl Into<String>) -> Self {
        Self {
            kind,
            message: message.into(),
            details: Vec::new(),
            hint: None,
        }
    }

    /// Wrong use, or input that cannot be used.
    pub fn invalid(message: impl Into<String>) -> Self {
        Self::new(ErrorKind::Invalid, message)
    }

    /// A thing that was named does not exist.
    pub fn not_found(message: impl Into<String>) -> Self {
        Self::new(ErrorKind::NotFound, message)
    }

    /// Something stands in the way.
    pub fn conflict(message: impl Into<String>) -> Self {
        Self::new(ErrorKind::Conflict, message)
    }

    /// The same, where what was to be reported is done: it must not be taken for nothing.
    #[must_use]
    pub fn after(self, kept: &Kept) -> Self {
        let (ErrorKind::NotWritten, Some(revision)) = (self.kind, kept.told()) else {
            return self;
        };
        let done = match revision {
            Some(revision) => format!("the change is made (revision {revision})"),
            None => "it is done".to_owned(),
        };
        let why = match self.message.strip_prefix(LOST) {
            Some(why) => format!("its report could not be written{why}"),
            None => self.message,
        };
        let hint = "do not repeat it; `toolcat log` shows the revisions".to_owned();
        Self {
            kind: ErrorKind::DoneUnreported,
            message: format!("{done}; {why}"),
            hint: self.hint.or(revision.map(|_| hint)),
            ..self
        }
    }

    /// The same with what to do next.
    #[must_use]
    pub fn hint(self, hint: impl Into<String>) -> Self {
        Self {
            hint: Some(hint.into()),
            ..self
        }
    }
}

/// How the message of a lost result begins.
const LOST: &str = "the result could not be written";

impl From<io::Error> for CommandError {
    fn from(error: io::Error) -> Self {
        let inner = error.get_ref();
        if let Some(why) = inner.and_then(|it| it.downcast_ref::<NotReshaped>()) {
            return Self::new(ErrorKind::NotWritten, why.to_string());
        }
        if let Some(why) = inner.and_then(|it| it.downcast_ref::<NotTaken>()) {
            return Self::new(ErrorKind::NotWritten, format!("{LOST}: {why}"));
        }
        match error.kind() {
            io::ErrorKind::BrokenPipe => Self::new(ErrorKind::ClosedPipe, "closed pipe"),
            io::ErrorKind::Interrupted => Self::new(ErrorKind::Interrupted, "interrupted"),
            _ => Self::invalid(format!("cannot read or write: {error}")),
        }
    }
}

impl From<StoreError> for CommandError {
    fn from(error: StoreError) -> Self {
        Refusal::from(error).into()
    }
}

impl From<ClusterError> for CommandError {
    fn from(error: ClusterError) -> Self {
        Refusal::from(error).into()
    }
}

impl From<ConfigError> for CommandError {
    fn from(error: ConfigError) -> Self {
        Self::invalid(error.to_string())
    }
}
