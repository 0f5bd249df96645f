//! A catalog of tools in PostgreSQL that answers one question: which tool,
//! used how, is the best for this job, now?

#![warn(missing_docs)]

pub mod cluster;
