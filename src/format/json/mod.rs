//! JSON: the same shape as YAML, for machines; and JSON Lines, one definition per line.

mod read;

pub use read::{read, read_at, read_lines, read_sequence};
