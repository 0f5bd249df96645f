//! Taking executions in: from lines of text to checked executions of known tools.
//!
//! A [`Reader`] turns JSON lines, CSV, OpenTelemetry spans or hyperfine's results into [`Entry`]s, one record in memory at a time. [`Targets`]
//! knows the catalog's tools and turns an entry into an [`Execution`], with the estimate that its pattern gives over
//! its context, or says why not.

mod entry;
mod execution;
mod hyperfine;
mod odd;
mod otel;
mod reader;
mod split;
mod targets;
mod time;

pub use entry::{Entry, Field};
pub use execution::{Execution, LONGEST_TIME_MS, Rejection};
pub use odd::Odd;
pub use reader::{InputFormat, LONGEST_LINE, Reader};
pub use targets::{PatternExpressions, TargetRow, Targets};
pub use time::parse_time;
