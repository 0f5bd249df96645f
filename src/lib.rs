//! A catalog of tools in PostgreSQL that answers: which tool, used how, is best for this job, now?

pub mod definition;
pub mod expression;
pub mod format;
pub mod validate;
