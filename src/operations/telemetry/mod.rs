//! Telemetry: executions recorded, and compared with the estimates.

pub mod analyze;
pub mod overview;
pub mod record;
mod scope;

pub use scope::Executions;
