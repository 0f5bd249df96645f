//! The telemetry table: executions in, answers out.
//!
//! Recording is a plain transaction: it changes no definition, so it neither waits for the catalog's writers nor
//! writes the audit log. Questions are answered by PostgreSQL; only what a fit needs comes to the client.

mod apply;
mod export;
mod load;
mod maintain;
mod places;
mod rows;
mod samples;
mod scope;
mod summary;
mod totals;
mod untried;

pub use apply::{NewEstimate, apply};
pub use export::{Exported, export};
pub use load::{Chunk, Interrupted, Loaded, load, record};
pub use maintain::{
    Growth, Partition, Prunable, Pruned, Statistics, partition, prunable, prune, statistics,
};
pub use places::{Unit, targets, units};
pub use rows::Rows;
pub use samples::{Messages, Sampling, error_messages, failures, records_between, samples};
pub use scope::Scope;
pub use summary::{Ratings, Summary, summaries};
pub use totals::{GroupBy, Total, totals};
pub use untried::untried;
