//! YAML: definitions as people write them.

mod read;
pub mod scalar;
mod write;

pub use read::read;
pub use write::{SCHEMA_COMMENT, with_comments, write, write_value};
