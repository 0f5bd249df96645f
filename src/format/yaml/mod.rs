//! YAML: definitions as people write them.

mod read;
pub mod scalar;
mod write;

pub use read::{read, read_at};
pub use write::{SCHEMA_COMMENT, with_comments, write_value};
