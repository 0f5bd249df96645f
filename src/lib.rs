//! A catalog of tools in PostgreSQL that answers: which tool, used how, is best for this job, now?

#![warn(missing_docs)]

pub mod expression;
pub mod statistics;
pub mod telemetry;
