//! A catalog of tools that answers which tool, used how, is best for a job.

#![warn(missing_docs)]

pub mod select;
