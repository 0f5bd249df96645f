//! What long work tells of how far it is.

/// A part of long work.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Stage {
    /// Files are read and validated.
    Reading,
    /// Definitions are written.
    Writing,
    /// Executions are recorded; a step is a byte of the input.
    Recording,
    /// Definitions that came back are looked at.
    Checking,
    /// The hash chain of the audit log is followed; a step is an entry.
    Verifying,
    /// The audit log is replayed, in one step.
    Replaying,
    /// A sentence encoder reads tools.
    Encoding,
}

/// Told how far long work is, from any thread.
pub trait Progress: Send + Sync {
    /// A part begins, of so many steps; 0 if that is not known.
    fn begin(&self, stage: Stage, steps: u64);
    /// So many steps of it are done.
    fn advance(&self, steps: u64);
    /// The part is over.
    fn end(&self);
}

/// Nobody watches.
#[derive(Debug, Clone, Copy, Default)]
pub struct Silent;

impl Progress for Silent {
    fn begin(&self, _: Stage, _: u64) {}
    fn advance(&self, _: u64) {}
    fn end(&self) {}
}
